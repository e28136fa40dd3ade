"""Curves that hold each value until the next one; they differ in pattern and colour."""

from collections.abc import Sequence

import numpy as np

from tttui.draw import curves
from tttui.draw.axis import TimeAxis
from tttui.draw.curves import Curve
from tttui.draw.envelope import Series
from tttui.draw.glyphs import Glyphs
from tttui.draw.scales import Scale
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

PATTERNS = ((1, 1), (4, 6), (1, 2))
"""For each curve the dot columns that are drawn, of how many: solid, dashed, dotted."""

SAMPLES = "━╍┉"
"""One cell of each pattern, for a legend."""

STEEP = 2
"""Dots in a column from which on a pattern leaves no gap: extremes are never lost."""


@dataclass(frozen=True, slots=True, eq=False)
class InForce:
    """The values of a series that are in force in each dot column."""

    curve: Curve
    """Their finite range."""
    endless: Bools
    """Where one of them is infinite."""
    missing: Bools
    """Where one of them is not a number."""


def mark(i: int, name: str, glyphs: Glyphs) -> str:
    """How curve i is drawn, in one cell: its pattern, or the last letter of its name."""
    return SAMPLES[i % len(SAMPLES)] if glyphs.braille else name[-1]


def in_force(series: Series, axis: TimeAxis, last: int | None) -> InForce:
    """Value i is in force from t[i] to t[i+1], the newest one up to step `last`."""
    at, empty = _columns(series.t, axis, last)
    part, where = series.y[at[0] : at[-1]], at - at[0]
    known = np.isfinite(part)
    whole = bool(known.all())
    low = _reduced(np.minimum, part if whole else np.where(known, part, np.inf), where)
    high = _reduced(np.maximum, part if whole else np.where(known, part, -np.inf), where)
    hidden = empty | (low > high)
    low, high = np.where(hidden, np.nan, low), np.where(hidden, np.nan, high)
    above = missing = np.zeros(len(hidden), dtype=np.bool_)
    if not whole:
        above = _reduced(np.maximum, np.isposinf(part).astype(np.float64), where) > 0
        missing = _reduced(np.maximum, np.isnan(part).astype(np.float64), where) > 0
    return InForce(Curve(low, high, (low + high) / 2), above & ~empty, missing & ~empty)


def extent(series: Series, axis: TimeAxis, last: int | None) -> tuple[float, float, float] | None:
    """`Series.extent` of the values in force on the axis."""
    if last is not None and last < axis.t0:
        return None
    first = series.at(axis.t0)
    end = axis.t1 if last is None else min(axis.t1, last)
    return series.extent(axis.t0 if first is None else first[0], end)


_latest: list[tuple[Ints | Floats, TimeAxis, int | None, Ints, Bools]] = []
"""What `_columns` found last: charts of one history on one axis follow each other."""


def _columns(t: Ints | Floats, axis: TimeAxis, last: int | None) -> tuple[Ints, Bools]:
    """For every dot column the range of values in force (start and stop in turn), and whether
    there are none."""
    if _latest and _latest[0][0] is t and _latest[0][1:3] == (axis, last):
        return _latest[0][3:]
    edges = axis.edges()
    starts = np.searchsorted(t, np.ceil(edges[:-1]), side="right") - 1
    stops = np.maximum(np.searchsorted(t, edges[1:], side="left"), starts + 1)
    at = np.empty(2 * len(starts), dtype=np.int64)
    at[0::2], at[1::2] = np.maximum(starts, 0), np.maximum(stops, 1)
    over = edges[:-1] > (np.inf if last is None else last)
    _latest[:] = [(t, axis, last, at, over | (stops <= 0))]
    return _latest[0][3:]


def _reduced(join: np.ufunc, values: Floats, at: Ints) -> Floats:
    """`join` over values[at[0]:at[1]], values[at[2]:at[3]] ..."""
    padded = np.append(values, values[-1:])  # an end may be the end of all
    return np.asarray(join.reduceat(padded, at)[0::2])


def patterned(shapes: Sequence[Curve], scale: Scale, height: int) -> Bools:
    """The curves as raised dots [curves, height, dot columns], each in its pattern."""
    dots = curves.raster(curves.stacked(shapes), scale, height)
    for i, steep in enumerate(dots.sum(axis=1) > STEEP):
        drawn, period = PATTERNS[i % len(PATTERNS)]
        dots[i][:, ~steep & (np.arange(dots.shape[2]) % period >= drawn)] = False
    return dots
