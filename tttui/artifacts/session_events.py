"""Events that a session publishes in its run root: its start, transactions and end.

The session never waits for them: events within a second are published together, and if the event
log is locked or cannot be written they wait for the next second.
"""

import time
from collections import deque
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import LAB, tell

EVERY_S = 1.0
"""Seconds between two looks at the transactions: their events are about all of that time."""

PATIENCE_S = 0.02
"""Seconds that a run waits for the lock of the events; a session that ends waits LAST_S."""

LAST_S = 1.0

MOST = 1000
"""Events that are kept while none can be written, the newest."""


class SessionEvents:
    """The events of one session, whose directory lies in its run root.

    With `only_there` a root without a lab gets no events.
    """

    def __init__(self, directory: Path, *, only_there: bool = False) -> None:
        self._root, self._id = directory.parent, directory.name
        self._only_there = only_there
        self._published = (0, 0)
        """Transactions committed and rolled back of which events tell."""
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MOST)
        self._next = 0.0

    def began(self, t: int, attempted: int, committed: int) -> None:
        """The session runs from step `t` on, after so many transactions."""
        self._published = committed, attempted - committed
        self.note("started", t=t)

    def note(self, action: str, **fields: Any) -> None:
        """Publish `data:sessions:<action>` at the next flush."""
        self._waiting.append((f"data:sessions:{action}", {"id": self._id, **fields}))

    def due(self, now: float) -> bool:
        """Whether it is time to publish; `now` is in monotonic seconds."""
        return now >= self._next

    def transactions(self, t: int, attempted: int, committed: int) -> None:
        """Publish the new commits and rollbacks up to step `t`, and all waiting events."""
        self._next = time.monotonic() + EVERY_S
        now = committed, attempted - committed
        for action, total, before in zip(
            ("committed", "rolled_back"), now, self._published, strict=True
        ):
            if total > before:
                fields = {"id": self._id, "t": t, "count": total - before, "total": total}
                self._waiting.append((f"data:transactions:{action}", fields))
        self._published = now
        self._tell(PATIENCE_S)

    def ended(self, t: int, state: str, error: str | None = None) -> None:
        """The session is no longer run, and is `completed`, `interrupted`, `queued`, `failed`."""
        self.note(state, t=t, **({} if error is None else {"error": error}))
        self._tell(LAST_S)

    def _tell(self, patience_s: float) -> None:
        if not self._waiting:
            return
        due = not self._only_there or (self._root / LAB).is_dir()
        if not due or tell(self._root, [*self._waiting], patience_s=patience_s) is not None:
            self._waiting.clear()


def tell_of_session(directory: Path, action: str, **fields: Any) -> None:
    """Publish `data:sessions:<action>` for the session in a directory."""
    tell(directory.parent, [(f"data:sessions:{action}", {"id": directory.name, **fields})])
