"""Confidence intervals against one contender, a row each, over one axis (a forest plot)."""

import math
from collections.abc import Sequence

from rich.cells import cell_len

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.look import Look
from tttui.draw.numbers import short
from tttui.draw.ticks import linear
from tttui.model.dataclass import dataclass

SHARES = tuple(m * 10**k / 1e6 for k in range(1, 6) for m in (1, 2, 5))
"""Differences that the axis of ratios names in percent; larger ones are factors."""

FACTORS = tuple(m * 10**k for k in range(7) for m in (1, 2, 5) if m * 10**k >= 2)

TEXT = 24
"""Columns of the difference in words at most, where there is room."""

WORDED = 84
"""Columns from which on there is."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One contender beside the one that all are compared with."""

    name: str
    rank: int
    """0 where there is none."""
    value: str
    """Its own loss, as a text."""
    estimate: float = 0.0
    """Positive is better: a logarithm of a ratio, or a difference in the unit."""
    low: float = 0.0
    high: float = 0.0
    """Ends of the interval; infinite where something diverged."""
    difference: str = ""
    """The difference in words."""
    itself: bool = False
    """It is the one that the others are compared with."""


@dataclass(frozen=True, slots=True)
class DifferenceScale:
    """The meaning of the differences."""

    ratio: bool = True
    unit: str = ""
    value: str = "loss"
    """The meaning of each row's own value."""
    name: str = "contender"
    """The name of the rows."""
    title: str = ""
    """What they are compared with; '' for `than` the one that is so itself."""


def rows_needed(n: int) -> int:
    """Rows that `paint` fills with n contenders: a title, the rows, the axis."""
    return n + 3


def paint(
    rows: Sequence[ForestRow],
    size: tuple[int, int],
    look: Look,
    scale: DifferenceScale,
    chosen: int | None,
) -> Canvas:
    """The rows from the best rank on, `chosen` marked; size is (width, height)."""
    width, height = size
    palette, glyphs = look
    canvas = Canvas(height, width)
    if not rows or width < 20 or height < 3:
        return canvas
    name = min(
        max(9, *(cell_len(row.name) for row in rows)) + 1, max(width // 4, min(19, 2 * width // 5))
    )
    value = max(len(scale.value), *(cell_len(row.value) for row in rows)) + 1
    left = 5 + name + value
    words = max((cell_len(row.difference) for row in rows), default=0)
    text = min(max(words, 1), TEXT) if width >= WORDED else 0
    room = width - left - text - 2
    if room < 12:
        room, text = width - left - 1, 0
    first = _window(len(rows), height - 3, chosen)
    shown = rows[first : first + max(height - 3, 1)]
    low, high = _span(rows)
    leader = next((row.name for row in rows if row.itself), "")
    canvas.write(0, 0, "   #", palette.muted)
    canvas.write(0, 5, fit(scale.name, name - 1, glyphs.ellipsis), palette.muted)
    canvas.write(0, 5 + name, scale.value.rjust(value - 1), palette.muted)
    if room >= 12:
        title = fit(scale.title or f"than {leader}", room, glyphs.ellipsis)
        canvas.write(0, left + 1, title, palette.accent, bold=True)
    for y, row in enumerate(shown, 1):
        at = first + y - 1 == chosen
        mark = glyphs.play if at else " "
        rank = f"{row.rank:>3}" if row.rank else ""
        canvas.write(y, 0, f"{mark}{rank}", palette.accent if at else palette.text, bold=at)
        label = fit(row.name, name - 1, glyphs.ellipsis)
        canvas.write(y, 5, label, palette.text, bold=row.rank == 1 or at)
        canvas.write(y, 5 + name, row.value.rjust(value - 1), palette.text)
        if room >= 12:
            _interval(canvas, y, left + 1, room, row, (low, high), look)
        if text:
            ink = _ink(row, look)
            canvas.write(y, width - text, fit(row.difference, text, glyphs.ellipsis), ink)
    if room >= 12:
        _axis(canvas, len(shown) + 1, left + 1, room, (low, high), look, scale)
    return canvas


def _interval(
    canvas: Canvas,
    y: int,
    column: int,
    room: int,
    row: ForestRow,
    span: tuple[float, float],
    look: Look,
) -> None:
    palette, glyphs = look
    canvas.write(y, column + _cell(0.0, span, room), glyphs.vertical, palette.frame)
    if row.itself:
        canvas.write(y, column + _cell(0.0, span, room), glyphs.heavy, palette.text, bold=True)
        return
    if math.isnan(row.estimate):
        return
    ink = _ink(row, look)
    begin, end = _cell(row.low, span, room), _cell(row.high, span, room)
    canvas.write(y, column + begin, glyphs.horizontal * (end - begin + 1), ink)
    opens, closes = ("├", "┤") if glyphs.braille else ("[", "]")
    before, after = ("◀", "▶") if glyphs.braille else ("<", ">")
    canvas.write(y, column + begin, before if math.isinf(row.low) else opens, ink)
    canvas.write(y, column + end, after if math.isinf(row.high) else closes, ink)
    full, empty = ("●", "○") if glyphs.braille else ("*", "o")
    mark = full if row.low > 0 or row.high < 0 else empty
    canvas.write(y, column + _cell(row.estimate, span, room), mark, ink, bold=True)


def _ink(row: ForestRow, look: Look) -> Colour:
    palette = look.palette
    if row.low > 0:
        return palette.good
    return palette.bad if row.high < 0 else palette.muted


def _window(n: int, room: int, chosen: int | None) -> int:
    """The first row that is shown, so that the chosen one is."""
    return 0 if n <= room or chosen is None else min(max(chosen - room // 2, 0), n - max(room, 1))


def _span(rows: Sequence[ForestRow]) -> tuple[float, float]:
    ends = [v for row in rows for v in (row.low, row.high, row.estimate) if math.isfinite(v)]
    low, high = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    if high - low < 1e-12:
        return -1.0, 1.0
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _cell(value: float, span: tuple[float, float], room: int) -> int:
    low, high = span
    share = (min(max(value, low), high) - low) / (high - low)
    return min(round(share * (room - 1)), room - 1)


def _axis(
    canvas: Canvas,
    y: int,
    column: int,
    room: int,
    span: tuple[float, float],
    look: Look,
    scale: DifferenceScale,
) -> None:
    palette, glyphs = look
    canvas.write(y, column, glyphs.horizontal * room, palette.frame)
    taken: list[tuple[int, int]] = []
    for value, label in _ticks(span, room, scale):
        at = _cell(value, span, room)
        begin = min(max(at - len(label) // 2, 0), max(room - len(label), 0))
        end = begin + len(label)
        if all(end + 1 < a or begin > b + 1 for a, b in taken):
            taken.append((begin, end))
            canvas.write(y, column + at, glyphs.tick_down, palette.frame)
            canvas.write(y + 1, column + begin, label, palette.muted)


def _ticks(span: tuple[float, float], room: int, scale: DifferenceScale) -> list[tuple[float, str]]:
    """Places and labels, the most important first."""
    low, high = span
    if not scale.ratio:
        return _in_unit([tick.value for tick in linear(low, high, max(room // 14, 2))], scale.unit)
    worse = [(-math.log1p(p), f"{100 * p:g} %") for p in SHARES]
    worse += [(-math.log(f), f"{f:,} x".replace(",", " ")) for f in FACTORS]
    better = [(-math.log1p(-p), f"{100 * p:g} %") for p in SHARES]
    better += [(math.log(f), f"{f:,} x".replace(",", " ")) for f in FACTORS if f >= 10]
    ticks = [(0.0, "equal")]
    for side, word in ((worse, "worse"), (better, "better")):
        inside = [(v, t) for v, t in side if low <= v <= high]
        if inside:
            far = inside[-1]
            ticks.append((far[0], f"{far[1]} {word}"))
            ticks += inside[-2::-1]
    return ticks


def _in_unit(places: Sequence[float], unit: str) -> list[tuple[float, str]]:
    """The same of differences in a unit, at round numbers."""
    ticks = [(v, "0") for v in places if v == 0]
    for side, word in ((-1, "worse"), (1, "better")):
        far, *others = sorted((v for v in places if v * side > 0), key=abs, reverse=True) or [0.0]
        if far:
            ticks.append((far, f"{abs(far):g} {unit}".rstrip() + f" {word}"))
        ticks += [(v, f"{abs(v):g}") for v in others]
    return ticks


def value_text(value: float | None) -> str:
    """A loss for a row."""
    return "diverged" if value is None else short(value)
