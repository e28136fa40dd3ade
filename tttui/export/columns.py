"""Tables as columns of equal length, and their CSV."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tttui.model.text import visible

Column = Sequence[Any] | np.ndarray[Any, Any]
Table = Mapping[str, Column]
"""Columns of equal length by name."""


def csv_of(table: Table) -> bytes:
    """Comma-separated values with a header; numbers are written so that they read back equal.

    Texts are visible: a table is opened in a terminal sooner or later.
    """
    lines = [",".join(map(_text, table))]
    columns = [_texts(column) for column in table.values()]
    lines += map(",".join, zip(*columns, strict=True))
    return ("\n".join(lines) + "\n").encode()


def _texts(column: Column) -> list[str]:
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    text = visible(str(value))
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text
