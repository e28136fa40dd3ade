"""Update attempts as marks along the time axis, and as a graph of commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.glyphs import SEVERITY
from tttui.model.arrays import Bools, Ints
from tttui.model.transactions import COMMIT, STATUSES


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Attempts at ascending steps t [n], their status [n] as an index into `statuses`."""

    t: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    status: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    statuses: tuple[str, ...] = STATUSES
    shown: Bools | None = None
    """Attempts that pass the status filter [n]; None: all."""

    def __len__(self) -> int:
        return len(self.t)

    def counts(self) -> Mapping[str, int]:
        """Attempts by status, in the order of `statuses`, only those that occur."""
        n = np.bincount(self.status, minlength=len(self.statuses))
        return {name: int(k) for name, k in zip(self.statuses, n, strict=True) if k}

    def nearest(self, t: float) -> int | None:
        """Index of the shown attempt nearest to step t."""
        index = np.arange(len(self)) if self.shown is None else np.flatnonzero(self.shown)
        if not len(index):
            return None
        at = int(np.searchsorted(self.t[index], t))
        near = [i for i in (at - 1, at) if 0 <= i < len(index)]
        return int(index[min(near, key=lambda i: abs(float(self.t[index[i]]) - t))])

    def at(self, t: int) -> int | None:
        """Index of the last attempt at exactly step t."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        return i if i >= 0 and self.t[i] == t else None


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """What each cell column [width] shows: the gravest status in it, and how many attempts."""

    status: Ints
    """Index into `Marks.statuses`, -1 where there is none."""
    count: Ints
    commits: Ints


def lane(marks: Marks, axis: TimeAxis) -> Lane:
    """The attempts of a window, one entry a column; where several fall together the gravest wins.

    The order is `SEVERITY`; statuses outside it are graver than a commit, less than a rollback.
    """
    grade = np.array([_grade(name) for name in marks.statuses])
    best = np.full(axis.width, -1, dtype=np.int64)
    count = np.zeros(axis.width, dtype=np.int64)
    commits = np.zeros(axis.width, dtype=np.int64)
    if len(marks) and axis.width:
        i, j = np.searchsorted(marks.t, axis.t0), np.searchsorted(marks.t, axis.t1, side="right")
        status, t = marks.status[i:j], marks.t[i:j]
        if marks.shown is not None:
            status, t = status[marks.shown[i:j]], t[marks.shown[i:j]]
        column = np.clip(axis.cell(t), 0, axis.width - 1)
        worst = np.full(axis.width, -1, dtype=np.int64)
        np.maximum.at(worst, column, grade[status])
        hit = grade[status] == worst[column]
        best[column[hit]] = status[hit]
        count = np.bincount(column, minlength=axis.width)
        commits = np.bincount(column[status == COMMIT], minlength=axis.width)
    return Lane(best, count, commits)


def _grade(status: str) -> int:
    """A number >= 0 that grows with severity."""
    return 2 * (len(SEVERITY) - SEVERITY.index(status)) if status in SEVERITY else 3
