"""Figures that hold until the next snapshot, as steps; the curves differ in pattern and colour."""

from collections.abc import Sequence

import numpy as np

from tttui.draw import axes, braille
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, Changes, lay
from tttui.draw.curves import Curve
from tttui.draw.glyphs import Glyphs
from tttui.draw.layout import ChartLayout, arrange
from tttui.draw.look import Look
from tttui.draw.plot import Threshold
from tttui.draw.plot_area import Picture, PlotArea
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
class Stairs:
    """Curves y of equal length over ascending steps t [k]; value i holds from t[i] to t[i+1]."""

    t: Ints
    names: tuple[str, ...] = ()
    y: tuple[Floats, ...] = ()

    def index(self, t: int) -> int | None:
        """Which value is in force at step t; None before the first."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        return i if i >= 0 else None

    def envelopes(self, axis: TimeAxis, last: int) -> list[tuple[Curve, Bools, Bools]]:
        """Per curve the range of the values in force in each dot column up to step `last`, and
        where one of them is infinite, or not a number."""
        at, empty = _columns(self, axis, last)
        found = []
        for y in self.y:
            part = y[at[0] : at[-1]]
            where = at - at[0]
            endless = np.isposinf(part)
            known = np.isfinite(part)
            whole = bool(known.all())
            low = _reduced(np.minimum, part if whole else np.where(known, part, np.inf), where)
            high = _reduced(np.maximum, part if whole else np.where(known, part, -np.inf), where)
            gone = empty | (low > high)
            low, high = np.where(gone, np.nan, low), np.where(gone, np.nan, high)
            above = missing = np.zeros(len(gone), dtype=np.bool_)
            if not whole:
                above = _reduced(np.maximum, endless.astype(np.float64), where) > 0
                missing = _reduced(np.maximum, np.isnan(part).astype(np.float64), where) > 0
            found.append((Curve(low, high, (low + high) / 2), above & ~empty, missing & ~empty))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class StairPlot:
    """What a small chart of stairs shows, apart from the window and the cursor."""

    title: str = ""
    short: str = ""
    """Instead of the title where that does not fit."""
    stairs: Stairs = Stairs(np.empty(0, dtype=np.int64))
    thresholds: tuple[Threshold, ...] = ()
    last: int = 0
    """The step up to which the newest values are in force."""
    message: str = ""
    """Said where there is nothing to draw."""
    note: str = ""
    """Said in a corner of the drawing."""


NAMED = 7
"""Rows of a chart from which on the values have a row of their own below the title."""


def placed(width: int, height: int) -> ChartLayout:
    """Where the parts of a chart of this size lie."""
    return arrange(width, height, int(height >= NAMED))


def mark(i: int, name: str, glyphs: Glyphs) -> str:
    """How curve i is drawn, in one cell: its pattern, or the last letter of its name."""
    return SAMPLES[i % len(SAMPLES)] if glyphs.braille else name[-1]


def paint(
    plot: StairPlot,
    window: tuple[int, int],
    size: tuple[int, int],
    look: Look,
    log: bool = False,
    changes: Changes = NO_CHANGES,
) -> Picture:
    """The chart over steps `window` (both inclusive) in `size` = (width, height) cells.

    Everything but the title row and the cursor, which change with every move.
    """
    width, height = size
    layout = placed(width, height)
    axis = TimeAxis(*window, layout.columns)
    canvas = Canvas(height, width)
    if layout.columns < 2 or layout.rows < 1:
        return Picture(canvas, layout, axis, None)
    stairs = plot.stairs
    found = stairs.envelopes(axis, plot.last) if len(stairs.t) else []
    scale = _scale([curve for curve, *_ in found], plot.thresholds, log)
    shown = scale or Scale(0.0, 1.0)
    area = PlotArea(canvas, layout.top, layout.rows, layout.gutter, shown, look)
    if scale is None:
        area.say(plot.message or "no finite values in view")
    else:
        area.grid(tick.value for tick in area.marked)
        rows = range(layout.top, layout.top + layout.rows)
        lay(canvas, changes, axis, layout.gutter, rows, look)
        _curves(area, found, stairs.names)
        for line in plot.thresholds:
            _threshold(area, line)
        area.value_axis()
    below = (layout.line, layout.labels)
    axes.steps(canvas, axis, layout.gutter, below, look, labels=len(stairs.t) > 0)
    if changes is not NO_CHANGES:
        area.flags(changes, axis, layout.line)
    note = f" {plot.note} "
    if plot.note and len(note) < layout.columns:
        canvas.write(layout.top, width - len(note), note, look.palette.accent)
    return Picture(canvas, layout, axis, scale)


_latest: list[tuple[Ints, TimeAxis, int, Ints, Bools]] = []
"""What `_columns` found last: charts of one history on one axis follow each other."""


def _columns(stairs: Stairs, axis: TimeAxis, last: int) -> tuple[Ints, Bools]:
    """For every dot column the range of values in force (start and stop in turn), and whether
    there are none."""
    t = stairs.t
    if _latest and _latest[0][0] is t and _latest[0][1:3] == (axis, last):
        return _latest[0][3:]
    edges = axis.edges()
    starts = np.searchsorted(t, np.ceil(edges[:-1]), side="right") - 1
    stops = np.maximum(np.searchsorted(t, edges[1:], side="left"), starts + 1)
    at = np.empty(2 * len(starts), dtype=np.int64)
    at[0::2], at[1::2] = np.maximum(starts, 0), np.maximum(stops, 1)
    _latest[:] = [(t, axis, last, at, (edges[:-1] > last) | (stops <= 0))]
    return _latest[0][3:]


def _reduced(join: np.ufunc, values: Floats, at: Ints) -> Floats:
    """`join` over values[at[0]:at[1]], values[at[2]:at[3]] ..."""
    padded = np.append(values, values[-1:])  # an end may be the end of all
    return np.asarray(join.reduceat(padded, at)[0::2])


def _scale(found: Sequence[Curve], thresholds: Sequence[Threshold], log: bool) -> Scale | None:
    """A scale that holds the curves, and thresholds that lie close; None: nothing finite."""
    known = [curve for curve in found if not np.isnan(curve.low).all()]
    if not known:
        return None
    low = min(float(np.nanmin(curve.low)) for curve in known)
    high = max(float(np.nanmax(curve.high)) for curve in known)
    ends = np.concatenate([curve.low for curve in known] + [curve.high for curve in known])
    positive = ends[ends > 0]
    for line in thresholds:
        if high < line.value <= high + 0.5 * (high - low or abs(high)):
            high = line.value
    return Scale.fit(low, high, float(positive.min()) if len(positive) else np.nan, log=log)


def _curves(
    area: PlotArea, found: Sequence[tuple[Curve, Bools, Bools]], names: Sequence[str]
) -> None:
    """Curves in their patterns; cells that they share hold the dots of all."""
    (palette, glyphs), scale, rows = area.look, area.scale, area.rows
    char, ink = area.area(area.canvas.char), area.area(area.canvas.ink)
    if glyphs.braille:
        dots = _rasters([curve for curve, *_ in found], scale, 4 * rows)
        for i, steep in enumerate(dots.sum(axis=1) > STEEP):
            drawn, period = PATTERNS[i % len(PATTERNS)]
            dots[i][:, ~steep & (np.arange(dots.shape[2]) % period >= drawn)] = False
        bits = braille.pack(dots.reshape(-1, dots.shape[2])).reshape(len(found), *char.shape)
        together = np.bitwise_or.reduce(bits, axis=0)  # dots of all curves that share a cell
        char[together > 0] = braille.BLANK + together[together > 0].astype(np.uint32)
        shown = bits > 0
    else:
        shown = _rasters([curve.halved() for curve, *_ in found], scale, rows)
    for i, (_, endless, missing) in enumerate(found):
        ink[shown[i]] = colour = palette.series[i % len(palette.series)]
        if not glyphs.braille:
            char[shown[i]] = ord(mark(i, names[i], glyphs))
        for row, where, sign in (
            (0, endless, glyphs.above),
            (-1, missing, glyphs.not_a_number),
        ):
            if where.any():
                columns = np.flatnonzero(where.reshape(-1, 2).any(axis=1))
                area.sign(row, columns, sign, colour)


def _rasters(found: Sequence[Curve], scale: Scale, height: int) -> Bools:
    """The curves as raised dots [curves, height, dot columns], neighbouring columns joined as
    `curves.raster` does."""
    low, high = (np.stack(ends) for ends in zip(*((c.low, c.high) for c in found), strict=True))
    drawn = ~np.isnan(low)
    low, high = (
        np.clip(scale.dots(np.where(drawn, ends, scale.low), height), 0, height - 1)
        for ends in (low, high)
    )
    both = drawn[:, :-1] & drawn[:, 1:]
    up = np.where(both, np.maximum(low[:, 1:] - high[:, :-1] - 1, 0), 0)
    down = np.where(both, np.maximum(low[:, :-1] - high[:, 1:] - 1, 0), 0)
    high[:, :-1] += up // 2
    low[:, :-1] -= down // 2
    high[:, 1:] += down - down // 2
    low[:, 1:] -= up - up // 2
    row = np.arange(height - 1, -1, -1)[:, None]
    return np.asarray((row >= low[:, None]) & (row <= high[:, None]) & drawn[:, None])


def _threshold(area: PlotArea, line: Threshold) -> None:
    """A line through the free cells with its name at the right."""
    dot, text, row = area.threshold_text(line)
    if dot is not None:
        at = area.top + area.dot_row(line.value)[1]
        free = area.canvas.char[at] == ord(" ")
        free[: area.left] = False
        area.canvas.char[at, free] = ord(area.glyphs.threshold)
        area.canvas.ink[at, free] = area.palette.threshold
    if len(text) < area.columns:
        at, ink = area.canvas.columns - len(text), area.palette.threshold
        area.canvas.write(area.top + row, at, text, ink)
