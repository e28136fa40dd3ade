"""Whatever a crash or a disk did to a session's files, it goes on from what is whole, exactly."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import (
    as_an_older_version_left_it,
    create,
    run_through,
    same,
    settings,
)
from tttui.artifacts.check import check_session
from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, read_generation
from tttui.cli.main import main
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.build import started_with
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.resume import resume
from tttui.tasks.pointmass.runs.session import SessionRun

GROWING = ("per_step.csv", "trajectory.csv", "update_events.jsonl", "weights_history.npy")

CHOSEN = settings(chunk=16, min_buffer=16, inner_steps=1)
"""Many transactions, so that every file has records between two checkpoints."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session that was never stopped."""
    return run_through(tmp_path_factory.mktemp("whole") / "a", CHOSEN)


@pytest.fixture(scope="module")
def crashed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that crashed at step 180, with checkpoints of the steps 100 and 150."""
    run = create(tmp_path_factory.mktemp("crashed") / "a", CHOSEN)
    run.advance(100)
    run.checkpoint()
    run.advance(50)
    run.checkpoint()
    run.advance(30)
    run.tell()
    run.fail(RuntimeError("the power went"))
    return run.path


@pytest.fixture
def crashed(crashed_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crashed_once, tmp_path / "crashed" / "a"))


def sizes(directory: Path, generation: str = ENGINE) -> dict[str, int]:
    return dict(read_generation(directory, generation).sizes)


def finish(directory: Path) -> SessionRun:
    run = SessionRun.open(directory)
    run.advance(200 - run.t)
    run.close("completed")
    return run


def zero_from(path: Path, begin: int) -> None:
    """What a filesystem leaves whose metadata reached the disk before the data: zeros up to
    where the file had grown."""
    size = path.stat().st_size
    os.truncate(path, begin)
    os.truncate(path, size)


@pytest.mark.parametrize("seed", range(4))
def test_tails_that_a_power_failure_zeroed_are_cut_off_and_computed_again(
    whole: Path, crashed: Path, seed: int
) -> None:
    at, saved = random.Random(seed), sizes(crashed)
    for name in GROWING:
        path = crashed / name
        zero_from(path, at.randint(saved[name], path.stat().st_size - 1))
    run = finish(crashed)
    assert same(whole, crashed) == []
    assert all(
        any(line.startswith(str(crashed / name)) for line in run.notices) for name in GROWING
    )


@pytest.mark.parametrize("seed", range(4))
def test_what_the_newest_checkpoint_lost_is_computed_again_from_the_one_before(
    whole: Path, crashed: Path, seed: int
) -> None:
    at = random.Random(seed)
    saved, before = sizes(crashed), sizes(crashed, PREVIOUS)
    for name in at.sample(GROWING, at.randint(1, 4)):
        zero_from(crashed / name, at.randrange(before[name], saved[name]))
    (crashed / "update_events.json").unlink()
    run = finish(crashed)
    assert run.notices[0].endswith("the checkpoint of step 100 is before that, and counts")
    assert same(whole, crashed) == []


@pytest.mark.parametrize("name", GROWING)
def test_a_file_that_is_shorter_than_the_newest_checkpoint_says_is_computed_again(
    whole: Path, crashed: Path, name: str
) -> None:
    os.truncate(crashed / name, sizes(crashed)[name] - 1)
    finish(crashed)
    assert same(whole, crashed) == []


@pytest.mark.parametrize("name", GROWING)
def test_a_file_that_is_shorter_than_both_checkpoints_say_is_refused(
    crashed: Path, name: str
) -> None:
    os.truncate(crashed / name, sizes(crashed, PREVIOUS)[name] - 1)
    (crashed / "update_events.json").unlink()
    with pytest.raises(TttuiError, match=rf"{name}: .*cannot be continued exactly: restore"):
        SessionRun.open(crashed)


@pytest.mark.parametrize("name", GROWING)
def test_damage_before_both_checkpoints_stays_and_is_named(crashed: Path, name: str) -> None:
    path = crashed / name
    (crashed / "update_events.json").unlink()
    damaged = bytearray(path.read_bytes())
    damaged[sizes(crashed, PREVIOUS)[name] // 2] ^= 4
    path.write_bytes(damaged)
    run = finish(crashed)
    assert any(str(path) in line and "it stays so" in line for line in run.notices)
    assert any(str(path) in line for line in finish_again(crashed).notices)


@pytest.mark.parametrize("cut", [False, True])
def test_damaged_transactions_are_restored_from_their_list(
    whole: Path, crashed: Path, cut: bool
) -> None:
    path = crashed / "update_events.jsonl"
    if cut:
        os.truncate(path, sizes(crashed, PREVIOUS)[path.name] // 2)
    else:
        garble(path)
    run = finish(crashed)
    assert any(line.endswith("it was restored from update_events.json") for line in run.notices)
    assert run.reached == 150
    assert same(whole, crashed) == []


def test_a_crash_alone_is_no_damage(crashed: Path) -> None:
    assert check_session(Place(crashed, "native")).findings == ()


def finish_again(directory: Path) -> SessionRun:
    run = SessionRun.open(directory)
    run.close("completed")
    return run


def test_whole_lines_after_the_checkpoint_are_named_with_their_place(crashed: Path) -> None:
    begin, size = sizes(crashed)["per_step.csv"], (crashed / "per_step.csv").stat().st_size
    run = finish(crashed)
    line = f"per_step.csv: cut off {size - begin} bytes from byte {begin} on (30 whole lines)"
    assert any(line in told for told in run.notices)
    log = (crashed / "run.log").read_text()
    assert all(told in log for told in run.notices)


def test_a_session_that_was_closed_has_nothing_to_tell(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "a")
    assert finish_again(tmp_path / "a").notices == ()


def garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def lengthen(path: Path) -> None:
    os.truncate(path, path.stat().st_size + 4096)


@pytest.mark.parametrize("damage", [garble, zero, halve, lengthen, Path.unlink])
def test_a_damaged_checkpoint_costs_one_checkpoint(
    whole: Path, crashed: Path, damage: Callable[[Path], None]
) -> None:
    damage(crashed / "session" / ENGINE)
    run = SessionRun.open(crashed)
    assert run.t == 100
    assert run.notices[0].startswith(str(crashed / "session" / ENGINE))
    assert "the checkpoint of step 100, the one before, counts" in run.notices[0]
    run.advance(100)
    run.close("completed")
    assert same(whole, crashed) == []


def test_with_both_checkpoints_damaged_it_is_refused(crashed: Path) -> None:
    for name in (ENGINE, PREVIOUS):
        zero(crashed / "session" / name)
    with pytest.raises(TttuiError, match=ENGINE):
        SessionRun.open(crashed)


def test_a_damaged_previous_checkpoint_does_no_harm(whole: Path, crashed: Path) -> None:
    zero(crashed / "session" / PREVIOUS)
    finish(crashed)
    assert same(whole, crashed) == []


def test_the_damaged_checkpoint_never_becomes_the_previous_one(crashed: Path) -> None:
    zero(crashed / "session" / ENGINE)
    SessionRun.open(crashed).close("interrupted")
    zero(crashed / "session" / ENGINE)
    run = SessionRun.open(crashed)
    assert run.t == 100
    run.close("interrupted")


def test_a_completed_session_with_a_damaged_checkpoint_is_completed_again(
    whole: Path, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(whole, tmp_path / "a"))
    zero(directory / "session" / ENGINE)
    run, until = resume(directory)
    assert (run.t, until) == (0, 200)
    run.advance(until)
    run.close("completed")
    assert same(whole, directory) == []


def test_more_steps_count_from_where_the_session_stood_before(whole: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(whole, tmp_path / "a"))
    zero(directory / "session" / ENGINE)
    run, until = resume(directory, more_steps=7)
    run.close("interrupted")
    assert until == 207


def test_a_change_counts_from_where_the_session_stood_before(whole: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(whole, tmp_path / "a"))
    zero(directory / "session" / ENGINE)
    run, _ = resume(directory, more_steps=7, changes={"lr": 0.5}, override=True)
    run.close("interrupted")
    meta = json.loads((directory / "session" / "meta.json").read_text())
    assert meta["settings_changes"] == [{"t": 200, "lr": 0.5}]


def test_a_fork_of_a_session_with_a_damaged_checkpoint_tells_where_it_begins(
    crashed: Path, tmp_path: Path
) -> None:
    zero(crashed / "session" / ENGINE)
    run = fork(Place(crashed, "native"), tmp_path, name="b")
    assert run.forked_at_t == 100
    assert ENGINE in run.notices[0]
    run.close("interrupted")


def test_a_fork_from_a_damaged_history_begins_with_the_right_weights(
    whole: Path, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(whole, tmp_path / "a"))
    path = directory / "weights_history.npy"
    content = np.load(path)
    content["B"][: len(content) // 2] += 1
    np.save(path, content)
    for parent, name in ((whole, "right"), (directory, "damaged")):
        fork(Place(parent, "native"), tmp_path, at=64, name=name).close("interrupted")
    right, begun = started_with(tmp_path / "right"), started_with(tmp_path / "damaged")
    assert right is not None
    assert begun is not None
    assert all(np.array_equal(right[0][k], begun[0][k]) for k in right[0])


def test_a_rollback_to_a_damaged_snapshot_is_refused(crashed: Path) -> None:
    path = crashed / "weights_history.npy"
    content = np.load(path)
    content["B"][3] += 1
    np.save(path, content)
    run = SessionRun.open(crashed)
    with pytest.raises(RefusedInput, match="is damaged"):
        run.intervene("rollback", int(content["t"][3]))
    run.close("interrupted")


def test_a_torn_intervention_is_dropped_and_named(crashed: Path, whole: Path) -> None:
    (crashed / "interventions.jsonl").write_bytes(b'{"t": 170, "known_at": 170, "ki' + bytes(40))
    run = finish(crashed)
    assert any("interventions.jsonl: cut off" in line for line in run.notices)
    assert same(whole, crashed) == []


def test_a_damaged_intervention_is_refused_with_the_remedy(tmp_path: Path) -> None:
    run = create(tmp_path / "a", CHOSEN)
    run.intervene("mu", 0.3)
    run.advance(20)
    run.close("interrupted")
    path = tmp_path / "a" / "interventions.jsonl"
    path.write_bytes(path.read_bytes().replace(b"0.3", b"0.7"))
    with pytest.raises(RefusedInput, match=r"interventions\.jsonl: bytes 0 to .*fsck --repair"):
        SessionRun.open(tmp_path / "a")


def test_settings_that_were_damaged_are_refused_and_meant_ones_are_not(crashed: Path) -> None:
    path = crashed / "session" / "meta.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 5', b'"seed": 7'))
    with pytest.raises(RefusedInput, match=r"meta\.json: is damaged or was changed by hand"):
        SessionRun.open(crashed)
    lines = path.read_text().replace('"seed": 7', '"seed": 5').splitlines()
    path.write_text("\n".join(line for line in lines if '"checksum"' not in line))
    finish(crashed)


def test_a_session_of_an_older_version_gets_checksums_when_it_goes_on(
    whole: Path, tmp_path: Path
) -> None:
    directory = as_an_older_version_left_it(whole, tmp_path / "a")
    run = SessionRun.open(directory)
    assert run.notices == ()
    run.close("completed")
    assert same(whole, directory) == []
    assert read_generation(directory, ENGINE).checksums.keys() == {*GROWING}


def test_the_command_tells_on_stderr_what_it_found(
    crashed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zero_from(crashed / "per_step.csv", sizes(crashed)["per_step.csv"] + 50)
    assert main(["resume", str(crashed), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "better" in out
    assert "zero bytes, as a power failure leaves them" in err


def test_checksums_do_not_depend_on_how_the_run_was_cut(whole: Path, tmp_path: Path) -> None:
    run = create(tmp_path / "a", CHOSEN)
    for cut in (30, 100, 200):
        run.advance(cut - run.t)
        run.close("interrupted")
        run = SessionRun.open(tmp_path / "a")
    run.close("completed")
    one, other = (read_generation(d, ENGINE).checksums for d in (whole, tmp_path / "a"))
    for name in ("per_step.csv", "trajectory.csv"):
        assert one[name]["crc32"].tolist() == other[name]["crc32"].tolist()
    history = "weights_history.npy"
    assert one[history]["crc32"].tolist() == other[history]["crc32"].tolist()
