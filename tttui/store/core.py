"""The headless core of the app, which reads in its own thread and calls one listener.

Neither the interface nor a script ever waits for a disk. The thread carries out commands, reads
files when they may have changed, and has every needed feed update its part. It publishes one frozen
Snapshot after every change; the listener is called in that thread and must only hand the snapshot
over.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tttui.artifacts.reader import SessionReader
from tttui.model.errors import TttuiError
from tttui.model.session import Place, SessionData
from tttui.store.feed import Feed
from tttui.store.publisher import Job, Publisher
from tttui.store.recorded import (
    DocumentFeed,
    LedgerFeed,
    SeriesFeed,
    TrajectoryFeed,
    YardsticksFeed,
)
from tttui.store.run import LogFeed, RequestsFeed
from tttui.store.session import OpenSession
from tttui.store.snapshot import Part, Snapshot
from tttui.store.table import (
    ComparisonFeed,
    FilesFeed,
    LoadFeed,
    PreviewFeed,
    SummariesFeed,
)
from tttui.store.weights import ImpliedFeed, RelativesFeed, StatisticsFeed

if TYPE_CHECKING:  # costly to import, and needed only for what is asked for later
    from tttui.runs.control import Verb
    from tttui.store.sidebyside import Chosen

FEEDS: tuple[type[Feed[Any]], ...] = (
    RequestsFeed,
    LogFeed,
    SummariesFeed,
    LoadFeed,
    ComparisonFeed,
    FilesFeed,
    PreviewFeed,
    RelativesFeed,
    ImpliedFeed,
    StatisticsFeed,
    TrajectoryFeed,
    SeriesFeed,
    YardsticksFeed,
    LedgerFeed,
    DocumentFeed,
)
"""All parts, in the order in which they are brought up to date: after what they need."""

REFRESH_S = 0.45
"""Least time between two looks at changing files, in seconds."""

LOOK_S = 2.0
"""Time between two looks when no change was noticed, in seconds: a process can die without
touching a file, and a filesystem can fail to tell."""

RETRY_S = 5.0
"""Time until a feed that failed is tried again, in seconds."""

SESSION = "session"
"""What failures of the reading itself are called."""

V = TypeVar("V")
F = TypeVar("F", bound=Feed[Any])


MOVER = "tttui-trash"
"""The name of threads that move a session to the trash."""


class Store(Publisher[Snapshot]):
    """Reads sessions in a background thread and publishes Snapshots.

    `poll` is the time between looks at the files in seconds where the filesystem reports no
    changes; None lets the watcher decide. One that `waits` hardly reads more than the first part
    of a long session before `go_on` is called: what draws it has the processor for itself.
    """

    def __init__(
        self, paths: Sequence[Path], *, poll: float | None = None, waits: bool = False
    ) -> None:
        super().__init__(Snapshot(), "tttui-store")
        self.paths = tuple(paths)
        self.beside: Path | None = None
        """The one session that the paths name: those that lie beside it are listed as well."""
        self._stale = False
        """Files changed since they were read."""
        self.waits = waits
        """The first part of the session has yet to be shown."""
        self._looked = -REFRESH_S
        """When files were looked at last (monotonic seconds)."""
        self._session = OpenSession(self, self._on_change, poll)
        self._feeds = {kind.part.name: kind(self) for kind in FEEDS}
        self._needed: frozenset[str] = frozenset()
        self._turns: deque[Feed[Any]] = deque(self._feeds.values())
        """Whose turn it is to go on with what takes long."""
        self._retry: dict[str, float] = {}
        """When what failed is tried again (monotonic seconds)."""
        self._moved = set[Path]()
        """Sessions that are being moved to the trash."""

    def go_on(self) -> None:
        """Continue reading: the first part of the session is on the screen."""
        self._command(self._go_on)

    def _go_on(self) -> None:
        if self.waits:
            self.waits = False
            self._session.go_on()

    def want(self, parts: Collection[str]) -> None:
        """Set the names of the parts on the screen, which are kept up to date."""
        needed = self._with_needs(parts)

        def set_needed() -> None:
            if needed != self._needed:
                self._needed = needed
                self._forget_failures(
                    lambda name: name in needed or name == SESSION or self._feeds[name].urgent
                )
                self.hasten()
                self._refresh(self._feeds.values())

        self._do(set_needed)

    def open(self, place: Place, run: str | None = None) -> None:
        """Show another session (and, in a store, one of its runs)."""
        self._do(lambda: self._session.open(place, run))

    def open_path(self, path: Path) -> None:
        """Show the session in any directory."""
        self._do(lambda: self._session.open_path(path))

    def trash(self, place: Place) -> None:
        """Move a session to the trash of its root, unless a process writes it."""
        if place.path not in self._moved:
            self._moved.add(place.path)
            threading.Thread(target=self._move, args=(place,), name=MOVER, daemon=True).start()

    def compare(self, place: Place, run: str | None = None) -> None:
        """Load the weights of another session beside the open one."""
        self._tell(RelativesFeed, lambda feed: feed.compare(place, run))

    def summarise(self, name: str) -> None:
        """Summarise the snapshots of this parameter, of a session of any model."""
        self._tell(StatisticsFeed, lambda feed: feed.choose(name))

    def put_side_by_side(self, chosen: "Sequence[Chosen]", *, transfer: bool = False) -> None:
        """Compare these sessions (none: stop comparing), with their transfer matrix if wanted."""
        self._tell(ComparisonFeed, lambda feed: feed.choose(chosen, transfer=transfer))

    def list_files(self, place: Place) -> None:
        """Find the sizes and times of a session's files."""
        self._tell(FilesFeed, lambda feed: feed.find(place))

    def preview(self, place: Place) -> None:
        """Read a session in brief, in place of the one before."""
        self._tell(PreviewFeed, lambda feed: feed.choose(place))

    def ask(self, place: Place, verb: "Verb", value: Any = None) -> None:
        """Send a request to the owner of a run; its answer is the next note."""
        self._tell(RequestsFeed, lambda feed: feed.ask(place, verb, value))

    def _move(self, place: Place) -> None:
        """Move a session to the trash in a separate thread: one that another machine wrote last is
        watched for a while first."""
        from tttui.artifacts.session_events import tell_of_session
        from tttui.artifacts.trash import move_to_trash

        def tell(text: str) -> None:
            self._do(partial(self.note, text))

        try:
            target = move_to_trash(place, self.paths, tell)
        except TttuiError as error:
            tell(str(error))
        except Exception as error:
            tell(f"{place.path} could not be moved: {type(error).__name__}: {error}")
        else:
            tell_of_session(place.path, "deleted", trash=str(target))
            self._do(partial(self._session.trashed, place, target))
        finally:
            self._moved.discard(place.path)

    def _do(self, command: Job, name: str = SESSION) -> None:
        """Run an action for a part in the store's thread."""
        self._command(partial(self._guarded, name, command))

    def _tell(self, kind: type[F], what: Callable[[F], None]) -> None:
        """Run a method of a feed in the store's thread."""
        feed = self._feeds[kind.part.name]
        assert isinstance(feed, kind)
        self._do(lambda: what(feed), kind.part.name)

    def _with_needs(self, parts: Collection[str]) -> frozenset[str]:
        """These parts, and all parts that they depend on."""
        needed = set[str]()
        waiting = list(parts)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += self._feeds[name].needs
        return frozenset(needed)

    def _on_change(self) -> None:
        """Files changed; the watcher calls this in its thread."""
        with self._wake:
            self._stale = True
            self._wake.notify()

    # Everything below runs in the store's thread.

    @property
    def reader(self) -> SessionReader | None:
        return self._session.reader

    def put(self, part: Part[V], value: V, data: SessionData | None = None) -> None:
        """Publish another value of a part (and other data of the open session)."""
        values = {**self.snapshot.values, part.name: value}
        self.publish(values=values, data=data or self.snapshot.data)

    def set_places(self, places: tuple[Place, ...]) -> None:
        """Publish where all sessions are."""
        if places != self.snapshot.places:
            self.publish(places=places)

    def hasten(self) -> None:
        """Have every feed look at once."""
        for feed in self._feeds.values():
            feed.hasten()

    def forget(self) -> None:
        """Drop all data of the previous session, as none is open."""
        values = {name: feed.forget() for name, feed in self._feeds.items()}
        self._retry.clear()
        self.publish(data=None, values=values, failures={}, error="")

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            with suppress(Exception):  # every job is guarded: only the listener is left to fail
                job()
        self._session.stop()

    def _next_job(self) -> Job | None:
        """The next job: a command, a look at the files, or a slice of long work."""
        with self._wake:
            while not self._stopping:
                now = time.monotonic()
                if self._commands:
                    return self._commands.popleft()
                due = self._looked + self._pace()
                if now >= due:
                    if self._stale:
                        self._stale = False
                        for feed in self._feeds.values():
                            feed.noticed()
                    self._looked = now
                    return self._look
                if self._session.loading and not self.waits and self._able(SESSION):
                    return self._look
                for _ in range(len(self._turns)):
                    feed = self._turns[0]
                    self._turns.rotate(-1)
                    if self._active(feed) and feed.unfinished:
                        return partial(self._guarded, feed.part.name, feed.work)
                self._wake.wait(due - now)
            return None

    def _pace(self) -> float:
        """Seconds from one look at the files to the next."""
        wished = (feed.pace for feed in self._feeds.values())
        usual = REFRESH_S if self._stale and not self.waits else LOOK_S
        return min((pace for pace in wished if pace is not None), default=usual)

    def _look(self) -> None:
        """Read changes, and refresh the needed parts."""
        if self._able(SESSION) and self._guarded(SESSION, self._session.look):
            self._say(SESSION, "")
        # the others would slow down the reading of a long session
        self._refresh([f for f in self._feeds.values() if f.urgent or not self._session.loading])

    def _refresh(self, feeds: Iterable[Feed[Any]]) -> None:
        """Refresh those of these parts that are needed."""
        for feed in feeds:
            if self._active(feed) and self._guarded(feed.part.name, feed.refresh):
                self._say(feed.part.name, feed.complaint)

    def _active(self, feed: Feed[Any]) -> bool:
        """Whether the feed is needed and does not wait for a retry."""
        needed = feed.urgent or feed.part.name in self._needed
        return needed and self._able(feed.part.name)

    def _able(self, name: str) -> bool:
        return time.monotonic() >= self._retry.get(name, 0.0)

    def _guarded(self, name: str, job: Job) -> bool:
        """Run an action for a part, and publish its error; returns whether it succeeded."""
        try:
            job()
        except TttuiError as error:
            self._fail(name, str(error))
        except Exception as error:
            self._fail(name, f"{type(error).__name__}: {error}".removesuffix(": "))
        else:
            return True
        return False

    def _fail(self, name: str, why: str) -> None:
        """Publish the failure of a part."""
        self._retry[name] = time.monotonic() + RETRY_S
        what = "could not be read" if name == SESSION else "could not be worked out"
        message = " ".join(f"{name}: {what}: {why}".split())
        if name == SESSION:
            self.publish(error=message, scanned=True)
        self._say(name, message)
