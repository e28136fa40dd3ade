"""For terminals without Unicode: every character of the screen as ASCII of the same width."""

import os
import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_REPLACEMENTS = {
    **dict.fromkeys("─━═╌╴╶╼╾⎯—–", "-"),
    **dict.fromkeys("│┃║▎▏▕┆┊", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┯┷┝┥", "+"),
    **dict.fromkeys("█▓▇▆▅▉▊▋", "#"),
    **dict.fromkeys("▄▃▌▍▒", "="),
    **dict.fromkeys("▁▂░▔", "_"),
    **dict.fromkeys("▲↑", "^"),
    **dict.fromkeys("▼↓", "v"),
    **dict.fromkeys("→▶›»", ">"),
    **dict.fromkeys("←◀‹«", "<"),
    **dict.fromkeys("●○◯◉∘", "o"),
    **dict.fromkeys("·∙•", "."),
    "…": "~",
    "‖": "|",
    "✓": "+",
    "✗": "x",
    "✕": "x",
    "×": "x",
    "■": "#",
    "◆": "*",
    "μ": "u",
    "Δ": "D",
    "σ": "s",
    "±": "+",
    "∓": "-",
    "≤": "<",
    "≥": ">",
    "╱": "/",
    "╲": "\\",
    "\N{NO-BREAK SPACE}": " ",
}


@lru_cache(4096)
def ascii_text(text: str) -> str:
    """The text with every character that is not ASCII replaced, cell by cell."""
    return text if text.isascii() else "".join(map(_ascii_character, text))


def _ascii_character(character: str) -> str:
    if character.isascii():
        return character
    found = _REPLACEMENTS.get(character)
    if found is None:
        base = unicodedata.normalize("NFKD", character)[0]
        found = base if base.isascii() else "?"
    size = cell_len(character)  # 0 of what is drawn on the character before it
    return found.ljust(size)[:size]


class AsciiFilter(LineFilter):
    """Applied to every line of the screen, so that nothing escapes it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_text(text), style, control) for text, style, control in segments]


def locale_is_ascii() -> bool:
    """The environment names a locale, and it is not a UTF-8 one.

    LC_ALL goes before LC_CTYPE before LANG (POSIX). Python itself sets LC_CTYPE to C.UTF-8 when
    it starts in the C locale, so that value says nothing about the terminal.
    """
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(name, "")
        if value and not (name == "LC_CTYPE" and value == "C.UTF-8"):
            return "utf" not in value.lower()
    return False
