"""The sessions below the paths, and the one that is open."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tttui.artifacts.discover import Scan, find_sessions, scan
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.watch import Watcher
from tttui.model.here import LOST, absolute, reachable
from tttui.model.session import Place
from tttui.store.snapshot import Snapshot

FIRST_ROWS = 4_000
"""Rows read before the first snapshot of a session is published."""

BATCH_ROWS = (60_000, 240_000)
"""Rows read before each later one, as many as were read before: at least and at most so many."""


class Owner(Protocol):
    """The store as its open session sees it."""

    paths: tuple[Path, ...]
    beside: Path | None
    waits: bool
    """The first picture has yet to be drawn."""

    @property
    def snapshot(self) -> Snapshot: ...

    def publish(self, **changes: Any) -> None:
        """Publish the snapshot with these changes."""

    def note(self, text: str) -> None:
        """Show the person a message."""

    def forget(self) -> None:
        """No session is open: drop all that is known of the one before."""

    def hasten(self) -> None:
        """No feed waits with its next look."""


class OpenSession:
    """Finds sessions and reads one of them again and again. Runs in the store's thread."""

    def __init__(
        self, owner: Owner, on_change: Callable[[], None], poll: float | None = None
    ) -> None:
        self._owner, self._on_change, self._poll = owner, on_change, poll
        self.reader: SessionReader | None = None
        self._watcher: Watcher | None = None
        self._watched: tuple[Path, ...] = ()
        self._looked_beside = False
        """The sessions beside a single one were looked for, once that was read."""

    @property
    def loading(self) -> bool:
        """Whether more of the session has to be read."""
        data = self._owner.snapshot.data
        return self.reader is not None and data is not None and data.loading

    def look(self) -> None:
        """Read what changed of the open session; without one, look for sessions."""
        if self.reader is None:
            self.scan()
            return
        known = self._owner.snapshot.data
        rows = FIRST_ROWS if known is None else max(len(known.steps), BATCH_ROWS[0])
        data = self.reader.refresh(budget_rows=min(rows, BATCH_ROWS[1]))
        if _is_missing(data.place.path):
            self.close(f"{data.place.name} is gone: its directory was moved or deleted.")
        elif data is not self._owner.snapshot.data:
            self._owner.publish(data=data, error="")
        if not (data.loading or self._looked_beside):
            self._looked_beside = True
            if self._owner.beside is not None:
                self._owner.publish(places=self._places())

    def scan(self) -> None:
        """Look for sessions, and open one where none is open."""
        searched = scan(self._owner.paths, self._owner.beside)
        places = tuple(searched.places)
        error = "" if places else what_is_wrong(searched)
        now = self._owner.snapshot
        if (places, True, error) != (now.places, now.scanned, now.error):
            self._owner.publish(places=places, scanned=True, error=error)
        if self.reader is None and places:
            first = self._owner.paths[0]
            named = [place for place in places if first.is_relative_to(place.path)]
            chosen = named[0] if named else max(places, key=last_written)
            if len(places) == 1 and absolute(first).is_relative_to(absolute(chosen.path)):
                self._owner.beside = chosen.path
            self.open(chosen, None)
        elif not places:
            self._watch(self._owner.paths)

    def open(self, place: Place, run: str | None) -> None:
        """Open another session."""
        self.reader = None
        self._owner.forget()
        self._owner.publish(opened=self._owner.snapshot.opened + 1)
        self.reader = SessionReader(place, run)
        self._watch((place.path, *(p for p in self._owner.paths if p != place.path)))
        self.look()

    def open_path(self, path: Path) -> None:
        """Open the session in any directory."""
        places = find_sessions([path])
        if not places:
            self._owner.note(f"{path} holds no session.")
            return
        if not any(path.is_relative_to(known) for known in self._owner.paths):
            self._owner.paths = (*self._owner.paths, path)
        data = self._owner.snapshot.data
        if data is None or data.place.path != places[0].path:
            self.open(places[0], None)
        self._owner.hasten()
        self._owner.publish(places=self._places())

    def _places(self) -> tuple[Place, ...]:
        return tuple(scan(self._owner.paths, self._owner.beside).places)

    def trashed(self, place: Place, target: Path) -> None:
        """Handle a session that was moved to the trash."""
        data = self._owner.snapshot.data
        message = f"{place.name} moved to {target}"
        if data is not None and data.place.path == place.path:
            self.close(message)
        else:
            self._owner.note(message)
            self._owner.hasten()
            self.scan()

    def close(self, why: str) -> None:
        """Close the open session, and open another one if there is one."""
        self.reader = None
        self._owner.forget()
        self._owner.note(why)
        self._owner.hasten()
        self.scan()

    def _watch(self, paths: Sequence[Path]) -> None:
        if tuple(paths) == self._watched:
            return
        self.stop()
        self._watched = tuple(paths)
        self._watcher = Watcher(self._watched, self._on_change, poll=self._poll)
        if not self._owner.waits:
            self._watcher.start()

    def go_on(self) -> None:
        """Start watching files, which waits for the first picture."""
        if self._watcher is not None:
            self._watcher.start()

    def stop(self) -> None:
        """Watch nothing more."""
        if self._watcher is not None:
            self._watcher.stop()
        self._watcher, self._watched = None, ()


def _is_missing(path: Path) -> bool:
    """Whether the path no longer exists; other errors are reported by the reader."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def what_is_wrong(searched: Scan) -> str:
    """The paths that could not be searched, and why."""
    reasons = []
    for problem in searched.problems:
        hint = "" if reachable(problem.path) else f"; {LOST}"
        reasons.append(f"{problem.path}: {problem.reason}{hint}")
    return "; ".join(reasons)


def last_written(place: Place) -> float:
    """When something last happened in a session's directory (Unix seconds); 0 if unreadable."""
    paths = (place.path, place.path / "status.json", place.path / "per_step.csv")
    times = [0.0]
    for path in paths:
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)
