"""document.bin and tokens.f16: a document, and the losses of its bytes as they are appended.

tokens.f16 holds two little-endian float16 for every byte that was scored, in the order of the
document: bits by the frozen model (NaN where that was not asked) and by the adaptive one. Both
files are read where somebody looks, so that memory does not depend on their sizes.
"""

import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.regular import open_regular, stat_regular
from tttui.model.arrays import Floats
from tttui.model.document import Document, Reading
from tttui.model.session import Meta

DOCUMENT, LOSSES = "document.bin", "tokens.f16"

LARGEST = 64_000_000
"""Bytes of a document; the task reads no more."""

PAIR = 4
"""Bytes of the losses of one byte."""

MOST = 1 << 20
"""Bytes of the document that are read at a time, at most."""


class _File:
    """An open file; it stays the same one when another takes its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = open_regular(path)
        self.close = weakref.finalize(self, os.close, self.handle)
        self.inode = os.fstat(self.handle).st_ino

    def read(self, begin: int, size: int) -> bytes:
        """Bytes from `begin` on; fewer where the file ends before, or fails."""
        parts = list[bytes]()
        while size > 0:
            try:
                part = os.pread(self.handle, size, begin)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
            begin, size = begin + len(part), size - len(part)
        return b"".join(parts)


class _Stretches:
    """As `model.document.Stretches`."""

    def __init__(self, document: _File, losses: _File | None, size: int, scored: int) -> None:
        self._document, self._losses = document, losses
        self._size, self._scored = size, scored

    def read(self, begin: int, end: int) -> bytes:
        begin, end = max(begin, 0), min(end, self._size)
        return self._document.read(begin, min(end - begin, MOST))

    def losses(self, begin: int, end: int) -> Floats:
        n = min(max(end - begin, 0), MOST)
        found = np.full((n, 2), np.nan)
        until = min(begin + n, self._scored)
        if self._losses is not None and 0 <= begin < until:
            data = self._losses.read(begin * PAIR, (until - begin) * PAIR)
            pairs = np.frombuffer(data[: len(data) // PAIR * PAIR], dtype="<f2").reshape(-1, 2)
            found[: len(pairs)] = pairs
        return found


class DocumentFiles:
    """The two files of one session, looked at again and again."""

    def __init__(self, directory: Path) -> None:
        self._paths = directory / DOCUMENT, directory / LOSSES
        self._files: list[_File | None] = [None, None]
        self._known: tuple[Any, ...] = ()
        self._reading = Reading()

    def refresh(self, meta: Meta) -> Reading:
        """What the files hold now; the same object as before where nothing changed."""
        problems = list[str]()
        size, told = self._look(0, LARGEST), self._told
        scored, more = self._look(1, LARGEST * PAIR), self._told
        problems += [told] if told else []
        problems += [more] if more else []
        settings = _settings(meta)
        if isinstance(settings, str):
            problems.append(settings)
        recorded = _recorded_size(meta)
        if size is not None and recorded is not None and recorded != size:
            problems.append(f"{DOCUMENT}: has {size} of the {recorded} bytes that were read")
        losses = (scored or 0) // PAIR
        if size is not None and losses > size:
            problems.append(f"{LOSSES}: has losses of {losses} bytes, the document has {size}")
        known = (size, losses, settings, *self._files, *problems)
        if known != self._known:
            self._known = known
            document = None
            first, second = self._files
            if first is not None and size and not isinstance(settings, str):
                n = min(losses, size)
                document = Document(size, n, *settings, _Stretches(first, second, size, n))
            elif size == 0:
                problems.append(f"{DOCUMENT}: is empty")
            self._reading = Reading(document, tuple(problems))
        return self._reading

    _told = ""
    """What is wrong with the file that was looked at last."""

    def _look(self, which: int, largest: int) -> int | None:
        """The size of a file that can be read; it is opened where it is another one."""
        path, self._told = self._paths[which], ""
        try:
            stat = stat_regular(path, largest)
            file = self._files[which]
            if file is None or file.inode != stat.st_ino:
                self._files[which] = _File(path)
        except (FileNotFoundError, NotADirectoryError):
            self._files[which], self._told = None, f"{path.name}: is missing"
            return None
        except OSError as error:
            self._files[which] = None
            self._told = f"{path.name}: {error.strerror or error}"
            return None
        return stat.st_size


def _settings(meta: Meta) -> tuple[int, int] | str:
    """Chunk and context as the session has them, or what is wrong with them."""
    found = list[int]()
    for name, least, most in (("chunk", 1, 255), ("context", 2, 256)):
        value = meta.schema.task.settings.get(name)
        if type(value) is not int or not least <= value <= most:
            return f"meta.json: task.settings.{name} is no number from {least} to {most}"
        found.append(value)
    chunk, context = found
    if context <= chunk:
        return f"meta.json: the context of {context} is not above the chunk of {chunk}"
    return chunk, context


def _recorded_size(meta: Meta) -> int | None:
    about = meta.raw.get("document")
    size = about.get("bytes") if isinstance(about, dict) else None
    return size if type(size) is int else None
