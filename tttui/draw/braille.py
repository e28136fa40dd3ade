"""Braille cells: 2 dots across and 4 down in every character, packed with numpy.

Unicode braille patterns start at U+2800; the low 8 bits say which dots are raised:
the left column carries bits 0, 1, 2, 6 from top to bottom, the right one 3, 4, 5, 7.
"""

import numpy as np

from tttui.model.arrays import Bools, Ints

BLANK = 0x2800
"""Codepoint of the braille cell without dots."""


def pack(dots: Bools) -> Ints:
    """Bit patterns [rows, columns] (uint8) of a dot raster [4 rows, 2 columns]; row 0 is on top."""
    pairs = np.ascontiguousarray(dots).view("<u2")  # the left dot in bit 0, the right one in bit 8
    upper = pairs[0::4] | pairs[1::4] << 1 | pairs[2::4] << 2
    lowest = pairs[3::4]
    bits = upper & 7 | upper >> 5 & 7 << 3 | (lowest & 1) << 6 | lowest >> 1 & 1 << 7
    return np.asarray(bits, dtype=np.uint8)


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
