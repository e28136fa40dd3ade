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
