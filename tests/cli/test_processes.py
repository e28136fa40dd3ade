"""What only a process of its own can show: signals, the background, what is imported."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.live import end, in_background, status, wait_until
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.interventions import recorded
from tttui.cli.main import main
from tttui.cli.signals import stop_requests

PATIENCE = 30.0
"""Seconds after which something that should have happened has not."""


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `tttui` processes, and ends all that a failed test leaves behind."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tttui", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    for place in find_sessions([tmp_path]):
        end(place.path)


def progress(directory: Path) -> int:
    """Steps whose rows are in the file."""
    try:
        return (directory / "per_step.csv").read_bytes().count(b"\n") - 1
    except OSError:
        return 0


SLOW = ("--noise-std", "0.01", "--seed", "5", "--steps", "200", "--checkpoint-s", "1000000")


def test_ctrl_c_saves_the_run_which_nobody_else_may_write_and_it_goes_on_exactly(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    whole = run_through(tmp_path / "whole", settings())
    process = spawn("run", "--name", "a", "--speed-limit", "10", *SLOW)
    directory = tmp_path / "runs" / "a"
    wait_until(lambda: progress(directory) > 0)
    second = spawn("resume", "a")
    _, refusal = second.communicate(timeout=PATIENCE)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert f"process {process.pid}" in refusal
    assert process.returncode == 130
    assert "continue with: tttui resume" in err
    assert "Traceback" not in out + err
    assert json.loads((directory / "status.json").read_text())["state"] == "interrupted"
    again = spawn("resume", "a")
    again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert same(whole, directory) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_stopping_signal_is_a_request(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_requests() as request:
        assert not request()
        os.kill(os.getpid(), number)
        assert request()
        assert request.signal == number
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_does_not_wait() -> None:
    with stop_requests():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_that_nohup_ignores_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requests() as request:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not request()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_lost_connection_hands_the_run_to_the_background(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    process = spawn("run", "--name", "a", "--speed-limit", "10", *SLOW)
    directory = tmp_path / "runs" / "a"
    wait_until(lambda: progress(directory) > 0)
    assert main(["pause", str(directory)]) == 0
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=PATIENCE) == 130
    wait_until(lambda: status(directory).get("state") == "paused")
    assert status(directory)["pid"] != process.pid
    assert status(directory)["speed_limit"] == 10
    assert main(["continue", str(directory)]) == 0
    assert main(["set", str(directory), "--speed-limit", "0"]) == 0
    wait_until(lambda: status(directory).get("state") == "completed")
    assert progress(directory) == 200


def test_watch_follows_a_run_in_the_background_to_its_end(
    spawn: Callable[..., subprocess.Popen[str]],
) -> None:
    started = spawn("run", "--name", "a", "--speed-limit", "150", "--detach", "--json", *SLOW)
    out, _ = started.communicate(timeout=PATIENCE)
    assert json.loads(out)["pid"] > 0
    watching = spawn("watch", "a", "--json")
    out, _ = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 0
    assert [json.loads(line)["t"] for line in out.splitlines()] == [32, 64, 96, 128, 160, 192]


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--help"], {"torch", "textual", "numpy"}),
        (["run", "--help"], {"torch", "textual", "numpy"}),
        (["ls"], {"torch", "textual", "rich"}),
        (["show", "a"], {"torch", "textual", "rich"}),
        (["run", "--steps", "40", "--quiet"], {"torch", "textual", "rich"}),
    ],
)
def test_a_command_imports_only_what_it_needs(
    tmp_path: Path, words: list[str], absent: set[str]
) -> None:
    run_through(tmp_path / "runs" / "a", settings(steps=10))
    code = (
        "import sys, contextlib, io\n"
        "from tttui.cli.main import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()): code = main({words!r})\n"
        f"print(code, *sorted({absent!r} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["0"]


def test_a_run_is_paused_continued_and_stopped_from_outside(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    process = spawn("run", "--name", "a", "--speed-limit", "10", *SLOW)
    directory = tmp_path / "runs" / "a"
    wait_until(lambda: progress(directory) > 0)
    for action, state in (("pause", "paused"), ("continue", "running"), ("stop", "interrupted")):
        assert main([action, str(directory)]) == 0
        assert f"a: {state} at step" in capsys.readouterr().out
        if action == "pause":
            assert main(["set", str(directory), "--mu", "0.3", "--lr", "0.01"]) == 0
            assert "a: paused at step" in capsys.readouterr().out
            assert main(["resume", str(directory)]) == 2
            assert f"`tttui continue {directory}` lets it go on" in capsys.readouterr().err
            assert main(["set", str(directory), "--rollback-tol", "-1"]) == 2
            assert "rollback_tol: -1" in capsys.readouterr().err
    assert main(["set", str(directory)]) == 2
    assert "say what to change" in capsys.readouterr().err
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert [i.kind for i in recorded(directory)] == ["mu", "settings"]
    assert main(["stop", str(directory)]) == 2
    complaint = capsys.readouterr().err
    assert "is interrupted, so there is nobody to ask to stop" in complaint
    assert f"`tttui resume {directory}` goes on where it stopped" in complaint


def test_a_run_that_is_continued_may_be_complete_before_anybody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pause(_: float) -> None:
        wait_until(lambda: status(tmp_path / "a").get("state") == "completed")

    with in_background(tmp_path / "a", steps=8) as directory:
        monkeypatch.setattr("tttui.cli.asking.time", SimpleNamespace(sleep=pause))
        assert main(["continue", str(directory)]) == 0
    assert "a: completed at step 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("completed", "is completed, so there is nobody to ask to change its friction; `tttui res"),
        ("failed", "has failed, so there is nobody to ask to change its friction; `tttui resume"),
    ],
)
def test_what_to_do_with_a_run_that_nobody_runs_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], state: str, said: str
) -> None:
    run = create(tmp_path / "a")
    run.close(state)
    assert main(["set", str(tmp_path / "a"), "--mu", "0.3"]) == 2
    assert said in capsys.readouterr().err


def test_a_run_that_does_not_answer_is_reported_and_not_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create(tmp_path / "a")  # held by this process, which does not drive it
    assert main(["stop", str(tmp_path / "a"), "--wait", "0.1"]) == 1
    assert f"process {os.getpid()} did not answer" in capsys.readouterr().err
    assert list((tmp_path / "a" / "control").iterdir()) == []
    run.close("interrupted")
