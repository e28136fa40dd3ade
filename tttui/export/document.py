"""The bytes of a document and what each of them cost, as a table."""

import numpy as np

from tttui.export.columns import Table
from tttui.export.request import Request
from tttui.model.arrays import Ints
from tttui.model.document import Document
from tttui.model.errors import TttuiError
from tttui.model.text import visible

MOST = 1_000_000
"""Bytes of a table, at most."""


def table(request: Request) -> Table:
    """A row for each byte of the window that was scored: its character (empty within one), and
    its loss by both models; of a token, at its first byte."""
    document = request.document
    if document is None:
        raise TttuiError(f"{request.name}: no document to export")
    t0, t1 = request.span
    begin, end = document.window(t0)[0], min(document.window(t1)[1], document.scored)
    if end - begin > MOST:
        raise TttuiError(
            f"{request.name}: {end - begin} bytes are too many for one table; choose a window of "
            f"at most {MOST // document.chunk} steps"
        )
    data = document.source.read(begin, end)
    losses = document.source.losses(begin, begin + len(data))
    at = np.arange(begin, begin + len(data))
    return {
        "offset": at,
        "t": _steps(document, at),
        "byte": np.frombuffer(data, dtype=np.uint8),
        "character": _characters(data),
        f"frozen_{document.unit}": losses[:, 0],
        f"adaptive_{document.unit}": losses[:, 1],
        f"saved_{document.unit}": losses[:, 0] - losses[:, 1],
    }


def _steps(document: Document, at: Ints) -> Ints:
    number = at if document.places is None else document.places.number(at)
    return number // document.chunk


def _characters(data: bytes) -> list[str]:
    """The character that begins at each byte; '' within one."""
    found = list[str]()
    for character in data.decode("utf-8", "surrogateescape"):
        size = len(character.encode("utf-8", "surrogateescape"))
        found += [visible(character), *[""] * (size - 1)]
    return found
