"""A chart over steps: the columns of cursor and mouse, and the cursor's step below the axis."""

from rich.segment import Segment
from rich.style import Style

from tttui.draw import plot
from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT, style
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import character, replaced
from tttui.widgets.timeview import TimeView

_Pointed = tuple[Timeline, int | None, Canvas | None, int | None, int | None]
"""Timeline, step under the mouse and painting, and the columns of the mouse and of the cursor."""


class AxisView(TimeView):
    """What charts over time lay over the picture, which is painted without it."""

    _found: _Pointed | None = None
    """The columns that are marked, and for what they were found."""

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    @property
    def free(self) -> tuple[str, ...]:
        """Characters in whose place the line of the cursor may stand."""
        return " ", self.glyphs.change_line

    def marked(self, line: list[Segment], *, cursor: bool = True) -> list[Segment]:
        """A row of the plot with the columns of what is dragged over, the mouse and the cursor."""
        palette, drag = self.palette, self.dragging()
        at_mouse, at_cursor = self._columns()
        if drag is not None:
            window = style(DEFAULT, palette.selected_paper)
            for column in range(drag[0], drag[1] + 1):
                line = replaced(line, self.left + column, None, window)
        if at_mouse is not None:
            line = self._column(line, at_mouse, style(palette.muted), style(DEFAULT))
        if not cursor or at_cursor is None:
            return line
        free = style(palette.cursor, palette.cursor_paper)
        kept = style(DEFAULT, palette.cursor_paper)
        return self._column(line, at_cursor, free, kept)

    def _columns(self) -> tuple[int | None, int | None]:
        """The columns of the mouse and of the cursor; they are the same for every row."""
        key, known = (self.timeline, self.hovered, self._canvas), self._found
        if known is None or known[0] is not key[0] or known[1:3] != key[1:]:
            axis, left = self.axis(), self.left
            steps = self.hovered, self.timeline.cursor
            found = (None if t is None else axis.column(t) for t in steps)
            mouse, cursor = (None if column is None else left + column for column in found)
            known = self._found = (*key, mouse, cursor)
        return known[3:]

    def _column(self, line: list[Segment], column: int, free: Style, kept: Style) -> list[Segment]:
        """The line with a column marked: its paper, or where that cannot be seen a thin line in
        the cells that are free."""
        if kept.bgcolor is None and character(line, column) in self.free:
            return replaced(line, column, self.glyphs.cursor, free)
        return replaced(line, column, None, kept)

    def chip(self, t: int) -> tuple[int, str] | None:
        """Where the cursor's step is written among the axis labels: column and text."""
        column = self.axis().column(t)
        if column is None:
            return None
        text = str(t) if self.axis().width < 30 else f" {t} "
        start = min(max(column - len(text) // 2, 0), self.axis().width - len(text))
        return (self.left + start, text) if start >= 0 else None

    def labels(self, line: list[Segment]) -> list[Segment]:
        """The axis labels with the cursor's step over those that it touches."""
        place = self.chip(self.timeline.cursor)
        if place is None:
            return line
        start, end = place[0], place[0] + len(place[1])
        while start > 0 and character(line, start - 1) != " ":
            start -= 1
        while character(line, end) != " ":
            end += 1
        line = replaced(line, start, " " * (end - start), style(DEFAULT))
        chip = style(self.palette.cursor, self.palette.cursor_paper, bold=True)
        return replaced(line, *place, chip)
