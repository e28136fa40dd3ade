"""The one screen: header, tabs, the shown tab, scrubber and keys, all on one Timeline."""

import time
from collections.abc import Callable, Sequence

from rich.style import Style
from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.keys import COMMANDS
from tttui.keys.command import TABS, Command
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.panes import DEFAULT_TAB, pane_of, prepare
from tttui.panes.view import Pane, View
from tttui.plots.errors import marks_of
from tttui.saved_views import Remembered
from tttui.screens.choosing import Choosing
from tttui.screens.clipboard_export import ClipboardExport
from tttui.screens.footer import in_order, shown_keys
from tttui.screens.header import named, stated, why_nothing
from tttui.screens.key_commands import KeyCommands
from tttui.screens.log_control import LogControl
from tttui.screens.notes import Notes
from tttui.screens.run_control import RunControl
from tttui.screens.session_choice import SessionChoice
from tttui.screens.session_look import ChangeMarks, SessionLook
from tttui.screens.session_views import SessionViews, is_other
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs
from tttui.screens.time_control import TimeControl
from tttui.screens.whatif_control import WhatIfArrived, WhatIfControl
from tttui.store import Snapshot, Store
from tttui.toolkit import HeldScreen, bind
from tttui.widgets.bars import KeyBar, TabBar, TopBar
from tttui.widgets.failures import FailureLine
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.timeview import TimeView

FRAME_ROWS = 4
"""Rows around a tab: header, tabs, scrubber, keys."""


class MainScreen(HeldScreen):
    """Hands the newest Snapshot and the Timeline to what is on the screen, and runs the keys.

    Its parts share one `state`, which `show_all` draws; their `action_...` are the screen's, too.
    """

    AUTO_FOCUS = ""  # keys are commands until somebody asks for a text field
    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #body { height: 1fr; }
    MainScreen #nothing { height: 1fr; padding: 1 2; }
    MainScreen Toast { width: 72; max-width: 100%; }
    MainScreen ToastRack { margin-bottom: 1; padding-right: 2; scrollbar-size: 0 0; }
    """

    class Arrived(Message):
        """A new snapshot; a newer one in the queue replaces an older one."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MainScreen.Arrived)

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
        super().__init__()
        self.store, self.commands, self._clock = store, commands, clock
        self.state = state = ScreenState(start.tab or DEFAULT_TAB)
        self.notes = Notes(self)
        self.log_panel = LogControl(self, state, self.notes, commands, self._panel_changed)
        self.tabs = Tabs(state, store, lambda pane: self._body.mount(pane), self.log_panel.shown)
        self.views = SessionViews(state, self.tabs, start, remembered, self.action_show_tab)
        self.time = TimeControl(state, self.show_all, self.notes.say, self.set_interval)
        self.run = RunControl(self, state, store, self.tabs, self.notes.say, commands)
        self.what_if = WhatIfControl(
            self, state, self.notes, self._panel_changed, self.show_all, self.run.start
        )
        self.choosing = Choosing(state, self.time, self.tabs, self.notes, self.show_all)
        self.sessions = SessionChoice(self, state, store, self.tabs, self.views, self.notes)
        self.keys = KeyCommands(
            commands, state, self.tabs, self.sessions, self._typing, self.log_panel.shown
        )
        clipboard = ClipboardExport(
            self, state, self.tabs, self.views, self.notes, store.paths, self.what_if.copyable
        )
        panels = (self.log_panel, self.what_if)
        for part in (self.time, self.run, self.choosing, self.sessions, *panels, clipboard):
            for name in (name for name in dir(part) if name.startswith("action_")):
                setattr(self, name, getattr(part, name))
        bind(self, self.keys.bindings())
        self._in_footer = in_order(commands)
        self.look = SessionLook(look)
        self._begun = self._prepared = False
        """Reading has begun; the modules of the other tabs are imported, or about to be."""
        self.shown: Snapshot | None = None
        """The snapshot that the shown tab has drawn."""
        self.hovered: int | None = None
        """The step under the mouse, marked in every view with a time axis."""
        self._pointed: TimeView | None = None
        """The view that the mouse was last seen over."""
        self._changes = ChangeMarks()
        self._marked: tuple[SessionData, frozenset[str] | None] | None = None
        """The data and the filter of the transactions that the scrubber shows."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield TabBar(self.state.tab)
        yield Container(id="body")
        yield Static("", id="nothing")
        yield FailureLine()
        yield Scrubber()
        yield KeyBar()

    def on_mount(self) -> None:
        self._top, self._titles = self.query_one(TopBar), self.query_one(TabBar)
        self._scrubber, self._keybar = self.query_one(Scrubber), self.query_one(KeyBar)
        self._failures = self.query_one(FailureLine)
        self._body, self._nothing = self.query_one("#body"), self.query_one("#nothing", Static)
        self._body.display = False
        self._nothing.update("Looking for sessions ...")

    def begin(self) -> None:
        """Show what the store reads; once is enough."""
        if not self._begun:
            self._begun = True
            self.store.listen(self._deliver)

    def on_resize(self) -> None:
        width, height = self.size
        rows = FRAME_ROWS + (1 if self.state.snapshot.failures else 0)
        rows += self.log_panel.fit(height) + self.what_if.fit(self.size)
        self.tabs.fit(Size(width, max(0, height - rows)))

    @property
    def key_target(self) -> Widget:
        """The innermost widget that keys of the shown tab act on, which may be in the making."""
        return self.tabs.made or self

    def _typing(self) -> bool:
        return isinstance(self.focused, Input)

    def _panel_changed(self) -> None:
        """The log or the strip of a what-if came, went or shows something else."""
        self.on_resize()
        self.tabs.want()
        self.show_all()

    # New data

    def _deliver(self, snapshot: Snapshot) -> None:
        """Called in the store's thread."""
        self.post_message(self.Arrived(snapshot))

    def on_main_screen_arrived(self, message: Arrived) -> None:
        old, new = self.state.snapshot, message.snapshot
        if new.noted != old.noted:
            self.notes.say(new.note)
        self.state.snapshot = new
        if new.data is None or is_other(old.data, new.data):
            self.tabs.drawn = None
            self._hover(None)
        if new.data is not None:
            self.views.arrived(old.data, new.data)
        self.what_if.follow()
        self.show_all()
        self.post_message(self.Settled())

    def on_what_if_arrived(self, message: WhatIfArrived) -> None:
        self.what_if.arrived(message.result)

    def on_unmount(self) -> None:
        self.what_if.close()

    # Drawing

    def show_all(self) -> None:
        """Hand the newest state to everything on the screen, unless that is being taken away."""
        if not self.display:
            return
        state, data = self.state, self.state.data
        if data is not None:
            self.look.follow(data)
        self._scrubber.set_look(self.look.now)
        if self._failures.show(state.snapshot.failures, self.look.now.palette):
            self.on_resize()
        if data is None:
            self._body.display, self._nothing.display = False, True
            self._nothing.update(why_nothing(state.snapshot, self.store.paths))
            nothing = state.snapshot.error or not state.snapshot.places
            if self.held and state.snapshot.scanned and nothing:
                self.release()
                self.store.go_on()
            self._top.show((), (), Style())
            self._show_keys()
            return
        self._top.show(named(data), *stated(data, self.look.now))
        self._titles.entitle(pane_of(TABS[3], data))
        if (data, state.choices.statuses) != self._marked:
            self._marked = (data, state.choices.statuses)
            self._scrubber.set_marks(marks_of(data, state.choices.statuses))
        self._scrubber.set_timeline(state.timeline)
        self.log_panel.show(self.look.now.palette)
        self.what_if.show(self.look.now)
        pane = self.tabs.show()
        if pane.is_mounted:
            self._body.display, self._nothing.display = True, False
            pane.set_look(self.look.now)
            moment = (state.snapshot, state.timeline, self.look.now, state.choices, self._clock())
            pane.show(View(*moment, self.what_if.counterfactual.result))
            self._scrubber.set_columns(pane.axis_columns)
            self._changes.show(data, pane, self._scrubber, elsewhere=self.state.tab == "sessions")
            if pane is not self.tabs.drawn:
                self.tabs.drawn = pane
                pane.set_hover(self.hovered)
            if not (self._prepared or data.loading):
                self._prepared = True
                self.call_after_refresh(prepare)  # not while the first chart is drawn
            if self.shown is None:
                self.release()
                self.call_after_refresh(self.store.go_on)
            self.shown = state.snapshot
        self._show_keys()

    def _show_keys(self) -> None:
        keys = shown_keys(self._in_footer, self.keys.silent, self.state, self.run, self.tabs.shown)
        self._keybar.show(keys)

    def set_palette(self, palette: Palette) -> None:
        """Draw in the colours of another theme."""
        self.look.set_palette(palette)
        if self.is_mounted:
            self.show_all()

    # The mouse

    @on(TabBar.Selected)
    def _on_tab_selected(self, message: TabBar.Selected) -> None:
        self.action_show_tab(message.tab)

    @on(TimeView.StepPicked)
    def _on_step_picked(self, message: TimeView.StepPicked) -> None:
        self.time.move(self.state.timeline.jump(message.t))

    @on(TimeView.RangePicked)
    def _on_range_picked(self, message: TimeView.RangePicked) -> None:
        self.time.move(self.state.timeline.show(message.t0, message.t1))

    @on(TimeView.Zoomed)
    def _on_zoomed(self, message: TimeView.Zoomed) -> None:
        self.time.move(self.state.timeline.zoom(message.factor, message.t))

    @on(TimeView.MarkPicked)
    def _on_mark_picked(self, message: TimeView.MarkPicked) -> None:
        self.choosing.choose(inspecting=True)
        self.time.move(self.state.timeline.select(message.index, message.t))
        self.show_all()

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
            if self.tabs.shown is not None:
                self.tabs.shown.set_hover(t)

    # What a pane asks for

    @on(Pane.Ready)
    def _on_pane_ready(self) -> None:
        self.show_all()
        self.post_message(self.Settled())

    @on(Pane.Derived)
    def _on_pane_derived(self) -> None:
        self.post_message(self.Settled())

    @on(Pane.StatusesPicked)
    def _on_statuses_picked(self, message: Pane.StatusesPicked) -> None:
        self.choosing.filter_by(message.statuses)

    @on(Pane.TransactionPicked)
    def _on_transaction_picked(self, message: Pane.TransactionPicked) -> None:
        self.choosing.choose(inspecting=self.state.choices.inspecting or message.inspect)
        self.time.select(message.index)
        if message.inspect:
            self.show_all()

    @on(Pane.ParameterPicked)
    def _on_parameter_picked(self, message: Pane.ParameterPicked) -> None:
        self.store.summarise(message.parameter)

    @on(Pane.SessionPicked)
    def _on_session_picked(self, message: Pane.SessionPicked) -> None:
        self.sessions.open(message.place, message.run)

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

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.keys.allows(action, parameters)

    def system_commands(self) -> list[SystemCommand]:
        """The commands for the command palette."""
        return self.keys.listed(self.run_action)

    def action_pane(self, name: str) -> None:
        """A key of the shown tab."""
        message = getattr(self.tabs.shown, f"do_{name}", lambda: None)()
        self._show_keys()  # what they can do depends on what is under the cursor
        if message:
            self.notes.say(message)

    def action_yardsticks(self) -> None:
        """Yardsticks beside the losses; other tasks have their recorded series there."""
        if self.state.own_task:
            self.action_pane("beside")
        else:
            self.choosing.toggle_yardsticks()

    def action_back(self) -> None:
        timeline, pane = self.state.timeline, self.tabs.shown
        if (pane is not None and pane.back()) or self.what_if.back() or self.log_panel.back():
            return
        if self.state.choices.inspecting:
            self.choosing.choose(inspecting=False)
            self.show_all()
        elif timeline.selected is not None:
            self.time.move(timeline.select(None))
        elif timeline.playing:
            self.time.move(timeline.toggle_play())
        else:
            self.what_if.end()

    def action_tab(self, by: int) -> None:
        self.action_show_tab(TABS[(TABS.index(self.state.tab) + by) % len(TABS)])

    def action_show_tab(self, tab: str) -> None:
        if tab != self.state.tab:
            self._hover(None)
            self.state.tab, self.views.tab_chosen = tab, True
            self._titles.show(tab)
            self.show_all()
            self.tabs.want()

    def action_lab(self) -> None:
        self.app.open_lab()  # type: ignore[attr-defined]

    def action_redraw(self) -> None:
        self.app.redraw()  # type: ignore[attr-defined]

    def action_help(self) -> None:
        from tttui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.state.pane, self.commands, self.look.now))
