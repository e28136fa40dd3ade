"""document.bin and tokens.f16: a document, and the losses of its bytes as they are appended.

tokens.f16 holds two little-endian float16 for every byte that was scored, in the order of the
document: bits by the frozen model (NaN where not evaluated) and by the adaptive one. Both files are
read on demand, so that memory does not depend on their sizes.

Where a model reads tokens, a loss is one of a token, and tokens.offsets has their places:
little-endian 32 bits each, the byte at which each begins, and the size of the document.
"""

import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.regular import open_regular, read_bytes, stat_regular
from tttui.model.arrays import Floats
from tttui.model.document import HF, TEXT, Document, Places, Reading
from tttui.model.session import Meta
from tttui.model.text import visible

DOCUMENT, LOSSES, OFFSETS = "document.bin", "tokens.f16", "tokens.offsets"

LARGEST = 64_000_000
"""Bytes of a document; the task reads no more."""

PAIR = 4
"""Bytes of the losses of one byte."""

MOST_TOKENS = 16_000_000
"""Tokens of a document; the task reads as many bytes."""

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

    def __init__(
        self,
        document: _File,
        losses: _File | None,
        size: int,
        scored: int,
        places: Places | None = None,
    ) -> None:
        self._document, self._losses = document, losses
        self._size, self._scored, self._places = size, scored, places
        """`scored` counts items."""

    def read(self, begin: int, end: int) -> bytes:
        begin, end = max(begin, 0), min(end, self._size)
        return self._document.read(begin, min(end - begin, MOST))

    def losses(self, begin: int, end: int) -> Floats:
        n = min(max(end - begin, 0), MOST)
        losses = np.full((n, 2), np.nan)
        if self._places is None:
            pairs = self._pairs(begin, begin + n)
            losses[: len(pairs)] = pairs
            return losses
        begins = self._places.begins
        first, last = np.searchsorted(begins[:-1], (begin, begin + n)).tolist()
        pairs = self._pairs(first, last)
        at = begins[first : first + len(pairs)].astype(np.int64) - begin
        losses[at] = 0.0
        np.add.at(losses, at, pairs)  # tokens that share a character begin at one byte
        return losses

    def _pairs(self, first: int, last: int) -> Floats:
        """Losses of the items [first, last), as far as there are any [m, 2]."""
        last = min(last, self._scored)
        if self._losses is None or not 0 <= first < last:
            return np.empty((0, 2))
        data = self._losses.read(first * PAIR, (last - first) * PAIR)
        pairs = np.frombuffer(data[: len(data) // PAIR * PAIR], dtype="<f2")
        return pairs.reshape(-1, 2).astype(np.float64)


class DocumentFiles:
    """Follows the two files of one session."""

    def __init__(self, directory: Path) -> None:
        self._paths = directory / DOCUMENT, directory / LOSSES
        self._files: list[_File | None] = [None, None]
        self._offsets = directory / OFFSETS
        self._places: tuple[object, Places | str] | None = None
        """The size and time of tokens.offsets, and what it holds or what is wrong with it."""
        self._known: tuple[Any, ...] = ()
        self._reading = Reading()

    def refresh(self, meta: Meta) -> Reading:
        """What the files hold now; the same object as before where nothing changed."""
        problems = list[str]()
        size, problem = self._look(0, LARGEST), self._problem_seen
        scored, more = self._look(1, LARGEST * PAIR), self._problem_seen
        problems += [problem] if problem else []
        problems += [more] if more else []
        settings = _settings(meta)
        if isinstance(settings, str):
            problems.append(settings)
        recorded = _recorded_size(meta)
        if size is not None and recorded is not None and recorded != size:
            problems.append(f"{DOCUMENT}: has {size} of the {recorded} bytes that were read")
        losses = (scored or 0) // PAIR
        places = self._places_of(meta, size)
        if isinstance(places, str):
            problems.append(places)
        count = places.count if isinstance(places, Places) else size
        if count is not None and losses > count and not isinstance(places, str):
            what = "bytes" if places is None else "tokens"
            problems.append(f"{LOSSES}: has losses of {losses} {what}, the document has {count}")
        known = (size, losses, settings, places, *self._files, *problems)
        if known != self._known:
            self._known = known
            document = None
            first, second = self._files
            if (
                first is not None
                and size
                and count is not None
                and not isinstance(settings, str)
                and not isinstance(places, str)
            ):
                n = min(losses, count)
                stretches = _Stretches(first, second, size, n, places)
                read = n if places is None else int(places.begins[n])
                unit = visible(meta.schema.loss.unit)[:UNIT] or "loss"
                chunk, context = settings
                document = Document(size, read, chunk, context, stretches, places, unit)
            elif size == 0:
                problems.append(f"{DOCUMENT}: is empty")
            self._reading = Reading(document, tuple(problems))
        return self._reading

    def _places_of(self, meta: Meta, size: int | None) -> Places | str | None:
        """The places of tokens, or their defect; None for a session that reads bytes."""
        if meta.schema.task.name != HF or size is None:
            return None
        path = self._offsets
        try:
            stat = stat_regular(path, 4 * MOST_TOKENS + 4)
            key = (stat.st_ino, stat.st_size, stat.st_mtime_ns, size)
            if self._places is None or self._places[0] != key:
                data = read_bytes(path, 4 * MOST_TOKENS + 4)
                self._places = key, _places(data, size)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            why = "is missing" if missing else error.strerror or error
            return f"{path.name}: {why}; without it nothing tells where the tokens are"
        return self._places[1]

    _problem_seen = ""
    """What is wrong with the file that was looked at last."""

    def _look(self, which: int, largest: int) -> int | None:
        """The size of a readable file; reopens a replaced one."""
        path, self._problem_seen = self._paths[which], ""
        try:
            stat = stat_regular(path, largest)
            file = self._files[which]
            if file is None or file.inode != stat.st_ino:
                self._files[which] = _File(path)
        except (FileNotFoundError, NotADirectoryError):
            self._files[which], self._problem_seen = None, f"{path.name}: is missing"
            return None
        except OSError as error:
            self._files[which] = None
            self._problem_seen = f"{path.name}: {error.strerror or error}"
            return None
        return stat.st_size


def _places(data: bytes, size: int) -> Places | str:
    begins = np.frombuffer(data[: len(data) // 4 * 4], dtype="<u4")
    if len(begins) < 2 or begins[0] != 0 or begins[-1] != size:
        return f"{OFFSETS}: does not belong to {DOCUMENT}"
    if np.any(begins[1:] < begins[:-1]):
        return f"{OFFSETS}: does not ascend"
    return Places(begins)


UNIT = 12
"""Characters of the name of a unit that there is room for."""

RANGES = {
    TEXT: (("chunk", 1, 255), ("context", 2, 256)),
    HF: (("chunk", 1, 65_536), ("context", 2, 1_048_576)),
}


def _settings(meta: Meta) -> tuple[int, int] | str:
    """Chunk and context as the session has them, or what is wrong with them."""
    sizes = list[int]()
    for name, least, most in RANGES.get(meta.schema.task.name, RANGES[TEXT]):
        value = meta.schema.task.settings.get(name)
        if type(value) is not int or not least <= value <= most:
            return f"meta.json: task.settings.{name} is no number from {least} to {most}"
        sizes.append(value)
    chunk, context = sizes
    if context <= chunk:
        return f"meta.json: the context of {context} is not above the chunk of {chunk}"
    return chunk, context


def _recorded_size(meta: Meta) -> int | None:
    about = meta.raw.get("document")
    size = about.get("bytes") if isinstance(about, dict) else None
    return size if type(size) is int else None
