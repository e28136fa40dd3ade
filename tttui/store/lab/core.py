"""The store of the lab: a thread that polls the run root and publishes snapshots.

It looks only while the lab is on the screen. Looks are calls of `stat`, which network filesystems
answer as well, and which cost the same whether ten or ten thousand jobs have ended.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import LAB
from tttui.lab.job import STATUS
from tttui.model.errors import TttuiError
from tttui.store.lab.feed import LabFeed, LabSnapshot
from tttui.store.publisher import Publisher

FEEDS: Mapping[str, str] = {
    "jobs": "jobs:JobsFeed",
    "job": "job:JobDetailFeed",
    "curves": "curves:JobMetricsFeed",
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


class LabStore(Publisher[LabSnapshot]):
    """Keeps the parts up to date that are needed, and calls one listener with every snapshot.

    The listener is called in the store's thread and must only hand the snapshot over.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(LabSnapshot(), "tttui-lab")
        self.root = root
        self._feeds: dict[str, LabFeed[Any]] = {}
        """Those that were needed so far."""
        self._due: dict[str, float] = {}
        """When the needed feeds are looked at again (monotonic seconds)."""

    def want(self, parts: Collection[str]) -> None:
        """Set the names of the parts on the screen; none: the lab is hidden."""
        self._command(lambda: self._set_needed(frozenset(parts)))

    def tell(self, part: str, what: Callable[[Any], object]) -> None:
        """Run a method of a part's feed in the store's thread, then look at once."""

        def carry_out() -> None:
            what(self._feed(part))
            if part in self._due:
                self._due[part] = 0.0

        self._command(partial(self._guarded, part, carry_out))

    def act(self, what: Callable[[], str]) -> None:
        """Run an action in a separate thread, since it may wait.

        The sentence that it returns, or its error, is the next note.
        """

        def work() -> None:
            try:
                note = what()
            except TttuiError as error:
                note = str(error)
            except Exception as error:
                note = f"That failed: {type(error).__name__}: {error}"
            self._command(partial(self._acted, note))

        threading.Thread(target=work, name=ACTOR, daemon=True).start()

    # Everything below runs in the store's thread.

    def _next_job(self) -> Callable[[], object] | None:
        """The next job: a command, or a look at all due parts."""
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
        self._forget_failures(lambda name: name in parts)

    def _acted(self, note: str) -> None:
        """Look at the outcome of an action."""
        self._due = dict.fromkeys(self._due, 0.0)
        self.note(note)

    def _look(self) -> None:
        """Refresh the due parts, and publish changes."""
        now = time.monotonic()
        values = dict(self.snapshot.values)
        for name in [name for name, due in self._due.items() if now >= due]:
            self._guarded(name, partial(self._refresh, name, values))
        if any(value is not self.snapshot.values.get(name, self) for name, value in values.items()):
            self.publish(values=values)

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
        """Run an action for a part, and publish its error as a failure."""
        try:
            job()
        except Exception as error:
            what = str(error) if isinstance(error, TttuiError) else ""
            why = what or f"{type(error).__name__}: {error}".removesuffix(": ")
            self._due.update({name: time.monotonic() + RETRY_S} if name in self._due else {})
            self._say(name, " ".join(f"{name}: could not be read: {why}".split()))
