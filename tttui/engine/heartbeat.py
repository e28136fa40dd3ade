"""status.json: is the session running, by whom, how far, how fast."""

import sys
import time
from collections import deque
from typing import Any

from tttui.artifacts.writer import RunWriter
from tttui.model.shell import command_line

HEARTBEAT_S = 1.0
"""Time in seconds between two writes of status.json."""

PAUSED_S = 5.0
"""The same while the run is paused: it says only that it is there."""

RATE_POINTS = 5
"""Heartbeats over which the speed is measured."""


class Heartbeat:
    """Says once a second how a run stands; `state`, `error` and `said` are what it says of it."""

    def __init__(self, writer: RunWriter, t: int, steps_total: int, device: str) -> None:
        self.state = "running"
        self.error: str | None = None
        self.said: dict[str, Any] = {}
        """What was asked of the run and what became of it, by key of status.json."""
        self.steps_total = steps_total
        self._writer, self._device = writer, device
        self._started_at = time.time()
        self._next = 0.0
        self._pace = deque([(time.monotonic(), t)], maxlen=RATE_POINTS)

    def steps_per_second(self, t: int) -> float:
        """The speed over the last few heartbeats."""
        (then, first), now = self._pace[0], time.monotonic()
        return (t - first) / (now - then) if now > then else 0.0

    def beat_when_due(self, t: int, now: float) -> None:
        """Write status.json if the last time was long enough ago; `now` is monotonic."""
        if now >= self._next:
            self._pace.append((now, t))
            self.beat(t)

    def beat(self, t: int, *, last: bool = False) -> None:
        """Write status.json, at any price where these are the `last` words of a run.

        Raises TttuiError where the disk does not take it.
        """
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
            **self.said,
        )
