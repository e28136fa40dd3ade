"""The time chart: several series over steps, with axes, update markers, cursor and reading."""

from collections.abc import Sequence
from dataclasses import replace

from textual.geometry import Region

from tttui.draw import legend, reading, timechart
from tttui.draw.canvas import Canvas
from tttui.draw.plot import Plot
from tttui.draw.plot_area import Picture, arrange
from tttui.draw.reading import Part
from tttui.model.timeline import Timeline
from tttui.widgets.axisview import AxisView
from tttui.widgets.painted import Pictures


class Chart(AxisView, can_focus=True):
    """A `Plot` over the window of a `Timeline`.

    The title row is legend and reading in one: every trace with its glyph, name and value at
    the cursor (or under the mouse), then the gap between the compared traces and the update
    transaction in that column. A plot of many curves has their names and values in rows below it.
    Areas where the first compared trace is the higher one are hatched as well as tinted.

    `log` follows the timeline unless `set_log` has fixed it.
    """

    DEFAULT_CSS = "Chart { min-height: 3; }"

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._plot = Plot()
        self._log: bool | None = None
        self._picture: Picture | None = None
        self._pictures = Pictures[Picture](4)

    def set_plot(self, shown: Plot) -> None:
        """Show other data. Series are immutable, so pass new ones when data arrive."""
        self._plot = shown
        self.changed()

    @property
    def shown(self) -> Plot:
        return self._plot

    def set_log(self, log: bool | None) -> None:
        """Fix the value axis to log (True) or linear (False); None follows the timeline."""
        if log != self._log:
            self._log = log
            self.changed()

    @property
    def logarithmic(self) -> bool:
        return self.timeline.log if self._log is None else self._log

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        shown = (old.t0, old.t1, old.empty) != (new.t0, new.t1, new.empty)
        return shown or (self._log is None and old.log != new.log)

    def paint(self, width: int, height: int) -> Canvas:
        window, size = (self.timeline.t0, self.timeline.t1), (width, height)
        shown, how = (self._plot, self.look, self.changes), (window, size, self.logarithmic)
        self._picture = self._pictures.of(shown, how, lambda: self.picture(window, size))
        return self._picture.canvas

    def picture(self, window: tuple[int, int], size: tuple[int, int]) -> Picture:
        """The chart over the steps of a window, in `size` = (width, height) cells."""
        look = self.look
        return timechart.paint(self._plot, window, size, look, self.logarithmic, self.changes)

    def touch_steps(self, *steps: int | None) -> None:
        touched = self.columns_of(*steps)
        width, height = self.content_size
        named = legend.arrange(self._plot, width, height).rows
        rows = arrange(width, height, named, steps=self._plot.steps)
        if rows.title >= 0:
            touched.append(Region(0, rows.title, width, 1 + named))
        if rows.labels >= 0:
            for t in steps:
                if t is not None and (place := self.chip(t)):
                    # with the label of the axis that it may have covered
                    touched.append(Region(place[0] - 8, rows.labels, len(place[1]) + 16, 1))
        self.touch(*touched)

    def overlay(self, part: Canvas, rows: Sequence[int]) -> None:
        picture = self._picture
        if picture is None:
            return
        layout, plotted = picture.layout, list[int]()
        for i, y in enumerate(rows):
            if layout.title <= y < layout.top:
                self.head(part, i, y)
            elif y == layout.labels and not self.timeline.empty:
                self.label(part, i)
            elif not self.timeline.empty:
                plotted.append(i)
        self.mark(part, plotted)

    @property
    def free(self) -> tuple[str, ...]:
        return *super().free, self.glyphs.worse, self.glyphs.better

    def head(self, part: Canvas, row: int, y: int) -> None:
        """Write row y, which is above the plot, into a row of a copy."""
        below = 0 if self._picture is None else y - self._picture.layout.title
        part.take(row, Canvas(1, part.columns), 0)
        part.spans(row, 0, self.legend(below - 1) if below else self.reading(part.columns))

    @property
    def _read_at(self) -> int | None:
        """The step under the mouse, or else under the cursor; None of an empty run."""
        t = self.timeline.cursor if self.hovered is None else self.hovered
        return None if self.timeline.empty else t

    def reading(self, width: int) -> list[Part]:
        """The title row."""
        t, shown = self._read_at, self._plot
        if not shown.note and self._picture is not None and self._picture.note:
            shown = replace(shown, note=self._picture.note)
        return reading.title_row(
            shown,
            t,
            self.axis(),
            width,
            self.look,
            self.logarithmic,
            "" if t is None else self.changes.at(t, self.axis()),
            values_below=legend.arrange(self._plot, *self.content_size).rows > 0,
        )

    def legend(self, row: int) -> list[Part]:
        """A row of names and values below it."""
        places = legend.arrange(self._plot, *self.content_size)
        return legend.row(places, self._plot, row, self._read_at, self.look)
