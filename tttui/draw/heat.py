"""A matrix as coloured cells: half blocks, symmetric limits, signed extremes when zoomed out.

All elements of a matrix are equally large, and their hue tells the sign; on request, and in a
theme whose hues may be taken for each other, a character in each tells it as well: a minus where
it is negative, `+ - ± ∓` in half cells (the upper element's sign above the lower one's). Where
colours are few or none, every cell is a character: its texture tells sign and magnitude.
"""

import math
from dataclasses import replace
from functools import cached_property

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.colours import DEFAULT, ramp, shade
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.tensor_axes import axis_kinds, part_name

LEVELS = 33
"""Colours from one limit to the other; odd, so that zero has its own."""

STRETCH = 4
LARGEST = 8
"""Cells that an element takes at most each way after zooming in."""

SLIM = 16
"""Rows of at most so many elements, on a matrix so many times as wide, are never merged, nor are so
many columns on a matrix twice as high: what stands for x and what for vy remain apart in a matrix
of 4 x 4096."""

_UPPER_HALF, _LOWER_HALF = 0x2580, 0x2584

_TEXTURES = {True: (" ·░▒▓█", " ╴╌─═≡"), False: (" .:+*#@", " ,;-=%&")}
"""Characters from zero to both limits (positive, negative), with block characters or without."""

_SIGNS = ("--∓", "- +", "±++")
"""The signs of two elements as one character, by the upper one's sign and the lower one's."""


class Pyramid:
    """A matrix [rows, cols] and its reductions by 2, 4, 8 ... to the signed extreme of a block.

    The signed extreme is the value of largest magnitude, with its sign; NaN only where a whole
    block is NaN. Slim sides are never reduced.
    """

    def __init__(self, values: Floats) -> None:
        self.levels: list[Floats] = [values]
        self._slim = slim(self.shape)

    @cached_property
    def limit(self) -> float:
        """The largest finite magnitude, 0 if there is none."""
        return limit(self.levels[0])

    @cached_property
    def non_finite(self) -> tuple[int, int]:
        """The numbers of NaN and of infinite elements."""
        values = self.levels[0]
        if not values.size or np.isfinite(values.max() - values.min()):
            return 0, 0
        nan = int(np.isnan(values).sum())
        return nan, int((~np.isfinite(values)).sum()) - nan

    def build(self) -> None:
        """Compute all levels now, for example in a thread."""
        self.level(max(max(self.shape) - 1, 0).bit_length())
        _ = self.limit, self.non_finite

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.levels[0].shape
        return rows, columns

    def level(self, k: int) -> Floats:
        """The matrix reduced by 2**k in both directions (built when first asked for)."""
        while len(self.levels) <= k:
            self.levels.append(_halved(self.levels[-1], self._slim))
        return self.levels[k]


@dataclass(frozen=True, slots=True, eq=False)
class MapPlot:
    """A matrix as colours: its elements, their scale, and what its rows and columns are."""

    name: str
    pyramid: Pyramid | None = None
    """None: there is none, for the reason in `message`."""
    limit: float | None = None
    """Colours run from -limit to limit; None: the largest magnitude."""
    start: Floats | None = None
    """The elements at the start, of the same shape."""
    roles: bool = True
    """It is one of the point mass, whose rows and columns are known by what they are."""
    message: str = "no weights"

    @property
    def kinds(self) -> tuple[str, str]:
        """What its rows and its columns are."""
        return axis_kinds(self.name, roles=self.roles)

    def part(self, axis: int, i: int, n: int, *, short: bool = False) -> str:
        """The name of row (axis 0) or column (axis 1) i of n."""
        return part_name(self.name, axis, i, n, short=short, roles=self.roles)


def slim(shape: tuple[int, int]) -> tuple[bool, bool]:
    """Whether the rows, and whether the columns, of a matrix are too few to be merged."""
    rows, columns = shape
    return 0 < rows <= min(SLIM, columns // SLIM), 0 < columns <= min(SLIM, rows // 2)


@dataclass(frozen=True, slots=True)
class HeatWindow:
    """Which part of a matrix is shown and how large, in half-block cells (about square).

    An element takes `wide` x `high` cells; or, where `level` > 0, the signed extreme of 2**level
    elements each way does, but for `slim` sides (rows, columns), which keep their elements apart.
    `row`, `column`: the first element shown, multiples of the elements behind a cell.
    """

    row: int = 0
    column: int = 0
    wide: int = 1
    high: int = 1
    level: int = 0
    slim: tuple[bool, bool] = (False, False)

    @classmethod
    def fitting(cls, shape: tuple[int, int], width: int, height: int) -> "HeatWindow":
        """The largest view that shows all of a matrix in width x height character cells.

        Elements are at most `STRETCH` times as long one way as the other, or `LARGEST` times as
        high where there is a column for each.
        """
        rows, columns = shape
        if not (rows and columns and width > 0 and height > 0):
            return cls()
        wide, high = width // columns, 2 * height // rows
        if wide and high:
            return cls(wide=min(wide, STRETCH * high), high=min(high, max(STRETCH * wide, LARGEST)))
        few = slim(shape)
        share = max(1.0 if few[1] else columns / width, 1.0 if few[0] else rows / (2 * height))
        level = math.ceil(math.log2(share) - 1e-9)
        blocks = -(-columns // (1 << level))
        return cls(
            wide=min(max(wide, 1), LARGEST) if few[1] else min(max(width // blocks, 1), STRETCH),
            high=min(max(high, 1), LARGEST) if few[0] else 1,
            level=level,
            slim=few,
        )

    @property
    def size(self) -> tuple[int, int]:
        """Elements behind one cell, down and across."""
        rows, columns = self.slim
        return 1 if rows else 1 << self.level, 1 if columns else 1 << self.level

    def cells(self, rows: int, columns: int) -> tuple[int, int]:
        """How many cells (down, across) that many elements take."""
        down, across = self.size
        return -(-rows * self.high // down), -(-columns * self.wide // across)

    def span(self, width: int, height: int) -> tuple[int, int]:
        """How many elements (rows, columns) fit into width x height character cells."""
        down, across = self.size
        return 2 * height * down // self.high, width * across // self.wide

    def element(self, x: int, y: int) -> tuple[int, int]:
        """Row and column of the (first) element in cell (x, y)."""
        down, across = self.size
        return self.row + y // self.high * down, self.column + x // self.wide * across

    def place(self, row: int, column: int) -> tuple[int, int]:
        """The first cell (x, y) of an element."""
        down, across = self.size
        return (column - self.column) // across * self.wide, (row - self.row) // down * self.high

    def zoomed(self, n: int) -> "HeatWindow":
        """The next larger (n = 1) or smaller (n = -1) view, elements square."""
        if self.level:
            wide = self.wide if self.slim[1] else 1
            return replace(self, level=max(self.level - n, 0), wide=wide)
        if n < 0 and min(self.wide, self.high) == 1:
            return replace(self._sized(1), level=1)
        return self._sized(min(max(min(self.wide, self.high) + n, 1), LARGEST))

    def _sized(self, edge: int) -> "HeatWindow":
        """Elements of edge x edge cells; slim sides stay as long as they are."""
        rows, columns = self.slim
        wide = max(edge, self.wide) if columns else edge
        return replace(self, wide=wide, high=max(edge, self.high) if rows else edge)


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


def block(pyramid: Pyramid, view: HeatWindow, width: int, height: int) -> Floats:
    """Values [2 height, width] of the half-block cells of a view; NaN beside the matrix.

    (Infinite values stay; a NaN element cannot be told from the outside here, see `paint`.)
    """
    down, across = view.size
    source = pyramid.level(view.level)[view.row // down :, view.column // across :]
    part = source[: -(-2 * height // view.high), : -(-width // view.wide)]
    part = np.repeat(np.repeat(part, view.high, axis=0), view.wide, axis=1)
    part = part[: 2 * height, :width]
    out = np.full((2 * height, width), np.nan)
    out[: part.shape[0], : part.shape[1]] = part
    return out


def textured(look: Look) -> bool:
    """Whether cells are characters: there are no block characters, or few colours or none."""
    return not (look.glyphs.braille and look.palette.tinted)


def paint(
    pyramid: Pyramid,
    view: HeatWindow,
    size: tuple[int, int],
    bound: float,
    look: Look,
    signs: bool = False,
) -> Canvas:
    """The view in `size` = (width, height) cells, colours running from -bound to bound.

    `signs` tells signs by characters as well; those of half cells stand on the colour of the
    larger magnitude. NaN elements have a cross (`×`, or `?` without block characters), on the
    palette's `missing` colour.
    """
    palette, glyphs = look
    width, height = size
    values = block(pyramid, view, width, height)
    rows, columns = view.cells(pyramid.shape[0] - view.row, pyramid.shape[1] - view.column)
    inside = np.zeros(values.shape, dtype=np.bool_)
    inside[: max(rows, 0), : max(columns, 0)] = True
    missing = np.isnan(values) & inside
    share = np.nan_to_num(values, nan=0.0, posinf=bound, neginf=-bound) / (bound or 1.0)
    share = np.clip(share, -1, 1)
    canvas = Canvas(height, width)
    if textured(look):
        _textures(canvas, share, inside[0::2], look)
    else:
        colour = shade(share / 2 + 0.5, ramp(palette.diverging, LEVELS))
        if missing.any():
            colour[missing] = palette.missing
        _blocks(canvas, colour, share, inside, view, palette, signs)
    if missing.any():
        cells = missing[0::2] | missing[1::2]
        both = missing[0::2] & (missing[1::2] | ~inside[1::2])
        canvas.put(cells, "×" if glyphs.braille else "?", palette.bad, bold=True)
        canvas.paper[cells] = np.where(both, palette.missing, DEFAULT)[cells]
    return canvas


def _blocks(
    canvas: Canvas,
    colour: Ints,
    share: Floats,
    inside: Bools,
    view: HeatWindow,
    palette: Palette,
    signs: bool,
) -> None:
    """Half blocks in the colours [2 rows, columns] of elements, with `signs` in them if asked."""
    upper, lower = inside[0::2], inside[1::2]
    canvas.char[lower] = _LOWER_HALF
    canvas.char[upper] = _UPPER_HALF
    canvas.ink[:] = np.where(upper, colour[0::2], colour[1::2])
    canvas.paper[:] = np.where(upper & lower, colour[1::2], DEFAULT)
    if not signs:
        return
    where = np.zeros(upper.shape, dtype=np.bool_)
    middle = np.arange(upper.shape[1]) % view.wide == (view.wide - 1) // 2
    if view.high > 1:
        # one row of cells that an element fills alone, next to its middle
        tops = np.arange(0, len(share), view.high)
        rows = (tops + (view.high - 1) // 2) // 2
        rows = rows[rows < canvas.rows]
        where[rows] = (share[0::2] < 0)[rows] & middle
        codes, paper = np.full(upper.shape, ord("-"), dtype=np.uint32), colour[0::2]
    else:
        top, bottom = share[0::2], share[1::2]
        table = np.array([[ord(char) for char in row] for row in _SIGNS], dtype=np.uint32)
        codes = table[np.sign(top).astype(int) + 1, np.sign(bottom).astype(int) + 1]
        where = upper & middle
        paper = np.where(np.abs(top) >= np.abs(bottom), colour[0::2], colour[1::2])
    canvas.char[where], canvas.paper[where] = codes[where], paper[where]
    light, dark = max(palette.text, palette.cursor_paper), min(palette.text, palette.cursor_paper)
    bright = (paper >> 16 & 0xFF) * 0.3 + (paper >> 8 & 0xFF) * 0.59 + (paper & 0xFF) * 0.11 > 128
    canvas.ink[where] = np.where(bright, dark, light)[where]


def _textures(canvas: Canvas, share: Floats, inside: Bools, look: Look) -> None:
    """Of the upper and lower half of a cell the value of larger magnitude, as a character."""
    value = np.where(np.abs(share[0::2]) >= np.abs(share[1::2]), share[0::2], share[1::2])
    positive, negative = _TEXTURES[look.glyphs.braille]
    level = np.ceil(np.abs(value) * (len(positive) - 1) - 1e-9).astype(int)
    table = np.array([[ord(c) for c in row] for row in (negative, positive)], dtype=np.uint32)
    canvas.char[:] = np.where(inside, table[(value >= 0).astype(int), level], ord(" "))
    canvas.ink[:] = np.where(value < 0, look.palette.diverging[0], look.palette.diverging[-1])


def bar_cells(canvas: Canvas, place: tuple[int, int, int], look: Look) -> None:
    """The colour bar from the negative to the positive limit at (row, column, width).

    It looks as elements do: colours, or the characters that stand for values.
    """
    row, column, width = place
    if width < 1:
        return
    if textured(look):
        positive, negative = _TEXTURES[look.glyphs.braille]
        text = negative[:0:-1] + " " + positive[1:]
        for i in range(width):
            k = round(i / max(width - 1, 1) * (len(text) - 1))
            ink = look.palette.diverging[0 if 2 * k < len(text) else -1]
            canvas.write(row, column + i, text[k], ink)
        return
    colours = shade(np.linspace(0, 1, 2 * width), ramp(look.palette.diverging, LEVELS))
    for i in range(width):
        canvas.write(row, column + i, "▌", int(colours[2 * i]), int(colours[2 * i + 1]))


def _halved(values: Floats, keep: tuple[bool, bool]) -> Floats:
    """Each 2 x 2 block's value of largest magnitude; `keep` leaves rows or columns alone."""
    known = not np.isnan(values.max(initial=0.0))
    # fmax and fmin, which pass over NaN, take six times as long
    most, least = (np.maximum, np.minimum) if known else (np.fmax, np.fmin)

    def joined(join: np.ufunc) -> Floats:
        # rows first: they lie together in memory, and leave half of the work for the columns
        rows = values
        if not keep[0]:
            rows, n = values[0::2].copy(), values.shape[0] // 2
            join(values[0 : 2 * n : 2], values[1::2], out=rows[:n])
        if keep[1]:
            return rows.copy()
        columns, n = rows[:, 0::2].copy(), values.shape[1] // 2
        join(rows[:, 0 : 2 * n : 2], rows[:, 1::2], out=columns[:, :n])
        return columns

    high, low = joined(most), joined(least)
    with np.errstate(invalid="ignore"):
        np.copyto(high, low, where=-low > high)
    return high
