"""Command lines that a person can read in a message, copy and paste into a shell."""

import os
import shlex

from tttui.model.text import visible


def command_line(*words: object) -> str:
    """The words (paths among them) as one line, each quoted where a shell needs it.

    What cannot be seen or would act on a terminal stands as an escape in $'...' (bash, zsh, ksh).
    """
    return " ".join(quoted(str(word)) for word in words)


def path_word(path: os.PathLike[str]) -> str:
    """A path as a word that no command takes for an option."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


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
