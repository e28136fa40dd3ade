"""Changing the registry: a change is made when its audit line is written; files follow.

All that a change puts in place is written under hidden names first. Then its line is appended to
the audit and synced: from that moment on the change is made. Then the files are renamed into
their places, which the line names, the event is told, and audit.head.json says that all is done.
Whoever was killed in between left either no line, and nothing has changed, or a line whose
renames the next one carries out (`settle`). All of it under one lock.
"""

import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tttui.artifacts.atomic import sync_directory, write_all, write_error, write_whole
from tttui.artifacts.eventlog import LAB, events_below
from tttui.artifacts.mutex import locked
from tttui.artifacts.regular import NotRegular, folder_to_write, open_regular
from tttui.lab.audit import (
    LONGEST,
    NONE,
    AuditEntry,
    Head,
    audit_path,
    head_path,
    parsed,
    raw_lines,
    read_head,
    written,
)
from tttui.model.errors import RefusedInput, TttuiError

LOCK = "audit.lock"

PREPARING = "registry/.preparing"
"""Where files lie until their line is written; whatever is left there was abandoned."""

PATIENCE_S = 30.0
"""Seconds to wait for the lock, which is held for moments."""

_holding = threading.local()
"""Whether this thread holds the lock of a root."""

_PART = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}")
_FOLDERS = ("registry", "genomes")


class LockedRegistry:
    """The operations that need the lock of `changing`."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / LAB

    @property
    def next_n(self) -> int:
        """The number of the line that the next `commit` writes."""
        return _end(self.root).n + 1

    def prepare(self, content: bytes) -> str:
        """Write a file that a commit will put in its place; returns its path for `moves`."""
        name = f"{PREPARING}/{secrets.token_hex(8)}"
        folder_to_write(self.folder / "registry")
        folder_to_write(self.folder / PREPARING)
        write_whole(self.folder / name, content)
        return name

    def commit(
        self,
        action: str,
        subject: str,
        *,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        command: Sequence[str],
        moves: Sequence[tuple[str, str]] = (),
        forced: str = "",
    ) -> AuditEntry:
        """Make one change: write its line, rename its files, publish its event.

        `moves` are paths below `<root>/.lab`, in the folders registry or genomes. Raises TttuiError
        if it cannot be written; then nothing has changed.
        """
        for place in (place for pair in moves for place in pair):
            _place(self.folder, place)
        last = _end(self.root)
        data = written(
            last.n + 1,
            last.previous,
            command=command,
            action=action,
            subject=subject,
            before=before,
            after=after,
            moves=moves,
            forced=forced,
        )
        path, end = audit_path(self.root), last.at
        try:
            handle = open_regular(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise write_error(path, error) from error
        try:
            try:
                os.ftruncate(handle, end)  # half a line that a crash left
                write_all(handle, data, end)
                os.fsync(handle)
            except BaseException:
                _cut(handle, end)
                raise
            try:
                _move(self.folder, moves, again=False)
            except Exception:
                _cut(handle, end)
                raise
            except BaseException:  # ctrl+c: the line is written, so the change is made
                _move(self.folder, moves, again=True)
                raise
        except OSError as error:
            raise write_error(path, error) from error
        finally:
            os.close(handle)
        line = parsed(data[:-1])
        _finish(self.root, line)
        return line


@contextmanager
def changing(root: Path) -> Iterator[LockedRegistry]:
    """Lock the registry of a root for a change; first completes a change that a crash interrupted.

    Raises RefusedInput where it may not be written, TttuiError where another process holds it.
    """
    folder = root / LAB
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder_to_write(folder)
        with locked(folder / LOCK, PATIENCE_S):
            _repair(root)
            _holding.root = root
            try:
                yield LockedRegistry(root)
            finally:
                _holding.root = None
    except OSError as error:
        raise write_error(folder, error) from error


def settle(root: Path) -> None:
    """Complete a change that a crash interrupted; two small reads if there is none.

    Does nothing in a read-only root: readers then see the state before the change.
    """
    if getattr(_holding, "root", None) == root or not _is_behind(root):
        return
    with suppress(TttuiError, OSError), locked(root / LAB / LOCK, PATIENCE_S):
        _repair(root)


def _is_behind(root: Path) -> bool:
    """Whether the newest line may not have been carried out."""
    there, head = _end(root).there, read_head(root)
    return there > 0 and (head is None or head.lines < there)


def _repair(root: Path) -> None:
    """Apply the renames of the newest line, and remove leftover files."""
    line, _ = _last(root)
    if line is not None and _is_behind(root):
        _move(root / LAB, line.moves, again=True)
        _finish(root, line)
    with suppress(OSError):
        if (root / LAB / "registry").is_symlink() or (root / LAB / PREPARING).is_symlink():
            return
        shutil.rmtree(root / LAB / PREPARING, ignore_errors=True)


def _finish(root: Path, line: AuditEntry) -> None:
    """Publish the event and write the head; on a full disk the next change does so."""
    with suppress(TttuiError, OSError):
        events_below(root).append(f"data:{line.action}", id=line.subject, audit=line.n)
        write_whole(head_path(root), Head(line.n, line.digest).content())


def _move(folder: Path, moves: Sequence[tuple[str, str]], *, again: bool) -> None:
    """Rename files, all or none; `again`: some may have been renamed already."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            begin, end = _place(folder, source), _place(folder, target)
            if again and not os.path.lexists(begin):
                continue
            _make_folders(folder, end.parent)
            replaces = os.path.lexists(end)
            os.replace(begin, end)
            if not replaces:
                done.append((begin, end))
            sync_directory(end.parent)
    except OSError:
        for begin, end in reversed(done):
            with suppress(OSError):
                os.replace(end, begin)
        raise


def _cut(handle: int, end: int) -> None:
    with suppress(OSError):
        os.ftruncate(handle, end)
        os.fsync(handle)


def _make_folders(folder: Path, leaf: Path) -> None:
    for part in reversed([leaf, *leaf.parents]):
        if part != folder and folder in part.parents:
            folder_to_write(part)


def _place(folder: Path, path: str) -> Path:
    """A path of a move, which may come from an untrusted log. Raises NotRegular if it leads
    outside."""
    parts = path.split("/")
    if parts[0] not in _FOLDERS or len(parts) < 2 or not all(map(_PART.fullmatch, parts)):
        raise NotRegular(
            audit_path(folder.parent),
            f"its last line moves {path[:80]!r}, which is no place in a registry; "
            "`tttui audit --verify` checks the lines: move this file away to begin anew",
        )
    place = folder
    for part in parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise NotRegular(place, "is a link: put what it leads to in its place")
    return place / parts[-1]


def _last(root: Path) -> tuple[AuditEntry | None, int]:
    """The last whole line, if readable, and the offset at which whole lines end."""
    path = audit_path(root)
    try:
        handle = open_regular(path)
    except FileNotFoundError:
        return None, 0
    except OSError as error:
        raise RefusedInput(f"{path}: {error.strerror}") from error
    try:
        size = os.fstat(handle).st_size
        begin = max(0, size - 3 * LONGEST)
        data = os.pread(handle, size - begin, begin)
    finally:
        os.close(handle)
    end = data.rfind(b"\n") + 1
    line = data[data.rfind(b"\n", 0, max(0, end - 1)) + 1 : max(0, end - 1)]
    try:
        return (parsed(line) if end else None), begin + end
    except ValueError:
        return None, begin + end


class _End(NamedTuple):
    """The end of the log, which the next line follows."""

    n: int
    previous: str
    at: int
    """Offset in bytes at which whole lines end."""
    there: int
    """The number of the last line in the file."""


def _end(root: Path) -> _End:
    """The end that the next line follows. If lines at the end are missing or changed, it is the one
    that the head names, so that the gap stays visible."""
    line, at = _last(root)
    there = line.n if line is not None else 0
    head = read_head(root)
    if head is not None and head.lines >= there:
        return _End(head.lines, head.digest, at, there)
    if line is not None:
        return _End(line.n, line.digest, at, there)
    return _End(sum(1 for _ in raw_lines(root)) if at else 0, NONE, at, there)
