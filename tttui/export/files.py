"""Export files: free names, allowed directories, atomic writes."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.atomic import write_whole
from tttui.export.columns import csv_of
from tttui.export.request import FORMATS, OF_TRANSACTIONS, TABLES_ONLY, ExportRequest
from tttui.export.tables import table_of
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import resolved
from tttui.model.session import Place
from tttui.model.text import shortened

FOLDER = "exports"

LONGEST = 200
"""Bytes of a file's name without its ending; filesystems allow 255 with it."""


def export(request: ExportRequest, format: str, target: Path) -> Path:
    """Write one figure or table to `target` (a file, or a directory for a free name in it).

    Returns the file's path. Raises TttuiError naming the file and the remedy. Importing
    matplotlib takes a second: call this in a thread where somebody waits.
    """
    if format not in FORMATS:
        raise RefusedInput(f"format {format!r} is unknown; choose from {', '.join(FORMATS)}")
    request = request.checked()
    if request.what in TABLES_ONLY and format != "csv":
        raise RefusedInput(f"{request.what} is a table without a figure; choose csv")
    if format == "csv":
        data = csv_of(table_of(request))
    else:
        from tttui.export.figures import rendered

        data = rendered(request, format)
    return write(data, target, f"{stem(request)}.{format}")


def write(data: bytes, target: Path, name: str) -> Path:
    """Write whole to the file `target`, or as `name` (made unique) where it is a directory."""
    path = free_path(target, name) if is_directory(target) else target
    try:
        write_whole(path, data, parents=True)
    except TttuiError as error:
        raise _write_error(path, error) from error
    return path


def is_directory(target: Path) -> bool:
    """Whether a target names a directory: it is one, or has no suffix of a file."""
    return target.is_dir() or target.suffix.removeprefix(".") not in FORMATS


def stem(request: ExportRequest) -> str:
    """`demo-weights-t320`: what a file without a name of its own is called."""
    if request.what == "sessions":
        return request.what
    parts = [shortened(request.data.place.name, LONGEST // 2), request.what]
    if request.what == "ghost" and request.ghost_mu is not None:
        parts.append(f"mu{request.ghost_mu:g}")
    if request.what in ("weights", "moved") and request.aspect != "value":
        parts.append(request.aspect)
    if request.what in ("weights", "moved", "spectrum"):
        parts.append(f"t{request.at}")
    elif request.window is not None and request.window != (request.first, request.last):
        parts.append(f"{request.window[0]}-{request.window[1]}")
    if request.what in OF_TRANSACTIONS and request.statuses is not None:
        parts += [status.removeprefix("rollback_") for status in sorted(request.statuses)]
    if request.what in OF_TRANSACTIONS and request.query:
        parts.append("query")
    return file_name("-".join(parts))


def file_name(text: str) -> str:
    """The text as a part of a file's name that needs no quoting, short enough for endings."""
    return shortened(re.sub(r"[^\w.-]+", "_", text).lstrip("-"), LONGEST)


def free_path(directory: Path, name: str) -> Path:
    """A path in the directory that does not exist: `name`, or with -2, -3 ... before the suffix."""
    path = directory / name
    k = 2
    while path.exists():
        path = directory / f"{Path(name).stem}-{k}{Path(name).suffix}"
        k += 1
    return path


def default_directory(places: Sequence[Place], cwd: Path | None, home: Path | None) -> Path:
    """`exports` in the working directory, or in the home where that belongs to a session.

    Raises RefusedInput where there is neither.
    """
    if cwd is not None and owner(cwd / FOLDER, places) is None:
        return cwd / FOLDER
    if home is None:
        raise RefusedInput("There is no directory to export to: no home, and none to work in")
    return home / f"tttui-{FOLDER}"


def owner(path: Path, places: Sequence[Place]) -> Path | None:
    """The session's directory (or the foreign store) that a path lies in; None outside."""
    real = resolved(path)
    for place in places:
        root = place.path.parent.parent if place.layout == "store" else place.path
        if real.is_relative_to(resolved(root)):
            return root
    return None


def _write_error(path: Path, error: TttuiError) -> TttuiError:
    """The write error, with the remedy of an export."""
    cause = error.__cause__
    if not isinstance(cause, OSError):
        return error
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full or the quota is used up; free some space or export elsewhere"
    elif cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = f"may not be written ({cause.strerror}); export to a directory of your own"
    elif cause.errno in (errno.ENOTDIR, errno.EEXIST):
        reason = f"{path.parent} is no directory; choose another place"
    else:
        reason = f"cannot be written: {cause.strerror or cause}"
    return TttuiError(f"{path}: {reason}")
