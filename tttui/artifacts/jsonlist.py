"""A long list of objects in JSON, read in batches with bounded memory.

The text is cut where one object ends and the next begins, and each piece is parsed as a whole. A
piece that cannot be (it is damaged, or holds NaN, or was cut within an object) is read object by
object.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from tttui.artifacts.damage import MOST_WRONG, WrongLines
from tttui.model.dataclass import dataclass

if TYPE_CHECKING:
    from json import JSONDecoder

Item = TypeVar("Item")

PIECE = 1 << 20
"""Bytes of a piece."""

WINDOWS = (1 << 12, 1 << 20)
"""Bytes within which one object has to end; a transaction has 600."""

_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
_BLANKS = re.compile(rb"[ \t\r\n]*")
_raws = msgspec.json.Decoder(list[msgspec.Raw])


@cache
def _scanner() -> "JSONDecoder":
    """Reads a number of any length, which only has to end."""
    from json import JSONDecoder

    return JSONDecoder(parse_int=float)


@dataclass(slots=True)
class Batch(Generic[Item]):
    """Some items, and where their text begins and ends."""

    items: list[Item] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


class JsonList(Generic[Item]):
    """Reads the list in `data`; its defects are complete once all was read.

    `fast` parses the text of one item and raises for any that is not plain; `careful` then gives
    the item or what is wrong with it. `noun` names the items.
    """

    def __init__(
        self,
        data: bytes,
        fast: Callable[[bytes | msgspec.Raw], Item],
        careful: Callable[[bytes], Item | str],
        noun: str,
    ) -> None:
        self._data, self._fast, self._careful, self._noun = data, fast, careful, noun
        self._taken = 0
        self._counted = (0, 1)
        """A position, and the line that it stands in."""
        self.wrong = WrongLines()
        """Elements that are no items, by line."""
        self.problem: str | None = None
        """Why the list was not read to its end, or that it has none."""

    def batches(self) -> Iterator[Batch[Item]]:
        """The items, some at a time."""
        at, end = self._skip(0), len(self._data.rstrip())
        if not end:
            self.problem = "the file is empty"
            return
        if self._data[at : at + 1] != b"[":
            self.problem = f"is not a list of {self._noun}"
            return
        at = self._skip(at + 1)
        closed = self._data.endswith(b"]", at, end)
        end -= closed
        while at < end and self.problem is None:
            batch, at = self._piece(at, end)
            yield batch
        if self.problem is None and not closed:
            shown = f"the {self._noun} in it are shown"
            self.problem = f"the list is not closed: half-written; {shown}"

    def _piece(self, at: int, end: int) -> tuple[Batch[Item], int]:
        """The items from a position on, and the position after them."""
        stop = end
        if end - at > PIECE:
            match = _BETWEEN.search(self._data, at + PIECE, min(end, at + 2 * PIECE))
            stop = min(end, at + PIECE) if match is None else match.start() + 1
        text = self._data[at:stop]
        try:
            raws = _raws.decode(b"[" + text + b"]")
            items = [self._fast(raw) for raw in raws]
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
            return self._one_by_one(at, stop, end)
        batch = Batch(items)
        position = 0
        for raw in raws:
            size = len(memoryview(raw))
            position = text.find(raw, position)
            batch.starts.append(at + position)
            position += size
            batch.ends.append(at + position)
        self._taken += len(items)
        return batch, self._after(stop)

    def _one_by_one(self, at: int, stop: int, end: int) -> tuple[Batch[Item], int]:
        batch = Batch[Item]()
        while at < stop:
            after = self._element(at, end)
            if after is None:
                line = self._line(at)
                noun = self._noun.removesuffix("s")
                self.problem = (
                    f"breaks off in {noun} {self._taken + 1} (line {line}); "
                    f"the {self._noun} before it are shown"
                )
                break
            item = self._careful(self._data[at:after])
            self._taken += 1
            if isinstance(item, str):
                self.wrong.add(self._line(at), item)
            else:
                batch.items.append(item)
                batch.starts.append(at)
                batch.ends.append(after)
            if self.wrong.count > MOST_WRONG:
                self.problem = f"more than {MOST_WRONG} elements are no {self._noun}"
                break
            at = self._after(after)
        return batch, at

    def _element(self, at: int, end: int) -> int | None:
        """Where the element at a position ends; None where it does not."""
        for size in WINDOWS:
            # One character a byte, so that positions are those in the file.
            window = self._data[at : min(end, at + size)].decode("latin-1")
            try:
                _, length = _scanner().raw_decode(window)
            except (ValueError, RecursionError):
                continue
            if length < len(window) or at + length == end:
                return at + length
        return None

    def _line(self, at: int) -> int:
        """The number of the line at a position, which is not before the last one asked for."""
        position, line = self._counted
        self._counted = (at, line + self._data.count(b"\n", position, at))
        return self._counted[1]

    def _skip(self, at: int) -> int:
        match = _BLANKS.match(self._data, at)
        return at if match is None else match.end()

    def _after(self, at: int) -> int:
        """The position of the next element after one that ended."""
        at = self._skip(at)
        return self._skip(at + 1) if self._data[at : at + 1] == b"," else at
