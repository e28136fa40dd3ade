"""The newest log lines and events of a run root."""

import os
import time
from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from tttui.artifacts.eventlog import EVENTS, LAB, Event, EventLog
from tttui.lab.logs import LogEntry, LogFilter, Logs
from tttui.model.dataclass import dataclass
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

LINES, EVENTS_KEPT, FEW = 20_000, 5_000, 200
"""Lines and events that are kept, the newest; events where only some are shown."""

SHARE = 9
"""How much longer than a look at the logs the time until the next one is."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class NewestEntries(Generic[T]):
    """The newest entries of a stream, oldest first."""

    items: tuple[T, ...] = ()
    before: int = 0
    """How many came before these, and are not kept: the number of the first one."""
    known: bool = False
    """Whether it was read."""


LOG_LINES: Part[NewestEntries[LogEntry]] = Part("logs", NewestEntries())
ALL_EVENTS: Part[NewestEntries[Event]] = Part("events", NewestEntries())
NEWEST_EVENTS: Part[NewestEntries[Event]] = Part("recent", NewestEntries())
"""The last few, for those who need no more."""


class LogsFeed(LabFeed[NewestEntries[LogEntry]]):
    """The lines of all logs: those that are there in the order of time, then as they come."""

    part = LOG_LINES

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._logs = Logs(root)
        self._lines: deque[LogEntry] = deque(maxlen=LINES)
        self._count = 0
        self._due = 0.0

    def refresh(self, now: float) -> NewestEntries[LogEntry]:
        begin = time.monotonic()
        if begin < self._due:
            return self.value
        lines, left_out = self._logs.take(LogFilter())
        self._lines.extend(lines)
        self._count += len(lines) + left_out
        self._due = begin + (1 + SHARE) * (time.monotonic() - begin)
        if not lines and self.value.known:
            return self.value
        return NewestEntries(tuple(self._lines), self._count - len(self._lines), known=True)


class EventsFeed(LabFeed[NewestEntries[Event]]):
    """The events of the root; `before` is one less than the number of the first one."""

    part = ALL_EVENTS
    kept = EVENTS_KEPT

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._log = EventLog(root / LAB)
        self._events: deque[Event] = deque(maxlen=self.kept)
        self._seen: object = None

    def refresh(self, now: float) -> NewestEntries[Event]:
        try:
            status = os.stat(self.root / LAB / EVENTS)
            seen = status.st_ino, status.st_size
        except OSError:
            seen = 0, 0
        if seen == self._seen:
            return self.value
        self._seen = seen
        newest = self._log.last()
        last = self._events[-1].seq if self._events else 0
        if newest < last:  # another file has taken its place
            self._events.clear()
        self._events.extend(self._log.read(max(last if last <= newest else 0, newest - self.kept)))
        first = self._events[0].seq if self._events else 1
        return NewestEntries(tuple(self._events), first - 1, known=True)


class NewestEventsFeed(EventsFeed):
    part = NEWEST_EVENTS
    kept = FEW
