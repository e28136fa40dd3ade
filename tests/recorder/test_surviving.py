"""A recorder may be killed, locked out, forked or left without a disk, and hurts nobody."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tttui
from tests.live import wait_until
from tests.recorder.sessions import events, history, meta, rows, status
from tttui.artifacts import appending
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ledger import read_records
from tttui.artifacts.status import status_of
from tttui.model.errors import RecorderError, SessionHeld
from tttui.model.ledger import judge

LOOP = """
import sys
import numpy as np
import tttui

weights = {"w": np.zeros((20, 10), np.float32)}
rec = tttui.Recorder(sys.argv[1], plastic=weights, resume=True, history_mb=0.1)
print("begun", flush=True)
t = rec.t
while True:
    t += 1
    rec.step(t, adaptive=1.0 / (t + 1), frozen=1.0, entropy=float(t))
    with rec.update(t, trained_on=t) as u:
        weights["w"] += 1
        if t % 3 == 0:
            u.rollback("every third")
"""


def started(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LOOP, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def killed(process: "subprocess.Popen[str]", path: Path, wanted: int) -> None:
    """Kill it without warning once its table has so many bytes."""
    table = path / "per_step.csv"
    wait_until(lambda: table.stat().st_size >= wanted or process.poll() is not None)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()


def check_whole(path: Path) -> int:
    """What a killed recorder leaves belongs together as far as it goes; the number of steps."""
    table = (path / "per_step.csv").read_bytes()
    whole = table[: table.rfind(b"\n") + 1].decode().splitlines()[1:]
    steps = [int(row.split(",")[0]) for row in whole]
    assert steps == list(range(len(steps)))
    for name in ("series.csv", "scores.csv"):
        said = (path / name).read_bytes().decode().splitlines()[1:]
        assert [int(row.split(",")[0]) for row in said[: len(steps)]] == steps
    committed: dict[int, bool] = {}
    for line in (path / "update_events.jsonl").read_bytes().split(b"\n")[:-1]:
        event = json.loads(line)
        committed[event["t"]] = committed.get(event["t"], False) or event["status"] == "commit"
    for t, row in list(enumerate(whole))[1:]:
        assert row.endswith(f",1,{committed[t]:d}")
    kept = history(path)
    assert (np.diff(kept["t"]) > 0).all()
    return len(steps)


def test_a_recorder_that_is_killed_leaves_whole_files_and_goes_on(tmp_path: Path) -> None:
    path, rng = tmp_path / "a", random.Random(0)
    size = steps = 0
    for _ in range(4):
        size += rng.randrange(200, 60_000)
        killed(started(path), path, size)
        now = check_whole(path)
        assert now >= steps
        steps, size = now, (path / "per_step.csv").stat().st_size
        result = status_of(path)
        assert result is not None
        assert result.state == "crashed"
    (place,) = find_sessions([path])
    ledger = judge(read_records(place)[0])
    assert ledger.violated == 0
    assert ledger.steps == steps


def test_two_recorders_do_not_write_one_session(tmp_path: Path) -> None:
    path = tmp_path / "a"
    process = started(path)
    try:
        with pytest.raises(SessionHeld, match=rf"is being written by process {process.pid}\b"):
            tttui.Recorder(path, resume=True)
    finally:
        process.kill()
        process.communicate()


def test_a_second_recorder_of_the_same_process_is_told_so(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        with pytest.raises(SessionHeld, match=rf"this very process \({os.getpid()}\)"):
            tttui.Recorder(tmp_path / "a", resume=True)
        rec.step(0, adaptive=1.0)
    with tttui.Recorder(tmp_path / "a", resume=True) as rec:
        rec.step(1, adaptive=1.0)
    assert len(rows(tmp_path / "a")) == 2


def run(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )


@pytest.mark.parametrize(
    ("end", "state", "error"),
    [
        ("", "completed", None),
        ("raise ValueError('no')", "failed", "ValueError: no"),
        ("raise KeyboardInterrupt", "interrupted", None),
        ("raise SystemExit(3)", "completed", None),
    ],
)
def test_the_end_of_the_program_ends_the_session(
    tmp_path: Path, end: str, state: str, error: str | None
) -> None:
    code = f"import sys, tttui\nrec = tttui.Recorder(sys.argv[1])\nrec.step(0, adaptive=1.0)\n{end}"
    run(code, str(tmp_path / "a"))
    assert (status(tmp_path / "a")["state"], status(tmp_path / "a")["error"]) == (state, error)
    assert len(rows(tmp_path / "a")) == 1


def test_a_recorder_that_is_dropped_frees_its_session(tmp_path: Path) -> None:
    rec = tttui.Recorder(tmp_path / "a")
    rec.step(0, adaptive=1.0)
    del rec
    assert status(tmp_path / "a")["state"] == "completed"
    tttui.Recorder(tmp_path / "a", resume=True).close()


def test_a_full_disk_is_warned_of_once_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"w": np.zeros(3, np.float32)}
    rec = tttui.Recorder(tmp_path / "a", plastic=weights)
    rec.step(0, adaptive=1.0)
    rec._observer.files.beat()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(appending, "write_all", full)

    def train_on() -> None:
        for t in range(1, 50):
            rec.step(t, adaptive=1.0)
            with rec.update(t) as u:
                weights["w"] += 1
                u.rollback("always")
            rec._observer.files.beat()
        rec.close()

    with pytest.warns(RuntimeWarning) as warned:
        train_on()
    assert len(warned) == 1
    assert "the disk is full" in str(warned[0].message)
    assert "the training goes on, but nothing more of it is recorded" in str(warned[0].message)
    assert not weights["w"].any()
    assert status(tmp_path / "a")["state"] == "failed"
    assert len(rows(tmp_path / "a")) == 1


def test_a_directory_that_disappears_does_not_end_the_training(tmp_path: Path) -> None:
    rec = tttui.Recorder(tmp_path / "a")
    rec.step(0, adaptive=1.0)
    (tmp_path / "a").rename(tmp_path / "b")
    rec._observer.files.beat()
    with pytest.warns(RuntimeWarning, match="nothing more of it is recorded"):
        rec.step(1, adaptive=1.0)
    rec.step(2, adaptive=1.0)
    rec.close()


def test_a_forked_process_writes_nothing_and_keeps_nothing_locked(tmp_path: Path) -> None:
    code = """
import os, sys, tttui
rec = tttui.Recorder(sys.argv[1])
rec.step(0, adaptive=1.0)
child = os.fork()
if not child:
    rec.step(1, adaptive=2.0)
    rec.close()
    os._exit(0)
os.waitpid(child, 0)
rec.step(1, adaptive=1.0)
"""
    done = run(code, str(tmp_path / "a"))
    assert done.returncode == 0, done.stderr
    assert [row["adaptive_mse"] for row in rows(tmp_path / "a")] == ["1.0", "1.0"]
    assert status(tmp_path / "a")["state"] == "completed"


def test_a_closed_recorder_says_so(tmp_path: Path) -> None:
    rec = tttui.Recorder(tmp_path / "a")
    rec.close()
    rec.close()
    with pytest.raises(RecorderError, match="this recorder is closed"):
        rec.step(0, adaptive=1.0)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "update_events.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(tttui.model.errors.RefusedInput, match="is a link"):
        tttui.Recorder(tmp_path / "a")
    assert not (tmp_path / "elsewhere").exists()


def test_importing_it_imports_neither_torch_nor_a_screen(tmp_path: Path) -> None:
    code = """
import sys
from tttui import Recorder
heavy = {"torch", "textual", "matplotlib", "numpy", "rich", "click"} & set(sys.modules)
assert not heavy, heavy
Recorder(sys.argv[1]).step(0, adaptive=1.0)
heavy = {"torch", "textual", "matplotlib", "rich", "safetensors", "tttui.engine", "tttui.runs"}
heavy &= set(sys.modules)
assert not heavy, heavy
"""
    done = run(code, str(tmp_path / "a"))
    assert done.returncode == 0, done.stderr


def test_the_history_keeps_to_its_budget(tmp_path: Path) -> None:
    weights = {"w": np.zeros((10, 10), np.float32), "large": np.zeros(5000, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights, history_mb=0.03) as rec:
        for t in range(200):
            rec.step(t, adaptive=1.0)
            with rec.update(t):
                weights["w"] += 1
                weights["large"] += 1
    assert meta(tmp_path / "a")["kept"] == ["w"]
    assert meta(tmp_path / "a")["history_stride"] > 1
    assert (tmp_path / "a" / "weights_history.npy").stat().st_size <= 30_000
    kept = history(tmp_path / "a")
    assert kept["t"][0] == 0
    assert kept["t"][-1] == 200
    assert set(events(tmp_path / "a")[0]["weights"]) == {"w", "large"}
