"""One writer a session: an flock that dies with its process, and a note of who holds it.

The kernel frees the lock when the holder ends, however it ends, so a dead holder never blocks.
Filesystems that are shared between hosts may keep flock to one host (older NFS, some FUSE ones)
or have none at all: there the note decides. A holder on another host counts as alive while the
heartbeat in status.json, or the note itself, is younger than STALE_S; so after a host has died
its sessions are free some 15 seconds later.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.jsonfile import decode, number, read_object, whole
from tttui.artifacts.status import STALE_S, ago, own_process, process_runs
from tttui.model.errors import SessionHeld, TttuiError
from tttui.model.shell import command_line

LOCK_FILE = "run.lock"


class SessionLock:
    """Holds a session directory for this process until it is released or the process ends.

    Raises SessionHeld naming the holder; TttuiError where the lock file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / LOCK_FILE
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise write_error(self.path, error) from error
        try:
            kernel_decides = self._flock()
            self._respect_note(kernel_decides)
            note = {**own_process(), "taken_at": time.time()}
            os.ftruncate(self._handle, 0)
            write_all(self._handle, json.dumps(note).encode() + b"\n", 0)
        except OSError as error:
            os.close(self._handle)
            raise write_error(self.path, error) from error
        except TttuiError:
            os.close(self._handle)
            raise

    def release(self) -> None:
        """Free the session; releasing twice is fine."""
        if self._handle < 0:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
        os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _flock(self) -> bool:
        """Take the kernel's lock; False where the filesystem has none."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                return False
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise self._held(_note(self.path)) from None
        return True

    def _respect_note(self, kernel_decides: bool) -> None:
        note = _note(self.path)
        if not note:
            return
        if note.get("host") == socket.gethostname():
            pid = whole(note.get("pid"))
            alive = pid is not None and process_runs(pid, number(note.get("process_started_at")))
            if alive and not kernel_decides:
                raise self._held(note)
            return
        beats = [number(note.get("taken_at"))]
        with contextlib.suppress(TttuiError, OSError):
            beats.append(number(read_object(self.directory / "status.json").get("heartbeat_at")))
        if any(beat is not None and time.time() - beat < STALE_S for beat in beats):
            raise self._held(note)

    def _held(self, note: Mapping[str, Any]) -> SessionHeld:
        return SessionHeld(
            f"{self.directory} is being written by {_holder(note)}; "
            f"`{command_line('tttui', self.directory)}` shows it, "
            f"`{command_line('tttui', 'stop', self.directory)}` ends it"
        )


def _holder(note: Mapping[str, Any]) -> str:
    """`process 4242 on this host since 3 min ago`."""
    pid, host, taken = whole(note.get("pid")), note.get("host"), number(note.get("taken_at"))
    if pid is None:
        return "another process"
    who = f"process {pid}"
    if host != socket.gethostname():
        who += f" on {host}"
    if taken is not None:
        who += f" (it began {ago(max(0.0, time.time() - taken))})"
    return who


def _note(path: Path) -> Mapping[str, Any]:
    """What the holder wrote; empty where nobody did."""
    try:
        note = decode(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
