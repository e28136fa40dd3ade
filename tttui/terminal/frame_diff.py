"""Send only the cells that changed.

Textual rewrites every widget that a dirty region touches, left edge included: tens of kilobytes
for one step of a cursor, over a connection that may be slow. The FrameDiff remembers what the
terminal shows and turns each update into the shortest runs of cells that differ.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tttui.draw.cells import one_a_cell
from tttui.terminal.scrolling import ROWS, find_moved
from tttui.terminal.sgr import Pens
from tttui.toolkit import ChopsUpdate, CompositorUpdate, LayoutUpdate, colours_of

MAX_GAP = 3
"""Unchanged cells between two changes that may be cheaper to send again than to jump over."""

BACK = 4
"""Columns that the cursor is set back one by one: cheaper than to say where it goes."""

MAX_PENS = 16384
"""Different styles after which their numbers are given anew."""

UNKNOWN = -1
"""The pen of a cell that was never drawn; equal to no pen."""


class Line:
    """A row of cells: characters (a wide one is followed by "") and the numbers of their pens.

    `strips` are the strips that it shows, by column: one that comes again changes nothing.
    """

    __slots__ = ("chars", "pens", "strips")

    def __init__(self, chars: list[str], pens: list[int]) -> None:
        self.chars, self.pens = chars, pens
        self.strips: dict[int, Strip] = {}

    def shows(self, x: int, strip: Strip) -> bool:
        """Whether the strip stands at x already; from now on it does."""
        if self.strips.get(x) is strip:
            return True
        end = x + strip.cell_length
        self.strips = {
            at: other
            for at, other in self.strips.items()
            if at >= end or at + other.cell_length <= x
        }
        self.strips[x] = strip
        return False


class FrameDiff:
    """What the terminal shows, cell by cell. Without `colours` only attributes are sent."""

    def __init__(self, *, colours: bool = True) -> None:
        self._colours = colours
        self._lines: list[Line] = []
        self._width = 0
        self._pens: Pens | None = None
        self._system: ColorSystem | None = None

    def forget(self) -> None:
        """Assume nothing about the terminal: the next updates are sent whole."""
        self._lines = []

    def wrap(self, update: CompositorUpdate) -> CompositorUpdate:
        """The same update, rendering to the cells that differ from what the terminal shows."""
        if isinstance(update, LayoutUpdate):
            region = update.region
            if (region.width, region.height) != (self._width, len(self._lines)):
                self._width = region.width
                self._lines = _unknown(region.width, region.height)
            return _Difference(self, _layout_spans(update))
        if isinstance(update, ChopsUpdate) and self._lines:
            return _Difference(self, _chop_spans(update))
        self.forget()
        return update

    def pens(self, system: ColorSystem) -> Pens:
        """The numbered pens of a terminal of these colours."""
        if self._pens is None or system != self._system or len(self._pens) > MAX_PENS:
            self._pens, self._system = Pens(system, colours=self._colours), system
            self._lines = _unknown(self._width, len(self._lines))
        return self._pens

    def render(self, spans: Iterable["Span"], pens: Pens) -> str:
        """What turns the terminal's picture into one with these spans."""
        changed = self._changed(spans, pens)
        out = self._scroll(changed)
        at, pen = (self._width, 0), Pens.PLAIN  # the cursor may be anywhere
        for y, start, stop in self._take(changed):
            out.append(self._move(at, start, y))
            chars, numbers = self._lines[y].chars, self._lines[y].pens
            x = start
            while x < stop:
                wanted, first = numbers[x], x
                x += 1
                while x < stop and numbers[x] == wanted:
                    x += 1
                if wanted != pen:
                    sequence, pen = pens.way(pen, wanted)
                    out.append(sequence)
                out.extend(chars[first:x])
            at = (stop, y)
        if pen != Pens.PLAIN:
            out.append("\x1b[0m")
        return "".join(out)

    def _changed(self, spans: Iterable["Span"], pens: Pens) -> list[tuple[int, int, Line]]:
        """Column, row and cells of the spans that the terminal does not show as they are."""
        found: list[tuple[int, int, Line]] = []
        for x, y, strip in spans:
            if not 0 <= y < len(self._lines) or self._lines[y].shows(x, strip):
                continue
            new = _cells(strip, pens)
            del new.chars[max(self._width - x, 0) :], new.pens[max(self._width - x, 0) :]
            found.append((x, y, new))
        return found

    def _scroll(self, changed: list[tuple[int, int, Line]]) -> list[str]:
        """Let the terminal move rows that only moved, where that is less to send.

        Whole rows move: what stands beside and has not moved is then added to `changed`.
        """
        rows = {y for _, y, _ in changed}
        if len(rows) < ROWS:
            return []
        top, bottom = min(rows), max(rows)
        lines = self._lines[top : bottom + 1]
        wanted = [Line([*line.chars], [*line.pens]) for line in lines]
        for x, y, new in changed:
            line, end = wanted[y - top], x + len(new.chars)
            line.chars[x:end], line.pens[x:end] = new.chars, new.pens
        moved = find_moved(
            [line.chars for line in lines],
            [line.pens for line in lines],
            [line.chars for line in wanted],
            [line.pens for line in wanted],
        )
        if moved is None:
            return []
        moved = moved._replace(top=moved.top + top, bottom=moved.bottom + top)
        cells = [(line.chars, line.pens) for line in self._lines]
        for y in range(moved.top, moved.bottom + 1):
            line, source = self._lines[y], y + moved.by
            if moved.top <= source <= moved.bottom:
                line.chars, line.pens = cells[source]
            else:
                line.chars, line.pens = [" "] * self._width, [Pens.PLAIN] * self._width
        within = range(moved.top, moved.bottom + 1)
        changed[:] = [part for part in changed if part[1] not in within]
        changed += [(0, y, wanted[y - top]) for y in within]
        return [moved.sequence]

    def _take(self, changed: Iterable[tuple[int, int, Line]]) -> list[tuple[int, int, int]]:
        """Make the lines show these cells; those that differed, as (row, start, stop).

        What stands below each other comes after each other: it has the same few colours.
        """
        found: list[tuple[int, int, int, int]] = []
        for x, y, new in changed:
            line = self._lines[y]
            changes = _changes(line, new, x)
            if changes:
                end = x + len(new.chars)
                line.chars[x:end], line.pens[x:end] = new.chars, new.pens
                found += [(x, y, *run) for run in _runs(changes, line)]
        return [(y, start, stop) for _, y, start, stop in sorted(found)]

    def _move(self, at: tuple[int, int], x: int, y: int) -> str:
        """What brings the terminal's cursor from the cell `at` to x, y.

        After the last column of a row the cursor hangs there: only absolute moves are safe.
        """
        there = f"\x1b[{y + 1};{x + 1}H"
        if at[0] >= self._width or y < at[1]:
            return there
        right, down = x - at[0], y - at[1]
        across = "\b" * -right if -BACK <= right <= 0 else _by(right, "C") or _by(-right, "D")
        return min(_by(down, "B") + across, there, key=len)


def _by(n: int, way: str) -> str:
    """What moves the cursor n > 0 cells in a direction (A-D)."""
    return "" if n <= 0 else f"\x1b[{way}" if n == 1 else f"\x1b[{n}{way}"


Span = tuple[int, int, Strip]
"""Column, row, and what is there now."""


class _Difference(CompositorUpdate):
    """An update that renders as what changed in a FrameDiff."""

    def __init__(self, frame: FrameDiff, spans: Iterator[Span]) -> None:
        self._frame = frame
        self._spans = spans

    def render_segments(self, console: Console) -> str:
        pens = self._frame.pens(colours_of(console))
        return self._frame.render(self._spans, pens)


def _layout_spans(update: LayoutUpdate) -> Iterator[Span]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield x, y, strip
            x += strip.cell_length


def _chop_spans(update: ChopsUpdate) -> Iterator[Span]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(
            update.chop_ends[y],
            cast("dict[int, Strip | None]", update.chops[y]).items(),
            strict=False,
        ):
            if strip is not None and x < x2 and end > x1:
                yield x, y, strip


def _unknown(width: int, height: int) -> list[Line]:
    return [Line(["\0"] * width, [UNKNOWN] * width) for _ in range(height)]


def _cells(segments: Iterable[Segment], pens: Pens) -> Line:
    """Segments taken apart into cells."""
    chars: list[str] = []
    numbers: list[int] = []
    for text, style, control in segments:
        if control:
            continue
        pen, blank = pens.numbers(style)
        if one_a_cell(text):
            chars += text
            if pen == blank or " " not in text:
                numbers += [pen] * len(text)
            elif text.isspace():
                numbers += [blank] * len(text)
            else:
                numbers += [blank if char == " " else pen for char in text]
            continue
        for char in text:
            if width := cell_len(char):
                chars += [char, *[""] * (width - 1)]
                numbers += [blank if char == " " else pen] * width
    return Line(chars, numbers)


def _changes(line: Line, new: Line, x: int) -> list[int]:
    """The columns in which cells that are to stand at x differ from those of the line."""
    end = x + len(new.chars)
    chars, pens = line.chars[x:end], line.pens[x:end]
    if chars == new.chars and pens == new.pens:
        return []
    cells = zip(chars, new.chars, pens, new.pens, strict=True)
    return [i for i, (a, b, c, d) in enumerate(cells, x) if c != d or a != b]


def _runs(changes: list[int], line: Line) -> Iterator[tuple[int, int]]:
    """The changed columns as ranges start..stop, with what is cheaper to send than to skip."""
    start = last = changes[0]
    for x in changes[1:]:
        if x - last > 1 and not _cheap(line, last, x):
            yield _whole(line, start), last + 1
            start = x
        last = x
    yield _whole(line, start), last + 1


def _cheap(line: Line, last: int, x: int) -> bool:
    """Whether the unchanged cells between two changes cost no more bytes than a jump."""
    return (
        x - last - 1 <= MAX_GAP
        and len(set(line.pens[last : x + 1])) == 1
        and "".join(line.chars[last + 1 : x]).isascii()
    )


def _whole(line: Line, start: int) -> int:
    """The start of a run, moved left so that it does not begin inside a wide character."""
    while start > 0 and not line.chars[start]:
        start -= 1
    return start
