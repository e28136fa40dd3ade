"""The document that a session of the task `text` reads, and what each of its bytes cost."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.steps import Steps

TEXT = "text"
"""The task whose sessions have a document."""


class Stretches(Protocol):
    """The parts of a document and of its losses, read when they are looked at, by any thread."""

    def read(self, begin: int, end: int) -> bytes:
        """The bytes [begin, end); fewer where the file has become shorter."""

    def losses(self, begin: int, end: int) -> Floats:
        """Bits of the bytes [begin, end) by the frozen and by the adaptive model [n, 2]; NaN
        where a byte was not scored (by that model)."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document that is read `chunk` bytes at a step; the byte at offset i is scored at step
    i // chunk, by a model that looks at `context` bytes, those of the chunk among them."""

    size: int
    scored: int
    """Bytes from the start that have losses."""
    chunk: int
    context: int
    source: Stretches

    def window(self, t: int) -> tuple[int, int]:
        """The bytes [begin, end) of step t."""
        begin = min(max(t, 0) * self.chunk, self.size)
        return begin, min(begin + self.chunk, self.size)

    def step_of(self, offset: int) -> int:
        """The step at which a byte is read."""
        return max(offset, 0) // self.chunk

    def gains(self, begin: int, end: int) -> Floats:
        """Bits by which the adaptive model was better at each of these bytes [n]; NaN where it
        is not known."""
        losses = self.source.losses(begin, end)
        with np.errstate(invalid="ignore"):
            return np.asarray(losses[:, 0] - losses[:, 1])


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a document, and in words what is wrong with its files."""

    document: Document | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """Bits per byte of both models over a stretch."""

    frozen: float
    adaptive: float

    @property
    def saved(self) -> float:
        """Bits per byte that the adaptive model saved."""
        return self.frozen - self.adaptive

    @property
    def share(self) -> float:
        """The same as a share of what the frozen model needed."""
        return self.saved / self.frozen if self.frozen > 0 else np.nan


class Totals:
    """Bits per byte up to each step, of the steps at which both models were scored."""

    def __init__(self, steps: Steps, document: Document) -> None:
        self._steps, self._document = steps, document

    @cached_property
    def _sums(self) -> Floats:
        """Bytes, bits of the frozen and of the adaptive model up to each step [3, n]."""
        steps, document = self._steps, self._document
        size = np.clip(document.size - steps.t * document.chunk, 0, document.chunk)
        with np.errstate(invalid="ignore", over="ignore"):
            rows = np.array([np.ones(len(steps)), steps.baseline, steps.adaptive]) * size
        known = np.isfinite(rows).all(axis=0)
        return np.asarray(np.cumsum(np.where(known, rows, 0.0), axis=1))

    def until(self, t: int) -> Rates | None:
        """Over the document up to step t and with it; None where nothing is known."""
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
