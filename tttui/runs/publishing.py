"""What a session tells the events of its run root: that it began, its transactions, its end.

The engine never waits for it: who holds the lock of the events for longer than a moment makes
transactions be told later, together, and a disk that takes none makes them be dropped.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import events_below
from tttui.model.errors import TttuiError

EVERY_S = 1.0
"""Seconds between two looks at the transactions: their events are about all of that time."""

PATIENCE_S = 0.02
"""Seconds that a run waits for the lock of the events."""


class SessionEvents:
    """The events of one session, whose directory lies in its run root."""

    def __init__(self, directory: Path) -> None:
        self._root, self._id = directory.parent, directory.name
        self._told = (0, 0)
        """Transactions committed and rolled back of which events tell."""
        self._next = 0.0

    def began(self, t: int, attempted: int, committed: int) -> None:
        """The session runs from step `t` on, after so many transactions."""
        self._told = committed, attempted - committed
        self._next = time.monotonic() + EVERY_S
        self._publish([("data:sessions:started", {"t": t})])

    def due(self, now: float) -> bool:
        """Whether it is time to tell of transactions; `now` is monotonic."""
        return now >= self._next

    def transactions(self, t: int, attempted: int, committed: int) -> None:
        """Tell how many more were committed and rolled back by step `t`."""
        self._next = time.monotonic() + EVERY_S
        now = committed, attempted - committed
        entries = [
            (f"data:transactions:{action}", {"t": t, "count": count - before})
            for action, count, before in zip(
                ("committed", "rolled_back"), now, self._told, strict=True
            )
            if count > before
        ]
        if entries and self._publish(entries):
            self._told = now

    def ended(self, t: int, state: str, error: str | None = None) -> None:
        """The session is no longer run, and is `completed`, `interrupted`, `queued`, `failed`."""
        said = {"t": t} if error is None else {"t": t, "error": error}
        self._publish([(f"data:sessions:{state}", said)])

    def _publish(self, entries: list[tuple[str, dict[str, Any]]]) -> bool:
        with suppress(TttuiError, OSError):
            log = events_below(self._root, patience_s=PATIENCE_S)
            log.append_all([(name, {"id": self._id, **said}) for name, said in entries])
            return True
        return False
