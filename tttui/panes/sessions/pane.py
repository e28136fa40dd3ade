"""Sessions: all that were found, how to go on with one, and several beside each other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer

from tttui.export.request import ExportRequest
from tttui.keys import COMMANDS, key_for
from tttui.keys.command import Command
from tttui.model.query import Query
from tttui.model.session import Place, SessionData, SessionSummary
from tttui.model.verdict import verdict
from tttui.panes.listing import TABLE, ListPane
from tttui.panes.regions import Pages
from tttui.panes.sessions.compared import MARK_MORE, ComparedSessions, Marked
from tttui.panes.sessions.facts import HINT, copyable, facts_of, run_after, table_summary
from tttui.panes.sessions.layout import CSS, WORDS, PaneLayout, containers, hidden, layout
from tttui.panes.sessions.preview import SessionPreview, verdict_of
from tttui.panes.sessions.rows import COLUMNS, SESSION_WORDS, SessionRows
from tttui.panes.view import View
from tttui.widgets.querybar import QueryBar
from tttui.widgets.session_panel import PanelFacts, SessionPanel
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Sort, TableColumn
from tttui.widgets.verdict import VerdictLine

REST_S = 0.08
"""Seconds for which the cursor has to rest before the session under it is read: it moves through
a thousand of them without reading any, and is drawn before anything is read."""


class SessionsPane(ListPane):
    """The table as a tree, the session under its cursor in brief, and marked ones compared."""

    needs = frozenset({"summaries", "load", "comparison", "files", "preview"})
    words = SESSION_WORDS
    keyed = frozenset({"table", "detail"})
    region_names = tuple(WORDS)
    sorts = ("tree", *(column.key for column in COLUMNS))

    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self._rows: SessionRows | None = None
        self._built: tuple[object, ...] = ()
        self._filtered: tuple[object, Query] = (None, Query())
        self._at: Place | None = None
        """The session under the cursor."""
        self._marked = Marked()
        self._transfer = False
        self._deleting: Place | None = None
        """The session whose deletion waits for a second press."""
        self._facts: PanelFacts | None = None
        self._listed: SessionSummary | None = None
        """The session whose files were asked for last; it is another one when they changed."""
        self._read: Place | None = None
        """The session that was asked for last to be read in brief."""
        self._torn: frozenset[Path] = frozenset()
        """Sessions whose damage only their preview shows."""
        self._resting: Timer | None = None
        """Runs until the cursor has rested for long enough."""
        self._opened: Place | None = None
        """The open session."""
        self._laid_out: PaneLayout | None = None
        """How the regions are put together on the screen."""
        self._opening: Place | None = None
        """The session that was opened from here."""

    def compose(self) -> ComposeResult:
        yield QueryBar(HINT)
        with Container(id="upper"):
            yield Table()
            yield VerdictLine(rows=2, fixed=True, id="line")
            with Container(id="one"):
                yield SessionPreview()
                yield SessionPanel()
        yield ComparedSessions(id="several")

    @property
    def _layout(self) -> PaneLayout:
        sessions = len(self.view.snapshot.places) if self.view is not None else 0
        compared = len(self._marked) if self._marked.enough else 0
        transfer = self._transfer and compared > 0
        return layout(*self.room, sessions, compared=compared, transfer=transfer)

    def pages(self) -> Pages:
        return self._layout.pages

    def nothing_else(self) -> str:
        return MARK_MORE

    def show_regions(self) -> None:
        layout, regions = self._layout, set(self.regions)
        self._laid_out = layout
        shown = containers(regions)
        for name, is_shown in shown.items():
            self.query_one(name).display = is_shown
        for kind, name in ((Table, "table"), (SessionPreview, "preview"), (SessionPanel, "detail")):
            self.query_one(kind).display = name in regions
        self.query_one(ComparedSessions).show_regions(regions, self.room)
        self.set_class(layout.beside and "table" in regions, "beside")
        self.set_class({"preview", "detail"} <= regions, "paired")
        height = layout.table_rows if "table" in regions and layout.table_rows else "1fr"
        self.query_one(Table).styles.height = (
            height if shown["#several"] or shown["#one"] else "1fr"
        )
        self.query_one("#upper").styles.height = height if shown["#several"] else "1fr"
        self.query_one(Table).set_active(self.acting == TABLE)
        self.query_one(SessionPanel).set_chosen(self.acting == "detail")

    # Drawing

    def show(self, view: View) -> None:
        self.view = view
        if self._layout != self._laid_out:
            self.show_regions()
        self._follow(view)
        self.fill(view)
        self._show_one(view)
        comparison, why = self._marked.matching(view.comparison), self._marked.why_none()
        several = self.query_one(ComparedSessions)
        several.show_comparison(comparison, view.timeline, why, self.room, self.regions)

    def _follow(self, view: View) -> None:
        """The cursor goes to a session that was opened elsewhere, such as one just started."""
        opened = view.data.place
        if self._opened is not None and self._opened.path != opened.path:
            if self._opening is None or self._opening.path != opened.path:
                self._at = opened
            self._opening = None
        self._opened = opened

    def fill(self, view: View) -> None:
        """Build the rows anew only where summaries, the open session or the colours changed."""
        table = self.query_one(Table)
        built = (view.summaries, view.data.place.path, view.look, self._torn)
        if self._rows is None or built != self._built:
            self._built = built
            self._rows = SessionRows(
                view.summaries, view.data.place, view.now, view.look, self._torn
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
        rows_marked = (rows.row_of(place) for place in self._marked.places)
        table.set_marked(frozenset(row for row in rows_marked if row is not None))
        table.set_selected(rows.row_of(self._at) if self._at is not None else None)
        self._say(view, rows)

    def _say(self, view: View, rows: SessionRows) -> None:
        bar = self.query_one(QueryBar)
        if self.tell_typed(bar, view.palette):
            return
        parts = table_summary(
            rows,
            len(self.query_one(Table).order),
            Query() if bar.has_class("typing") else self.query_now,
            self._marked,
            hidden(self.pages(), self.regions),
            transfer=self._marked.enough and not self._transfer and not self._no_transfer(),
        )
        parts += [] if view.load is None else [str(view.load)]
        bar.say("   ".join(parts), False, view.palette)

    def _summary(self) -> SessionSummary | None:
        """The session under the cursor."""
        if self._rows is None or self._at is None:
            return None
        row = self._rows.row_of(self._at)
        return None if row is None else self._rows.summaries[row]

    def _show_one(self, view: View) -> None:
        """The session under the cursor, in each of the shown regions."""
        summary, regions = self._summary(), self.regions
        names = self._rows.names if self._rows is not None else frozenset[str]()
        self._facts = facts = facts_of(view, summary, names) if summary is not None else None
        panel = self.query_one(SessionPanel)
        if summary is None or facts is None:
            panel.show_facts(None)
        elif "detail" in regions:
            if self._listed is not summary and not self._hurries:
                self._listed = summary
                self.post_message(self.FilesWanted(summary.place))
            panel.show_facts(facts)
        data = self._known(view, summary)
        if data is not None and not data.loading:
            self._mark_torn(data)
        if "preview" in regions:
            self.query_one(SessionPreview).show(view, summary, data)
        if "line" in regions:
            verdict_shown = verdict_of(summary) if data is None else verdict(data)
            self.query_one("#line", VerdictLine).show(
                verdict_shown, view.palette, view.glyphs.ellipsis
            )

    def _mark_torn(self, data: SessionData) -> None:
        """Have the mark of damage that was found by reading all of a session in its row."""
        path = data.place.path
        torn = self._torn | {path} if data.damage else self._torn - {path}
        if torn != self._torn:
            self._torn = torn
            self.post_message(self.Ready())

    def _known(self, view: View, summary: SessionSummary | None) -> SessionData | None:
        """The data of the session under the cursor; requests it if it is not read yet."""
        if summary is None:
            return None
        place, read = summary.place, view.preview
        if place.path == view.data.place.path:
            return view.data
        if place != self._read and not self._hurries:
            self._read = place
            self.post_message(self.PreviewWanted(place))
        return read.data if read.of == place else None

    @property
    def _hurries(self) -> bool:
        """Whether the cursor is still moving."""
        return self._resting is not None

    @property
    def settled(self) -> bool:
        """The session under the cursor is on the screen."""
        view, summary = self.view, self._summary()
        if view is None or summary is None or self._hurries:
            return view is not None and not view.snapshot.places
        data = self._known(view, summary)
        arranged = "preview" not in self.regions or self.query_one(SessionPreview).arranged
        return data is not None and not data.loading and arranged

    # Comparison

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

    def columns(self) -> tuple[TableColumn, ...]:
        return COLUMNS if self._rows is None else self._rows.columns

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
        self._at, self._deleting = self._rows.summaries[row].place, None
        self._hurry()
        self.show(self.view)

    def _hurry(self) -> None:
        """Wait with reading until the cursor rests."""
        if self._resting is None:
            self._resting = self.set_timer(REST_S, self._rest)
        else:
            self._resting.reset()

    def _rest(self) -> None:
        """The cursor has come to rest."""
        self._resting = None
        if self.view is not None:
            self.show(self.view)

    def do_mark(self) -> str | None:
        """Mark or unmark the session under the cursor, and go to the next."""
        summary, view = self._summary(), self.view
        if summary is None or view is None:
            return None
        if refused := self._marked.toggle(summary.place):
            return refused
        self._choose()
        if (row := self.query_one(Table).neighbour(1)) is not None:
            self.go(row)
        self.show(view)
        return str(self._marked)

    def do_transfer(self) -> str | None:
        """Compute the transfer matrix of what is marked."""
        if not self._marked.enough:
            return MARK_MORE
        if not self._transfer and (refused := self._no_transfer()):
            return refused
        self._transfer = not self._transfer
        self._choose()
        if self._transfer and "transfer" not in self.regions:
            self.turn_to("transfer")
        elif self.view is not None:
            self.show(self.view)
        return None if self._transfer else "No transfer matrix"

    def _no_transfer(self) -> str:
        """Why what is marked has no transfer matrix; '' where it has one."""
        return self._marked.no_transfer(self._rows.summaries if self._rows is not None else ())

    def do_enter(self) -> str | None:
        """Open the session under the cursor; one that is open goes to its next run."""
        summary, view = self._summary(), self.view
        if summary is None or view is None:
            return None
        place = summary.place
        if place.path != view.data.place.path:
            self._opening = place
            self.post_message(self.SessionPicked(place))
            return f"Opening {place.name}"
        run = run_after(place, view.data.run)
        if run is None:
            commands: Sequence[Command] = getattr(self.screen, "commands", COMMANDS)
            key = key_for(commands, "show_tab('overview')")
            return f"{place.name} is open already; {key} shows it."
        self.post_message(self.SessionPicked(place, run))
        return f"Opening run {run} of {place.name}"

    def do_delete(self) -> str | None:
        """Ask, and on the second press move the session to the trash."""
        place = self.under_cursor()
        if place is None:
            return None
        if self._deleting != place:
            self._deleting = place
            return f"Press D again to move {place.path} to the trash of its root."
        self._deleting = None
        self.post_message(self.TrashWanted(place))
        return f"Moving {place.name} to the trash ..."

    def back(self) -> bool:
        if self._deleting is not None:
            self._deleting = None
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

    def export_of(self, request: ExportRequest) -> ExportRequest:
        """The sessions as the table shows them: those that pass the query, in its order."""
        if self._rows is None:
            return request
        order = self.query_one(Table).order.tolist()
        return replace(request, summaries=tuple(self._rows.summaries[row] for row in order))
