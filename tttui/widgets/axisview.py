"""A chart over steps, with the cursor's step below its axis."""

from rich.segment import Segment

from tttui.draw import plot
from tttui.draw.colours import DEFAULT, style
from tttui.widgets.drawn import character, replaced
from tttui.widgets.timeview import TimeView


class AxisView(TimeView):
    """What charts over time lay over the picture, which is painted without it."""

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

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
