"""The headless core of the app: finds sessions, keeps the open one up to date, tells one listener.

A thread of its own does all reading, so that neither the interface nor a script ever waits for
a disk. It publishes one frozen Snapshot after every change; the listener is called in that
thread and must only hand the snapshot over.
"""

import math
import operator
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tttui.artifacts.catalogue import Catalogue, list_files
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.logfile import LogTail
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.status import last_heard, status_of
from tttui.artifacts.watch import Watcher
from tttui.engine.control import Request, Verb, ask, withdraw
from tttui.engine.machine import Load, Machine
from tttui.model.errors import TttuiError
from tttui.model.session import FileEntry, Place, SessionData, SessionSummary, Status
from tttui.model.statistics import Statistics, Summariser
from tttui.model.steps import Trajectory
from tttui.model.yardstick import Yardstick

if TYPE_CHECKING:  # costly to import, and needed only for what is asked for later
    from tttui.artifacts.sidebyside import Chosen, SideBySide
    from tttui.model.compare import Comparison

BATCH_ROWS = 60_000
"""Rows read before a partial snapshot is published."""

REFRESH_S = 0.45
"""Least time between two looks at changing files, in seconds."""

LISTEN_S = 0.015
"""The same while a run is asked for something and has not answered."""

HURRY_S = 0.02
"""The same after the answer."""

HURRIED_S = 0.5
"""How long after the answer, in seconds: what was asked for has to become visible."""

PATIENCE_S = 5.0
"""Time within which a run answers unless something is wrong with it, in seconds."""

LOOK_S = 2.0
"""Time between two looks when no change was noticed, in seconds: a process can die without
touching a file, and a filesystem can fail to tell."""

LOAD_S = 2.0
"""Time between two measurements of the machine's load while runs share it, in seconds."""

SUMMARY_S = 0.05
"""Time for summarising snapshots of the weights before files and requests are looked at again, in
seconds."""

PROGRESS_S = 0.5
"""Least time between two reports on how far the summary is, in seconds."""

TABLE_S = 0.2
"""Time for reading rows of the table of sessions before what is known is published, in seconds."""


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
    statistics: Statistics | None = None
    """Of the snapshots of the weights; worked out only while somebody wants them."""
    parent: SessionData | None = None
    """What the open session was forked from, where that has the only record of the weights."""
    other: SessionData | None = None
    """The session that somebody chose to compare the open one with."""
    load: Load | None = None
    """Of this machine, while live runs are in the table of all sessions."""
    implied: float | None = None
    """The friction that the newest weights imply, where no transaction tells it (NaN where they
    do not tell it either); worked out only while somebody wants it."""
    comparison: "Comparison | None" = None
    """Of the sessions that were put side by side."""
    files: tuple[FileEntry, ...] = ()
    files_of: Place | None = None
    """The session whose files were asked for."""
    log: LogTail | None = None
    """The end of the open run's log; read only while somebody wants it."""
    note: str = ""
    """What became of the last request, for a person."""
    noted: int = 0
    """How many notes there were: the same may be said twice."""
    opened: int = 0
    """How many sessions were opened so far: the open one may be replaced by a reading of itself."""
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
    relatives: bool = False
    log: bool = False
    statistics: bool = False
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a run that waits for its answer until `deadline` (monotonic seconds)."""

    place: Place
    id: str
    what: str
    deadline: float


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
        self._unfinished: deque[Callable[[], None]] = deque()
        """What takes long, a while at a time; only the store's thread knows it."""
        self._stale = False
        """Files changed since they were read."""
        self._stopping = False
        self._wake = threading.Condition()
        self._reader: SessionReader | None = None
        self._parent: SessionReader | None = None
        self._other: SessionReader | None = None
        self._catalogue = Catalogue()
        self._side_by_side: SideBySide | None = None
        self._noticed = False
        """Files changed since the rows of all sessions were looked at."""
        self._table_due = 0.0
        """When the rows of all sessions are looked at again (monotonic seconds)."""
        self._table_soon = 0.0
        """The same where files changed."""
        self._asked: list[Asked] = []
        self._hurried_until = 0.0
        self._machine: Machine | None = None
        self._measured_at = 0.0
        self._asked_weights: object = None
        """The weights whose implied friction is known."""
        self._summariser = Summariser()
        self._reported_at = 0.0
        """When the progress of the summary was published last (monotonic seconds)."""
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

    def compare(self, place: Place, run: str | None = None) -> None:
        """Keep another session's weights at hand, beside the open one."""

        def choose() -> None:
            self._other = SessionReader(place, run)
            self._load_relatives()

        self._do(choose)

    def put_side_by_side(self, chosen: "Sequence[Chosen]", *, transfer: bool = False) -> None:
        """Compare these sessions (none: stop comparing), with their transfer matrix if wanted."""

        def choose() -> None:
            from tttui.artifacts.sidebyside import SideBySide

            if self._side_by_side is None:
                self._side_by_side = SideBySide()
            self._side_by_side.choose(chosen, transfer=transfer)
            self._compare_on()

        self._do(choose)

    def list_files(self, place: Place) -> None:
        """Find the sizes and times of a session's files."""

        def look() -> None:
            found = list_files(place)
            if (place, found) != (self.snapshot.files_of, self.snapshot.files):
                self._publish(replace(self.snapshot, files=found, files_of=place))

        self._do(look)

    def trash(self, place: Place) -> None:
        """Move a session to the trash of its root, unless a process writes it."""
        self._do(lambda: self._trash(place))

    def ask(self, place: Place, verb: Verb, value: Any = None) -> None:
        """Ask the owner of a run for something; what becomes of it is the next note."""
        self._do(lambda: self._ask(place, verb, value))

    def open_path(self, path: Path) -> None:
        """Show the session in a directory, which need not have been found before."""
        self._do(lambda: self._open_path(path))

    def want(
        self,
        *,
        trajectory: bool,
        yardsticks: bool,
        summaries: bool,
        relatives: bool = False,
        log: bool = False,
        statistics: bool = False,
        implied: bool = False,
    ) -> None:
        """Say which of the costly parts are on the screen; they are kept up to date then."""
        wants = Wants(trajectory, yardsticks, summaries, relatives, log, statistics, implied)

        def set_wants() -> None:
            if wants != self._wants:
                self._wants = wants
                self._table_due = 0.0
                self._load_costly()

        self._do(set_wants)

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
                due = now = time.monotonic()
                while not (self._stopping or self._commands):
                    due = refreshed + self._pace(now)
                    if now >= due or self._unfinished or self._summarising:
                        break
                    self._wake.wait(due - now)
                    now = time.monotonic()
                if self._stopping:
                    break
                if self._commands:
                    command = self._commands.popleft()
                elif now >= due:
                    command = self._refresh
                else:
                    command = self._unfinished.popleft() if self._unfinished else self._summarise_on
                if command == self._refresh:
                    self._noticed, self._stale = self._noticed or self._stale, False
                    refreshed = now
            try:
                command()
            except TttuiError as error:
                self._publish(replace(self.snapshot, error=str(error), scanned=True))
            except Exception as defect:
                self._note(f"A defect ended the reading of files ({defect!r}): start again.")
                raise
        if self._watcher is not None:
            self._watcher.stop()

    def _go_on_with(self, work: Callable[[], None]) -> None:
        """Do this when nothing was asked for and no look at the files is due."""
        if work not in self._unfinished:
            self._unfinished.append(work)

    def _pace(self, now: float) -> float:
        """Seconds from one look at the files to the next."""
        if self._asked:
            return LISTEN_S
        if now < self._hurried_until:
            return HURRY_S
        return REFRESH_S if self._stale else LOOK_S

    def _publish(self, snapshot: Snapshot) -> None:
        with self._publishing:
            self.snapshot = snapshot
            if self._listener is not None:
                self._listener(snapshot)

    def _note(self, text: str, **changes: Any) -> None:
        self._publish(replace(self.snapshot, note=text, noted=self.snapshot.noted + 1, **changes))

    def _ask(self, place: Place, verb: Verb, value: Any) -> None:
        try:
            id = ask(place.path, verb, value)
        except TttuiError as error:
            self._note(str(error))
            return
        deadline = time.monotonic() + PATIENCE_S
        self._asked.append(Asked(place, id, str(Request(verb, value)), deadline))

    def _hear(self) -> None:
        """Look for the answers to what was asked."""
        now, waiting = time.monotonic(), list[Asked]()
        for asked in self._asked:
            status = status_of(asked.place.path)
            answer = status.answers.get(asked.id) if status is not None else None
            if answer is not None:
                self._hurried_until, self._table_due = now + HURRIED_S, 0.0
                at = "" if status is None or status.t is None else f" at step {status.t}"
                self._note(f"Refused: {answer}" if answer else f"Done: {asked.what}{at}")
            elif status is None or not status.live or now > asked.deadline:
                withdraw(asked.place.path, asked.id)
                self._note(f"{asked.what}: {_silence(status)}")
            else:
                waiting.append(asked)
        self._asked = waiting

    def _open_path(self, path: Path) -> None:
        found = find_sessions([path])
        if not found:
            self._note(f"{path} holds no session.")
            return
        if not any(path.is_relative_to(known) for known in self.paths):
            self.paths = (*self.paths, path)
        data = self.snapshot.data
        if data is None or data.place.path != found[0].path:
            self._open(found[0], None)
        self._table_due = 0.0
        self._publish(replace(self.snapshot, places=tuple(find_sessions(self.paths))))

    def _scan(self) -> None:
        found = tuple(find_sessions(self.paths))
        self._publish(replace(self.snapshot, places=found, scanned=True, error=""))
        if self._reader is None and found:
            named = [place for place in found if self.paths[0].is_relative_to(place.path)]
            self._open(named[0] if named else max(found, key=last_written), None)
        elif not found:
            self._watch([path for path in self.paths if path.is_dir()])

    def _open(self, place: Place, run: str | None) -> None:
        self._forget()
        self._publish(replace(self.snapshot, opened=self.snapshot.opened + 1))
        self._reader = SessionReader(place, run)
        roots = [path for path in self.paths if path.is_dir() and path != place.path]
        self._watch([place.path, *roots])
        self._refresh()

    def _forget(self) -> None:
        """Let go of the open session: nothing of it is shown or worked on any more."""
        self._reader = self._parent = None
        self._summariser = Summariser()
        self._publish(
            replace(
                self.snapshot,
                data=None,
                trajectory=None,
                yardsticks=(),
                statistics=None,
                implied=None,
                parent=None,
                error="",
            )
        )

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
        path = data.place.path
        if not path.exists() and path.parent.exists():
            self._close(f"{data.place.name} is gone: its directory was moved or deleted.")
            return
        if data is not self.snapshot.data:
            self._publish(replace(self.snapshot, data=data))
        self._hear()
        if data.loading:
            self._go_on_with(self._refresh)
        else:
            self._load_costly()

    def _load_costly(self) -> None:
        if self._wants.log and self._reader is not None:
            log, known = self._reader.log(), self.snapshot.log
            if known is None or (log.lines, log.skipped) != (known.lines, known.skipped):
                self._publish(replace(self.snapshot, log=log))
        if self._wants.summaries:
            self._load_table()
            self._measure()
            self._compare_on()
        if self._wants.relatives:
            self._load_relatives()
        reader, data = self._reader, self.snapshot.data
        if reader is None or data is None:
            return
        if self._wants.implied:
            self._ask_weights(data)
        if self._wants.statistics:
            self._summariser.follow(data.history)
            self._summarise_on()
        trajectory = self.snapshot.trajectory
        if self._wants.trajectory or self._wants.yardsticks:
            fresh = reader.trajectory()
            data = reader.refresh()  # what is wrong with the trajectory stands in its problems
            if fresh is not trajectory or data is not self.snapshot.data:
                trajectory = fresh
                self._publish(replace(self.snapshot, data=data, trajectory=trajectory))
        if self._wants.yardsticks and trajectory is not None:
            from tttui.dynamics.recorded import yardsticks_of

            rulers = tuple(yardsticks_of(trajectory, data.meta.world, data.mu_now))
            self._publish(replace(self.snapshot, yardsticks=rulers))

    def _ask_weights(self, data: SessionData) -> None:
        """Work out the friction that the newest weights imply, where no transaction tells it."""
        # A native run tells it with every commit.
        if data.place.layout == "native":
            return
        if self.snapshot.implied is not None and data.weights is self._asked_weights:
            return
        self._asked_weights = data.weights
        found = math.nan
        if not np.isfinite(data.transactions.implied_mu).any():
            from tttui.dynamics.hidden import in_force
            from tttui.dynamics.identify import implied_mu

            held = in_force(data, int(data.steps.t[-1]) if len(data.steps) else 0)
            found = math.nan if isinstance(held, str) else implied_mu(held.weights, data.meta.world)
        if found != self.snapshot.implied:
            self._publish(replace(self.snapshot, implied=found))

    @property
    def _summarising(self) -> bool:
        """There are snapshots of the weights left to summarise, and somebody who wants it."""
        return self._wants.statistics and not self._summariser.complete

    def _summarise_on(self) -> None:
        """Summarise snapshots of the weights for a moment."""
        found, shown, now = self._summariser, self.snapshot.statistics, time.monotonic()
        found.advance(SUMMARY_S)
        fresh = found.statistics
        fuller = shown is None or fresh.columns is not shown.columns
        if fuller or (fresh is not shown and now - self._reported_at >= PROGRESS_S):
            self._reported_at = now
            self._publish(replace(self.snapshot, statistics=fresh))

    def _measure(self) -> None:
        """How busy the machine is, only while somebody could wonder: nothing moves otherwise."""
        live = any(s.status is not None and s.status.steerable for s in self.snapshot.summaries)
        now = time.monotonic()
        if not live:
            load = None
        elif self._machine is None:
            self._machine, self._measured_at = Machine(), now
            return
        elif now - self._measured_at < LOAD_S:
            return
        else:
            load, self._measured_at = self._machine.load(), now
        if load != self.snapshot.load:
            self._publish(replace(self.snapshot, load=load))

    def _load_table(self) -> None:
        """Read the rows of all sessions that changed, a while at a time."""
        begun = time.monotonic()
        if begun < self._table_due and not (self._noticed and begun >= self._table_soon):
            return
        self._noticed = False
        found = tuple(find_sessions(self.paths))
        if found != self.snapshot.places:
            self._publish(replace(self.snapshot, places=found))
        # Thousands of sessions take a while to look through: at most a hundredth of the time
        # while nothing happens, and a fifth while something does.
        cost = time.monotonic() - begun
        self._table_due, self._table_soon = begun + 200 * cost, begun + 10 * cost
        self._catalogue.begin(found)
        self._read_table()

    def _read_table(self) -> None:
        table, known = self._catalogue, self.snapshot.summaries
        table.work(TABLE_S)
        found = table.summaries(self.snapshot.places)
        if len(found) != len(known) or any(map(operator.is_not, found, known)):
            self._publish(replace(self.snapshot, summaries=found))
        if not table.complete:
            self._go_on_with(self._read_table)

    def _compare_on(self) -> None:
        side = self._side_by_side
        if side is None:
            return
        side.refresh(BATCH_ROWS)
        if side.comparison is not self.snapshot.comparison:
            self._publish(replace(self.snapshot, comparison=side.comparison))
        if not side.complete:
            self._go_on_with(self._compare_on)

    def _trash(self, place: Place) -> None:
        try:
            from tttui.artifacts.trash import move_to_trash

            target = move_to_trash(place, self.paths, self._note)
        except TttuiError as error:
            self._note(str(error))
            return
        data = self.snapshot.data
        said = f"{place.name} moved to {target}"
        if data is not None and data.place.path == place.path:
            self._close(said)
            return
        self._note(said)
        self._table_due = 0.0
        self._scan()
        self._load_costly()

    def _close(self, why: str) -> None:
        """Let go of the open session, and show another one where there is one."""
        self._forget()
        self._note(why)
        self._table_due = 0.0
        self._scan()
        self._load_costly()

    def _load_relatives(self) -> None:
        data = self.snapshot.data
        if data is not None and self._parent is None and data.history is None:
            from tttui.artifacts.parent import find_parent

            place = find_parent(data, self.snapshot.places)
            self._parent = SessionReader(place) if place is not None else None
        # Only their weights are asked for: long tables of steps can stay unread.
        parent, other = (
            reader.refresh(budget_rows=1) if reader is not None else None
            for reader in (self._parent, self._other)
        )
        if parent is not self.snapshot.parent or other is not self.snapshot.other:
            self._publish(replace(self.snapshot, parent=parent, other=other))


def _silence(status: Status | None) -> str:
    """Why a run did not answer, for a person."""
    if status is None or not status.live:
        state = "gone" if status is None else status.detail or status.state
        return f"nobody answers, the run is {state}"
    where = "" if status.host is None else f" on {status.host}"
    return f"process {status.pid}{where} did not answer within {PATIENCE_S:g} s{last_heard(status)}"


def last_written(place: Place) -> float:
    """When something last happened in a session's directory (Unix seconds); 0 if unreadable."""
    paths = (place.path, place.path / "status.json", place.path / "per_step.csv")
    times = [0.0]
    for path in paths:
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)
