"""The order in which people sort names: run2 before run10."""

import re
from pathlib import PurePath
from typing import Any

_NUMBER = re.compile("([0-9]+)")


def natural(name: str) -> tuple[Any, ...]:
    """A key to sort names by: numbers in them count as numbers, whatever zeros they begin with."""
    parts: list[Any] = _NUMBER.split(name)
    for i in range(1, len(parts), 2):  # not as int: a name may hold thousands of digits
        digits = parts[i].lstrip("0")
        parts[i] = (len(digits), digits)
    return tuple(parts), name


def natural_path(path: PurePath) -> tuple[tuple[Any, ...], ...]:
    """A key to sort paths by, folder by folder."""
    return tuple(map(natural, path.parts))
