"""One writer a session, where others are on other machines or the filesystem has no locks."""

import errno
import fcntl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts.test_lock import ELSEWHERE, be_impatient, end, holder, note, status
from tttui.artifacts import lock as module
from tttui.artifacts.lock import LOCK_FILE, SessionLock
from tttui.artifacts.processes import boottime
from tttui.model.errors import SessionHeld


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


def beating(path: Path, **fields: Any) -> Callable[[str], None]:
    """For `on_wait`: another machine's run, which reports a few times more."""

    def beat(_: str) -> None:
        def report() -> None:
            for count in range(1000, 1010):
                status(path, **ELSEWHERE, beat=count, **fields)
                time.sleep(0.005)

        threading.Thread(target=report).start()

    return beat


@pytest.mark.parametrize("behind", [-1e9, -40, 0, 40, 1e9])
def test_a_holder_elsewhere_is_believed_while_its_heart_beats_however_its_clock_goes(
    tmp_path: Path, behind: float
) -> None:
    at = time.time() - behind
    note(tmp_path, **ELSEWHERE, taken_at=at)
    status(tmp_path, **ELSEWHERE, beat=1, heartbeat_at=at)
    with pytest.raises(SessionHeld, match="process 7 on elsewhere"):
        SessionLock(tmp_path, beating(tmp_path, heartbeat_at=at))


@pytest.mark.parametrize("behind", [-1e9, -40, 0, 40, 1e9])
def test_a_holder_elsewhere_that_fell_silent_leaves_the_session_free_however_its_clock_goes(
    tmp_path: Path, behind: float
) -> None:
    at = time.time() - behind
    note(tmp_path, **ELSEWHERE, taken_at=at)
    status(tmp_path, **ELSEWHERE, beat=1, heartbeat_at=at)
    waits: list[str] = []
    SessionLock(tmp_path, waits.append).release()
    assert len(waits) == 1
    assert "to see whether process 7 on elsewhere still writes it" in waits[0]


def test_a_holder_elsewhere_whose_lock_file_was_deleted_is_seen_by_its_heartbeat(
    tmp_path: Path,
) -> None:
    status(tmp_path, **ELSEWHERE, beat=1)
    with pytest.raises(SessionHeld, match="process 7 on elsewhere"):
        SessionLock(tmp_path, beating(tmp_path))


def test_a_paused_holder_elsewhere_is_reported_as_paused(
    tmp_path: Path,
) -> None:
    status(tmp_path, **ELSEWHERE, beat=1, state="paused")
    with pytest.raises(SessionHeld, match=r"is paused, process 7 .* `tttui continue .*` lets"):
        SessionLock(tmp_path, beating(tmp_path, state="paused"))


def test_a_holder_elsewhere_that_ends_meanwhile_leaves_the_session_free(tmp_path: Path) -> None:
    note(tmp_path, **ELSEWHERE)
    status(tmp_path, **ELSEWHERE, beat=1)

    def finish(_: str) -> None:
        (tmp_path / LOCK_FILE).write_text("")
        status(tmp_path, **ELSEWHERE, beat=2, state="completed")

    SessionLock(tmp_path, finish).release()


def test_a_session_that_ended_elsewhere_is_taken_at_once(tmp_path: Path) -> None:
    note(tmp_path, **ELSEWHERE)
    status(tmp_path, **ELSEWHERE, beat=1, state="interrupted")
    SessionLock(tmp_path, pytest.fail).release()


def test_a_container_of_this_machine_that_is_known_to_be_silent_is_not_waited_for(
    tmp_path: Path,
) -> None:
    other = {"pid": 7, "pid_namespace": 1}
    note(tmp_path, **other)
    status(tmp_path, **other, heartbeat_boottime=boottime() - 60)
    SessionLock(tmp_path, pytest.fail).release()


def test_of_two_machines_that_waited_for_the_same_session_one_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(tmp_path, **ELSEWHERE)
    status(tmp_path, **ELSEWHERE, beat=1)
    sleep = time.sleep

    def other_comes(seconds: float) -> None:
        if seconds == module.CONFIRM_S:
            note(tmp_path, **{**ELSEWHERE, "host": "third", "pid": 9})
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", other_comes)
    with pytest.raises(SessionHeld, match="process 9 on third"):
        SessionLock(tmp_path)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("no_locks")
def test_where_there_are_no_locks_a_process_that_runs_holds_it(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(SessionHeld, match=f"process {process.pid}"):
            SessionLock(tmp_path)
    finally:
        end(process)


@pytest.mark.usefixtures("no_locks")
def test_where_there_are_no_locks_a_process_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    note(tmp_path, process_start_ticks=1)
    with SessionLock(tmp_path, pytest.fail) as lock:
        lock.check()
