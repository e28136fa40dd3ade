"""Steering the open run from the screen: every key is a request to the process that owns it.

The app runs no engine. A run is a process of its own whether it was started here, in another
terminal or on another host, so all are steered alike, and leaving the app changes nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from textual.message import Message

from tttui.engine.control import Verb
from tttui.engine.launch import launch
from tttui.model.errors import TttuiError
from tttui.model.session import SessionData, Status
from tttui.screens.drive import RESUME, DriveDialog
from tttui.screens.hand_out import HandOutScreen
from tttui.store import Store


class DrivingScreen(HandOutScreen):
    """Asks the owner of the open run for things, and starts runs."""

    class Started(Message):
        """A session that was to be started runs (or does not; then `path` is None)."""

        def __init__(self, path: Path | None, said: str) -> None:
            super().__init__()
            self.path, self.said = path, said

    class Progressed(Message):
        """A command that starts a session says how far it is."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    def __init__(self, tab: str, store: Store) -> None:
        super().__init__(tab)
        self.store = store
        self.started: set[Path] = set()
        """Directories of the runs that were started from here."""

    @property
    def status(self) -> Status | None:
        """What the open run is doing; None for a session that tttui did not write."""
        data = self.snapshot.data
        return None if data is None else data.status

    @property
    def steerable(self) -> bool:
        """Somebody should be there to carry out what is asked of the open run."""
        status = self.status
        return status is not None and status.state in ("running", "paused")

    @property
    def resumable(self) -> bool:
        """The open run has steps left, and nobody runs it."""
        status = self.status
        if status is None or status.state in ("running", "paused", "unknown", "completed"):
            return False
        return self.snapshot.data is not None and self.snapshot.data.place.layout == "native"

    def ask(self, verb: Verb, value: Any = None) -> None:
        """Ask the owner of the open run; the answer is noted."""
        data, status = self.snapshot.data, self.status
        if data is None or status is None:
            self.note("Another program wrote this session; it can be forked, not driven.")
        elif not self.steerable:
            self.note(f"Nobody runs this session, it is {status.detail or status.state}.")
        else:
            self.store.ask(data.place, verb, value)

    def start(self, words: Sequence[str], doing: str) -> None:
        """Start a session by a command of tttui, and open it when it runs."""
        self.note(f"{doing} ...")

        def work() -> None:
            try:
                path = launch(words, lambda said: tell(self.Progressed(said)))
                tell(self.Started(path, f"{path.name} runs in the background."))
            except (TttuiError, OSError, ValueError) as error:
                tell(self.Started(None, f"Not started: {error}"))

        def tell(message: Message) -> None:
            with suppress(RuntimeError):  # the app has ended meanwhile
                self.post_message(message)

        # A daemon: what it waits for outlives the app, which must not wait for it.
        Thread(target=work, name="tttui-launch", daemon=True).start()

    def on_driving_screen_progressed(self, message: Progressed) -> None:
        self.note(message.said)

    def on_driving_screen_started(self, message: Started) -> None:
        self.note(message.said)
        if message.path is not None:
            self.started.add(message.path)
            self.store.open_path(message.path)

    # Commands

    def action_pause_run(self) -> None:
        status = self.status
        paused = status is not None and status.state == "paused"
        self.ask("continue" if paused else "pause")

    def action_run_step(self) -> None:
        self.ask("step", 1)

    def action_run_chunk(self) -> None:
        self.ask("chunk")

    def action_run_transaction(self) -> None:
        self.ask("transaction")

    def action_drive(self) -> None:
        """Everything that can be asked of the open run."""
        data = self.snapshot.data
        if data is None or not (self.steerable or self.resumable):
            self.ask("pause")  # says why not
            return

        def chosen(request: tuple[str, Any] | None) -> None:
            if request is None:
                return
            verb, value = request
            if verb == RESUME:
                self._resume(data)
            else:
                self.ask(verb, value)  # type: ignore[arg-type]

        dialog = DriveDialog(data, self.timeline.cursor, resumable=self.resumable)
        self.app.push_screen(dialog, chosen)

    def _resume(self, data: SessionData) -> None:
        self.start(["resume", str(data.place.path.absolute())], f"Resuming {data.place.name}")
