"""The one screen: header, tabs, the shown tab, scrubber and keys, all on one Timeline."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.style import Style
from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tttui.artifacts.logfile import LogTail
from tttui.draw.cells import fit
from tttui.draw.changes import NO_CHANGES, Changes
from tttui.draw.colours import style
from tttui.draw.look import Look
from tttui.draw.numbers import count
from tttui.draw.palette import Palette
from tttui.draw.states import state_ink, state_mark
from tttui.draw.text import Text, lines
from tttui.keys import COMMANDS, TABS, Command
from tttui.model.session import Place, SessionData
from tttui.model.timeline import Timeline
from tttui.model.transactions import STATUSES
from tttui.panes import DEFAULT_TAB, pane_class, pane_of, prepare
from tttui.panes.losses import marks_of
from tttui.panes.view import Pane, View
from tttui.saved_views import Remembered
from tttui.screens.chooser import Choice, Chooser
from tttui.screens.help import HelpScreen
from tttui.screens.opening import StartView, horizon_of, opened, spreads_far
from tttui.screens.run_control import DrivingScreen
from tttui.screens.whatif_control import WhatIfControl
from tttui.store import Snapshot, Store
from tttui.store.snapshot import LOG, SERIES, YARDSTICKS
from tttui.toolkit import bind
from tttui.widgets.bars import KeyBar, TabBar, TopBar
from tttui.widgets.failures import FailureLine
from tttui.widgets.knobstrip import KnobStrip
from tttui.widgets.logpanel import LogPanel
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.timeview import TimeView

if TYPE_CHECKING:
    from tttui.runs.whatif.result import WhatIfResult

LOG_COMMANDS = ("log_search", "log_level", "log_scroll(-1)", "log_scroll(1)")
"""Commands that work while the log is shown."""

KNOBS_FIRST = {"What if": 0, "App": 2}
"""The order of groups in the footer while knobs are turned; all others stand between."""

GIVEN_UP = tuple(f"pane('{name}')" for name in ("query", "search", "page_up", "page_down"))
"""Commands whose keys are those of the log meanwhile."""

REASON = 60
"""Cells that the reason of a failure may take in the header where it does not fit whole."""

FRAME_ROWS = 4
"""Rows around a tab: header, tabs, scrubber, keys."""


class MainScreen(DrivingScreen):
    """Hands the newest Snapshot and the Timeline to what is on the screen, and runs the keys."""

    AUTO_FOCUS = ""  # keys are commands until somebody asks for a text field
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

    class WhatIfArrived(Message):
        """A what-if has a new result; a newer one in the queue replaces an older one."""

        def __init__(self, result: "WhatIfResult") -> None:
            super().__init__()
            self.result = result

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MainScreen.WhatIfArrived)

    class Settled(Message):
        """Something has come that keys may wait for: a session, or a tab that shows it."""

    def __init__(
        self,
        store: Store,
        start: StartView,
        look: Look,
        clock: Callable[[], float] = time.time,
        commands: Sequence[Command] = COMMANDS,
        remembered: Remembered | None = None,
    ) -> None:
        super().__init__(start.tab or DEFAULT_TAB, store)
        self._remembered = remembered
        self._first_session = True
        """No session was opened yet."""
        self._tab_chosen = False
        """Somebody went to another tab."""
        self.commands = commands
        self._tabs_of: dict[str, set[str]] = {}
        self._commands_of: dict[str, list[Command]] = {}
        """The commands of a key, in all tabs."""
        bind(self, [Binding(c.keys, c.action, c.label, priority=True) for c in commands])
        for command in commands:
            self._tabs_of.setdefault(command.action, set()).update(command.tabs)
            for key in command.keys.split(","):
                self._commands_of.setdefault(key, []).append(command)
        self._plain_look = look
        self._look = look
        """The same, with what the statuses of the open session need."""
        self._own_statuses: tuple[str, ...] = ()
        self._clock = clock
        self._log = LogPanel({command.action: command.shown_key for command in commands})
        """Mounted when it is first wanted."""
        self._log.display = False
        self.what_if = WhatIfControl(self._deliver_whatif)
        self._strip = KnobStrip()
        """Mounted when it is first wanted."""
        self._strip.display = False
        turning = [c for c in commands if c.group == "What if" and c.action != "whatif"]
        taken = {key for c in turning for key in c.keys.split(",")}
        self._of_knobs = frozenset(c.action for c in turning)
        """Commands that work while knobs are turned."""
        self._given_to_knobs = frozenset(
            c.action for c in commands if c not in turning and taken & set(c.keys.split(","))
        )
        """Commands whose keys turn knobs meanwhile."""
        self.shown: Snapshot | None = None
        """The snapshot that the shown tab has drawn."""
        self._given = start != StartView()
        """The command line named a view: what is remembered is not asked for."""
        self._start: StartView | None = None
        """A view whose steps have yet to be there."""
        self._yardsticks = False
        self._panes: dict[str, Pane] = {}
        """By their names, which `pane_of` gives."""
        self._wanted = "", False
        """The pane that the store was last told the needs of, and whether for another task."""
        self._look_like(start)
        self._drawn: Pane | None = None
        """The tab that has drawn the open session last."""
        self._opens = 0
        """How many sessions the store will have opened when the one that was chosen is there."""
        self.hovered: int | None = None
        """The step under the mouse, marked in every view with a time axis."""
        self._pointed: TimeView | None = None
        """The view that the mouse was last seen over."""
        self._changes = NO_CHANGES
        self._changes_shown: tuple[tuple[tuple[int, str], ...], Pane | None] = ((), None)
        """The changes of the run as data, and the tab that was told of them."""
        self._marked: tuple[SessionData, frozenset[str] | None] | None = None
        """The data and the filter of the transactions that the scrubber shows."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield TabBar(self.tab)
        yield Container(id="body")
        yield Static("", id="nothing")
        yield FailureLine()
        yield Scrubber()
        yield KeyBar()

    def on_mount(self) -> None:
        self._top, self._tabs = self.query_one(TopBar), self.query_one(TabBar)
        self._scrubber, self._keybar = self.query_one(Scrubber), self.query_one(KeyBar)
        self._failures = self.query_one(FailureLine)
        self._body, self._nothing = self.query_one("#body"), self.query_one("#nothing", Static)
        self._scrubber.set_look(self._look)
        self._body.display = False
        self._nothing.update("Looking for sessions ...")
        self.store.listen(self._deliver)

    @property
    def room(self) -> Size:
        """The cells that a tab has."""
        rows = self._log.rows_of(self.size.height) if self._log.display else 0
        rows += 1 if self.snapshot.failures else 0
        rows += KnobStrip.rows_of(self.what_if.state, self.size) if self._strip.display else 0
        return Size(self.size.width, max(0, self.size.height - FRAME_ROWS - rows))

    def on_resize(self) -> None:
        self._log.styles.height = self._log.rows_of(self.size.height)
        self._strip.styles.height = KnobStrip.rows_of(self.what_if.state, self.size)
        for pane in self._panes.values():
            pane.fit(self.room)

    # New data

    def _deliver(self, snapshot: Snapshot) -> None:
        """Called in the store's thread."""
        self.post_message(self.Arrived(snapshot))

    def on_main_screen_arrived(self, message: Arrived) -> None:
        old, new = self.snapshot.data, message.snapshot.data
        if message.snapshot.noted != self.snapshot.noted:
            self.note(message.snapshot.note)
        self.snapshot = message.snapshot
        if old is None or new is None or (new.place, new.run) != (old.place, old.run):
            self._drawn = None
            self._leave_whatif()
        if new is not None:
            self._go_along(old, new)
        self.show_all()
        self.post_message(self.Settled())

    def _go_along(self, old: SessionData | None, new: SessionData) -> None:
        """Make the timeline fit data that is new or has grown."""
        if len(new.steps) == 0:
            return
        first, last = int(new.steps.t[0]), int(new.steps.t[-1])
        other = old is None or old.place != new.place or old.run != new.run
        timeline = self.timeline
        if other or timeline.empty or timeline.first != first:
            timeline = opened(new, like=timeline)
        stays_at_end = old is not None and old.loading and timeline.at_end
        timeline = timeline.extended(last, horizon_of(new, timeline.horizon))
        if stays_at_end:
            timeline = timeline.to_end()
        if not self.log_chosen:
            timeline = replace(timeline, log=spreads_far(new))
        if other:
            self._hover(None)
            self._recall(new)
        if self._start is not None:
            timeline = self._start.applied(timeline)
            chosen = self._start.transaction
            if chosen is not None and chosen <= len(new.transactions):
                timeline = timeline.select(chosen - 1)
            if self._start.reach <= last or not new.loading:
                self._start = None
        self.timeline = timeline

    def move(self, timeline: Timeline) -> None:
        self._start = None  # the person is somewhere else by now
        super().move(timeline)

    def _recall(self, data: SessionData) -> None:
        """Go to where this session was left, unless the command line asked for something.

        A running session is watched at its end instead.
        """
        first, self._first_session = self._first_session, False
        running = data.status is not None and data.status.state == "running"
        if self._remembered is None or running or (first and self._given):
            return
        view = self._remembered.recall(data.place.path)
        if view is None:
            return
        if first and not self._tab_chosen:
            self._look_like(view)
            self.action_show_tab(view.tab or DEFAULT_TAB)
        else:
            self._start = view
            self.log_chosen = self.log_chosen or view.log is not None

    def _look_like(self, view: StartView) -> None:
        """Look at the session that comes as this view does, in its tab."""
        self._start, self.log_chosen = view, view.log is not None
        self.statuses = frozenset(view.statuses) if view.statuses else None
        self.inspecting, self._yardsticks = view.inspect, view.yardsticks
        self._looks = view
        pane = self._panes.get(pane_of(view.tab or DEFAULT_TAB, self.snapshot.data))
        if pane is not None:
            pane.recall(view)

    def view_now(self) -> StartView:
        timeline, selected = self.timeline, self.timeline.selected
        view = StartView(
            self.tab,
            None if timeline.empty else timeline.cursor,
            None if timeline.whole else (timeline.t0, timeline.t1),
            timeline.log if self.log_chosen else None,
            timeline.smooth,
            timeline.follow,
            statuses=tuple(sorted(self.statuses)) if self.statuses is not None else None,
            transaction=None if selected is None else selected + 1,
            inspect=self.inspecting,
            yardsticks=self._yardsticks,
        )
        return view if self.shown_pane is None else self.shown_pane.look(view)

    @property
    def roots(self) -> Sequence[Path]:
        return self.store.paths

    def keep_view(self) -> None:
        """Remember how the open session is looked at."""
        data, timeline = self.snapshot.data, self.timeline
        if self._remembered is None or data is None or data.loading or timeline.empty:
            return
        view = replace(self.view_now(), follow=False)
        if timeline.at_end:
            view = replace(view, t=None)
        self._remembered.keep(data.place.path, view)

    # Drawing

    def show_all(self) -> None:
        """Hand the newest state to everything on the screen."""
        data = self.snapshot.data
        if self._failures.show(self.snapshot.failures, self._look.palette):
            self.on_resize()
        self._body.display = data is not None
        self._nothing.display = data is None
        if data is None:
            self._nothing.update(self._why_nothing())
            self._top.show((), (), Style())
            self._show_keys()
            return
        self._show_header(data)
        self._tabs.entitle(pane_of(TABS[3], data))
        self._know_statuses(data)
        if (data, self.statuses) != self._marked:
            self._marked = (data, self.statuses)
            self._scrubber.set_marks(marks_of(data, self.statuses))
        self._scrubber.set_timeline(self.timeline)
        if self._log.display:
            self._log.show(self.snapshot.log or LogTail(), self._look.palette)
        if self._strip.is_mounted and self._strip.display:
            self._strip.show(self.what_if.state, self._look)
        pane = self._pane()
        if pane.is_mounted:
            pane.set_look(self._look)
            pane.show(self._view())
            self._scrubber.set_columns(pane.axis_columns)
            self._show_changes(data, pane)
            if pane is not self._drawn:
                self._drawn = pane
                pane.set_hover(self.hovered)
            if self.shown is None:
                prepare()
            self.shown = self.snapshot
        self._show_keys()

    def _show_changes(self, data: SessionData, pane: Pane) -> None:
        """Mark on every time axis where somebody changed the run."""
        if (data.interventions, pane) != self._changes_shown:
            if data.interventions is not self._changes_shown[0]:
                self._changes = Changes.of(data.interventions)
            self._changes_shown = (data.interventions, pane)
            self._scrubber.set_changes(self._changes)
            # the curves of the sessions tab are those of several runs
            pane.set_changes(NO_CHANGES if self.tab == "sessions" else self._changes)

    def _view(self) -> View:
        return View(
            self.snapshot,
            self.timeline,
            self._look,
            self._yardsticks,
            self.inspecting,
            self.statuses,
            self.log_chosen,
            self._clock(),
            self.what_if.result,
        )

    def set_palette(self, palette: Palette) -> None:
        """Draw in the colours of another theme."""
        self._plain_look = self._look = self._plain_look._replace(palette=palette)
        self._own_statuses = ()
        if self.is_mounted:
            self._scrubber.set_look(self._look)
            self.show_all()

    def _know_statuses(self, data: SessionData) -> None:
        """Give the statuses of this session that tttui does not know signs and colours."""
        events = data.transactions
        own = () if data.meta.is_point_mass else events.statuses[len(STATUSES) :]
        if own != self._own_statuses:
            self._own_statuses = own
            self._look = self._plain_look.with_statuses(own, events.reasons)
            self._scrubber.set_look(self._look)

    def _why_nothing(self) -> Text:
        if self.snapshot.error:
            return Text(self.snapshot.error)
        if not self.snapshot.scanned:
            return Text("Looking for sessions ...")
        if self.snapshot.places:
            return Text("Reading ...")
        where = ", ".join(str(path) for path in self.store.paths)
        return lines(
            (
                f"No session found in {where}.",
                "",
                "tttui demo             make a real session and watch it learn",
                "tttui run --name NAME  run one with your settings",
                "tttui PATH             look into another directory",
                "n                      fill in a form and start one here",
                "",
                "This screen shows the first session as soon as it appears.",
            )
        )

    def _show_header(self, data: SessionData) -> None:
        meta, status = data.meta, data.status
        parts = [data.place.name if data.run is None else f"{data.place.name} / {data.run}"]
        if data.damage:
            n = len(data.damage)
            many = f"{n} files damaged or lost"
            parts.append(f"! {data.damage[0].path.name if n == 1 else many}")
        if not meta.is_point_mass:
            parts += [meta.schema.task.name, meta.loss.label]
        if meta.env_mode:
            parts.append(meta.env_mode)
        if data.mu_now is not None:
            parts.append(f"mu {data.mu_text}")
        going = status is not None and status.live and not status.pretraining
        total = status.steps_total if going and status is not None else None
        if not total:
            parts.append(f"{count(data.steps_done)} steps")
        if data.place.layout != "native":
            parts.append(f"{data.place.layout} layout")
        states = ["read-only"]
        look = Style(dim=True)
        if data.loading:
            states, look = ["loading ..."], Style(bold=True)
        elif status is not None:
            mark = f"{state_mark(status.state, self._look.glyphs)} "
            whole = mark + (status.detail or status.state)
            states = [whole, whole.partition(":")[0], mark + status.state]
            if status.error:  # the beginning of the reason says more than the state alone
                states = [whole, fit(whole, REASON), mark + status.state]
            if total:
                whole += f"  {count(data.steps_done)} of {count(total)} steps"
                states.insert(0, whole)
            if total and status.steps_per_second and status.state == "running":
                states.insert(0, f"{whole}  {count(round(status.steps_per_second))} steps/s")
            look = style(state_ink(status.state, self._look.palette), bold=True)
        self._top.show(tuple(parts), tuple(states), look)

    def _show_keys(self) -> None:
        shown = []
        for command in self.commands:
            if not self._for_this_mode(command):
                continue
            first = self.snapshot.data is None and command.action == "new"
            if (command.footer or first) and self.here in command.tabs and self._works(command):
                shown.append((command, self._label(command)))
        # what a narrow terminal still shows: the tab's own keys, then those of few tabs
        turning = self.what_if.turning
        shown.sort(
            key=lambda pair: (
                KNOBS_FIRST.get(pair[0].group, 1) if turning else not pair[0].own,
                pair[0].spread > 2,
            )
        )
        self._keybar.show(shown)

    def _works(self, command: Command) -> bool:
        if self.snapshot.data is None:
            return command.action == "new" or command.group == "App"
        if command.group == "Run":
            if self.status is not None and self.status.state == "pretraining":
                return command.action in ("pause_run", "drive")
            return self.steerable or (command.action == "drive" and self.resumable)
        if command.action == "yardsticks" and self._own_task:
            return bool(self.snapshot.series)
        if command.action == "inspect":
            return self.timeline.selected is not None or len(self.snapshot.data.transactions) > 0
        return True

    def _label(self, command: Command) -> str:
        timeline = self.timeline
        match command.action:
            case "pause_run" if self.status is not None and self.status.state == "paused":
                return "continue run"
            case "drive" if self.resumable:
                return "resume"
            case "play" if timeline.playing:
                return f"pause x{timeline.speed:g}"
            case "follow" if timeline.follow:
                return "unfollow"
            case "log" if timeline.log:
                return "linear"
            case "yardsticks" if self._own_task:
                return "series"
            case "smooth" if timeline.smooth:
                return "raw"
            case "inspect" if self.here == "modules":
                return "fold"
            case "inspect" if self.inspecting:
                return "close"
            case "pane('region')" if self.shown_pane is not None:
                return self.shown_pane.hidden_next or command.label
            case _:
                return command.label

    @property
    def shown_pane(self) -> Pane | None:
        pane = self._panes.get(self.here)
        return pane if pane is self._drawn else None

    @property
    def _own_task(self) -> bool:
        """The open session is of another task than the point mass."""
        data = self.snapshot.data
        return data is not None and not data.meta.is_point_mass

    @property
    def here(self) -> str:
        """What the shown tab shows of the open session: the name of its pane."""
        return pane_of(self.tab, self.snapshot.data)

    @property
    def key_target(self) -> Widget:
        """The innermost widget that keys of the shown tab act on, which may be in the making."""
        return self._panes.get(self.here, self)

    def _commands_here(self, key: str) -> list[Command]:
        """What a key may do in the shown tab."""
        if isinstance(self.focused, Input):
            return []
        found = (c for c in self._commands_of.get(key, ()) if self.here in c.tabs)
        return [c for c in found if self._for_this_mode(c)]

    def _for_this_mode(self, command: Command) -> bool:
        """Whether its keys are its own at this moment, and not the other's: knobs or tabs."""
        if self.what_if.turning:
            return command.action not in self._given_to_knobs
        return command.action not in self._of_knobs

    def takes(self, key: str) -> bool:
        """What the commands of this key act on is there, or it is known that there is none."""
        here = self._commands_here(key)
        return not any(c.needs_session and self._awaits(c.action) for c in here)

    def acts_at_once(self, key: str) -> bool:
        """The commands of this key change the Timeline alone, and draw it before they return."""
        here = self._commands_here(key)
        return bool(here) and all(c.group == "Time" for c in here)

    def measures(self, key: str) -> bool:
        """How far the commands of this key go depends on how much fits on the screen."""
        return any(c.group in ("Lists", "Matrix", "Log") for c in self._commands_here(key))

    def _awaits(self, action: str) -> bool:
        """What a command acts on is on its way."""
        snapshot, pane = self.snapshot, self.shown_pane
        if snapshot.opened < self._opens:
            return True
        if snapshot.data is None:
            return not snapshot.error and (bool(snapshot.places) or not snapshot.scanned)
        if pane is None or (self.room.area > 0 and not pane.size.area):
            return True
        return pane.awaits(action) and not (pane.needs & snapshot.failures.keys())

    def _pane(self) -> Pane:
        """The pane of the shown tab, made when it is first needed."""
        name, task = self.here, self._own_task
        pane = self._panes.get(name)
        if pane is None:
            pane = pane_class(name)()
            pane.fit(self.room)
            if self.tab == (self._looks.tab or DEFAULT_TAB):
                pane.recall(self._looks)
            self._panes[name] = pane
            self._body.mount(pane)
        if (name, task) != self._wanted:
            self._wanted = name, task
            self._want()
        for known, other in self._panes.items():
            other.display = known == name
        return pane

    @on(TabBar.Selected)
    def _on_tab_selected(self, message: TabBar.Selected) -> None:
        self.action_show_tab(message.tab)

    @on(TimeView.Hovered)
    def _on_hovered(self, message: TimeView.Hovered) -> None:
        # Leaving one view may be told after entering another.
        if message.t is not None:
            self._pointed = message.view
        elif message.view is not self._pointed:
            return
        self._hover(message.t)

    def _hover(self, t: int | None) -> None:
        """Make step t the one that is marked as under the mouse, wherever there is a time axis."""
        if t != self.hovered:
            self.hovered = t
            self._scrubber.set_hover(t)
            if self.shown_pane is not None:
                self.shown_pane.set_hover(t)

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys belong to a text field while one has the focus, and else to the shown tab."""
        if isinstance(self.focused, Input):
            return False
        written = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
        if written in LOG_COMMANDS:
            return self._log.display
        if written in GIVEN_UP and self._log.display:
            return False
        if written in (self._given_to_knobs if self.what_if.turning else self._of_knobs):
            return False
        tabs = self._tabs_of.get(written)
        return tabs is None or self.here in tabs

    def action_yardsticks(self) -> None:
        if self._own_task:
            self.action_pane("beside")
            return
        self._yardsticks = not self._yardsticks
        self._want()
        self.show_all()

    def action_filter(self) -> None:
        data = self.snapshot.data
        has_some = data is not None and len(data.transactions) > 0
        present = list(marks_of(data).counts()) if data is not None and has_some else []
        if not present:
            self.note("This run has no transactions to filter.")
            return
        shown = next(iter(self.statuses)) if self.statuses else None
        at = present.index(shown) + 1 if shown in present else 0
        self._filter_by(frozenset({present[at]}) if at < len(present) else None)

    def _filter_by(self, statuses: frozenset[str] | None) -> None:
        self.statuses = statuses
        words = " and ".join(s.replace("_", " ") for s in sorted(statuses)) if statuses else "all"
        self.note(f"Transactions shown: {words}")
        self.show_all()

    @on(Pane.Ready)
    def _on_pane_ready(self) -> None:
        self.show_all()
        self.post_message(self.Settled())

    @on(Pane.Derived)
    def _on_pane_derived(self) -> None:
        self.post_message(self.Settled())

    @on(Pane.StatusesPicked)
    def _on_statuses_picked(self, message: Pane.StatusesPicked) -> None:
        self._filter_by(message.statuses)

    @on(Pane.TransactionPicked)
    def _on_transaction_picked(self, message: Pane.TransactionPicked) -> None:
        self.inspecting = self.inspecting or message.inspect
        self.select(message.index)
        if message.inspect:
            self.show_all()

    @on(Pane.ParameterPicked)
    def _on_parameter_picked(self, message: Pane.ParameterPicked) -> None:
        self.store.summarise(message.parameter)

    @on(Pane.SessionPicked)
    def _on_session_picked(self, message: Pane.SessionPicked) -> None:
        self._open(message.place, message.run)

    @on(Pane.SideBySide)
    def _on_side_by_side(self, message: Pane.SideBySide) -> None:
        self.store.put_side_by_side(message.chosen, transfer=message.transfer)

    @on(Pane.FilesWanted)
    def _on_files_wanted(self, message: Pane.FilesWanted) -> None:
        self.store.list_files(message.place)

    @on(Pane.PreviewWanted)
    def _on_preview_wanted(self, message: Pane.PreviewWanted) -> None:
        self.store.preview(message.place)

    @on(Pane.TrashWanted)
    def _on_trash_wanted(self, message: Pane.TrashWanted) -> None:
        self.store.trash(message.place)

    def action_pane(self, name: str) -> None:
        """A key of the shown tab."""
        do = getattr(self.shown_pane, f"do_{name}", None)
        said = do() if do is not None else None
        self._show_keys()  # what they can do depends on what is under the cursor
        if said:
            self.note(said)
        if name == "region":
            self._show_keys()

    def _want(self) -> None:
        """Have the store read what the shown tab needs."""
        pane = self._panes.get(self.here)
        needed = set[str]() if pane is None else set(pane.needs)
        if self.tab == "overview" and self._own_task:
            needed.add(SERIES.name)
        elif self._yardsticks and self.tab == "overview":
            needed.add(YARDSTICKS.name)
        if self._log.display:
            needed.add(LOG.name)
        self.store.want(needed)

    def action_inspect(self) -> None:
        data, pane = self.snapshot.data, self.shown_pane
        if pane is not None and pane.enter():
            return
        if data is None or not len(data.transactions):
            self.note("This run has no transactions to inspect.")
            return
        self.inspecting = not self.inspecting
        if self.inspecting and self.timeline.selected is None:
            nearest = int(np.argmin(np.abs(data.transactions.t - self.timeline.cursor)))
            self.select(nearest)
        self.show_all()

    # What if

    def _deliver_whatif(self, result: "WhatIfResult") -> None:
        """Called in the thread that computes it."""
        self.post_message(self.WhatIfArrived(result))

    def on_main_screen_what_if_arrived(self, message: WhatIfArrived) -> None:
        if self.what_if.arrived(message.result):
            self.show_all()

    async def action_whatif(self) -> None:
        """Open the knobs; then go from turning them to looking around, and back."""
        data = self.snapshot.data
        if data is None:
            return
        if self.what_if.open:
            self.what_if.look_around() if self.what_if.turning else self.what_if.turn_again()
            self.show_all()
            return
        wrong = self.what_if.begin(data)
        if wrong:
            self.note(wrong)
            return
        self._strip.display = True
        if not self._strip.is_attached:
            await self.mount(self._strip, before=self._scrubber)
        self.on_resize()
        self.show_all()

    def _leave_whatif(self) -> None:
        if self.what_if.open:
            self.what_if.end()
            self._strip.display = False
            self.on_resize()

    def _turned(self, wrong: str | None) -> None:
        if wrong:
            self.note(wrong)
        if self._strip.is_mounted:
            self._strip.show(self.what_if.state, self._look)

    def action_knob(self, by: int) -> None:
        self.what_if.choose(by)
        self._turned(None)

    def action_turn(self, ticks: int) -> None:
        self._turned(self.what_if.turn(ticks))

    def action_turn_far(self, ticks: int) -> None:
        self._turned(self.what_if.turn(ticks, coarse=True))

    def action_knob_value(self) -> None:
        self._strip.type(self.what_if.shown_value())

    def action_knob_reset(self) -> None:
        self.what_if.reset()
        self._turned(None)

    def action_whatif_branch(self) -> None:
        at = 0 if self.what_if.state.at else self.timeline.cursor
        self._turned(self.what_if.branch(at))

    @on(KnobStrip.Typed)
    def _on_value_typed(self, message: KnobStrip.Typed) -> None:
        self._turned(None if message.text is None else self.what_if.typed(message.text))

    def action_back(self) -> None:
        if self.shown_pane is not None and self.shown_pane.back():
            return
        if self.what_if.turning:
            self._leave_whatif()
            self.show_all()
            return
        if self._log.display and self._log.back():
            return
        if self.inspecting:
            self.inspecting = False
            self.show_all()
        elif self.timeline.selected is not None:
            self.move(self.timeline.select(None))
        elif self.timeline.playing:
            self.move(self.timeline.toggle_play())
        elif self.what_if.open:
            self._leave_whatif()
            self.show_all()

    def on_unmount(self) -> None:
        self.what_if.close()

    def action_open(self) -> None:
        places, data = self.snapshot.places, self.snapshot.data
        current = (data.place, data.run) if data is not None else None

        def chosen(choice: Choice | None) -> None:
            if choice is not None and choice != current:
                self.keep_view()
                self._open(*choice)

        self.app.push_screen(Chooser(places, current), chosen)

    def _open(self, place: Place, run: str | None) -> None:
        """Show another session."""
        self._opens = self.snapshot.opened + 1
        self.store.open(place, run)

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
                do = getattr(self.shown_pane, "do_compared", None)
                if do is not None:
                    do()

        self.app.push_screen(Chooser(places, None, "Compare with"), chosen)

    def action_tab(self, by: int) -> None:
        self.action_show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def action_show_tab(self, tab: str) -> None:
        if tab != self.tab:
            self._hover(None)
            self.tab, self._tab_chosen = tab, True
            self._tabs.show(tab)
            self.show_all()
            self._want()

    async def action_log_panel(self) -> None:
        """Show or hide the log of the open run."""
        self._log.display = not self._log.display
        if not self._log.is_attached:
            await self.mount(self._log, before=self._scrubber)
        self.on_resize()
        self._want()
        self.show_all()

    def action_log_search(self) -> None:
        self._log.search()

    def action_log_level(self) -> None:
        self.note(f"Lines of the log that are shown: {self._log.next_level()}")

    def action_log_scroll(self, pages: int) -> None:
        self._log.scroll_lines(pages)

    def action_redraw(self) -> None:
        self.app.redraw()  # type: ignore[attr-defined]

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(self.here, self.commands, self._look))

    def system_commands(self) -> list[SystemCommand]:
        """Every command that works in this tab, for the command palette: those of the tab
        first, and all by what they are for."""
        here = [command for command in self.commands if self.here in command.tabs]
        groups = list(dict.fromkeys(command.group for command in here))
        here.sort(key=lambda command: (not command.own, groups.index(command.group)))
        return [
            SystemCommand(
                f"{command.purpose(self.here)}: {command.label}: {command.help}",
                f"{command.shown_keys}   {command.name}",
                self._runner(command.action),
            )
            for command in here
        ]

    def _runner(self, action: str) -> Callable[[], Coroutine[None, None, None]]:
        async def run() -> None:
            await self.run_action(action)

        return run
