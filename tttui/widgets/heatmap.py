"""A matrix as a heatmap with a title, a cell cursor, a reading and a colour bar."""

from dataclasses import replace

import numpy as np
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message

from tttui.draw import heat, numbers
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import style
from tttui.draw.heat import HeatWindow, Pyramid
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.widgets.drawn import Drawn, replaced

Cell = tuple[int, int]


class Heatmap(Drawn, can_focus=True):
    """Title and reading on the first line, the matrix, and a colour bar on the last.

    The whole matrix is shown as large as fits, until `zoom` or `pan` changes the view.
    The cell under the mouse is posted (`CellHovered`); `set_cell` marks one.
    """

    DEFAULT_CSS = "Heatmap { min-height: 3; }"

    @dataclass
    class CellHovered(Message):
        """The mouse is over an element (row, column), or over none."""

        heatmap: "Heatmap"
        cell: Cell | None

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self)) and message.heatmap is self.heatmap

    @dataclass
    class CellPicked(Message):
        """An element was clicked."""

        heatmap: "Heatmap"
        cell: Cell

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._title = ""
        self._pyramid = Pyramid(np.empty((0, 0)))
        self._bound = 0.0
        self._against: Floats | None = None
        self._message = "no weights"
        self._view: HeatWindow | None = None
        self._signs: bool | None = None
        self.cell: Cell | None = None

    @property
    def signs(self) -> bool:
        """Whether characters tell signs; unless that was said, the theme decides."""
        return self.palette.signed if self._signs is None else self._signs

    def set_signs(self, signs: bool) -> None:
        """Whether characters tell signs."""
        if signs != self._signs:
            self._signs = signs
            self.changed()

    def set_values(
        self,
        values: Floats | Pyramid | None,
        title: str = "",
        *,
        limit: float | None = None,
        start: Floats | None = None,
        message: str = "no weights",
    ) -> None:
        """Show a matrix [rows, cols] (large ones as a pyramid that is built already), or None
        with the reason why there is none.

        Colours run from -limit to limit (the largest magnitude if None). `start`, of the same
        shape, adds the change since then to the reading.
        """
        if not isinstance(values, Pyramid):
            values = Pyramid(np.empty((0, 0)) if values is None else values)
        if values.shape != self._pyramid.shape:
            self._view, self.cell = None, None
        self._pyramid = values
        self._bound = values.limit if limit is None else limit
        self._title, self._against, self._message = title, start, message
        self.changed()

    def set_cell(self, cell: Cell | None) -> None:
        """Mark an element (row, column), clamped to the matrix, and bring it into view."""
        rows, columns = self._pyramid.shape
        if cell is not None and rows and columns:
            cell = (min(max(cell[0], 0), rows - 1), min(max(cell[1], 0), columns - 1))
        if cell != self.cell:
            self.cell = cell
            if cell is not None and self._view and not self._in_view(cell):
                rows, columns = self._span()
                self._look_at(self.view, cell[0] - rows // 2, cell[1] - columns // 2)
            else:
                self.touch(Region(0, 0, *self.content_size))

    @property
    def view(self) -> HeatWindow:
        return self._view or self._fitting()

    @property
    def values(self) -> Floats:
        """The matrix that is shown."""
        return self._pyramid.levels[0]

    @property
    def left(self) -> int:
        """Columns left of the matrix."""
        return 0

    @property
    def top(self) -> int:
        """Rows above the matrix."""
        return 1

    @property
    def room(self) -> tuple[int, int]:
        """Character cells (width, height) for the matrix."""
        width, height = self.content_size
        return max(width - self.left, 1), max(height - self.top - 1, 1)

    def _fitting(self) -> HeatWindow:
        return HeatWindow.fitting(self._pyramid.shape, *self.room)

    def zoom(self, n: int) -> None:
        """The next larger (n = 1) or smaller (-1) view, around the marked element."""
        fitting, view = self._fitting(), self.view.zoomed(n)
        if (view.level, -view.wide) >= (fitting.level, -min(fitting.wide, fitting.high)):
            self._view = None
            self.changed()
            return
        row, column = self.cell or (view.row, view.column)
        rows, columns = view.span(*self.room)
        self._look_at(view, row - rows // 2, column - columns // 2)

    def _look_at(self, view: HeatWindow, row: int, column: int) -> None:
        """Show the view from this element on, as far as the matrix reaches."""
        shape, (down, across) = self._pyramid.shape, view.size
        span = view.span(*self.room)
        row = min(max(row, 0), max(shape[0] - span[0], 0)) // down * down
        column = min(max(column, 0), max(shape[1] - span[1], 0)) // across * across
        moved = replace(view, row=row, column=column)
        if moved != self.view:
            self._view = moved
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        top, left = self.top, self.left
        rows = height - top - 1
        if not self._pyramid.levels[0].size:
            canvas.write(0, 0, fit(self._title, width), self.palette.text, bold=True)
            text = fit(self._message, width, self.glyphs.ellipsis)
            canvas.write(height // 2, (width - len(text)) // 2, text, self.palette.muted)
            return canvas
        if rows < 1 or width <= left:
            return canvas
        size = (width - left, rows)
        cells = heat.paint(self._pyramid, self.view, size, self._bound, self.look, self.signs)
        for name in ("char", "ink", "paper", "bold"):
            getattr(canvas, name)[top : top + rows, left:] = getattr(cells, name)
        self._paint_bar(canvas, self.bar_row(height))
        return canvas

    def bar_row(self, height: int) -> int:
        """The row of the colour bar: the last one."""
        return height - 1

    def _paint_bar(self, canvas: Canvas, row: int) -> None:
        low, high = numbers.short(-self._bound, 2), numbers.short(self._bound, 2)
        shown = min(self.view.cells(*self._pyramid.shape)[1], canvas.columns)
        room = min(max(shown, 24), canvas.columns) - len(low) - len(high) - 2
        if room < 3:
            text = f"{'±' if self.glyphs.braille else '+-'}{high}"
            canvas.write(row, 0, text if len(text) <= canvas.columns else "", self.palette.muted)
            return
        at = canvas.write(row, 0, low + " ", self.palette.muted)
        heat.bar_cells(canvas, (row, at, room), self.look)
        canvas.write(row, at + room + 1, high, self.palette.muted)

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        if not self._pyramid.levels[0].size:
            return line
        width = self.content_size.width
        if y == 0:
            return self.heading(width)
        row = y - self.top
        if self.cell is None or not 0 <= row < self.room[1] or not self._in_view(self.cell):
            return line
        x, top = self.view.place(*self.cell)
        wide, high = self.view.wide, self.view.high
        mark = style(self.palette.cursor, bold=True)
        for column in range(self.left + x, min(self.left + x + wide, width)):
            if top // 2 <= row <= (top + high - 1) // 2:
                line = replaced(line, column, "◆" if self.glyphs.braille else "X", mark)
        return line

    def heading(self, width: int) -> list[Segment]:
        """The first line: the title, and the marked element with its value."""
        canvas, palette = Canvas(1, width), self.palette
        rows, columns = self._pyramid.shape
        end = canvas.write(0, 0, self._title, palette.text, bold=True)
        if self.cell is None:
            canvas.write(0, end, f"  {rows} x {columns}", palette.muted)
            return canvas.lines(self.ground)[0]
        row, column = self.cell
        value = float(self._pyramid.levels[0][row, column])
        end = canvas.write(0, end, f"  [{row}, {column}] ", palette.muted)
        end = canvas.write(0, end, f"{value:.6g}", palette.text, bold=True)
        if self._against is not None and self._against.shape == self._pyramid.shape:
            change = value - float(self._against[row, column])
            canvas.write(0, end, f"  since start {change:+.3g}", palette.muted)
        return canvas.lines(self.ground)[0]

    def _span(self) -> Cell:
        """How many rows and columns of elements fit into the widget."""
        return self.view.span(*self.room)

    def _in_view(self, cell: Cell) -> bool:
        rows, columns = self._span()
        view = self.view
        return 0 <= cell[0] - view.row < rows and 0 <= cell[1] - view.column < columns

    def cell_at(self, x: int, y: int) -> Cell | None:
        """The element at character cell (x, y) of the content; the upper one of two."""
        x, y = x - self.left, y - self.top
        if not (0 <= y < self.room[1] and x >= 0):
            return None
        row, column = self.view.element(x, 2 * y)
        rows, columns = self._pyramid.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        cell = self.cell_at(int(event.x) - self.gutter.left, int(event.y) - self.gutter.top)
        if cell is not None and cell != self.cell:
            self.set_cell(cell)
            self.post_message(self.CellHovered(self, cell))

    def on_click(self, event: events.Click) -> None:
        cell = self.cell_at(int(event.x) - self.gutter.left, int(event.y) - self.gutter.top)
        if cell is not None:
            self.set_cell(cell)
            self.post_message(self.CellPicked(self, cell))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.zoom(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.zoom(-1)
