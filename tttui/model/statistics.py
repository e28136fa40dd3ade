"""Figures of every snapshot of the weights, coarse first, computed once while a run grows."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace

import numpy as np

from tttui.model.arrays import PLASTIC, Bools, Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.lora import ProductSnapshots, product_values
from tttui.model.session import History, Snapshots
from tttui.model.spectrum import condition_number, effective_rank, singular_values, too_large

BATCH = 256
"""Snapshots that are summarised in one go, where they are small."""

BATCH_ENTRIES = 1 << 18
"""Entries of the matrices that are summarised in one go, where a snapshot has fewer."""

COARSE = 512
"""About as many snapshots, evenly spread, are summarised before those between them."""

FINER = 4
"""Every further round summarises this many times as many snapshots."""

MEASURES = (
    "fro",
    "max_abs",
    "mean",
    "std",
    "max_change",
    "change",
    "condition",
    "effective_rank",
)
"""`change` is the norm of what has changed since the first snapshot, `max_change` its largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Figures of the snapshots summarised so far; immutable, like the history that they are of."""

    t: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Steps of those snapshots, ascending."""
    columns: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    """By matrix and figure one value a snapshot; NaN where it has none."""
    history: History | None = None
    """What was summarised."""
    progress: float = 1.0
    """Part of the snapshots that is summarised, whether or not it is in the columns yet."""

    @property
    def complete(self) -> bool:
        return self.history is None or len(self.t) == len(self.history)

    @property
    def matrices(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def column(self, matrix: str, measure: str) -> Floats:
        return self.columns[matrix][measure]

    def largest(self, matrix: str, measure: str) -> float | None:
        """The largest finite value of a figure in the whole history; None while not known."""
        if not self.complete or matrix not in self.columns:
            return None
        column = self.columns[matrix][measure]
        finite = column[np.isfinite(column)]
        return float(finite.max()) if len(finite) else None


class Summariser:
    """Works the statistics of a history out, for a limited time whenever `advance` is called.

    What was computed for a shorter version of the same history is kept. The first round takes
    every n-th snapshot, so that the curves are there at once; `statistics` changes its columns
    only where a round is complete.
    """

    def __init__(self) -> None:
        self.statistics = Statistics()
        self._columns: dict[str, dict[str, Floats]] = {}
        self._known: Bools = np.empty(0, dtype=np.bool_)
        """The snapshots that are summarised."""
        self._rounds: list[int] = []
        """Strides of the rounds that are left."""

    @property
    def complete(self) -> bool:
        return not self._rounds

    def follow(self, history: History | None, of: Sequence[str] = PLASTIC) -> None:
        """Summarise the matrices of these names in this history from now on."""
        old, statistics = self.statistics.history, self.statistics
        if history is old and (history is None or set(self._columns) == _known(history, of)):
            return
        if history is None:
            self.statistics, self._columns, self._rounds = Statistics(), {}, []
            return
        names = [name for name in of if history.snapshots(name) is not None]
        if not (old is not None and list(self._columns) == names and _grown(old, history, names)):
            self._columns = {name: {m: np.empty(0) for m in MEASURES} for name in names}
            self._known, statistics = np.empty(0, dtype=np.bool_), Statistics()
        more = len(history) - len(self._known)
        self._known = np.append(self._known, np.zeros(more, dtype=np.bool_))
        for columns in self._columns.values():
            for measure in MEASURES:
                columns[measure] = np.append(columns[measure], np.full(more, np.nan))
        self._rounds = _strides(len(history)) if not len(statistics.t) or self._rounds else [1]
        self.statistics = replace(statistics, history=history, progress=self._progress())

    def advance(self, budget_s: float) -> bool:
        """Work for about this time; returns whether everything is summarised."""
        end = time.perf_counter() + budget_s
        while self._rounds:
            left = np.flatnonzero(~self._known[:: self._rounds[0]]) * self._rounds[0]
            for at in self._batches(left):
                self._take(at)
                if time.perf_counter() >= end and at[-1] != left[-1]:
                    self.statistics = replace(self.statistics, progress=self._progress())
                    return False
            del self._rounds[0]
            self._publish()
            if time.perf_counter() >= end:
                break
        return self.complete

    def _progress(self) -> float:
        return float(self._known.mean()) if len(self._known) else 1.0

    def _batches(self, left: Ints) -> Iterable[Ints]:
        history = self.statistics.history
        assert history is not None
        size = sum(int(np.prod(_snapshots(history, k).shape[1:])) for k in self._columns)
        n = max(1, min(BATCH, BATCH_ENTRIES // max(size, 1)))
        return (left[i : i + n] for i in range(0, len(left), n))

    def _take(self, at: Ints) -> None:
        history = self.statistics.history
        assert history is not None
        for name, columns in self._columns.items():
            snapshots = _snapshots(history, name)
            W, start = snapshots[at], snapshots[0]
            for measure, figure in zip(MEASURES, _figures(W, start), strict=False):
                columns[measure][at] = figure
            values: Floats | None = None
            if isinstance(snapshots, ProductSnapshots):
                values = product_values(*snapshots.factors(at), snapshots.pair.scale)
            elif not too_large(*W.shape[1:]):
                values = singular_values(W)
            if values is not None:
                columns["condition"][at] = condition_number(values)
                columns["effective_rank"][at] = effective_rank(values)
        self._known[at] = True

    def _publish(self) -> None:
        """Make what is known the columns of `statistics`; they are never written again."""
        history = self.statistics.history
        assert history is not None
        if self._known.all():
            columns = {name: dict(measures) for name, measures in self._columns.items()}
            t = np.asarray(history.t)
        else:
            columns = {
                name: {measure: values[self._known] for measure, values in measures.items()}
                for name, measures in self._columns.items()
            }
            t = np.asarray(history.t)[self._known]
        self.statistics = Statistics(t, columns, history, self._progress())


def summarised(history: History, of: Sequence[str] = PLASTIC) -> Statistics:
    """The statistics of all snapshots, computed now."""
    summariser = Summariser()
    summariser.follow(history, of)
    while not summariser.advance(1.0):
        pass
    return summariser.statistics


def _figures(W: Floats, start: Floats) -> tuple[Floats, ...]:
    """Norm, largest value, mean, deviation, largest change and the norm of the change, each [n], of
    W [n, rows, cols].

    Large matrices are taken some rows at a time, so that no second copy of them is made.
    """
    n, rows, columns = W.shape
    step = max(1, BATCH_ENTRIES // (n * columns))
    parts = [slice(i, i + step) for i in range(0, rows, step)]
    total, squares, largest, change, moved, spread = np.zeros((6, n))
    entries = rows * columns
    with np.errstate(all="ignore"):
        for part in parts:
            block = W[:, part].astype(np.float64)
            total += block.sum(axis=(1, 2))
            squares += (block * block).sum(axis=(1, 2))
            largest = np.maximum(largest, np.abs(block).max(axis=(1, 2)))
            since = block - start[part]
            change = np.maximum(change, np.abs(since).max(axis=(1, 2)))
            moved += (since * since).sum(axis=(1, 2))
        mean = total / entries
        for part in parts:
            block = W[:, part].astype(np.float64) - mean[:, None, None]
            spread += (block * block).sum(axis=(1, 2))
        deviation = np.sqrt(spread / entries)
        return np.sqrt(squares), largest, mean, deviation, change, np.sqrt(moved)


def _known(history: History, names: Sequence[str]) -> set[str]:
    return {name for name in names if history.snapshots(name) is not None}


def _snapshots(history: History, name: str) -> Snapshots:
    snapshots = history.snapshots(name)
    assert snapshots is not None
    return snapshots


def _grown(old: History, new: History, names: list[str]) -> bool:
    """Whether `new` holds what `old` holds, and nothing or more after it."""
    n = len(old)
    return (
        all(name in old.weights for name in names)
        and all(old.weights[k].shape[1:] == new.weights[k].shape[1:] for k in names)
        and len(new) >= n
        and old.restarts == new.restarts
        and bool(np.array_equal(np.asarray(new.t)[:n], old.t))
    )


def _strides(n: int) -> list[int]:
    """Every how many snapshots the rounds take one: coarse first, the last one all."""
    strides = [1]
    while n > COARSE * strides[0]:
        strides.insert(0, strides[0] * FINER)
    return strides
