"""A matrix as coloured cells: half blocks, symmetric limits, signed extremes when zoomed out."""

import math
from dataclasses import dataclass, replace

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT, ramp, shade
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.model.arrays import Floats

LEVELS = 33
"""Colours from one limit to the other; odd, so that zero has its own."""

STRETCH = 3
LARGEST = 8
"""Cells that an element takes at most each way after zooming in."""

_UPPER_HALF = 0x2580
_POSITIVE = " .:+*#@"
_NEGATIVE = " ,;-=%&"


class Pyramid:
    """A matrix [rows, cols] and its reductions by 2, 4, 8 ... to the signed extreme of a block.

    The signed extreme is the value of largest magnitude, with its sign; NaN only where a whole
    block is NaN.
    """

    def __init__(self, values: Floats) -> None:
        self.levels: list[Floats] = [values]

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.levels[0].shape
        return rows, columns

    def level(self, k: int) -> Floats:
        """The matrix reduced by 2**k in both directions (built when first asked for)."""
        while len(self.levels) <= k:
            self.levels.append(_halved(self.levels[-1]))
        return self.levels[k]


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a matrix is shown and how large, in half-block cells (about square).

    An element takes `wide` x `high` cells; or, where `level` > 0, a cell shows the signed extreme
    of 2**level elements each way (and `wide` = `high` = 1). `row`, `column`: the first element
    shown, multiples of 2**level.
    """

    row: int = 0
    column: int = 0
    wide: int = 1
    high: int = 1
    level: int = 0

    @classmethod
    def fitting(cls, shape: tuple[int, int], width: int, height: int) -> "View":
        """The largest view that shows all of a matrix in width x height character cells.

        Elements are at most `STRETCH` times as long one way as the other.
        """
        rows, columns = shape
        if not (rows and columns and width > 0 and height > 0):
            return cls()
        wide, high = width // columns, 2 * height // rows
        if wide and high:
            return cls(wide=min(wide, STRETCH * high), high=min(high, STRETCH * wide))
        share = max(columns / width, rows / (2 * height))
        return cls(level=math.ceil(math.log2(share) - 1e-9))

    @property
    def size(self) -> int:
        """Elements behind one cell, each way."""
        return 1 << self.level

    def cells(self, rows: int, columns: int) -> tuple[int, int]:
        """How many cells (down, across) that many elements take."""
        return -(-rows * self.high // self.size), -(-columns * self.wide // self.size)

    def span(self, width: int, height: int) -> tuple[int, int]:
        """How many elements (rows, columns) fit into width x height character cells."""
        return 2 * height * self.size // self.high, width * self.size // self.wide

    def element(self, x: int, y: int) -> tuple[int, int]:
        """Row and column of the (first) element in cell (x, y)."""
        return self.row + y // self.high * self.size, self.column + x // self.wide * self.size

    def place(self, row: int, column: int) -> tuple[int, int]:
        """The first cell (x, y) of an element."""
        down, across = (row - self.row) // self.size, (column - self.column) // self.size
        return across * self.wide, down * self.high

    def zoomed(self, n: int) -> "View":
        """The next larger (n = 1) or smaller (n = -1) view, elements square."""
        if self.level:
            return replace(self, level=max(self.level - n, 0))
        if n < 0 and min(self.wide, self.high) == 1:
            return replace(self, level=1, wide=1, high=1)
        edge = min(max(min(self.wide, self.high) + n, 1), LARGEST)
        return replace(self, wide=edge, high=edge)


def limit(*matrices: Floats) -> float:
    """The largest finite magnitude in some matrices, 0 if there is none."""
    largest = 0.0
    for values in matrices:
        if not values.size:
            continue
        span = np.array([values.max(), values.min()])
        if not np.isfinite(span).all():
            span = values[np.isfinite(values)]
        largest = max(largest, float(np.abs(span).max()) if span.size else 0.0)
    return largest


def block(pyramid: Pyramid, view: View, width: int, height: int) -> Floats:
    """Values [2 height, width] of the half-block cells of a view; NaN beside the matrix.

    (Infinite values stay; a NaN element cannot be told from the outside here, see `paint`.)
    """
    size = view.size
    source = pyramid.level(view.level)[view.row // size :, view.column // size :]
    part = source[: -(-2 * height // view.high), : -(-width // view.wide)]
    part = np.repeat(np.repeat(part, view.high, axis=0), view.wide, axis=1)
    part = part[: 2 * height, :width]
    out = np.full((2 * height, width), np.nan)
    out[: part.shape[0], : part.shape[1]] = part
    return out


def paint(
    pyramid: Pyramid,
    view: View,
    size: tuple[int, int],
    bound: float,
    palette: Palette,
    glyphs: Glyphs,
) -> Canvas:
    """The view in `size` = (width, height) cells, colours running from -bound to bound.

    Without block characters an element is a sign: `,;-=%&` below zero, `.:+*#@` above, by
    magnitude (of the upper and lower half cell the one of larger magnitude). NaN elements have
    the palette's `missing` colour or `?`.
    """
    width, height = size
    canvas = Canvas(height, width)
    values = block(pyramid, view, width, height)
    rows, columns = view.cells(pyramid.shape[0] - view.row, pyramid.shape[1] - view.column)
    inside = np.zeros(values.shape, dtype=np.bool_)
    inside[: max(rows, 0), : max(columns, 0)] = True
    share = np.nan_to_num(values, nan=0.0, posinf=bound, neginf=-bound) / (bound or 1.0)
    stops = ramp(palette.diverging, LEVELS) if palette.tinted else palette.diverging
    colour = shade(np.clip(share, -1, 1) / 2 + 0.5, stops)
    colour = np.where(np.isnan(values), palette.missing, colour)
    colour = np.where(inside, colour, DEFAULT)
    if glyphs.braille:
        shown = inside[0::2]
        canvas.char[shown] = _UPPER_HALF
        canvas.ink[:] = colour[0::2]
        canvas.paper[:] = colour[1::2]
        return canvas
    upper = np.abs(share[0::2]) >= np.abs(share[1::2])
    value = np.where(upper, share[0::2], share[1::2])
    value = np.clip(value, -1, 1)
    level = np.ceil(np.abs(value) * (len(_POSITIVE) - 1) - 1e-9).astype(int)
    signs = np.array([[ord(c) for c in _NEGATIVE], [ord(c) for c in _POSITIVE]], dtype=np.uint32)
    canvas.char[:] = signs[(value >= 0).astype(int), level]
    lost = np.isnan(values[0::2]) & inside[0::2]
    canvas.char[lost] = ord("?")
    canvas.char[~inside[0::2]] = ord(" ")
    canvas.ink[:] = np.where(value < 0, stops[0], stops[-1])
    return canvas


def bar_cells(
    canvas: Canvas, place: tuple[int, int, int], palette: Palette, glyphs: Glyphs
) -> None:
    """The colour bar from the negative to the positive limit at (row, column, width)."""
    row, column, width = place
    if width < 1:
        return
    if not glyphs.braille:
        half = len(_POSITIVE) - 1
        text = _NEGATIVE[:0:-1] + " " + _POSITIVE[1:]
        picks = [text[round(i / max(width - 1, 1) * 2 * half)] for i in range(width)]
        canvas.write(row, column, "".join(picks), palette.text)
        return
    stops = ramp(palette.diverging, LEVELS) if palette.tinted else palette.diverging
    colours = shade(np.linspace(0, 1, 2 * width), stops)
    for i in range(width):
        ink, paper = int(colours[2 * i]), int(colours[2 * i + 1])
        canvas.write(row, column + i, "▌", ink, paper)


def _halved(values: Floats) -> Floats:
    """Each 2 x 2 block's value of largest magnitude."""
    known = not np.isnan(values.max(initial=0.0))
    # fmax and fmin, which pass over NaN, take six times as long
    most, least = (np.maximum, np.minimum) if known else (np.fmax, np.fmin)

    def joined(join: np.ufunc) -> Floats:
        # rows first: they lie together in memory, and leave half of the work for the columns
        rows, n = values[0::2].copy(), values.shape[0] // 2
        join(values[0 : 2 * n : 2], values[1::2], out=rows[:n])
        columns, n = rows[:, 0::2].copy(), values.shape[1] // 2
        join(rows[:, 0 : 2 * n : 2], rows[:, 1::2], out=columns[:, :n])
        return columns

    high, low = joined(most), joined(least)
    with np.errstate(invalid="ignore"):
        np.copyto(high, low, where=-low > high)
    return high
