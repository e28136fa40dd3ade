"""Plots of second rank (bars, histograms, trends), drawn by textual-plotext.

plotext builds the whole picture on the event loop, so that happens only when what is shown, the
size or the colours are others than before; it is imported when the first such plot is drawn. Its
own logarithmic axis damages its data: values are given to it as log10, with ticks that say what
they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import Any

from rich.ansi import AnsiDecoder
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import ANSI, DEFAULT, Colour, style
from tttui.draw.look import Look
from tttui.draw.numbers import decade
from tttui.draw.ticks import linear
from tttui.model.dataclass import dataclass
from tttui.model.numbers import short
from tttui.model.text import visible
from tttui.toolkit import DirectWidget
from tttui.widgets.drawn import Dressed

MOST = 400
"""Points of a curve that are drawn; of more, the mean of as many stretches."""

MARKERS = "*+ox#%"
"""What curves are drawn with that nothing but a colour would tell apart."""

TICKS = 5
"""Labels of a logarithmic axis, about."""


@dataclass(frozen=True)
class SmallCurve:
    """One curve of a trend: values y [n] over x [n]; what is no number is left out."""

    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class SmallPlot:
    """What is drawn: curves, bars by name, or the histogram of some values; one of them."""

    title: str = ""
    curves: Mapping[str, SmallCurve] = field(default_factory=dict[str, SmallCurve])
    bars: Mapping[str, float] = field(default_factory=dict[str, float])
    values: Sequence[float] = ()
    bins: int = 20
    """Of a histogram."""
    log: bool = False
    """Logarithmic values; those that have no logarithm are left out."""
    unit: str = ""
    """Of the values, behind the title."""
    message: str = "no data"
    """Said where there is nothing to draw."""

    @property
    def empty(self) -> bool:
        curves = (sum(map(self.drawable, curve.y)) for curve in self.curves.values())
        others = any(map(self.drawable, (*self.bars.values(), *self.values)))
        return not others and max(curves, default=0) < 2  # a point is no curve

    def drawable(self, value: float) -> bool:
        """Whether a value has a place on the axis."""
        return math.isfinite(value) and (value > 0 or not self.log)

    def drawn(self, value: float) -> float:
        """A value as plotext gets it."""
        return math.log10(value) if self.log else value


class PlotextView(Dressed, DirectWidget):
    """Shows a `SmallPlot`; nothing is built again where it is the one shown already."""

    DEFAULT_CSS = "PlotextView { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._plot = SmallPlot()
        self._built: tuple[SmallPlot, Size, Look] | None = None
        self._lines: list[list[Segment]] = []
        self.builds = 0
        """How often plotext drew."""

    def show_plot(self, plot: SmallPlot) -> None:
        """Show this; plots that are equal are the same."""
        if plot != self._plot:
            self._plot = plot
            self.refresh()

    def set_look(self, look: Look) -> None:
        if look != self.look:
            self.look = look
            self.refresh()

    def render_line(self, y: int) -> Strip:
        state = (self._plot, self.size, self.look)
        if self._built != state:
            self._built = state
            self._lines = self._drawn(*self.size)
        line = self._lines[y] if y < len(self._lines) else []
        strip = Strip(line).apply_style(self.rich_style)
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _drawn(self, width: int, height: int) -> list[list[Segment]]:
        plot = self._plot
        # NO_COLOR is a filter of styles, which fails where there is none.
        if plot.empty or width < 12 or height < 5:
            message = f" {visible(plot.message)}"[:width]
            muted = style(self.palette.muted)
            return [*self._title(width), [Segment(" ", Style())], [Segment(message, muted)]]
        self.builds += 1
        decoder = AnsiDecoder()
        lines = list(decoder.decode(self._picture(width, height - 1)))
        return self._title(width) + [
            [
                Segment(part.text, part.style or Style())
                for part in line.render(self.app.console, "")
            ]
            for line in lines
        ]

    def _title(self, width: int) -> list[list[Segment]]:
        """The title with the unit, then the names of the curves in their colours."""
        plot, palette = self._plot, self.palette
        canvas = Canvas(1, width)
        title = fit(visible(plot.title), width, self.glyphs.ellipsis)
        at = canvas.write(0, 0, title, palette.text, bold=True)
        if plot.unit and at + 1 + len(plot.unit) <= width:
            at = canvas.write(0, at + 1, plot.unit, palette.muted)
        names = [visible(name) for name in plot.curves] if len(plot.curves) > 1 else []
        if sum(len(name) + 4 for name in names) <= width - at:
            for i, name in enumerate(names):
                sign = self.glyphs.light if self._fine else MARKERS[i % len(MARKERS)]
                ink = palette.series[i % len(palette.series)]
                at = canvas.write(0, at + 2, f"{sign} {name}", ink)
        return canvas.lines(DEFAULT)

    @property
    def _fine(self) -> bool:
        """Curves are lines of dots, told apart by colour."""
        return self.glyphs.braille and (self.palette.tinted or len(self._plot.curves) < 2)

    def _picture(self, width: int, height: int) -> str:
        from textual_plotext.plot import Plot  # costly: only where such a plot is on the screen

        plot, palette, made = self._plot, self.palette, Plot()
        made.plotsize(width, height)
        made._set_size(width, height)  # plotsize alone does not resize
        made.canvas_color("default")
        made.axes_color("default")
        made.ticks_color(_code(palette.muted))
        made.xaxes(True, False)
        made.yaxes(True, False)
        if plot.bars:
            self._bars(made)
        elif plot.values:
            drawn = [plot.drawn(v) for v in plot.values if plot.drawable(v)]
            made.hist(drawn, plot.bins, color=_code(palette.series[0]), marker=self._marker)
        else:
            self._curves(made)
        if plot.log:
            self._ticks(made)
        elif plot.curves:
            self._round_ticks(made, width, height)
        return str(made.build())

    @property
    def _marker(self) -> str:
        return "sd" if self.glyphs.braille else "#"

    def _bars(self, made: Any) -> None:
        plot = self._plot
        bars = {visible(k): v for k, v in plot.bars.items() if plot.drawable(v)}
        low = min(map(plot.drawn, bars.values()))
        base = math.floor(low) if plot.log else 0.0
        made.bar(
            list(bars),
            [plot.drawn(v) for v in bars.values()],
            color=_code(self.palette.series[0]),
            marker=self._marker,
            minimum=base,
            width=0.6,
        )

    def _curves(self, made: Any) -> None:
        plot, series = self._plot, self.palette.series
        for i, curve in enumerate(plot.curves.values()):
            x, y = _thinned(
                [
                    (a, plot.drawn(b))
                    for a, b in zip(curve.x, curve.y, strict=True)
                    if plot.drawable(b)
                ]
            )
            if x:
                ink = _code(series[i % len(series)])
                marker = "braille" if self._fine else MARKERS[i % len(MARKERS)]
                made.plot(x, y, marker=marker, color=ink)

    def _round_ticks(self, made: Any, width: int, height: int) -> None:
        """Round numbers on both axes; values that never fall below 0 begin there."""
        plot = self._plot
        ys = [y for curve in plot.curves.values() for y in curve.y if plot.drawable(y)]
        xs = [x for curve in plot.curves.values() for x in curve.x]
        low, high = min(0.0, *ys), max(ys)
        low, high = (low, high) if high > low else (low, low + 1.0)
        if plot.unit.partition(",")[0] == "%":
            high = max(high, 100.0)
        made.ylim(low, high)
        for put, ends, n in (
            (made.yticks, (low, high), max(height // 4, 2)),
            (made.xticks, (min(xs), max(xs)), max(width // 12, 2)),
        ):
            ticks = linear(*ends, n)
            put([tick.value for tick in ticks], [tick.label for tick in ticks])

    def _ticks(self, made: Any) -> None:
        """Whole powers of ten, or what lies evenly between them, by their values."""
        plot = self._plot
        drawn = [y for c in plot.curves.values() for y in c.y]
        drawn += [*plot.bars.values(), *plot.values]
        values = [plot.drawn(v) for v in drawn if plot.drawable(v)]
        low, high = min(values), max(values)
        whole = list(range(math.ceil(low), math.floor(high) + 1))
        steps = max(1, -(-len(whole) // TICKS))
        ticks: list[float] = [*whole[::steps]]
        labels = [decade(tick) for tick in whole[::steps]]
        if len(ticks) < 2:
            ticks = [low + (high - low) * k / 3 for k in range(4)] if high > low else [low]
            labels = [short(10**tick) for tick in ticks]
        (made.xticks if plot.values else made.yticks)(ticks, labels)


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The points, or the means of MOST stretches of them."""
    if len(points) > MOST:
        edges = [round(k * len(points) / MOST) for k in range(MOST + 1)]
        parts = [points[a:b] for a, b in pairwise(edges)]
        points = [(part[0][0], sum(y for _, y in part) / len(part)) for part in parts]
    return [x for x, _ in points], [y for _, y in points]


def _code(colour: Colour) -> "int | str | tuple[int, int, int]":
    """A colour as plotext names it."""
    if colour == DEFAULT:
        return "default"
    if colour >= ANSI:
        return colour - ANSI
    return colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
