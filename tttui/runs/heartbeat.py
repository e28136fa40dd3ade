"""The heartbeat in status.json: state, process, progress and speed of a session."""

import sys
import time
from collections import deque
from typing import Any, Protocol

from tttui.artifacts.lock import SessionLock
from tttui.model.shell import command_line

HEARTBEAT_S = 1.0
"""Time in seconds between two writes of status.json."""

PAUSED_S = 5.0
"""The same while the run is paused: it says only that it is there."""

RATE_POINTS = 5
"""Heartbeats over which the speed is measured."""


class Says(Protocol):
    """Who writes status.json."""

    def status(self, *, last: bool = False, **fields: Any) -> None: ...


class Heartbeat:
    """Writes the state of a run once a second: `state`, `error` and `fields`.

    First checks that this process still owns the session, see `SessionLock.check`.
    """

    def __init__(
        self, writer: Says, lock: SessionLock, t: int, steps_total: int, device: str
    ) -> None:
        self._state = "running"
        self.error: str | None = None
        self.fields: dict[str, Any] = {}
        """Further keys of status.json, such as the answers to requests."""
        self.steps_total = steps_total
        self._writer, self._lock, self._device = writer, lock, device
        self._started_at = time.time()
        self._next = 0.0
        self._pace = deque([(time.monotonic(), t)], maxlen=RATE_POINTS)

    @property
    def state(self) -> str:
        """The `state` for status.json."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        if state != self._state:
            self._pace.clear()  # a pause is no time in which a run was slow
        self._state = state

    def steps_per_second(self, t: int) -> float:
        """The speed over the last few heartbeats, in the state that the run is in now."""
        now = time.monotonic()
        if not self._pace:
            self._pace.append((now, t))
        then, first = self._pace[0]
        return (t - first) / (now - then) if now > then else 0.0

    def beat_when_due(self, t: int, now: float) -> None:
        """Write status.json if the last write was long enough ago; `now` is in monotonic
        seconds."""
        if now >= self._next:
            self._pace.append((now, t))
            self.beat(t)

    def beat(self, t: int, *, last: bool = False) -> None:
        """Write status.json; the `last` status of a run also on a full disk.

        Raises TttuiError where the disk does not take it, SessionTaken where another process has
        the session.
        """
        self._lock.check()
        self._next = time.monotonic() + (PAUSED_S if self.state == "paused" else HEARTBEAT_S)
        self._writer.status(
            last=last,
            state=self.state,
            t=t,
            steps_total=self.steps_total,
            steps_per_second=round(self.steps_per_second(t), 1),
            started_at=self._started_at,
            device=self._device,
            command=command_line("tttui", *sys.argv[1:]),
            error=self.error,
            **self.fields,
        )
