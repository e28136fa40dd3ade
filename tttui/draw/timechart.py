"""A time chart painted into cells."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from tttui.draw import axes, braille, chunks, curves, extent
from tttui.draw import legend as legends
from tttui.draw import plot as plots
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.changes import NO_CHANGES, Changes, flag
from tttui.draw.colours import Colour
from tttui.draw.curves import Curve
from tttui.draw.layout import ChartLayout, arrange
from tttui.draw.look import HasLook, Look
from tttui.draw.numbers import choose, count
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.draw.scales import Scale
from tttui.draw.ticks import Tick
from tttui.model.arrays import Bools, Floats, Ints

DASH = 4
"""Cells from one dash of a dashed line to the next."""

Grid = TypeVar("Grid", Ints, Bools)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A painted chart: the cells, and what is needed to place a cursor on it."""

    canvas: Canvas
    layout: ChartLayout
    axis: TimeAxis
    scale: Scale | None
    note: str = ""
    """What a point of its lines is, where that depends on the window."""


@dataclass(slots=True, eq=False)
class _Painter(HasLook):
    plot: Plot
    layout: ChartLayout
    axis: TimeAxis
    look: Look
    canvas: Canvas
    scale: Scale
    taken: Bools = field(init=False)
    """Plot cells [rows, columns] that hold a curve."""

    def __post_init__(self) -> None:
        self.taken = np.zeros((self.layout.rows, self.layout.columns), dtype=np.bool_)

    @property
    def height(self) -> int:
        """Rows of dots (of cells, without braille)."""
        return self.layout.rows * (4 if self.glyphs.braille else 1)

    def area(self, grid: Grid) -> Grid:
        """The plot's part of one of the canvas's grids."""
        top, left = self.layout.top, self.layout.gutter
        return grid[top : top + self.layout.rows, left:]

    def cells(self, dots: Bools, ink: Colour, char: str, bold: bool = False) -> Bools:
        """Paint dots over whatever a cell held; returns the cells touched."""
        if self.glyphs.braille:
            bits = braille.pack(dots).astype(np.uint32)
            where = bits > 0
            self.area(self.canvas.char)[where] = braille.BLANK + bits[where]
        else:
            where = dots
            self.area(self.canvas.char)[where] = ord(char)
        self.area(self.canvas.ink)[where] = ink
        self.area(self.canvas.bold)[where] = bold
        return where

    def curve(
        self,
        curve: Curve,
        ink: Colour,
        char: str,
        heavy: bool = False,
        around: Curve | None = None,
        dashed: bool = False,
    ) -> None:
        """Paint a curve, with those extremes of the range `around` it that fall into its cells.

        A cell has one ink, so what was painted there of the range before is lost otherwise.
        """
        if not self.glyphs.braille:
            curve = curve.halved()
        dots = curves.raster(curve, self.scale, self.height, heavy=heavy and self.glyphs.braille)
        if around is not None and self.glyphs.braille:
            cells = braille.pack(dots) > 0
            within = np.repeat(np.repeat(cells, 4, axis=0), 2, axis=1)
            dots |= curves.extremes(around, self.scale, self.height) & within
        if dashed:
            dots[:, np.arange(dots.shape[1]) // self._across % DASH >= DASH // 2] = False
        self.taken |= self.cells(dots, ink, char, bold=heavy)
        endless = np.isposinf(curve.high)
        if endless.any():
            per = 2 if self.glyphs.braille else 1
            columns = np.flatnonzero(endless.reshape(-1, per).any(axis=1))
            self.area(self.canvas.char)[0, columns] = ord(self.glyphs.above)
            self.area(self.canvas.ink)[0, columns] = ink

    def range(self, curve: Curve, ink: Colour) -> None:
        """The band from the lowest to the highest sample: a loose screen of dots, which a line
        stands out from, between edges that are exact."""
        braille_ = self.glyphs.braille
        dots = curves.band((curve if braille_ else curve.halved()), self.scale, self.height)
        self.cells(dots, ink, self.glyphs.raw)

    def outliers(self) -> None:
        """Marks at the edges for samples beyond the scale, and how many there are."""
        counts = np.zeros(2, dtype=np.int64)
        for trace in self.plot.traces:
            series = extent.samples(trace)
            found = extent.beyond(series, self.axis, self.scale)
            counts += found
            if any(found):
                ink = plots.ink(trace.role, self.palette)
                cells = extent.cells_beyond(series, self.axis, self.scale)
                for row, columns, char in zip(
                    (0, -1), cells, (self.glyphs.above, self.glyphs.below), strict=True
                ):
                    self.area(self.canvas.char)[row, columns] = ord(char)
                    self.area(self.canvas.ink)[row, columns] = ink
                    self.area(self.canvas.bold)[row, columns] = True
        layout, glyphs = self.layout, self.glyphs
        ends = (layout.top, layout.top + layout.rows - 1)
        for row, n, word, sign in zip(
            ends, counts.tolist(), ("above", "below"), (glyphs.above, glyphs.below), strict=True
        ):
            forms = (f"{count(n)} {word}", f"{count(n)}{sign}", sign)
            text = choose(forms, layout.gutter - 1, "")
            if n and text:
                self.canvas.write(row, 0, text.rjust(layout.gutter - 1), self.palette.warn)

    def tag(self, trace: Trace, shape: Curve) -> None:
        """The curve's own character in the cell where it ends."""
        known = np.flatnonzero(np.isfinite(shape.mean))
        if not trace.tag or not len(known):
            return
        column = int(known[-1]) // 2
        value = min(max(float(shape.mean[known[-1]]), self.scale.low), self.scale.high)
        _, row = axes.dot_row(self.scale, value, self.layout.rows, self.glyphs)
        at = (self.layout.top + row, self.layout.gutter + column)
        self.canvas.write(*at, trace.tag, plots.ink(trace.role, self.palette), bold=True)

    def not_numbers(self, trace: Trace) -> None:
        """A mark on the lowest row in every column that holds a NaN: nothing else would tell."""
        t0, t1 = self.axis.t0, self.axis.t1
        at: Ints | Floats = trace.series.missing(t0, t1)
        if trace.not_numbers is not None:
            at = trace.not_numbers[(trace.not_numbers >= t0) & (trace.not_numbers <= t1)]
        columns = np.unique(np.clip(self.axis.cell(at), 0, self.layout.columns - 1))
        if len(columns):
            self.area(self.canvas.char)[-1, columns] = ord(self.glyphs.not_a_number)
            self.area(self.canvas.ink)[-1, columns] = plots.ink(trace.role, self.palette)
            self.area(self.canvas.bold)[-1, columns] = True

    def grid(self) -> None:
        """A thin row of dots at every labelled tick."""
        dots = np.zeros((self.height, self.layout.columns * self._across), dtype=np.bool_)
        for tick in self.marked:
            row, _ = axes.dot_row(self.scale, tick.value, self.layout.rows, self.glyphs)
            dots[row, :: 2 * self._across] = True
        self.cells(dots, self.palette.faint, self.glyphs.grid)

    def changes(self, changes: Changes) -> None:
        """Thin lines behind the curves where the run was changed; hatches leave them alone."""
        columns = changes.lines(self.axis)
        self.area(self.canvas.char)[:, columns] = ord(self.glyphs.change_line)
        self.area(self.canvas.ink)[:, columns] = self.palette.muted
        self.taken[:, columns] = True

    def flags(self, changes: Changes) -> None:
        """A flag on the axis line at every change, or at the top where there is no line."""
        layout, glyphs = self.layout, self.glyphs
        row = layout.line if layout.line >= 0 else layout.top
        over = f" {glyphs.change_line}{glyphs.horizontal}{glyphs.tick_down}"
        flag(self.canvas, changes, self.axis, layout.gutter, row, self.look, over)

    @property
    def _across(self) -> int:
        return 2 if self.glyphs.braille else 1

    @property
    def marked(self) -> tuple[Tick, ...]:
        """The labelled ticks of the values."""
        return axes.labelled(self.scale, self.layout.rows)

    def between(self, a: Floats, b: Floats) -> tuple[Bools, Bools]:
        """Cells whose middle is between curves a and b, and those of them where a is below b."""
        ya, yb = (curves.by_cell(self.scale.position(y)) for y in (a, b))
        known = ~(np.isnan(ya) | np.isnan(yb))
        rows = self.layout.rows
        middle = (rows - 0.5 - np.arange(rows)[:, None]) / rows
        with np.errstate(invalid="ignore"):
            cells = known & (middle < np.maximum(ya, yb)) & (middle > np.minimum(ya, yb))
            return cells, cells & (ya < yb)

    def tint(self, cells: Bools, better: Bools) -> None:
        paper, char = self.area(self.canvas.paper), self.area(self.canvas.char)
        ink = self.area(self.canvas.ink)
        worse = cells & ~better
        paper[better] = self.palette.better_tint
        paper[worse] = self.palette.worse_tint
        free = ~self.taken
        char[worse & free] = ord(self.glyphs.worse)
        ink[worse & free] = self.palette.worse_hatch
        if not self.palette.tinted:
            char[better & free] = ord(self.glyphs.better)
            ink[better & free] = self.palette.better_hatch

    def threshold(self, line: Threshold) -> None:
        top, left = self.layout.top, self.layout.gutter
        spot = float(self.scale.position(np.array([line.value]))[0])
        if 0 <= spot <= 1:
            dots = np.zeros((self.height, self.layout.columns * self._across), dtype=np.bool_)
            row, cell = axes.dot_row(self.scale, line.value, self.layout.rows, self.glyphs)
            dots[row] = np.arange(dots.shape[1]) % 6 < 4 if self.glyphs.braille else True
            free = np.repeat(~self.taken, self._across, axis=1)
            if self.glyphs.braille:
                free = np.repeat(free, 4, axis=0)
            self.cells(dots & free, self.palette.threshold, self.glyphs.threshold)
            text = f" {line.name} "
            at = top + (cell - 1 if cell > 0 else cell + 1)
        else:
            arrow = self.glyphs.above if spot > 1 else self.glyphs.below
            text = f" {arrow} {line.name} "
            at = top if spot > 1 else top + self.layout.rows - 1
        if len(text) < self.layout.columns:
            row, start = self._free(at - top, len(text))
            self.canvas.write(top + row, left + start, text, self.palette.threshold)
            self.taken[row, start : start + len(text)] = True

    def _free(self, row: int, length: int) -> tuple[int, int]:
        """Row and first column of the plot for a text: where it covers no curve if there is such
        a place in that row or beside it, as far right as possible."""
        last = self.layout.columns - length
        for at in (row, row + 1, row - 1, row + 2, row - 2):
            if 0 <= at < self.layout.rows and last >= 0:
                clear = np.convolve(self.taken[at], np.ones(length, dtype=np.int64), "valid") == 0
                if clear.any():
                    return at, int(np.flatnonzero(clear)[-1])
        return min(max(row, 0), self.layout.rows - 1), max(last, 0)

    def value_axis(self) -> None:
        layout = self.layout
        place = (layout.top, layout.rows, layout.gutter)
        look = self.look
        axes.values(self.canvas, place, self.marked, self.scale, look, cut=True)

    def step_axis(self, labels: bool) -> None:
        layout, look = self.layout, self.look
        rows = (layout.line, layout.labels)
        axes.steps(self.canvas, self.axis, layout.gutter, rows, look, labels=labels)

    def say(self, text: str) -> None:
        """A sentence in the middle of the plot."""
        room = self.layout.columns - 2
        if room > 0 and self.layout.rows > 0:
            text = fit(text, room, self.glyphs.ellipsis)
            at = self.layout.gutter + (self.layout.columns - len(text)) // 2
            row = self.layout.top + (self.layout.rows - 1) // 2
            self.canvas.write(row, at, text, self.palette.muted)


def paint(
    plot: Plot,
    axis_range: tuple[int, int],
    size: tuple[int, int],
    look: Look,
    log: bool = False,
    changes: Changes = NO_CHANGES,
) -> Picture:
    """The chart over steps `axis_range` (inclusive) in `size` = (width, height) cells.

    Everything but the title row and the cursor, which change with every move.
    """
    width, height = size
    layout = arrange(width, height, legends.arrange(plot, *size).rows, steps=plot.steps)
    axis = TimeAxis(*axis_range, layout.columns)
    canvas = Canvas(height, width)
    if layout.columns < 2 or layout.rows < 1:
        return Picture(canvas, layout, axis, None)
    reach, sampled = extent.of_plot(plot, axis, log)
    scale = Scale.fit(*reach, log=log) if reach else Scale(0.0, 1.0)
    painter = _Painter(plot, layout, axis, look, canvas, scale)
    if reach:
        painter.grid()
        painter.changes(changes)
        _paint_curves(painter)
        for line in plot.thresholds:
            painter.threshold(line)
        painter.value_axis()
        if plot.robust:
            painter.outliers()
    else:
        painter.say("no finite values in view" if sampled else plot.message)
    painter.step_axis(labels=any(len(trace.series) for trace in plot.traces))
    painter.flags(changes)
    lines = (chunks.note(t.series, axis, t.chunk) for t in plot.traces if t.chunk)
    return Picture(canvas, layout, axis, scale if reach else None, next(filter(None, lines), ""))


def _shape(trace: Trace, axis: TimeAxis, scale: Scale) -> Curve:
    """A curve by chunks, or by dot columns where these hold more or chunks are too few."""
    chunked = chunks.by_chunk(trace.series, axis, trace.chunk, scale) if trace.chunk else None
    return curves.trace(trace.series, axis, scale.log) if chunked is None else chunked


def _paint_curves(painter: _Painter) -> None:
    plot, palette, scale = painter.plot, painter.palette, painter.scale
    shapes = [_shape(trace, painter.axis, scale) for trace in plot.traces]
    if plot.band is not None:
        low = curves.trace(plot.band.low, painter.axis, scale.log).mean
        high = curves.trace(plot.band.high, painter.axis, scale.log).mean
        cells, _ = painter.between(low, high)
        painter.area(painter.canvas.paper)[cells] = palette.band_tint
    for trace in plot.traces:
        if trace.raw is not None:
            raw = curves.trace(trace.raw, painter.axis, scale.log)
            painter.curve(raw, plots.faint_ink(trace.role, palette), painter.glyphs.raw)
    for trace, shape in zip(plot.traces, shapes, strict=True):
        faint = plots.faint_ink(trace.role, palette)
        if trace.alone:
            continue
        if shape.dense:
            painter.range(shape, faint)
        if shape.dense and painter.axis.t1 - painter.axis.t0 < painter.axis.dots:
            single = curves.trace(trace.series, painter.axis, scale.log)
            painter.curve(single, faint, painter.glyphs.raw)  # there is room for every sample
    for i, (trace, shape) in enumerate(zip(plot.traces, shapes, strict=True)):
        char = trace.tag or painter.glyphs.curve_marks[0 if trace.heavy else 1 + min(i, 1)]
        colour = plots.ink(trace.role, palette)
        if shape.dense:
            around = None if trace.alone else shape
            painter.curve(shape.middle, colour, char, trace.heavy, around, dashed=trace.dashed)
        else:
            painter.curve(shape, colour, char, trace.heavy, dashed=trace.dashed)
    if plot.compare is not None and max(plot.compare) < len(shapes):
        a, b = plot.compare if plot.lower_is_better else plot.compare[::-1]
        painter.tint(*painter.between(shapes[a].mean, shapes[b].mean))
    for trace, shape in zip(plot.traces, shapes, strict=True):
        painter.tag(trace, shape)
        painter.not_numbers(trace)
