"""A time chart painted into cells."""

from dataclasses import field

import numpy as np

from tttui.draw import axes, braille, chunks, curves, extent
from tttui.draw import legend as legends
from tttui.draw import plot as plots
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, Changes
from tttui.draw.colours import Colour
from tttui.draw.curves import Curve
from tttui.draw.layout import ChartLayout, arrange
from tttui.draw.look import Look
from tttui.draw.numbers import choose, count
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.draw.plot_area import Picture, PlotArea
from tttui.draw.scales import Scale
from tttui.draw.shades import Shades
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

DASH = 4
"""Cells from one dash of a dashed line to the next."""


@dataclass(slots=True, eq=False)
class _Painter(PlotArea):
    plot: Plot
    layout: ChartLayout
    axis: TimeAxis
    taken: Bools = field(init=False)
    """Plot cells [rows, columns] that hold a curve."""
    shades: Shades = field(init=False)
    """The tints behind the curves."""

    def __post_init__(self) -> None:
        self.taken = np.zeros((self.rows, self.columns), dtype=np.bool_)
        self.shades = Shades(self.rows, self.columns, self.palette.ground)

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
            dots[:, np.arange(dots.shape[1]) // self.across % DASH >= DASH // 2] = False
        self.taken |= self.cells(dots, ink, char, bold=heavy)
        endless = np.isposinf(curve.high)
        if endless.any():
            per = 2 if self.glyphs.braille else 1
            columns = np.flatnonzero(endless.reshape(-1, per).any(axis=1))
            self.area(self.canvas.char)[0, columns] = ord(self.glyphs.above)
            self.area(self.canvas.ink)[0, columns] = ink

    def range(self, curve: Curve, ink: Colour, tint: Colour) -> None:
        """The band from the lowest to the highest sample: a tint, or where there is none a loose
        screen of dots, which a line stands out from, between edges that are exact."""
        if self.palette.tinted:
            low, high = (self.scale.position(ends) for ends in (curve.low, curve.high))
            self.shades.lay(low, high, tint)
            return
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

    def lost(self, trace: Trace) -> None:
        """Mark the values of a curve that are no numbers."""
        t0, t1 = self.axis.t0, self.axis.t1
        at: Ints | Floats = trace.series.missing(t0, t1)
        if trace.not_numbers is not None:
            at = trace.not_numbers[(trace.not_numbers >= t0) & (trace.not_numbers <= t1)]
        self.not_numbers(at, self.axis, plots.ink(trace.role, self.palette), bold=True)

    def changes(self, changes: Changes) -> None:
        """Thin lines behind the curves where the run was changed; hatches leave them alone."""
        columns = changes.lines(self.axis)
        self.area(self.canvas.char)[:, columns] = ord(self.glyphs.change_line)
        self.area(self.canvas.ink)[:, columns] = self.palette.muted
        self.taken[:, columns] = True

    def between(self, a: Floats, b: Floats) -> tuple[Bools, Bools]:
        """Cells whose middle is between curves a and b, and those of them where a is below b."""
        ya, yb = (curves.by_cell(self.scale.position(y)) for y in (a, b))
        known = ~(np.isnan(ya) | np.isnan(yb))
        rows = self.layout.rows
        middle = (rows - 0.5 - np.arange(rows)[:, None]) / rows
        with np.errstate(invalid="ignore"):
            cells = known & (middle < np.maximum(ya, yb)) & (middle > np.minimum(ya, yb))
            return cells, cells & (ya < yb)

    def hatch(self, cells: Bools, better: Bools) -> None:
        """The signs of the areas between two curves, where no curve is."""
        char, ink = self.area(self.canvas.char), self.area(self.canvas.ink)
        worse = cells & ~better
        free = ~self.taken
        char[worse & free] = ord(self.glyphs.worse)
        ink[worse & free] = self.palette.worse_hatch
        if not self.palette.tinted:
            char[better & free] = ord(self.glyphs.better)
            ink[better & free] = self.palette.better_hatch

    def shade(self) -> None:
        """Put the tints behind all that was painted; their edges are exact in free cells."""
        canvas = self.canvas
        grids = (canvas.char, canvas.ink, canvas.paper, canvas.marks)
        char, ink, paper, marks = (grid[self.top :, self.left :][: self.rows] for grid in grids)
        free = np.zeros_like(self.taken)
        if self.glyphs.braille:
            grid = (ink == self.palette.faint) & (char >= braille.BLANK) & ~self.taken
            free = (char == ord(" ")) | grid
        self.shades.paint((char, ink, paper, marks), free, self.glyphs.bars)

    def threshold(self, line: Threshold) -> None:
        """A dashed line of dots behind the curves, with its name where that covers none."""
        dot, text, at = self.threshold_text(line)
        if dot is not None:
            dots = self.dots()
            dots[dot] = np.arange(dots.shape[1]) % 6 < 4 if self.glyphs.braille else True
            free = np.repeat(~self.taken, self.across, axis=1)
            if self.glyphs.braille:
                free = np.repeat(free, 4, axis=0)
            self.cells(dots & free, self.palette.threshold, self.glyphs.threshold)
        if len(text) < self.columns:
            row, start = self._free(at, len(text))
            self.canvas.write(self.top + row, self.left + start, text, self.palette.threshold)
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

    def step_axis(self, labels: bool) -> None:
        layout, look = self.layout, self.look
        rows = (layout.line, layout.labels)
        axes.steps(self.canvas, self.axis, layout.gutter, rows, look, labels=labels)


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
    painter = _Painter(
        canvas, layout.top, layout.rows, layout.gutter, scale, look, plot, layout, axis
    )
    if reach:
        painter.grid(tick.value for tick in painter.marked)
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
    painter.flags(changes, axis, layout.line)
    painter.shade()
    lines = (chunks.note(t.series, axis, t.chunk) for t in plot.traces if t.chunk)
    return Picture(canvas, layout, axis, scale if reach else None, next(filter(None, lines), ""))


def _shape(trace: Trace, axis: TimeAxis, scale: Scale) -> Curve:
    """A curve by chunks, or by dot columns where these hold more or chunks are too few."""
    chunked = chunks.by_chunk(trace.series, axis, trace.chunk, scale) if trace.chunk else None
    return curves.trace(trace.series, axis, scale.log) if chunked is None else chunked


def _paint_curves(painter: _Painter) -> None:
    plot, palette, scale = painter.plot, painter.palette, painter.scale
    shapes = [_shape(trace, painter.axis, scale) for trace in plot.traces]
    gap = None
    if plot.compare is not None and max(plot.compare) < len(shapes):
        a, b = plot.compare if plot.lower_is_better else plot.compare[::-1]
        gap = painter.between(shapes[a].mean, shapes[b].mean)
        painter.shades.fill(gap[0] & gap[1], palette.better_tint)
        painter.shades.fill(gap[0] & ~gap[1], palette.worse_tint)
    if plot.band is not None and palette.tinted:
        ends = (plot.band.low, plot.band.high)
        low, high = (curves.trace(end, painter.axis, scale.log).mean for end in ends)
        painter.shades.lay(scale.position(low), scale.position(high), palette.band_tint)
    for trace in plot.traces:
        if trace.raw is not None:
            raw = curves.trace(trace.raw, painter.axis, scale.log)
            painter.curve(raw, plots.faint_ink(trace.role, palette), painter.glyphs.raw)
    for trace, shape in zip(plot.traces, shapes, strict=True):
        faint = plots.faint_ink(trace.role, palette)
        if trace.alone:
            continue
        if shape.dense:
            painter.range(shape, faint, plots.tint(trace.role, palette))
        if shape.dense and painter.axis.t1 - painter.axis.t0 < painter.axis.dots:
            single = curves.trace(trace.series, painter.axis, scale.log)
            painter.curve(single, faint, painter.glyphs.raw)  # there is room for every sample
    for i, (trace, shape) in enumerate(zip(plot.traces, shapes, strict=True)):
        char = trace.tag or painter.glyphs.curve_marks[0 if trace.heavy else 1 + min(i, 1)]
        colour = plots.ink(trace.role, palette)
        if shape.dense:
            around = None if trace.alone or palette.tinted else shape
            painter.curve(shape.middle, colour, char, trace.heavy, around, dashed=trace.dashed)
        else:
            painter.curve(shape, colour, char, trace.heavy, dashed=trace.dashed)
    if gap is not None:
        painter.hatch(*gap)
    for trace, shape in zip(plot.traces, shapes, strict=True):
        painter.tag(trace, shape)
        painter.lost(trace)
