"""Tints behind curves: areas of paper that show through each other, with fine edges."""

from functools import reduce

import numpy as np

from tttui.draw.canvas import REVERSED
from tttui.draw.colours import DEFAULT, Colour, over
from tttui.model.arrays import Bools, Floats, Ints

EIGHTHS = 8
"""Fillings of a cell by the blocks that draw an edge."""


class Shades:
    """The papers of a plot of `rows` by `columns` cells on a `ground`, top row first.

    A cell that an edge runs through has two papers, the lower one up to so many eighths; where
    something else stands in that cell, it is tinted as a whole.
    """

    def __init__(self, rows: int, columns: int, ground: Colour) -> None:
        self._ground = ground
        self._tints: list[Colour] = []
        """Those that are laid; a paper is a set of them, bit by bit."""
        shape = (rows, columns)
        self._lower: Ints = np.zeros(shape, dtype=np.int64)
        self._upper: Ints = np.zeros(shape, dtype=np.int64)
        self._whole: Ints = np.zeros(shape, dtype=np.int64)
        """Where nothing but one paper has room."""
        self._eighths: Ints = np.zeros(shape, dtype=np.int64)
        """Of the lower paper."""

    def fill(self, cells: Bools, tint: Colour) -> None:
        """Lay a tint over whole cells [rows, columns]."""
        bit = self._bit(tint)
        for paper in (self._lower, self._upper, self._whole):
            paper[cells] |= bit

    def lay(self, low: Floats, high: Floats, tint: Colour) -> None:
        """Lay a tint from `low` to `high`, fractions of the height per dot column, NaN: nowhere."""
        rows = len(self._lower)
        low, high = (np.clip(ends, 0, 1) * rows for ends in (low, high))
        low = np.fmin.reduce(low.reshape(-1, 2), axis=1)
        high = np.fmax.reduce(high.reshape(-1, 2), axis=1)
        foot = np.arange(rows - 1, -1, -1)[:, None]
        with np.errstate(invalid="ignore"):
            covers = np.minimum(high, foot + 1) - np.maximum(low, foot)
            touched = covers > 0
            starts, ends = touched & (low > foot), touched & (high < foot + 1)
        self.fill(touched & ~starts & ~ends, tint)
        for cells, edge, tinted in ((starts, low, self._upper), (ends, high, self._lower)):
            self._lower[cells] = self._upper[cells] = self._whole[cells]
            at = np.rint((np.broadcast_to(edge, cells.shape) - foot)[cells] * EIGHTHS)
            self._eighths[cells] = np.clip(at, 1, EIGHTHS - 1).astype(np.int64)
            tinted[cells] |= self._bit(tint)
        self._whole[starts | ends] |= self._bit(tint)

    def _bit(self, tint: Colour) -> int:
        if tint not in self._tints:
            self._tints.append(tint)
        return 1 << self._tints.index(tint)

    def _colours(self, paper: Ints) -> Ints:
        """The colour of every paper: that of all its tints together, each of them once."""
        colours = np.full(paper.shape, DEFAULT, dtype=np.int64)
        for tints in set(paper[paper > 0].tolist()):  # np.unique imports numpy.ma
            shown = [tint for i, tint in enumerate(self._tints) if tints >> i & 1]
            mixed = reduce(lambda a, b: over(a, b, self._ground), shown)
            colours[paper == tints] = mixed
        return colours

    def paint(self, grids: tuple[Ints, Ints, Ints, Ints], free: Bools, blocks: str) -> None:
        """Put the papers into (char, ink, paper, marks) [rows, columns]: edges as `blocks`, from
        empty to full, in `free` cells."""
        char, ink, paper, marks = grids
        lower, upper, whole = map(self._colours, (self._lower, self._upper, self._whole))
        edge = free & (lower != upper)
        own = (whole != DEFAULT) & ~edge
        paper[own] = whole[own]
        char[edge] = np.array([ord(block) for block in blocks])[self._eighths[edge]]
        bare = edge & (lower == DEFAULT)  # the block shows the screen's own paper
        ink[edge], paper[edge] = lower[edge], upper[edge]
        ink[bare], paper[bare] = upper[bare], DEFAULT
        marks[bare] |= REVERSED
