"""Opening files of a directory that somebody else may have made.

Only regular files are opened, without ever waiting (a FIFO or a device would hold the reader),
and no link is followed out of the directory that the file lies in. All functions raise OSError
for what cannot be opened, and NotRegular, which is one, for what must not be.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegular(OSError):
    """What stands under the name of a file is something else; `strerror` says what."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, what, str(path))


_KINDS = (
    (stat.S_ISDIR, "is a directory, not a file"),
    (stat.S_ISFIFO, "is a named pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
    (stat.S_ISLNK, "is a link, which is not followed"),
)


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """A file descriptor of a regular file.

    To read, a link is followed only while it stays in the file's directory; to write, none is.
    """
    if flags & (os.O_WRONLY | os.O_RDWR):
        flags |= os.O_NOFOLLOW
    elif path.is_symlink():
        _refuse_leaving(path)
    try:
        handle = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            _refuse(path, os.lstat(path).st_mode)
        raise
    found = os.fstat(handle).st_mode
    if not stat.S_ISREG(found):
        os.close(handle)
        _refuse(path, found)
    return handle


def open_to_read(path: Path) -> BinaryIO:
    """An unbuffered regular file, opened for reading."""
    return os.fdopen(open_regular(path), "rb", buffering=0)


def read_bytes(path: Path, limit: int) -> bytes:
    """All bytes of a regular file; one of more than `limit` bytes is refused unread."""
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise NotRegular(path, f"has {size} bytes; more than {limit} are not read")
        parts = []
        left = limit
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _refuse_leaving(path: Path) -> None:
    directory = os.path.realpath(path.parent)
    target = os.path.realpath(path)
    if os.path.commonpath((directory, target)) != directory:
        raise NotRegular(path, "is a link that leads out of its directory, which is not followed")


def _refuse(path: Path, mode: int) -> None:
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise NotRegular(path, what)
