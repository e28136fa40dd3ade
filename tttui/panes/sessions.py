"""Sessions: all that were found, how to go on with one, and several beside each other."""

import os
from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.envelope import Series
from tttui.draw.glyphs import Glyphs
from tttui.draw.numbers import count
from tttui.draw.palette import Palette
from tttui.draw.plot import Plot, Trace
from tttui.draw.smoothing import exponential
from tttui.model.arrays import Floats
from tttui.model.compare import Comparison, compatible, distinct_names
from tttui.model.query import Query, QueryError, parse
from tttui.model.session import Place, SessionSummary
from tttui.model.timeline import Timeline
from tttui.panes.sessionrows import COLUMNS, SESSION_WORDS, SessionRows
from tttui.panes.view import Pane, View
from tttui.widgets.chart import Chart
from tttui.widgets.querybar import QueryBar
from tttui.widgets.session_panel import Commands, Facts, SessionPanel, commands_of
from tttui.widgets.sidebyside import MetricBars, SettingsTable, TransferMap
from tttui.widgets.table import Sort, Table

WIDE, TALL = 170, 34
"""Columns and rows from which everything is shown at once."""

NARROW = 100
"""Columns below which the detail has no place beside the table."""

MOST = 12
"""Sessions that can be compared at once."""

SMOOTH_SPAN = 32
"""Span of the exponential average, in steps."""

HINT = "mu>0.1 state:completed demo"

MARK_MORE = "Mark two or more sessions with space to compare them."


def pages(width: int, height: int) -> tuple[frozenset[str], ...]:
    """The regions that are shown together, page by page, in a pane of width x height cells."""
    if width >= WIDE and height >= TALL:
        return (frozenset({"table", "detail", "curves", "numbers", "transfer"}),)
    compared = frozenset({"curves", "numbers"})
    if width >= NARROW:
        if height < 26:
            compared = frozenset({"curves"})
            return (
                frozenset({"table", "detail"}),
                compared,
                frozenset({"numbers"}),
                frozenset({"transfer"}),
            )
        return frozenset({"table", "detail"}), compared, frozenset({"transfer"})
    first = frozenset({"table", "line"} if height >= 8 else {"table"})
    singles = ("detail", "curves", "numbers", "transfer")
    return (first, *(frozenset({name}) for name in singles))


class SessionsPane(Pane):
    """The table as a tree, the session under its cursor, and the comparison of marked ones."""

    needs_summaries = True

    DEFAULT_CSS = """
    SessionsPane { layout: horizontal; height: 1fr; }
    SessionsPane #left { width: 1fr; }
    SessionsPane #table { height: 1fr; }
    SessionsPane #line { height: 2; padding: 0 1; }
    SessionsPane #curves { height: 2fr; }
    SessionsPane #curves Chart { height: 1fr; }
    SessionsPane #warnings { height: auto; max-height: 4; padding: 0 1; }
    SessionsPane #numbers { height: 2fr; }
    SessionsPane #numbers.narrow { layout: vertical; }
    SessionsPane MetricBars { width: 1fr; padding: 0 1; }
    SessionsPane SettingsTable { width: 1fr; padding: 0 1; }
    SessionsPane #right { width: 40%; max-width: 60; }
    SessionsPane #right.alone { width: 1fr; max-width: 100%; }
    SessionsPane SessionPanel { height: 1fr; border-left: solid $panel; }
    SessionsPane TransferMap { height: 12; padding: 0 1; }
    SessionsPane TransferMap.alone { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._rows: SessionRows | None = None
        self._built: tuple[object, ...] = ()
        self._filtered: tuple[object, Query] = (None, Query())
        self._page = 0
        self._query = Query()
        self._wrong = ""
        self._at: Place | None = None
        """The session under the cursor."""
        self._marked: dict[Place, None] = {}
        """In the order in which they were marked."""
        self._transfer = False
        self._asked: Place | None = None
        """The session whose deletion waits for a second press."""
        self._look: tuple[Palette, Glyphs] | None = None
        self._plotted: tuple[object, ...] = ()
        self._commands = Commands("", "")
        self._listed: SessionSummary | None = None
        """The session whose files were asked for last."""

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            with Vertical(id="table"):
                yield QueryBar(HINT)
                yield Table(natural=None)
            yield Static(id="line")
            with Vertical(id="curves"):
                yield Static(id="warnings")
                chart = Chart()
                chart.can_focus = False
                yield chart
            with Horizontal(id="numbers"):
                yield MetricBars()
                yield SettingsTable()
        with Vertical(id="right"):
            yield SessionPanel()
            yield TransferMap()

    def use_room(self) -> None:
        self._arrange()
        if self._view is not None:
            self.show(self._view)

    def _regions(self) -> frozenset[str]:
        known = pages(self.room.width, self.room.height)
        self._page %= len(known)
        return known[self._page]

    def _arrange(self) -> None:
        """Show the regions of the page."""
        regions = self._regions()
        left = regions & {"table", "line", "curves", "numbers"}
        right = regions & {"detail", "transfer"}
        self.query_one("#left").display = bool(left)
        for name in ("table", "line", "curves", "numbers"):
            self.query_one(f"#{name}").display = name in regions
        self.query_one("#numbers").set_class(self.room.width < NARROW, "narrow")
        side = self.query_one("#right")
        side.display = bool(right)
        side.set_class(not left, "alone")
        self.query_one(SessionPanel).display = "detail" in regions
        tested = self.query_one(TransferMap)
        tested.display = "transfer" in regions
        tested.set_class(right == {"transfer"}, "alone")

    # Drawing

    def show(self, view: View) -> None:
        first, self._view = self._view is None, view
        if first:
            self._arrange()
        self._set_look(view)
        self._show_rows(view)
        regions = self._regions()
        self._show_detail(view, regions)
        if "curves" in regions:
            self._show_curves(view)
        if "numbers" in regions:
            found = self._comparison(view)
            self.query_one(MetricBars).set_comparison(found, self._why_no_comparison())
            self.query_one(SettingsTable).set_comparison(found)
        if "transfer" in regions:
            tested = self.query_one(TransferMap)
            tested.set_comparison(self._comparison(view), self._why_no_transfer())

    def _set_look(self, view: View) -> None:
        look = (view.palette, view.glyphs)
        if look == self._look:
            return
        self._look, self._plotted = look, ()
        self.query_one(Table).set_look(*look)
        self.query_one(Chart).set_look(*look)
        for kind in (MetricBars, SettingsTable, TransferMap):
            self.query_one(kind).set_look(*look)

    def _show_rows(self, view: View) -> None:
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
            self._marked = {p: None for p in self._marked if self._rows.row_of(p) is not None}
        rows = self._rows
        if self._filtered != (rows, self._query):
            self._filtered = (rows, self._query)
            shown = rows.matching(self._query)
            rows.flat = table.sort != Sort() or shown is not None
            why = "No session passes; escape clears the query." if len(rows) else "Reading ..."
            table.set_rows(rows, shown, why)
        found = (rows.row_of(place) for place in self._marked)
        table.set_marked(frozenset(row for row in found if row is not None))
        table.set_selected(rows.row_of(self._at) if self._at is not None else None)
        self._say(view, rows)

    def _say(self, view: View, rows: SessionRows) -> None:
        bar = self.query_one(QueryBar)
        if self._wrong:
            bar.say(self._wrong, True, view.palette)
            return
        total, shown = len(rows), len(self.query_one(Table).order)
        many = "session" if total == 1 else "sessions"
        parts = [f"{count(total)} {many}" if shown == total else f"{shown} of {total} {many}"]
        if self._query and not bar.has_class("typing"):
            parts.append(f"query {self._query.text}")
        if self._marked:
            parts.append(f"{len(self._marked)} marked")
        if view.load is not None:
            parts.append(str(view.load))
        bar.say("   ".join(parts), False, view.palette)

    def _summary(self) -> SessionSummary | None:
        """The session under the cursor."""
        if self._rows is None or self._at is None:
            return None
        row = self._rows.row_of(self._at)
        return None if row is None else self._rows.summaries[row]

    def _show_detail(self, view: View, regions: frozenset[str]) -> None:
        summary = self._summary()
        line = self.query_one("#line", Static)
        if summary is None:
            self.query_one(SessionPanel).show(None, view.palette)
            line.update("")
            return
        opened = summary.place.path == view.data.place.path
        names = [s.place.name for s in view.summaries]
        at = view.timeline.cursor if opened and not view.timeline.at_end else None
        self._commands = commands_of(summary, at, names)
        if "detail" in regions:
            if self._listed is not summary:  # another one, or its files changed
                self._listed = summary
                self.post_message(self.FilesWanted(summary.place))
            self.query_one(SessionPanel).show(self._facts(view, summary), view.palette)
        if "line" in regions:
            command = self._commands.resume or self._commands.fork or self._commands.why_not
            line.update(Text(command, style(view.palette.text)), layout=False)

    def _facts(self, view: View, summary: SessionSummary) -> Facts:
        at = next(i for i, s in enumerate(view.summaries) if s is summary)
        same, based = compatible(view.summaries, at)
        files = view.files if view.files_of == summary.place else ()
        names = tuple(view.summaries[i].place.name for i in same)
        return Facts(summary, self._commands, names, len(based), files, view.now)

    # Comparison

    def _comparison(self, view: View) -> Comparison | None:
        """The comparison of what is marked; None while it is on its way."""
        found = view.comparison
        if found is None or len(self._marked) < 2:
            return None
        paths = [data.place.path for data in found.sessions]
        return found if paths == [place.path for place in self._marked] else None

    def _why_no_comparison(self) -> str:
        return MARK_MORE if len(self._marked) < 2 else "Reading the marked sessions ..."

    def _why_no_transfer(self) -> str:
        if len(self._marked) < 2:
            return "Transfer matrix: " + MARK_MORE
        if not self._transfer:
            return "Transfer matrix: press t to test the weights of each in the world of each."
        return "Testing the weights of each in the world of each ..."

    def _show_curves(self, view: View) -> None:
        chart, found = self.query_one(Chart), self._comparison(view)
        warnings = self.query_one("#warnings", Static)
        if self._plotted != (found, view.timeline.smooth, self._why_no_comparison()):
            self._plotted = (found, view.timeline.smooth, self._why_no_comparison())
            chart.set_plot(curves(found, view.timeline.smooth, self._why_no_comparison()))
            text = Text()
            for warning in found.warnings if found is not None else ():
                text.append("! ", style(view.palette.warn, bold=True))
                text.append(f"{warning}\n", style(view.palette.warn))
            text.rstrip()
            warnings.display = bool(text)
            warnings.update(text)
        chart.set_timeline(window_of(found, view.timeline))

    def _choose(self) -> str:
        """Tell the store what is marked."""
        chosen = [(place, place.run) for place in self._marked] if len(self._marked) > 1 else []
        self.post_message(self.SideBySide(chosen, transfer=self._transfer))
        names = distinct_names(list(self._marked), [place.run for place in self._marked])
        return f"Marked: {', '.join(names)}" if names else "Nothing is marked."

    # Keys and mouse

    def under_cursor(self) -> Place | None:
        summary = self._summary()
        return None if summary is None else summary.place

    def do_up(self) -> None:
        self._move(-1)

    def do_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        row = self.query_one(Table).neighbour(by)
        if row is not None:
            self._go(row)

    def _go(self, row: int) -> None:
        if self._rows is None or self._view is None:
            return
        self._at, self._asked = self._rows.summaries[row].place, None
        self.show(self._view)

    def do_mark(self) -> str | None:
        """Mark or unmark the session under the cursor, and go to the next."""
        summary, view = self._summary(), self._view
        if summary is None or view is None:
            return None
        place = summary.place
        if place in self._marked:
            del self._marked[place]
        elif place.base_only:
            return f"{place.name} holds only a base; there is nothing to compare."
        elif len(self._marked) >= MOST:
            return f"At most {MOST} sessions can be compared at once."
        else:
            self._marked[place] = None
        said = self._choose()
        self._move(1)
        self.show(view)
        return said

    def do_transfer(self) -> str | None:
        """Compute the transfer matrix of what is marked."""
        if len(self._marked) < 2:
            return MARK_MORE
        self._transfer = not self._transfer
        self._choose()
        known = pages(self.room.width, self.room.height)
        if self._transfer and "transfer" not in self._regions():
            self._page = next(i for i, page in enumerate(known) if "transfer" in page)
            self._arrange()
        if self._view is not None:
            self.show(self._view)
        return None if self._transfer else "No transfer matrix"

    def do_enter(self) -> str | None:
        """Open the session under the cursor; one that is open goes to its next run."""
        summary, view = self._summary(), self._view
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
        sort = self.query_one(Table).sort
        return self._set_sort(Sort(sort.key, not sort.descending))

    def _sort_by(self, by: int) -> str:
        table = self.query_one(Table)
        keys = [None, *(column.key for column, _ in table.columns())]
        at = keys.index(table.sort.key) if table.sort.key in keys else 0
        key = keys[(at + by) % len(keys)]
        return self._set_sort(Sort(key, descending=key not in (None, "name", "state", "mode")))

    def _set_sort(self, sort: Sort) -> str:
        table = self.query_one(Table)
        if self._rows is not None:
            self._rows.flat = sort != Sort() or bool(self._query)
        table.set_sort(sort)
        title = next((c.title for c in COLUMNS if c.key == sort.key), "")
        if not title:
            return "Forks below their parents" + (", newest first" if sort.descending else "")
        text = sort.key in ("name", "state", "mode")
        first = ("last letter", "first letter") if text else ("largest", "smallest")
        return f"Sorted by {title}, {first[0] if sort.descending else first[1]} first"

    def do_query(self) -> None:
        """Type a query."""
        if "table" not in self._regions():
            self._page = 0
            self._arrange()
        self.query_one(QueryBar).type()

    def back(self) -> bool:
        if self._asked is not None:
            self._asked = None
            return True
        bar = self.query_one(QueryBar)
        if bar.text:
            bar.clear()
            return True
        if self._marked and self._view is not None:
            self._marked.clear()
            self._choose()
            self.show(self._view)
            return True
        return False

    @on(Table.SortPicked)
    def _on_sort_picked(self, message: Table.SortPicked) -> None:
        message.stop()
        sort = message.table.sort
        turned = message.key == sort.key and not sort.descending
        self._set_sort(Sort(message.key, turned))

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if message.again:
            self.do_enter()
        else:
            self._go(message.row)

    @on(QueryBar.Changed)
    def _on_query_changed(self, message: QueryBar.Changed) -> None:
        """What cannot be understood is said, and the query before it stays."""
        message.stop()
        try:
            self._query, self._wrong = parse(message.text, SESSION_WORDS), ""
        except QueryError as error:
            self._wrong = str(error)
        if self._view is not None:
            self._show_rows(self._view)

    def copyable(self) -> Sequence[tuple[str, str]]:
        summary = self._summary()
        if summary is None:
            return ()
        things = [
            ("Resume command", self._commands.resume),
            ("Fork command", self._commands.fork),
            ("Path", os.path.abspath(summary.place.path)),
            ("Model signature", summary.meta.model_signature),
            ("Base hash", summary.meta.base_ckpt_hash),
        ]
        return [(what, text) for what, text in things if text]

    def exportable(self) -> str:
        return "comparison"


def curves(found: Comparison | None, smooth: bool, message: str) -> Plot:
    """The adaptive errors of all sessions over one axis, and the frozen ones that differ."""
    if found is None:
        return Plot(title="MSE of the marked sessions", message=message)
    adaptive, frozen = list[Trace](), list[Trace]()
    seen: list[Floats] = []
    for i, (data, name) in enumerate(zip(found.sessions, found.names, strict=True)):
        steps = data.steps
        if not any(_equal(steps.baseline, other) for other in seen):
            seen.append(steps.baseline)
            label = f"frozen {i + 1}" if len(found.sessions) > 1 else "frozen"
            frozen.append(_trace(label, steps.t, steps.baseline, "baseline", smooth))
        adaptive.append(_trace(f"{i + 1} {name}", steps.t, steps.adaptive, i, smooth))
    return Plot(
        title="MSE",
        traces=(*frozen, *adaptive),
        note=f"exponential average, span {SMOOTH_SPAN}" if smooth else "",
        message="no steps recorded yet",
    )


def _trace(name: str, t: np.ndarray, y: Floats, role: object, smooth: bool) -> Trace:
    values = exponential(y, SMOOTH_SPAN) if smooth else y
    return Trace(name, Series(t, values), role, heavy=isinstance(role, int))  # type: ignore[arg-type]


def _equal(a: Floats, b: Floats) -> bool:
    return a is b or (len(a) == len(b) and np.array_equal(a, b, equal_nan=True))


def window_of(found: Comparison | None, shared: Timeline) -> Timeline:
    """The shared timeline, its axis wide enough for all sessions while it shows a whole run."""
    known = [data.steps.t for data in found.sessions if len(data.steps)] if found else []
    if not known:
        return shared
    first, last = min(int(t[0]) for t in known), max(int(t[-1]) for t in known)
    whole = Timeline.over(first, last)
    window = whole if shared.whole else whole.show(shared.t0, shared.t1)
    log, smooth = shared.log, shared.smooth
    moved = window if shared.empty else window.jump(min(max(shared.cursor, window.t0), window.t1))
    return Timeline(first, last, moved.cursor, moved.t0, moved.t1, log=log, smooth=smooth)
