"""The heatmap of one plastic matrix, with its rows and columns named as what they are."""

from collections.abc import Sequence
from dataclasses import replace

from rich.segment import Segment

from tttui.draw.canvas import Canvas
from tttui.draw.colours import style
from tttui.draw.heat import STRETCH, HeatWindow, MapPlot, slim, textured
from tttui.model.names import name_forms
from tttui.model.numbers import choose
from tttui.widgets.drawn import replaced
from tttui.widgets.heatmap import Cell, Heatmap

NAMES = 3
"""Columns for the names of rows, where there are fewer than a hundred."""


class WeightMap(Heatmap):
    """One plastic matrix; `chosen` marks the one that keys move in.

    With `roles` it is one of the point mass, whose rows and columns are known by what they are.
    """

    can_focus = False

    def __init__(self, name: str, *, id: str | None = None, roles: bool = True) -> None:
        super().__init__(name=name, id=id or name.lower(), classes="weightmap")
        self.shown = MapPlot(name, roles=roles)
        self.shape_text = ""
        """The shape in the heading, where it is not that of the matrix."""
        self.chosen = False
        self._placed_as: object = None
        self._placed = (1, HeatWindow())

    @property
    def matrix(self) -> str:
        """Its name."""
        return self.shown.name

    @property
    def roles(self) -> bool:
        return self.shown.roles

    def set_matrix(self, name: str, shape_text: str) -> None:
        """Show another parameter."""
        if (name, shape_text) != (self.matrix, self.shape_text):
            self.shown, self.shape_text = replace(self.shown, name=name), shape_text
            self.changed()

    def set_plot(self, shown: MapPlot) -> None:
        """Show this matrix."""
        self.shown = shown
        self.set_values(
            shown.pyramid, shown.name, limit=shown.limit, start=shown.start, message=shown.message
        )

    def set_chosen(self, chosen: bool) -> None:
        """Whether the keys move in this matrix."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.changed()

    @property
    def left(self) -> int:
        """Room for the names of the rows, unless every column is needed."""
        rows, columns = self.values.shape
        if not rows:
            return 0
        width = 1 + len(self.shown.part(0, rows - 1, rows, short=True))
        return width if self.content_size.width - width >= min(columns, 10) else 0

    @property
    def top(self) -> int:
        """One row for the heading, and one for the columns' names where elements stay as high."""
        return self._placing[0]

    @property
    def _placing(self) -> tuple[int, HeatWindow]:
        """The rows above the matrix, and the view of all of it; asked for often, so kept."""
        size = self.content_size
        key = (size, self.values.shape, self.matrix, textured(self.look))
        if key != self._placed_as:
            self._placed_as, self._placed = key, self._place(size.height)
        return self._placed

    def _place(self, height: int) -> tuple[int, HeatWindow]:
        if height < 7:
            return 1, self._fitting_in(max(height - 2, 1))
        views = [self._fitting_in(height - top - 1) for top in (1, 2)]
        sizes = [(view.size[0], -min(view.high, 2)) for view in views]
        top = 1 if sizes[0] < sizes[1] else 2
        return top, views[top - 1]

    def _fitting_in(self, rows: int) -> HeatWindow:
        """The view of the whole matrix in so many rows of characters."""
        width = max(self.content_size.width - self.left, 1)
        view = HeatWindow.fitting(self.values.shape, width, rows)
        # a character stands for one value: elements of three halves would share some
        odd = textured(self.look) and view.high > 1 and view.high % 2
        return replace(view, high=view.high - 1) if odd else view

    def _fitting(self) -> HeatWindow:
        return self._placing[1]

    @property
    def merged(self) -> tuple[int, int]:
        """Rows and columns of elements that one coloured cell, or one character, stands for."""
        down, across = self.view.size
        return down * (2 if textured(self.look) and self.view.high == 1 else 1), across

    @property
    def stride(self) -> tuple[int, int]:
        """Elements (down, across) that one key press moves: those behind one cell."""
        return self.view.size

    def names(self, cell: Cell) -> tuple[str, str]:
        """What the row and the column of an element are."""
        rows, columns = self.values.shape
        return (
            self.shown.part(0, cell[0], rows),
            self.shown.part(1, cell[1], columns),
        )

    def paint(self, width: int, height: int) -> Canvas:
        canvas = super().paint(width, height)
        if not self.values.size or width <= self.left or height < self.top + 2:
            return canvas
        if self.left:
            self._name_rows(canvas)
        if self.top > 1:
            self._name_columns(canvas)
        return canvas

    def bar_row(self, height: int) -> int:
        """Below the last row of the matrix where others do not stand beside it."""
        used = -(-self.view.cells(*self.values.shape)[0] // 2)
        return height - 1 if self.roles else min(height - 1, self.top + used + 1)

    def heading(self, width: int) -> list[Segment]:
        canvas, palette = Canvas(1, width), self.palette
        mark = f"{self.glyphs.play} " if self.chosen else ""
        ink = palette.accent if self.chosen else palette.text
        name = self.matrix
        if not self.roles:
            ellipsis = self.glyphs.ellipsis
            name = choose(name_forms(name), max(width - len(mark) - 12, 8), ellipsis)
        end = canvas.write(0, 0, f"{mark}{name}", ink, bold=True)
        rows, columns = self.values.shape
        if self.roles:
            to, of = self.shown.kinds
            shape = f"  {rows} {to} x {columns} {of}"
        else:
            shape = f"  {self.shape_text}"
        texts = [f"{a}{b}" for b in self._merging() for a in (shape, f" {rows}x{columns}", "")]
        end = canvas.write(0, end, choose(texts, width - end, ""), palette.muted)
        missing = self._non_finite()
        if missing:
            canvas.write(0, max(width - len(missing) - 1, 0), f" {missing}", palette.bad, bold=True)
        return canvas.lines(self.ground)[0]

    def _merging(self) -> Sequence[str]:
        """How many elements share a cell, from long to short; empty where none do."""
        down, across = self.merged
        if max(down, across) == 1:
            return ("",)
        if across == 1:
            return f"  {down} rows a cell", f" {down} rows/cell", ""
        return f"  {down} x {across} a cell", f" {down}x{across}/cell", ""

    def _non_finite(self) -> str:
        """How many elements are no numbers."""
        nan, infinite = self._pyramid.non_finite
        words = [f"{nan} NaN"] if nan else []
        return " ".join([*words, *([f"{infinite} inf"] if infinite else [])])

    def _name_rows(self, canvas: Canvas) -> None:
        view, rows = self.view, self.values.shape[0]
        last = min(rows, view.row + self._span()[0])
        step, room, left = 1 if view.high > 1 else 8, self.room[1], self.left
        for row in _every(view.row, last, step * view.size[0]):
            y = (view.place(row, view.column)[1] + (view.high - 1) // 2) // 2
            text = self.shown.part(0, row, rows, short=True)
            if y < room:
                canvas.write(self.top + y, 0, f"{text:>{left - 1}}", self.palette.muted)

    def _name_columns(self, canvas: Canvas) -> None:
        view, columns = self.view, self.values.shape[1]
        last = min(columns, view.column + self._span()[1])
        texts = [self.shown.part(1, i, columns, short=True) for i in (last - 1, columns - 1)]
        room, step = max(map(len, texts)) + 1, 1
        named = not texts[-1].isdigit()
        while step * view.wide < room:  # names that touch each other cannot be read
            step *= 2
        if named and view.wide < len(texts[-1]):
            return
        left, width = self.left, self.room[0]
        for column in _every(view.column, last, step * view.size[1]):
            x = view.place(view.row, column)[0]
            text = self.shown.part(1, column, columns, short=True)
            if x + len(text) <= width:
                canvas.write(self.top - 1, left + x, text, self.palette.muted)

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


def shared_widths(shapes: Sequence[tuple[int, int]], width: int, gap: int) -> list[int]:
    """Widths of maps side by side for matrices of these shapes, `gap` columns between them.

    Every element has a column of its own while there are enough; else the widest matrices are
    merged. What is left goes to the matrix of most elements, and then to those whose elements are
    narrowest; the smallest one gives up the names of its rows if that lets the largest be wider.
    """
    n, room = len(shapes), width - gap * (len(shapes) - 1)
    order = sorted(range(n), key=lambda i: -shapes[i][0] * shapes[i][1])
    needed, names = [columns for _, columns in shapes], [NAMES] * n
    while sum(needed) + sum(names) > room and max(needed) > 1:
        # of the widest matrices that of fewest elements; those of few columns come last
        i = max(reversed(order), key=lambda i: (needed[i] > 1, not slim(shapes[i])[1], needed[i]))
        needed[i] = -(-needed[i] // 2)
    spare = room - sum(needed) - sum(names)
    if spare < 0:
        each = max(room // n, 1)
        return [*[each] * (n - 1), max(room - each * (n - 1), 1)]
    merged = [i for i in order if needed[i] < shapes[i][1]]
    if spare < needed[order[0]] <= spare + NAMES:
        names[order[-1]], spare = 0, spare + NAMES
    times = [1 if i not in merged else STRETCH for i in range(n)]
    widths = [columns + name for columns, name in zip(needed, names, strict=True)]
    while (k := _next(order, times, needed, spare)) is not None:
        times[k] += 1
        widths[k] += needed[k]
        spare -= needed[k]
    widths[merged[0] if merged else -1] += spare
    return widths


def _next(
    order: Sequence[int], times: Sequence[int], needed: Sequence[int], spare: int
) -> int | None:
    """The matrix whose elements get a column more: the first of the order as long as it may, then
    one whose elements are narrowest."""
    able = [i for i in order if needed[i] <= spare and times[i] < STRETCH]
    return order[0] if order[0] in able else min(able, key=lambda i: times[i], default=None)
