"""Several plots above one another, sharing the time axis: the state, or recorded series."""

from collections.abc import Sequence

from textual.geometry import Region

from tttui.draw import stack, timechart
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.numbers import short
from tttui.draw.plot import Plot, Trace, ink
from tttui.draw.reading import Part, change_parts
from tttui.draw.scales import Scale
from tttui.draw.stack import StackLayout
from tttui.model.timeline import Timeline
from tttui.widgets.axisview import AxisView
from tttui.widgets.painted import Pictures


class StackView(AxisView):
    """Plots over the window of a `Timeline`; each title row reads its values at the cursor."""

    DEFAULT_CSS = "StackView { min-height: 3; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plots: tuple[Plot, ...] = ()
        self._message = ""
        self._layout: StackLayout | None = None
        self._scales: list[Scale | None] = []
        self._pictures = Pictures[tuple[Canvas, StackLayout, list[Scale | None]]](2)
        self._stems: list[Trace] = []
        """The stems that are drawn."""
        self._mark = ""

    def set_plots(self, plots: tuple[Plot, ...], message: str = "") -> None:
        """Show other data; `message` says why there is none."""
        self._plots, self._message = plots, message
        self.changed()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return (old.t0, old.t1, old.empty) != (new.t0, new.t1, new.empty)

    def touch_steps(self, *steps: int | None) -> None:
        layout, rows = self._layout, list[int]()
        if layout is not None:
            rows = [*layout.tops, *((layout.labels,) if layout.labels >= 0 else ())]
        self.touch(*self.columns_of(*steps), *(Region(0, y, self.size.width, 1) for y in rows))

    def paint(self, width: int, height: int) -> Canvas:
        if not self._plots:
            canvas = Canvas(height, width)
            self._layout = None
            canvas.write(0, 0, f"{self._mark}State over time", self.palette.text, bold=True)
            canvas.write(min(2, height - 1), 1, self._message[: width - 2], self.palette.muted)
            return canvas
        window = (self.timeline.t0, self.timeline.t1)
        shown, size = (self._plots, self.look, self.changes), (width, height)
        canvas, self._layout, self._scales = self._pictures.of(
            shown,
            (window, size),
            lambda: stack.paint(self._plots, window, size, self.look, self.changes),
        )
        axis = TimeAxis(*window, self._layout.columns)
        self._stems = [
            trace
            for plot, rows in zip(self._plots, self._layout.rows, strict=False)
            for trace in plot.traces
            if trace.style == "stems" and timechart.stems_shown(trace, axis, rows)
        ]
        return canvas

    def overlay(self, part: Canvas, rows: Sequence[int]) -> None:
        layout, plotted = self._layout, list[int]()
        if layout is None or self.timeline.empty:
            return
        for i, y in enumerate(rows):
            if y in layout.tops:
                part.take(i, self._title(layout.tops.index(y), layout.width), 0)
            elif y == layout.labels:
                self.label(part, i)
            else:
                plotted.append(i)
        self.mark(part, plotted)

    def _title(self, index: int, width: int) -> Canvas:
        canvas, palette, shown = Canvas(1, width), self.palette, self._plots[index]
        t = self.timeline.cursor if self.hovered is None else self.hovered
        mark = self._mark if index == 0 else ""
        parts: list[Part] = [(mark + shown.title, palette.text, True)]
        for trace in shown.traces[::-1]:
            parts += self._value(trace, t)
        if index == 0:
            parts += [("  t ", palette.muted, False), (str(t), palette.text, True)]
            parts += change_parts(self.changes.at(t, self.axis()), self.look)
        end = canvas.spans(0, 0, parts)
        layout, scale = self._layout, self._scales[index]
        if layout is not None and layout.rows[index] == 1 and scale is not None:
            # an axis of a single row has no room for its ends
            ends = f"{short(scale.low)} to {short(scale.high)}"
            if end + 2 + len(ends) <= width:
                canvas.write(0, width - len(ends), ends, palette.muted)
        return canvas

    def _value(self, trace: Trace, t: int) -> list[Part]:
        """The sign of a curve and its value at step t; stems have their name as well."""
        colour, point = ink(trace.role, self.palette), trace.series.at(t)
        sign = f"  {self.glyphs.light} "
        if trace.style == "stems":
            sign = f"  {self.glyphs.vertical} " if trace in self._stems else "  "
            sign += f"{trace.name} "
        return [
            (sign, colour, trace.style != "stems"),
            (short(point[1]) if point else "-", colour, True),
        ]
