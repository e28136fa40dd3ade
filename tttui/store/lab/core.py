"""The store of the lab: a thread of its own that looks at the run root and publishes snapshots.

It looks only while the lab is on the screen. Looks are calls of `stat`, which network filesystems
answer as well, and which cost the same whether ten or ten thousand jobs have ended.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import LAB
from tttui.lab.job import STATUS
from tttui.model.errors import TttuiError
from tttui.store.lab.feed import LabFeed, LabSnapshot

FEEDS: Mapping[str, str] = {
    "jobs": "jobs:JobsFeed",
    "job": "job:ChosenJobFeed",
    "curves": "curves:CurvesFeed",
    "models": "models:ModelsFeed",
    "benchmarks": "benchmarks:BenchmarksFeed",
    "recent": "tails:NewestEventsFeed",
    "used": "machine:MachineUseFeed",
    "logs": "tails:LogsFeed",
    "events": "tails:EventsFeed",
    "genome": "genome:GenomeFeed",
    "machine": "machine:MachineFeed",
    "matrix": "matrix:MatrixFeed",
    "personas": "models:PersonasFeed",
}
"""The module below `store.lab` and the class of every feed, by the name of its part. It is imported
when a view needs it."""

META = "meta.json"

RETRY_S = 5.0
"""Seconds until a feed that failed is tried again."""

ACTOR = "tttui-lab-act"
"""The name of threads that carry out what was asked for."""

Listener = Callable[[LabSnapshot], None]


def root_of_paths(paths: Sequence[Path]) -> Path:
    """The run root whose lab is shown, of the paths that the app was given: the first that has
    one, else the first; of a session or of what lies below one the directory that holds it."""
    roots = [_root_of(path) for path in paths] or [Path("runs")]
    return next((root for root in roots if (root / LAB).is_dir()), roots[0])


def _root_of(path: Path) -> Path:
    """A path itself, unless it is that of a session."""
    if path.name == "session" and (path / META).exists():
        path = path.parent
    of_run = any((path / name).exists() for name in (META, STATUS, f"session/{META}"))
    parent = path.parent
    return parent if of_run and not (path / LAB).is_dir() else path


class LabStore:
    """Keeps the parts up to date that are needed, and calls one listener with every snapshot.

    The listener is called in the store's thread and must only hand the snapshot over.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.snapshot = LabSnapshot()
        self._listener: Listener | None = None
        self._publishing = threading.Lock()
        self._wake = threading.Condition()
        self._commands: deque[Callable[[], object]] = deque()
        self._stopping = False
        self._feeds: dict[str, LabFeed[Any]] = {}
        """Those that were needed so far."""
        self._due: dict[str, float] = {}
        """When the needed feeds are looked at again (monotonic seconds)."""
        self._thread = threading.Thread(target=self._work, name="tttui-lab", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns at once."""
        self._listener = None
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the snapshot there is and with every later one."""
        with self._publishing:
            self._listener = listener
            listener(self.snapshot)

    def want(self, parts: Collection[str]) -> None:
        """Say by their names which parts are on the screen; none: nobody looks at the lab."""
        self._do(lambda: self._set_needed(frozenset(parts)))

    def tell(self, part: str, what: Callable[[Any], object]) -> None:
        """Have the feed of a part do something in the store's thread, and look at once."""

        def told() -> None:
            what(self._feed(part))
            if part in self._due:
                self._due[part] = 0.0

        self._do(partial(self._guarded, part, told))

    def act(self, what: Callable[[], str]) -> None:
        """Carry something out in a thread of its own, since it may wait for others.

        The sentence that it returns, or the reason why it could not be done, is the next note.
        """

        def work() -> None:
            try:
                said = what()
            except TttuiError as error:
                said = str(error)
            except Exception as error:
                said = f"That failed: {type(error).__name__}: {error}"
            self._do(partial(self._acted, said))

        threading.Thread(target=work, name=ACTOR, daemon=True).start()

    def _do(self, command: Callable[[], object]) -> None:
        with self._wake:
            self._commands.append(command)
            self._wake.notify()

    # Everything below runs in the store's thread.

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            job()

    def _next_job(self) -> Callable[[], object] | None:
        """What is done next: a command, or a look at all parts whose time has come."""
        with self._wake:
            while not self._stopping:
                if self._commands:
                    return self._commands.popleft()
                now = time.monotonic()
                due = min(self._due.values(), default=None)
                if due is not None and now >= due:
                    return self._look
                self._wake.wait(None if due is None else due - now)
            return None

    def _set_needed(self, parts: frozenset[str]) -> None:
        self._due = {name: self._due.get(name, 0.0) for name in FEEDS if name in parts}
        known = self.snapshot.failures
        kept = {name: why for name, why in known.items() if name in parts}
        if kept != known:
            self._publish(failures=kept)

    def _acted(self, said: str) -> None:
        """Something was carried out: look at what became of it."""
        self._due = dict.fromkeys(self._due, 0.0)
        self._publish(note=said, noted=self.snapshot.noted + 1)

    def _look(self) -> None:
        """Bring the parts up to date whose time has come, and publish what changed."""
        now = time.monotonic()
        values = dict(self.snapshot.values)
        for name in [name for name, due in self._due.items() if now >= due]:
            self._guarded(name, partial(self._refresh, name, values))
        if any(value is not self.snapshot.values.get(name, self) for name, value in values.items()):
            self._publish(values=values)

    def _refresh(self, name: str, values: dict[str, object]) -> None:
        feed = self._feed(name)
        feed.value = values[name] = feed.refresh(time.time())
        self._due[name] = 0.0 if feed.unfinished else time.monotonic() + feed.every_s
        self._say(name, "")

    def _feed(self, name: str) -> LabFeed[Any]:
        feed = self._feeds.get(name)
        if feed is None:
            module, _, kind = FEEDS[name].partition(":")
            made: LabFeed[Any] = getattr(import_module(f"tttui.store.lab.{module}"), kind)(
                self.root
            )
            feed = self._feeds[name] = made
        return feed

    def _guarded(self, name: str, job: Callable[[], object]) -> None:
        """Do something for a part; what it raises is published as its failure."""
        try:
            job()
        except Exception as error:
            what = str(error) if isinstance(error, TttuiError) else ""
            why = what or f"{type(error).__name__}: {error}".removesuffix(": ")
            self._due.update({name: time.monotonic() + RETRY_S} if name in self._due else {})
            self._say(name, " ".join(f"{name}: could not be read: {why}".split()))

    def _say(self, name: str, what: str) -> None:
        """What is wrong with a part from now on; '' is nothing."""
        failures = {**self.snapshot.failures, name: what}
        if not what:
            del failures[name]
        if failures != self.snapshot.failures:
            self._publish(failures=failures)

    def _publish(self, **changes: Any) -> None:
        with self._publishing:
            self.snapshot = replace(self.snapshot, **changes)
            if self._listener is not None:
                self._listener(self.snapshot)
