"""A chart over steps, with the cursor's step below its axis."""

from tttui.draw import plot
from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT
from tttui.widgets.timeview import TimeView


class AxisView(TimeView):
    """What charts over time lay over the picture, which is painted without it."""

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    def chip(self, t: int) -> tuple[int, str] | None:
        """Where the cursor's step is written among the axis labels: column and text."""
        axis = self.axis()
        column = axis.column(t)
        if column is None:
            return None
        text = str(t) if axis.width < 30 else f" {t} "
        start = min(max(column - len(text) // 2, 0), axis.width - len(text))
        return (self.left + start, text) if start >= 0 else None

    def label(self, part: Canvas, row: int) -> None:
        """Write the cursor's step into the row of the labels, over those that it touches."""
        place = self.chip(self.timeline.cursor)
        if place is None:
            return
        start, end = place[0], place[0] + len(place[1])
        drawn = part.char[row] != ord(" ")
        while start > 0 and drawn[start - 1]:
            start -= 1
        while end < part.columns and drawn[end]:
            end += 1
        part.char[row, start:end], part.ink[row, start:end] = ord(" "), DEFAULT
        part.bold[row, start:end], part.marks[row, start:end] = False, 0
        paper = self.palette.cursor_paper
        background = None if paper == DEFAULT else paper
        part.write(row, *place, self.palette.cursor, background, bold=True)
