"""The heatmap of one plastic matrix, with its rows and columns named as what they are."""

import numpy as np
from rich.segment import Segment

from tttui.draw import heat
from tttui.draw.canvas import Canvas, fit
from tttui.draw.colours import DEFAULT, blend, style
from tttui.model.parts import ROLES, part_name
from tttui.widgets.drawn import replaced
from tttui.widgets.heatmap import Cell, Heatmap

SIGNED = 1 / 8
"""Part of the limit from which a negative element is marked."""

LABELS = 4
"""Columns for the names of the rows."""


class WeightMap(Heatmap):
    """One plastic matrix. `name` is W_u, B or W_o; `chosen` marks the one that keys move in."""

    can_focus = False

    def __init__(self, name: str) -> None:
        super().__init__(name=name, id=name.lower(), classes="weightmap")
        self.matrix = name
        self.chosen = False

    def set_chosen(self, chosen: bool) -> None:
        """Whether the keys move in this matrix."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.changed()

    @property
    def left(self) -> int:
        return LABELS if self.content_size.width >= 14 else 0

    @property
    def top(self) -> int:
        """One row for the heading, and one for the columns' names where it costs nothing."""
        height = self.content_size.height
        exact = -(-self.values.shape[0] // 2) == height - 2
        return 2 if height >= 7 and not exact else 1

    @property
    def stride(self) -> int:
        """Elements that one key press moves: those behind one cell."""
        return self.view.size

    def names(self, cell: Cell) -> tuple[str, str]:
        """What the row and the column of an element are."""
        rows, columns = self.values.shape
        return (
            part_name(self.matrix, 0, cell[0], rows),
            part_name(self.matrix, 1, cell[1], columns),
        )

    def paint(self, width: int, height: int) -> Canvas:
        canvas = super().paint(width, height)
        if not self.values.size or width <= self.left or height < self.top + 2:
            return canvas
        if self.left:
            self._name_rows(canvas)
        if self.top > 1:
            self._name_columns(canvas)
        self._mark_signs(canvas)
        self._mark_nan(canvas)
        return canvas

    def heading(self, width: int) -> list[Segment]:
        canvas, palette = Canvas(1, width), self.palette
        mark = f"{self.glyphs.play} " if self.chosen else ""
        ink = palette.accent if self.chosen else palette.text
        end = canvas.write(0, 0, f"{mark}{self.matrix}", ink, bold=True)
        rows, columns = self.values.shape
        of, to = ROLES[self.matrix][1], ROLES[self.matrix][0]
        shape = f"  {rows} {to} x {columns} {of}"
        if len(shape) > width - end:
            shape = f" {rows}x{columns}"
        end = canvas.write(0, end, fit(shape, width - end, self.glyphs.ellipsis), palette.muted)
        if self.view.size > 1:
            text = f"  1 cell = {self.view.size} x {self.view.size}"
            end = canvas.write(0, end, text, palette.muted)
        lost = self._lost()
        if lost:
            canvas.write(0, max(width - len(lost) - 1, 0), f" {lost}", palette.bad, bold=True)
        return canvas.lines(self.ground)[0]

    def _lost(self) -> str:
        """How many elements are no numbers."""
        values = self.values
        if not values.size or np.isfinite(values.max() - values.min()):
            return ""
        nan, all_bad = int(np.isnan(values).sum()), int((~np.isfinite(values)).sum())
        words = [f"{nan} NaN"] if nan else []
        return " ".join([*words, *([f"{all_bad - nan} inf"] if all_bad > nan else [])])

    def _name_rows(self, canvas: Canvas) -> None:
        view, rows = self.view, self.values.shape[0]
        last = min(rows, view.row + self._span()[0])
        step = 1 if view.high > 1 else 8
        for row in _every(view.row, last, step * view.size):
            y = (view.place(row, view.column)[1] + (view.high - 1) // 2) // 2
            text = part_name(self.matrix, 0, row, rows, short=True)
            if y < self.room[1]:
                canvas.write(self.top + y, 0, f"{text:>{LABELS - 1}}", self.palette.muted)

    def _name_columns(self, canvas: Canvas) -> None:
        view, columns = self.view, self.values.shape[1]
        last = min(columns, view.column + self._span()[1])
        texts = [part_name(self.matrix, 1, i, columns, short=True) for i in (last - 1, columns - 1)]
        room, step = max(map(len, texts)) + 1, 1
        named = not texts[-1].isdigit()
        while step * view.wide < room and not named:
            step *= 2
        if named and view.wide < len(texts[-1]):
            return
        for column in _every(view.column, last, step * view.size):
            x = view.place(view.row, column)[0]
            text = part_name(self.matrix, 1, column, columns, short=True)
            if x + len(text) <= self.room[0]:
                canvas.write(self.top - 1, self.left + x, text, self.palette.muted)

    def _mark_signs(self, canvas: Canvas) -> None:
        """A minus on negative elements that fill a character: their colour is not the only sign."""
        view, glyphs = self.view, self.glyphs
        if not glyphs.braille or view.wide < 2 or view.high < 2 or not self._bound:
            return
        rows, columns = self._span()
        part = self.values[view.row : view.row + rows, view.column : view.column + columns]
        with np.errstate(invalid="ignore"):
            negative = np.argwhere(part < -SIGNED * self._bound)
        for row, column in negative.tolist():
            x, top = view.place(view.row + row, view.column + column)
            y, x = (
                self.top + (top + (view.high - 1) // 2) // 2,
                self.left + x + (view.wide - 1) // 2,
            )
            if y >= self.top + self.room[1] or x >= canvas.columns:
                continue
            paper = int(canvas.ink[y, x])  # of the upper half, which the element fills as well
            ink = blend(paper, self.palette.text, 0.5)
            canvas.write(y, x, "-", ink, paper)

    def _mark_nan(self, canvas: Canvas) -> None:
        """A cross over cells that hold a NaN: its colour alone would not tell."""
        width, height = self.room
        values = heat.block(self._pyramid, self.view, width, height)
        down, across = self.view.cells(
            self.values.shape[0] - self.view.row, self.values.shape[1] - self.view.column
        )
        inside = np.zeros(values.shape, dtype=np.bool_)
        inside[: max(down, 0), : max(across, 0)] = True
        lost = np.isnan(values) & inside
        cells = lost[0::2] | lost[1::2]
        if not cells.any():
            return
        part = (slice(self.top, self.top + height), slice(self.left, None))
        canvas.char[part][cells] = ord("×" if self.glyphs.braille else "?")
        canvas.ink[part][cells] = self.palette.bad
        canvas.bold[part][cells] = True
        papers = np.where(lost[0::2] & lost[1::2], self.palette.missing, DEFAULT)
        canvas.paper[part][cells] = papers[cells]

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        """The heading, and one mark in the middle of the element that keys move from."""
        if y == 0 and self.values.size:
            return self.heading(self.content_size.width)
        row, cell = y - self.top, self.cell
        if not self.chosen or cell is None or not 0 <= row < self.room[1]:
            return line
        if not self.values.size or not self._in_view(cell):
            return line
        view = self.view
        x, top = view.place(*cell)
        if row != (top + (view.high - 1) // 2) // 2:
            return line
        mark = "◆" if self.glyphs.braille else "X"
        at = self.left + x + (view.wide - 1) // 2
        return replaced(line, at, mark, style(self.palette.cursor, bold=True))


def _every(first: int, last: int, step: int) -> range:
    """Multiples of `step` in first .. last - 1."""
    return range(-(-first // step) * step, last, step)
