"""A small time chart of one figure of the three matrices; the title is legend and reading."""

from tttui.draw import numbers, plot, reading
from tttui.draw.canvas import fit
from tttui.draw.reading import Part
from tttui.widgets.chart import Chart


class StatChart(Chart):
    """A chart whose title row names every curve, however narrow it is.

    `short` stands for the title where that does not fit.
    """

    can_focus = False

    def __init__(self, measure: str, short: str, *, log: bool = False) -> None:
        super().__init__(name=measure, id=measure)
        self.measure = measure
        self._short = short
        self.set_log(log)

    def reading(self, width: int) -> list[Part]:
        """The figure, then each matrix with its value at the cursor (or under the mouse)."""
        t = self.timeline.cursor if self.hovered is None else self.hovered
        values: list[Part] = []
        for trace in self.shown.traces:
            found = None if self.timeline.empty else trace.series.at(t)
            ink = plot.ink(trace.role, self.palette)
            values.append((f" {trace.name}", ink, True))
            text = numbers.short(found[1]) if found else "-"
            values.append((f" {text}", self.palette.text, False))
        room = width - sum(len(text) for text, _, _ in values)
        title = self.shown.title if len(self.shown.title) < room else self._short
        title = fit(title, room, self.glyphs.ellipsis)
        parts: list[Part] = [(title, self.palette.text, True), *values]
        told = reading.told_change(self.changes.at(t, self.axis()), self.palette, self.glyphs)
        if sum(len(text) for text, _, _ in (*parts, *told)) <= width:
            parts += told
        return parts
