"""What a session tells the events of its run root: that it began, its transactions, its end.

Whoever runs the session never waits for it: all that happened within a second is told together,
and while somebody holds the lock of the events, or the disk takes none, it is kept for the next
second.
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

    With `only_there` nothing is made for them: a root where nobody uses the lab gets none.
    """

    def __init__(self, directory: Path, *, only_there: bool = False) -> None:
        self._root, self._id = directory.parent, directory.name
        self._only_there = only_there
        self._told = (0, 0)
        """Transactions committed and rolled back of which events tell."""
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MOST)
        self._next = 0.0

    def began(self, t: int, attempted: int, committed: int) -> None:
        """The session runs from step `t` on, after so many transactions."""
        self._told = committed, attempted - committed
        self.note("started", t=t)

    def note(self, action: str, **fields: Any) -> None:
        """Tell `data:sessions:<action>` with the next look."""
        self._waiting.append((f"data:sessions:{action}", {"id": self._id, **fields}))

    def due(self, now: float) -> bool:
        """Whether it is time to tell; `now` is monotonic."""
        return now >= self._next

    def transactions(self, t: int, attempted: int, committed: int) -> None:
        """Tell how many more were committed and rolled back by step `t`, and what waits."""
        self._next = time.monotonic() + EVERY_S
        now = committed, attempted - committed
        for action, total, before in zip(
            ("committed", "rolled_back"), now, self._told, strict=True
        ):
            if total > before:
                said = {"id": self._id, "t": t, "count": total - before, "total": total}
                self._waiting.append((f"data:transactions:{action}", said))
        self._told = now
        self._tell(PATIENCE_S)

    def ended(self, t: int, state: str, error: str | None = None) -> None:
        """The session is no longer run, and is `completed`, `interrupted`, `queued`, `failed`."""
        self.note(state, t=t, **({} if error is None else {"error": error}))
        self._tell(LAST_S)

    def _tell(self, patience_s: float) -> None:
        if not self._waiting:
            return
        wanted = not self._only_there or (self._root / LAB).is_dir()
        if not wanted or tell(self._root, [*self._waiting], patience_s=patience_s) is not None:
            self._waiting.clear()


def tell_of_session(directory: Path, action: str, **fields: Any) -> None:
    """Tell `data:sessions:<action>` of the session in a directory, by whoever did it to it."""
    tell(directory.parent, [(f"data:sessions:{action}", {"id": directory.name, **fields})])
