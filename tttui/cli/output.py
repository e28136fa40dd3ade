"""What commands print: results on stdout, everything else on stderr."""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def say(message: str) -> None:
    """A message for the person, on stderr."""
    print(message, file=sys.stderr, flush=True)


def result(text: str) -> None:
    """A result, on stdout."""
    print(text, flush=True)


def json_document(value: object, *, indent: int | None = 2) -> None:
    """One JSON document on stdout; NaN and infinity become texts, since JSON has none."""
    result(json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """A value made of what JSON knows: numpy scalars, arrays, paths and tuples converted."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: set[int]) -> str:
    """Columns wide enough for their content, two spaces apart; `right` are the numeric ones."""
    lines = [headers, *rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(headers))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    )


def number(value: float | None, digits: int = 4) -> str:
    """A number for a table; `-` where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"
