"""The state over time: several quantities above one another, sharing the time axis."""

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region

from tttui.draw import plot, stack
from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT, style
from tttui.draw.numbers import short
from tttui.draw.reading import Part, told_change
from tttui.draw.stack import Panel, StackLayout
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import character, replaced
from tttui.widgets.timeview import TimeView


class StackView(TimeView):
    """Panels over the window of a `Timeline`; each title row reads its values at the cursor."""

    DEFAULT_CSS = "StackView { min-height: 3; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._panels: tuple[Panel, ...] = ()
        self._message = ""
        self._layout: StackLayout | None = None
        self._mark = ""

    def set_panels(self, panels: tuple[Panel, ...], message: str = "") -> None:
        """Show other data; `message` says why there is none."""
        self._panels, self._message = panels, message
        self.changed()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return (old.t0, old.t1, old.empty) != (new.t0, new.t1, new.empty)

    def touch_steps(self, *steps: int | None) -> None:
        super().touch_steps(*steps)
        layout = self._layout
        if layout is not None:
            rows = [*layout.tops, *((layout.labels,) if layout.labels >= 0 else ())]
            self.touch(*(Region(0, row, layout.width, 1) for row in rows))

    def paint(self, width: int, height: int) -> Canvas:
        if not self._panels:
            canvas = Canvas(height, width)
            self._layout = None
            canvas.write(0, 0, f"{self._mark}State over time", self.palette.text, bold=True)
            canvas.write(min(2, height - 1), 1, self._message[: width - 2], self.palette.muted)
            return canvas
        window = (self.timeline.t0, self.timeline.t1)
        canvas, self._layout = stack.paint(
            self._panels, window, (width, height), self.look, self.changes
        )
        return canvas

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        layout, palette = self._layout, self.palette
        if layout is None or self.timeline.empty:
            return line
        if y in layout.tops:
            return self._title(layout.tops.index(y), layout.width)
        drag = self.dragging()
        if drag is not None:
            for column in range(drag[0], drag[1] + 1):
                shade = style(DEFAULT, palette.selected_paper)
                line = replaced(line, layout.gutter + column, None, shade)
        if y == layout.labels:
            return self._chip(line)
        if self.hovered is not None:
            line = self._column(line, self.hovered, style(palette.muted), style(DEFAULT))
        free = style(palette.cursor, palette.cursor_paper)
        return self._column(line, self.timeline.cursor, free, style(DEFAULT, palette.cursor_paper))

    def _column(self, line: list[Segment], t: int, free: Style, kept: Style) -> list[Segment]:
        column = self.axis().column(t)
        if column is None:
            return line
        column += self.left
        if character(line, column) in (" ", self.glyphs.change_line):
            return replaced(line, column, self.glyphs.cursor, free)
        return replaced(line, column, None, kept)

    def _chip(self, line: list[Segment]) -> list[Segment]:
        """The axis labels with the cursor's step over those that it touches."""
        t = self.timeline.cursor
        column = self.axis().column(t)
        if column is None:
            return line
        text = f" {t} "
        start = self.left + min(max(column - len(text) // 2, 0), self.axis().width - len(text))
        if start < self.left:
            return line
        first, end = start, start + len(text)
        while first > 0 and character(line, first - 1) != " ":
            first -= 1
        while character(line, end) != " ":
            end += 1
        line = replaced(line, first, " " * (end - first), style(DEFAULT))
        chip = style(self.palette.cursor, self.palette.cursor_paper, bold=True)
        return replaced(line, start, text, chip)

    def _title(self, index: int, width: int) -> list[Segment]:
        canvas, palette, panel = Canvas(1, width), self.palette, self._panels[index]
        t = self.timeline.cursor if self.hovered is None else self.hovered
        mark = self._mark if index == 0 else ""
        parts: list[Part] = [(mark + panel.name, palette.text, True)]
        found = panel.series.at(t)
        parts += [(f"  {self.glyphs.light} ", palette.adaptive, True)]
        parts += [(short(found[1]) if found else "-", palette.adaptive, True)]
        if panel.stems is not None:
            push = panel.stems.at(t)
            parts += [(f"  {self.glyphs.vertical} {panel.stems_name} ", palette.warn, False)]
            parts += [(short(push[1]) if push else "-", palette.warn, True)]
        if index == 0:
            parts += [("  t ", palette.muted, False), (str(t), palette.text, True)]
            parts += told_change(self.changes.at(t, self.axis()), self.look)
        end = canvas.spans(0, 0, parts)
        layout = self._layout
        scale = stack.scale_of(panel, self.axis())
        if layout is not None and layout.rows[index] == 1 and scale is not None:
            # an axis of a single row has no room for its ends
            ends = f"{short(scale.low)} to {short(scale.high)}"
            if end + 2 + len(ends) <= width:
                canvas.write(0, width - len(ends), ends, palette.muted)
        return canvas.lines(self.ground)[0]
