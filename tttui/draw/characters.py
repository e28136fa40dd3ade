"""Bytes of a document as cells of a terminal: every byte belongs to a cell, and none acts on it.

UTF-8 is shown as its characters (a wide one takes two cells, an accent joins the letter before
it), a tab as blanks, the end of a line as one blank, and all else that would act on a terminal or
hide as `model.text.visible` writes it out: `\\x1b`, `\\xff`, `\\u202e`.
"""

import re
import unicodedata

import numpy as np
from rich.cells import get_character_cell_size

from tttui.draw.cells import TAIL
from tttui.model.arrays import Bools, Ints
from tttui.model.dataclass import dataclass
from tttui.model.text import visible

TAB = 4
"""Cells from one tab stop to the next."""

_JOINING = re.compile("[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""Halves of flags and tones of skin, which some terminals join with their neighbours."""

_PIECES = re.compile(r"[ -~]+|\r\n|.", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells [n]: what each shows (code points), and the bytes [first, last) that it stands for.

    All cells of a character have the same bytes. Together they stand for every byte."""

    code: Ints
    first: Ints
    last: Ints
    line_end: bool = False
    """The last cell is the end of a line."""

    def __len__(self) -> int:
        return len(self.code)

    def part(self, begin: int, end: int) -> "Cells":
        """The cells [begin, end)."""
        at_end = self.line_end and end >= len(self)
        return Cells(self.code[begin:end], self.first[begin:end], self.last[begin:end], at_end)

    @property
    def starts(self) -> Bools:
        """The cells [n] with which a character begins."""
        starts = np.ones(len(self), dtype=np.bool_)
        starts[1:] = self.first[1:] != self.first[:-1]
        return starts


def cells_of(data: bytes, begin: int) -> Cells:
    """The cells of a line, or of a part of one that begins with a character, at byte `begin`."""
    code, first, last = list[int](), list[int](), list[int]()
    at, line_end = begin, False
    for match in _PIECES.finditer(data.decode("utf-8", "surrogateescape")):
        piece = match.group()
        if " " <= piece[0] <= "~":
            end = at + len(piece)
            code += piece.encode()
            first += range(at, end)
            last += range(at + 1, end + 1)
            at = end
            continue
        size = len(piece.encode("utf-8", "surrogateescape"))
        shown, line_end = _shown(piece, len(code)), piece in ("\n", "\r\n")
        whole = len(code) == 1 or (len(code) > 1 and first[-2] != first[-1])
        if not shown and code and (whole or code[-1] == ord(TAIL)):
            _join(piece, code)
            k = len(last) - 1
            while k >= 0 and first[k] == first[-1]:
                last[k] = at + size
                k -= 1
        else:
            shown = shown or f"\\u{ord(piece):04x}"
            code += map(ord, shown)
            first += [at] * len(shown)
            last += [at + size] * len(shown)
        at += size
    return Cells(
        np.array(code, dtype=np.uint32),
        np.array(first, dtype=np.int64),
        np.array(last, dtype=np.int64),
        line_end,
    )


def text_of(data: bytes, blank: str = " ") -> str:
    """A few bytes in one line, with `blank` for every blank."""
    return visible(data.decode("utf-8", "surrogateescape")).replace(" ", blank)


def _shown(piece: str, column: int) -> str:
    """The cells of what is no plain ASCII; '' for what joins the character before it."""
    if piece in ("\n", "\r\n"):
        return " "
    if piece == "\t":
        return " " * (TAB - column % TAB)
    shown = visible(piece)
    if len(shown) > 1:
        return shown
    if _JOINING.match(shown):
        return f"\\U{ord(shown):08x}"
    size = get_character_cell_size(shown)
    return shown + TAIL * (size - 1) if size else ""


def _join(accent: str, code: list[int]) -> None:
    """Put an accent on the last character, where there is such a character."""
    wide = code[-1] == ord(TAIL)
    k = len(code) - (2 if wide else 1)
    composed = unicodedata.normalize("NFC", chr(code[k]) + accent)
    if len(composed) == 1 and get_character_cell_size(composed) == 1 + wide:
        code[k] = ord(composed)
