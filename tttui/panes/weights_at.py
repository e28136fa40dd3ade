"""What the Weights tab shows at the cursor, worked out in one go: in a thread where it is long."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tttui.draw.heat import Pyramid
from tttui.model.arrays import Weights
from tttui.model.parts import Moved, moved, sentences
from tttui.model.session import SessionData
from tttui.model.spectrum import spectrum
from tttui.model.weights import (
    TITLES,
    Aspect,
    Comparison,
    Held,
    compare,
    difference,
    held_at,
    held_at_start,
)
from tttui.panes.model_facts import Key, same
from tttui.panes.view import View
from tttui.widgets.spectrum import SpectrumOf

QUICK = 1 << 14
"""Entries of all matrices up to which they are worked out while somebody waits."""

TOP_PARTS = 6
"""Rows and columns that are listed as bars."""

LISTED = (("W_u", 1), ("W_o", 0), ("B", 0), ("B", 1))
"""Matrix and axis (0 rows, 1 columns) of what is listed: inputs, predictions, states, units."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is looked at: the weights of a session at a step, and what they are compared with."""

    data: SessionData
    aspect: Aspect
    t: int
    attempt: int | None
    parent: SessionData | None
    other: SessionData | None

    @classmethod
    def of(cls, view: View, aspect: Aspect) -> "Asked":
        line = view.timeline
        return cls(view.data, aspect, line.cursor, line.selected, view.parent, view.other)

    @property
    def key(self) -> Key:
        """Equal (by `same`) for all that shows the same: steps between two snapshots do."""
        data, history = self.data, self.data.history
        index = -1
        if history is not None and len(history):
            index = int(np.searchsorted(history.t, self.t, side="right"))
        by_step = self.aspect in ("commit", "other")
        why = () if history is not None or data.weights is not None else (data.problems,)
        own = (data.place, data.run, history, data.weights, data.base, index, *why)
        against = (self.parent, self.other) if self.aspect in ("parent", "other") else ()
        attempt = (self.attempt, data.transactions) if self.aspect == "commit" else ()
        return (*own, self.aspect, self.t if by_step else -1, *attempt, *against)

    @property
    def quick(self) -> bool:
        """Whether it is worked out in no time."""
        history = self.data.history
        if history is not None and len(history):
            return sum(int(np.prod(W.shape[1:])) for W in history.weights.values()) <= QUICK
        known = self.data.weights or self.data.base or {}
        return sum(W.size for W in known.values()) <= QUICK


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The answer."""

    asked: Asked
    now: Held | None
    start: Held | None
    shown: Comparison
    pyramids: Mapping[str, Pyramid] = field(default_factory=dict)
    """Of the matrices of `shown`."""
    spectra: tuple[SpectrumOf, ...] = ()
    moved: "Movement | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What moved most: a sentence for each matrix, and the leading rows and columns."""

    of: str
    """Which change: `change since the start`."""
    sentences: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, int, tuple[Moved, ...]], ...]
    """Matrix, axis (0 rows, 1 columns), and its leading parts."""


class Finder:
    """Works out what is asked for, in any thread; what is the same at every step is kept."""

    def __init__(self) -> None:
        self._kept: tuple[Key, Held | None, dict[str, float]] = ((), None, {})
        """The weights at the start, of which session, and their condition numbers; replaced as
        a whole, since the thread for another session may still be at work."""

    def find(self, asked: Asked) -> Found:
        """The answer; memory that does not suffice is said instead."""
        try:
            return self._found(asked)
        except MemoryError:
            why = "There is not enough memory to compare matrices of this size."
            return Found(asked, None, None, Comparison(asked.aspect, why_not=why))

    def _found(self, asked: Asked) -> Found:
        data = asked.data
        start, begun = self._start_of(data)
        now = held_at(data, asked.t)
        shown = compare(
            asked.aspect,
            data,
            asked.t,
            attempt=asked.attempt,
            parent=asked.parent,
            other=asked.other,
        )
        pyramids = {name: Pyramid(W) for name, W in shown.matrices.items()}
        for pyramid in pyramids.values():
            pyramid.build()
        spectra = () if now is None else _spectra(now.matrices, begun)
        return Found(asked, now, start, shown, pyramids, spectra, _movement(shown, now, start))

    def _start_of(self, data: SessionData) -> tuple[Held | None, dict[str, float]]:
        history = data.history
        first = int(history.t[0]) if history is not None and len(history) else -1
        key = (data.place, data.run, first, data.base if first < 0 else None)
        known, start, begun = self._kept
        if not same(key, known):
            start = held_at_start(data)
            begun = conditions(start)
            self._kept = (key, start, begun)
        return start, begun


def _spectra(matrices: Weights, begun: Mapping[str, float]) -> tuple[SpectrumOf, ...]:
    """Of every matrix, with the growth of its condition number since the start."""
    found = []
    for name, matrix in matrices.items():
        now, growth = spectrum(matrix), None
        if now is not None and name in begun:
            growth = now.condition / begun[name]
        found.append(SpectrumOf(name, (matrix.shape[0], matrix.shape[1]), now, growth))
    return tuple(found)


def _movement(shown: Comparison, now: Held | None, start: Held | None) -> Movement | None:
    """Of what is shown, or of the change since the start where values are shown."""
    change, of = shown.matrices, TITLES[shown.aspect]
    if not shown.is_change:
        known = now is not None and start is not None
        of = TITLES["start"]
        change = difference(now.matrices, start.matrices) if known else {}  # type: ignore[union-attr]
    if not change:
        return None
    lists = tuple(
        (name, axis, tuple(moved(name, change[name], axis, TOP_PARTS)))
        for name, axis in LISTED
        if name in change
    )
    before = start.matrices if start is not None else None
    return Movement(of, tuple(sentences(change, before)), lists)


def conditions(start: Held | None) -> dict[str, float]:
    """The condition numbers of the weights at the start, where they are finite."""
    found = {}
    for name, matrix in (start.matrices if start is not None else {}).items():
        shown = spectrum(matrix)
        if shown is not None and np.isfinite(shown.condition):
            found[name] = shown.condition
    return found
