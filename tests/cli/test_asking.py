"""What is said of a run whose process does not answer, or whose status.json names no process."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.artifacts.processes import own_process
from tttui.cli.main import main
from tttui.runs.control import DIRECTORY, Verb, ask


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "a", steps=40).path


def claim(run: Path, **status: object) -> None:
    """Let status.json say this of a run that goes on."""
    now = time.time()
    live = {"state": "running", "heartbeat_at": now, "host": socket.gethostname(), "t": 3}
    (run / "status.json").write_text(json.dumps(live | status))


@pytest.mark.parametrize("pid", [1, 0, -1, -4242, None, "4242", 1e400])
@pytest.mark.parametrize("age", [0.0, 3600.0])
@pytest.mark.parametrize("host", [socket.gethostname(), "elsewhere"])
def test_nobody_is_told_to_kill_what_is_no_single_process(
    run: Path, capsys: pytest.CaptureFixture[str], pid: object, age: float, host: str
) -> None:
    claim(run, pid=pid, heartbeat_at=time.time() - age, host=host)
    assert main(["stop", str(run), "--wait", "0"]) in (1, 2)
    said = capsys.readouterr().err.replace(str(run), "")
    assert "kill" not in said
    assert "end it" not in said
    assert "None" not in said


def test_a_process_of_this_machine_that_does_not_answer_can_be_ended_by_hand(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(run, **own_process())
    assert main(["stop", str(run), "--wait", "0"]) == 1
    assert f"end it yourself with `kill {os.getpid()}`" in capsys.readouterr().err


def test_a_process_of_another_machine_is_looked_for_there(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(run, pid=4242, host="elsewhere")
    assert main(["stop", str(run), "--wait", "0"]) == 1
    said = capsys.readouterr().err.replace(str(run), "")
    assert "process 4242 on elsewhere did not answer" in said
    assert "kill" not in said


def test_of_a_session_that_no_process_came_to_run_it_is_said_that_nothing_was_done(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(run, state="queued", **own_process())
    assert main(["pause", str(run), "--wait", "0"]) == 1
    said = capsys.readouterr().err
    assert "no process came to run it within 0 s, so nothing was done" in said
    assert "tttui resume" in said
    assert list((run / DIRECTORY).iterdir()) == []


def ends_upon_a_request(
    monkeypatch: pytest.MonkeyPatch, run: Path, state: str, *, takes: bool
) -> None:
    """Let a run be in this state as soon as it is asked; `takes`: it took the request before."""

    def leave(directory: Path, verb: Verb, value: object = None) -> str:
        id = ask(directory, verb, value)
        if takes:
            (run / DIRECTORY / id).unlink()
        claim(run, **own_process(), state=state)
        return id

    claim(run, **own_process())
    monkeypatch.setattr("tttui.runs.control.ask", leave)


def test_a_run_that_ends_before_it_takes_a_request_is_not_waited_for(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_upon_a_request(monkeypatch, run, "interrupted", takes=False)
    assert main(["pause", str(run)]) == 1
    assert capsys.readouterr().err.strip().endswith("interrupted")
    assert list((run / DIRECTORY).iterdir()) == []


def test_of_a_request_that_a_run_took_before_it_failed_nobody_knows_what_became(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_upon_a_request(monkeypatch, run, "failed", takes=True)
    assert main(["pause", str(run)]) == 1
    assert "whether it did what was asked before is not known" in capsys.readouterr().err
