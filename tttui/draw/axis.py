"""Steps to columns and back: the one mapping that lines all time views up."""

from functools import lru_cache

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Steps t0..t1 over `width` cells of two dot columns each.

    Step t0 is on the first dot column and t1 on the last; an axis of a single step has it in
    the middle.
    """

    t0: int
    t1: int
    width: int

    @property
    def dots(self) -> int:
        return 2 * self.width

    def dot(self, t: Ints | Floats | int) -> Ints:
        """Dot columns of steps (whole numbers, also outside the axis)."""
        if self.t1 <= self.t0:
            return np.asarray(np.where(np.asarray(t) == self.t0, self.width, -1))
        spot = (np.asarray(t, dtype=np.float64) - self.t0) / (self.t1 - self.t0) * (self.dots - 1)
        return np.asarray(np.rint(spot).astype(np.int64))

    def cell(self, t: Ints | Floats | int) -> Ints:
        """Cell columns of steps; outside 0..width-1 for steps outside the axis."""
        return np.asarray(self.dot(t) // 2)

    def column(self, t: int) -> int | None:
        """The cell column of one step, or None outside the axis."""
        if not self.t0 <= t <= self.t1 or self.width < 1:
            return None
        if self.t1 == self.t0:
            return self.width // 2
        # as `cell`, without the detour over arrays
        return round((t - self.t0) / (self.t1 - self.t0) * (self.dots - 1)) // 2

    def step(self, column: int) -> int:
        """The step at the middle of a cell column, clamped to the axis."""
        if self.t1 <= self.t0 or self.width < 1:
            return self.t0
        t = self.t0 + (2 * column + 0.5) / (self.dots - 1) * (self.t1 - self.t0)
        return min(max(round(t), self.t0), self.t1)

    @lru_cache(maxsize=16)  # noqa: B019 - an axis is three numbers
    def edges(self) -> Floats:
        """Bounds [dots + 1] of the dot columns in steps: column i is edges[i] <= t < edges[i+1]."""
        if self.t1 <= self.t0:
            edges = np.full(self.dots + 1, float(self.t0))
            edges[self.width + 1 :] += 1.0
            return edges
        pitch = (self.t1 - self.t0) / (self.dots - 1)
        edges = self.t0 + (np.arange(self.dots + 1) - 0.5) * pitch
        edges[0], edges[-1] = self.t0, np.nextafter(self.t1, np.inf)
        return edges

    @lru_cache(maxsize=16)  # noqa: B019
    def centres(self) -> Floats:
        """The step (fractional) at the middle of each dot column."""
        return np.linspace(self.t0, self.t1, self.dots)
