"""Transactions: every transaction, why each ended as it did, and how close the gates came."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Static

from tttui.draw import graph, outcome_bars
from tttui.draw.colours import style
from tttui.draw.marks import Marks
from tttui.draw.numbers import count
from tttui.draw.reading import status_words
from tttui.draw.text import Text
from tttui.export.request import ExportRequest
from tttui.model.arrays import Bools, Weights
from tttui.model.dataclass import dataclass
from tttui.model.explain import explain
from tttui.model.query import TRANSACTION_WORDS, Query, check_statuses, matching
from tttui.model.session import SessionData
from tttui.model.transactions import UNDONE, Transactions
from tttui.panes.listing import ListPane
from tttui.panes.regions import Pages
from tttui.panes.transactions.facts import change_of, why_none
from tttui.panes.transactions.layout import (
    CHANGE,
    CHANGED,
    CSS,
    DETAIL,
    GATES,
    LOW,
    OUTCOMES,
    TABLE,
    TALL,
    WIDE,
    is_low,
    pages,
)
from tttui.panes.transactions.rows import COLUMNS, TransactionRows
from tttui.panes.view import View
from tttui.plots.errors import marks_of
from tttui.plots.gates import gate_plots
from tttui.widgets.change import ChangeMap
from tttui.widgets.chart import Chart
from tttui.widgets.querybar import QueryBar
from tttui.widgets.reasons import Reasons, TransactionsOverTime
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TIMES, TableColumn
from tttui.widgets.transaction_panel import TransactionPanel

HINT = "grad>10 status:rollback t:200-400"


@dataclass(frozen=True, slots=True, eq=False)
class ShownTransactions:
    """The transactions that pass, with the inputs of the filter."""

    events: Transactions
    statuses: frozenset[str] | None
    query: Query
    rows: Bools | None
    marks: Marks

    @property
    def n(self) -> int:
        return len(self.events) if self.rows is None else int(self.rows.sum())


class TransactionsPane(ListPane):
    """Table, detail, analysis of the rollbacks and gates over time, as many as fit."""

    words = TRANSACTION_WORDS
    natural = "t"
    keyed = frozenset({"table", "reasons", "detail", "gates"})
    region_names = ("table", "reasons", "detail", "gates")
    sorts = tuple(column.key for column in COLUMNS)

    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self._shown: ShownTransactions | None = None
        self._plotted: object = None
        self._table_rows: TransactionRows | None = None
        self._whatif: object = None
        """The what-if whose outcomes stand beside the rows."""
        self._change: tuple[object, Weights | None, str] = (None, None, "")

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            with Container(id="upper"):
                with Vertical(id="list"):
                    yield QueryBar(HINT)
                    yield Table(natural="t")
                    yield Static(id="line")
                with Horizontal(id="outcomes"):
                    with Container(id="reasons"):
                        yield Reasons()
                        yield TransactionsOverTime()
                    yield ChangeMap()
            with Container(id="gates"):
                for name in ("grad", "loss", "state"):
                    chart = Chart(id=name)
                    chart.can_focus = False
                    yield chart
        with Vertical(id="detail"):
            yield TransactionPanel()
            yield ChangeMap()

    @property
    def _rows(self) -> int:
        """The rows of the table without a query."""
        return 0 if self._shown is None else len(self._shown.events)

    def pages(self) -> Pages:
        return pages(self.room.width, self.room.height, self._rows)

    def show_regions(self) -> None:
        regions = self.regions
        if self._opened:
            regions = ("detail",)
        self.query_one("#left").display = regions != ("detail",)
        self.query_one("#upper").display = bool({"table", "reasons"} & set(regions))
        self.query_one("#list").display = "table" in regions
        for name in ("line", "reasons", "detail", "gates"):
            region = self.query_one(f"#{name}")
            region.display = name in regions
            region.set_class(regions == (name,), "alone")
        outcomes = self.query_one("#outcomes")
        outcomes.display = "reasons" in regions
        outcomes.set_class(regions == ("reasons",), "alone")
        self._fit(regions)
        self.query_one(Table).set_active(self.acting == "table")
        self.query_one(Reasons).set_chosen(self.acting == "reasons")
        self.query_one(TransactionPanel).set_chosen(self.acting == "detail")

    def _fit(self, regions: tuple[str, ...]) -> None:
        """Give the table as many rows as it needs, and what is left to what stands below it."""
        width, height = self.room
        fitted = {"table", "reasons", "detail"} <= set(regions) and height >= TALL
        wide = fitted and width >= WIDE
        low = fitted and self._low
        gates = GATES if "gates" in regions else 0
        left = self.query_one("#left")
        left.set_class(fitted, "fitted")
        left.set_class(wide, "wide")
        left.set_class(low, "low")
        changed = self.query_one("#outcomes ChangeMap")
        changed.display = fitted and not low
        self.query_one("#detail ChangeMap").display = regions == ("detail",) and width >= 78
        table, upper = self.query_one(Table), self.query_one("#upper")
        table.styles.height = upper.styles.height = "1fr"
        reasons = self.query_one(Reasons)
        reasons.styles.height = "1fr"
        if not fitted:
            return
        beside = DETAIL + (TABLE if wide else CHANGED)
        kinds, stacks = self._outcome_rows(width - beside)
        reasons.styles.height = kinds
        least = LOW if low else min(max(kinds + stacks, CHANGE), OUTCOMES)
        rows = max(min(self._rows + 1, height - 1 - gates - (0 if wide else least)), 2)
        table.styles.height = rows
        below = self.query_one("#reasons")
        below.styles.height = "1fr"
        if wide:
            upper.styles.height = high = max(rows + 1, OUTCOMES)
            changed.display = high - kinds - stacks >= CHANGE
            if changed.display:
                below.styles.height = kinds + stacks
        elif gates:
            upper.styles.height = max(rows + 1 + least, height - rows - 1 - height // 3)

    def _outcome_rows(self, width: int) -> tuple[int, int]:
        """Rows for the bars of outcomes, and for the stacks over time in so many columns."""
        if self._shown is None or self.view is None:
            return 2, 0
        marks, timeline = self._shown.marks, self.view.timeline
        kinds = min(max(len(marks.counts()) + 1, 2), 6)
        return kinds, outcome_bars.rows_wanted(marks, (timeline.t0, timeline.t1), width)

    @property
    def _opened(self) -> bool:
        """The detail takes the place of the page that has not all of it."""
        inspecting = self.view is not None and self.view.choices.inspecting
        return inspecting and ("detail" not in self.regions or self._low)

    @property
    def _low(self) -> bool:
        """There is no room for what a transaction changed."""
        return is_low(self.room.width, self.room.height, self._rows)

    # Drawing

    def show(self, view: View) -> None:
        before, self.view = self.view, view
        if before is None or before.choices.inspecting != view.choices.inspecting:
            self.show_regions()
        self.fill(view)
        if "gates" in self.regions:
            self._show_gates(view)
        over_time = self.query_one(TransactionsOverTime)
        over_time.set_timeline(view.timeline)
        index = self._index(view)
        self.query_one(Table).set_selected(index)
        self._show_detail(view, index)

    def look_changed(self) -> None:
        self._plotted = None

    def fill(self, view: View) -> None:
        """Filter and tell the table, only where data, filter or colours are other ones."""
        events, shown = view.data.transactions, self._shown
        table = self.query_one(Table)
        same_look = self._table_rows is not None and self._table_rows.palette is view.palette
        if (
            shown is None
            or not same_look
            or (shown.events is not events)
            or (shown.statuses, shown.query) != (view.choices.statuses, self.query_now)
            or self._whatif is not view.whatif
        ):
            rows = matching(events, self.query_now, view.choices.statuses)
            marks = marks_of(view.data)
            if len(events):
                marks = replace(marks, shown=rows)
            before = None if shown is None else (self._rows, len(shown.marks.counts()))
            self._shown = shown = ShownTransactions(
                events, view.choices.statuses, self.query_now, rows, marks
            )
            if before != (self._rows, len(marks.counts())):
                self.show_regions()
            own = view.data.meta.is_point_mass
            self._whatif = view.whatif
            beside = None if view.whatif is None else view.whatif.transactions
            self._table_rows = TransactionRows(events, view.look, of_point_mass=own, whatif=beside)
            table.set_rows(self._table_rows, rows, self._nothing(view))
            self.query_one(Reasons).set_marks(marks, why_none(view.data))
            self.query_one(TransactionsOverTime).set_marks(marks)
        self._say(view, shown)

    def _nothing(self, view: View) -> str:
        """Why the table is empty."""
        if not len(view.data.transactions):
            return why_none(view.data)
        return "No transaction passes; escape clears the query, x the status filter."

    def _say(self, view: View, shown: ShownTransactions) -> None:
        """The line above the table."""
        bar = self.query_one(QueryBar)
        if self.tell_typed(bar, view.palette):
            return
        total, some = len(shown.events), "" if shown.rows is None else f"{count(shown.n)} of "
        parts = [f"{some}{count(total)} transaction{'' if total == 1 else 's'}"]
        if "reasons" not in self.regions and total and shown.rows is None:
            kinds = graph.totals(shown.marks, view.look, self.room.width - 5 - len(parts[0]))
            parts.append("".join(text for text, _, _ in kinds).strip())
        if self.query_now and not bar.has_class("typing"):
            parts.append(f"query {self.query_now.filter_text}")
        if shown.statuses is not None:
            words = (status_words(name, view.glyphs) for name in sorted(shown.statuses))
            parts.append("only " + ", ".join(words))
        bar.say("   ".join(parts), False, view.palette)

    def _index(self, view: View) -> int | None:
        """The selected transaction, or the last one tried at the cursor that is shown."""
        events, selected = view.data.transactions, view.timeline.selected
        if selected is not None and selected < len(events):
            return selected
        at = int(np.searchsorted(events.t, view.timeline.cursor, "right")) - 1
        rows = self._shown.rows if self._shown is not None else None
        if rows is not None and rows.any():
            passing = np.flatnonzero(rows)
            return int(passing[max(int(np.searchsorted(passing, at, "right")) - 1, 0)])
        return max(at, 0) if len(events) else None

    def _show_detail(self, view: View, index: int | None) -> None:
        events = view.data.transactions
        event = None if index is None else events[index]
        undone_at = None if index is None else events.undone_at(index)
        plasticity = view.data.plasticity_at(event.t if event is not None else 0)
        if self.query_one("#detail").display:
            panel = self.query_one(TransactionPanel)
            panel.show(event, index or 0, len(events), plasticity, undone_at)
            key = (view.data.history, index)
            if key != self._change[0]:
                self._change = (key, *change_of(view.data, index))
            for change in self.query(ChangeMap):
                if change.display:
                    change.set_change(*self._change[1:])
        line = self.query_one("#line", Static)
        if line.display:
            text = Text(why_none(view.data), style(view.palette.muted))
            if event is not None:
                outcome = event.status if undone_at is None else UNDONE
                ink = style(view.palette.status(outcome), bold=True)
                text = Text(f"{view.glyphs.status(outcome)} t {event.t} ", ink)
                sentence = explain(event, plasticity, undone_at)
                text.append(sentence, style(view.palette.text))
            line.update(text, layout=False)

    def _show_gates(self, view: View) -> None:
        charts = [self.query_one(f"#{name}", Chart) for name in ("grad", "loss", "state")]
        chosen = view.timeline.log if view.choices.log_chosen else None
        lead = f"{view.glyphs.play} " if self.acting == "gates" else ""
        data = view.data
        state = (
            data.transactions,
            data.meta,
            data.settings_changes,
            view.palette,
            lead,
            chosen,
        )
        if state != self._plotted:
            self._plotted = state
            plots = gate_plots(data, why_none(data))
            charts[-1].display = len(plots) == len(charts)
            for chart, (plot, log) in zip(charts, plots, strict=False):
                chart.set_log(log if chosen is None else chosen)
                chart.set_plot(replace(plot, title=lead + plot.title))
        for chart in charts:
            chart.set_timeline(view.timeline)

    # Keys and mouse

    def columns(self) -> tuple[TableColumn, ...]:
        return COLUMNS

    def natural_order(self, descending: bool) -> str:
        return f"Sorted by t, {TIMES[descending]}"

    def go(self, row: int) -> None:
        self.post_message(self.TransactionPicked(row))

    def move_in(self, region: str, by: int) -> bool:
        if region == "reasons":
            self.query_one(Reasons).move(by)
            return True
        return region == "detail" and self.query_one(TransactionPanel).scroll_lines(by)

    def enter(self) -> bool:
        status = self.query_one(Reasons).pointed if self.acting == "reasons" else None
        if status is not None:
            self._filter_by(status)
        return status is not None

    def _filter_by(self, status: str) -> None:
        """Show only the transactions of a status; all again where that is the filter already."""
        only = frozenset({status})
        same = self.view is not None and self.view.choices.statuses == only
        self.post_message(self.StatusesPicked(None if same else only))

    def check(self, query: Query, view: View) -> None:
        check_statuses(query, view.data.transactions)

    def back(self) -> bool:
        if super().back():
            return True
        if self.view is None or self.view.choices.inspecting or self.view.choices.statuses is None:
            return False
        self.post_message(self.StatusesPicked(None))
        return True

    @on(Reasons.Picked)
    def _on_reason_picked(self, message: Reasons.Picked) -> None:
        message.stop()
        self._filter_by(message.status)

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        self.post_message(self.TransactionPicked(message.row, inspect=message.again))

    def copyable(self) -> Sequence[tuple[str, str]]:
        view = self.view
        index = self._index(view) if view is not None else None
        if view is None or index is None:
            return ()
        event = view.data.transactions[index]
        return (
            ("Transaction", json.dumps(dict(event.raw))),
            ("Explanation", self._explained(view.data, index)),
        )

    def _explained(self, data: SessionData, index: int) -> str:
        event = data.transactions[index]
        undone_at = data.transactions.undone_at(index)
        return explain(event, data.plasticity_at(event.t), undone_at)

    def exportable(self) -> str:
        return self.acting if self.acting in ("gates", "reasons") else "transactions"

    def export_of(self, request: ExportRequest) -> ExportRequest:
        return replace(request, query=self.query_now)
