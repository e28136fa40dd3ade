"""The transactions as rows of a table, and the gates over time as plots."""

from typing import Any

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.numbers import count_forms, forms, short
from tttui.draw.palette import Palette
from tttui.draw.plot import Band, Plot, Role, Threshold, Trace
from tttui.draw.reading import status_words
from tttui.model.arrays import Floats, Ints
from tttui.model.explain import limits
from tttui.model.numbers import Forms
from tttui.model.query import number_of
from tttui.model.session import SessionData
from tttui.model.transactions import NON_FINITE, Transaction, Transactions
from tttui.widgets.table_columns import TEXTS, Cell, Column

COLUMNS = (
    Column("t", "t", 7),
    Column("status", "status", 12, left=True, grows=True, orders=TEXTS),
    Column("pre", "pre_loss", 8, drop=4),
    Column("post", "post_loss", 9, drop=2),
    Column("delta", "delta", 9, drop=6),
    Column("change", "delta %", 8, drop=1),
    Column("grad", "grad_norm", 9, drop=3),
    Column("pre_h", "pre_max_h", 9, drop=8),
    Column("post_h", "post_max_h", 10, drop=7),
    Column("lr", "lr taken", 8, drop=9),
)

AT_FAULT = {
    "rollback_loss_regression": "post",
    "rollback_grad_norm": "grad",
    "rollback_state_norm": "post_h",
}
"""The number that a rollback was about: it stands in the status's colour."""

BESIDE = (
    Column("whatif", "what-if", 10, left=True, orders=TEXTS),
    Column("whatif_post", "its post", 9, drop=3),
)
"""Of the transactions of a what-if, while one is looked at."""

MODEL_FREE = frozenset({"t", "status", "pre", "post", "delta", "change"})
"""Columns that there are of every model."""

KEPT = 400
"""Decoded transactions that are kept for drawing."""

NO_STEP = "no step"
"""Said for a number that was never measured, since a gate stopped the transaction before that."""

GATES_SHOWN = 300
"""Newest transactions that are decoded for the values of a person's own gate."""

SPREAD = 15.0
"""Values that spread over more than this factor are drawn on a logarithmic axis."""


class TransactionRows:
    """`Source` of the table over the transactions of a session."""

    def __init__(
        self,
        events: Transactions,
        look: Look,
        *,
        of_point_mass: bool = True,
        whatif: Transactions | None = None,
    ) -> None:
        self.palette = look.palette
        self.columns: tuple[Column, ...] = COLUMNS
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
        found = np.full(len(self._events), np.nan)
        for row in range(len(found)):
            at = self._of_row(row)
            if self._beside is not None and at:
                values = self._beside.status if key == "whatif" else self._beside.post_loss
                found[row] = values[at[-1]]
        return found

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
        found = [names[int(outcomes[i])] for i in at]
        text = "".join(map(self._glyphs.status, found))
        if len(found) == 1:
            text += f" {status_words(found[0], self._glyphs)}"
        return text, self.palette.status(found[-1]), False

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


def gate_plots(data: SessionData, message: str) -> list[tuple[Plot, bool]]:
    """Gradient norm, losses and state norm with their thresholds; each with: logarithmic?

    Of any other model than the point mass a person's own gate takes the place of the state norm.
    """
    if not data.meta.is_point_mass:
        return [*_recorded_plots(data, message), own_gate_plot(data, message)]
    events = data.transactions
    t, tol = events.t, limits(data, "rollback_tol")
    band = None
    if np.isfinite(tol).any():
        low = Series(t, events.pre_loss * np.maximum(1 - tol, 0.0))
        band = Band("tolerance", low, Series(t, events.pre_loss * (1 + tol)))
    allowed = "tolerance not recorded"
    if band is not None:
        allowed = f"band: pre_loss x (1 +- {tol[-1]:g})"
        allowed += "" if (tol == tol[-1]).all() else " in the end"
    largest = np.fmax(events.pre_max_h, events.post_max_h)

    def untaken(at: float) -> str:
        """Whether the transaction at a step was stopped before its step."""
        i = int(np.searchsorted(t, at, "right")) - 1
        return NO_STEP if i >= 0 and events[i].post_loss is None else ""

    # a gate may have stopped a transaction before there was a number
    odd = [i for i in np.flatnonzero(events.status == NON_FINITE).tolist() if not untaken(t[i])]
    taken = np.zeros(len(events), dtype=np.bool_)
    taken[odd] = True
    return [
        (
            Plot(
                title="grad_norm",
                traces=(
                    *_changing(data, "grad_norm_max"),
                    Trace("gradient norm", Series(t, events.grad_norm), "third"),
                ),
                thresholds=_line(data, "grad_norm_max"),
                message=message,
            ),
            spreads(events.grad_norm),
        ),
        (
            Plot(
                title="loss",
                note=allowed,
                traces=(
                    # where the band cannot be seen its upper edge, the gate itself, still can
                    *((Trace("allowed", band.high, "third"),) if band is not None else ()),
                    Trace("pre", Series(t, events.pre_loss), "baseline"),
                    Trace(
                        "post",
                        Series(t, events.post_loss),
                        "adaptive",
                        heavy=True,
                        absent=untaken,
                        not_numbers=t[taken & np.isnan(events.post_loss)],
                    ),
                ),
                band=band,
                message=message,
            ),
            spreads(np.concatenate([events.pre_loss, events.post_loss])),
        ),
        (
            Plot(
                title="max |h|",
                traces=(
                    *_changing(data, "state_norm_max"),
                    Trace("pre", Series(t, events.pre_max_h), "baseline"),
                    Trace(
                        "post",
                        Series(t, events.post_max_h),
                        "adaptive",
                        heavy=True,
                        absent=untaken,
                        not_numbers=t[taken & np.isnan(events.post_max_h)],
                    ),
                ),
                thresholds=_line(data, "state_norm_max"),
                message=message,
            ),
            spreads(largest),
        ),
    ]


def _recorded_plots(data: SessionData, message: str) -> list[tuple[Plot, bool]]:
    """Gradient norm and losses of any other model, as far as they were recorded."""
    events = data.transactions

    def trace(name: str, values: Floats, role: Role, *, heavy: bool = False) -> list[Trace]:
        known = ~np.isnan(values)
        if not known.any():
            return []
        return [Trace(name, Series(events.t[known], values[known]), role, heavy=heavy)]

    norms = trace("gradient norm", events.grad_norm, "third")
    losses = trace("pre", events.pre_loss, "baseline")
    losses += trace("post", events.post_loss, "adaptive", heavy=True)
    found = []
    for title, traces, values in (
        ("grad_norm", norms, events.grad_norm),
        ("loss", losses, np.concatenate([events.pre_loss, events.post_loss])),
    ):
        why = f"no {title} recorded" if len(events) else message
        found.append((Plot(title=title, traces=tuple(traces), message=why), spreads(values)))
    return found


def own_gate_plot(data: SessionData, message: str) -> tuple[Plot, bool]:
    """The first gate that a person's own transactions recorded, with its limit, over the newest
    of them."""
    events = data.transactions
    found: list[tuple[int, float, float]] = []
    name = ""
    for i in range(max(len(events) - GATES_SHOWN, 0), len(events)):
        for gate in events[i].gates:
            name = name or gate.name
            if gate.name == name and gate.value is not None:
                at_most = np.nan if gate.limit is None else gate.limit
                found.append((int(events.t[i]), gate.value, at_most))
                break
    if not found:
        return Plot(
            title="gates", message=message if not len(events) else "no gate recorded"
        ), False
    t = np.array([t for t, _, _ in found], dtype=np.int64)
    value, limit = (np.array([row[k] for row in found], dtype=np.float64) for k in (1, 2))
    same = np.isfinite(limit).all() and bool((limit == limit[0]).all())
    lines = (Threshold(f"limit {short(float(limit[0]))}", float(limit[0])),) if same else ()
    traces = [Trace(name, Series(t, value), "adaptive", heavy=True)]
    if not same and np.isfinite(limit).any():
        traces.insert(0, Trace("limit", Series(t, limit), "baseline"))
    note = f"newest {GATES_SHOWN}" if len(events) > GATES_SHOWN else ""
    plot = Plot(title=name, traces=tuple(traces), thresholds=lines, note=note, message=message)
    return plot, spreads(value)


def _line(data: SessionData, key: str) -> tuple[Threshold, ...]:
    """A threshold that was the same for all transactions."""
    values = limits(data, key)
    same = len(values) > 0 and bool((values == values[0]).all())
    return (Threshold(f"{key} {short(float(values[0]))}", float(values[0])),) if same else ()


def _changing(data: SessionData, key: str) -> tuple[Trace, ...]:
    """A threshold that was changed while the run went on."""
    values = limits(data, key)
    changed = np.isfinite(values).any() and not (values == values[0]).all()
    return (Trace(key, Series(data.transactions.t, values), "baseline"),) if changed else ()


def spreads(values: Floats) -> bool:
    """The positive values span so much that a linear axis would hide most of them."""
    known = values[np.isfinite(values) & (values > 0)]
    if len(known) < 2:
        return False
    return bool(known.max() > SPREAD * known.min())
