"""Writing to disk so that nobody ever sees half a file, with errors that name the remedy."""

import contextlib
import errno
import os
import threading
from pathlib import Path

from tttui.model.errors import TttuiError

TEMPORARY = ".tttui-tmp"
"""How the hidden names end under which files are written before they replace others."""


def write_whole(path: Path, data: bytes, *, parents: bool = False) -> None:
    """Replace a file by `data`, or leave it as it was: temporary file, sync, rename, sync.

    With `parents` missing directories are made; else the directory of a run that was moved or
    deleted does not come back. Raises TttuiError naming the file and the remedy.
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}"
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        handle = os.open(temporary, flags, 0o666)
        try:
            write_all(handle, data, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
        sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise write_error(path, error) from error


def write_over(path: Path, data: bytes) -> None:
    """Write `data` over what a file holds: for a disk that has no room for another file.

    A small file keeps the block that it has; who reads it meanwhile may see both mixed. Raises
    TttuiError naming the file and the remedy.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            write_all(handle, data, 0)
            os.ftruncate(handle, len(data))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error


def remove_temporaries(directory: Path) -> None:
    """Delete what a killed writer left of files that it was replacing."""
    for path in directory.glob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            path.unlink()


def write_all(handle: int, data: bytes | memoryview, offset: int) -> None:
    """Write every byte at the offset; raises OSError, possibly with some of them written."""
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, offset)
        offset += written
        view = view[written:]


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power failure, where the filesystem can."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def write_error(path: Path, error: OSError) -> TttuiError:
    """What a person is told when a file cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TttuiError(
            f"{path}: the disk is full or the quota is used up: free some space, then resume; "
            "nothing written before is damaged"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return TttuiError(
            f"{path}: may not be written ({error.strerror}); check the owner and the mode of "
            f"{path.parent}, or choose another --root"
        )
    if error.errno == errno.ENOENT:
        return TttuiError(f"{path}: cannot be written: its directory was moved or deleted")
    return TttuiError(f"{path}: cannot be written: {error.strerror or error}")
