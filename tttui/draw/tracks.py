"""The content of the plane: paths with their colours, dashes and arrow heads."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from tttui.draw import braille
from tttui.draw.colours import Colour, parse
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.draw.plot import Role, ink
from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass

_TIME: Mapping[str, tuple[Colour, ...]] = MappingProxyType(
    {
        "dark": (parse("#4d8dff"), parse("#b46cf0"), parse("#ff5a52")),
        "light": (parse("#0a4fd0"), parse("#8a2fb8"), parse("#d01c1c")),
        "ansi": (parse("bright_blue"), parse("blue"), parse("magenta"), parse("red")),
        "colour-blind": (parse("#3d9be0"), parse("#b9a5b5"), parse("#e0701c")),
    }
)

_HEADS = "→↗↑↖←↙↓↘"
_ASCII_HEADS = ">/^\\</v\\"


def time_stops(palette: Palette) -> tuple[Colour, ...]:
    """From the window's first step to its last: blue to red, in the theme's shades."""
    return _TIME.get(palette.name, _TIME["dark"])


def head(dx: float, dy: float, glyphs: Glyphs) -> str:
    """The arrow that points most nearly along (dx, dy), y upwards."""
    eighth = round(math.atan2(dy, dx) / (math.pi / 4)) % 8
    return (_HEADS if glyphs.braille else _ASCII_HEADS)[eighth]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A path: points (x, y) [n] at ascending steps t [n]; a line is broken where one is NaN."""

    name: str
    t: Ints
    x: Floats
    y: Floats
    role: Role | None = None
    """None: coloured by time."""
    dash: tuple[int, int] | None = None
    """Dots drawn and left out; None: solid."""
    ahead: bool = False
    """What lies after the cursor is drawn faintly; otherwise it is not drawn yet."""

    def ink(self, palette: Palette) -> Colour | None:
        """Its colour; None where it is coloured by time."""
        return None if self.role is None else ink(self.role, palette)

    def window(self, t0: int, t1: int) -> "Track":
        i, j = np.searchsorted(self.t, t0), np.searchsorted(self.t, t1, side="right")
        part = slice(int(i), int(j))
        return replace(self, t=self.t[part], x=self.x[part], y=self.y[part])

    def index(self, t: int) -> int | None:
        """Row of the newest point at or before step t."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        return i if i >= 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The content of the plane, apart from the window and the cursor."""

    tracks: tuple[Track, ...] = ()
    """The first one is the true path; later ones are painted over it."""
    v: Floats | None = None
    """Velocity [n, 2] along the first track."""
    a: Floats | None = None
    """Action [n, 2] along the first track."""
    title: str = "Path"
    note: str = ""
    message: str = "no trajectory"


ARROWS = 14
"""Velocity arrows along a path."""


def arrow_rows(n: int) -> range:
    """The rows of a path of n points that have an arrow."""
    stride = max(n // ARROWS, 4)
    return range(stride // 2, n, stride)


def mark_of(k: int, glyphs: Glyphs) -> str:
    """Without braille: what track k (0: the true path) consists of."""
    return glyphs.curve_marks[0 if k == 0 else 2 - k % 2]


def sample(track: Track, k: int, glyphs: Glyphs) -> str:
    """A short piece of track k, for a legend."""
    if not glyphs.braille:
        return 2 * mark_of(k, glyphs)
    if track.dash is None:
        return 2 * glyphs.light
    on, off = track.dash
    bits = [0x04 * (c % (on + off) < on) | 0x20 * ((c + 1) % (on + off) < on) for c in (0, 2, 4)]
    return "".join(chr(braille.BLANK + b) for b in bits)
