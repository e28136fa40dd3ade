"""Which rows count in a file whose steps do not always ascend.

A run that goes on from an earlier checkpoint writes some steps a second time. They count once:
the later row wins, and what was written after it before, an abandoned branch, does not count.
"""

import math
from collections.abc import Sequence
from dataclasses import field
from itertools import pairwise

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass

SHOWN = 3
"""Restarts that are told one by one."""

MOST_RESTARTS = 1000
"""Restarts of one file after which the rest of it is left alone."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Steps `first` to `last` had been recorded when the file went on from `first` again."""

    first: int
    last: int

    @property
    def span(self) -> str:
        return f"{self.first} to {self.last}" if self.last > self.first else f"{self.first}"


@dataclass(slots=True)
class Restarts:
    """The restarts of one file: how many, and the first few."""

    count: int = 0
    first: list[Restart] = field(default_factory=list[Restart])

    @property
    def too_many(self) -> bool:
        """Whether reading stops because there are too many restarts."""
        return self.count > MOST_RESTARTS

    def add(self, restarts: Sequence[Restart]) -> None:
        self.count += len(restarts)
        self.first += restarts[: SHOWN - len(self.first)]

    def sentence(self, newest: int, what: str = "") -> str:
        """`steps 320 to 399 occur twice: the run was restarted from t 320; the later ones are
        shown`.

        `newest` is the last step there is now; `what` is recorded at some steps only
        (`transactions`).
        """
        starts = _joined([f"t {r.first}" for r in self.first])
        more = f" and {self.count - SHOWN} more times" if self.count > SHOWN else ""
        restarted = "the run was restarted" + ("" if what else f" from {starts}{more}")
        ends = max(r.last for r in self.first) > newest
        later = f"the later ones, which end at t {newest}," if ends else "the later ones"
        left = f"; after {MOST_RESTARTS} restarts the rest is not read" if self.too_many else ""
        return f"{self._twice(what)} twice: {restarted}; {later} are shown{left}"

    def _twice(self, what: str) -> str:
        spans = _joined([r.span for r in self.first])
        if self.count == 1 and self.first[0].first == self.first[0].last:
            return f"{what} of t {spans} occur" if what else f"step {spans} occurs"
        return f"{what} of t {spans} occur" if what else f"steps {spans} occur"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


@dataclass(slots=True)
class Merged:
    """The result of merging new rows into the known ones."""

    known: int
    """How many of the known rows still count."""
    ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """The new rows [start, stop) that count, ascending."""
    restarts: list[Restart] = field(default_factory=list[Restart])
    outliers: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """New rows with a damaged number, and what was left out."""
    pending: int | None = None
    """A last row that cannot be judged before another follows."""

    def indices(self) -> Ints:
        """The new rows that count."""
        parts = [np.arange(start, stop) for start, stop in self.ranges]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def merge(
    known: Ints, t: Floats | Ints, *, every_step: bool, repeats: bool = False, last: bool = False
) -> Merged:
    """Merge the steps t [n] of new rows into those that are known, which ascend.

    Where `every_step` is recorded, one step that does not fit is told from a restart by the row
    after it; `last`: no row will follow. With `repeats` several rows may have the same step.
    """
    merged = Merged(len(known))
    if len(t) and t[0] > (known[-1] if len(known) else -math.inf) and (t[1:] > t[:-1]).all():
        merged.ranges.append((0, len(t)))
        return merged
    steps = np.diff(t)
    falls = np.flatnonzero(steps < 0 if repeats else steps <= 0) + 1
    edges = [0, *falls.tolist(), len(t)]
    for start, stop in pairwise(edges):
        if stop > start and len(merged.restarts) <= MOST_RESTARTS:
            _take(merged, known, t, start, stop, (every_step, repeats, last))
    return merged


def _take(
    merged: Merged,
    known: Ints,
    t: Floats | Ints,
    start: int,
    stop: int,
    how: tuple[bool, bool, bool],
) -> None:
    """Take ascending rows [start, stop), of which the first may lie before what there is."""
    every_step, repeats, last = how
    newest, before = _newest(merged, known, t, 1), _newest(merged, known, t, 2)
    first = float(t[start])
    if first > newest or (repeats and first == newest):
        merged.ranges.append((start, stop))
        return
    if every_step and before < first < newest:
        # Nothing but the row before is in the way: its number is damaged.
        reason = f"has t {first:g} after t {newest:g}, which is left out"
        merged.outliers.append((start, reason))
        _cut(merged, known, t, newest)
        merged.ranges.append((start, stop))
        return
    if every_step and first != newest:
        following = float(t[start + 1]) if start + 1 < len(t) else None
        if following is None and not last:
            merged.pending = start
            return
        if following is not None and following > newest:
            reason = f"has t {first:g} between t {newest:g} and t {following:g}"
            merged.outliers.append((start, reason))
            if stop > start + 1:
                merged.ranges.append((start + 1, stop))
            return
    merged.restarts.append(Restart(int(first), int(newest)))
    _cut(merged, known, t, first)
    merged.ranges.append((start, stop))


def _newest(merged: Merged, known: Ints, t: Floats | Ints, back: int) -> float:
    """The step of the row `back` from the end (1 is the last), -inf where there is none."""
    for start, stop in reversed(merged.ranges):
        if back <= stop - start:
            return float(t[stop - back])
        back -= stop - start
    return float(known[merged.known - back]) if merged.known >= back else -math.inf


def _cut(merged: Merged, known: Ints, t: Floats | Ints, at: float) -> None:
    """Drop all rows from step `at` on."""
    while merged.ranges:
        start, stop = merged.ranges.pop()
        keep = start + int(np.searchsorted(t[start:stop], at))
        if keep > start:
            merged.ranges.append((start, keep))
            return
    merged.known = int(np.searchsorted(known[: merged.known], at))
