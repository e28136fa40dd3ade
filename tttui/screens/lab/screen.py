"""The lab on the screen: header, views, keys; `b` opens it and goes back to the tabs."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from tttui.draw.look import Look
from tttui.keys.command import Command
from tttui.lab.commandplan import CommandOutcome, CommandPlan, CommandWords, ShellCommands
from tttui.model.errors import TttuiError
from tttui.model.start import StartView
from tttui.panes.body import Body
from tttui.panes.lab.base import VIEWS, LabState, LabView, Question, prepare, registered
from tttui.screens.lab.clipboard_export import LabExport
from tttui.screens.lab.dialogs import CommandForm, CommandPicker, OutputDialog, QuestionDialog
from tttui.screens.lab.header import named, stated
from tttui.screens.lab.keys import LabKeys
from tttui.screens.notes import Notes
from tttui.store.lab.core import LabStore
from tttui.store.lab.feed import LabSnapshot
from tttui.store.lab.jobs import JOBS
from tttui.toolkit import HeldScreen, bind
from tttui.widgets.bars import KeyBar, TabBar, TopBar
from tttui.widgets.failures import FailureLine

T = TypeVar("T")

FRAME_ROWS = 3
"""Rows around a view: header, views, keys."""

AGES_S = 20.0
"""Seconds between two drawings where nothing changed, for the ages on the screen."""


class LabScreen(HeldScreen):
    """Hands the newest `LabSnapshot` to the view that is shown, and runs its keys.

    It is the `Desk` of its views. `leave` goes back to the tabs; `open_session` opens one there.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    LabScreen { layout: vertical; }
    LabScreen #body { height: 1fr; }
    LabScreen Toast { width: 72; max-width: 100%; }
    LabScreen ToastRack { margin-bottom: 1; }
    """

    class Arrived(Message):
        """A new snapshot; a newer one in the queue replaces an older one."""

        def __init__(self, snapshot: LabSnapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LabScreen.Arrived)

    class CarriedOut(Message):
        """A command that a form started has ended."""

        def __init__(self, command: str, outcome: CommandOutcome) -> None:
            super().__init__()
            self.command, self.outcome = command, outcome

    class Settled(Message):
        """A view that keys may wait for is there."""

    def __init__(
        self,
        store: LabStore,
        start: StartView,
        look: Look,
        clock: Callable[[], float],
        commands: Sequence[Command],
        leave: Callable[[], object],
        open_session: Callable[[Path], object],
        shell: ShellCommands | None = None,
    ) -> None:
        super().__init__()
        self.store, self._clock, self._leave = store, clock, leave
        self._open_session, self._shell = open_session, shell
        self.snapshot = LabSnapshot()
        self.look = look
        self.name_shown = start.lab or VIEWS[0].name
        self._start = start
        """How the first view that is shown is looked at."""
        self._views: dict[str, LabView] = {}
        self._shown_last = VIEWS[0].name
        self._bound: set[str] = set()
        self._room = Size(0, 0)
        self._prepared = False
        """The modules of the other views are imported, or about to be."""
        self.keys = LabKeys(commands, lambda: self.made, lambda: self._typing)
        self.notes = Notes(self)
        exports = LabExport(self)
        for name in (name for name in dir(exports) if name.startswith("action_")):
            setattr(self, name, getattr(exports, name))

    def compose(self) -> ComposeResult:
        yield TopBar()
        titles = {view.title.lower(): view.short or view.title for view in VIEWS}
        yield TabBar(self.name_shown, [view.name for view in VIEWS], titles)
        yield FailureLine()
        yield Container(id="body")
        yield KeyBar()

    def on_mount(self) -> None:
        self._top, self._titles = self.query_one(TopBar), self.query_one(TabBar)
        self._keybar, self._failures = self.query_one(KeyBar), self.query_one(FailureLine)
        self._body = self.query_one("#body")
        self.store.listen(self._deliver)
        self.set_interval(AGES_S, self.again)

    def on_screen_resume(self) -> None:
        self.want()

    def on_screen_suspend(self) -> None:
        if not isinstance(self.app.screen, ModalScreen):
            self.store.want(())

    def on_resize(self) -> None:
        width, height = self.size
        rows = FRAME_ROWS + (1 if self.snapshot.failures else 0)
        self._room = Size(width, max(0, height - rows))
        for view in self._views.values():
            view.fit(self._room)
        self.show_all()

    # What is shown

    @property
    def made(self) -> LabView | None:
        """The view that is shown, which may be in the making."""
        return self._views.get(self.name_shown)

    @property
    def shown(self) -> LabView | None:
        """The same once it is there."""
        view = self.made
        return view if view is not None and view.is_mounted else None

    @property
    def state(self) -> LabState:
        return LabState(self.snapshot, self.look, self.store.root, self._clock())

    def want(self) -> None:
        """Tell the store which parts the view and the header need."""
        view = self.made
        self.store.want({JOBS.name, *(view.needs if view is not None else ())})

    def show_all(self) -> None:
        """Hand the newest state to everything on the screen, unless that is being taken away."""
        if not (self.is_mounted and self.display and self._room.area):
            return
        if self._failures.show(self.snapshot.failures, self.look.palette):
            self.call_later(self.on_resize)
        jobs = self.snapshot.of(JOBS)
        self._top.show(named(self.store.root, jobs), *stated(jobs, self.look))
        view = self.made
        if view is None:
            view = self._make(self.name_shown)
        for name, other in self._views.items():
            other.display = name == self.name_shown and other.is_mounted
        if view.is_mounted:
            view.set_look(self.look)
            view.show(self.state)
            if not self._prepared:
                self._prepared = True
                self.release()
                self.call_after_refresh(prepare)  # not while the first view is drawn
        self._keybar.show(self.keys.footer())

    def again(self) -> None:
        """Have the view shown the newest state again."""
        if self.is_current:
            self.show_all()

    def _make(self, name: str) -> LabView:
        view = registered(name).load()()
        view.desk = self
        view.fit(self._room)
        if name == (self._start.lab or VIEWS[0].name):
            view.recall(self._start)
        self._views[name] = view
        new = [key for key in self.keys.bound(view) if key not in self._bound]
        self._bound.update(new)
        bind(self, [Binding(key, f"key('{key}')", priority=True, show=False) for key in new])
        self._body.mount(view)
        self.want()
        return view

    def set_look(self, look: Look) -> None:
        """Draw in other colours or characters."""
        self.look = look
        self.show_all()

    # New data

    def _deliver(self, snapshot: LabSnapshot) -> None:
        """Called in the store's thread."""
        self.post_message(self.Arrived(snapshot))

    def on_lab_screen_arrived(self, message: Arrived) -> None:
        old, self.snapshot = self.snapshot, message.snapshot
        if message.snapshot.noted != old.noted:
            self.notes.say(message.snapshot.note)
        self.show_all()

    def on_lab_screen_carried_out(self, message: CarriedOut) -> None:
        outcome = message.outcome
        if outcome.job is not None:
            self.go_to("jobs", outcome.job)
        elif len(outcome.output) > 1 and self.is_current:
            self.app.push_screen(OutputDialog(message.command, outcome))

    @on(Body.Ready)
    def _on_ready(self) -> None:
        self.show_all()
        self.post_message(self.Settled())

    @on(TabBar.Selected)
    def _on_tab_selected(self, message: TabBar.Selected) -> None:
        self.action_show_view(message.tab)

    # Keys

    @property
    def key_target(self) -> Widget:
        """The innermost widget that the next key may act on."""
        return self.made or self

    @property
    def _typing(self) -> bool:
        return isinstance(self.focused, Input)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "key":
            return not self._typing and self.keys.command(str(parameters[0])) is not None
        return True

    async def action_key(self, key: str) -> None:
        """Carry out what a key stands for in the shown view."""
        command = self.keys.command(key)
        if command is not None:
            await self.run_action(command.action)

    def action_pane(self, name: str) -> None:
        """A command of the shown view."""
        do = getattr(self.shown, f"do_{name}", None)
        note = do() if do is not None else None
        self._keybar.show(self.keys.footer())
        if note:
            self.notes.say(note)

    def action_next_view(self, by: int) -> None:
        names = [view.name for view in VIEWS]
        self.action_show_view(names[(names.index(self.name_shown) + by) % len(names)])

    def action_show_view(self, name: str) -> None:
        if name != self.name_shown:
            self.name_shown = name
            self._titles.show(name)
            self.show_all()
            self.want()

    def action_leave(self) -> None:
        self._leave()

    def action_back(self) -> None:
        if self.shown is None or not self.shown.back():
            self._leave()

    def action_redraw(self) -> None:
        self.app.redraw()  # type: ignore[attr-defined]

    async def action_quit(self) -> None:
        await self.app.main.run_action("quit")  # type: ignore[attr-defined]

    def action_help(self) -> None:
        from tttui.screens.help import HelpScreen

        view, name = self.made, self.name_shown
        here = [replace(command, tabs=(name,)) for command in self.keys.here()]
        meaning = "" if view is None else view.meaning
        self.app.push_screen(HelpScreen(name, here, self.look, meaning))

    def system_commands(self) -> list[SystemCommand]:
        """The commands for the command palette."""

        def runner(action: str) -> Callable[[], Coroutine[Any, Any, object]]:
            return lambda: self.run_action(action)

        return [
            SystemCommand(
                f"{command.purpose(self.name_shown)}: {command.label}: {command.help}",
                command.shown_keys,
                runner(command.action),
            )
            for command in self.keys.here()
        ]

    # The desk of the views

    def say(self, text: str) -> None:
        self.notes.say(text)

    def go_to(self, view: str, item: str = "") -> None:
        if view not in {one.name for one in VIEWS}:
            self.notes.say(f"This version has no view {view!r}.")
            return
        self.action_show_view(view)
        made = self.made
        if item and made is not None:
            made.recall(StartView(lab=view, item=item))
            self.again()

    def open_session(self, path: Path) -> None:
        self._leave()
        self._open_session(path)

    def tell(self, part: str, what: Callable[[Any], object]) -> None:
        self.store.tell(part, what)

    def act(self, what: Callable[[], str], question: Question | None = None) -> None:
        if question is None:
            self.store.act(what)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.notes.say(f"{question.title} ...")
                self.store.act(what)

        self.app.push_screen(QuestionDialog(question), answered)

    def form(self, words: Sequence[str], typed: Mapping[str, str] | None = None) -> None:
        if self._shell is None:
            self.notes.say("Commands can be started where the app was started by `tttui`.")
            return
        try:
            plan = self._shell.plan(words, self.store.root, typed or {})
        except TttuiError as error:
            self.notes.say(str(error))
            return
        if plan.names:
            self.app.push_screen(CommandForm(plan), self._filled_in)
        else:
            self._filled_in(plan)

    def _filled_in(self, plan: CommandPlan | None) -> None:
        if plan is None:
            return

        def carry_out() -> str:
            outcome = plan.carry_out(lambda line: None)  # noqa: ARG005
            self.post_message(self.CarriedOut(plan.command_line(), outcome))
            return outcome.message

        self.notes.say(f"{plan.title} ...")
        self.store.act(carry_out)

    def action_start(self) -> None:
        if self._shell is None:
            self.form(())
            return

        def chosen(choice: tuple[CommandWords, str] | None) -> None:
            if choice is not None:
                self.form(choice[0])

        self.app.push_screen(CommandPicker(self._shell.listing(), None, "Start a command"), chosen)

    def show_dialog(
        self, dialog: ModalScreen[T], then: Callable[[T | None], object] | None = None
    ) -> None:
        def closed(result: T | None) -> None:
            if then is not None:
                then(result)

        self.app.push_screen(dialog, closed)
