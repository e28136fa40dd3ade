"""Directories that are filled under a hidden name and then renamed, and the removal of abandoned
ones.

`.NAME.new-HHHHHHHHRRRRRRRR` lies beside its place; H stands for the host, R is random. Its maker
holds a lock on a file in it from the first moment to the rename. The kernel frees the lock when
the maker ends, however that was, so a directory of this host whose lock can be had was abandoned.
What another host makes (its locks may not be seen here), and what an older version left, counts
as abandoned when it is old.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from tttui.artifacts.atomic import TEMPORARY

LOCK = f".made{TEMPORARY}"
"""In the directory while it is filled. Should a crash leave it in a finished session, it is
removed with what other temporary files there are."""

OLD_S = 600.0
"""Age in seconds at which nobody can be filling a directory any more: that takes a moment."""

ATTEMPTS = 16

_NAME = re.compile(r"\..+\.new-(?P<host>[0-9a-f]{8})[0-9a-f]{8}")
_NAME_BEFORE = re.compile(r"\..+\.new-\d+")
"""How an older version called them, after its process."""


@contextmanager
def hidden_directory(place: Path) -> Iterator[Path]:
    """An empty directory beside `place`, to be filled and renamed; removed if it is still there.

    Raises OSError where it cannot be made.
    """
    building, handle = _made(place)
    try:
        yield building
    finally:
        if building.is_dir():
            shutil.rmtree(building, ignore_errors=True)
        elif _is_at(handle, place / LOCK):
            with contextlib.suppress(OSError):
                (place / LOCK).unlink()
        os.close(handle)


def remove_abandoned(root: Path) -> list[Path]:
    """Delete the hidden directories in `root` whose makers are gone; returns their paths."""
    removed = []
    for path in _hidden(root):
        handles = _taken(path, make=True)
        if handles:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
        _close(handles)
    return removed


def abandoned(root: Path) -> list[Path]:
    """The hidden directories in `root` whose makers have ended. Changes nothing."""
    paths = []
    for path in _hidden(root):
        handles = _taken(path, make=False)
        if handles:
            paths.append(path)
        _close(handles)
    return paths


def _made(place: Path) -> tuple[Path, int]:
    """Make a new directory with a lock on it, before another process can take it for abandoned."""
    place.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    for _ in range(ATTEMPTS):
        building = place.parent / f".{place.name}.new-{_host()}{secrets.token_hex(4)}"
        try:
            building.mkdir()
            handle = os.open(building / LOCK, flags, 0o666)
        except (FileExistsError, FileNotFoundError):
            continue
        if _lock(handle) is not False and _is_at(handle, building / LOCK):
            return building, handle
        os.close(handle)
    raise OSError(errno.EAGAIN, "other processes take it away again and again")


def _host() -> str:
    return f"{crc32(socket.gethostname().encode()):08x}"


def _hidden(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [
        root / name
        for name in sorted(names)
        if _NAME.fullmatch(name)
        or (_NAME_BEFORE.fullmatch(name) and (root / name / "session").is_dir())
    ]


def _taken(path: Path, *, make: bool) -> list[int]:
    """The lock on an abandoned directory; empty for all others.

    `make`: create a missing lock file, so that a maker that is about to lock it fails and takes
    another name.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return []
    handles = [folder]
    name = _NAME.fullmatch(path.name)
    is_old = time.time() - os.fstat(folder).st_mtime > OLD_S
    is_ours = name is not None and name["host"] == _host()
    free: bool | None = None
    if is_ours:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if make else 0)
        try:
            handles.append(os.open(LOCK, flags, 0o666, dir_fd=folder))
            free = _lock(handles[-1])
            if not _is_at(handles[-1], path / LOCK):
                free = False
        except FileNotFoundError:
            free = True
        except OSError:
            free = False
    if free or (free is None and is_old):
        return handles
    _close(handles)
    return []


def _close(handles: Iterable[int]) -> None:
    for handle in handles:
        os.close(handle)


def _lock(handle: int) -> bool | None:
    """Take the kernel's lock; False where somebody has it, None where there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS) else False
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False
