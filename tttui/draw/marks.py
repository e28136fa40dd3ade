"""Transactions as marks along the time axis, and as a graph of commits."""

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.glyphs import SEVERITY
from tttui.draw.look import Look
from tttui.model.arrays import Bools, Ints
from tttui.model.dataclass import dataclass
from tttui.model.transactions import COMMIT, STATUSES


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Transactions at ascending steps t [n], their outcome [n] as an index into `statuses`."""

    t: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    status: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    statuses: tuple[str, ...] = STATUSES
    shown: Bools | None = None
    """Transactions that pass the status filter [n]; None: all."""
    branches: tuple[tuple[int, int], ...] = ()
    """Where commits were undone: the restored step, and the step at which that happened."""

    def __len__(self) -> int:
        return len(self.t)

    def counts(self) -> Mapping[str, int]:
        """Transactions by status, in the order of `statuses`, only those that occur."""
        n = np.bincount(self.status, minlength=len(self.statuses))
        return {name: int(k) for name, k in zip(self.statuses, n, strict=True) if k}

    def nearest(self, t: float) -> int | None:
        """Index of the shown transaction nearest to step t."""
        index = np.arange(len(self)) if self.shown is None else np.flatnonzero(self.shown)
        if not len(index):
            return None
        at = int(np.searchsorted(self.t[index], t))
        near = [i for i in (at - 1, at) if 0 <= i < len(index)]
        return int(index[min(near, key=lambda i: abs(float(self.t[index[i]]) - t))])

    def at(self, t: int) -> int | None:
        """Index of the last transaction at exactly step t."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        return i if i >= 0 and self.t[i] == t else None


CROWDED = 3
"""Transactions in one column from which on a lane shows shares instead of single transactions."""


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """How many transactions of a status fall into a cell column: `counts` [width, statuses]."""

    counts: Ints
    statuses: tuple[str, ...]

    @property
    def total(self) -> Ints:
        """Transactions in each column [width]."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def crowded(self) -> bool:
        """Some column holds so many transactions that single ones cannot be shown."""
        return bool(self.counts.size) and int(self.total.max()) > CROWDED

    def gravest(self, kinds: Sequence[int] | None = None) -> Ints:
        """The gravest status (among `kinds`) in each column [width], -1 where there is none.

        The order is `SEVERITY`; unknown statuses are graver than a commit, less than a rollback.
        """
        grade = np.array([_grade(name) for name in self.statuses])
        if kinds is not None:
            grade[[i for i in range(len(grade)) if i not in kinds]] = 0
        present = np.where(self.counts > 0, grade, 0)
        if not present.size:
            return np.full(len(self.counts), -1)
        return np.where(present.max(axis=1) > 0, present.argmax(axis=1), -1)


def lane(marks: Marks, axis: TimeAxis) -> Lane:
    """The transactions of a window that pass the filter, by column."""
    kinds = len(marks.statuses)
    counts = np.zeros((axis.width, kinds), dtype=np.int64)
    if len(marks) and axis.width:
        i, j = np.searchsorted(marks.t, axis.t0), np.searchsorted(marks.t, axis.t1, side="right")
        status, t = marks.status[i:j], marks.t[i:j]
        if marks.shown is not None:
            status, t = status[marks.shown[i:j]], t[marks.shown[i:j]]
        column = np.clip(axis.cell(t), 0, axis.width - 1)
        flat = np.bincount(column * kinds + status, minlength=axis.width * kinds)
        counts = flat.reshape(axis.width, kinds)
    return Lane(counts, marks.statuses)


def one_row(lane: Lane, look: Look) -> tuple[Ints, Ints, Ints, Bools]:
    """The transactions in one row: columns that have some, their codepoints, inks and bold [n].

    The gravest status of a column, bold where it stands for several transactions. In a crowded lane
    a bar: the share of the column's transactions that were not committed, in the colour of the most
    frequent such status; a column of commits alone has a commit's glyph.
    """
    columns = np.flatnonzero(lane.total)
    counts, total = lane.counts[columns], lane.total[columns]
    codes, inks = signs(lane.statuses, look)
    kind = lane.gravest()[columns]
    chars, ink, bold = codes[kind], inks[kind], total > 1
    if lane.crowded:
        failed = counts.copy()
        failed[:, COMMIT] = 0
        rejected = failed.sum(axis=1)
        level = np.maximum(1, np.rint(8 * rejected / total)).astype(np.int64)
        bars = np.array([ord(bar) for bar in look.glyphs.bars])
        chars = np.where(rejected > 0, bars[level], chars)
        ink = np.where(rejected > 0, inks[failed.argmax(axis=1)], ink)
        bold &= rejected == 0
    return columns, chars, ink, bold


def signs(statuses: Sequence[str], look: Look) -> tuple[Ints, Ints]:
    """Codepoint and colour of every status [n]."""
    codes = np.array([ord(look.glyphs.status(name)) for name in statuses], dtype=np.int64)
    return codes, np.array([look.palette.status(name) for name in statuses], dtype=np.int64)


def _grade(status: str) -> int:
    """A number above 0 that grows with severity."""
    return 2 * (len(SEVERITY) - SEVERITY.index(status)) if status in SEVERITY else 3
