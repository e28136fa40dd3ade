"""A small chart of held curves, with a title and a row of values."""

from textual.geometry import Region

from tttui.draw import held, numbers, plot, reading
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.reading import Part
from tttui.model.timeline import Timeline
from tttui.widgets.chart import Chart


class StatChart(Chart):
    """A chart that names every curve with its pattern and its value, however narrow it is: in a row
    below the title, or where rows are few beside it.

    `log` is whether its axis is logarithmic; None follows the timeline.
    """

    can_focus = False

    def __init__(self, measure: str, *, log: bool | None = None) -> None:
        super().__init__(name=measure, id=measure)
        self.measure = measure
        self._told: tuple[object, Canvas] | None = None
        """The title row and the row of values, and for what state of the chart."""
        self.chosen = False
        self.set_log(log)

    def set_chosen(self, chosen: bool) -> None:
        """Whether this is the first chart of the region that a person is in."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.touch(Region(0, 0, self.content_size.width, 1))

    def _since(self, t: int) -> float | None:
        """The step from which on the values at step t are in force; None before the first."""
        point = self._plot.traces[0].series.at(t) if self._plot.traces else None
        return None if point is None else point[0]

    def touch_steps(self, *steps: int | None) -> None:
        """Redraw the columns and the values of these steps, unless they are the same."""
        axis, known = self.axis(), [t for t in steps if t is not None]
        columns = {axis.column(t) for t in known}
        if len(columns) > 1 or len(known) < len(steps):
            height = self.content_size.height
            self.touch(*(Region(self.left + c, 0, 1, height) for c in columns if c is not None))
        readings = {(self._since(t), self.changes.at(t, axis)) for t in known}
        if len(readings) > 1 or len(known) < len(steps):
            self.touch(Region(0, 0, self.content_size.width, 2))

    def moved(self, old: Timeline, new: Timeline) -> None:
        if old.follow != new.follow:
            self.touch(Region(0, 0, *self.content_size))
        super().moved(old, new)

    def head(self, part: Canvas, row: int, y: int) -> None:
        part.take(row, self._heads(part.columns), y)

    def label(self, part: Canvas, row: int) -> None:
        """The scrubber tells the cursor's step; here it would change with every step."""

    def _heads(self, width: int) -> Canvas:
        """The rows above the plot."""
        t = self.timeline.cursor if self.hovered is None else self.hovered
        known = None if self.timeline.empty else self._since(t)
        change = self.changes.at(t, self.axis())
        size = tuple(self.content_size)
        key = (self._plot, known, change, size, self.look, self.ground, self.chosen)
        if self._told is None or key != self._told[0]:
            rows = [self.reading(width)]
            if self._apart:
                rows.append(self._fitted("", width, t))
            heads = Canvas(len(rows), width)
            for y, row in enumerate(rows):
                heads.spans(y, 0, row)
            self._told = (key, heads)
        return self._told[1]

    @property
    def _apart(self) -> bool:
        """The values have a row of their own."""
        return self._picture is not None and self._picture.layout.top > 1

    def reading(self, width: int) -> list[Part]:
        """The figure, and where they have no row of their own the values of the matrices."""
        t = self.timeline.cursor if self.hovered is None else self.hovered
        shown = self._plot
        mark = f"{self.glyphs.play} " if self.chosen else ""
        ink = self.palette.accent if self.chosen else self.palette.text
        if self._apart:
            title = shown.title if len(mark + shown.title) <= width else shown.short
            parts: list[Part] = [(fit(mark + title, width, self.glyphs.ellipsis), ink, True)]
        else:
            parts = self._fitted(mark, width, t)
        change = reading.change_parts(self.changes.at(t, self.axis()), self.look)
        room = width - sum(len(text) for text, _, _ in parts)
        return parts + change if sum(len(text) for text, _, _ in change) <= room else parts

    def _fitted(self, mark: str, width: int, t: int) -> list[Part]:
        """Each matrix with its value at step t, as fully as fits; behind the title, where that has
        no row of its own."""
        shown, apart = self._plot, self._apart
        ink = self.palette.accent if self.chosen else self.palette.text
        for title, digits, signs in (
            (shown.title, 3, "spaced"),
            (shown.title, 3, "marked"),
            (shown.short, 3, "marked"),
            (shown.short, 2, "marked"),
            (shown.short, 2, "named"),
            (shown.short, 2, "letter"),
            (shown.short, 1, "letter"),
        ):
            parts = [] if apart else [(f"{mark}{title}", ink, True)]
            parts += self._values(t, digits, signs)
            if sum(len(text) for text, _, _ in parts) <= width:
                return parts
        # whole values only: part of a number would be another number
        while len(parts) > 1 and sum(len(text) for text, _, _ in parts) > width:
            del parts[-2:]
        if not apart:
            parts[0] = (fit(parts[0][0], width, self.glyphs.ellipsis), ink, True)
        return parts

    def _values(self, t: int, digits: int, signs: str) -> list[Part]:
        """Every matrix with its value at step t; `signs` is `spaced` or `marked` (its pattern and
        its name, apart or not), `named`, or `letter` (the last of its name)."""
        traces = self._plot.traces
        values: list[Part] = []
        for k, trace in enumerate(traces):
            ink, name = plot.ink(trace.role, self.palette), trace.name
            mark = held.mark(k, name, self.glyphs) if signs in ("spaced", "marked") else ""
            mark += ":" if mark and not self.glyphs.braille else " " * (signs == "spaced")
            if len(traces) > 1:  # else it is clear whose figure it is
                values.append((f" {mark}{name[-1] if signs == 'letter' else name}", ink, True))
            point = None if self.timeline.empty else trace.series.at(t)
            text = "-" if point is None else numbers.short(point[1], digits)
            values.append((f" {text}", self.palette.text, False))
        return values
