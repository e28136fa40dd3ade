"""The document of a session, with the loss of each byte or token."""

from functools import cached_property
from typing import Protocol

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.steps import Steps

TEXT, HF = "text", "hf"
"""The tasks whose sessions have a document: read byte by byte, and token by token."""


class Stretches(Protocol):
    """Parts of a document and of its losses, read on demand by any thread."""

    def read(self, begin: int, end: int) -> bytes:
        """The bytes [begin, end); fewer where the file has become shorter."""

    def losses(self, begin: int, end: int) -> Floats:
        """Losses [n, 2] of the items at the bytes [begin, end), by the frozen and the adaptive
        model; NaN if not scored by that model, and within tokens."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where the tokens of a document lie: token i is bytes [begins[i], begins[i + 1]).

    Several that share a character have no bytes but the last of them, which stands for them.
    """

    begins: Ints
    """[count + 1], ascending from 0 to the size of the document"""

    @property
    def count(self) -> int:
        return len(self.begins) - 1

    def number(self, offset: Ints | int) -> Ints:
        """The number of the token that holds a byte."""
        number = np.searchsorted(self.begins, offset, side="right") - 1
        return np.asarray(np.clip(number, 0, self.count - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document that is read `chunk` items (bytes, or tokens) at a step; item i is scored at
    step i // chunk, by a model that looks at `context` items, those of the chunk among them."""

    size: int
    """Bytes."""
    scored: int
    """Bytes from the start that have losses."""
    chunk: int
    context: int
    source: Stretches
    places: Places | None = None
    """Of its tokens; None where it is read byte by byte."""
    unit: str = "bits"
    """Of the losses."""

    @property
    def item(self) -> str:
        """The item of one loss: `byte` or `token`."""
        return "byte" if self.places is None else "token"

    @property
    def count(self) -> int:
        """Items."""
        return self.size if self.places is None else self.places.count

    def number(self, offset: int) -> int:
        """The number of the item that holds a byte."""
        return max(offset, 0) if self.places is None else int(self.places.number(offset))

    def begin_of(self, number: int) -> int:
        """The byte at which an item begins; the size behind the last one."""
        number = min(max(number, 0), self.count)
        return number if self.places is None else int(self.places.begins[number])

    def span(self, offset: int) -> tuple[int, int]:
        """The bytes [begin, end) of the item that holds a byte."""
        number = self.number(offset)
        return self.begin_of(number), self.begin_of(number + 1)

    def spans(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """The bytes from the first to the last of the items that hold bytes of [first, last)."""
        if self.places is None:
            return first, last
        begins, number = self.places.begins, self.places.number
        return begins[number(first)], begins[number(last - 1) + 1]

    def window(self, t: int) -> tuple[int, int]:
        """The bytes [begin, end) of step t."""
        first = max(t, 0) * self.chunk
        return self.begin_of(first), self.begin_of(first + self.chunk)

    def step_of(self, offset: int) -> int:
        """The step at which a byte is read."""
        return self.number(offset) // self.chunk

    def gains(self, begin: int, end: int) -> Floats:
        """The gain of the adaptive model at the item of each of these bytes [n]; NaN if unknown,
        and within tokens."""
        losses = self.source.losses(begin, end)
        with np.errstate(invalid="ignore"):
            return np.asarray(losses[:, 0] - losses[:, 1])


@dataclass(frozen=True, slots=True)
class Reading:
    """The document of a session, and the problems of its files."""

    document: Document | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """Losses per item of both models over a stretch."""

    frozen: float
    adaptive: float

    @property
    def saved(self) -> float:
        """The loss per item that the adaptive model saved."""
        return self.frozen - self.adaptive

    @property
    def share(self) -> float:
        """The saving as a share of the frozen model's loss."""
        return self.saved / self.frozen if self.frozen > 0 else np.nan


class Totals:
    """Losses per item up to each step, of the steps at which both models were scored."""

    def __init__(self, steps: Steps, document: Document) -> None:
        self._steps, self._document = steps, document

    @cached_property
    def _sums(self) -> Floats:
        """Items, losses of the frozen and of the adaptive model up to each step [3, n]."""
        steps, document = self._steps, self._document
        size = np.clip(document.count - steps.t * document.chunk, 0, document.chunk)
        with np.errstate(invalid="ignore", over="ignore"):
            rows = np.array([np.ones(len(steps)), steps.frozen, steps.adaptive]) * size
        known = np.isfinite(rows).all(axis=0)
        return np.asarray(np.cumsum(np.where(known, rows, 0.0), axis=1))

    def until(self, t: int) -> Rates | None:
        """The rates over the document through step t; None if unknown."""
        i = int(np.searchsorted(self._steps.t, t, side="right")) - 1
        return None if i < 0 else _rates(self._sums[:, i])

    def at(self, t: int) -> Rates | None:
        """Over the window of step t alone."""
        i = int(np.searchsorted(self._steps.t, t))
        if i >= len(self._steps) or int(self._steps.t[i]) != t:
            return None
        before = self._sums[:, i - 1] if i else 0.0
        return _rates(self._sums[:, i] - before)


def _rates(sums: Floats) -> Rates | None:
    size, frozen, adaptive = sums.tolist()
    return Rates(frozen / size, adaptive / size) if size > 0 else None
