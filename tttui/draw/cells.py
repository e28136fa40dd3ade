"""Text as cells of a terminal: some characters take two, some take none.

Cell by cell, a text has one character for each cell: a wide one is followed by TAIL, and what
takes no cell (an accent of its own) is composed with the letter before it or left out.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np
from rich.cells import cell_len, chop_cells, get_character_cell_size

from tttui.model.arrays import Ints
from tttui.model.numbers import whole_until
from tttui.model.text import visible

TAIL = "\0"
"""Stands in the second cell of a wide character."""


_RANGES = (
    (0x20, 0x7E),
    (0xA1, 0xAC),
    (0xAE, 0x2FF),
    (0x2010, 0x2027),
    (0x2190, 0x22FF),
    (0x2500, 0x25FC),
    (0x2800, 0x28FF),
)
"""What texts and drawings mostly consist of: visible characters of one cell, first and last."""

_NARROW = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _RANGES)}]*")
_IS_NARROW = np.zeros(0x2901, dtype=np.bool_)
for _first, _last in _RANGES:
    _IS_NARROW[_first : _last + 1] = True


def narrow(codes: Ints) -> bool:
    """Whether codepoints are all known to be visible characters of one cell."""
    return bool(_IS_NARROW[np.minimum(codes, 0x2900)].all())


def one_a_cell(text: str) -> bool:
    """Whether every character of a text takes one cell: as many wide ones as accents do not."""
    if text.isascii() or _NARROW.fullmatch(text):
        return True
    return all(get_character_cell_size(char) == 1 for char in text)


@lru_cache(8192)
def cellwise(text: str) -> str:
    """A visible text with one character a cell."""
    return text if one_a_cell(text) else _cellwise(text)


def composed(text: str) -> str:
    """A visible text whose every character takes cells of its own: nothing is left to be drawn on
    what stands before it."""
    return text if one_a_cell(text) else joined(cellwise(text))


@lru_cache(1024)
def _cellwise(text: str) -> str:
    sizes = ((char, get_character_cell_size(char)) for char in unicodedata.normalize("NFC", text))
    return "".join(char + TAIL * (size - 1) for char, size in sizes if size)


def joined(cells: str) -> str:
    """The text of cells, as many cells wide: halves of wide characters become blanks."""
    return mended(cells).replace(TAIL, "")


def mended(cells: str) -> str:
    """The same cells with a blank for every half of a wide character."""
    if one_a_cell(cells):
        return cells
    out = list(cells)
    for i, char in enumerate(cells):
        if char == TAIL:
            half = not i or get_character_cell_size(cells[i - 1]) != 2
        else:
            half = get_character_cell_size(char) == 2 and cells[i + 1 : i + 2] != TAIL
        if half:
            out[i] = " "
    return "".join(out)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, visible, cut to `width` cells, but not within a number; an ellipsis stands for
    what was lost."""
    text = visible(text)
    if cell_len(text) <= width:
        return text
    ellipsis = ellipsis[: max(width, 0)]
    cells = cellwise(text)
    return joined(cells[: whole_until(cells, max(width - len(ellipsis), 0))]) + ellipsis


def fit_end(text: str, width: int) -> str:
    """The end of the text, visible, in at most `width` cells."""
    text = visible(text)
    return text if cell_len(text) <= width else joined(cellwise(text)[-width:] if width > 0 else "")


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text with blanks behind it (before it: `right`) up to `width` cells."""
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


_WHOLE = re.compile(
    r"(?<=\d) (?=\d{3}(?!\d)|%|of \d)|(?<=\d of) (?=\d)|(?<=\bt) (?=\d)|(?<=\bmu) (?=\d)"
)
"""Spaces at which no row ends: within a number, between a number and its unit or name, and
between a count and its total."""

_JOINT = "\u00a0"


def wrapped(text: str, width: int) -> list[str]:
    """The text, visible, in rows of at most `width` cells, broken at spaces but not in a number.

    A word that is wider than a row is continued in the next one.
    """
    rows, row, width = list[str](), "", max(width, 2)
    for word in re.findall(r"[^ \t\n]+", _WHOLE.sub(_JOINT, visible(text))):
        for piece in chop_cells(word, width):
            if row and cell_len(row) + 1 + cell_len(piece) > width:
                rows.append(row)
                row = ""
            row = f"{row} {piece}" if row else piece
    rows += [row] if row else []
    return [row.replace(_JOINT, " ") for row in rows]
