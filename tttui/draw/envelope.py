"""The envelope of a long series: minimum, maximum and mean of every column.

A pyramid of one level (blocks of 64 samples) is built once; a drawing then touches only whole
blocks and the two ragged ends of every column, so it costs the same for any length, and no
extreme is ever lost.
"""

import math

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

BLOCK = 64

FEW, FEW_IN_COLUMNS = 16_384, 131_072
"""Samples up to which the extent of a window and the summaries of its columns go through them one
by one: quicker than by blocks."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnRanges:
    """One value per column [n]; NaN where a column holds no sample but NaN.

    `low` and `high` may be infinite; `mean` is over the finite samples only; `count` is the
    number of samples that are not NaN.
    """

    low: Floats
    high: Floats
    mean: Floats
    count: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Summaries of rows of samples [rows]; `finite_*` and `positive` are NaN where none is."""

    low: Floats
    high: Floats
    total: Floats
    """Sum of the finite samples."""
    finite: Ints
    """How many samples are finite."""
    count: Ints
    """How many are not NaN."""
    finite_low: Floats
    finite_high: Floats
    positive: Floats
    """Smallest finite sample above 0."""

    def __len__(self) -> int:
        return len(self.low)

    def __add__(self, other: "_Blocks") -> "_Blocks":
        names = self.__dataclass_fields__
        return _Blocks(**{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names})

    def first(self, k: int) -> "_Blocks":
        return _Blocks(**{n: getattr(self, n)[:k] for n in self.__dataclass_fields__})

    def between(self, pairs: Ints, blocks: Ints, full: bool) -> "_Pieces":
        """Summaries of stretches of so many `blocks` [k], whose bounds are `pairs` [2 k]; `full`:
        all blocks hold finite samples alone."""
        low, high = np.fmin.reduceat(self.low, pairs)[::2], np.fmax.reduceat(self.high, pairs)[::2]
        with np.errstate(over="ignore"):
            total = np.add.reduceat(self.total, pairs)[::2]
        if full:
            return _Pieces(low, high, total, blocks * BLOCK, blocks * BLOCK)
        finite, count = (np.add.reduceat(n, pairs)[::2] for n in (self.finite, self.count))
        return _Pieces(low, high, total, finite, count)


class Series:
    """Samples y [n] at ascending positions t [n], ready to be drawn at any zoom.

    Immutable; holds on to the arrays without copying them. They are sorted first if t does not
    ascend (damaged files). `grown_from` is a series of which this one is a continuation, equal
    in the samples they share: its summaries are taken over.
    """

    def __init__(self, t: Ints | Floats, y: Floats, grown_from: "Series | None" = None) -> None:
        if len(t) != len(y):
            raise ValueError(f"{len(t)} positions for {len(y)} samples")
        y = np.asarray(y, dtype=np.float64)
        if len(t) and not (t[1:] >= t[:-1]).all():
            order = np.argsort(t, kind="stable")
            t, y, grown_from = t[order], y[order], None
        self.t: Floats | Ints = t
        self.y: Floats = y
        whole = len(y) // BLOCK
        known = None
        if grown_from is not None:
            known = grown_from._blocks.first(min(len(grown_from) // BLOCK, whole))
        start = 0 if known is None else len(known)
        blocks = _summary(y[start * BLOCK : whole * BLOCK].reshape(-1, BLOCK))
        self._blocks: _Blocks = blocks if known is None else known + blocks
        self._full = bool((self._blocks.finite == BLOCK).all())
        """All samples of all blocks are finite."""
        self._missing: Floats | Ints | None = None
        """Positions of the samples that are NaN, once they were asked for."""
        self._on: tuple[TimeAxis, ColumnRanges] | None = None
        """The last axis, and the summaries of its dot columns."""
        self._within: tuple[tuple[float, float], tuple[int, int]] = (math.nan, math.nan), (0, 0)
        """The last window, and its `rows`."""

    @classmethod
    def after(cls, before: "Series | None", t: Ints | Floats, y: Floats) -> "Series":
        """The samples y [n] at t; `before` is continued where it holds the first of them (by its
        own first and last one)."""
        n = 0 if before is None else len(before)
        if before is None or not 0 < n <= len(y):
            return cls(t, y)
        ends = [0, n - 1]
        same = np.array_equal(before.y[ends], y[ends], equal_nan=True)
        return cls(t, y, before if same and np.array_equal(before.t[ends], t[ends]) else None)

    def __len__(self) -> int:
        return len(self.y)

    def index(self, t: Floats | float, *, after: bool = False) -> Ints:
        """Index of the first sample at or after t; with `after`, of the first beyond t."""
        if self.t.dtype.kind in "iu":
            # whole numbers are compared as such: a cast would copy the positions every time
            t = np.floor(t) if after else np.ceil(t)
            t = np.minimum(np.maximum(t, -(2.0**62)), 2.0**62).astype(np.int64)
        return np.asarray(self.t.searchsorted(t, side="right" if after else "left"))

    def _row(self, t: float, *, after: bool = False) -> int:
        """The same for one finite position, without the detour over arrays."""
        whole = self.t.dtype.kind in "iu"
        at = (math.floor(t) if after else math.ceil(t)) if whole else t
        return int(self.t.searchsorted(at, side="right" if after else "left"))

    def rows(self, t0: float, t1: float) -> tuple[int, int]:
        """The first sample in t0 <= t <= t1, and the first behind them."""
        if self._within[0] != (t0, t1):
            self._within = (t0, t1), (self._row(t0), self._row(t1, after=True))
        return self._within[1]

    def missing(self, t0: float, t1: float) -> Ints | Floats:
        """Positions in t0 <= t <= t1 of samples that are NaN; none where all samples are."""
        if self._missing is None:
            blocks, whole = self._blocks, len(self._blocks) * BLOCK
            some = np.flatnonzero(blocks.count < BLOCK)
            rows = self.y[:whole].reshape(-1, BLOCK)[some]
            inside = (some[:, None] * BLOCK + np.arange(BLOCK))[np.isnan(rows)]
            places = np.concatenate([inside, whole + np.flatnonzero(np.isnan(self.y[whole:]))])
            self._missing = self.t[places] if len(places) < len(self) else self.t[:0]
        if not len(self._missing):
            return self._missing
        i, j = np.searchsorted(self._missing, [t0, np.nextafter(t1, np.inf)])
        return self._missing[i:j]

    def on(self, axis: TimeAxis) -> ColumnRanges:
        """Summaries of the dot columns of an axis; of the last axis they are at hand."""
        known = self._on
        if known is None or known[0] != axis:
            known = self._on = axis, self.columns(axis.edges())
        return known[1]

    def columns(self, edges: Floats) -> ColumnRanges:
        """Summaries of the samples with edges[i] <= t < edges[i+1]; `edges` [n+1] ascends."""
        at = self.index(edges)
        start, stop = at[:-1], at[1:]
        n = len(start)
        if not (n and len(self._blocks)) or stop[-1] - start[0] <= FEW_IN_COLUMNS:
            return self._directly(start, stop)
        # the ragged ends: what lies before the first whole block, and what lies behind the last
        first = np.minimum((start // BLOCK + 1) * BLOCK, stop)
        last = np.maximum(stop // BLOCK * BLOCK, first)
        fore, rear = self._ragged(at, first, last)
        low, high = np.fmin(fore.low, rear.low), np.fmax(fore.high, rear.high)
        total, finite = fore.total + rear.total, fore.finite + rear.finite
        count = fore.count + rear.count
        wide = np.flatnonzero(last > first)
        if len(wide):
            pairs = np.stack([first[wide], last[wide]], axis=1).reshape(-1) // BLOCK
            # reduceat needs indices inside the array: the last column may end on its edge
            some = pairs[:-1] if pairs[-1] == len(self._blocks) else pairs
            part = self._blocks.between(some, np.diff(pairs)[::2], self._full)
            low[wide] = np.fmin(low[wide], part.low)
            high[wide] = np.fmax(high[wide], part.high)
            total[wide] += part.total
            finite[wide] += part.finite
            count[wide] += part.count
        mean = np.divide(total, finite, out=np.full(n, np.nan), where=finite > 0)
        return ColumnRanges(low, high, mean, count)

    def _ragged(self, at: Ints, first: Ints, last: Ints) -> tuple["_Pieces", "_Pieces"]:
        """Summaries of the samples of adjoining columns [n], whose bounds are `at` [n + 1], up to
        `first` and from `last` on: all of them lie in the blocks of the bounds."""
        whole, block = len(self._blocks), at // BLOCK
        rows = self.y[: whole * BLOCK].reshape(-1, BLOCK)[np.minimum(block, whole - 1)]
        end = self.y[whole * BLOCK :]
        rows[block == whole, : len(end)] = end
        cuts = np.stack([at, at, at], axis=1)
        cuts[1:, 0], cuts[:-1, 2] = last, first
        cuts += ((np.arange(len(at)) - block) * BLOCK)[:, None]
        pieces = _pieces(np.append(rows, 0.0), cuts.ravel())
        fore, rear = pieces.some(slice(1, -3, 3)), pieces.some(slice(3, None, 3))
        return fore.where(first > at[:-1]), rear.where(at[1:] > last)

    def _directly(self, start: Ints, stop: Ints) -> ColumnRanges:
        """Summaries of adjoining columns, of the samples start..stop (exclusive) one by one."""
        n, own = len(start), np.flatnonzero(stop > start)
        low, high, mean = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
        count = np.zeros(n, dtype=np.int64)
        if len(own):
            pieces = _pieces(self.y[start[0] : stop[-1]], start[own] - start[0])
            low[own], high[own], count[own] = pieces.low, pieces.high, pieces.count
            known = pieces.finite > 0
            mean[own[known]] = pieces.total[known] / pieces.finite[known]
        return ColumnRanges(low, high, mean, count)

    def extent(self, t0: float, t1: float) -> tuple[float, float, float] | None:
        """Finite minimum, finite maximum and smallest positive value over t0 <= t <= t1.

        None when there is no finite sample; the third is NaN when nothing is positive.
        """
        i, j = self.rows(t0, t1)
        if 0 < j - i <= FEW:
            y = self.y[i:j]
            low, high = float(np.fmin.reduce(y)), float(np.fmax.reduce(y))
            if math.isfinite(low) and math.isfinite(high):
                above = y[y > 0] if low <= 0 else None
                if above is None or len(above):
                    return low, high, low if above is None else float(above.min())
                return low, high, math.nan
        head, tail = min(-(-i // BLOCK) * BLOCK, j), max(j // BLOCK * BLOCK, i)
        if tail <= head:
            head, tail = j, j
        summary = _summary(np.concatenate([self.y[i:head], self.y[tail:j]])[None, :])
        lows, highs, positives = summary.finite_low, summary.finite_high, summary.positive
        if tail > head:
            rows = slice(head // BLOCK, tail // BLOCK)
            lows = np.append(lows, self._blocks.finite_low[rows])
            highs = np.append(highs, self._blocks.finite_high[rows])
            positives = np.append(positives, self._blocks.positive[rows])
        if np.isnan(lows).all():
            return None
        return (
            float(np.fmin.reduce(lows)),
            float(np.fmax.reduce(highs)),
            float(np.fmin.reduce(positives)),
        )

    def at(self, t: float) -> tuple[float, float] | None:
        """Position and value of the newest sample at or before t; None when there is none."""
        i = self._row(t, after=True) - 1
        return None if i < 0 else (float(self.t[i]), float(self.y[i]))


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Summaries of stretches of samples [k], like those of `_Blocks`."""

    low: Floats
    high: Floats
    total: Floats
    finite: Ints
    count: Ints

    def some(self, which: slice) -> "_Pieces":
        return _Pieces(**{n: getattr(self, n)[which] for n in self.__dataclass_fields__})

    def where(self, some: Bools) -> "_Pieces":
        """The same with nothing in the others."""
        low, high = np.where(some, self.low, np.nan), np.where(some, self.high, np.nan)
        total = np.where(some, self.total, 0.0)
        return _Pieces(low, high, total, self.finite * some, self.count * some)


def _pieces(y: Floats, at: Ints) -> _Pieces:
    """The summaries of adjoining stretches of y, which begin at `at` [k]; none is empty."""
    low, high = np.fmin.reduceat(y, at), np.fmax.reduceat(y, at)
    count = np.diff(at, append=len(y))
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(y, at)
        if np.isfinite(total).all():
            return _Pieces(low, high, total, count, count)
        known = np.isfinite(y)
        total = np.add.reduceat(np.where(known, y, 0.0), at)
    finite = np.add.reduceat(known, at, dtype=np.int64)
    return _Pieces(low, high, total, finite, np.add.reduceat(~np.isnan(y), at, dtype=np.int64))


def _summary(rows: Floats) -> _Blocks:
    """The summary of each row of samples."""
    n, width = rows.shape
    if not n or not width:
        none, zero = np.full(n, np.nan), np.zeros(n, dtype=np.int64)
        return _Blocks(none, none, np.zeros(n), zero, zero, none, none, none)
    low, high = np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduce(rows, axis=1)
    full = np.full(n, width, dtype=np.int64)
    if np.isfinite(total).all():
        positive = low
        if not (low > 0).all():
            positive = np.fmin.reduce(np.where(rows > 0, rows, np.nan), axis=1)
        return _Blocks(low, high, total, full, full, low, high, positive)
    is_finite = np.isfinite(rows)
    finite = np.where(is_finite, rows, np.nan)
    with np.errstate(over="ignore"):
        total = np.where(is_finite, rows, 0.0).sum(axis=1)
    return _Blocks(
        low,
        high,
        total,
        is_finite.sum(axis=1),
        (~np.isnan(rows)).sum(axis=1),
        np.fmin.reduce(finite, axis=1),
        np.fmax.reduce(finite, axis=1),
        np.fmin.reduce(np.where(rows > 0, finite, np.nan), axis=1),
    )
