"""The cells of one plot between its axes: what all styles of charts over time paint alike."""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from tttui.draw import axes, braille
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.look import HasLook, Look
from tttui.draw.plot import Threshold, gutter
from tttui.draw.scales import Scale
from tttui.draw.ticks import Tick
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

Grid = TypeVar("Grid", Ints, Bools)


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """Where the parts of a chart of `width` x `height` cells lie; rows are -1 where dropped."""

    width: int
    height: int
    gutter: int
    """Columns left of the plot: labels and the axis line."""
    title: int
    top: int
    rows: int
    """Rows of the plot."""
    line: int
    labels: int

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter, 0)


def arrange(width: int, height: int, legend: int = 0, *, steps: bool = True) -> ChartLayout:
    """Room for the plot first: below 7 rows the axis line goes, below 4 the labels, then the title.

    `legend` rows stand between the title and the plot; without `steps` there is no axis of steps.
    """
    title = 0 if height >= 3 else -1
    labelled = steps and height >= 4
    lined = steps and height >= 7
    rows = height - (title == 0) - labelled - lined - legend
    top = title + 1 + legend
    line_row = top + rows if lined else -1
    label_row = height - 1 if labelled else -1
    return ChartLayout(width, height, gutter(width), title, top, rows, line_row, label_row)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A painted chart: the cells, and what is needed to place a cursor on it."""

    canvas: Canvas
    layout: ChartLayout
    axis: TimeAxis
    scale: Scale | None
    note: str = ""
    """What a point of its lines is, where that depends on the window."""


@dataclass(slots=True, eq=False)
class PlotArea(HasLook):
    """`rows` of a canvas from `top` on, right of the column `left`, over one scale of values."""

    canvas: Canvas
    top: int
    rows: int
    left: int
    scale: Scale
    look: Look

    @property
    def columns(self) -> int:
        return self.canvas.columns - self.left

    @property
    def height(self) -> int:
        """Rows of dots (of cells, without braille)."""
        return self.rows * (4 if self.glyphs.braille else 1)

    @property
    def across(self) -> int:
        """Dots of a cell beside each other."""
        return 2 if self.glyphs.braille else 1

    @property
    def marked(self) -> tuple[Tick, ...]:
        """The labelled ticks of the values."""
        return axes.labelled(self.scale, self.rows)

    def area(self, grid: Grid) -> Grid:
        """The plot's part of one of the canvas's grids."""
        return grid[self.top : self.top + self.rows, self.left :]

    def dots(self) -> Bools:
        """No dot at all, to be raised."""
        return np.zeros((self.height, self.columns * self.across), dtype=np.bool_)

    def dot_row(self, value: float) -> tuple[int, int]:
        """The row of dots and that of cells, both from the top, of a value inside the scale."""
        return axes.dot_row(self.scale, value, self.rows, self.look.glyphs)

    def cells(self, dots: Bools, ink: Colour, char: str, bold: bool = False) -> Bools:
        """Paint dots over whatever a cell held; returns the cells touched."""
        if self.glyphs.braille:
            bits = braille.pack(dots).astype(np.uint32)
            where = bits > 0
            self.area(self.canvas.char)[where] = braille.BLANK + bits[where]
        else:
            where = dots
            self.area(self.canvas.char)[where] = ord(char)
        self.area(self.canvas.ink)[where] = ink
        self.area(self.canvas.bold)[where] = bold
        return where

    def grid(self, values: Iterable[float]) -> None:
        """A thin row of dots at each of these values."""
        found = [self.dot_row(value) for value in values]
        dots = np.zeros((4 if self.glyphs.braille else 1, 4), dtype=np.bool_)
        for row in {row for _, row in found}:
            dots[:] = False
            dots[[dot - row * len(dots) for dot, at in found if at == row], 0] = True
            char = braille.BLANK + int(braille.pack(dots)[0, 0]) if self.glyphs.braille else 0
            self.area(self.canvas.char)[row, ::2] = char or ord(self.glyphs.grid)
            self.area(self.canvas.ink)[row, ::2] = self.palette.faint

    def sign(self, row: int, columns: Ints, char: str, ink: Colour, bold: bool = False) -> None:
        """A character in some columns of a row of the plot."""
        if len(columns):
            self.area(self.canvas.char)[row, columns] = ord(char)
            self.area(self.canvas.ink)[row, columns] = ink
            self.area(self.canvas.bold)[row, columns] |= bold

    def not_numbers(self, at: Ints | Floats, axis: TimeAxis, ink: Colour, bold: bool) -> None:
        """A mark on the lowest row in every column that holds a NaN: nothing else would tell."""
        if not len(at):
            return
        marked = np.zeros(self.columns, dtype=np.bool_)
        marked[np.clip(axis.cell(at), 0, self.columns - 1)] = True
        self.sign(-1, np.flatnonzero(marked), self.glyphs.not_a_number, ink, bold)

    def threshold_text(self, line: Threshold) -> tuple[int | None, str, int]:
        """The row of dots of a threshold (None where it is off the scale), its name, and the row
        of the plot for that: beside the line, or at the edge with an arrow."""
        name = line.name if len(line.name) + 4 < self.columns else line.short or line.name
        spot = float(self.scale.position(np.array([line.value]))[0])
        if 0 <= spot <= 1:
            dot, row = self.dot_row(line.value)
            return dot, f" {name} ", row - 1 if row > 0 else row + 1
        arrow = self.glyphs.above if spot > 1 else self.glyphs.below
        return None, f" {arrow} {name} ", 0 if spot > 1 else self.rows - 1

    def value_axis(self, *, cut: bool = True) -> None:
        """The axis of the values; `cut`: a sign says where it does not reach to zero."""
        place = (self.top, self.rows, self.left)
        axes.values(self.canvas, place, self.marked, self.scale, self.look, cut=cut)

    def say(self, text: str) -> None:
        """A sentence in the middle of the plot."""
        room = self.columns - 2
        if room > 0 and self.rows > 0:
            text = fit(text, room, self.glyphs.ellipsis)
            at = self.left + (self.columns - len(text)) // 2
            self.canvas.write(self.top + (self.rows - 1) // 2, at, text, self.palette.muted)
