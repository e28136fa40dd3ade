"""Sessions that run in the background are shown and steered among the jobs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.live import TTTUI, end, in_background, state, status, wait_until
from tests.tasks.pointmass.runs.sessions import run_through
from tttui.artifacts.processes import Process


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def test_a_session_in_the_background_is_a_job_by_its_name(root: Path, shell: Shell) -> None:
    root.mkdir()
    run_through(root / "here")  # in a terminal: it is no job
    with in_background(root / "a") as directory:
        (directory / "run.out").touch()
        assert shell("job", "list", "--json") == 0
        (job,) = json.loads(shell.out)
        assert (job["job"], job["kind"], job["state"]) == ("a", "session", "running")
        assert job["detail"] == "paused"
        assert "is running" in shell.refused("job", "rm", "a")
        assert shell("job", "cancel", "a") == 0
        assert state(directory) == "interrupted"
        wait_until(lambda: not Process.of(status(directory)).runs())
        assert shell("job", "show", "a") == 0
        assert "state       cancelled" in shell.out
        assert shell("job", "results", "a", "--json") == 0
        assert json.loads(shell.out) == {"notes": "no step was run yet"}
        assert shell("job", "logs", "a") == 0
        assert "interrupted at step 0" in shell.out
        assert "fork --at" in shell.refused("job", "resume", "a", "--checkpoint", "x")
        words = [*TTTUI, "job", "resume", "a", "--root", str(root)]
        assert subprocess.run(words, capture_output=True, text=True).stdout == "a\n"
        wait_until(lambda: state(directory) in ("running", "completed"))
        assert shell("job", "watch", "a") == 0
        assert "job a is complete" in shell.refused("job", "resume", "a")
        end(directory)
        assert shell("job", "rm", "a") == 0
    assert shell("job", "list") == 0
    assert "no jobs" in shell.err


def test_the_lab_imports_nothing_heavy() -> None:
    modules = "jobs, reader, starting, steering, events, logs, worker"
    code = f"import sys; from tttui.lab import {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "textual", "matplotlib", "click", "psutil", "submitit"}
    assert heavy & set(done.stdout.split()) == set()
