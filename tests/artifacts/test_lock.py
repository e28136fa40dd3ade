"""One writer a session."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tttui.artifacts.lock import LOCK_FILE, SessionLock
from tttui.artifacts.status import own_process
from tttui.model.errors import SessionHeld, TttuiError

HOLD = """
import sys
from pathlib import Path
from tttui.artifacts.lock import SessionLock
lock = SessionLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Another process that holds the session until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(SessionHeld, match=f"being written by process {process.pid}"):
            SessionLock(tmp_path)
    finally:
        end(process)


def test_a_killed_holder_leaves_the_session_free(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    SessionLock(tmp_path).release()


def test_one_process_cannot_hold_a_session_twice(tmp_path: Path) -> None:
    with SessionLock(tmp_path), pytest.raises(SessionHeld, match=str(os.getpid())):
        SessionLock(tmp_path)


def test_a_released_session_can_be_taken_again(tmp_path: Path) -> None:
    lock = SessionLock(tmp_path)
    lock.release()
    lock.release()
    with SessionLock(tmp_path):
        pass


def note(path: Path, **fields: object) -> None:
    (path / LOCK_FILE).write_text(json.dumps({**own_process(), **fields}))


def test_a_holder_on_another_host_is_believed_while_its_heart_beats(tmp_path: Path) -> None:
    note(tmp_path, host="elsewhere", pid=7, taken_at=time.time() - 500)
    (tmp_path / "status.json").write_text(json.dumps({"heartbeat_at": time.time()}))
    with pytest.raises(SessionHeld, match="process 7 on elsewhere"):
        SessionLock(tmp_path)


def test_a_holder_on_another_host_that_fell_silent_leaves_the_session_free(
    tmp_path: Path,
) -> None:
    note(tmp_path, host="elsewhere", taken_at=time.time() - 500)
    (tmp_path / "status.json").write_text(json.dumps({"heartbeat_at": time.time() - 400}))
    SessionLock(tmp_path).release()


@pytest.mark.parametrize("content", [b"", b"garbage", b"[1]", b'{"pid": "x", "taken_at": {}}'])
def test_a_damaged_note_holds_nobody_up(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(content)
    SessionLock(tmp_path).release()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TttuiError, match="nowhere"):
        SessionLock(tmp_path / "nowhere")
