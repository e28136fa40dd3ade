"""One writer a session."""

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tttui.artifacts import lock as module
from tttui.artifacts.lock import LOCK_FILE, SessionLock
from tttui.artifacts.processes import own_process
from tttui.model.errors import SessionHeld, SessionTaken, TttuiError

HOLD = """
import json, sys
from pathlib import Path
from tttui.artifacts.lock import SessionLock
from tttui.tasks.pointmass.runs.writer import RunWriter
lock = SessionLock(Path(sys.argv[1]))
RunWriter(Path(sys.argv[1])).status(state="running")
print("held", flush=True)
sys.stdin.read()
"""

FLOCK = """
import fcntl, os, sys
os.setgid(65534), os.setuid(65534)
try:
    handle = os.open(sys.argv[1], os.O_RDONLY)
except OSError as error:
    print(error.strerror, flush=True)
else:
    fcntl.flock(handle, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""
"""What any user can do with a file that anybody may read."""

ELSEWHERE: dict[str, Any] = {"host": "elsewhere", "boot_id": "another", "pid": 7}


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is silent for 0.3 s is gone."""
    monkeypatch.setattr(module, "STALE_S", 0.3)
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "CONFIRM_S", 0.05)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that other users may read."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def process(code: str, path: Path) -> subprocess.Popen[bytes]:
    """Another process, which lives until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Another process that writes the session."""
    started = process(HOLD, path)
    assert started.stdout is not None
    assert started.stdout.readline() == b"held\n"
    return started


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def note(path: Path, **fields: object) -> None:
    (path / LOCK_FILE).write_text(json.dumps({**own_process(), **fields}))


def status(path: Path, **fields: object) -> None:
    fresh = path / "fresh"
    fresh.write_text(json.dumps({**own_process(), "state": "running", **fields}))
    fresh.rename(path / "status.json")


def noted(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((path / LOCK_FILE).read_text())
    return document


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
    SessionLock(tmp_path, pytest.fail).release()


def test_one_process_cannot_hold_a_session_twice(tmp_path: Path) -> None:
    with SessionLock(tmp_path), pytest.raises(SessionHeld, match=str(os.getpid())):
        SessionLock(tmp_path)


def test_a_released_session_can_be_taken_again(tmp_path: Path) -> None:
    lock = SessionLock(tmp_path)
    lock.release()
    lock.release()
    with SessionLock(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", b"garbage", b"[1]", b'{"pid": "x", "taken_at": {}}'])
def test_a_damaged_note_holds_nobody_up(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(content)
    SessionLock(tmp_path, pytest.fail).release()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TttuiError, match="nowhere"):
        SessionLock(tmp_path / "nowhere")


# Who may lock


@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o600), (0o077, 0o600), (0o002, 0o660), (0o000, 0o660)]
)
def test_nobody_can_lock_it_who_may_not_write_it(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        SessionLock(tmp_path).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / LOCK_FILE).stat().st_mode) == mode


def test_a_lock_file_of_an_older_version_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).touch()
    (tmp_path / LOCK_FILE).chmod(0o644)
    SessionLock(tmp_path).release()
    assert stat.S_IMODE((tmp_path / LOCK_FILE).stat().st_mode) == 0o600


def test_another_user_cannot_take_the_lock(open_to_all: Path) -> None:
    SessionLock(open_to_all).release()
    out, _ = process(FLOCK, open_to_all / LOCK_FILE).communicate()
    assert out == b"Permission denied\n"


def test_another_user_who_locks_the_directory_blocks_nobody(open_to_all: Path) -> None:
    stranger = process(FLOCK, open_to_all)
    waits: list[str] = []
    try:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"locked\n"
        SessionLock(open_to_all, waits.append).release()
    finally:
        end(stranger)
    assert len(waits) == 1


def test_a_lock_that_nobody_noted_is_not_blamed_on_a_run(open_to_all: Path) -> None:
    (open_to_all / LOCK_FILE).touch()
    (open_to_all / LOCK_FILE).chmod(0o644)
    stranger = process(FLOCK, open_to_all / LOCK_FILE)
    try:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"locked\n"
        with pytest.raises(SessionHeld, match=r"if no run writes .*, delete .*run.lock"):
            SessionLock(open_to_all)
    finally:
        end(stranger)


# A lock file that was deleted


def test_without_the_lock_file_a_live_holder_is_still_found(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        (tmp_path / LOCK_FILE).unlink()
        with pytest.raises(SessionHeld, match=f"being written by process {process.pid}"):
            SessionLock(tmp_path)
    finally:
        end(process)


def test_a_holder_that_has_not_reported_yet_is_waited_for(tmp_path: Path) -> None:
    first = SessionLock(tmp_path)
    (tmp_path / LOCK_FILE).unlink()

    def report(_: str) -> None:
        status(tmp_path, **ELSEWHERE, beat=1)

    with pytest.raises(SessionHeld, match="process 7 on elsewhere"):
        SessionLock(tmp_path, report)
    first.release()


def test_the_holder_makes_a_deleted_lock_file_again(tmp_path: Path) -> None:
    with SessionLock(tmp_path) as lock:
        (tmp_path / LOCK_FILE).unlink()
        lock.check()
        assert noted(tmp_path)["pid"] == os.getpid()
        with pytest.raises(SessionHeld):
            SessionLock(tmp_path)


def test_the_holder_takes_a_lock_file_that_nobody_holds(tmp_path: Path) -> None:
    with SessionLock(tmp_path) as lock:
        (tmp_path / LOCK_FILE).unlink()
        (tmp_path / LOCK_FILE).touch()
        lock.check()
        assert noted(tmp_path)["pid"] == os.getpid()
        with pytest.raises(SessionHeld):
            SessionLock(tmp_path)


def test_the_holder_writes_its_note_again(tmp_path: Path) -> None:
    with SessionLock(tmp_path) as lock:
        (tmp_path / LOCK_FILE).write_text("")
        lock.check()
        assert noted(tmp_path)["pid"] == os.getpid()


@pytest.mark.parametrize("in_place", [True, False])
def test_the_holder_stops_where_another_has_taken_the_session(
    tmp_path: Path, in_place: bool
) -> None:
    with SessionLock(tmp_path) as lock:
        if not in_place:
            (tmp_path / LOCK_FILE).unlink()
        note(tmp_path, **ELSEWHERE)
        with pytest.raises(SessionTaken, match="process 7 on elsewhere has taken"):
            lock.check()
    assert noted(tmp_path)["pid"] == 7


def test_the_holder_outlasts_one_that_only_looks_whether_it_still_writes(tmp_path: Path) -> None:
    with SessionLock(tmp_path) as lock:
        (tmp_path / LOCK_FILE).unlink()
        with (tmp_path / LOCK_FILE).open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            lock.check()
        lock.check()
        assert noted(tmp_path)["pid"] == os.getpid()
        with pytest.raises(SessionHeld):
            SessionLock(tmp_path)


def test_the_holder_stops_where_another_directory_is_in_the_place(tmp_path: Path) -> None:
    place = tmp_path / "a"
    place.mkdir()
    with SessionLock(place) as lock:
        place.rename(tmp_path / "b")
        place.mkdir()
        with pytest.raises(SessionTaken, match="another directory is in its place"):
            lock.check()


def test_a_lock_file_that_is_replaced_while_it_is_taken_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, path = fcntl.flock, tmp_path / LOCK_FILE
    replaced: list[bool] = []

    def late(handle: int, operation: int) -> None:
        if not replaced:
            replaced.append(True)
            path.unlink()
            path.touch()
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with SessionLock(tmp_path), path.open() as other, pytest.raises(BlockingIOError):
        flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
