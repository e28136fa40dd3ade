"""Braille cells: 2 dots across and 4 down in every character, packed with numpy.

Unicode braille patterns start at U+2800; the low 8 bits say which dots are raised:
the left column carries bits 0, 1, 2, 6 from top to bottom, the right one 3, 4, 5, 7.
"""

import numpy as np

from tttui.model.arrays import Bools, Ints

BLANK = 0x2800
"""Codepoint of the braille cell without dots."""

_WEIGHTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)


def pack(dots: Bools) -> Ints:
    """Bit patterns [rows, columns] (uint8) of a dot raster [4 rows, 2 columns]; row 0 is on top."""
    height, width = dots.shape
    cells = dots.reshape(height // 4, 4, width // 2, 2).astype(np.uint8)
    return np.asarray((cells * _WEIGHTS[None, :, None, :]).sum(axis=(1, 3), dtype=np.uint8))


def text(dots: Bools) -> list[str]:
    """The raster as lines of braille characters, blank cells as spaces."""
    rows = pack(dots)
    return ["".join(chr(BLANK + int(bits)) if bits else " " for bits in row) for row in rows]


def spans(low: Ints, high: Ints, height: int) -> Bools:
    """A dot raster [height, columns] with the dots low..high raised in each column.

    `low` and `high` count dots from the bottom (0), inclusive; a column with high < low is
    empty, and what lies outside the raster is cut off.
    """
    row = np.arange(height - 1, -1, -1)[:, None]
    return (row >= low) & (row <= high)
