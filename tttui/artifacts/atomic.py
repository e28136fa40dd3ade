"""Writing to disk so that nobody ever sees half a file, with errors that name the remedy."""

import contextlib
import errno
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from tttui.artifacts.regular import (
    INNER_FOLDERS,
    WRITTEN_IN_PLACE,
    NotRegular,
    open_regular,
    refuse_link,
    refuse_linked_folder,
)
from tttui.model.errors import RefusedInput, TttuiError

TEMPORARY = ".tttui-tmp"
"""How the hidden names end under which files are written before they replace others."""


def refuse_links(directory: Path) -> None:
    """Refuse links among the files that a run writes, before it writes anything.

    Raises RefusedInput naming the link and the remedy.
    """
    for name in (*INNER_FOLDERS, *WRITTEN_IN_PLACE):
        try:
            refuse_link(directory / name)
        except OSError as error:
            raise write_error(directory / name, error) from None


def write_whole(
    path: Path, data: bytes | Iterable[bytes | memoryview], *, parents: bool = False
) -> None:
    """Replace a file by `data`, or leave it as it was: temporary file, sync, rename, sync.

    A large file comes in blocks, which may be read from the file that is replaced. With `parents`
    missing directories are made; else the directory of a run that was moved or deleted does not
    come back. Raises TttuiError naming the file and the remedy.
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}"
    try:
        refuse_linked_folder(path)
    except OSError as error:
        raise write_error(path, error) from error
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        # What stands under this name was left by a process of the same id, or put there.
        temporary.unlink(missing_ok=True)
        handle = open_regular(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            offset = 0
            for block in (data,) if isinstance(data, bytes) else data:
                write_all(handle, block, offset)
                offset += len(block)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
        sync_directory(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def write_over(path: Path, data: bytes) -> None:
    """Overwrite a file in place: for a disk without room for another file.

    A small file keeps the block that it has; who reads it meanwhile may see both mixed. Raises
    TttuiError naming the file and the remedy.
    """
    try:
        handle = open_regular(path, os.O_RDWR)
        try:
            write_all(handle, data, 0)
            os.ftruncate(handle, len(data))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error


def remove_temporaries(directory: Path) -> None:
    """Delete the temporary files of a killed writer."""
    try:
        refuse_linked_folder(directory / TEMPORARY)
    except OSError:
        return
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
    """The error for a file that cannot be written, with the remedy."""
    if isinstance(error, NotRegular):
        return RefusedInput(f"{error.filename or path}: {error.strerror}")
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
