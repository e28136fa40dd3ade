"""Opening files of a session directory that somebody else may have made.

Only regular files are opened, without ever waiting (a FIFO or a device would hold the reader),
and only up to a size that no real run reaches. To read, no link is followed out of the session
directory, be it the file itself or a folder on the way to it; to write or to delete, none at all.
The session directory itself may be a link. All functions raise OSError for what cannot be opened,
and NotRegular, which is one, for what must not be.
"""

import errno
import os
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

LARGEST_OBJECT = 8 << 20
"""Bytes of a JSON object (meta, metrics, status); real: some KB."""

LARGEST_CHANGES = 4 << 20
"""Bytes of interventions.jsonl; real: 100 a change."""

LARGEST_LIST = 128 << 20
"""Bytes of a list in JSON (transactions, trajectory); real: some 100 a step or transaction."""

LARGEST_TABLE = 1 << 30
"""Bytes of a file that is read in blocks (CSV, JSON lines); real: 45 MB for a million steps."""

LARGEST_TENSORS = 1 << 44
"""Bytes of a .safetensors file, of which only what is looked at is read; real: 20 GB for 10^10
parameters."""

LARGEST_CHECKPOINT = 100 << 20
"""Bytes of a .pt file, which is read whole, and two checkpoints are looked at together; real:
64 MB for a matrix of 4096 x 4096."""

BLOCK = 1 << 18
"""Bytes of a block of a file that is read a piece at a time."""

INNER_FOLDERS = ("session", "control")
"""Folders of a run directory; those of a store's session are runs/<run>."""

WRITTEN_IN_PLACE = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "weights_history.npy",
    "interventions.jsonl",
    "status.json",
    "run.log",
    "run.out",
    "run.lock",
    "system.csv",
    "pretraining.csv",
)
"""Files of a run that grow, or are written in place."""

OUTSIDE_SESSION = frozenset(
    {
        *WRITTEN_IN_PLACE,
        "trajectory.json",
        "series.csv",
        "scores.csv",
        "document.bin",
        "tokens.f16",
        "base_plastic.pt",
        "base_plastic.safetensors",
        "update_events.json",
        "pretraining_state.pt",
        "base_checkpoint.pt",
        "base_meta.json",
    }
)
"""Files that never lie in session/: where one lies in a folder of this name, the folder is the
session directory itself."""

_KINDS = (
    (stat.S_ISDIR, "is a directory, not a file: remove it"),
    (stat.S_ISFIFO, "is a named pipe, not a file: remove it"),
    (stat.S_ISSOCK, "is a socket, not a file: remove it"),
    (stat.S_ISCHR, "is a device, not a file: remove it"),
    (stat.S_ISBLK, "is a device, not a file: remove it"),
)

_WRITTEN_THROUGH = (
    "is a link, and nothing is written through links: put what it leads to in its place"
)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class NotRegular(OSError):
    """A path is no regular file; `strerror` says what it is."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, what, str(path))


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """A file descriptor of a regular file of a session.

    To read, links are followed as long as they stay in the session directory; to write, none is.
    """
    if flags & _WRITING:
        refuse_link(path)
        flags |= os.O_NOFOLLOW
    elif not _through_link(path):
        flags |= os.O_NOFOLLOW
    try:
        there = os.stat(path)  # a device does things when it is opened
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegular(path, "is a link in a circle: remove it") from None
        if not (isinstance(error, FileNotFoundError) and flags & os.O_CREAT):
            raise
    else:
        _refuse_other(path, there.st_mode)
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    try:
        _refuse_other(path, os.fstat(handle).st_mode)
    except NotRegular:
        os.close(handle)
        raise
    return handle


def limit_of(path: Path) -> int:
    """The size limit in bytes for reading a file of this name."""
    name = path.name
    if path.suffix == ".pt":
        return LARGEST_CHECKPOINT
    if path.suffix == ".safetensors":
        return LARGEST_TENSORS
    if name in ("update_events.json", "trajectory.json"):
        return LARGEST_LIST
    if name == "interventions.jsonl":
        return LARGEST_CHANGES
    if path.suffix == ".json":
        return LARGEST_OBJECT
    return LARGEST_TABLE


def open_to_read(path: Path, limit: int | None = None) -> FileIO:
    """An unbuffered regular file, opened for reading; one larger than `limit` is refused."""
    handle = open_regular(path)
    try:
        _refuse_large(path, os.fstat(handle).st_size, limit)
        return os.fdopen(handle, "rb", buffering=0)
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """All bytes of a regular file; one of more than `limit` bytes is refused.

    Without a limit that is the one of its kind, of a table the one of a checkpoint: it is meant
    to be read in blocks.
    """
    limit = min(limit_of(path), LARGEST_CHECKPOINT) if limit is None else limit
    with open_to_read(path, limit) as file:
        # Read at once, so that it is in memory once; the rest was appended meanwhile.
        data = file.read(os.fstat(file.fileno()).st_size + 1)
        while part := file.read(1 << 20):
            data += part
            _refuse_large(path, len(data), limit)
        return data


def read_below(folder: int, path: str, known: os.stat_result) -> bytes:
    """All bytes of a JSON file at `path` below an open directory, for callers that read thousands.

    `known` is its `os.stat` without following links; a link is refused. Raises as `read_bytes`.
    """
    if not stat.S_ISREG(known.st_mode) or known.st_size > LARGEST_OBJECT:
        raise NotRegular(Path(path), "is no file, or too large a one")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    handle = os.open(path, flags, dir_fd=folder)
    try:
        data = os.read(handle, known.st_size + 1)
    finally:
        os.close(handle)
    return data


def blocks_of(
    path: Path, begin: int = 0, end: int | None = None, limit: int | None = None
) -> Iterator[bytes]:
    """The bytes [begin, end) of a regular file, a block at a time, so that what is in memory stays
    small; fewer where the file ends before. Limits are as for `open_to_read`."""
    with open_to_read(path, limit) as file:
        file.seek(begin)
        left = None if end is None else end - begin
        while left is None or left > 0:
            block = file.read(BLOCK if left is None else min(BLOCK, left))
            if not block:
                return
            left = None if left is None else left - len(block)
            yield block


def sha256_of(path: Path) -> str:
    """The SHA-256 of a regular file, in hexadecimal digits. Raises as `open_to_read`."""
    import hashlib  # brings a library of ciphers along, which nothing else needs at first

    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()


def stat_regular(path: Path, limit: int | None = None) -> os.stat_result:
    """The state of a regular file that could be opened to read; the others raise as there."""
    _through_link(path)
    status = os.stat(path)
    _refuse_other(path, status.st_mode)
    _refuse_large(path, status.st_size, limit)
    return status


def refuse_link(path: Path) -> None:
    """Raise NotRegular where a file that is to be written or deleted, or the folder of the
    session that it lies in, is a link. The file need not be there."""
    refuse_linked_folder(path)
    if path.is_symlink():
        raise NotRegular(path, _WRITTEN_THROUGH)


def refuse_linked_folder(path: Path) -> None:
    """Raise NotRegular where the folder of a session in which a file is written is a link."""
    if session_directory(path) != path.parent and path.parent.is_symlink():
        raise NotRegular(path, f"lies in {path.parent.name}, which {_WRITTEN_THROUGH}")


def folder_to_write(path: Path, mode: int = 0o777) -> Path:
    """The folder itself, made where it is missing. Raises NotRegular where it is a link."""
    if path.is_symlink():
        raise NotRegular(path, _WRITTEN_THROUGH)
    path.mkdir(mode, exist_ok=True)
    return path


def remove(path: Path) -> bool:
    """Delete a file of a session, or a link of that name, unless it lies behind a link; whether
    it was there."""
    refuse_linked_folder(path)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def leads_out(path: Path, root: Path) -> bool:
    """Whether a link at or above `path`, but below the directory `root`, leads out of that."""
    while path != root and not path.is_symlink():
        if path.parent == path:
            return True
        path = path.parent
    if path == root:
        return False
    try:
        directory, target = os.path.realpath(root), os.path.realpath(path)
        return os.path.commonpath((directory, target)) != directory
    except (OSError, ValueError):
        return True


def session_directory(path: Path) -> Path:
    """The session directory that a file lies in, by the layouts that sessions have."""
    folder = path.parent
    name = folder.name or folder.absolute().name
    if name in INNER_FOLDERS and path.name not in OUTSIDE_SESSION:
        return folder.parent
    runs = folder.absolute().parent
    if runs.name == "runs" and _is_store_session(runs.parent):
        return folder.parent.parent
    return folder


def _is_store_session(path: Path) -> bool:
    return path.parent.name == "sessions" or os.path.lexists(path / "meta.json")


def _through_link(path: Path) -> bool:
    """Whether a link is on the way to a file of a session. Raises NotRegular where it leads out."""
    root = session_directory(path)
    linked, part = False, path
    while part != root:
        if part.is_symlink():
            if leads_out(part, root):
                name = "" if part == path else f"lies in {part.name}, which "
                raise NotRegular(
                    path,
                    f"{name}is a link that leads out of the session directory and is not "
                    "followed: put what it leads to in its place",
                )
            linked = True
        if part.parent == part:
            break
        part = part.parent
    return linked


def _refuse_large(path: Path, size: int, limit: int | None) -> None:
    limit = limit_of(path) if limit is None else limit
    if size > limit:
        raise NotRegular(path, f"has {size} bytes; more than {limit} are not read")


def _refuse_other(path: Path, mode: int) -> None:
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise NotRegular(path, what)
    if not stat.S_ISREG(mode):
        raise NotRegular(path, "is no file: remove it")
