"""A document of any size as rows of a width: only what is looked at is read and laid out.

Where a line begins is told by the bytes before it alone: after a newline, and at every multiple
of LONGEST bytes with so many bytes without a newline before it. So nothing is counted from the
start of the document, and the last page is there as soon as the first.
"""

from collections import OrderedDict

import numpy as np

from tttui.draw.cells import TAIL
from tttui.draw.characters import Cells, cells_of
from tttui.model.dataclass import dataclass
from tttui.model.document import Stretches

LONGEST = 4096
"""Bytes after which a line without an end is broken."""

CHARACTER = 4
"""Bytes of a character, at most."""

KEPT = 400_000
"""Cells of the lines that stay laid out, about; a cell takes 20 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class TextRow:
    """One row: its bytes [begin, end) and their cells."""

    begin: int
    end: int
    cells: Cells


class TextRows:
    """The rows of a document in `width` cells; the end of a line may hang over in one more."""

    def __init__(self, source: Stretches, size: int, width: int) -> None:
        self.source = source
        self.size, self.width = size, max(width, 1)
        self._kept: OrderedDict[int, list[TextRow]] = OrderedDict()
        self._cells = 0
        """Of all of them."""

    def page(self, begin: int, n: int) -> list[TextRow]:
        """At most n rows from the one that holds the byte `begin` on."""
        line, i = self._place(begin)
        rows = self._rows(line)[i:]
        while len(rows) < n and (line := self._next(line)) < self.size:
            rows = rows + self._rows(line)
        return rows[:n]

    def begin_of(self, offset: int) -> int:
        """The first byte of the row that holds a byte."""
        line, i = self._place(offset)
        return self._rows(line)[i].begin

    def moved(self, offset: int, by: int) -> int:
        """The first byte of the row so many rows below (above, if negative) that of a byte."""
        line, i = self._place(offset)
        i += by
        while i < 0 and line > 0:
            line = self._line(line - 1)
            i += len(self._rows(line))
        while i >= len(self._rows(line)) and (following := self._next(line)) < self.size:
            i -= len(self._rows(line))
            line = following
        rows = self._rows(line)
        return rows[min(max(i, 0), len(rows) - 1)].begin

    def under(self, begin: int, column: int) -> int:
        """The byte in a cell of the row that begins with a byte; the nearest where it is short."""
        line, i = self._place(begin)
        cells = self._rows(line)[i].cells
        return int(cells.first[min(max(column, 0), len(cells) - 1)])

    def column(self, offset: int) -> int:
        """The cell of its row in which a byte is."""
        line, i = self._place(offset)
        cells = self._rows(line)[i].cells
        return int(np.searchsorted(cells.last, offset, side="right"))

    def _place(self, offset: int) -> tuple[int, int]:
        """The line and its row that hold a byte."""
        offset = min(max(offset, 0), self.size - 1)
        line = self._line(offset)
        begins = [row.begin for row in self._rows(line)]
        return line, max(int(np.searchsorted(begins, offset, side="right")) - 1, 0)

    def _line(self, offset: int) -> int:
        """Where the line begins that holds a byte."""
        multiple = offset // LONGEST * LONGEST
        low = max(multiple - LONGEST, 0)
        before = self.source.read(low, offset)
        begin = low + before.rfind(b"\n") + 1
        for at in (multiple, multiple + LONGEST):
            forced = self._forced(at) if at - CHARACTER < offset else None
            if forced is not None and begin < forced <= offset:
                begin = forced
        return begin

    def _next(self, line: int) -> int:
        """Where the next line begins; the size of the document after the last one."""
        ahead = self.source.read(line, line + 2 * LONGEST + CHARACTER)
        newline = ahead.find(b"\n")
        end = self.size if newline < 0 else line + newline + 1
        multiple = line // LONGEST * LONGEST
        for at in (multiple + LONGEST, multiple + 2 * LONGEST):
            forced = self._forced(at) if at - CHARACTER < end else None
            if forced is not None and line < forced < end:
                return forced
        return min(end, self.size)

    def _forced(self, at: int) -> int | None:
        """Where a line is broken at a multiple of LONGEST, between two characters; or None."""
        if not 0 < at < self.size:
            return None
        data = self.source.read(at - LONGEST, at + 1)
        if b"\n" in data[:LONGEST] or len(data) <= LONGEST:
            return None
        back = 0
        while back < CHARACTER - 1 and data[LONGEST - back] & 0xC0 == 0x80:
            back += 1
        if data[LONGEST - back] & 0xC0 == 0x80:  # no UTF-8
            back = 0
        if data[-2:] == b"\r\n":
            back = 1
        return at - back

    def _rows(self, line: int) -> list[TextRow]:
        """The rows of a line."""
        rows = self._kept.get(line)
        if rows is None:
            end = self._next(line)
            data = self.source.read(line, end)
            data += b" " * (end - line - len(data))  # a file that was cut off meanwhile
            rows = self._kept[line] = wrapped(cells_of(data, line), self.width)
            self._cells += _count(rows)
            while self._cells > KEPT and len(self._kept) > 1:
                self._cells -= _count(self._kept.popitem(last=False)[1])
        else:
            self._kept.move_to_end(line)
        return rows


def _count(rows: list[TextRow]) -> int:
    return sum(len(row.cells) for row in rows)


def wrapped(cells: Cells, width: int) -> list[TextRow]:
    """Cells in rows, broken after blanks where there are some; characters stay whole."""
    rows, begin, n = list[TextRow](), 0, len(cells)
    starts = cells.starts
    while begin < n:
        end = min(begin + width, n)
        if n - end == 1 and cells.line_end:
            end = n
        if end < n:
            end = _break(cells, starts, begin, end)
        part = cells.part(begin, end)
        last = int(cells.first[end]) if end < n else int(part.last[-1])
        rows.append(TextRow(int(part.first[0]), max(last, int(part.first[0])), part))
        begin = end
    return rows


def _break(cells: Cells, starts: np.ndarray, begin: int, end: int) -> int:
    """Where a row that would end within a line ends."""
    blanks = np.flatnonzero(cells.code[(begin + end) // 2 : end] == ord(" "))
    if cells.code[end] == ord(" ") and end - begin > 1:
        blanks = blanks[:0]
    whole = end
    if len(blanks):
        whole = (begin + end) // 2 + int(blanks[-1]) + 1
    while whole > begin and not starts[whole]:
        whole -= 1
    if whole == begin:  # what is written out is wider than the row
        whole = end - 1 if cells.code[end] == ord(TAIL) and end - 1 > begin else end
    return whole
