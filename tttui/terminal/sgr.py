"""Numbered pens (colours and attributes of cells), and the shortest SGR sequence between two."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.color import Color, ColorSystem
from rich.style import Style
from textual.strip import Strip

from tttui.draw.canvas import look_of
from tttui.model.arrays import Bools, Ints


class Pen(NamedTuple):
    """SGR parameters: attributes (bold, reverse ...), ink, paper. No ink: any, on a blank."""

    attributes: str
    ink: str
    paper: str

    def from_pen(self, current: "Pen") -> str:
        """The shortest sequence that turns the pen `current` into this one."""
        if self == current:
            return ""
        parts = _attributes(current.attributes, self.attributes)
        parts += [self.ink] if self.ink != current.ink else []
        parts += [self.paper] if self.paper != current.paper else []
        reset = ["0", self.attributes]
        reset += [self.ink] if self.ink != PLAIN.ink else []
        reset += [self.paper] if self.paper != PLAIN.paper else []
        return min((f"\x1b[{';'.join(filter(None, p))}m" for p in (parts, reset)), key=len)


PLAIN = Pen("", "39", "49")

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25"}
_OFF |= {"7": "27", "8": "28", "9": "29", "21": "24", "51": "54", "52": "54", "53": "55"}
"""What ends an attribute; bold and dim have one end, and so have some others."""


def _attributes(old: str, new: str) -> list[str]:
    """The codes that turn some attributes (`1;4`) into others."""
    now, target = set(filter(None, old.split(";"))), set(filter(None, new.split(";")))
    ended = {_OFF[code] for code in now - target}
    shared = {code for code in now & target if _OFF[code] not in ended}
    return [*sorted(ended), *sorted(target - shared)]


_SEEN_ON_BLANKS = {"4", "7", "9", "21"}
"""Underline, reverse, strike, double underline: they show without a character."""


def _codes(colour: Color, system: ColorSystem, *, foreground: bool) -> str:
    """The parameters that choose a colour; by its number where it is one of the fixed 240."""
    reduced = colour.downgrade(system)
    number = None if reduced.triplet is None else _NUMBERS.get(reduced.triplet)
    if system == ColorSystem.TRUECOLOR and number is not None:
        return f"{38 if foreground else 48};5;{number}"
    return ";".join(reduced.get_ansi_codes(foreground=foreground))


def _fixed() -> dict[tuple[int, int, int], int]:
    """The colours 16 to 255 of terminals: a cube of six levels, and greys."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = [(r, g, b) for r in levels for g in levels for b in levels]
    greys = [(8 + 10 * i,) * 3 for i in range(24)]
    return {rgb: 16 + i for i, rgb in reversed([*enumerate(cube + greys)])}


_NUMBERS = _fixed()


def pen_of(style: Style, system: ColorSystem) -> Pen:
    """Split a style into the three parts that change on their own."""
    ink, paper = style.color, style.bgcolor
    return Pen(
        Strip.render_ansi(style.without_color, system),
        _codes(ink, system, foreground=True) if ink else PLAIN.ink,
        _codes(paper, system, foreground=False) if paper else PLAIN.paper,
    )


class Pens:
    """Gives every pen of a terminal a number, so that comparing cells is comparing integers.

    Styles that look the same have the same number. Without `colours` only attributes count.
    """

    PLAIN = 0
    """The number of the pen that a terminal has after a reset."""

    def __init__(self, system: ColorSystem, *, colours: bool = True) -> None:
        self._system, self._colours = system, colours
        self._pens = [PLAIN]
        self._numbers = {PLAIN: self.PLAIN}
        self._of_look: dict[int, int] = {}
        self._of_style: dict[Style | None, int] = {}
        self._papers: dict[str, int] = {}
        self._paper: Ints = np.empty(0, dtype=np.int64)
        """Of each pen the number of its paper; -1: it shows more than that on a blank."""
        self._blank: Bools = np.empty(0, dtype=np.bool_)
        """Whether each pen is one of blanks."""
        self.ways: dict[tuple[int, int], tuple[str, int]] = {}
        """What `way` has found."""

    def __len__(self) -> int:
        return len(self._of_style)

    def numbers(self, style: Style | None) -> int:
        """The pens of a style's characters (<< 32) and of its blanks."""
        known = self._of_style.get(style)
        if known is None:
            pen = PLAIN if style is None else pen_of(style, self._system)
            if not self._colours:
                pen = Pen(pen.attributes, PLAIN.ink, PLAIN.paper)
            plain = _SEEN_ON_BLANKS.isdisjoint(pen.attributes.split(";"))
            blank = Pen("", "", pen.paper) if plain else pen
            known = self._of_style[style] = self._number(pen) << 32 | self._number(blank)
        return known

    def of_looks(self, looks: Sequence[int]) -> list[int]:
        """The pens of the looks of `Canvas` cells."""
        known = self._of_look
        for look in set(looks).difference(known):
            known[look] = self.numbers(look_of(look))
        return [known[look] for look in looks]

    def way(self, current: int, target: int) -> tuple[str, int]:
        """The sequence from one pen to another, and the pen then in force."""
        known = self.ways.get((current, target))
        if known is None:
            now, pen = self._pens[current], self._pens[target]
            if not pen.ink:  # a blank: keep what cannot be seen on it
                if _SEEN_ON_BLANKS.isdisjoint(now.attributes.split(";")):
                    pen = Pen(now.attributes, now.ink, pen.paper)
                else:
                    pen = Pen("", PLAIN.ink, pen.paper)
            known = self.ways[current, target] = (pen.from_pen(now), self._number(pen))
        return known

    def blanks_merged(self, numbers: Ints) -> Ints:
        """Pens [n] in order, in which a blank keeps the pen before it if both look the same."""
        if len(self._paper) < len(self._pens):
            new = self._pens[len(self._paper) :]
            plain = [_SEEN_ON_BLANKS.isdisjoint(pen.attributes.split(";")) for pen in new]
            ids = [self._papers.setdefault(pen.paper, len(self._papers)) for pen in new]
            paper = [i if alone else -1 for i, alone in zip(ids, plain, strict=True)]
            self._paper = np.append(self._paper, paper)
            self._blank = np.append(self._blank, [not pen.ink for pen in new])
        blank = self._blank[numbers]
        before = np.maximum.accumulate(np.where(blank, 0, np.arange(len(numbers))))
        pen = numbers[before]
        alike = blank & (self._paper[numbers] == self._paper[pen])
        return np.where(alike, pen, numbers)

    def _number(self, pen: Pen) -> int:
        number = self._numbers.setdefault(pen, len(self._pens))
        if number == len(self._pens):
            self._pens.append(pen)
        return number
