"""The one screen: header, tabs, the shown tab, scrubber and keys, all on one Timeline."""

import shlex
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from rich.style import Style
from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static

from tttui.draw.colours import style
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.draw.states import state_ink, state_mark
from tttui.export.files import default_directory
from tttui.export.request import Request
from tttui.keys import COMMANDS, TABS, Command
from tttui.model.ages import age_text
from tttui.model.query import of_statuses
from tttui.model.session import SessionData
from tttui.model.timeline import Timeline
from tttui.panes import make_pane
from tttui.panes.overview import marks_of
from tttui.panes.view import Pane, View
from tttui.screens.chooser import Choice, Chooser
from tttui.screens.export import SCREEN, ExportDialog, export_figure, export_screen
from tttui.screens.help import HelpScreen
from tttui.store import Snapshot, Store
from tttui.widgets.bars import KeyBar, TabBar, TopBar
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.timeview import TimeView

FRAME = 1 / 20
"""Time between two frames of the replay, in seconds."""

FRAME_ROWS = 4
"""Rows around a tab: header, tabs, scrubber, keys."""

NOTE_S = 5.0
"""How long a note replaces the keys, in seconds."""

LOG_SPREAD = 20.0
"""Errors that spread over more than this factor open on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class StartView:
    """Where the app opens: the options of its command line."""

    tab: str = "overview"
    t: int | None = None
    window: tuple[int, int] | None = None
    log: bool | None = None
    """None: logarithmic where the errors spread far."""
    follow: bool = False


class MainScreen(Screen[None]):
    """Owns the Timeline and the newest Snapshot, and hands both to what is on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            command.keys,
            command.action,
            command.label,
            show=command.footer,
            priority=True,
            id=command.action,
        )
        for command in COMMANDS
    ]
    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #body { height: 1fr; }
    MainScreen #nothing { height: 1fr; padding: 1 2; }
    """

    class Arrived(Message):
        """A new snapshot; a newer one in the queue replaces an older one."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MainScreen.Arrived)

    class Exported(Message):
        """A thread has written a file, or could not."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    def __init__(
        self,
        store: Store,
        start: StartView,
        palette: Palette,
        glyphs: Glyphs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.store = store
        self.palette, self.glyphs = palette, glyphs
        self._clock = clock
        self.timeline = Timeline()
        self.snapshot = Snapshot()
        self.shown: Snapshot | None = None
        """The snapshot that the shown tab has drawn."""
        self.tab = start.tab
        self._start: StartView | None = start
        self._log_chosen = start.log is not None
        self._yardsticks = False
        self._statuses: frozenset[str] | None = None
        self._inspecting = False
        self._copied = 0
        self._panes: dict[str, Pane] = {}
        self._marked: tuple[SessionData, frozenset[str] | None] | None = None
        """The data and the filter of the attempts that the scrubber shows."""
        self._player: Timer | None = None
        self._played_at = 0.0
        self._note_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield TabBar(self.tab)
        yield Container(id="body")
        yield Static("", id="nothing")
        yield Scrubber()
        yield KeyBar()

    def on_mount(self) -> None:
        self._top, self._tabs = self.query_one(TopBar), self.query_one(TabBar)
        self._scrubber, self._keybar = self.query_one(Scrubber), self.query_one(KeyBar)
        self._body, self._nothing = self.query_one("#body"), self.query_one("#nothing", Static)
        self._scrubber.set_look(self.palette, self.glyphs)
        self._body.display = False
        self._nothing.update("Looking for sessions ...")
        self.store.listen(self._deliver)

    def on_resize(self, event: events.Resize) -> None:
        for pane in self._panes.values():
            pane.fit(event.size.width, event.size.height - FRAME_ROWS)

    # New data

    def _deliver(self, snapshot: Snapshot) -> None:
        """Called in the store's thread."""
        self.post_message(self.Arrived(snapshot))

    def on_main_screen_arrived(self, message: Arrived) -> None:
        old, new = self.snapshot.data, message.snapshot.data
        if message.snapshot.note != self.snapshot.note:
            self.note(message.snapshot.note)
        self.snapshot = message.snapshot
        if new is not None:
            self._fit_timeline(old, new)
        self._show()

    def _fit_timeline(self, old: SessionData | None, new: SessionData) -> None:
        steps = new.steps
        if len(steps) == 0:
            return
        first, last = int(steps.t[0]), int(steps.t[-1])
        kept = self.timeline
        other = old is None or old.place != new.place or old.run != new.run
        if other or kept.empty or kept.first != first:
            self.timeline = replace(
                Timeline.over(first, last), log=kept.log, smooth=kept.smooth, speed=kept.speed
            )
            follows = new.status is not None and new.status.state == "running"
            if follows and (self._start is None or self._start.t is None):
                self.timeline = replace(self.timeline, follow=True)
        self.timeline = self.timeline.extended(last, horizon_of(new, self.timeline.horizon))
        if not self._log_chosen:
            self.timeline = replace(self.timeline, log=_spreads(new))
        self._apply_start(last)

    def _apply_start(self, last: int) -> None:
        """Move to where the command line asked for, as soon as these steps are there."""
        start = self._start
        if start is None:
            return
        timeline = self.timeline
        if start.log is not None:
            timeline = replace(timeline, log=start.log)
        if start.window is not None:
            timeline = timeline.show(*start.window)
        if start.t is not None:
            timeline = timeline.jump(start.t)
        if start.follow:
            timeline = replace(timeline.to_end(), follow=True)
        self.timeline = timeline
        loading = self.snapshot.data is not None and self.snapshot.data.loading
        reached = max(start.t or 0, start.window[1] if start.window else 0) <= last
        if reached or not loading:
            self._start = None

    # Drawing

    def _show(self) -> None:
        """Hand the newest state to everything on the screen."""
        data = self.snapshot.data
        self._body.display = data is not None
        self._nothing.display = data is None
        if data is None:
            self._nothing.update(self._why_nothing())
            self._top.show((), "", Style())
            self._show_keys()
            return
        self._show_header(data)
        if (data, self._statuses) != self._marked:
            self._marked = (data, self._statuses)
            self._scrubber.set_marks(marks_of(data, self._statuses))
        self._scrubber.set_timeline(self.timeline)
        pane = self._pane()
        if pane.is_mounted:
            pane.show(self._view(data))
            self.shown = self.snapshot
        self._show_keys()

    def _view(self, data: SessionData) -> View:
        return View(
            data,
            self.timeline,
            self.palette,
            self.glyphs,
            self.snapshot.trajectory,
            self.snapshot.yardsticks,
            self._yardsticks,
            self._inspecting,
            self._statuses,
            self.snapshot.summaries,
            age_text(data.meta.created_at, self._clock()),
            self.snapshot.parent,
            self.snapshot.other,
            comparison=self.snapshot.comparison,
            files=self.snapshot.files,
            files_of=self.snapshot.files_of,
            now=self._clock(),
        )

    def set_palette(self, palette: Palette) -> None:
        """Draw in the colours of another theme."""
        self.palette = palette
        if self.is_mounted:
            self._scrubber.set_look(palette, self.glyphs)
            self._show()

    def _why_nothing(self) -> str:
        if self.snapshot.error:
            return self.snapshot.error
        if not self.snapshot.scanned:
            return "Looking for sessions ..."
        if self.snapshot.places:
            return "Reading ..."
        where = ", ".join(str(path) for path in self.store.paths)
        return (
            f"No session found in {where}.\n\n"
            "tttui demo             make a real session and watch it learn\n"
            "tttui run --name NAME  run one with your settings\n"
            "tttui PATH             look into another directory\n\n"
            "This screen shows the first session as soon as it appears."
        )

    def _show_header(self, data: SessionData) -> None:
        meta, status = data.meta, data.status
        parts = [data.place.name if data.run is None else f"{data.place.name} / {data.run}"]
        if meta.env_mode:
            parts.append(meta.env_mode)
        if data.mu_now is not None:
            parts.append(f"mu {data.mu_now:.4g}")
        parts.append(f"{len(data.steps):,} steps".replace(",", " "))
        if data.place.layout != "native":
            parts.append(f"{data.place.layout} layout")
        if data.loading:
            state, look = "loading ...", Style(bold=True)
        elif status is None:
            state, look = "read-only", Style(dim=True)
        else:
            state = f"{state_mark(status.state, self.glyphs)} {status.detail or status.state}"
            if status.live and status.steps_total and status.t is not None:
                state += f"  {status.t}/{status.steps_total}"
                if status.steps_per_second:
                    state += f"  {status.steps_per_second:,.0f} steps/s".replace(",", " ")
            look = style(state_ink(status.state, self.palette), bold=True)
        self._top.show(tuple(parts), state, look)

    def _show_keys(self) -> None:
        shown = []
        for command in COMMANDS:
            if command.footer and self.tab in command.tabs and self._works(command):
                shown.append((command, self._label(command)))
        self._keybar.show(shown)

    def _works(self, command: Command) -> bool:
        if self.snapshot.data is None:
            return command.action in ("help", "quit") or command.group == "App"
        if command.action == "inspect":
            return self.timeline.selected is not None or len(self.snapshot.data.transactions) > 0
        return True

    def _label(self, command: Command) -> str:
        timeline = self.timeline
        match command.action:
            case "play" if timeline.playing:
                return f"pause x{timeline.speed:g}"
            case "follow" if timeline.follow:
                return "unfollow"
            case "log" if timeline.log:
                return "linear"
            case "smooth" if timeline.smooth:
                return "raw"
            case "inspect" if self._inspecting:
                return "close"
            case _:
                return command.label

    @property
    def shown_pane(self) -> Pane:
        """The pane of the shown tab."""
        return self._pane()

    def _pane(self) -> Pane:
        """The pane of the shown tab, made when it is first needed."""
        pane = self._panes.get(self.tab)
        if pane is None:
            pane = make_pane(self.tab)
            pane.fit(self.size.width, self.size.height - FRAME_ROWS)
            self._panes[self.tab] = pane
            self._body.mount(pane)
            self._want()
        for tab, other in self._panes.items():
            other.display = tab == self.tab
        return pane

    def move(self, timeline: Timeline) -> None:
        """Make `timeline` the one that all views share."""
        if timeline != self.timeline:
            self.timeline = timeline
            self._show()
        self._keep_playing()

    def _keep_playing(self) -> None:
        if self.timeline.playing and self._player is None:
            self._played_at = time.monotonic()
            self._player = self.set_interval(FRAME, self._play_on)
        elif not self.timeline.playing and self._player is not None:
            self._player.stop()
            self._player = None

    def _play_on(self) -> None:
        now = time.monotonic()
        elapsed, self._played_at = now - self._played_at, now
        self.move(self.timeline.played(elapsed))

    def note(self, text: str) -> None:
        """Say something at the bottom for a few seconds."""
        self._keybar.note(text)
        if self._note_timer is not None:
            self._note_timer.stop()
        self._note_timer = self.set_timer(NOTE_S, lambda: self._keybar.note(""))

    # What the mouse does in the views

    @on(TimeView.StepPicked)
    def _on_step_picked(self, message: TimeView.StepPicked) -> None:
        self.move(self.timeline.jump(message.t))

    @on(TimeView.RangePicked)
    def _on_range_picked(self, message: TimeView.RangePicked) -> None:
        self.move(self.timeline.show(message.t0, message.t1))

    @on(TimeView.Zoomed)
    def _on_zoomed(self, message: TimeView.Zoomed) -> None:
        self.move(self.timeline.zoom(message.factor, message.t))

    @on(TimeView.AttemptPicked)
    def _on_attempt_picked(self, message: TimeView.AttemptPicked) -> None:
        self._inspecting = True
        self.move(self.timeline.select(message.index, message.t))
        self._show()

    @on(TabBar.Selected)
    def _on_tab_selected(self, message: TabBar.Selected) -> None:
        self.action_show_tab(message.tab)

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys belong to a text field while one has the focus, and else to the shown tab."""
        if isinstance(self.focused, Input):
            return False
        written = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
        tabs = _TABS_OF.get(written)
        return tabs is None or self.tab in tabs

    def action_step(self, n: int) -> None:
        self.move(self.timeline.step(n))

    def action_chunk(self, n: int) -> None:
        data = self.snapshot.data
        chunk = data.meta.plasticity_cfg.get("chunk") if data else None
        size = chunk if isinstance(chunk, int) and chunk > 0 else 32
        self.move(self.timeline.step(n * size))

    def action_transaction(self, n: int) -> None:
        data = self.snapshot.data
        if data is None or not len(data.transactions):
            self.note("This run has no transactions.")
            return
        events, cursor = data.transactions, self.timeline.cursor
        shown = np.arange(len(events))
        if self._statuses is not None:
            shown = np.flatnonzero(of_statuses(events, self._statuses))
        selected = self.timeline.selected
        if selected is not None and events.t[selected] == cursor:
            after = int(np.searchsorted(shown, selected, "right"))
            at = after + n - 1 if n > 0 else int(np.searchsorted(shown, selected, "left")) + n
        elif n < 0:
            at = int(np.searchsorted(events.t[shown], cursor, "left")) + n
        else:
            at = int(np.searchsorted(events.t[shown], cursor, "right")) + n - 1
        if 0 <= at < len(shown):
            self._select(int(shown[at]))
        else:
            self.note("No earlier transaction." if n < 0 else "No later transaction.")

    def _select(self, index: int) -> None:
        data = self.snapshot.data
        if data is not None:
            self.move(self.timeline.select(index, int(data.transactions.t[index])))

    def action_first(self) -> None:
        self.move(self.timeline.to_start())

    def action_last(self) -> None:
        self.move(self.timeline.to_end())

    def action_play(self) -> None:
        self.move(self.timeline.toggle_play())

    def action_speed(self, by: int) -> None:
        self.move(self.timeline.faster() if by > 0 else self.timeline.slower())
        self.note(f"Replay speed x{self.timeline.speed:g}")

    def action_follow(self) -> None:
        self.move(self.timeline.toggle_follow())

    def action_zoom(self, by: int) -> None:
        timeline = self.timeline
        self.move(
            timeline.reset() if by == 0 else timeline.zoom_in() if by > 0 else timeline.zoom_out()
        )

    def action_log(self) -> None:
        self._log_chosen = True
        self.move(replace(self.timeline, log=not self.timeline.log))

    def action_smooth(self) -> None:
        self.move(replace(self.timeline, smooth=not self.timeline.smooth))

    def action_yardsticks(self) -> None:
        self._yardsticks = not self._yardsticks
        self._want()
        self._show()

    def action_filter(self) -> None:
        data = self.snapshot.data
        present = list(data.transactions.counts()) if data is not None else []
        if not present:
            self.note("This run has no transactions to filter.")
            return
        shown = next(iter(self._statuses)) if self._statuses else None
        at = present.index(shown) + 1 if shown in present else 0
        self._filter_by(frozenset({present[at]}) if at < len(present) else None)

    def _filter_by(self, statuses: frozenset[str] | None) -> None:
        self._statuses = statuses
        words = " and ".join(s.replace("_", " ") for s in sorted(statuses)) if statuses else "all"
        self.note(f"Transactions shown: {words}")
        self._show()

    @on(Pane.Ready)
    def _on_pane_ready(self) -> None:
        self._show()

    @on(Pane.StatusesPicked)
    def _on_statuses_picked(self, message: Pane.StatusesPicked) -> None:
        self._filter_by(message.statuses)

    @on(Pane.TransactionPicked)
    def _on_transaction_picked(self, message: Pane.TransactionPicked) -> None:
        self._inspecting = self._inspecting or message.inspect
        self._select(message.index)
        if message.inspect:
            self._show()

    @on(Pane.SessionPicked)
    def _on_session_picked(self, message: Pane.SessionPicked) -> None:
        self.store.open(message.place, message.run)

    @on(Pane.SideBySide)
    def _on_side_by_side(self, message: Pane.SideBySide) -> None:
        self.store.put_side_by_side(message.chosen, transfer=message.transfer)

    @on(Pane.FilesWanted)
    def _on_files_wanted(self, message: Pane.FilesWanted) -> None:
        self.store.list_files(message.place)

    @on(Pane.TrashWanted)
    def _on_trash_wanted(self, message: Pane.TrashWanted) -> None:
        self.store.trash(message.place)

    def action_pane(self, name: str) -> None:
        """A key of the shown tab."""
        do = getattr(self._pane(), f"do_{name}", None)
        said = do() if do is not None and self.snapshot.data is not None else None
        if said:
            self.note(said)

    def _want(self) -> None:
        """Have the store read what the shown tab needs."""
        pane = self._panes.get(self.tab)
        self.store.want(
            trajectory=pane is not None and pane.needs_trajectory,
            summaries=pane is not None and pane.needs_summaries,
            yardsticks=self._yardsticks and self.tab == "overview",
            relatives=pane is not None and pane.needs_relatives,
        )

    def action_inspect(self) -> None:
        data = self.snapshot.data
        if data is None or not len(data.transactions):
            self.note("This run has no transactions to inspect.")
            return
        self._inspecting = not self._inspecting
        if self._inspecting and self.timeline.selected is None:
            nearest = int(np.argmin(np.abs(data.transactions.t - self.timeline.cursor)))
            self._select(nearest)
        self._show()

    def action_back(self) -> None:
        if self.snapshot.data is not None and self._pane().back():
            return
        if self._inspecting:
            self._inspecting = False
            self._show()
        elif self.timeline.selected is not None:
            self.move(self.timeline.select(None))
        elif self.timeline.playing:
            self.move(self.timeline.toggle_play())

    def action_copy(self) -> None:
        found = list(self._pane().copyable()) if self.snapshot.data is not None else []
        if not found:
            self.note("Nothing to copy here.")
            return
        self._copied = self._copied + 1 if self._noted_copy() else 0
        what, text = found[self._copied % len(found)]
        self._copy(what, text)

    def _noted_copy(self) -> bool:
        """The note of the last copy still stands, so that the next press means the next thing."""
        return " copied: " in self._keybar.noted

    def _copy(self, what: str, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.note(f"{what} copied: {text}")

    def action_copy_link(self) -> None:
        data, timeline = self.snapshot.data, self.timeline
        if data is None:
            self.note("Nothing is open that a command could show again.")
            return
        path = data.place.path if data.run is None else data.place.path / "runs" / data.run
        words = ["tttui", str(path), "--tab", self.tab]
        if not timeline.empty:
            words += ["--t", str(timeline.cursor)]
            if not timeline.whole:
                words += ["--window", f"{timeline.t0}:{timeline.t1}"]
        words.append("--log" if timeline.log else "--linear")
        self._copy("Link", shlex.join(words))

    def action_export(self) -> None:
        """Ask for a format and write the focused figure or table, or the screen."""
        data, timeline = self.snapshot.data, self.timeline
        if data is None:
            self.note("There is no session to export from.")
            return
        directory = default_directory(self.snapshot.places, Path.cwd(), Path.home())
        request = Request(
            self._pane().exportable(),
            data,
            self.snapshot.trajectory,
            timeline.cursor,
            (timeline.t0, timeline.t1),
            timeline.log,
            self.snapshot.comparison,
        )

        def done(said: str) -> None:
            self.post_message(self.Exported(said))

        def chosen(format: str | None) -> None:
            if format == SCREEN:
                self.call_after_refresh(photographed)
            elif format is not None:
                self.note(f"Exporting {request.what} ...")
                export_figure(request, format, directory, done)

        def photographed() -> None:
            export_screen(self.app.export_screenshot(), data.place.name, directory, done)

        where = f"t {timeline.cursor}, window {timeline.t0} to {timeline.t1}"
        self.app.push_screen(ExportDialog(request.what, where, directory), chosen)

    def on_main_screen_exported(self, message: Exported) -> None:
        self.note(message.said)

    def action_open(self) -> None:
        places, data = self.snapshot.places, self.snapshot.data
        current = (data.place, data.run) if data is not None else None

        def opened(choice: Choice | None) -> None:
            if choice is not None and choice != current:
                self.store.open(*choice)

        self.app.push_screen(Chooser(places, current), opened)

    def action_compare(self) -> None:
        data = self.snapshot.data
        places = [p for p in self.snapshot.places if data is None or p.path != data.place.path]
        if not places:
            self.note("There is no other session here to compare with.")
            return

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self.store.compare(*choice)
                self.note(f"Comparing with {choice[0].name}")
                do = getattr(self._pane(), "do_compared", None)
                if do is not None:
                    do()

        self.app.push_screen(Chooser(places, None, "Compare with"), chosen)

    def action_tab(self, by: int) -> None:
        self.action_show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def action_show_tab(self, tab: str) -> None:
        if tab != self.tab:
            self.tab = tab
            self._tabs.show(tab)
            self._show()
            self._want()

    def action_redraw(self) -> None:
        self.app.redraw()  # type: ignore[attr-defined]

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(self.tab))

    def action_quit(self) -> None:
        self.app.exit()

    def system_commands(self) -> list[SystemCommand]:
        """Every command that works in this tab, for the command palette."""
        return [
            SystemCommand(command.help, f"key {command.shown_keys}", self._runner(command.action))
            for command in COMMANDS
            if self.tab in command.tabs
        ]

    def _runner(self, action: str) -> Callable[[], Coroutine[None, None, None]]:
        async def run() -> None:
            await self.run_action(action)

        return run


_TABS_OF: dict[str, set[str]] = {}
for _command in COMMANDS:
    _TABS_OF.setdefault(_command.action, set()).update(_command.tabs)


def horizon_of(data: SessionData, known: int) -> int:
    """The step up to which the axis of a live run reaches; `known` is what it reached so far.

    To the planned end or, where none is known, a quarter beyond what is there, taken anew only
    when the run gets there: an axis that moves at every step would redraw every column.
    """
    status, last = data.status, int(data.steps.t[-1])
    if status is None or not status.live:
        return -1
    if status.steps_total is not None and status.steps_total > last:
        return status.steps_total - 1
    return known if known > last else last + max(32, (last - int(data.steps.t[0])) // 4)


def _spreads(data: SessionData) -> bool:
    """The errors span so many decades that a linear axis would hide most of them."""
    errors = np.concatenate([data.steps.baseline[-2000:], data.steps.adaptive[-2000:]])
    errors = errors[np.isfinite(errors) & (errors > 0)]
    if len(errors) < 2:
        return False
    low, high = np.percentile(errors, [5, 95])
    return bool(high > LOG_SPREAD * low)
