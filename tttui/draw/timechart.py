"""A chart over the steps, painted into cells."""

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from tttui.draw import axes, braille, chunks, curves, extent, held
from tttui.draw import legend as legends
from tttui.draw import plot as plots
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, RunChanges, flag
from tttui.draw.colours import Colour
from tttui.draw.curves import Curve
from tttui.draw.look import Look
from tttui.draw.numbers import choose, count
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.draw.plot_area import Picture, PlotArea, arrange
from tttui.draw.scales import Scale
from tttui.draw.shades import Shades
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

LOW = 4
"""Rows of a plot up to which a line of many samples is the range of each column: a band behind
its means would be a few blocks."""

NONE = np.empty(0, dtype=np.int64)

DASH = 4
"""Cells from one dash of a dashed line to the next."""


@dataclass(slots=True, eq=False)
class _Painter(PlotArea):
    plot: Plot
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
            columns = np.flatnonzero(endless.reshape(-1, self.across).any(axis=1))
            self.sign(0, columns, self.glyphs.above, ink)

    def singles(self, curve: Curve, columns: Ints, char: str, ink: Colour) -> None:
        """A mark on the samples of some dot columns, which would be mere dots else."""
        for i in columns.tolist():
            value = min(max(float(curve.mean[i]), self.scale.low), self.scale.high)
            row, column = self.dot_row(value)[1], i // 2
            self.sign(row, np.array([column]), char, ink)
            self.taken[row, column] = True

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
            beyond = extent.beyond(series, self.axis, self.scale)
            counts += beyond
            if any(beyond):
                ink = plots.ink(trace.role, self.palette)
                cells = extent.cells_beyond(series, self.axis, self.scale)
                for row, columns, char in zip(
                    (0, -1), cells, (self.glyphs.above, self.glyphs.below), strict=True
                ):
                    self.sign(row, np.flatnonzero(columns), char, ink, bold=True)
        for row, n, word, sign in (
            (self.top, int(counts[0]), "above", self.glyphs.above),
            (self.top + self.rows - 1, int(counts[1]), "below", self.glyphs.below),
        ):
            forms = (f"{count(n)} {word}", f"{count(n)}{sign}", sign)
            text = choose(forms, self.left - 1, "")
            if n and text:
                self.canvas.write(row, 0, text.rjust(self.left - 1), self.palette.warn)

    def tag(self, trace: Trace, shape: Curve) -> None:
        """The curve's own character in the cell where it ends."""
        known = np.flatnonzero(np.isfinite(shape.mean))
        if not trace.tag or not len(known):
            return
        column = int(known[-1]) // 2
        value = min(max(float(shape.mean[known[-1]]), self.scale.low), self.scale.high)
        at = (self.top + self.dot_row(value)[1], self.left + column)
        self.canvas.write(*at, trace.tag, plots.ink(trace.role, self.palette), bold=True)

    def held(self, traces: Sequence[Trace]) -> None:
        """Curves in their patterns; cells that they share hold the dots of all."""
        curves_held = [held.in_force(trace.series, self.axis, self.plot.last) for trace in traces]
        shapes = [values.curve for values in curves_held]
        char, ink = self.area(self.canvas.char), self.area(self.canvas.ink)
        if self.glyphs.braille:
            dots = held.patterned(shapes, self.scale, self.height)
            bits = braille.pack(dots.reshape(-1, dots.shape[2])).reshape(
                len(curves_held), *char.shape
            )
            together = np.bitwise_or.reduce(bits, axis=0)
            char[together > 0] = braille.BLANK + together[together > 0].astype(np.uint32)
            shown = bits > 0
        else:
            thin = curves.stacked([curve.halved() for curve in shapes])
            shown = curves.raster(thin, self.scale, self.height)
        self.taken |= shown.any(axis=0)
        for i, (trace, values) in enumerate(zip(traces, curves_held, strict=True)):
            ink[shown[i]] = colour = plots.ink(trace.role, self.palette)
            if not self.glyphs.braille:
                char[shown[i]] = ord(held.mark(i, trace.name, self.glyphs))
            for row, where, sign in (
                (0, values.endless, self.glyphs.above),
                (-1, values.missing, self.glyphs.not_a_number),
            ):
                columns = np.flatnonzero(where.reshape(-1, 2).any(axis=1))
                self.sign(row, columns, sign, colour)

    def mark_missing(self, trace: Trace) -> None:
        """Mark the NaN values of a curve."""
        t0, t1 = self.axis.t0, self.axis.t1
        at: Ints | Floats = trace.series.missing(t0, t1)
        if trace.not_numbers is not None:
            at = trace.not_numbers[(trace.not_numbers >= t0) & (trace.not_numbers <= t1)]
        self.not_numbers(at, self.axis, plots.ink(trace.role, self.palette), bold=True)

    def changes(self, changes: RunChanges) -> None:
        """Thin lines behind the curves where the run was changed; hatches leave them alone."""
        columns = changes.lines(self.axis)
        if not len(columns):
            return
        self.area(self.canvas.char)[:, columns] = ord(self.glyphs.change_line)
        self.area(self.canvas.ink)[:, columns] = self.palette.muted
        self.taken[:, columns] = True

    def between(self, a: Floats, b: Floats) -> tuple[Bools, Bools]:
        """Cells whose middle is between curves a and b, and those of them where a is below b."""
        ya, yb = (curves.by_cell(self.scale.position(y)) for y in (a, b))
        known = ~(np.isnan(ya) | np.isnan(yb))
        rows = self.rows
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
        last = self.columns - length
        for at in (row, row + 1, row - 1, row + 2, row - 2):
            if 0 <= at < self.rows and last >= 0:
                clear = np.convolve(self.taken[at], np.ones(length, dtype=np.int64), "valid") == 0
                if clear.any():
                    return at, int(np.flatnonzero(clear)[-1])
        return min(max(row, 0), self.rows - 1), max(last, 0)


def paint(
    plot: Plot,
    axis_range: tuple[int, int],
    size: tuple[int, int],
    look: Look,
    log: bool = False,
    changes: RunChanges = NO_CHANGES,
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
    place = (layout.top, layout.rows, layout.gutter)
    scale = fill(canvas, place, plot, axis, look, log, changes)
    labels = any(len(trace.series) for trace in plot.traces)
    below = (layout.line, layout.labels)
    axes.steps(canvas, axis, layout.gutter, below, look, labels=labels)
    row = layout.line if layout.line >= 0 else layout.top
    flag(canvas, changes, axis, layout.gutter, row, look)
    lines = (chunks.note(t.series, axis, t.chunk) for t in plot.traces if t.chunk)
    return Picture(canvas, layout, axis, scale, next(filter(None, lines), ""))


def fill(
    canvas: Canvas,
    place: tuple[int, int, int],
    plot: Plot,
    axis: TimeAxis,
    look: Look,
    log: bool = False,
    changes: RunChanges = NO_CHANGES,
) -> Scale | None:
    """Paint what the plot shows at `place` = (top, rows, left), with the axis of its values.

    Returns the scale of these; None where nothing finite is in view.
    """
    reach, sampled = extent.of_plot(plot, axis, log)
    scale = Scale(0.0, 1.0)
    if reach:
        fitted = Scale.fit(*reach, log=log)
        scale = fitted.with_room([line.value for line in plot.thresholds], place[1])
    painter = _Painter(canvas, *place, scale, look, plot, axis)
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
    corner = f" {plot.corner} "
    if plot.corner and len(corner) < painter.columns:
        canvas.write(painter.top, canvas.columns - len(corner), corner, look.palette.accent)
    painter.shade()
    return scale if reach else None


def stems_shown(trace: Trace, axis: TimeAxis, rows: int) -> bool:
    """Whether single stems can be seen: in a plot of few rows no more than the curve before them
    leaves free, which looks like something that it is not."""
    first, last = trace.series.index(axis.t0), trace.series.index(axis.t1, after=True)
    return rows > LOW or 2 * int(last - first) <= axis.dots


def _shape(trace: Trace, axis: TimeAxis, scale: Scale) -> Curve:
    """A curve by chunks, or by dot columns where these hold more or chunks are too few."""
    chunked = chunks.by_chunk(trace.series, axis, trace.chunk, scale) if trace.chunk else None
    return curves.trace(trace.series, axis, scale.log) if chunked is None else chunked


def _paint_curves(painter: _Painter) -> None:
    plot, palette, scale = painter.plot, painter.palette, painter.scale
    for trace in plot.traces:
        if trace.style == "stems" and stems_shown(trace, painter.axis, painter.rows):
            dots = curves.stems(trace.series, painter.axis, scale, painter.height, painter.across)
            painter.cells(dots, plots.ink(trace.role, palette), painter.glyphs.vertical)
    if plot.held:
        painter.held(plot.held)
    lines = [trace for trace in plot.traces if trace.style == "line"]
    shapes = [_shape(trace, painter.axis, scale) for trace in lines]
    flat = painter.rows <= LOW and painter.glyphs.braille and plot.compare is None
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
    for trace in lines:
        if trace.raw is not None:
            raw = curves.trace(trace.raw, painter.axis, scale.log)
            painter.curve(raw, plots.faint_ink(trace.role, palette), painter.glyphs.raw)
    for trace, shape in zip(lines, shapes, strict=True):
        faint = plots.faint_ink(trace.role, palette)
        if trace.alone or flat:
            continue
        if shape.dense:
            painter.range(shape, faint, plots.tint(trace.role, palette))
        if shape.dense and painter.axis.t1 - painter.axis.t0 < painter.axis.dots:
            single = curves.trace(trace.series, painter.axis, scale.log)
            painter.curve(single, faint, painter.glyphs.raw)  # there is room for every sample
    for i, (trace, shape) in enumerate(zip(lines, shapes, strict=True)):
        main = trace.heavy or len(lines) == 1
        char = trace.tag or painter.glyphs.curve_marks[0 if main else 1 + min(i, 1)]
        colour = plots.ink(trace.role, palette)
        if shape.dense and not flat:
            around = None if trace.alone or palette.tinted else shape
            painter.curve(shape.middle, colour, char, trace.heavy, around, dashed=trace.dashed)
        else:
            lone = curves.lone(shape.mean) if painter.glyphs.braille else NONE
            joined = shape.without(lone) if len(lone) else shape
            painter.curve(joined, colour, char, trace.heavy, dashed=trace.dashed)
            painter.singles(shape, lone, painter.glyphs.samples[not main], colour)
    if gap is not None:
        painter.hatch(*gap)
    for trace, shape in zip(lines, shapes, strict=True):
        painter.tag(trace, shape)
    for trace in plot.traces:
        if trace.style != "held":
            painter.mark_missing(trace)
