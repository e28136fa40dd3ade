"""A grid of character cells painted with numpy and read out as rich segments, row by row."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rich.segment import Segment
from rich.style import Style

from tttui.draw.cells import TAIL, cellwise, joined, mended
from tttui.draw.colours import DEFAULT, Colour, style
from tttui.model.arrays import Bools, Ints
from tttui.model.numbers import clipped
from tttui.model.text import visible

_SPACE = 0x20

GRIDS = ("char", "ink", "paper", "bold", "marks")
"""All that a `Canvas` knows of its cells."""

UNDERLINED, REVERSED = 1, 2
"""Bits of `Canvas.marks`."""


def look_of(number: int) -> Style:
    """The style of a number of `Canvas.looks`."""
    ink, paper = (number >> 30) - 1, (number >> 4 & (1 << 26) - 1) - 1
    return style(ink, paper, bool(number & 4), number & 3)


class Canvas:
    """Cells [rows, columns]: `char` (codepoints), `ink`, `paper` (colours), `bold`, `marks`.

    The second cell of a wide character holds the codepoint of TAIL.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = max(rows, 0), max(columns, 0)
        shape = (self.rows, self.columns)
        self.char = np.full(shape, _SPACE, dtype=np.uint32)
        self.ink = np.full(shape, DEFAULT, dtype=np.int64)
        self.paper = np.full(shape, DEFAULT, dtype=np.int64)
        self.bold = np.zeros(shape, dtype=np.bool_)
        self.marks = np.zeros(shape, dtype=np.uint8)

    def write(
        self,
        row: int,
        column: int,
        text: str,
        ink: Colour,
        paper: Colour | None = None,
        bold: bool = False,
    ) -> int:
        """Write text, visible, cut off at the edges; returns the column after it.

        A mark stands for a number that would be cut.
        """
        codes = _codes(text)
        end = column + len(codes)
        if not 0 <= row < self.rows:
            return end
        first, last = max(column, 0), min(end, self.columns)
        if first < last:
            part = slice(first, last)
            if (first, last) != (column, end):
                cells = clipped(cellwise(visible(text)), first - column, last - column)
                codes = _encoded(mended(cells))
            self._split(row, first)
            self._split(row, last)
            self.char[row, part] = codes
            self.ink[row, part] = ink
            self.bold[row, part] = bold
            if paper is not None:
                self.paper[row, part] = paper
        return end

    def _split(self, row: int, column: int) -> None:
        """Make blanks of a wide character that stands on both sides of a column's left edge."""
        if 0 < column < self.columns and self.char[row, column] == ord(TAIL):
            self.char[row, column - 1 : column + 1] = _SPACE

    def spans(self, row: int, column: int, parts: Sequence[tuple[str, Colour, bool]]) -> int:
        """Write several (text, ink, bold) one after the other; returns the column after them."""
        for text, ink, bold in parts:
            column = self.write(row, column, text, ink, bold=bold)
        return column

    def place(self, row: int, columns: Ints, chars: Ints, ink: Ints, bold: Bools) -> None:
        """Set single cells of a row [n] to codepoints in colours; all must lie on the canvas."""
        self.char[row, columns] = chars
        self.ink[row, columns] = ink
        self.bold[row, columns] = bold

    def put(self, where: Bools, char: str | Ints, ink: Colour, bold: bool = False) -> None:
        """Set the cells of a mask [rows, columns] to one character or to an array of codepoints."""
        codes = ord(char) if isinstance(char, str) else char[where]
        self.char[where] = codes
        self.ink[where] = ink
        self.bold[where] = bold

    def part(self, rows: Sequence[int]) -> "Canvas":
        """A copy of some of the rows."""
        part = Canvas(0, self.columns)
        part.rows = len(rows)
        at = list(rows)
        whole = at == list(range(self.rows))
        for name in GRIDS:
            grid = getattr(self, name)
            setattr(part, name, grid.copy() if whole else grid[at])
        return part

    def take(self, row: int, other: "Canvas", of: int) -> None:
        """Put a row of another canvas of this width in the place of a row."""
        for name in GRIDS:
            getattr(self, name)[row] = getattr(other, name)[of]

    def looks(self, ground: Colour = DEFAULT) -> Ints:
        """How every cell looks on the paper `ground`, as one number [rows, columns] that `look_of`
        knows: int64."""
        paper = np.where(self.paper == DEFAULT, ground, self.paper)
        attributes = self.bold.astype(np.int64) << 2 | self.marks
        return self.ink + 1 << 30 | paper + 1 << 4 | attributes

    def lines(self, ground: Colour = DEFAULT) -> list[list[Segment]]:
        """Every row as segments, one for each run of equal style, on the paper `ground`."""
        if not self.columns or not self.rows:
            return [[] for _ in range(self.rows)]
        paper = np.where(self.paper == DEFAULT, ground, self.paper)
        # a space shows no ink: it joins the run before it
        blank = (self.char == _SPACE) & (self.marks == 0)
        seen = np.maximum.accumulate(np.where(blank, 0, np.arange(self.columns)), axis=1)
        ink = np.take_along_axis(self.ink, seen, axis=1)
        bold = np.take_along_axis(self.bold, seen, axis=1)
        starting = np.ones((self.rows, self.columns), dtype=np.bool_)
        starting[:, 1:] = (
            (ink[:, 1:] != ink[:, :-1])
            | (paper[:, 1:] != paper[:, :-1])
            | (bold[:, 1:] != bold[:, :-1])
            | (self.marks[:, 1:] != self.marks[:, :-1])
        )
        rows, starts = np.nonzero(starting)
        stops = np.append(starts[1:], 0)
        stops[stops == 0] = self.columns  # the next run begins on the next row
        texts = self._cells()
        wide = (self.char == ord(TAIL)).any(axis=1).tolist()
        out: list[list[Segment]] = [[] for _ in range(self.rows)]
        for row, a, b, i, p, w, m in zip(
            rows.tolist(),
            starts.tolist(),
            stops.tolist(),
            ink[starting].tolist(),
            paper[starting].tolist(),
            bold[starting].tolist(),
            self.marks[starting].tolist(),
            strict=True,
        ):
            text = texts[row][a:b]
            out[row].append(Segment(joined(text) if wide[row] else text, style(i, p, w, m)))
        return out

    def text(self) -> list[str]:
        """The characters alone, one string a row."""
        return [joined(row) for row in self._cells()]

    def _cells(self) -> list[str]:
        """The characters, one a cell, one string a row."""
        return [row.tobytes().decode("utf-32-le") for row in self.char]


def _encoded(cells: str) -> Ints:
    """The codepoints of cells."""
    return np.frombuffer(cells.encode("utf-32-le"), dtype=np.uint32)


@lru_cache(4096)
def _codes(text: str) -> Ints:
    """The codepoints of the cells of a text, as it is visible: most of them come again."""
    return _encoded(cellwise(visible(text)))
