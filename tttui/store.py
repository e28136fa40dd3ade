"""The headless core of the app: finds sessions, keeps the open one up to date, tells one listener.

A thread of its own does all reading, so that neither the interface nor a script ever waits for
a disk. It publishes one frozen Snapshot after every change; the listener is called in that
thread and must only hand the snapshot over.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.watch import Watcher
from tttui.dynamics.recorded import Yardstick, yardsticks_of
from tttui.model.errors import TttuiError
from tttui.model.session import Place, SessionData, SessionSummary
from tttui.model.settings import World
from tttui.model.steps import Trajectory

BATCH_ROWS = 60_000
"""Rows read before a partial snapshot is published."""

REFRESH_S = 0.2
"""Least time between two looks at changing files, in seconds."""

STATUS_S = 2.0
"""Time between two looks at whether a live run's process still lives, in seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that the app shows, at one moment."""

    places: tuple[Place, ...] = ()
    data: SessionData | None = None
    trajectory: Trajectory | None = None
    """Loaded only while somebody wants it."""
    yardsticks: tuple[Yardstick, ...] = ()
    summaries: tuple[SessionSummary, ...] = ()
    """Of all sessions; read only while somebody wants them."""
    error: str = ""
    """Why nothing could be found or opened."""
    scanned: bool = False
    """The paths were searched at least once."""


@dataclass(frozen=True, slots=True)
class Wants:
    """The costly parts that are on the screen."""

    trajectory: bool = False
    yardsticks: bool = False
    summaries: bool = False


Listener = Callable[[Snapshot], None]


class Store:
    """Reads sessions in a background thread and publishes Snapshots.

    `poll` is the time between looks at the files in seconds where the filesystem reports no
    changes; None lets the watcher decide.
    """

    def __init__(self, paths: Sequence[Path], *, poll: float | None = None) -> None:
        self.paths = tuple(paths)
        self.snapshot = Snapshot()
        self._poll = poll
        self._listener: Listener | None = None
        self._publishing = threading.Lock()
        self._commands: deque[Callable[[], None]] = deque()
        self._stale = False
        """Files changed since they were read."""
        self._stopping = False
        self._wake = threading.Condition()
        self._reader: SessionReader | None = None
        self._wants = Wants()
        self._watcher: Watcher | None = None
        self._thread = threading.Thread(target=self._work, name="tttui-store", daemon=True)

    def start(self) -> None:
        """Search the paths and open the first session, in the background."""
        self._commands.append(self._scan)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns at once, whatever is being read."""
        self._listener = None
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the snapshot there is and with every later one."""
        with self._publishing:
            self._listener = listener
            listener(self.snapshot)

    def open(self, place: Place, run: str | None = None) -> None:
        """Show another session (and, in a store, one of its runs)."""
        self._do(lambda: self._open(place, run))

    def want(self, *, trajectory: bool, yardsticks: bool, summaries: bool) -> None:
        """Say which of the costly parts are on the screen; they are kept up to date then."""
        wants = Wants(trajectory, yardsticks, summaries)

        def set_wants() -> None:
            if wants != self._wants:
                self._wants = wants
                self._load_costly()

        self._do(set_wants)

    def rescan(self) -> None:
        """Search the paths again."""
        self._do(self._scan)

    def _do(self, command: Callable[[], None]) -> None:
        with self._wake:
            self._commands.append(command)
            self._wake.notify()

    def _on_change(self) -> None:
        """Files changed; the watcher calls this in its thread."""
        with self._wake:
            self._stale = True
            self._wake.notify()

    # Everything below runs in the store's thread.

    def _work(self) -> None:
        refreshed = -REFRESH_S
        while True:
            with self._wake:
                now = time.monotonic()
                while not (self._stopping or self._commands):
                    due = refreshed + (REFRESH_S if self._stale else STATUS_S)
                    if self._stale or self._is_live():
                        if now >= due:
                            break
                        self._wake.wait(due - now)
                    else:
                        self._wake.wait()
                    now = time.monotonic()
                if self._stopping:
                    break
                command = self._commands.popleft() if self._commands else self._refresh
                if command == self._refresh:
                    self._stale = False
                    refreshed = now
            try:
                command()
            except TttuiError as error:
                self._publish(replace(self.snapshot, error=str(error), scanned=True))
        if self._watcher is not None:
            self._watcher.stop()

    def _is_live(self) -> bool:
        """The open session's state can change without any file changing: its process may die."""
        data = self.snapshot.data
        return data is not None and data.status is not None and data.status.live

    def _publish(self, snapshot: Snapshot) -> None:
        with self._publishing:
            self.snapshot = snapshot
            if self._listener is not None:
                self._listener(snapshot)

    def _scan(self) -> None:
        found = tuple(find_sessions(self.paths))
        self._publish(replace(self.snapshot, places=found, scanned=True, error=""))
        if self._reader is None and found:
            self._open(found[0], None)
        elif not found:
            self._watch([path for path in self.paths if path.is_dir()])

    def _open(self, place: Place, run: str | None) -> None:
        self._reader = SessionReader(place, run)
        self._publish(replace(self.snapshot, data=None, trajectory=None, yardsticks=(), error=""))
        self._refresh()
        roots = [path for path in self.paths if path.is_dir() and path != place.path]
        self._watch([place.path, *roots])

    def _watch(self, paths: Sequence[Path]) -> None:
        if self._watcher is not None:
            self._watcher.stop()
        self._watcher = Watcher(paths, self._on_change, poll=self._poll) if paths else None
        if self._watcher is not None:
            self._watcher.start()

    def _refresh(self) -> None:
        if self._reader is None:
            self._scan()
            return
        data = self._reader.refresh(budget_rows=BATCH_ROWS)
        if data is not self.snapshot.data:
            self._publish(replace(self.snapshot, data=data))
        if data.loading:
            with self._wake:  # behind what the user asked for meanwhile
                self._commands.append(self._refresh)
        else:
            self._load_costly()

    def _load_costly(self) -> None:
        if self._wants.summaries:
            summaries = tuple(read_summary(place) for place in self.snapshot.places)
            self._publish(replace(self.snapshot, summaries=summaries))
        reader, data = self._reader, self.snapshot.data
        if reader is None or data is None:
            return
        trajectory = self.snapshot.trajectory
        if self._wants.trajectory or self._wants.yardsticks:
            fresh = reader.trajectory()
            if fresh is not trajectory:
                trajectory = fresh
                self._publish(replace(self.snapshot, trajectory=trajectory))
        if self._wants.yardsticks and trajectory is not None:
            rulers = tuple(yardsticks_of(trajectory, world_of(data), data.mu_now))
            self._publish(replace(self.snapshot, yardsticks=rulers))


def world_of(data: SessionData) -> World:
    """The world that a session's meta describes; defaults where it says nothing."""
    env = {k: v for k, v in data.meta.env_cfg.items() if k in World.__slots__}
    mode = "nonlinear" if data.meta.env_mode == "nonlinear" else "linear"
    return World(**{**env, "env_mode": mode, "mu": data.meta.mu})
