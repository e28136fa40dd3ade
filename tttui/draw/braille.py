"""Braille cells: 2 dots across and 4 down in every character, packed with numpy.

Unicode braille patterns start at U+2800; the low 8 bits say which dots are raised:
the left column carries bits 0, 1, 2, 6 from top to bottom, the right one 3, 4, 5, 7.
"""

import numpy as np

from tttui.model.arrays import Bools, Ints

BLANK = 0x2800
"""Codepoint of the braille cell without dots."""

_BITS = ((0, 3), (1, 4), (2, 5), (6, 7))


def pack(dots: Bools) -> Ints:
    """Bit patterns [rows, columns] (uint8) of a dot raster [4 rows, 2 columns]; row 0 is on top."""
    raised = dots.view(np.uint8)
    bits = np.zeros((dots.shape[0] // 4, dots.shape[1] // 2), dtype=np.uint8)
    for row, pair in enumerate(_BITS):
        for column, bit in enumerate(pair):
            bits |= raised[row::4, column::2] << bit
    return bits


def text(dots: Bools) -> list[str]:
    """The raster as lines of braille characters, blank cells as spaces."""
    rows = pack(dots)
    return ["".join(chr(BLANK + int(bits)) if bits else " " for bits in row) for row in rows]


def spans(low: Ints, high: Ints, height: int) -> Bools:
    """A dot raster [..., height, columns] with the dots low..high [..., columns] raised.

    `low` and `high` count dots from the bottom (0), inclusive; a column with high < low is
    empty, and what lies outside the raster is cut off.
    """
    row = np.arange(height - 1, -1, -1)[:, None]
    return (row >= low[..., None, :]) & (row <= high[..., None, :])
