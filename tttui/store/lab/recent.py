"""The newest events of a run root, at the cost of those that came."""

import os
from collections import deque
from pathlib import Path

from tttui.artifacts.eventlog import EVENTS, LAB, Event, EventLog
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

KEPT = 200
"""Events that are kept."""

RECENT: Part[tuple[Event, ...]] = Part("recent", ())
"""The newest events, the newest first."""


class RecentEventsFeed(LabFeed[tuple[Event, ...]]):
    part = RECENT

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._log = EventLog(root / LAB)
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._seen: object = None

    def refresh(self, now: float) -> tuple[Event, ...]:
        try:
            found = os.stat(self.root / LAB / EVENTS)
        except OSError:
            self._events.clear()
            return self.part.empty
        seen = found.st_ino, found.st_size
        if seen == self._seen:
            return self.value
        self._seen = seen
        newest = self._log.last()
        last = self._events[0].seq if self._events else max(0, newest - KEPT)
        if newest < last:  # another file has taken its place
            self._events.clear()
            last = max(0, newest - KEPT)
        for event in self._log.read(last):
            self._events.appendleft(event)
        return tuple(self._events)
