"""Searching a text in a document of any size."""

from collections.abc import Iterator

from tttui.model.dataclass import dataclass
from tttui.model.document import Document

BLOCK = 1 << 18
"""Bytes that are searched at a time."""

LONGEST = 256
"""Bytes of what is searched for, at most."""


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A text to search for, ignoring case if it has no capital letter."""

    needle: bytes
    folded: bool

    @classmethod
    def of(cls, text: str) -> "TextQuery":
        needle = text.encode("utf-8", "surrogateescape")[:LONGEST]
        return cls(needle, needle == needle.lower())

    def __bool__(self) -> bool:
        return bool(self.needle)

    def within(self, data: bytes) -> Iterator[int]:
        """Where it begins in some bytes, without overlaps."""
        if self.folded:
            data = data.lower()
        at = data.find(self.needle) if self.needle else -1
        while at >= 0:
            yield at
            at = data.find(self.needle, at + len(self.needle))


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A match: its first byte, its number from 1 on, and how many there are."""

    offset: int
    number: int
    total: int


def search(document: Document, query: TextQuery, start: int, by: int) -> TextMatch | None:
    """The first match from a byte on (`by` 1), after it (`by` 2) or before it (`by` -1), all
    round; None where there is none."""
    first = last = chosen = None
    total = number = 0
    for offset in _all(document, query):
        total += 1
        first, last = offset if first is None else first, offset
        if (by < 0 and offset < start) or (
            by > 0 and chosen is None and offset >= start + (by > 1)
        ):
            chosen, number = offset, total
    if first is None or last is None:
        return None
    if chosen is None:
        chosen, number = (last, total) if by < 0 else (first, 1)
    return TextMatch(chosen, number, total)


def matches(
    document: Document, query: TextQuery, begin: int, end: int
) -> tuple[tuple[int, int], ...]:
    """The bytes [first, last) of the matches that touch the bytes [begin, end)."""
    n = len(query.needle)
    low = max(begin - n + 1, 0)
    data = document.source.read(low, end + n - 1)
    return tuple((low + at, low + at + n) for at in query.within(data))


def _all(document: Document, query: TextQuery) -> Iterator[int]:
    n, begin = len(query.needle), 0
    while n and begin < document.size:
        data = document.source.read(begin, begin + BLOCK + n - 1)
        after = 0
        for at in query.within(data):
            if at < BLOCK:
                yield begin + at
                after = at + n
        begin += max(BLOCK, after)
