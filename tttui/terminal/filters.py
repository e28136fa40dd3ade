"""Filters of every line of the screen: no control or hidden characters, and optionally only
ASCII."""

import os
import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tttui.model.text import visible

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
    replacement = _REPLACEMENTS.get(character)
    if replacement is None:
        base = unicodedata.normalize("NFKD", character)[0]
        replacement = base if base.isascii() else "?"
    size = cell_len(character)  # 0 of what is drawn on the character before it
    return replacement.ljust(size)[:size]


class AsciiFilter(LineFilter):
    """Applies `ascii_text` to every line of the screen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_text(text), style, control) for text, style, control in segments]


def locale_is_ascii() -> bool:
    """Whether the environment names a locale that is not UTF-8.

    LC_ALL goes before LC_CTYPE before LANG (POSIX). Python itself sets LC_CTYPE to C.UTF-8 when
    it starts in the C locale, so that value says nothing about the terminal.
    """
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(name, "")
        if value and not (name == "LC_CTYPE" and value == "C.UTF-8"):
            return "utf" not in value.lower()
    return False


class VisibleFilter(LineFilter):
    """Makes control and hidden characters visible without changing the width of a line.

    A safety net for widgets that do not call `visible` themselves.
    """

    leaves_visible = True
    """What is visible stays as it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        line = "".join(segment.text for segment in segments)
        if visible(line) is line:
            return segments
        width = Segment.get_line_length(segments)
        shown = [Segment(visible(text), style, control) for text, style, control in segments]
        return Segment.adjust_line_length(shown, width)
