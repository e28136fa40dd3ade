"""The summaries of all sessions, read again only if files changed, and the files of one session."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tttui.artifacts.events import EventLines
from tttui.artifacts.layout import files_of
from tttui.artifacts.regular import stat_regular
from tttui.artifacts.status import HeartbeatWatch
from tttui.artifacts.summary import read_summary
from tttui.artifacts.wholefile import WRITTEN_S
from tttui.model.dataclass import dataclass
from tttui.model.session import FileEntry, Place, SessionSummary

Stamp = tuple[tuple[int, int] | None, ...]
"""Size and modification time of each file that a summary is made from."""

MOST_FILES = 200
"""Files that are listed of one session."""


@dataclass(slots=True)
class _CatalogueRow:
    stamp: Stamp
    summary: SessionSummary
    settled: bool
    """The files are old enough that their modification times identify their versions."""
    events: EventLines | None
    """The transactions read so far, until the run completes."""
    doubted_at: float | None = None
    """Since when files look damaged that may just be being written."""


class Catalogue:
    """Summaries of many sessions, refreshed a slice of time at a time."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._rows: dict[Path, _CatalogueRow] = {}
        self._watches: dict[Path, HeartbeatWatch] = {}
        self._waiting: list[Place] = []
        self.complete = False
        """Every place that was last begun with has been looked at."""

    def begin(self, places: Sequence[Place]) -> None:
        """Watch these places from now on; forget all others."""
        known = {place.path for place in places}
        self._rows = {path: row for path, row in self._rows.items() if path in known}
        self._watches = {path: w for path, w in self._watches.items() if path in known}
        self._waiting = list(reversed(places))
        self.complete = not places

    def work(self, budget_s: float) -> None:
        """Read changes for about `budget_s` seconds."""
        end = time.monotonic() + budget_s
        while self._waiting and time.monotonic() < end:
            self._look(self._waiting.pop())
        self.complete = not self._waiting

    def summaries(self, places: Sequence[Place]) -> tuple[SessionSummary, ...]:
        """The summaries read so far, in the order of the places."""
        rows = (self._rows.get(place.path) for place in places)
        return tuple(row.summary for row in rows if row is not None)

    def _look(self, place: Place) -> None:
        row = self._rows.get(place.path)
        stamp = _stamp(place)
        live = row is not None and row.summary.status is not None and row.summary.status.live
        same = row is not None and row.stamp == stamp and row.summary.place == place
        if same and row is not None and row.settled and not live:
            return
        lines = files_of(place).event_lines
        events = row.events if row is not None else EventLines(lines) if lines else None
        watch = self._watches.setdefault(place.path, HeartbeatWatch())
        fresh = read_summary(place, now=self._now, watch=watch, events=events)
        if same and row is not None and row.summary == fresh:
            fresh = row.summary  # the same object, so that nothing is drawn again
        newest = max((mark[1] for mark in stamp if mark), default=0)
        # A clock may have been set back.
        settled = abs(time.time_ns() - newest) > WRITTEN_S * 1e9
        doubted_at = None
        if row is not None and not settled and set(fresh.problems) - set(row.summary.problems):
            # A file may be being written; one that is written again and again is told in the end.
            doubted_at = time.monotonic() if row.doubted_at is None else row.doubted_at
            if time.monotonic() - doubted_at < WRITTEN_S:
                fresh = row.summary
        self._rows[place.path] = _CatalogueRow(stamp, fresh, settled, events, doubted_at)


def _stamp(place: Place) -> Stamp:
    files = files_of(place, place.run or (place.runs[-1] if place.runs else None))
    paths = (files.meta, files.metrics, files.status, files.steps)
    marks = []
    for path in paths:
        try:
            stat = stat_regular(path) if path is not None else None
        except OSError:
            stat = None
        marks.append(None if stat is None else (stat.st_size, stat.st_mtime_ns))
    return tuple(marks)


def list_files(place: Place) -> tuple[FileEntry, ...]:
    """The files of a session with sizes and times, by path; hidden ones left out."""
    entries: list[FileEntry] = []
    for folder, folders, names in os.walk(place.path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder) / name
            try:
                stat = path.lstat()
            except OSError:
                continue
            entry = FileEntry(str(path.relative_to(place.path)), stat.st_size, stat.st_mtime)
            entries.append(entry)
            if len(entries) >= MOST_FILES:
                return tuple(entries)
    return tuple(entries)
