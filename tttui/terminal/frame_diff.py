"""Send only the cells that changed.

Textual rewrites every widget that a dirty region touches, left edge included: tens of kilobytes
for one step of a cursor, over a connection that may be slow. The FrameDiff remembers what the
terminal shows and turns each update into the shortest runs of cells that differ.

A cell is a whole number: its codepoint << 32, and the number of its pen. The second cell of a
wide character holds the codepoint 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import cast

import numpy as np
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from textual.strip import Strip

from tttui.draw.cells import TAIL, one_a_cell
from tttui.model.arrays import Ints
from tttui.terminal.scrolling import BLANK, ROWS, WORTH, find_moved
from tttui.terminal.sgr import Pens
from tttui.toolkit import ChopsUpdate, CompositorUpdate, LayoutUpdate, colours_of
from tttui.widgets.painted import Painted, PaintedRow

MAX_GAP = 3
"""Unchanged cells between two changes that may be cheaper to send again than to jump over."""

BACK = 4
"""Columns that the cursor is set back one by one: cheaper than to say where it goes."""

MAX_PENS = 16384
"""Different styles after which their numbers are given anew."""

UNKNOWN = -1
"""A cell that was never drawn; equal to no other."""

Span = tuple[int, int, Strip]
"""Column, row, and what is there now."""


class FrameDiff:
    """What the terminal shows, cell by cell. Without `colours` only attributes are sent."""

    def __init__(self, *, colours: bool = True) -> None:
        self._colours = colours
        self._pens: Pens | None = None
        self._system: ColorSystem | None = None
        self._forget(0, 0)

    def forget(self) -> None:
        """Forget the content of the terminal: the next updates are sent in full."""
        self._forget(0, 0)

    def _forget(self, rows: int, columns: int) -> None:
        self._cells = np.full((rows, columns), UNKNOWN, dtype=np.int64)
        self._strips: list[dict[int, Strip]] = [{} for _ in range(rows)]
        """The strips that each row shows, by column: one that comes again changes nothing."""

    def wrap(self, update: CompositorUpdate) -> CompositorUpdate:
        """Wrap an update so that it renders only the cells that differ from the terminal."""
        if isinstance(update, LayoutUpdate):
            size = update.region.height, update.region.width
            if size != self._cells.shape:
                self._forget(*size)
            return _Difference(self, _layout_spans(update))
        if isinstance(update, ChopsUpdate) and self._strips:
            return _Difference(self, _chop_spans(update))
        self.forget()
        return update

    def pens(self, system: ColorSystem) -> Pens:
        """The numbered pens of a terminal of these colours."""
        if self._pens is None or system != self._system or len(self._pens) > MAX_PENS:
            self._pens, self._system = Pens(system, colours=self._colours), system
            self._forget(*self._cells.shape)
        return self._pens

    def render(self, spans: Iterable[Span], pens: Pens) -> str:
        """The sequence that draws these spans over the terminal's content."""
        changed = [span for span in spans if not self._shows(*span)]
        if not changed:
            return ""
        # What stands below each other comes after each other: it has the same few colours.
        changed.sort(key=lambda span: span[:2])
        places, cells = self._placed(changed, pens)
        shown = self._cells.ravel()
        differ = shown[places] != cells
        moving = ""
        if len({y for _, y, _ in changed}) >= ROWS and int(differ.sum()) > WORTH:
            moving, places, cells = self._scroll(places, cells)
            shown = self._cells.ravel()
            differ = shown[places] != cells
        places = places[differ]
        shown[places] = cells[differ]
        return moving + self._sent(*self._runs(places), pens) if len(places) else moving

    def _shows(self, x: int, y: int, strip: Strip) -> bool:
        """Whether the strip is already shown at x in row y; records it as shown."""
        if not 0 <= y < len(self._strips):
            return True
        strips = self._strips[y]
        old = strips.get(x)
        if old is strip:
            return True
        end = x + strip.cell_length
        if old is None or old.cell_length != strip.cell_length:
            self._strips[y] = strips = {
                at: other
                for at, other in strips.items()
                if at >= end or at + other.cell_length <= x
            }
        strips[x] = strip
        return False

    def _placed(self, changed: list[Span], pens: Pens) -> tuple[Ints, Ints]:
        """The places of the cells of all spans, counted row after row, and the cells [n]."""
        width = self._cells.shape[1]
        spelled = [strip for _, _, strip in changed if not isinstance(strip, PaintedRow)]
        others = iter(_spelled(spelled, pens))
        parts = [
            _numbered(strip.painted, pens)[strip.row]
            if isinstance(strip, PaintedRow)
            else next(others)
            for _, _, strip in changed
        ]
        parts = [part[: width - x] for part, (x, _, _) in zip(parts, changed, strict=True)]
        lengths = np.fromiter(map(len, parts), np.int64, len(parts))
        starts = np.array([y * width + x for x, y, _ in changed])
        before = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
        return places, np.concatenate(parts)

    def _scroll(self, places: Ints, cells: Ints) -> tuple[str, Ints, Ints]:
        """Scroll rows that only moved, if that takes fewer bytes.

        Returns the sequence, and the places and cells to compare afterwards, including cells beside
        the moved ones, since whole rows scroll.
        """
        width = self._cells.shape[1]
        top, bottom = int(places.min()) // width, int(places.max()) // width + 1
        target = self._cells.copy()
        target.ravel()[places] = cells
        moved = find_moved(self._cells[top:bottom], target[top:bottom])
        if moved is None:
            return "", places, cells
        moved = moved._replace(top=moved.top + top, bottom=moved.bottom + top)
        rows, by = self._cells[moved.top : moved.bottom + 1], moved.by
        blank = np.full((abs(by), width), BLANK)
        rows[:] = np.concatenate((rows[by:], blank) if by > 0 else (blank, rows[:by]))
        inside = np.arange(moved.top * width, (moved.bottom + 1) * width)
        beside = (places < inside[0]) | (places > inside[-1])
        places = np.concatenate((inside, places[beside]))
        return moved.sequence, places, target.ravel()[places]

    def _runs(self, places: Ints) -> tuple[Ints, Ints]:
        """Changed places as ranges start..stop, with gaps that are cheaper to send than to skip."""
        shown, width = self._cells.ravel(), self._cells.shape[1]
        last, following = places[:-1], places[1:]
        gap = following - last
        ended = (gap < 1) | (gap > MAX_GAP + 1) | (last // width != following // width)
        # no more bytes than a jump: of one pen, and of one byte each
        gaps = np.flatnonzero(~ended & (gap > 1))
        a, b = last[gaps], following[gaps]
        pen = shown[a] & _PEN
        dear = shown[b] & _PEN != pen
        for k in range(1, MAX_GAP + 1):
            between = shown[np.minimum(a + k, b)]
            dear |= (between & _PEN != pen) | ((between >> 39 != 0) & (a + k < b))
        ended[gaps] = dear
        starts = np.concatenate((places[:1], following[ended]))
        stops = np.concatenate((last[ended], places[-1:])) + 1
        while (inside := (shown[starts] >> 32 == 0) & (starts % width > 0)).any():
            starts = starts - inside  # not within a wide character
        return starts, stops

    def _sent(self, starts: Ints, stops: Ints, pens: Pens) -> str:
        """The sequence that draws ranges of places."""
        width = self._cells.shape[1]
        lengths = stops - starts
        first = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(starts - first, lengths)
        cells = self._cells.ravel()[places]
        text = _text(cells >> 32)
        numbers = cells & _PEN
        numbers = pens.blanks_merged(numbers)
        begins = np.concatenate(([True], numbers[1:] != numbers[:-1]))
        begins[first] = True
        pieces = np.flatnonzero(begins)
        ranges = pairwise([*np.searchsorted(pieces, first).tolist(), len(pieces)])
        begin, wanted = [*pieces.tolist(), len(text)], numbers[pieces].tolist()
        y, x = (part.tolist() for part in np.divmod(starts, width))
        out, at, pen = list[str](), (width, 0), Pens.PLAIN  # the cursor may be anywhere
        for row, column, length, (a, b) in zip(y, x, lengths.tolist(), ranges, strict=True):
            out.append(_move(at, column, row, width))
            at = (column + length, row)
            for piece in range(a, b):
                if (number := wanted[piece]) != pen:
                    sequence, pen = pens.ways.get((pen, number)) or pens.way(pen, number)
                    out.append(sequence)
                out.append(text[begin[piece] : begin[piece + 1]])
        if pen != Pens.PLAIN:
            out.append("\x1b[0m")
        return "".join(out).replace(TAIL, "")


_PEN = (1 << 32) - 1
"""The bits of a cell that say its pen."""


def _move(at: tuple[int, int], x: int, y: int, width: int) -> str:
    """The sequence that moves the cursor from the cell `at` to x, y.

    After the last column of a row its position is undefined, so only absolute moves are safe.
    """
    if y == at[1] and at[0] < min(x, width):
        return _by(x - at[0], "C")
    there = f"\x1b[{y + 1};{x + 1}H"
    if at[0] >= width or y < at[1]:
        return there
    right, down = x - at[0], y - at[1]
    across = "\b" * -right if -BACK <= right <= 0 else _by(right, "C") or _by(-right, "D")
    return min(_by(down, "B") + across, there, key=len)


@lru_cache(1024)
def _by(n: int, way: str) -> str:
    """The sequence that moves the cursor n > 0 cells in a direction (A-D)."""
    return "" if n <= 0 else f"\x1b[{way}" if n == 1 else f"\x1b[{n}{way}"


class _Difference(CompositorUpdate):
    """An update that renders the changes of a FrameDiff."""

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
    dirty: dict[int, list[tuple[int, int]]] = {}
    for y, x1, x2 in update.spans:
        dirty.setdefault(y, []).append((x1, x2))
    for y, spans in dirty.items():
        chops = cast("dict[int, Strip | None]", update.chops[y])
        for end, (x, strip) in zip(update.chop_ends[y], chops.items(), strict=False):
            if strip is not None and any(x < x2 and end > x1 for x1, x2 in spans):
                yield x, y, strip


def _numbered(painted: Painted, pens: Pens) -> Ints:
    """The cells of painted rows [rows, columns]."""
    if painted.numbered is None or painted.numbered[0] is not pens:
        canvas = painted.canvas
        looks = canvas.looks(painted.ground).ravel()
        starts = np.flatnonzero(np.concatenate(([True], looks[1:] != looks[:-1])))
        numbers = pens.of_looks(looks[starts].tolist())
        sizes = np.diff(starts, append=len(looks))
        cells = _joined(canvas.char.ravel().astype(np.int64), numbers, sizes)
        painted.numbered = pens, cells.reshape(canvas.char.shape)
    return painted.numbered[1]


def _spelled(strips: Sequence[Strip], pens: Pens) -> list[Ints]:
    """The cells of each strip."""
    texts, numbers, segments = list[str](), list[int](), [0]
    for strip in strips:
        for text, style, control in strip:
            if not control:
                texts.append(text)
                numbers.append(pens.numbers(style))
        segments.append(len(texts))
    whole = "".join(texts)
    if not one_a_cell(whole):
        texts = [text if one_a_cell(text) else _spread(text) for text in texts]
        whole = "".join(texts)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.concatenate(([0], np.cumsum(sizes)))[segments].tolist()
    cells = _joined(_codes(whole), numbers, sizes)
    return [cells[a:b] for a, b in pairwise(ends)]


def _joined(codes: Ints, numbers: Sequence[int], sizes: Ints) -> Ints:
    """Cells of codepoints [n] and of the pens of each stretch, as `Pens.numbers` gives them."""
    pens = np.repeat(np.array(numbers, dtype=np.int64), sizes)
    return np.asarray((codes << 32) + np.where(codes == ord(" "), pens & _PEN, pens >> 32))


def _spread(text: str) -> str:
    """The text with TAIL in the second cell of each wide character, without zero-width ones."""
    return "".join(char + TAIL * (width - 1) for char in text if (width := cell_len(char)))


def _codes(text: str) -> Ints:
    """The codepoints of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


def _text(codes: Ints) -> str:
    """The text of codepoints."""
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
