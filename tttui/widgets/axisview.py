"""A chart over steps: the columns of cursor and mouse, and the cursor's step below the axis."""

from collections.abc import Sequence

import numpy as np

from tttui.draw import plot
from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT, Colour
from tttui.model.arrays import Ints
from tttui.widgets.timeview import TimeView


class AxisView(TimeView):
    """What charts over time lay over the picture, which is painted without it."""

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    @property
    def free(self) -> tuple[str, ...]:
        """Characters in whose place the line of the cursor may stand."""
        return " ", self.glyphs.change_line

    def mark(self, part: Canvas, at: Sequence[int], *, cursor: bool = True) -> None:
        """Mark in the rows `at` of a copy of the plot the columns of what is dragged over, of the
        mouse and of the cursor."""
        rows, drag, palette = np.array(at, dtype=np.int64), self.dragging(), self.palette
        axis, left = self.axis(), self.left
        if drag is not None:
            for column in range(left + drag[0], left + drag[1] + 1):
                self.mark_column(part, rows, column, DEFAULT, palette.selected_paper, ())
        for t, ink, paper in (
            (self.hovered, palette.muted, DEFAULT),
            (self.timeline.cursor if cursor else None, palette.cursor, palette.cursor_paper),
        ):
            at_step = None if t is None else axis.column(t)
            if at_step is not None:
                self.mark_column(part, rows, left + at_step, ink, paper, self.free)

    def mark_column(
        self,
        part: Canvas,
        rows: Ints,
        column: int,
        ink: Colour,
        paper: Colour,
        free: Sequence[str],
    ) -> None:
        """Mark a column: its paper, or where that cannot be seen a thin line in the cells that
        hold a character of those that are `free`."""
        if paper != DEFAULT:
            part.paper[rows, column] = paper
            return
        rows = rows[np.isin(part.char[rows, column], [ord(char) for char in free])]
        part.char[rows, column], part.ink[rows, column] = ord(self.glyphs.cursor), ink
        part.bold[rows, column], part.marks[rows, column] = False, 0

    def chip(self, t: int) -> tuple[int, str] | None:
        """Where the cursor's step is written among the axis labels: column and text."""
        column = self.axis().column(t)
        if column is None:
            return None
        text = str(t) if self.axis().width < 30 else f" {t} "
        start = min(max(column - len(text) // 2, 0), self.axis().width - len(text))
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
        kept = None if paper == DEFAULT else paper
        part.write(row, *place, self.palette.cursor, kept, bold=True)
