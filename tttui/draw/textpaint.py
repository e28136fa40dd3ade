"""A page of a document: every character or token on the colour of what learning saved at it.

Where colours are few or none, what was predicted better is bold and what was predicted worse is
underlined. The margin has the offset of every row and what was saved at its items, on average.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tttui.draw.canvas import REVERSED, UNDERLINED, Canvas
from tttui.draw.colours import DEFAULT, Colour
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.draw.prose import filling
from tttui.draw.textrows import TextRow
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.document import Document

EDGES = (1.0, 2.0, 4.0)
"""Bits saved or lost at a character from which on its tint is the next stronger one."""

STRONG = 1.0
"""Bits from which on a difference is marked by more than colour."""

BAR = 6
"""Cells of the bars at the margin."""

FULL = 3.0
"""Bits per byte of a full bar."""

BARS_FROM = 70
"""Columns of the page from which on there are bars."""

GAIN = 5
"""Cells of the number at the margin."""

_BRIGHT = 150

LITTLE = 0.005
"""Bits per byte that are shown as 0."""

FEW = 4
"""Bytes of a row that say little: it has a number and no bar."""


def margin_of(width: int, size: int) -> int:
    """Cells left of the text, in a page of `width` cells of a document of `size` bytes."""
    bars = BAR + 1 if width >= BARS_FROM else 0
    room = len(str(size)) + 1 + GAIN + 1 + bars
    return room if width >= room + 16 else 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Highlights on a page, in bytes."""

    at: int
    """The byte whose continuations are shown."""
    window: tuple[int, int] = (0, 0)
    """The window of the cursor's step."""
    until: int = 0
    """The bytes from here on are in the future of the cursor."""
    matches: tuple[tuple[int, int], ...] = ()
    """The matches of the search."""


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """The saving over any range of bytes from `begin` on, if known."""

    document: Document
    begin: int
    saved: Floats
    """Sums before each byte [n + 1]."""
    known: Ints
    """How many are known before each byte [n + 1]."""

    @classmethod
    def of(cls, document: Document, begin: int, end: int) -> "Gains":
        begin, end = document.span(begin)[0], max(document.span(end - 1)[1], end)
        gains = document.gains(begin, end)
        known = np.isfinite(gains)
        saved = np.concatenate(([0.0], np.cumsum(np.where(known, gains, 0.0))))
        return cls(document, begin, saved, np.concatenate(([0], np.cumsum(known))))

    def over(self, first: Ints, last: Ints) -> Floats:
        """Saved at the items that hold [first, last) [n]; NaN where nothing is known."""
        spans = (x.astype(np.int64) - self.begin for x in self.document.spans(first, last))
        a, b = (np.clip(x, 0, len(self.saved) - 1) for x in spans)
        known = self.known[b] - self.known[a]
        return np.where(known > 0, self.saved[b] - self.saved[a], np.nan)

    def rate(self, begin: int, end: int) -> float:
        """Saved per item that begins there; NaN where nothing is known."""
        a, b = begin - self.begin, end - self.begin
        n = int(self.known[b] - self.known[a])
        return float(self.saved[b] - self.saved[a]) / n if n else np.nan


def levels(gains: Floats) -> Ints:
    """-3 (much worse) .. 3 (much better) for bits saved; 0 where they are not known."""
    with np.errstate(invalid="ignore"):
        level = np.digitize(np.abs(gains), EDGES) * np.sign(gains)
    return np.nan_to_num(level, nan=0.0).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Tints:
    """Colours of the levels 0, 1 .. 3, and behind them -3 .. -1, so that a level is an index."""

    paper: Ints
    ink: Ints
    """On that paper."""
    pale: Ints
    """The papers in the future."""


def tints(palette: Palette) -> Tints:
    """Of a palette that has more than sixteen colours."""
    ground = palette.diverging[len(palette.diverging) // 2]
    return _tints(palette.tints, palette.text, ground)


@lru_cache(8)
def _tints(colours: tuple[Colour, ...], text: Colour, ground: Colour) -> Tints:
    n = len(EDGES)
    papers = [*colours[1 : n + 1], *reversed(colours[n + 2 :])]
    inks = [ink_on(paper, text, ground) for paper in papers]
    pale = [colours[0]] * n + [colours[n + 1]] * n
    return Tints(
        *(
            np.array(c, dtype=np.int64)
            for c in ([DEFAULT, *papers], [text, *inks], [DEFAULT, *pale])
        )
    )


def ink_on(paper: Colour, *inks: Colour) -> Colour:
    """The darkest of some inks on a light paper, the brightest on a dark one."""
    return (min if _brightness(paper) > _BRIGHT else max)(inks, key=_brightness)


def _brightness(colour: Colour) -> float:
    return 0.3 * (colour >> 16) + 0.59 * (colour >> 8 & 0xFF) + 0.11 * (colour & 0xFF)


def paint_page(
    rows: Sequence[TextRow],
    document: Document,
    mark: Mark,
    size: tuple[int, int],
    look: Look,
) -> Canvas:
    """The rows in `size` = (width, height) cells."""
    width, height = size
    canvas = Canvas(height, width)
    rows = rows[:height]
    if not rows:
        return canvas
    margin = margin_of(width, document.size)
    gains = Gains.of(document, rows[0].begin, max(row.end for row in rows))
    for y, row in enumerate(rows if margin else ()):
        _paint_margin(canvas, y, row, gains, mark, document, look)
    _paint_cells(canvas, margin, rows, gains, mark, document, look.palette)
    return canvas


def _paint_margin(
    canvas: Canvas,
    y: int,
    row: TextRow,
    gains: Gains,
    mark: Mark,
    document: Document,
    look: Look,
) -> None:
    palette, glyphs = look
    here = row.begin < mark.window[1] and mark.window[0] < row.end
    digits = len(str(document.size))
    ink = palette.accent if here else palette.muted
    canvas.write(y, 0, f"{row.begin:>{digits}}", ink, bold=here)
    if row.begin <= mark.at < row.end:
        canvas.write(y, digits, glyphs.play, palette.accent, bold=True)
    rate = gains.rate(row.begin, row.end)
    if np.isnan(rate):
        return
    few, future = row.end - row.begin < FEW, row.begin >= mark.until
    muted = few or future or abs(rate) < LITTLE
    ink = palette.muted if muted else _better(palette) if rate > 0 else palette.diverging[-1]
    text = f"{rate:+.2f}" if abs(rate) < 9.995 else f"{rate:+.1f}"
    canvas.write(y, digits + 1, f"{text:>{GAIN}}", ink)
    if canvas.columns >= BARS_FROM and not few:
        if palette.tinted:
            shades = tints(palette)
            ink = int((shades.pale if future else shades.paper)[2 if rate > 0 else -2])
        elif future:
            ink = palette.faint
        canvas.write(y, digits + GAIN + 2, filling(abs(rate) / FULL, BAR, glyphs), ink)


def _better(palette: Palette) -> Colour:
    """The ink of what was saved; text in the blue of sixteen colours is hard to read."""
    return palette.diverging[0] if palette.tinted else palette.adaptive


def _paint_cells(
    canvas: Canvas,
    margin: int,
    rows: Sequence[TextRow],
    gains: Gains,
    mark: Mark,
    document: Document,
    palette: Palette,
) -> None:
    """The text, all of it at once."""
    lengths = [len(row.cells) for row in rows]
    y = np.repeat(np.arange(len(rows)), lengths)
    x = margin + np.concatenate([np.arange(n) for n in lengths])
    code, first, last = (
        np.concatenate([getattr(row.cells, name) for row in rows])
        for name in ("code", "first", "last")
    )
    saved = gains.over(first, last)
    future, unread = first >= mark.until, first >= document.scored
    ink, paper = _colours(levels(saved), future, palette)
    ink[future] = palette.muted
    ink[unread] = palette.frame
    bold = (saved >= STRONG) & ~future
    marks = np.zeros(len(code), dtype=np.uint8)
    inside = (first < mark.window[1]) & (last > mark.window[0])
    if palette.tinted:
        marks[inside] |= UNDERLINED
        bold |= inside
    else:
        marks[(saved <= -STRONG) & ~future] |= UNDERLINED
        marks[inside] |= REVERSED
    for begin, end in mark.matches:
        matched = (first < end) & (last > begin)
        ink[matched], bold[matched] = palette.warn, True
        marks[matched] |= UNDERLINED
        if palette.tinted:
            paper[matched] = palette.selected_paper
    at = (first <= mark.at) & (mark.at < last)
    if palette.tinted:
        middle = palette.diverging[len(palette.diverging) // 2]
        paper[at], ink[at] = palette.cursor, ink_on(palette.cursor, palette.text, middle)
        bold[at] = True
    else:
        marks[at] ^= REVERSED
    seen = x < canvas.columns
    place = y[seen], x[seen]
    canvas.char[place], canvas.bold[place], canvas.marks[place] = (
        code[seen],
        bold[seen],
        marks[seen],
    )
    canvas.ink[place], canvas.paper[place] = ink[seen], paper[seen]


def _colours(level: Ints, future: Bools, palette: Palette) -> tuple[Ints, Ints]:
    """Ink and paper of cells by their levels; paler in the future."""
    if palette.tinted:
        shades = tints(palette)
        return shades.ink[level], np.where(future, shades.pale[level], shades.paper[level])
    ink = np.full(len(level), palette.text, dtype=np.int64)
    ink[level >= 1], ink[level <= -1] = _better(palette), palette.diverging[-1]
    return ink, np.full(len(level), DEFAULT, dtype=np.int64)


def paint_legend(canvas: Canvas, y: int, x: int, unit: str, look: Look) -> int:
    """Paint the legend of the tints, in the unit of the losses, from column x on; returns the next
    column."""
    palette, glyphs = look
    if not palette.tinted:
        good, bad = _better(palette), palette.diverging[-1]
        x = canvas.write(y, x, f"better by 1 {unit.removesuffix('s')}", good, bold=True)
        x = canvas.write(y, x, ", ", palette.muted)
        begin = x
        x = canvas.write(y, x, f"worse by 1 {unit.removesuffix('s')}", bad)
        canvas.marks[y, begin : min(x, canvas.columns)] = UNDERLINED
        return x
    x = canvas.write(y, x, "worse ", palette.muted)
    shades = tints(palette)
    for level in (*range(-len(EDGES), 0), *range(1, len(EDGES) + 1)):
        edge = EDGES[abs(level) - 1]
        text = f"{edge:g}".removeprefix("0")
        if level == 1:
            x = canvas.write(y, x, f" {glyphs.vertical} ", palette.muted)
        ink, paper = int(shades.ink[level]), int(shades.paper[level])
        x = canvas.write(y, x, f" {text} ", ink, paper, bold=edge >= STRONG and level > 0)
    texts = (f" better, {unit}", " better", "")
    text = next(text for text in texts if x + len(text) <= canvas.columns or not text)
    return canvas.write(y, x, text, palette.muted)


LEGEND = 56
"""Columns of the legend, at most."""
