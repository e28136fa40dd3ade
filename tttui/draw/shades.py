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
        self._papers: Ints = np.zeros((3, rows, columns), dtype=np.int64)
        """The lower one, the upper one, and that where nothing but one has room."""
        self._eighths: Ints = np.zeros((rows, columns), dtype=np.int64)
        """Of the lower paper."""

    def fill(self, cells: Bools, tint: Colour) -> None:
        """Lay a tint over whole cells [rows, columns]."""
        self._papers |= np.where(cells, self._bit(tint), 0)

    def lay(self, low: Floats, high: Floats, tint: Colour) -> None:
        """Lay a tint from `low` to `high`, fractions of the height per dot column, NaN: nowhere."""
        lower, upper, whole = self._papers
        rows = len(whole)
        low, high = (np.minimum(np.maximum(ends, 0), 1) * rows for ends in (low, high))
        low = np.fmin.reduce(low.reshape(-1, 2), axis=1)
        high = np.fmax.reduce(high.reshape(-1, 2), axis=1)
        foot = np.arange(rows - 1, -1, -1)[:, None]
        with np.errstate(invalid="ignore"):
            covers = np.minimum(high, foot + 1) - np.maximum(low, foot)
            touched = covers > 0
            starts, ends = touched & (low > foot), touched & (high < foot + 1)
        self.fill(touched & ~starts & ~ends, tint)
        for where, edge, tinted in ((starts, low, upper), (ends, high, lower)):
            row, column = np.nonzero(where)
            lower[row, column] = upper[row, column] = whole[row, column]
            at = np.rint((edge[column] - foot[row, 0]) * EIGHTHS)
            self._eighths[row, column] = np.minimum(np.maximum(at, 1), EIGHTHS - 1)
            tinted[row, column] |= self._bit(tint)
        whole[starts | ends] |= self._bit(tint)

    def _bit(self, tint: Colour) -> int:
        if tint not in self._tints:
            self._tints.append(tint)
        return 1 << self._tints.index(tint)

    def _colours(self) -> Ints:
        """The colour of every paper: that of all its tints together, each of them once."""
        laid = np.bincount(self._papers.ravel())
        colours = np.full(len(laid), DEFAULT, dtype=np.int64)
        for tints in np.flatnonzero(laid[1:]) + 1:
            shown = [tint for i, tint in enumerate(self._tints) if tints >> i & 1]
            colours[tints] = reduce(lambda a, b: over(a, b, self._ground), shown)
        return colours[self._papers]

    def paint(self, grids: tuple[Ints, Ints, Ints, Ints], free: Bools, blocks: str) -> None:
        """Put the papers into (char, ink, paper, marks) [rows, columns]: edges as `blocks`, from
        empty to full, in `free` cells."""
        if not self._tints:
            return
        char, ink, paper, marks = grids
        lower, upper, whole = self._colours()
        edge = free & (lower != upper)
        own = (whole != DEFAULT) & ~edge
        paper[own] = whole[own]
        char[edge] = np.array([ord(block) for block in blocks])[self._eighths[edge]]
        bare = edge & (lower == DEFAULT)  # the block shows the screen's own paper
        ink[edge], paper[edge] = lower[edge], upper[edge]
        ink[bare], paper[bare] = upper[bare], DEFAULT
        marks[bare] |= REVERSED
