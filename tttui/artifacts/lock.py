"""One writer a session: locks of the kernel, and where they do not reach, a heartbeat that moves.

The kernel frees a lock when its holder ends, however it ends, so a dead holder never blocks. A
writer holds two. The one on run.lock decides; nobody else may open that file, since whoever can
open a file can hold its lock. The one on the directory stays when somebody deletes run.lock
under a live run. Everyone who may read the directory can hold that one, so it decides nothing:
it only makes the next writer look twice.

Filesystems that are shared between machines may keep locks to each of them, or have none. So a
session whose last writer was elsewhere (on another machine, in another container) is watched
for STALE_S first: it is free when neither the heartbeat in status.json nor the note in run.lock
changes. Clocks are never compared. The owner in turn calls `check` with every heartbeat, and
stops where another process has the session after all.
"""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.jsonfile import decode, number, read_object
from tttui.artifacts.processes import Process, boottime, own_process
from tttui.artifacts.regular import open_regular, read_bytes
from tttui.artifacts.status import STALE_S, ago, as_written
from tttui.model.errors import SessionHeld, SessionTaken, TttuiError
from tttui.model.shell import command_line

LOCK_FILE = "run.lock"

LOOK_S = 0.1
"""Seconds between two looks whether a writer elsewhere still writes."""

CONFIRM_S = 1.0
"""Seconds within which another that waited for the same session has left its note, too."""

LARGEST_NOTE = 1 << 16

_ATTEMPTS = 20
"""Lock files that may be deleted while they are taken, before that is an error."""

Record = Mapping[str, Any]

OnWait = Callable[[str], object]
"""Gets a sentence for a person on why something lasts."""


class SessionLock:
    """Holds a session directory for this process until it is released or the process ends.

    `on_wait` receives the reason, for a person, if taking it lasts up to STALE_S. Raises
    SessionHeld naming the holder; TttuiError where the lock file cannot be made.
    """

    def __init__(self, directory: Path, on_wait: OnWait | None = None) -> None:
        self.directory = directory
        self.path = directory / LOCK_FILE
        self._on_wait = on_wait
        self._handle = self._folder = -1
        self._note = b""
        try:
            self._take()
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise write_error(self.path, error) from error
            raise

    def release(self) -> None:
        """Free the session; releasing twice is fine."""
        with suppress(OSError):  # also where it is released already
            # What is in it may be the note of another machine, that took it over.
            if os.pread(self._handle, LARGEST_NOTE, 0) == self._note:
                os.ftruncate(self._handle, 0)
        self._close()

    def forget(self) -> None:
        """Close the lock's files in a forked child; the owner keeps the lock."""
        self._close()

    def check(self) -> None:
        """Make sure that this process still has the session; a lost lock file is made again.

        Raises SessionTaken where another process has it: then nothing more may be written.
        """
        try:
            if not os.path.samestat(os.fstat(self._folder), os.stat(self.directory)):
                raise SessionTaken(
                    f"{self.directory}: another directory is in its place, so this run ends; the "
                    "session lies where the directory was moved to"
                )
            if not _is_at(self._handle, self.path):
                self._take_again()
            elif (note := self._read_note()) != self._note:
                self._give_way(_record(note))
                self._write_note()
        except FileNotFoundError:
            pass  # the directory is gone: whatever is written next says so
        except OSError as error:
            raise write_error(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _take(self) -> None:
        self._handle, self._kernel_decides = self._locked_file()
        self._folder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        waited = self._see_that_nobody_writes(_flock(self._folder) is not False)
        self._write_note()
        if waited:
            # Another machine may have waited with us; the note of the last to come stays.
            time.sleep(CONFIRM_S)
            if (note := self._read_note()) != self._note:
                raise self._holder_error(_record(note))

    def _locked_file(self) -> tuple[int, bool]:
        """run.lock, locked; and whether the kernel has locks here."""
        for _ in range(_ATTEMPTS):
            handle = _open(self.path)
            try:
                taken = _flock(handle)
                if taken is False:
                    raise self._locked()
                if _is_at(handle, self.path):
                    return handle, taken is True
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        raise SessionHeld(f"{self.path}: is deleted again and again while it is taken; try later")

    def _take_again(self) -> None:
        """Make a deleted run.lock again, or take the file that replaced it."""
        handle = _open(self.path)
        try:
            self._give_way(_record(self._read_note()))
            taken = _flock(handle) is not False
        except BaseException:
            os.close(handle)
            raise
        if not taken:
            # Somebody looks whether this process still writes, and leaves when that shows.
            os.close(handle)
            return
        os.close(self._handle)
        self._handle = handle
        self._write_note()

    def _give_way(self, note: Record) -> None:
        process = Process.of(note)
        if process.pid is not None and not process.is_this:
            raise self._taken(note)

    def _see_that_nobody_writes(self, alone: bool) -> bool:
        """Raise SessionHeld if another process writes; True: only waiting can show it.

        `alone`: no other process has the lock of the directory.
        """
        seen = self._traces()
        suspect = self._suspect(*seen)
        if suspect is None and alone:
            return False
        if self._on_wait is not None:
            who = "a process that locks its directory" if suspect is None else _holder(suspect)
            self._on_wait(
                f"{self.directory}: waiting up to {STALE_S:.0f} s to see whether {who} "
                "still writes it"
            )
        end = time.monotonic() + STALE_S
        while time.monotonic() < end:
            time.sleep(LOOK_S)
            alone = alone or _flock(self._folder) is not False
            if (now := self._traces()) != seen:
                seen, suspect = now, self._suspect(*now)
                if suspect is not None:
                    raise self._holder_error(suspect)
            if suspect is None and alone:
                return False
        return suspect is not None

    def _suspect(self, raw: Record, note: bytes) -> Record | None:
        """The traces of a remote writer that may still run; raises for a local one."""
        status = as_written(raw)
        writer, holder = Process.of(raw), Process.of(_record(note))
        suspects: list[tuple[Record, Process, bool]] = []
        if status.steerable:
            suspects.append((raw, writer, True))
        if holder != writer:
            # It has not reported yet; one of this machine would have the lock, if there are locks.
            suspects.append((_record(note), holder, not self._kernel_decides))
        for record, process, may_run in suspects:
            if process.pid is None or process.is_this:
                continue
            if not process.is_here:
                beat = status.heartbeat_boottime if record is raw else None
                if beat is None or boottime() - beat <= STALE_S:
                    return record
            elif may_run and process.runs():
                raise self._holder_error(record)
        return None

    def _traces(self) -> tuple[Record, bytes]:
        """The traces of a writer: status.json, and the note in run.lock."""
        raw: Record = {}
        with suppress(TttuiError, OSError):
            raw = read_object(self.directory / "status.json")
        return raw, self._read_note()

    def _read_note(self) -> bytes:
        try:
            return read_bytes(self.path, LARGEST_NOTE)
        except OSError:
            return b""

    def _write_note(self) -> None:
        note = {**own_process(), "taken_at": time.time(), "taken_boottime": boottime()}
        self._note = json.dumps(note).encode() + b"\n"
        os.ftruncate(self._handle, 0)
        write_all(self._handle, self._note, 0)

    def _locked(self) -> TttuiError:
        """Why run.lock could not be locked."""
        note = _record(self._read_note())
        process = Process.of(note)
        if process.pid is None or (process.is_here and not process.runs()):
            return SessionHeld(
                f"{self.path} is locked by a process that did not write its id there; try again, "
                f"and if no run writes {self.directory}, delete {self.path}"
            )
        return self._holder_error(note)

    def _holder_error(self, record: Record) -> SessionHeld:
        with suppress(TttuiError, OSError):
            if as_written(read_object(self.directory / "status.json")).state == "paused":
                return SessionHeld(
                    f"{self.directory} is paused, {_holder(record)} has it; "
                    f"`{command_line('tttui', 'continue', self.directory)}` lets it go on"
                )
        return SessionHeld(
            f"{self.directory} is being written by {_holder(record)}; "
            f"`{command_line('tttui', self.directory)}` shows it, "
            f"`{command_line('tttui', 'stop', self.directory)}` ends it"
        )

    def _taken(self, note: Record) -> SessionTaken:
        return SessionTaken(
            f"{self.directory}: {_holder(note)} has taken the session over, so this one "
            f"ends and writes nothing more; `{command_line('tttui', self.directory)}` shows it"
        )

    def _close(self) -> None:
        # The directory first: who gets run.lock then finds nobody there.
        for handle in (self._folder, self._handle):
            if handle >= 0:
                os.close(handle)
        self._folder = self._handle = -1


def _open(path: Path) -> int:
    """Open run.lock, made if missing; unreadable to users who may not write it."""
    # With these bits the user's umask decides on the group; that it may write shows afterwards.
    handle = open_regular(path, os.O_RDWR | os.O_CREAT, 0o620)
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    needed = (mode & 0o700) | (0o060 if mode & 0o020 else 0)
    if mode != needed:
        with suppress(OSError):  # somebody else's, or a filesystem without modes
            os.fchmod(handle, needed)
    return handle


def _flock(handle: int) -> bool | None:
    """Take the kernel's lock: False where another has it, None where the filesystem has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # NFS locks no file that is not open for writing, so no directory.
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EINVAL):
            return None
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one under its name; False if there is none."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _record(note: bytes) -> Record:
    """The keys of a note; empty if it is invalid."""
    try:
        record = decode(note)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _holder(record: Record) -> str:
    """`process 4242 (it began 3 min ago)`, `process 7 on elsewhere`."""
    process = Process.of(record)
    if process.pid is None:
        return "another process"
    if not process.is_here:
        return f"process {process.pid} on {process.where}"
    taken, key = boottime(), "taken_boottime"
    if not process.shares_clock:  # an older file
        taken, key = time.time(), "taken_at"
    then = number(record.get(key))
    began = "" if then is None else f" (it began {ago(max(0.0, taken - then))})"
    return f"process {process.pid}{began}"
