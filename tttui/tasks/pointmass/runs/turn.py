"""One training for all sessions that wait for the same base."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from tttui.artifacts.regular import open_regular, read_bytes

FILE = "training.lock"

LONGEST_NAME = 1 << 10
"""Bytes of the name in the file."""


class Turn:
    """Whose turn it is to train a base, among the processes of one machine.

    A process that ends, however it does, gives its turn back. Where the filesystem has no locks
    everybody has a turn, which costs nothing but time.
    """

    def __init__(self, folder: Path, session: str) -> None:
        self._path = folder / FILE
        self._session = session
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether this session may train now."""
        if self._handle is not None:
            return True
        try:
            handle = open_regular(self._path, os.O_RDWR | os.O_CREAT)
        except OSError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            pass
        self._handle = handle
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, self._session.encode(errors="surrogateescape"), 0)
        return True

    def whose(self) -> str:
        """The name of the session that trains; '' where it is not known."""
        with suppress(OSError):
            return read_bytes(self._path, LONGEST_NAME).decode(errors="surrogateescape")
        return ""

    def give(self) -> None:
        """Let another session train."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
