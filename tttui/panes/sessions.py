"""Sessions: all that were found, how to go on with one, and several beside each other."""

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.glyphs import Glyphs
from tttui.draw.numbers import count
from tttui.draw.palette import Palette
from tttui.draw.text import Text
from tttui.export.request import Request
from tttui.model.query import Query
from tttui.model.session import Place, SessionSummary
from tttui.panes.compared import MARK_MORE, ComparedCurves, Marked
from tttui.panes.listing import TABLE, ListPane, Pages
from tttui.panes.sessionfacts import copyable, facts_of
from tttui.panes.sessionrows import COLUMNS, SESSION_WORDS, SessionRows
from tttui.panes.view import View
from tttui.widgets.querybar import QueryBar
from tttui.widgets.session_panel import Facts, SessionPanel
from tttui.widgets.sidebyside import MetricBars, SettingsTable, TransferMap
from tttui.widgets.table import Column, Sort, Table

WIDE, TALL = 170, 34
"""Columns and rows from which everything is shown at once."""

NARROW = 100
"""Columns below which the detail has no place beside the table."""

RIGHT = 56
"""Columns of what stands beside the table, at most."""

HINT = "mu>0.1 state:completed demo"


def pages(width: int, height: int, comparing: bool) -> Pages:
    """The regions that are shown together in a pane of width x height cells."""
    compared: Pages
    if width >= WIDE and height >= TALL:
        first: Pages = (("table", "detail", *(("curves", "numbers", "transfer") * comparing)),)
        compared = ()
    elif width >= NARROW:
        first = (("table", "detail"),)
        both: Pages = (("curves", "numbers"),) if height >= 26 else (("curves",), ("numbers",))
        compared = (*both, ("transfer",))
    else:
        first = (("table", "line") if height >= 8 else ("table",), ("detail",))
        compared = (("curves",), ("numbers",), ("transfer",))
    return first + compared if comparing else first


class SessionsPane(ListPane):
    """The table as a tree, the session under its cursor, and the comparison of marked ones."""

    needs = frozenset({"summaries", "load", "comparison", "files"})
    words = SESSION_WORDS
    keyed = frozenset({"table", "detail"})
    region_names = ("table", "detail", "curves", "numbers", "transfer")
    sorts = ("tree", *(column.key for column in COLUMNS))

    DEFAULT_CSS = """
    SessionsPane { layout: horizontal; height: 1fr; }
    SessionsPane #left { width: 1fr; }
    SessionsPane #table { height: 1fr; }
    SessionsPane #line { height: 2; padding: 0 1; }
    SessionsPane ComparedCurves { height: 2fr; }
    SessionsPane #numbers { height: 2fr; }
    SessionsPane #numbers.narrow { layout: vertical; }
    SessionsPane MetricBars { width: 1fr; padding: 0 1; }
    SessionsPane SettingsTable { width: 1fr; padding: 0 1; }
    SessionsPane #right { width: 40%; max-width: 56; }
    SessionsPane #right.alone { width: 1fr; max-width: 100%; }
    SessionsPane SessionPanel { height: 1fr; }
    SessionsPane TransferMap { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: SessionRows | None = None
        self._built: tuple[object, ...] = ()
        self._filtered: tuple[object, Query] = (None, Query())
        self._at: Place | None = None
        """The session under the cursor."""
        self._marked = Marked()
        self._transfer = False
        self._transfer_rows: int | str = ""
        self._asked: Place | None = None
        """The session whose deletion waits for a second press."""
        self._look: tuple[Palette, Glyphs] | None = None
        self._facts: Facts | None = None
        self._listed: SessionSummary | None = None
        """The session whose files were asked for last."""

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            with Vertical(id="table"):
                yield QueryBar(HINT)
                yield Table()
            yield Static(id="line")
            yield ComparedCurves(id="curves")
            with Horizontal(id="numbers"):
                yield MetricBars()
                yield SettingsTable()
        with Vertical(id="right"):
            yield SessionPanel()
            yield TransferMap()

    def pages(self) -> Pages:
        return pages(self.room.width, self.room.height, self._marked.enough)

    def nothing_else(self) -> str:
        return MARK_MORE

    def show_regions(self) -> None:
        regions = set(self.regions)
        left = regions & {"table", "line", "curves", "numbers"}
        right = regions & {"detail", "transfer"}
        self.query_one("#left").display = bool(left)
        for name in ("table", "line", "curves", "numbers"):
            self.query_one(f"#{name}").display = name in regions
        # beside a comparison the table is as long as its rows, but not longer than a third
        rows = 2 + (len(self._rows) if self._rows is not None else 0)
        crowded = "curves" in regions and "table" in regions
        high = min(rows, self.room.height // 3) if crowded else "1fr"
        self.query_one("#table").styles.height = high
        self.query_one("#numbers").set_class(self.room.width < NARROW, "narrow")
        side = self.query_one("#right")
        side.display = bool(right)
        side.set_class(not left, "alone")
        panel = self.query_one(SessionPanel)
        panel.display = "detail" in regions
        panel.set_chosen(self.acting == "detail")
        self.query_one(Table).set_active(self.acting == TABLE)
        tested = self.query_one(TransferMap)
        tested.display = "transfer" in regions
        tested.set_class(right == {"transfer"}, "alone")

    # Drawing

    def show(self, view: View) -> None:
        first, self.view = self.view is None, view
        if first:
            self.show_regions()
        self._set_look(view)
        self.fill(view)
        regions = self.regions
        self._show_detail(view)
        found, why = self._marked.found_in(view.comparison), self._marked.why_none()
        if "curves" in regions:
            compared = self.query_one(ComparedCurves)
            compared.show_found(found, view.timeline, why, self.room)
        if "numbers" in regions:
            self.query_one(MetricBars).set_comparison(found, why)
            self.query_one(SettingsTable).set_comparison(found)
        if "transfer" in regions:
            tested = self.query_one(TransferMap)
            tested.set_comparison(found, self._why_no_transfer())
            self._fit_transfer(tested)

    def _fit_transfer(self, tested: TransferMap) -> None:
        """Below another part the matrix is as high as it has to be, and at most half the tab."""
        rows: int | str = "1fr"
        if not tested.has_class("alone"):
            width = tested.content_size.width or RIGHT - 2
            rows = min(tested.rows(width) + 1, self.room.height // 2)
        if rows != self._transfer_rows:
            self._transfer_rows = rows
            tested.styles.height = rows

    def _set_look(self, view: View) -> None:
        look = (view.palette, view.glyphs)
        if look == self._look:
            return
        self._look = look
        self.query_one(Table).set_look(*look)
        self.query_one(ComparedCurves).set_look(*look)
        for kind in (MetricBars, SettingsTable, TransferMap):
            self.query_one(kind).set_look(*look)

    def fill(self, view: View) -> None:
        """Build the rows anew only where summaries, the open session or the colours changed."""
        table = self.query_one(Table)
        built = (view.summaries, view.data.place.path, view.palette, view.glyphs)
        if self._rows is None or built != self._built:
            self._built = built
            self._rows = SessionRows(
                view.summaries, view.data.place, view.now, view.palette, view.glyphs
            )
            if self._at is None or self._rows.row_of(self._at) is None:
                self._at = view.data.place
            marked = len(self._marked)
            self._marked.keep([summary.place for summary in self._rows.summaries])
            if marked != len(self._marked):
                self._choose()
        rows = self._rows
        if self._filtered != (rows, self.query_now):
            self._filtered = (rows, self.query_now)
            shown = rows.matching(self.query_now)
            rows.flat = table.sort != Sort() or shown is not None
            why = "No session passes; escape clears the query." if len(rows) else "Reading ..."
            table.set_rows(rows, shown, why)
        found = (rows.row_of(place) for place in self._marked.places)
        table.set_marked(frozenset(row for row in found if row is not None))
        table.set_selected(rows.row_of(self._at) if self._at is not None else None)
        self._say(view, rows)

    def _say(self, view: View, rows: SessionRows) -> None:
        bar = self.query_one(QueryBar)
        if self.wrong:
            bar.say(self.wrong, True, view.palette)
            return
        total, shown = len(rows), len(self.query_one(Table).order)
        many = "session" if total == 1 else "sessions"
        parts = [f"{count(total)} {many}" if shown == total else f"{shown} of {total} {many}"]
        if self.query_now and not bar.has_class("typing"):
            parts.append(f"query {self.query_now.text}")
        if self._marked:
            parts.append(f"{len(self._marked)} marked")
        if rows.running:
            parts.append(f"{rows.running} running")
        if view.load is not None:
            parts.append(str(view.load))
        bar.say("   ".join(parts), False, view.palette)

    def _summary(self) -> SessionSummary | None:
        """The session under the cursor."""
        if self._rows is None or self._at is None:
            return None
        row = self._rows.row_of(self._at)
        return None if row is None else self._rows.summaries[row]

    def _show_detail(self, view: View) -> None:
        summary = self._summary()
        line = self.query_one("#line", Static)
        panel = self.query_one(SessionPanel)
        self._facts = facts = facts_of(view, summary) if summary is not None else None
        if summary is None or facts is None:
            panel.show_facts(None, view.palette, view.glyphs)
            line.update("")
            return
        if "detail" in self.regions:
            if self._listed is not summary:  # another one, or its files changed
                self._listed = summary
                self.post_message(self.FilesWanted(summary.place))
            panel.show_facts(facts, view.palette, view.glyphs)
        if line.display:
            known = facts.commands
            command = known.resume or known.fork or known.why_not
            line.update(Text(command, style(view.palette.text)), layout=False)

    # Comparison

    def _why_no_transfer(self) -> str:
        if not self._transfer:
            return "Transfer matrix: press t to test the weights of each in the world of each."
        return "Testing the weights of each in the world of each ..."

    def _choose(self) -> None:
        """Tell the store what is marked, and make room for the comparison or take it back."""
        places = self._marked.places if self._marked.enough else ()
        self.post_message(
            self.SideBySide([(place, place.run) for place in places], transfer=self._transfer)
        )
        if self.acting not in self.regions:
            self.acting = TABLE
        self.show_regions()

    # Keys and mouse

    def awaits(self, action: str) -> bool:
        """Everything here is about rows: those of the first screen at least are read."""
        view = self.view
        known = 0 if self._rows is None else len(self._rows)
        return view is None or known < min(len(view.snapshot.places), max(self.room.height, 1))

    def under_cursor(self) -> Place | None:
        summary = self._summary()
        return None if summary is None else summary.place

    def columns(self) -> tuple[Column, ...]:
        return () if self._rows is None else self._rows.columns

    def natural_order(self, descending: bool) -> str:
        return "Forks below their parents" + (", newest first" if descending else "")

    def sorted_by(self, sort: Sort) -> None:
        if self._rows is not None:
            self._rows.flat = sort != Sort() or bool(self.query_now)

    def move_in(self, region: str, by: int) -> bool:
        return region == "detail" and self.query_one(SessionPanel).scroll_lines(by)

    def go(self, row: int) -> None:
        if self._rows is None or self.view is None:
            return
        self._at, self._asked = self._rows.summaries[row].place, None
        self.show(self.view)

    def do_mark(self) -> str | None:
        """Mark or unmark the session under the cursor, and go to the next."""
        summary, view = self._summary(), self.view
        if summary is None or view is None:
            return None
        refused = self._marked.toggle(summary.place)
        if refused:
            return refused
        self._choose()
        row = self.query_one(Table).neighbour(1)
        if row is not None:
            self.go(row)
        self.show(view)
        return str(self._marked)

    def do_transfer(self) -> str | None:
        """Compute the transfer matrix of what is marked."""
        if not self._marked.enough:
            return MARK_MORE
        self._transfer = not self._transfer
        self._choose()
        if self._transfer and "transfer" not in self.regions:
            self.turn_to("transfer")
        elif self.view is not None:
            self.show(self.view)
        return None if self._transfer else "No transfer matrix"

    def do_enter(self) -> str | None:
        """Open the session under the cursor; one that is open goes to its next run."""
        summary, view = self._summary(), self.view
        if summary is None or view is None:
            return None
        place, runs = summary.place, summary.place.runs
        if place.path != view.data.place.path:
            self.post_message(self.SessionPicked(place))
            return f"Opening {place.name}"
        if len(runs) < 2:
            return f"{place.name} is open already."
        at = runs.index(view.data.run) if view.data.run in runs else -1
        run = runs[(at + 1) % len(runs)]
        self.post_message(self.SessionPicked(place, run))
        return f"Opening run {run} of {place.name}"

    def do_delete(self) -> str | None:
        """Ask, and on the second press move the session to the trash."""
        summary = self._summary()
        if summary is None:
            return None
        place = summary.place
        if self._asked != place:
            self._asked = place
            return f"Press D again to move {place.path} to the trash of its root."
        self._asked = None
        self.post_message(self.TrashWanted(place))
        return f"Moving {place.name} to the trash ..."

    def back(self) -> bool:
        if self._asked is not None:
            self._asked = None
            return True
        if super().back():
            return True
        if self._marked and self.view is not None:
            self._marked.keep(())
            self._choose()
            self.show(self.view)
            return True
        return False

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if message.again:
            self.do_enter()
        else:
            self.go(message.row)

    def copyable(self) -> Sequence[tuple[str, str]]:
        return copyable(self._facts) if self._facts is not None else ()

    def exportable(self) -> str:
        if not self._marked.enough:
            return "sessions"
        return "transfer" if self._transfer and self.acting == "transfer" else "comparison"

    def export_of(self, request: Request) -> Request:
        """The sessions as the table shows them: those that pass the query, in its order."""
        if self._rows is None:
            return request
        order = self.query_one(Table).order.tolist()
        return replace(request, summaries=tuple(self._rows.summaries[row] for row in order))
