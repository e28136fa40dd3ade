"""Colours as whole numbers, so that cells can be painted with numpy; ramps between them.

0xRRGGBB is a colour of the screen, ANSI + n (0..15) one of the terminal's sixteen, and DEFAULT
leaves the choice to what lies underneath. Terminals with 256 colours get the nearest ones.
"""

from functools import lru_cache

import numpy as np
from rich.color import Color
from rich.style import Style

from tttui.model.arrays import Floats, Ints

DEFAULT = -1
ANSI = 1 << 24

Colour = int


def parse(text: str) -> Colour:
    """`#rrggbb`, or one of the sixteen by name (`red`, `bright_cyan`), or `default`."""
    if text == "default":
        return DEFAULT
    if text.startswith("#"):
        return int(text[1:], 16)
    number = Color.parse(text).number
    if number is None or number > 15:
        raise ValueError(f"{text!r} is none of the sixteen colours")
    return ANSI + number


@lru_cache(4096)
def rich_colour(colour: Colour) -> Color | None:
    if colour == DEFAULT:
        return None
    if colour >= ANSI:
        return Color.from_ansi(colour - ANSI)
    return Color.from_rgb(colour >> 16, colour >> 8 & 0xFF, colour & 0xFF)


@lru_cache(16384)
def style(ink: Colour, paper: Colour = DEFAULT, bold: bool = False, marks: int = 0) -> Style:
    """The (shared) rich style of a cell; `marks` as `Canvas.marks`."""
    plain = Style.from_color(rich_colour(ink), rich_colour(paper)) + (_BOLD if bold else _PLAIN)
    return plain + _MARKS[marks] if marks else plain


_BOLD, _PLAIN = Style(bold=True), Style()
_MARKS = (
    _PLAIN,
    Style(underline=True),
    Style(reverse=True),
    Style(underline=True, reverse=True),
)


def rgb(colour: Colour) -> Floats:
    return np.array([colour >> 16, colour >> 8 & 0xFF, colour & 0xFF], dtype=np.float64)


def blend(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of b in a; colours that are not 24-bit cannot be mixed, the nearer one is taken."""
    if not (0 <= a < ANSI and 0 <= b < ANSI):
        return b if share >= 0.5 else a
    red, green, blue = np.rint(rgb(a) + (rgb(b) - rgb(a)) * share).astype(int)
    return int(red) << 16 | int(green) << 8 | int(blue)


@lru_cache(256)
def over(a: Colour, b: Colour, ground: Colour) -> Colour:
    """Of two shades of `ground` one that is as far from it as both together."""
    red, green, blue = np.clip(rgb(a) + rgb(b) - rgb(ground), 0, 255).astype(int)
    return int(red) << 16 | int(green) << 8 | int(blue)


@lru_cache(64)
def ramp(stops: tuple[Colour, ...], levels: int) -> tuple[Colour, ...]:
    """`levels` colours running evenly through the stops (24-bit: mixed; others: repeated)."""
    out = []
    for i in range(levels):
        at = i / max(levels - 1, 1) * (len(stops) - 1)
        k = min(int(at), len(stops) - 2)
        out.append(blend(stops[k], stops[k + 1], at - k))
    return tuple(out)


def shade(values: Floats, colours: tuple[Colour, ...]) -> Ints:
    """Colours for values in 0..1 (clipped); DEFAULT where a value is NaN."""
    table = np.array([*colours, DEFAULT], dtype=np.int64)
    with np.errstate(invalid="ignore"):
        at = np.nan_to_num(np.clip(values, 0, 1) * (len(colours) - 1), nan=-1.0)
    index = np.where(np.isnan(values), len(colours), np.rint(at).astype(np.int64))
    return table[index]
