"""The transactions as rows of a table, and the gates over time as plots."""

from typing import Any

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.look import Look
from tttui.draw.numbers import count_forms, forms
from tttui.draw.palette import Palette
from tttui.draw.reading import status_words
from tttui.model.arrays import Ints
from tttui.model.numbers import Forms
from tttui.model.query import number_of
from tttui.model.transactions import Transaction, Transactions
from tttui.widgets.table_columns import TEXTS, Cell, TableColumn

COLUMNS = (
    TableColumn("t", "t", 7),
    TableColumn("status", "status", 12, left=True, grows=True, orders=TEXTS),
    TableColumn("pre", "pre_loss", 8, drop=4),
    TableColumn("post", "post_loss", 9, drop=2),
    TableColumn("delta", "delta", 9, drop=6),
    TableColumn("change", "delta %", 8, drop=1),
    TableColumn("grad", "grad_norm", 9, drop=3),
    TableColumn("pre_h", "pre_max_h", 9, drop=8),
    TableColumn("post_h", "post_max_h", 10, drop=7),
    TableColumn("lr", "lr taken", 8, drop=9),
)

AT_FAULT = {
    "rollback_loss_regression": "post",
    "rollback_grad_norm": "grad",
    "rollback_state_norm": "post_h",
}
"""The number that a rollback was about: it stands in the status's colour."""

BESIDE = (
    TableColumn("whatif", "what-if", 10, left=True, orders=TEXTS),
    TableColumn("whatif_post", "its post", 9, drop=3),
)
"""Of the transactions of a what-if, while one is looked at."""

MODEL_FREE = frozenset({"t", "status", "pre", "post", "delta", "change"})
"""Columns that there are of every model."""

KEPT = 400
"""Decoded transactions that are kept for drawing."""


class TransactionRows:
    """`TableSource` of the table over the transactions of a session."""

    def __init__(
        self,
        events: Transactions,
        look: Look,
        *,
        of_point_mass: bool = True,
        whatif: Transactions | None = None,
    ) -> None:
        self.palette = look.palette
        self.columns: tuple[TableColumn, ...] = COLUMNS
        """Of any other model only those of which there are numbers."""
        if not of_point_mass:
            known = (c for c in COLUMNS if c.key in MODEL_FREE or _recorded(events, c.key))
            self.columns = tuple(known)
        if whatif is not None:
            self.columns = (*self.columns[:2], *BESIDE, *self.columns[2:])
        self._beside, self._until = whatif, _until(events, whatif)
        self._events, self._glyphs = events, look.glyphs
        self._outcome, self._outcomes = events.outcomes()
        self._decoded: dict[int, Transaction] = {}

    def __len__(self) -> int:
        return len(self._events)

    def sorting(self, key: str) -> Any:
        if key in ("whatif", "whatif_post"):
            return self._sorting_beside(key)
        if key == "status":
            words = [status_words(name, self._glyphs) for name in self._outcomes]
            names = np.array(words)
            rank = np.argsort(np.argsort(names, kind="stable"))
            return rank[self._outcome]
        return number_of(self._events, key)

    def cell(self, row: int, key: str) -> Cell:
        if key in ("whatif", "whatif_post"):
            return self._cell_beside(row, key)
        event = self._event(row)
        palette = self.palette
        ink = palette.text
        if AT_FAULT.get(event.status) == key:
            ink = palette.status(event.status)
        match key:
            case "t":
                return (str(event.t), *count_forms(event.t)), palette.text, True
            case "status":
                outcome = self._outcomes[int(self._outcome[row])]
                text = f"{self._glyphs.status(outcome)} {status_words(outcome, self._glyphs)}"
                return text, palette.status(outcome), False
            case "pre":
                return _number(event.pre_loss, ink, palette)
            case "post":
                return _number(event.post_loss, ink, palette)
            case "delta" | "change":
                return self._delta(event, key)
            case "grad":
                return _number(event.grad_norm, ink, palette)
            case "pre_h":
                return _number(event.pre_max_h, ink, palette)
            case "post_h":
                return _number(event.post_max_h, ink, palette)
            case "lr":
                return _number(event.lr, ink, palette)
        raise KeyError(key)

    def _sorting_beside(self, key: str) -> Any:
        sorting = np.full(len(self._events), np.nan)
        for row in range(len(sorting)):
            at = self._of_row(row)
            if self._beside is not None and at:
                values = self._beside.status if key == "whatif" else self._beside.post_loss
                sorting[row] = values[at[-1]]
        return sorting

    def _of_row(self, row: int) -> range:
        """The transactions of the what-if since the row before; of the last row all others."""
        return range(int(self._until[row]), int(self._until[row + 1]))

    def _cell_beside(self, row: int, key: str) -> Cell:
        """What became of the transactions of the what-if since the row before."""
        at, beside = self._of_row(row), self._beside
        if beside is None or not at:
            return "-", self.palette.faint, False
        if key == "whatif_post":
            value = float(beside.post_loss[at[-1]])
            return _number(value if np.isfinite(value) else None, self.palette.text, self.palette)
        outcomes, names = beside.outcomes()
        statuses = [names[int(outcomes[i])] for i in at]
        text = "".join(map(self._glyphs.status, statuses))
        if len(statuses) == 1:
            text += f" {status_words(statuses[0], self._glyphs)}"
        return text, self.palette.status(statuses[-1]), False

    def _delta(self, event: Transaction, key: str) -> Cell:
        pre, post = event.pre_loss, event.post_loss
        if pre is None or post is None:
            return "-", self.palette.faint, False
        delta = post - pre
        ink = self.palette.good if delta <= 0 else self.palette.bad
        if key == "change":
            return _signed(100 * delta / pre) if pre else ("-",), ink, False
        return _signed(delta), ink, False

    def _event(self, row: int) -> Transaction:
        event = self._decoded.get(row)
        if event is None:
            if len(self._decoded) >= KEPT:
                self._decoded.clear()
            event = self._decoded[row] = self._events[row]
        return event


def _until(events: Transactions, beside: Transactions | None) -> Ints:
    """Bounds [n + 1] of the transactions beside those of `events` [n]: those of row i are
    bounds[i] to bounds[i + 1] - 1, up to the step of the row."""
    bounds = np.zeros(len(events) + 1, dtype=np.int64)
    if beside is not None and len(events):
        bounds[1:] = np.searchsorted(beside.t, events.t, "right")
        bounds[-1] = len(beside)
    return bounds


def _recorded(events: Transactions, key: str) -> bool:
    """Whether any transaction has a number in a column."""
    return bool(np.isfinite(np.asarray(number_of(events, key), dtype=np.float64)).any())


def _number(value: float | None, ink: Colour, palette: Palette) -> Cell:
    return forms(value), palette.faint if value is None else ink, False


def _signed(value: float) -> Forms:
    """The texts of a change, with its sign."""
    return tuple(f"+{text}" if value > 0 else text for text in forms(value))
