"""`tttui fsck`: whatever is damaged is named, and what can be is repaired without guessing."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import (
    as_an_older_version_left_it,
    base_of,
    settings,
)
from tttui.artifacts.check import check_session
from tttui.artifacts.checkpoint import ENGINE, PREVIOUS
from tttui.cli.main import main
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.session import SessionRun

FLIPS = 72

NO_DATA = ("run.log", "run.lock")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "root"))


def fsck(*words: object) -> int:
    return main(["fsck", *map(str, words)])


def found_in(root: Path) -> list[dict[str, Any]]:
    """Every finding of all sessions."""
    return [
        {**vars_of(finding), "session": name}
        for name in ("a", "b", "c")
        for finding in check_session(Place(root / name, "native")).findings
    ]


def vars_of(finding: Any) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("path", "begin", "end", "kind", "remedy")}


def flip(path: Path, at: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


def data_files(root: Path) -> list[Path]:
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and path.stat().st_size and path.name not in NO_DATA
        and not {"bases", ".lab"} & set(path.parts)
    )  # fmt: skip


def test_a_root_where_all_is_well(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fsck("--root", root) == 0
    out, err = capsys.readouterr()
    assert out == "3 sessions checked: nothing is damaged\n"
    assert err == ""


@pytest.mark.parametrize("seed", [1, 2])
def test_every_flipped_bit_is_found_in_its_file_and_at_its_place(root: Path, seed: int) -> None:
    files = data_files(root)
    assert {path.name for path in files} >= {
        "base_checkpoint.pt",
        "engine_state.pt",
        "engine_state.previous.pt",
        "interventions.jsonl",
        "meta.json",
        "metrics.json",
        "optim_state.pt",
        "per_step.csv",
        "plastic_state.pt",
        "pretraining.csv",
        "pretraining_state.pt",
        "start_state.pt",
        "status.json",
        "trajectory.csv",
        "update_events.json",
        "update_events.jsonl",
        "weights_history.npy",
    }
    chance = random.Random(seed)
    for n in range(FLIPS):
        path = files[n % len(files)]
        at, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
        flip(path, at, bit)
        place = Place(root / path.relative_to(root).parts[0], "native")
        findings = check_session(place).findings
        named = [f for f in findings if f.path == path and (f.begin or 0) <= at < (f.end or at + 1)]
        assert named, f"bit {bit} of byte {at} of {path}"
        assert all(f.kind == "damaged" and f.remedy for f in named)
        assert list(findings) == named, f"bit {bit} of byte {at} of {path}"
        flip(path, at, bit)
    assert found_in(root) == []


def test_a_finding_is_one_line_with_file_place_and_remedy(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "a" / "per_step.csv"
    flip(path, path.stat().st_size - 100, 0)
    assert fsck("a", "--root", root) == 1
    line, summary = capsys.readouterr().out.splitlines()
    assert line.startswith(f"damaged   {path}: bytes 0 to ")
    assert f"`tttui resume {root}/a` computes it again from the checkpoint of step 80" in line
    assert summary == "1 session checked: 1 finding"


def test_json_has_every_finding_with_its_place(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(root / "b" / "trajectory.csv", 100, 1)
    assert fsck("--root", root, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["sessions"] == 3
    assert told["damaged"] is True
    (finding,) = [f for one in told["checked"] for f in one["findings"]]
    assert finding["path"] == str(root / "b" / "trajectory.csv")
    assert finding["begin"] == 0
    assert finding["repaired"] is False


def garble(path: Path) -> None:
    flip(path, path.stat().st_size // 2, 2)


def test_a_stretch_that_is_there_twice_is_named_without_checksums_too(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = as_an_older_version_left_it(made / "a", tmp_path / "a")
    path = directory / "per_step.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:50], *lines[40:]]))
    assert fsck(directory) == 1
    assert (
        "row 39 is there a second time, and 9 lines after it are alike" in capsys.readouterr().out
    )


def test_a_session_without_checksums_is_valid(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_an_older_version_left_it(made / "a", tmp_path / "a")
    assert fsck(tmp_path / "a") == 0
    assert "no checksums, as an older version wrote it" in capsys.readouterr().err


def test_a_live_session_is_checked_up_to_its_checkpoint(tmp_path: Path) -> None:
    run = SessionRun.create(tmp_path / "a", settings(steps=200), base_of(settings()))
    run.advance(100)
    run.checkpoint()
    run.advance(40)
    run.tell()
    with (tmp_path / "a" / "per_step.csv").open("ab") as file:
        file.write(b"140,0.1")  # being written
    assert fsck(tmp_path / "a") == 0
    flip(tmp_path / "a" / "trajectory.csv", 300, 1)
    assert fsck(tmp_path / "a") == 1
    run.fail(RuntimeError("enough"))


def snapshot_of(root: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("layout", ["flat", "store"])
def test_sessions_of_other_programs_are_checked_and_never_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: Any
) -> None:
    path = tmp_path / ("a" if layout == "flat" else "sessions/a")
    make_run(path, layout=layout, damage=["half_line", "truncated_weights"])
    for rows in tmp_path.rglob("per_step.csv"):
        os.utime(rows, (1.0, 1.0))  # nobody is writing it
    before = snapshot_of(tmp_path)
    assert fsck("--root", tmp_path, "--repair") == 1
    assert capsys.readouterr().out.count("damaged  ") == 2
    assert snapshot_of(tmp_path) == before


def test_a_check_writes_nothing(root: Path) -> None:
    for name in ("per_step.csv", "session/meta.json", "session/engine_state.pt"):
        garble(root / "a" / name)
    before = snapshot_of(root)
    assert fsck("--root", root) == 1
    assert snapshot_of(root) == before


def test_real_sessions_of_the_other_program_are_whole(foreign_data: Path) -> None:
    assert fsck(foreign_data) == 0


@pytest.mark.parametrize(
    "words", [["nothing"], ["--root", "nowhere"], ["--root", __file__], [""], ["\0"], ["--x"]]
)
def test_wrong_input_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert fsck(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_an_empty_root_has_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fsck("--root", tmp_path) == 0
    assert capsys.readouterr().out == "0 sessions checked: nothing is damaged\n"


def test_a_damaged_base_in_the_cache_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (root / "bases").glob("*/base_checkpoint.pt")
    path.write_bytes(path.read_bytes()[:-50])
    assert fsck("--root", root) == 1
    assert "it is trained again when it is needed" in capsys.readouterr().out


def test_show_tells_what_is_damaged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(root / "a" / "weights_history.npy", 2000, 1)
    assert main(["show", "a", "--root", str(root)]) == 0
    assert "weights_history.npy: bytes " in capsys.readouterr().out
    assert main(["show", "a", "--root", str(root), "--json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["path"].endswith("weights_history.npy")


def test_snapshots_of_a_thinned_history_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.tasks.pointmass.runs.session.MEGABYTE", 24_000)
    chosen = settings(chunk=8, min_buffer=8, history_mb=1, inner_steps=1)
    run = SessionRun.create(tmp_path / "a", chosen, base_of(settings()))
    run.advance(30)
    run.checkpoint()
    run.advance(170)
    run.tell()
    run.fail(RuntimeError("gone"))
    path = tmp_path / "a" / "weights_history.npy"
    assert json.loads((tmp_path / "a/session/meta.json").read_text())["history_stride"] > 1
    assert check_session(Place(tmp_path / "a", "native")).findings == ()
    record = np.load(path).dtype.itemsize
    head = path.stat().st_size % record
    flip(path, head + 100, 2)
    (finding,) = check_session(Place(tmp_path / "a", "native")).findings
    assert (finding.begin, finding.end) == (head, head + record)


def test_with_both_checkpoints_lost_what_is_left_is_still_checked(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (ENGINE, PREVIOUS):
        (root / "a" / "session" / name).unlink()
    path = root / "a" / "per_step.csv"
    path.write_bytes(path.read_bytes() + b"1,2")
    assert fsck("--root", root) == 1
    out = capsys.readouterr().out
    assert f"{ENGINE}: is missing" in out
    assert "per_step.csv: bytes" in out
