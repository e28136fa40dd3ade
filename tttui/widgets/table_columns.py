"""The columns of a table, the order of its rows, and what a cell of it shows."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from rich.cells import cell_len

from tttui.draw.cells import composed, fit, padded
from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.numbers import choose
from tttui.model.arrays import Bools, Ints
from tttui.model.dataclass import dataclass
from tttui.model.numbers import Forms
from tttui.model.text import visible

Cell = tuple[str | Forms, Colour, bool]
"""Text (or several, of which the first is shown that fits), its colour, and whether it is bold."""


NUMBERS = ("smallest first", "largest first")
TEXTS = ("A to Z", "Z to A")
TIMES = ("oldest first", "newest first")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. `drop` orders what leaves a narrow table: the highest goes first."""

    key: str
    title: str
    width: int
    left: bool = False
    """Aligned left: texts, which are shortened where they do not fit. Numbers are aligned right
    and never cut: what does not fit is replaced by a mark."""
    drop: int = 0
    grows: bool = False
    """Takes the room that is left."""
    most: int = 0
    """Grows up to this many cells before any other takes room."""
    orders: tuple[str, str] = NUMBERS
    """Names of its two orders, ascending and descending."""
    also: tuple[str, ...] = ()
    """Other names by which it can be asked for."""

    def __post_init__(self) -> None:
        if len(self.title) > self.width:
            raise ValueError(f"the title {self.title!r} is wider than its column ({self.width})")

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in queries; the first is preferred."""
        title = self.title.lower().replace(" ", "_")
        return tuple(dict.fromkeys(name for name in (*self.also, title, self.key) if name))

    @property
    def falls(self) -> bool:
        """Sorting by it starts with the largest."""
        return self.orders != TEXTS


class TableSource(Protocol):
    """The rows of a table, by their number from 0."""

    @property
    def columns(self) -> Sequence[TableColumn]: ...

    def __len__(self) -> int: ...

    def cell(self, row: int, key: str) -> Cell:
        """What stands in a column of a row."""
        ...

    def sorting(self, key: str) -> Any:
        """An array [rows] by whose values the rows are sorted; NaN comes last either way."""
        ...


@dataclass(frozen=True, slots=True)
class Sort:
    """Order of the rows; `key` None is the order of the source."""

    key: str | None = None
    descending: bool = False


def called(columns: Sequence[TableColumn], typed: str) -> tuple[TableColumn, ...]:
    """The columns that a typed name may mean: one that is called so, else all that begin so."""
    typed = typed.lower()
    exact = [column for column in columns if typed in column.names]
    if exact:
        return tuple(exact[:1])
    return tuple(c for c in columns if any(name.startswith(typed) for name in c.names))


def fitted(
    columns: Sequence[TableColumn], room: int, needed: str | None = None
) -> tuple[tuple[TableColumn, int], ...]:
    """The columns that fit into `room` cells (`needed` among them), with their widths."""
    fitting = list(columns)
    while len(fitting) > 1 and sum(c.width + 1 for c in fitting) > room:
        rest = [c for c in fitting if c.key != needed]
        fitting.remove(max(rest, key=lambda c: c.drop))
    spare = max(room - sum(c.width + 1 for c in fitting), 0)
    widths = []
    for column in fitting:
        more = min(max(column.most - column.width, 0), spare)
        widths.append(min(column.width + more, max(room - 1, 1)))
        spare -= more
    growing = max(sum(c.grows for c in fitting), 1)
    return tuple(
        (c, width + (spare // growing if c.grows else 0))
        for c, width in zip(fitting, widths, strict=True)
    )


def order_of(source: TableSource, sort: Sort, shown: Bools | None) -> Ints:
    """The shown rows in order: indices into the source. Equal rows keep the source's order."""
    rows = np.arange(len(source)) if shown is None else np.flatnonzero(shown)
    if sort.key is None:
        return rows[::-1] if sort.descending else rows
    values = np.asarray(source.sorting(sort.key))[rows]
    if values.dtype.kind != "f":
        order = np.argsort(values, kind="stable")
        return rows[order[::-1] if sort.descending else order]
    known = ~np.isnan(values)
    order = np.argsort(-values[known] if sort.descending else values[known], kind="stable")
    return np.concatenate([rows[known][order], rows[~known]])


def placed(text: str | Forms, column: TableColumn, width: int, glyphs: Glyphs) -> str:
    """What a cell of `width` cells shows of a text, or of the several that it may have."""
    texts = tuple(composed(visible(one)) for one in ((text,) if isinstance(text, str) else text))
    if column.left:
        whole = (text for text in texts if cell_len(text) <= width)
        shown = next(whole, "") or fit(texts[-1], width, glyphs.ellipsis)
    else:
        shown = choose(texts, width, glyphs.ellipsis)
    return padded(shown, width, right=not column.left)
