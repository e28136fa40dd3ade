"""Command lines that a person can read in a message, copy and paste into a shell."""

import os
import shlex
from pathlib import PurePath

from tttui.model.text import visible


def command_line(*words: str | PurePath) -> str:
    """The words as one line, each quoted where a shell needs it; no path is taken for an option.

    What cannot be seen or would act on a terminal stands as an escape in $'...' (bash, zsh, ksh).
    """
    return " ".join(map(quoted, map(_word, words)))


def _word(word: str | PurePath) -> str:
    text = str(word)
    return f"./{text}" if isinstance(word, PurePath) and text.startswith("-") else text


def quoted(word: str) -> str:
    """One word for a shell."""
    if visible(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if visible(char) == char:
        return char
    try:
        octets = os.fsencode(char)
    except UnicodeEncodeError:  # half of a pair, which is part of no file's name
        octets = char.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{octet:02x}" for octet in octets)
