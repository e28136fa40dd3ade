"""A path in the plane as dots: equal scale on both axes, and who passed through a cell when."""

import math

import numpy as np

from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

CELL_ASPECT = 2.0
"""Height of a character cell over its width."""

MOST_POINTS = 16_384
"""Longer paths are thinned to the extremes of blocks before they are drawn."""

_LARGEST = 1e290

_FAR = 1e5
"""Dots from the frame beyond which a point is treated as one that is not finite."""


@dataclass(frozen=True, slots=True)
class PathFrame:
    """Where the plane lies on `columns` x `rows` cells of `across` x `down` dots each.

    `per_cell` is the length that the width of a cell stands for; a cell is CELL_ASPECT times as
    high, so that a circle is drawn as one.
    """

    x: float
    y: float
    """The middle of the frame."""
    per_cell: float
    columns: int
    rows: int
    across: int = 2
    down: int = 4

    @classmethod
    def around(
        cls, extent: tuple[float, float, float, float], columns: int, rows: int, *, braille: bool
    ) -> "PathFrame":
        """The smallest frame that holds (x low, x high, y low, y high), with a little margin."""
        x0, x1, y0, y1 = (min(max(v, -_LARGEST), _LARGEST) for v in extent)
        across, down = (2, 4) if braille else (1, 1)
        wide = max(columns - 1.0, 0.5)
        high = max(rows - 1.0, 0.5) * CELL_ASPECT
        per_cell = max((x1 - x0) / wide, (y1 - y0) / high)
        if not per_cell > max(abs(x0), abs(x1), abs(y0), abs(y1), 1e-9) * 1e-12:
            per_cell = max(abs(x0), abs(y0), 1.0) / max(wide, high)
        return cls(x0 / 2 + x1 / 2, y0 / 2 + y1 / 2, per_cell, columns, rows, across, down)

    @property
    def size(self) -> tuple[int, int]:
        """Dots across and down."""
        return self.columns * self.across, self.rows * self.down

    def dots(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Dot column and dot row (from the top) of points, whole numbers; NaN where not finite or
        far away."""
        with np.errstate(invalid="ignore", over="ignore"):
            right = (x - self.x) / self.per_cell * self.across
            down = (self.y - y) / (self.per_cell * CELL_ASPECT) * self.down
        wide, high = self.size
        column, row = np.rint(right + (wide - 1) / 2), np.rint(down + (high - 1) / 2)
        with np.errstate(invalid="ignore"):
            bad = ~((np.abs(column) < _FAR) & (np.abs(row) < _FAR))
        column[bad] = row[bad] = np.nan
        return column, row

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell that holds a point; None outside."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        wide, high = self.size
        # The same as `dots`, for which one point is too few to be quick.
        right = (x - self.x) / self.per_cell * self.across
        down = (self.y - y) / (self.per_cell * CELL_ASPECT) * self.down
        column, row = right + (wide - 1) / 2, down + (high - 1) / 2
        if not (-0.5 <= column <= wide and -0.5 <= row <= high):
            return None
        column, row = round(column), round(row)
        return (row // self.down, column // self.across) if column < wide and row < high else None

    def x_range(self) -> tuple[float, float]:
        half = self.per_cell * (self.columns - 1 / self.across) / 2
        return self.x - half, self.x + half

    def y_range(self) -> tuple[float, float]:
        half = self.per_cell * CELL_ASPECT * (self.rows - 1 / self.down) / 2
        return self.y - half, self.y + half

    def point(self, row: int, column: int) -> tuple[float, float]:
        """The middle of a cell, in the plane."""
        x = self.x + (column + 0.5 - self.columns / 2) * self.per_cell
        return x, self.y - (row + 0.5 - self.rows / 2) * self.per_cell * CELL_ASPECT


def extent(x: Floats, y: Floats) -> tuple[float, float, float, float] | None:
    """Finite ranges of both coordinates; None without a finite point."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduce(x) + np.add.reduce(y) if len(x) else np.nan
    if not math.isfinite(total):
        good = np.isfinite(x) & np.isfinite(y)
        x, y = x[good], y[good]
    if not len(x):
        return None
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def thinned(x: Floats, y: Floats) -> Ints | None:
    """Indices of points that keep the shape of a long path; None where all are drawn.

    Of every block its first point, its leftmost, rightmost, highest, lowest and, where it has
    one, its first point that is not finite (where the line must break).
    """
    n = len(x)
    if n <= MOST_POINTS:
        return None
    size = -(-n // (MOST_POINTS // 6))
    whole = n // size
    starts = np.arange(whole) * size
    with np.errstate(invalid="ignore"):
        extremes = np.zeros((whole, 5), dtype=np.int64)
        for i, values in enumerate((x, y)):
            blocks = values[: whole * size].reshape(whole, size)
            # The argument of the extremes is a NaN where there is one, which is what breaks a line.
            extremes[:, 2 * i + 1], extremes[:, 2 * i + 2] = (
                blocks.argmin(axis=1),
                blocks.argmax(axis=1),
            )
    extremes.sort(axis=1)
    indices = np.concatenate([(extremes + starts[:, None]).ravel(), np.arange(whole * size, n)])
    return indices[np.diff(indices, prepend=-1) > 0]


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """All dots of a polyline: column and row [m], and the index [m] of the point it leads to."""

    column: Ints
    row: Ints
    point: Ints


def line(column: Floats, row: Floats) -> Dots:
    """Join points given in dots; the line is broken where one is NaN."""
    n = len(column)
    known = ~np.isnan(column)
    if n == 0 or not known.any():
        none = np.empty(0, dtype=np.int64)
        return Dots(none, none, none)
    x, y = np.where(known, column, 0.0), np.where(known, row, 0.0)
    dx, dy = np.diff(x), np.diff(y)
    joined = known[1:] & known[:-1]
    count = np.where(joined, np.maximum(np.abs(dx), np.abs(dy)), 0.0)
    count = count.astype(np.int64)
    segment = np.repeat(np.arange(n - 1), count)
    at = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count) + 1
    share = at / count[segment]
    # A point that no segment leads to: the first, after a break, or on the dot of the last one.
    alone = known.copy()
    alone[1:] &= count == 0
    own = np.flatnonzero(alone)
    columns = np.concatenate([np.rint(x[segment] + share * dx[segment]), x[own]])
    rows = np.concatenate([np.rint(y[segment] + share * dy[segment]), y[own]])
    points = np.concatenate([segment + 1, own])
    order = np.argsort(points, kind="stable")
    return Dots(
        columns[order].astype(np.int64), rows[order].astype(np.int64), points[order].astype(int)
    )


def inside(dots: Dots, frame: PathFrame) -> Dots:
    """Only the dots within the frame."""
    wide, high = frame.size
    ok = (dots.column >= 0) & (dots.column < wide) & (dots.row >= 0) & (dots.row < high)
    return dots if ok.all() else Dots(dots.column[ok], dots.row[ok], dots.point[ok])


def raised(dots: Dots, frame: PathFrame) -> Bools:
    """The dots as a raster [dots down, dots across]."""
    wide, high = frame.size
    raster = np.zeros((high, wide), dtype=np.bool_)
    raster[dots.row, dots.column] = True
    return raster


class Visits:
    """Who passed through which cell when: answers `last` for any cursor without drawing again."""

    def __init__(self, dots: Dots, frame: PathFrame, points: int) -> None:
        cell = (dots.row // frame.down) * frame.columns + dots.column // frame.across
        self._points = max(points, 1)
        keys = cell * self._points + dots.point
        self._keys = np.sort(keys[np.diff(keys, prepend=-1) != 0])  # a point may have dots here
        self._owner = self._keys // self._points
        self.cells = self._owner[np.diff(self._owner, prepend=-1) > 0]
        """Cells [k] that the path touches, as row x columns + column."""

    def last(self, point: int) -> Ints:
        """For each of `cells` the last point up to `point` that lies in it, -1 where none does."""
        if point < 0 or not len(self.cells):
            return np.full(len(self.cells), -1)
        limit = self.cells * self._points + min(point, self._points - 1)
        at = np.searchsorted(self._keys, limit, side="right") - 1
        ok = (at >= 0) & (self._owner[np.maximum(at, 0)] == self.cells)
        return np.where(ok, self._keys[np.maximum(at, 0)] % self._points, -1)
