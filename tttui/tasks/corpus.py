"""Texts to train on: read, split into training and held-out texts, and cut into windows.

A text file is one document, a directory one for each text file below it, JSON lines one for each
line, from its `text` or its `messages`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

LARGEST = 512_000_000
"""Bytes that are taken in, of all documents together."""

MANY = 8
"""Documents from which on whole ones are held out; of fewer the end of each is."""

LEAST = 1024
"""Bytes of all documents together."""

JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts, each in one of two parts that share no document where there are many."""

    learned: Sequence[bytes]
    held_out: Sequence[bytes]
    sha256: str
    """The sha256 of all documents, independent of their order."""
    documents: int
    notes: Sequence[str] = ()
    """What was left out, a line each."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.learned)) + sum(map(len, self.held_out))


def read_corpus(path: Path, *, include: str, share: float, seed: int) -> Corpus:
    """The documents below a path, of which about a `share` of the bytes is held out.

    `include` are patterns of the names of files in a directory, with commas between. Equal
    documents count once. The split follows from the contents and the seed alone. Raises
    RefusedInput naming the file and the remedy.
    """
    unique, notes = dict[bytes, bytes](), list[str]()
    size = 0
    for document in _documents(path, include, notes):
        digest = sha256(document).digest()
        if digest not in unique:
            unique[digest] = document
            size += len(document)
            if size > LARGEST:
                raise RefusedInput(
                    f"--data {path}: holds more than the {LARGEST // 1_000_000} MB that are "
                    "taken in; name a part of it"
                )
    if size < LEAST:
        raise _too_little(path, size)
    content = sha256(b"".join(sorted(unique))).hexdigest()
    documents = [unique[digest] for digest in sorted(unique)]
    learned, held_out = _split(documents, share, size, seed)
    return Corpus(learned, held_out, content, len(documents), tuple(notes))


def check_data(path: Path, include: str) -> None:
    """Refuse quickly, from the beginning of the file, what cannot be trained on.

    Raises RefusedInput naming the file and the remedy.
    """
    size = 0
    for document in _documents(path, include, []):
        size += len(document)
        if size >= LEAST:
            return
    raise _too_little(path, size)


def _too_little(path: Path, size: int) -> RefusedInput:
    what = "is empty" if not size else f"holds only {size} bytes of text"
    return RefusedInput(f"--data {path}: {what}; at least {LEAST} are needed")


def _split(
    documents: list[bytes], share: float, size: int, seed: int
) -> tuple[list[bytes], list[bytes]]:
    order = np.random.default_rng([seed, 4]).permutation(len(documents))
    shuffled = [documents[i] for i in order]
    if len(documents) < MANY:
        cuts = [max(1, round(len(d) * (1.0 - share))) for d in shuffled]
        pairs = list(zip(shuffled, cuts, strict=True))
        return [d[:cut] for d, cut in pairs], [d[cut:] for d, cut in pairs if cut < len(d)]
    held_out, taken = list[bytes](), 0
    while len(shuffled) > 1 and taken < share * size:
        # None that alone would be far more than the share.
        taken += len(shuffled[-1])
        held_out.append(shuffled.pop())
    return shuffled, held_out


def _documents(path: Path, include: str, notes: list[str]) -> Iterator[bytes]:
    if path.is_dir():
        yield from _below(path, include, notes)
        return
    content = _content(path)
    if path.suffix in JSON_LINES:
        yield from of_lines(path, content)
    elif not is_text(content):
        raise RefusedInput(f"--data {path}: is binary, not UTF-8 text")
    elif content.strip():
        yield content


def _below(folder: Path, include: str, notes: list[str]) -> Iterator[bytes]:
    """The documents of a directory, whose order is that of their names; links are not followed."""
    patterns = [one.strip() for one in include.split(",") if one.strip()]
    binary = total = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place) / name
            chosen = not patterns or any(fnmatchcase(name, one) for one in patterns)
            if name.startswith(".") or not chosen or not path.is_file() or path.is_symlink():
                continue
            total += 1
            content = _content(path)
            if path.suffix in JSON_LINES:
                yield from of_lines(path, content)
            elif not is_text(content):
                binary += 1
            elif content.strip():
                yield content
    if binary == total:
        which = f" called {include}" if include else ""
        what = f"all its {total} files are binary" if total else f"has no files{which}"
        raise RefusedInput(f"--data {folder}: {what}; text files or JSON lines are needed")
    if binary:
        notes.append(f"{binary} of {total} files below {folder} are binary and left out")


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise RefusedInput(f"--data {path}: is no regular file")
        with open(path, "rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        raise RefusedInput(f"--data {path}: there is no such file or directory") from None
    except OSError as error:
        raise RefusedInput(f"--data {path}: cannot be read: {error.strerror}") from None


def is_text(content: bytes) -> bool:
    """Whether bytes are UTF-8 text."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def of_lines(path: Path, content: bytes) -> Iterator[bytes]:
    """A document for each line of JSON. Raises RefusedInput naming the line."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise RefusedInput(f"--data {path}: line {number} is not JSON") from None
        text = text_of(record)
        if text is None:
            raise RefusedInput(
                f"--data {path}: line {number} has neither a text nor messages; each line is "
                'an object such as {"text": "..."} or {"messages": [{"role": "user", '
                '"content": "..."}]}'
            )
        if text.strip():
            yield text.encode("utf-8", "replace")


def text_of(record: Any) -> str | None:
    """The text of a line: `text` as it is, `messages` as `role: content` with blank lines between;
    None where it has neither."""
    if not isinstance(record, Mapping):
        return None
    if isinstance(record.get("text"), str):
        return str(record["text"])
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        return None
    parts = []
    for one in messages:
        content = one.get("content") if isinstance(one, Mapping) else None
        if not isinstance(content, str):
            return None
        parts.append(f"{one.get('role', 'user')}: {content}")
    return "\n\n".join(parts) + "\n"


class Windows:
    """Consecutive windows of equal length, shuffled in every epoch.

    Each epoch starts at another offset, so that no byte is always at the end of a window.
    """

    def __init__(self, ids: Ints, length: int, batch: int, seed: int) -> None:
        """`ids` [n] are the training tokens; a window is `length` of them and the next one."""
        self._ids, self.length, self._batch, self._seed = ids, length, batch, seed
        self._count = max(1, (len(ids) - length) // length)
        self.an_epoch = -(-self._count // batch)
        """Batches."""
        self._order: tuple[int, Ints, int] | None = None

    def batch(self, step: int) -> Ints:
        """The windows [batch, length + 1] of a step, a function of the seed and the step alone."""
        epoch, place = divmod(step, self.an_epoch)
        if self._order is None or self._order[0] != epoch:
            rng = np.random.default_rng([self._seed, 5, epoch])
            slack = len(self._ids) - self._count * self.length - 1
            begin = int(rng.integers(min(self.length, max(0, slack)) + 1))
            self._order = epoch, rng.permutation(self._count), begin
        _, order, begin = self._order
        chosen = np.take(order, range(place * self._batch, (place + 1) * self._batch), mode="wrap")
        return _cut(self._ids, begin + chosen * self.length, self.length)


def evenly(ids: Ints, length: int, every: int, most: int) -> Ints:
    """At most `most` windows [n, length + 1] of the held-out tokens, whose ends are `every`
    apart."""
    starts = np.arange(0, max(1, len(ids) - length), every)
    if len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).astype(np.int64)]
    return _cut(ids, starts, length)


def _cut(ids: Ints, starts: Ints, length: int) -> Ints:
    places = starts[:, None] + np.arange(length + 1)
    cut: Ints = ids[np.minimum(places, len(ids) - 1)]
    return cut
