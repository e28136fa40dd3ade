"""Making untrusted text safe to show.

Names of directories, fields of JSON files, log lines and headers may hold anything: sequences
that a terminal obeys (to write the clipboard, to hide what follows), marks that turn the
reading direction round, characters that nobody sees, bytes that are no text. `visible` writes
all of them out, so that what is shown is what is there and does nothing.
"""

import re
import unicodedata

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as printable but show nothing (Default_Ignorable_Code_Point)."""

_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """The text as one line of characters that are seen, are texts and do nothing.

    Control characters (C0, DEL, C1), separators of lines, marks of direction and other invisible
    ones, lone surrogates and what is not assigned become escapes: `\\n`, `\\x1b`, `\\u202e`. A
    byte of a file's name that is no UTF-8 becomes `\\xff`. Blanks of any width stay.
    """
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(map(_shown, text))


def visible_lines(text: str) -> str:
    """The same for a text whose line breaks are meant."""
    return "\n".join(map(visible, text.split("\n")))


def shortened(text: str, size: int) -> str:
    """The start of the text that takes at most `size` bytes of UTF-8."""
    return text.encode(errors="replace")[:size].decode(errors="ignore")


def _shown(char: str) -> str:
    if (char.isprintable() and not _UNSEEN.match(char)) or unicodedata.category(char) == "Zs":
        return char
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
