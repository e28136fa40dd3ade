"""kill -9 at any moment: the session goes on from its last checkpoint, to the same bytes."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.tasks.pointmass.runs.sessions import create, events, run_through, same, settings
from tttui.model.pointmass.settings import Settings
from tttui.runs.drive import drive
from tttui.tasks.pointmass.runs.session import SessionRun

KILLS = 10

RATE = 800.0
"""Steps a second: a run of 200 steps outlasts a few kills."""


def work_in_a_child(directory: Path, chosen: Settings, *, killed_after: float | None) -> None:
    """Make or continue the session in a process of its own; kill it after so many seconds."""
    pid = os.fork()
    if pid == 0:
        try:
            fresh = not directory.exists()
            run = create(directory, chosen) if fresh else SessionRun.open(directory)
            drive(run, 200, max_rate=RATE)
            run.close("completed")
        finally:
            os._exit(0)
    if killed_after is not None:
        time.sleep(killed_after)  # the moment is the point of the test, not a wait for something
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_session_that_is_killed_again_and_again_ends_as_if_nothing_was(
    tmp_path: Path, seed: int
) -> None:
    chosen = settings(checkpoint_s=0.02)
    whole = run_through(tmp_path / "whole", chosen)
    moments = random.Random(seed)
    for _ in range(KILLS):
        work_in_a_child(tmp_path / "killed", chosen, killed_after=moments.uniform(0.0, 0.12))
    work_in_a_child(tmp_path / "killed", chosen, killed_after=None)
    assert same(whole, tmp_path / "killed") == []


def test_what_a_checkpoint_held_is_never_lost(tmp_path: Path) -> None:
    directory = tmp_path / "a"
    run = create(directory)
    run.advance(100)
    run.checkpoint()
    saved = [e["t"] for e in events(directory)]
    run.advance(50)
    run.fail(RuntimeError("gone"))
    with (directory / "per_step.csv").open("ab") as file:
        file.write(b"150,0.1")  # half a row, as a crash leaves it
    again = SessionRun.open(directory)
    assert again.t == 100
    assert [e["t"] for e in events(directory)] == saved
    assert (directory / "per_step.csv").read_bytes().count(b"\n") == 101
    again.close("interrupted")


def test_damaged_copies_of_the_weights_are_put_right_by_a_resume(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run_through(tmp_path / "a")
    (tmp_path / "a" / "session" / "plastic_state.pt").write_bytes(b"half")
    (tmp_path / "a" / "session" / "optim_state.pt").unlink()
    SessionRun.open(tmp_path / "a").close("completed")
    assert same(whole, tmp_path / "a") == []
