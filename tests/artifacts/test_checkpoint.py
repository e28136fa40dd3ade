"""A checkpoint is one file that is enough; a reader can tell whether the others belong to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.artifacts.test_writer import META, WEIGHTS, add_steps
from tttui.artifacts.checkpoint import read_checkpoint
from tttui.artifacts.history_writer import SnapshotChecksums
from tttui.artifacts.ptfile import write_pt
from tttui.model.errors import TttuiError
from tttui.tasks.pointmass.runs.writer import RunWriter


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter(tmp_path / "a")
    writer.begin(META, b"base")
    add_steps(writer, 0, 40)
    writer.snapshot(0, WEIGHTS)
    state = {"h": np.arange(32.0), "rng": {"state": 2**127 + 1}, "t": 40}
    writer.checkpoint(state, WEIGHTS, {"W_u": WEIGHTS["W_u"]}, {})
    writer.finish()
    return writer.directory


def test_a_checkpoint_holds_what_was_put_in(run: Path) -> None:
    checkpoint = read_checkpoint(run)
    assert checkpoint.consistent
    assert checkpoint.engine["rng"] == {"state": 2**127 + 1}
    assert np.array_equal(checkpoint.engine["h"], np.arange(32.0))
    assert all(np.array_equal(checkpoint.plastic[name], WEIGHTS[name]) for name in WEIGHTS)
    assert np.array_equal(checkpoint.optim["W_u"], WEIGHTS["W_u"])
    assert checkpoint.sizes["per_step.csv"] == (run / "per_step.csv").stat().st_size


@pytest.mark.parametrize("name", ["plastic_state.pt", "optim_state.pt"])
def test_weights_of_another_moment_are_noticed_and_the_checkpoint_counts(
    name: str, run: Path
) -> None:
    (run / "session" / name).write_bytes(write_pt({"W_u": np.zeros((16, 6), np.float32)}))
    checkpoint = read_checkpoint(run)
    assert [p.path.name for p in checkpoint.problems] == [name]
    assert np.array_equal(checkpoint.plastic["W_u"], WEIGHTS["W_u"])


def test_missing_weights_are_noticed(run: Path) -> None:
    (run / "session" / "plastic_state.pt").unlink()
    (problem,) = read_checkpoint(run).problems
    assert problem.missing


def test_a_file_that_lost_rows_is_noticed(run: Path) -> None:
    os.truncate(run / "per_step.csv", 60)
    (problem,) = read_checkpoint(run).problems
    assert problem.reason.startswith("has 60 bytes, but the checkpoint was written after")


def test_rows_after_the_checkpoint_are_no_problem(run: Path) -> None:
    with (run / "per_step.csv").open("a") as file:
        file.write("40,1,1,0,0\n")
    assert read_checkpoint(run).consistent


def test_a_session_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(TttuiError, match="no checkpoint yet"):
        read_checkpoint(tmp_path)


def test_a_damaged_checkpoint_is_named(run: Path) -> None:
    os.truncate(run / "session" / "engine_state.pt", 500)
    with pytest.raises(TttuiError, match=r"engine_state\.pt: damaged or truncated"):
        read_checkpoint(run)


@pytest.mark.parametrize("content", [{"a": 1}, [1], {"format": 99}])
def test_a_foreign_file_in_its_place_is_named(content: object, run: Path) -> None:
    (run / "session" / "engine_state.pt").write_bytes(write_pt(content))
    with pytest.raises(TttuiError, match="is no checkpoint of tttui"):
        read_checkpoint(run)


def test_a_checkpoint_of_a_newer_version_is_named(run: Path) -> None:
    parts: dict[str, object] = {k: {} for k in ("engine", "plastic", "optim", "sizes", "sha256")}
    (run / "session" / "engine_state.pt").write_bytes(write_pt({"format": 2, **parts}))
    with pytest.raises(TttuiError, match="has the format 2, this version reads 1"):
        read_checkpoint(run)


WRITE_FOREVER = """
import sys
from pathlib import Path
from tests.artifacts.test_writer import META, WEIGHTS, add_steps, scaled
from tttui.tasks.pointmass.runs.writer import RunWriter

writer = RunWriter(Path(sys.argv[1]), history_bytes=200_000)
writer.begin(META, b"base")
writer.snapshot(0, WEIGHTS)
writer.checkpoint({"t": 0}, WEIGHTS, {}, {})
print("began", flush=True)
t = 0
while True:
    add_steps(writer, t, 32)
    t += 32
    weights = scaled(WEIGHTS, t)
    writer.event({"t": t, "status": "commit"})
    writer.snapshot(t, weights)
    writer.checkpoint({"t": t}, weights, {}, {})
"""


@pytest.mark.parametrize("delay_ms", [5, 40, 90, 160, 250])
def test_after_a_kill_at_any_moment_the_session_resumes_without_loss(
    delay_ms: int, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOREVER, str(path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(delay_ms / 1000)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    checkpoint = read_checkpoint(path)
    t = checkpoint.engine["t"]
    writer = RunWriter(path, history_bytes=200_000)
    writer.truncate(checkpoint)
    assert writer.sizes()["per_step.csv"] == checkpoint.sizes["per_step.csv"]
    assert (path / "per_step.csv").read_bytes().count(b"\n") == t + 1
    assert (path / "update_events.jsonl").read_bytes().count(b"\n") == t // 32
    snapshots = SnapshotChecksums.restored(checkpoint.checksums["weights_history.npy"])
    assert snapshots.t[-1] == t
    # on its way to the next checkpoint the process may have thinned that one out already
    written = np.load(path / "weights_history.npy")["t"]
    assert written[-1] == t or (written[-1] < t and len(written) < len(snapshots.t))
    assert np.array_equal(checkpoint.plastic["B"], WEIGHTS["B"] * np.float32(max(t, 1)))
    writer.close()
