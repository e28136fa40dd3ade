"""A short lock among all processes of a machine."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tttui.artifacts.regular import open_regular
from tttui.model.errors import TttuiError

PATIENCE_S = 5.0
"""Seconds after which waiting for a lock that is held for moments ends with an error."""

NAP_S, LONGEST_NAP_S = 1e-4, 1e-3
"""Seconds between two looks whether the lock is free."""


@contextmanager
def locked(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the kernel's lock on a file, which is made where it is missing.

    Never waits for ever: a process that was stopped (SIGSTOP) keeps its locks. A process that
    dies frees them. Raises TttuiError after `patience_s` seconds, OSError where the file cannot
    be opened; where the filesystem has no locks nothing is held.
    """
    handle = open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        deadline, nap = time.monotonic() + patience_s, NAP_S
        while not _taken(handle):
            if time.monotonic() > deadline:
                raise TttuiError(
                    f"{path}: another process has held this lock for {patience_s:g} s; "
                    f"`fuser {path}` names it: let it go on or end it, then try again"
                )
            time.sleep(nap)
            nap = min(2 * nap, LONGEST_NAP_S)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    """Whether the lock is ours now, or there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True
