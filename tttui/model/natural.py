"""The order in which people sort names: run2 before run10."""

import re
from pathlib import PurePath

_NUMBER = re.compile("0*([0-9]+)")


def natural(name: str) -> str:
    """A text to sort names by: numbers in them count as numbers, whatever zeros they begin with."""
    return _NUMBER.sub(_sortable, name)


def natural_path(path: PurePath) -> tuple[str, str]:
    """A key to sort paths by, folder by folder; no two paths have the same."""
    text = str(path)
    return natural(text.replace("/", "\0")), text


def _sortable(number: re.Match[str]) -> str:
    """The digits behind their count, where digits stand in the order of characters."""
    return f"0{chr(number.end(1) - number.start(1))}{number[1]}"
