"""A run that was started in the app goes on when the terminal, or the app, is gone."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.sessions import run_through, same, settings
from tests.live import alive, end, state, status, wait_until
from tests.terminal.harness import PtyProgram
from tttui.artifacts.discover import find_sessions
from tttui.cli.main import main

COMMAND = [sys.executable, "-m", "tttui"]

CHOSEN = settings(seed=0, steps=300, noise_std=0.0, checkpoint_s=2.0)
"""What the form starts where only the name, the steps and the speed are typed."""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "runs"
    path.mkdir()
    yield path
    for place in find_sessions([path]):
        end(place.path)


def start_one(program: PtyProgram, root: Path) -> int:
    """Start a slow session with the form; the process that runs it."""
    program.wait_for("No session found")
    program.press("n")
    program.wait_for("New session")
    program.press(*"one", *["down"] * 4, *"300", *["down"] * 10, *"200")
    program.wait_for(r"300 steps: about 2 s at 200 steps/s")
    program.press("enter")
    program.wait_for(r"one.*running")
    pid = status(root / "one")["pid"]
    assert isinstance(pid, int)
    return pid


@pytest.mark.parametrize("how", ["hangup", "kill"])
def test_the_run_goes_on_and_ends_as_if_nothing_was(tmp_path: Path, root: Path, how: str) -> None:
    whole = run_through(tmp_path / "whole", CHOSEN)
    env = {"OMP_NUM_THREADS": "1"}
    with PtyProgram([*COMMAND, str(root)], env=env) as program:
        start_one(program, root)
        if how == "kill":
            os.kill(program.pid, signal.SIGKILL)
        else:
            with open(os.devnull, "rb") as nothing:
                os.dup2(nothing.fileno(), program.fd)  # closes the terminal's side of the pty
        wait_until(lambda: not alive(program.pid))
    assert state(root / "one") in ("running", "completed")  # a fast machine may be done
    wait_until(lambda: state(root / "one") == "completed")
    assert same(whole, root / "one") == []


def test_after_a_kill_of_the_app_and_of_the_run_the_session_is_resumed_exactly(
    tmp_path: Path, root: Path
) -> None:
    whole = run_through(tmp_path / "whole", CHOSEN)
    with PtyProgram([*COMMAND, str(root)], env={"OMP_NUM_THREADS": "1"}) as program:
        pid = start_one(program, root)
        os.kill(pid, signal.SIGKILL)
        os.kill(program.pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))
    assert main(["resume", str(root / "one"), "--quiet"]) == 0
    assert same(whole, root / "one") == []
