"""The status of a run: status.json as written, and its true state now."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from tttui.model.dataclass import dataclass

State = Literal[
    "queued",
    "pretraining",
    "running",
    "paused",
    "completed",
    "failed",
    "interrupted",
    "crashed",
    "stalled",
    "unknown",
]
"""What a run is doing; `pretraining` (a queued one whose base is being trained), `crashed`,
`stalled` and `unknown` are derived, never written."""


@dataclass(frozen=True, slots=True)
class BaseTraining:
    """The progress of pretraining the base of a waiting session."""

    step: int
    steps: int
    loss: float | None = None
    """Mean squared error of the newest batch."""
    steps_per_second: float | None = None
    waits_for: str | None = None
    """The session that trains the same base meanwhile; '' where its name is not known."""

    @property
    def seconds_left(self) -> float | None:
        """At the speed of the last seconds; None where that is not known."""
        return (self.steps - self.step) / self.steps_per_second if self.steps_per_second else None

    def __str__(self) -> str:
        """`step 340 of 2000, loss 0.0123`, or whose training it waits for."""
        if self.waits_for is not None:
            return f"waits for {self.waits_for or 'another session'}, which trains the same base"
        loss = "" if self.loss is None else f", loss {self.loss:.3g}"
        return f"step {self.step} of {self.steps}{loss}"


@dataclass(frozen=True, slots=True)
class Status:
    """status.json as written, and the state that is true now."""

    written: str
    state: State
    detail: str = ""
    """For a person: `crashed 3 min ago: process 4242 is gone`."""
    pid: int | None = None
    host: str | None = None
    runs_here: bool = False
    """Whether its process was seen running on this machine, so that its id is valid here."""
    device: str | None = None
    t: int | None = None
    steps_total: int | None = None
    steps_per_second: float | None = None
    started_at: float | None = None
    heartbeat_at: float | None = None
    """Unix seconds by the clock of the run's machine, which may be wrong or set since."""
    heartbeat_boottime: float | None = None
    """The same in seconds since the boot, where this process counts from the same boot."""
    command: str | None = None
    error: str | None = None
    speed_limit: float | None = None
    """Steps a second at most, where somebody limited them."""
    last_command: str | None = None
    """The last request that was carried out: `mu 0.3 at step 120`."""
    last_error: str | None = None
    """Why the last request was not carried out."""
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    """The last requests by id; '' where it was carried out, else why not."""
    waits_for: str | None = None
    """Where a run's next step is to come from that is not there yet: `standard input`."""
    pretraining: BaseTraining | None = None
    """Of a session that waits (or waited, when it ended) for its base; it has no steps yet."""

    @property
    def live(self) -> bool:
        return self.state in ("running", "paused", "queued", "pretraining")

    @property
    def steerable(self) -> bool:
        """Whether a live process should carry out requests to the run."""
        return self.state in ("running", "paused", "pretraining")
