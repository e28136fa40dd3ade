"""A session that was tampered with is found out, file by file."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import create, run_through, settings
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.errors import RefusedInput
from tttui.runs.check import Check
from tttui.tasks.pointmass.runs.compare import Extent, growing_files
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.verify import verify


def failed(directory: Path) -> dict[str, Check]:
    checks = verify(find_sessions([directory])[0])
    return {c.file: c for c in checks if c.agrees is not True}


def test_an_untouched_session_agrees(tmp_path: Path) -> None:
    assert failed(run_through(tmp_path / "a")) == {}


def test_a_session_with_everything_agrees(tmp_path: Path) -> None:
    run = create(tmp_path / "a", settings(mu_schedule=((60, 0.2),)))
    run.advance(45)
    run.intervene("mu", 0.3)
    run.advance(10)
    run.intervene("update")
    run.close("interrupted")
    run = SessionRun.open(tmp_path / "a")
    run.intervene("settings", {"lr": 0.01, "noise_std": 0.02})
    run.advance(45)
    run.intervene("rollback", 40)
    run.advance(33)
    run.close("interrupted")
    assert failed(tmp_path / "a") == {}


def test_a_session_of_a_version_that_recorded_less_agrees(tmp_path: Path) -> None:
    again = run_through(tmp_path / "a")
    recorded = shutil.copytree(again, tmp_path / "older")
    lines = (again / "update_events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert all("live_mse" in event for event in events)
    older = [{k: v for k, v in e.items() if not k.startswith("live_")} for e in events]
    (recorded / "update_events.jsonl").write_text("\n".join(map(json.dumps, older)) + "\n")
    checks = growing_files(recorded, again, Extent(None, ragged=False))
    assert [c.agrees for c in checks if c.file == "update_events.jsonl"] == [True]
    del older[0]["grad_norm"]
    (recorded / "update_events.jsonl").write_text("\n".join(map(json.dumps, older)) + "\n")
    checks = growing_files(recorded, again, Extent(None, ragged=False))
    assert [c.agrees for c in checks if c.file == "update_events.jsonl"] == [False]


def test_a_crashed_session_agrees_up_to_its_checkpoint(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.advance(90)
    run.checkpoint()
    run.advance(60)
    run.tell()
    run.fail(RuntimeError("gone"))
    assert failed(tmp_path / "a") == {}


def test_a_fork_is_checked_against_its_parent(tmp_path: Path) -> None:
    run_through(tmp_path / "a")
    run = fork(find_sessions([tmp_path / "a"])[0], tmp_path, at=100, name="b")
    run.advance(40)
    run.close("interrupted")
    assert failed(tmp_path / "b") == {}
    path = tmp_path / "b" / "session" / "start_state.pt"
    state = read_pt(path)
    state["weights"]["B"] = state["weights"]["B"] + 1e-3
    path.write_bytes(write_pt(state))
    assert "session/start_state.pt" in failed(tmp_path / "b")


def edit(text: str, replacement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = path.read_text()
        assert text in content
        path.write_text(content.replace(text, replacement, 1))

    return change


def edit_row(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[51] = lines[51].replace(lines[51].split(",")[2], "0.5")
    path.write_text("".join(lines))


def drop_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def append_line(path: Path) -> None:
    with path.open("a") as file:
        file.write("200,0.1,0.1,0,0\n")


def nudge_tensor(path: Path) -> None:
    state = read_pt(path)
    state["W_u"] = np.nextafter(state["W_u"], np.float32(9))
    path.write_bytes(write_pt(state))


def nudge_history(path: Path) -> None:
    records = np.load(path)
    records["B"][2, 0, 0] += 1e-6
    np.save(path, records)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "tamper", "t"),
    [
        ("per_step.csv", edit_row, 50),
        ("per_step.csv", drop_last_line, 199),
        ("per_step.csv", append_line, 200),
        ("trajectory.csv", edit_row, 50),
        ("update_events.jsonl", edit('"commit"', '"rollback_grad_norm"'), 32),
        ("update_events.jsonl", drop_last_line, 192),
        ("update_events.json", edit('"commit"', '"rollback_grad_norm"'), 32),
        ("update_events.json", halve, None),
        ("weights_history.npy", nudge_history, 64),
        ("session/plastic_state.pt", nudge_tensor, None),
        ("session/optim_state.pt", halve, None),
        ("session/engine_state.pt", halve, None),
        ("session/metrics.json", edit('"updates_attempted": 6', '"updates_attempted": 7'), None),
        ("base_checkpoint.pt", halve, None),
    ],
)
def test_tampering_is_found_where_it_was_done(
    tmp_path: Path, name: str, tamper: Callable[[Path], None], t: int | None
) -> None:
    directory = run_through(tmp_path / "a")
    tamper(directory / name)
    result = failed(directory)
    assert name in result
    assert result[name].agrees is False
    assert result[name].t == t


@pytest.mark.parametrize(
    "change", [{"seed": 6}, {"mu": 0.2}, {"model_signature": "0" * 64}, {"base_ckpt_hash": "1"}]
)
def test_a_changed_meta_contradicts_the_rows(tmp_path: Path, change: dict[str, object]) -> None:
    directory = run_through(tmp_path / "a")
    path = directory / "session" / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert failed(directory) != {}


def test_a_live_session_is_not_verified(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    with pytest.raises(RefusedInput, match="verify it when it has stopped"):
        verify(find_sessions([tmp_path / "a"])[0])
    run.close("interrupted")


def test_a_foreign_flat_session_is_checked_as_far_as_it_goes(foreign_data: Path) -> None:
    checks = verify(find_sessions([foreign_data / "flat" / "linear"])[0])
    assert {c.file: c.agrees for c in checks} == {
        "base_checkpoint.pt": True,
        "session/meta.json": True,
        "session/metrics.json": True,
        "update_events.json": True,
        "trajectory.json": None,
        "per_step.csv": None,
    }


@pytest.mark.parametrize(("name", "runs"), [("mu_high", 2), ("mu_high_fork", 1)])
def test_every_run_of_a_store_is_checked_against_physics_and_base(
    foreign_data: Path, name: str, runs: int
) -> None:
    checks = verify(find_sessions([foreign_data / "store" / "sessions" / name])[0])
    assert len(checks) == 3 + 3 * runs
    assert [c for c in checks if c.agrees is not True] == []


def copy_of_store(foreign_data: Path, tmp_path: Path) -> Path:
    shutil.copytree(foreign_data / "store", tmp_path / "store", copy_function=shutil.copyfile)
    for path in (tmp_path / "store").rglob("*"):
        path.chmod(0o755)
    return tmp_path / "store" / "sessions" / "mu_high_fork"


@pytest.mark.parametrize(
    ("name", "pattern", "replacement"),
    [
        ("trajectory.json", r'(?s)("t": 50,.*?"x": )[-0-9.e]+', r"\g<1>9.5"),
        ("per_step.csv", r"(?m)^50,", "50,9"),
        ("per_step.csv", r"(?m)^(\d+,.*),1,0\r?$", r"\g<1>,0,0"),
    ],
)
def test_tampering_with_a_foreign_run_is_found(
    tmp_path: Path, foreign_data: Path, name: str, pattern: str, replacement: str
) -> None:
    session = copy_of_store(foreign_data, tmp_path)
    (path,) = session.glob(f"runs/*/{name}")
    text = path.read_text()
    tampered = re.sub(pattern, replacement, text, count=1)
    assert tampered != text
    path.write_text(tampered)
    assert any(c.agrees is False for c in verify(find_sessions([session])[0]))


def test_the_session_that_comes_with_the_program_agrees_with_its_replay() -> None:
    """An older version wrote it: without checksums, which is no difference."""
    example = Path(__file__).resolve().parents[4] / "runs" / "example"
    checks = verify(find_sessions([example])[0])
    assert [check for check in checks if check.agrees is not True] == []
