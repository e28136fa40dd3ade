"""What commands print: results on stdout, everything else on stderr.

Everything that a command prints goes through here: names, fields and messages may come from
untrusted files, and `visible` makes them printable.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from tttui.model.errors import TttuiError
from tttui.model.text import visible


def say(message: str) -> None:
    """Print a message as one line on stderr; never fails, even if stderr is closed."""
    with suppress(OSError):
        print(visible(message), file=sys.stderr, flush=True)


def result(*lines: str) -> None:
    """Print a result on stdout, line by line.

    Raises BrokenPipeError if its reader has ended, TttuiError if it cannot be written.
    """
    try:
        print("\n".join(map(visible, lines)), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TttuiError(f"the output cannot be written: {error.strerror}") from error


def json_document(value: object, *, indent: int | None = 2) -> None:
    """One JSON document on stdout; NaN and infinity become texts, since JSON has none.

    Non-ASCII characters are escaped, so that it is the same in every locale.
    """
    value = plain(value)
    text = json.dumps(value, allow_nan=False)
    if indent is not None:
        import msgspec  # many times as fast as `json.dumps` with an indent

        try:
            text = msgspec.json.format(text, indent=indent)
        except msgspec.DecodeError:  # a name of bytes that are no text
            text = json.dumps(value, allow_nan=False, indent=indent)
    result(*text.split("\n"))


def plain(value: Any) -> Any:
    """Convert a value for JSON: numpy scalars, arrays, paths and tuples."""
    if value is None or type(value) in (str, int, bool):
        return value
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
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: set[int]) -> list[str]:
    """Lines in columns wide enough for their content, two spaces apart; `right` are numeric."""
    lines = [[visible(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(cells(row[i]) for row in lines) for i in range(len(headers))]
    return [
        "  ".join(
            padded(cell, width, right=i in right)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    ]


def terminal_width() -> int | None:
    """Columns of the terminal at stdout; None for a file or a pipe."""
    if "COLUMNS" not in os.environ and not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def elided(text: str, room: int) -> str:
    """The text cut to at most `width` cells, ending with `...` if cut."""
    text = visible(text)
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 3:
        text = text[:-1]
    return f"{text}..."[: max(0, room)]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text in a column of `width` cells."""
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def cells(text: str) -> int:
    """The width of a text in terminal cells, where some characters are two wide."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # only where it is needed: it takes its time

    return cell_len(text)


def number(value: float | None, digits: int = 4) -> str:
    """A number for a table; `-` where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"
