"""Painting the hidden friction: a large number, its scale, the error of the weights over mu."""

import math

import numpy as np

from tttui.draw import axes, braille, ticks
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import Look
from tttui.draw.numbers import short
from tttui.draw.scales import Scale
from tttui.model.arrays import Bools, Floats
from tttui.model.dataclass import dataclass
from tttui.tasks.pointmass.hidden import Implied, Regime
from tttui.tasks.pointmass.identify import MU_GRID

_BIG = 5
"""Rows from which the number is written large, below it the scale."""


@dataclass(frozen=True, slots=True, eq=False)
class FrictionFacts:
    """The facts about the friction at the cursor."""

    mu: float | None = None
    range: tuple[float, float] | None = None
    """Where hidden frictions are drawn from."""
    implied: Implied | None = None
    source: str = ""
    """Which weights imply it, or why there are none."""
    regime: Regime | None = None
    z: Floats | None = None
    """The observation at the cursor [4]."""
    a: Floats | None = None
    dt: float = 1.0
    mode: str = ""
    ghost: float | None = None
    """The friction of the ghost, where it is shown."""
    whatif: float | None = None
    """What the weights of a what-if imply at the cursor, where one is looked at."""
    when: str = ""
    """Where the friction at the cursor is not the present one: its step, and the present one."""


def paint(facts: FrictionFacts, size: tuple[int, int], look: Look, mark: str) -> Canvas:
    """Paint the facts in `size` = (width, height) cells; parts that do not fit are left out from
    the end."""
    palette, glyphs = look
    width, height = size
    canvas = Canvas(height, width)
    title = f"{mark}Hidden friction mu"
    end = canvas.write(0, 0, title, palette.text, bold=True)
    for note in (facts.when, facts.mode):
        if note and end + 3 + len(note) <= width:
            end = canvas.write(0, end + 2, note, palette.muted)
    law = _law_lines(facts, width)
    rest = height - 1
    big = rest >= _BIG + 3 and width >= 44
    row = _values(canvas, facts, 1, look, big)
    spare = height - row
    law_rows = law if spare >= 6 + len(law) else law[: max(spare - 4, 0)]
    scale_rows = spare - len(law_rows)
    if scale_rows >= 2:
        place = (row, 0, width, scale_rows)
        _scale(canvas, facts, place, look)
        row += scale_rows
    for text, strong in law_rows:
        ink = palette.text if strong else palette.muted
        canvas.write(row, 0, fit(text, width, glyphs.ellipsis), ink)
        row += 1
    return canvas


def _values(canvas: Canvas, facts: FrictionFacts, row: int, look: Look, big: bool) -> int:
    """The true friction and the implied one; returns the row below them."""
    palette, glyphs = look
    truth = "unknown" if facts.mu is None else f"{facts.mu:.4f}"
    lines: list[list[tuple[str, Colour, bool]]] = []
    if facts.implied is None:
        lines.append([(facts.source, palette.muted, False)])
    else:
        mu = facts.implied.mu
        text = "nothing: they are not finite" if math.isnan(mu) else f"{mu:.4f}"
        if mu >= MU_GRID[-1]:
            text = f"{mu:.1f} or more"
        lines.append([("the weights imply ", palette.muted, False), (text, palette.adaptive, True)])
        if facts.whatif is not None:
            lines[-1] += [("  what-if ", palette.muted, False)]
            lines[-1] += [(f"{facts.whatif:.4f}", palette.whatif, True)]
        if facts.mu is not None and mu < MU_GRID[-1]:
            off = mu - facts.mu
            share = f" ({off / facts.mu:+.1%})" if facts.mu > 0 else ""
            lines.append(
                [("off by ", palette.muted, False), (f"{off:+.4f}{share}", palette.text, True)]
            )
        lines.append([(facts.source, palette.muted, False)])
    width = canvas.columns
    if big:
        end = _write_digits(canvas, row, 1, truth, palette.good, glyphs)
        if len(lines) == 1:
            lines.insert(0, [])
        for k, parts in enumerate(lines[:3]):
            canvas.spans(row + k, end + 3, _fitted(parts, width - end - 3, glyphs))
        return row + 3
    end = canvas.write(row, 0, "true ", palette.muted)
    end = canvas.write(row, end, truth, palette.good, bold=True)
    for parts in lines[:1]:
        if end + 3 < width:
            canvas.spans(row, end + 3, _fitted(parts, width - end - 3, glyphs))
    return row + 1


def _fitted(
    parts: list[tuple[str, Colour, bool]], room: int, glyphs: Glyphs
) -> list[tuple[str, Colour, bool]]:
    """The parts cut to the room there is."""
    out = []
    for text, ink, bold in parts:
        shown = fit(text, room, glyphs.ellipsis)
        out.append((shown, ink, bold))
        room -= len(shown)
        if room <= 0:
            break
    return out


def _scale(
    canvas: Canvas, facts: FrictionFacts, place: tuple[int, int, int, int], look: Look
) -> None:
    """The axis of mu with the range and both frictions on it; above it the error curve."""
    palette, glyphs = look
    top, left, width, height = place
    gutter = 8 if width >= 40 else 0
    known = [v for v in (facts.mu, facts.ghost) if v is not None]
    high = max([float(MU_GRID[-1]), *(facts.range or ()), *known])
    scale = Scale(0.0, min(high, 1e6))
    columns = width - gutter
    if columns < 10:
        return

    def column(mu: float) -> int:
        share = min(max((mu - scale.low) / (scale.high - scale.low), 0.0), 1.0)
        return left + gutter + round(share * (columns - 1))

    rows = height - 2
    line = top + max(rows, 0)
    marks = [
        ("true", facts.mu, palette.good, "▼" if glyphs.braille else "v"),
        (
            "implied",
            None if facts.implied is None else facts.implied.mu,
            palette.adaptive,
            "▲" if glyphs.braille else "^",
        ),
        ("ghost", facts.ghost, palette.third, "◇" if glyphs.braille else "G"),
    ]
    shown = [m for m in marks if m[1] is not None and math.isfinite(m[1])]
    if facts.implied is not None and rows >= 3:
        for _, value, ink, _ in shown:
            for row in range(top + 1, line):
                canvas.write(row, column(float(value or 0.0)), glyphs.cursor, ink)
        area = (top, left + gutter, columns, rows)
        _curve(canvas, facts.implied, area, scale, look)
    canvas.write(line, left + gutter, glyphs.horizontal * columns, palette.frame)
    if facts.range is not None:
        low, top_mu = column(facts.range[0]), column(facts.range[1])
        canvas.write(line, low, glyphs.heavy * (top_mu - low + 1), palette.muted)
        for at, mark in ((low, "┣"), (top_mu, "┫")):
            canvas.write(line, at, mark if glyphs.braille else "|", palette.muted)
    for name, value, ink, glyph in shown:
        # The true one points down on the axis, the others up or along: both stay visible.
        row = line - 1 if name == "true" and rows >= 1 else line
        canvas.write(row, column(float(value or 0.0)), glyph, ink, bold=True)
    labels = [(column(t.value) - left - gutter, t.label) for t in ticks.linear(0, scale.high, 5)]
    for start, text in ticks.placed(labels, columns):
        canvas.write(line + 1, left + gutter + start, text, palette.muted)
    if gutter:
        canvas.write(line + 1, left + gutter - 3, "mu", palette.faint)


def _curve(
    canvas: Canvas,
    implied: Implied,
    place: tuple[int, int, int, int],
    scale: Scale,
    look: Look,
) -> None:
    """The error of the weights in the world of every mu, on a logarithmic axis."""
    palette, glyphs = look
    top, left, columns, rows = place
    canvas.write(top, left, "error of these weights by mu (MSE, log)"[:columns], palette.muted)
    top, rows = top + 1, rows - 1
    good = implied.curve[np.isfinite(implied.curve) & (implied.curve > 0)]
    if not len(good):
        canvas.write(top, left, "not finite"[:columns], palette.muted)
        return
    values = Scale.fit(float(good.min()), float(good.max()), float(good.min()), log=True)
    down, across = (4, 2) if glyphs.braille else (1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.where(implied.curve > 0, implied.curve, np.nan))
    at = np.linspace(scale.low, scale.high, columns * across)
    y = np.interp(at, MU_GRID, logs, right=np.nan)
    known = np.isfinite(y)
    dots = np.where(known, values.dots(10.0 ** np.where(known, y, 0.0), rows * down), -1)
    low, high = dots.copy(), dots.copy()
    step = np.diff(dots)
    both = known[1:] & known[:-1]
    high[:-1] = np.where(both & (step > 1), dots[:-1] + step // 2, high[:-1])
    low[1:] = np.where(both & (step > 1), dots[1:] - (step - step // 2) + 1, low[1:])
    low[:-1] = np.where(both & (step < -1), dots[:-1] + step // 2 + 1, low[:-1])
    high[1:] = np.where(
        both & (step < -1), np.maximum(high[1:], dots[1:] - step // 2 - 1), high[1:]
    )
    raster: Bools = braille.spans(np.where(known, low, 1), np.where(known, high, 0), rows * down)
    bits = braille.pack(raster) if glyphs.braille else raster
    where = bits > 0
    area = canvas.char[top : top + rows, left : left + columns]
    codes = braille.BLANK + bits[where].astype(np.uint32)
    area[where] = codes if glyphs.braille else ord(glyphs.curve_marks[0])
    canvas.ink[top : top + rows, left : left + columns][where] = palette.text
    if left >= 8:
        marked = axes.labelled(values, rows)
        axes.values(canvas, (top, rows, left), marked, values, look)


def _law_lines(facts: FrictionFacts, width: int) -> list[tuple[str, bool]]:
    """The law of motion, which friction applies now, and the update in numbers."""
    out: list[tuple[str, bool]] = []
    r = facts.regime
    if facts.mode == "nonlinear" and r is not None:
        still = r.name == "static"
        limit = short(r.threshold)
        both = f"static {short(r.static)} below |v| = {limit}, dynamic {short(r.dynamic)} above"
        sign = "<" if still else ">="
        now = f"now {r.name}: |v| {short(r.speed)} {sign} {limit}, mu_eff = {short(r.friction)}"
        out += [(both, False), (now, True)]
    name = "mu_eff" if facts.mode == "nonlinear" else "mu"
    law = f"v' = (1 - {name}) v + a     p' = p + v' dt"
    if r is None or facts.z is None or facts.a is None:
        return [*out, (law, False)]
    v, a = facts.z[2:], facts.a
    with np.errstate(invalid="ignore", over="ignore"):
        after = (1.0 - r.friction) * v + a
        p = facts.z[:2] + facts.dt * after
    out.append((law, False))
    for left, right in (
        (f"v' = (1 - {short(r.friction)}) {_pair(v)} + {_pair(a)}", _pair(after)),
        (f"p' = {_pair(facts.z[:2])} + {short(facts.dt)} v'", _pair(p)),
    ):
        if len(left) + 3 + len(right) <= width:
            out.append((f"{left} = {right}", True))
        elif len(left) <= width:
            out += [(left, True), (f"   = {right}", True)]
        else:
            first, _, second = left.rpartition(" + ")
            out += [(first, True), (f"   + {second} = {right}", True)]
    return out


def _pair(value: Floats) -> str:
    return f"({short(float(value[0]))}, {short(float(value[1]))})"


_DIGITS = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": (" ╻ ", " ┃ ", " ╹ "),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", " ━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    ".": (" ", " ", "▪"),
    "-": ("   ", "╺━╸", "   "),
}


def _write_digits(
    canvas: Canvas, row: int, column: int, text: str, ink: Colour, glyphs: Glyphs
) -> int:
    """Write digits, points and minus signs; returns the column after them.

    Without line-drawing characters the number is written once, in the middle row.
    """
    if not glyphs.braille or any(char not in _DIGITS for char in text):
        return canvas.write(row + 1, column, text, ink, bold=True)
    for char in text:
        for k, part in enumerate(_DIGITS[char]):
            canvas.write(row + k, column, part, ink, bold=True)
        column += len(_DIGITS[char][0])
    return column
