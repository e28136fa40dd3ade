"""What grows without end, the newest of it: the lines of all logs, and all events."""

import os
import time
from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from tttui.artifacts.eventlog import EVENTS, LAB, Event, EventLog
from tttui.lab.logs import Line, Logs, Wanted
from tttui.model.dataclass import dataclass
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

LINES, KEPT = 20_000, 5_000
"""Lines and events that are kept, the newest."""

SHARE = 9
"""How much longer than a look at the logs the time until the next one is."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Stream(Generic[T]):
    """The newest of something, the oldest first."""

    items: tuple[T, ...] = ()
    before: int = 0
    """How many came before these, and are not kept: the number of the first one."""
    known: bool = False
    """It was looked for."""


LOG_LINES: Part[Stream[Line]] = Part("logs", Stream())
ALL_EVENTS: Part[Stream[Event]] = Part("events", Stream())


class LogsFeed(LabFeed[Stream[Line]]):
    """The lines of all logs: those that are there in the order of time, then as they come."""

    part = LOG_LINES

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._logs = Logs(root)
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._count = 0
        self._due = 0.0

    def refresh(self, now: float) -> Stream[Line]:
        begin = time.monotonic()
        if begin < self._due:
            return self.value
        lines, left_out = self._logs.take(Wanted())
        self._lines.extend(lines)
        self._count += len(lines) + left_out
        self._due = begin + (1 + SHARE) * (time.monotonic() - begin)
        if not lines and self.value.known:
            return self.value
        return Stream(tuple(self._lines), self._count - len(self._lines), known=True)


class EventsFeed(LabFeed[Stream[Event]]):
    """The events of the root; `before` is one less than the number of the first one."""

    part = ALL_EVENTS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._log = EventLog(root / LAB)
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._seen: object = None

    def refresh(self, now: float) -> Stream[Event]:
        try:
            found = os.stat(self.root / LAB / EVENTS)
            seen = found.st_ino, found.st_size
        except OSError:
            seen = 0, 0
        if seen == self._seen:
            return self.value
        self._seen = seen
        newest = self._log.last()
        last = self._events[-1].seq if self._events else 0
        if newest < last:  # another file has taken its place
            self._events.clear()
        self._events.extend(self._log.read(max(last if last <= newest else 0, newest - KEPT)))
        first = self._events[0].seq if self._events else 1
        return Stream(tuple(self._events), first - 1, known=True)
