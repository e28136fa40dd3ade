"""Steering the open run from the screen: every key is a request to the process that owns it.

The app runs no engine. A run is a process of its own whether it was started here, in another
terminal or on another host, so all are steered alike, and leaving the app changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from tttui.artifacts.status import status_of
from tttui.keys import key_for
from tttui.keys.command import Command
from tttui.model.errors import TttuiError
from tttui.model.here import absolute
from tttui.model.session import Meta, Place, SessionData, SessionSummary
from tttui.model.status import State, Status
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs
from tttui.store import Snapshot, Store

if TYPE_CHECKING:  # the forms and what they stand on are imported when one is opened
    from tttui.runs.control import Verb
    from tttui.runs.plan import LaunchPlan


LOOK_S = 0.1
"""Seconds between two looks whether runs that were asked to stop have stopped."""

AFTER: "Mapping[Verb, State]" = {
    "pause": "paused",
    "step": "paused",
    "chunk": "paused",
    "transaction": "paused",
    "continue": "running",
}
"""The state that a request is to lead to."""


class RunControl:
    """Sends requests to the owner of the target run, and starts runs."""

    def __init__(
        self,
        screen: Screen[None],
        state: ScreenState,
        store: Store,
        tabs: Tabs,
        note: Callable[[str], None],
        commands: Sequence[Command],
    ) -> None:
        self._screen, self._state, self._store = screen, state, store
        self._tabs, self._say, self._commands = tabs, note, commands
        self.started: set[Path] = set()
        """Directories of the runs that were started from here."""
        self._unstarted: LaunchPlan | None = None
        """What was filled in for a session that could not be started."""
        self._starting = 0
        """Commands that start a session and have not ended yet."""
        self._leaving = False
        """What was started from here is stopped, also what only comes to run now."""
        self._statuses: tuple[Sequence[SessionSummary], Mapping[Path, Status | None]] = ((), {})
        """The listed sessions, and what they are doing."""
        self._expected: tuple[Path, State, Mapping[str, str]] | None = None
        """A run that was asked for a state, and the answers that it had given before."""

    @property
    def _snapshot(self) -> Snapshot:
        return self._state.snapshot

    @property
    def target(self) -> tuple[Place | None, Status | None]:
        """The controlled session: the one under the tab's cursor, else the open one."""
        data = self._state.data
        if data is None:
            return None, None
        pane = self._tabs.shown if self._state.tab == "sessions" else None
        place = pane.under_cursor() if pane is not None else None
        if place is None or place.path == data.place.path:
            return data.place, data.status
        return place, self._statuses_of(self._snapshot.summaries).get(place.path)

    def _statuses_of(self, rows: Sequence[SessionSummary]) -> Mapping[Path, Status | None]:
        """What the listed sessions are doing, by their paths: asked for at every key."""
        if self._statuses[0] is not rows:
            self._statuses = rows, {summary.place.path: summary.status for summary in rows}
        return self._statuses[1]

    @property
    def status(self) -> Status | None:
        """The status of the target; None for a foreign session."""
        return self.target[1]

    @property
    def steerable(self) -> bool:
        """Whether a live process should carry out requests to the target."""
        status = self.status
        return status is not None and status.steerable and not self._recorded

    @property
    def _recorded(self) -> bool:
        """A recorder writes the target: its own program alone drives it."""
        place, data = self.target[0], self._state.data
        if place is None or data is None:
            return False
        if place.path == data.place.path:
            return data.meta.schema.recorder is not None
        rows = self._snapshot.summaries
        meta = next((s.meta for s in rows if s.place.path == place.path), None)
        return meta is not None and meta.schema.recorder is not None

    @property
    def resumable(self) -> bool:
        """The target has steps left, and nobody runs it."""
        place, status = self.target
        if place is None or place.layout != "native" or status is None or self._recorded:
            return False
        return not status.steerable and status.state not in ("unknown", "completed")

    def ask(self, verb: "Verb", value: Any = None) -> None:
        """Send a request to the owner of the target; its answer becomes a note."""
        place, status = self.target
        if place is None:
            self._say("No session is open.")
        elif status is None:
            self._say("Another program wrote this session; it can be forked, not driven.")
        elif self._recorded:
            self._say("A recorder writes this session: only the program that records drives it.")
        elif not self.steerable:
            what = f"Nobody runs {place.name}, it is {status.detail or status.state}"
            self._say(f"{what}; R runs more steps." if status.state == "completed" else f"{what}.")
        else:
            if verb in AFTER:
                self._expected = place.path, AFTER[verb], status.answers
            self._store.ask(place, verb, value)

    def _is_paused(self) -> bool:
        """The target is paused, or will be as soon as it answers: keys come faster."""
        place, status = self.target
        if place is None or status is None:
            return False
        if self._expected is not None:
            path, state, answers = self._expected
            if path == place.path and answers == status.answers:
                return state == "paused"
        return status.state == "paused"

    def start(self, words: Sequence[str], doing: str, plan: "LaunchPlan | None" = None) -> None:
        """Start a session by a command of tttui, and open it when it runs.

        A `plan` that did not come to run is what the form of a new session begins with.
        """
        from tttui.runs.launch import launch

        self._say(f"{doing} ...")
        self._starting += 1

        def work() -> None:
            try:
                path = launch(words, lambda line: tell(self._say, line))
                tell(self.begun, path, f"{path.name} runs in the background.", plan)
            except (TttuiError, OSError, ValueError) as error:
                tell(self.begun, None, f"Not started: {error}", plan)

        def tell(what: Callable[..., None], *of: object) -> None:
            with suppress(RuntimeError):  # the app has ended meanwhile
                self._screen.call_later(what, *of)

        # A daemon: what it waits for outlives the app, which must not wait for it.
        Thread(target=work, name="tttui-launch", daemon=True).start()

    def begun(self, path: Path | None, message: str, plan: "LaunchPlan | None" = None) -> None:
        """A session that was to be started runs (or does not: then `path` is None)."""
        shown = key_for(self._commands, "show_tab('overview')")
        elsewhere = path is not None and self._state.tab == "sessions"
        self._say(f"{message} {shown} shows it." if elsewhere else message)
        self._starting -= 1
        if path is not None:
            self.started.add(path)
            self._follow(path)
            self._store.open_path(path)
            if self._leaving:
                self._store.ask(Place(path, "native"), "stop")
        elif plan is not None and plan.kind == "run":
            self._unstarted = plan

    def _follow(self, path: Path) -> None:
        """Follow a session that goes on while it is open; another is followed when it opens."""
        data, timeline = self._state.data, self._state.timeline
        if data is not None and data.place.path == path and not timeline.empty:
            self._state.timeline = replace(timeline.to_end(), follow=True, playing=False)

    # Commands

    def action_pause_run(self) -> None:
        self.ask("continue" if self._is_paused() else "pause")

    def action_run_step(self) -> None:
        self.ask("step", 1)

    def action_run_chunk(self) -> None:
        self.ask("chunk")

    def action_run_transaction(self) -> None:
        self.ask("transaction")

    def action_drive(self) -> None:
        """Show the menu of all requests to the run."""
        from tttui.screens.run_menu import RESUME, DriveDialog

        place, status = self.target
        if place is None or not (self.steerable or self.resumable):
            self.ask("pause")  # says why not
            return

        def chosen(request: tuple[str, Any] | None) -> None:
            if request is None:
                return
            verb, value = request
            if verb == RESUME:
                self.start(["resume", str(absolute(place.path))], f"Resuming {place.name}")
            else:
                self.ask(verb, value)  # type: ignore[arg-type]

        cursor = self._state.timeline.cursor if self._is_open(place) else None
        meta, truth = self._described(place)
        dialog = DriveDialog(
            place.name,
            status,
            cursor,
            _in_force(meta, truth),
            resumable=self.resumable,
            point_mass=meta.is_point_mass,
        )
        self._screen.app.push_screen(dialog, chosen)

    def _described(self, place: Place) -> tuple[Meta, float | None]:
        """The meta.json of a session, and the hidden quantity as it is now."""
        data = self._state.data
        if data is not None and data.place.path == place.path:
            return data.meta, data.truth_now
        rows = self._snapshot.summaries
        meta = next((s.meta for s in rows if s.place.path == place.path), Meta())
        return meta, meta.truth

    def action_new(self) -> None:
        """The form of a new session."""
        from tttui.runs.plan import LaunchPlan

        plan, self._unstarted = self._unstarted, None
        self._fill_in(plan or LaunchPlan("run", self._root()))

    def action_fork(self) -> None:
        """The form of a fork, at the cursor where the session is the open one."""
        from tttui.runs.plan import planned_fork

        place, data = self.target[0], self._state.data
        if place is None or data is None:
            self._say("No session is open that could be forked.")
            return
        if self._is_open(place):
            at = self._state.timeline.cursor if place.layout == "native" else None
            self._plan(lambda: planned_fork(self._root(), data, at))
            return
        summary = next((s for s in self._snapshot.summaries if s.place.path == place.path), None)
        meta = summary.meta if summary is not None else Meta()
        unread = SessionData(place, meta=meta)
        self._plan(lambda: planned_fork(self._root(), unread, None))

    def action_resume(self) -> None:
        """The form that resumes, for more steps than were planned if wanted."""
        from tttui.runs.plan import planned_resume

        place, status = self.target
        if place is None or place.layout != "native":
            self._say("Only sessions that tttui wrote can be resumed; this one can be forked.")
        elif self.steerable:
            self._say(f"{place.name} runs already.")
        else:
            left = status is not None and (status.t or 0) < (status.steps_total or 0)
            more = {} if left or status is None else {"steps": str(status.steps_total or 600)}
            self._plan(lambda: planned_resume(place, more))

    def action_quit(self) -> None:
        """Leave; of runs that were started here, ask what is to become of them."""
        from tttui.screens.leaving import LeavingDialog

        names = sorted(path.name for path in self._live())
        if self._starting:
            names.append("a session that begins just now")
        if not names:
            self._screen.app.exit()
            return

        def chosen(what: str | None) -> None:
            if what == "stop":
                self._say("Stopping; the app ends when everything is saved ...")
                self._leaving = True
                for path in self._live():
                    self._store.ask(Place(path, "native"), "stop")
                self._screen.set_interval(LOOK_S, leave_when_stopped)
            elif what == "keep":
                self._screen.app.exit()

        def leave_when_stopped() -> None:
            if not self._starting and not self._live():
                self._screen.app.exit()

        self._screen.app.push_screen(LeavingDialog(names), chosen)

    def _live(self) -> list[Path]:
        """The runs that were started from here and still run."""
        return [path for path in self.started if _is_live(path)]

    def _plan(self, made: "Callable[[], LaunchPlan]") -> None:
        """Fill in a plan, or say why there can be none."""
        try:
            self._fill_in(made())
        except TttuiError as error:
            self._say(str(error))

    def _fill_in(self, plan: "LaunchPlan") -> None:
        """Show a form, and start what comes back."""
        from tttui.runs.plan import Measured
        from tttui.screens.launch import LaunchForm

        measured = Measured(self._state.data, self._snapshot.summaries)

        def filled(plan: "LaunchPlan | None") -> None:
            if plan is not None:
                what = plan.text("name") or (plan.source.name if plan.source else "a session")
                self.start(plan.words(), f"Starting {what}", plan)

        self._screen.app.push_screen(LaunchForm(plan, measured), filled)

    def _is_open(self, place: Place) -> bool:
        data = self._state.data
        return data is not None and data.place.path == place.path

    def _root(self) -> Path:
        """Where new sessions go: beside the native ones that are shown, else the first path."""
        shown = [place.path.parent for place in self._snapshot.places if place.layout == "native"]
        for path in self._store.paths:
            if path not in {place.path for place in self._snapshot.places}:
                return path
        return shown[0] if shown else Path("runs")


def _is_live(path: Path) -> bool:
    status = status_of(path)
    return status is not None and status.live


def _in_force(meta: Meta, truth: float | None) -> dict[str, Any]:
    """The options of a session that can be changed, as they are now."""
    settings = {**meta.plasticity_cfg, "noise_std": meta.env_cfg.get("noise_std"), "mu": truth}
    for _, values in meta.configuration.settings_changes:
        settings |= values
    return settings
