"""Transactions: every update attempt, why each ended as it did, and how close the gates came."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.glyphs import Glyphs
from tttui.draw.marks import Marks
from tttui.draw.numbers import count
from tttui.draw.palette import Palette
from tttui.draw.reading import status_words
from tttui.model.arrays import PLASTIC, Bools, Weights
from tttui.model.explain import explain
from tttui.model.query import (
    TRANSACTION_WORDS,
    Query,
    QueryError,
    check_statuses,
    matching,
    parse,
)
from tttui.model.session import SessionData
from tttui.model.transactions import Transactions
from tttui.panes.attempts import COLUMNS, Attempts, gate_plots
from tttui.panes.overview import marks_of
from tttui.panes.view import Pane, View
from tttui.widgets.change import ChangeMap
from tttui.widgets.chart import Chart
from tttui.widgets.querybar import QueryBar
from tttui.widgets.reasons import AttemptsOverTime, Reasons
from tttui.widgets.table import Sort, Table
from tttui.widgets.transaction_panel import TransactionPanel

WIDE, TALL = 170, 34
"""Columns and rows from which everything is shown at once."""

NARROW = 100
"""Columns below which the detail has no place beside the table."""

HINT = "grad>10 status:rollback t:200-400"


def pages(width: int, height: int) -> tuple[frozenset[str], ...]:
    """The regions that are shown together, page by page, in a pane of width x height cells."""
    if width >= WIDE and height >= TALL:
        return (frozenset({"table", "analysis", "detail", "gates"}),)
    if width >= NARROW:
        if height >= 26:
            return frozenset({"table", "detail", "analysis"}), frozenset({"gates"})
        return frozenset({"table", "detail"}), frozenset({"analysis"}), frozenset({"gates"})
    first = frozenset({"table", "line"} if height >= 8 else {"table"})
    rest = (frozenset({"detail"}), frozenset({"gates"}))
    if height >= 30:
        return (first | {"analysis"}, *rest)
    return (first, rest[0], frozenset({"analysis"}), rest[1])


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Which transactions pass, and everything that this was worked out from."""

    events: Transactions
    statuses: frozenset[str] | None
    query: Query
    rows: Bools | None
    marks: Marks

    @property
    def n(self) -> int:
        return len(self.events) if self.rows is None else int(self.rows.sum())


class TransactionsPane(Pane):
    """Table, detail, analysis of the rollbacks and gates over time, as many as fit."""

    DEFAULT_CSS = """
    TransactionsPane { layout: horizontal; height: 1fr; }
    TransactionsPane #left { width: 1fr; }
    TransactionsPane #line { height: 2; padding: 0 1; }
    TransactionsPane #analysis { height: 30%; min-height: 8; }
    TransactionsPane #analysis.alone { height: 1fr; }
    TransactionsPane Reasons { width: 2fr; max-width: 56; padding: 0 1; }
    TransactionsPane AttemptsOverTime { width: 3fr; }
    TransactionsPane #detail { width: 48; }
    TransactionsPane #detail.alone { width: 1fr; layout: horizontal; }
    TransactionsPane #detail.alone ChangeMap { width: 34; height: 1fr; }
    TransactionsPane #gates { width: 1fr; max-width: 25%; }
    TransactionsPane #gates.alone { max-width: 100%; }
    TransactionsPane #gates Chart { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._page = 0
        self._shown: Shown | None = None
        self._query = Query()
        self._wrong = ""
        self._plotted: object = None
        self._look: tuple[Palette, Glyphs] | None = None
        self._attempts: Attempts | None = None
        self._change: tuple[object, Weights | None, str] = (None, None, "")

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            yield QueryBar(HINT)
            yield Table(natural="t")
            yield Static(id="line")
            with Horizontal(id="analysis"):
                yield Reasons()
                yield AttemptsOverTime()
        with Vertical(id="detail"):
            yield TransactionPanel()
            yield ChangeMap()
        with Vertical(id="gates"):
            for name in ("grad", "loss", "state"):
                chart = Chart(id=name)
                chart.can_focus = False
                yield chart

    def use_room(self) -> None:
        self._arrange()
        if self._view is not None:
            self.show(self._view)

    def _arrange(self) -> None:
        """Show the regions of the page."""
        regions = self._regions()
        inspecting = self._view is not None and self._view.inspecting
        if inspecting and "detail" not in regions:
            regions = frozenset({"detail"})
        table = "table" in regions
        self.query_one("#left").display = table or "analysis" in regions
        for kind, name in ((QueryBar, "table"), (Table, "table")):
            self.query_one(kind).display = name in regions
        for name in ("line", "analysis", "detail", "gates"):
            region = self.query_one(f"#{name}")
            region.display = name in regions
            region.set_class(regions == {name}, "alone")
        alone = regions == {"detail"} and self.room.width >= 78
        self.query_one(ChangeMap).display = alone or self.room.height >= 30

    def _regions(self) -> frozenset[str]:
        known = pages(self.room.width, self.room.height)
        self._page %= len(known)
        return known[self._page]

    # Drawing

    def show(self, view: View) -> None:
        before, self._view = self._view, view
        if before is None or before.inspecting != view.inspecting:
            self._arrange()
        self._set_look(view)
        self._show_rows(view)
        regions = self._regions()
        if "gates" in regions:
            self._show_gates(view)
        over_time = self.query_one(AttemptsOverTime)
        over_time.set_timeline(view.timeline)
        index = self._index(view)
        self.query_one(Table).set_selected(index)
        self._show_detail(view, index)

    def _set_look(self, view: View) -> None:
        look = (view.palette, view.glyphs)
        if look == self._look:
            return
        self._look, self._plotted = look, None
        self.query_one(Table).set_look(*look)
        self.query_one(Reasons).set_look(*look)
        self.query_one(AttemptsOverTime).set_look(*look)
        self.query_one(ChangeMap).set_look(*look)
        for chart in self.query(Chart):
            chart.set_look(*look)

    def _show_rows(self, view: View) -> None:
        """Filter and tell the table, only where data, filter or colours are other ones."""
        found, shown = view.data.transactions, self._shown
        table = self.query_one(Table)
        same_look = self._attempts is not None and self._attempts.palette is view.palette
        if (
            shown is None
            or not same_look
            or (shown.events is not found)
            or (shown.statuses, shown.query) != (view.statuses, self._query)
        ):
            rows = matching(found, self._query, view.statuses)
            marks = marks_of(view.data)
            if len(found):
                marks = replace(marks, shown=rows)
            self._shown = shown = Shown(found, view.statuses, self._query, rows, marks)
            self._attempts = Attempts(found, view.palette, view.glyphs)
            table.set_rows(self._attempts, rows, self._nothing(view))
            self.query_one(Reasons).set_marks(marks, why_none(view.data))
            self.query_one(AttemptsOverTime).set_marks(marks)
        self._say(view, shown)

    def _nothing(self, view: View) -> str:
        """Why the table is empty."""
        if not len(view.data.transactions):
            return why_none(view.data)
        return "No transaction passes; escape clears the query, x the status filter."

    def _say(self, view: View, shown: Shown) -> None:
        """The line above the table."""
        bar = self.query_one(QueryBar)
        if self._wrong:
            bar.say(self._wrong, True, view.palette)
            return
        total = len(shown.events)
        parts = [f"{count(total)} transactions"]
        if shown.rows is not None:
            parts = [f"{count(shown.n)} of {count(total)} transactions"]
        if self._query and not bar.has_class("typing"):
            parts.append(f"query {self._query.text}")
        if shown.statuses is not None:
            parts.append("only " + ", ".join(status_words(name) for name in sorted(shown.statuses)))
        bar.say("   ".join(parts), False, view.palette)

    def _index(self, view: View) -> int | None:
        """The selected transaction, or the last one tried at the cursor."""
        found, selected = view.data.transactions, view.timeline.selected
        if selected is not None and selected < len(found):
            return selected
        at = int(np.searchsorted(found.t, view.timeline.cursor, "right")) - 1
        return max(at, 0) if len(found) else None

    def _show_detail(self, view: View, index: int | None) -> None:
        found, plasticity = view.data.transactions, view.data.meta.plasticity_cfg
        event = None if index is None else found[index]
        if self.query_one("#detail").display:
            panel = self.query_one(TransactionPanel)
            panel.show(event, index or 0, len(found), plasticity, view.palette, view.glyphs)
            key = (view.data.history, index)
            if key != self._change[0]:
                self._change = (key, *change_of(view.data, index))
            self.query_one(ChangeMap).set_change(*self._change[1:])
        line = self.query_one("#line", Static)
        if line.display:
            text = Text(why_none(view.data), style(view.palette.muted))
            if event is not None:
                ink = style(view.palette.status(event.status), bold=True)
                text = Text(f"{view.glyphs.status(event.status)} t {event.t} ", ink)
                text.append(explain(event, plasticity), style(view.palette.text))
            line.update(text, layout=False)

    def _show_gates(self, view: View) -> None:
        charts = [self.query_one(f"#{name}", Chart) for name in ("grad", "loss", "state")]
        wanted = (view.data.transactions, view.data.meta, view.palette)
        if wanted != self._plotted:
            self._plotted = wanted
            plots = gate_plots(
                view.data.transactions, view.data.meta.plasticity_cfg, why_none(view.data)
            )
            for chart, (plot, log) in zip(charts, plots, strict=True):
                chart.set_log(log)
                chart.set_plot(plot)
        for chart in charts:
            chart.set_timeline(view.timeline)

    # Keys and mouse

    def do_up(self) -> None:
        self._move(-1)

    def do_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        row = self.query_one(Table).neighbour(by)
        if row is not None:
            self.post_message(self.TransactionPicked(row))

    def do_region(self) -> str | None:
        """The next page of regions, where not all fit."""
        known = pages(self.room.width, self.room.height)
        if len(known) == 1:
            return "Everything is on the screen already."
        self._page = (self._page + 1) % len(known)
        self._arrange()
        if self._view is not None:
            self.show(self._view)
        return f"Shown: {', '.join(sorted(known[self._page] - {'line'}))}"

    def do_sort_next(self) -> str:
        return self._sort_by(1)

    def do_sort_previous(self) -> str:
        return self._sort_by(-1)

    def do_sort_turn(self) -> str:
        """Turn the direction of the sorting around."""
        table = self.query_one(Table)
        return self._set_sort(Sort(table.sort.key, not table.sort.descending))

    def _sort_by(self, by: int) -> str:
        table = self.query_one(Table)
        keys = [None, *(column.key for column, _ in table.columns() if column.key != "t")]
        at = keys.index(table.sort.key) if table.sort.key in keys else 0
        key = keys[(at + by) % len(keys)]
        return self._set_sort(Sort(key, descending=key is not None))

    def _set_sort(self, sort: Sort) -> str:
        self.query_one(Table).set_sort(sort)
        title = next((c.title for c in COLUMNS if c.key == sort.key), "t")
        return f"Sorted by {title}, {'largest' if sort.descending else 'smallest'} first"

    def do_query(self) -> None:
        """Type a query."""
        if "table" not in self._regions():
            self._page = 0
            self._arrange()
        self.query_one(QueryBar).type()

    def back(self) -> bool:
        if not self.query_one(QueryBar).text:
            return False
        self.query_one(QueryBar).clear()
        return True

    @on(Table.SortPicked)
    def _on_sort_picked(self, message: Table.SortPicked) -> None:
        message.stop()
        key = None if message.key == "t" else message.key
        sort = message.table.sort
        turned = key == sort.key and not sort.descending
        first = key is not None and key != sort.key
        self._set_sort(Sort(key, turned or first))

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        self.post_message(self.TransactionPicked(message.row, inspect=message.again))

    @on(QueryBar.Changed)
    def _on_query_changed(self, message: QueryBar.Changed) -> None:
        """What cannot be understood is said, and the query before it stays."""
        message.stop()
        if self._view is None:
            return
        try:
            query = parse(message.text, TRANSACTION_WORDS)
            check_statuses(query, self._view.data.transactions)
            self._query, self._wrong = query, ""
        except QueryError as error:
            self._wrong = str(error)
        self._show_rows(self._view)

    def copyable(self) -> Sequence[tuple[str, str]]:
        view = self._view
        index = self._index(view) if view is not None else None
        if view is None or index is None:
            return ()
        event = view.data.transactions[index]
        return (
            ("Transaction", json.dumps(dict(event.raw))),
            ("Explanation", explain(event, view.data.meta.plasticity_cfg)),
        )

    def exportable(self) -> str:
        regions = self._regions()
        for name, figure in (("gates", "gates"), ("analysis", "reasons")):
            if regions == {name}:
                return figure
        return "transactions"


def why_none(data: SessionData) -> str:
    """Why there is no transaction to show, as far as known."""
    problem = data.problem("transactions")
    if problem is None:
        return "No update was tried yet."
    tried = int(data.steps.did_update.sum())
    flagged = f" per_step.csv flags {tried} attempts." if tried else ""
    return f"No transactions: {problem.path.name}: {problem.reason}.{flagged}"


def change_of(data: SessionData, index: int | None) -> tuple[Weights | None, str]:
    """What a transaction changed in the weights, or why that cannot be shown."""
    if index is None:
        return None, ""
    history, events = data.history, data.transactions
    t = int(events.t[index])
    if history is None or not len(history):
        problem = data.problem("history")
        return None, f"What it changed: {problem.reason if problem else 'no history of weights'}."
    at = int(np.searchsorted(history.t, t))
    if at >= len(history) or history.t[at] != t:
        if not events[index].committed:
            return None, "Nothing changed: the snapshot was restored bit for bit."
        return None, "What it changed: the snapshot of this commit was thinned out."
    if at == 0:
        return None, "What it changed: there is no snapshot before this one."
    with np.errstate(invalid="ignore"):
        return {
            name: np.asarray(history.weights[name][at] - history.weights[name][at - 1])
            for name in PLASTIC
            if name in history.weights
        }, ""
