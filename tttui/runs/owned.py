"""Owning a session while it runs: lock, heartbeat, log, requests and the rhythm of checkpoints.

What is computed, and into which files, is the subclasses' (`session`, `taskrun`).
"""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tttui.artifacts.jsonfile import number
from tttui.artifacts.lock import SessionLock
from tttui.artifacts.sampling import Sampling
from tttui.artifacts.session_events import SessionEvents
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SessionTaken, TttuiError
from tttui.runs.answering import Answering
from tttui.runs.control import Request
from tttui.runs.heartbeat import Heartbeat
from tttui.runs.runlog import RunLog
from tttui.runs.tally import Tally

FLUSH_S = 0.25
"""Time in seconds after which rows go to the disk."""

LOOK_S = 0.01
"""Time in seconds after which requests are looked for."""


OPEN_END = sys.maxsize
"""The step up to which a run goes whose stream has no known end."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The progress of a run, immutable."""

    t: int
    steps_total: int
    steps_per_second: float
    attempted: int
    committed: int
    improvement: float | None
    """Percent over the last 100 steps."""
    state: str
    waits_for: str = ""
    """The source for which the next step waits; '' if it does not wait."""


class Writer(Protocol):
    """The interface of a session's writer."""

    def flush(self) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...

    def update_meta(self, changes: Mapping[str, Any]) -> None: ...

    def status(self, *, last: bool = False, **fields: Any) -> None: ...


class OwnedRun(ABC):
    """A session that this process executes; it owns the directory until it is closed."""

    _writer: Writer

    def _own(
        self,
        directory: Path,
        lock: SessionLock,
        writer: Writer,
        *,
        steps: int,
        device: str,
        checkpoint_s: float,
    ) -> None:
        """Take the session; `t` must be known."""
        self.path, self._lock, self._writer = directory, lock, writer
        self._log = RunLog(directory)
        self._checkpoint_s = checkpoint_s
        self._requests: list[Request] = []
        self._heart = Heartbeat(writer, lock, self.t, steps, device)
        self._device = device
        self._samples: Sampling | None = None
        self._answering = Answering(directory, self._heart, self._log, self._settle)
        self._meta_changes: dict[str, Any] = {}
        """Keys of meta.json that are not written yet."""
        self._flush_at = self._look_at = time.monotonic()
        self._checkpoint_at = self._flush_at + checkpoint_s
        self._checkpointed = self._moment()
        """What the last checkpoint holds."""
        self._events, self._told_state = SessionEvents(directory), self.state
        self._events.began(self.t, *self._counts())

    meta: dict[str, Any]
    """meta.json as it is, or is to be."""
    tally: Tally
    """Running sums and counts of the session."""

    @property
    @abstractmethod
    def t(self) -> int:
        """The step that is predicted next: the number of steps run."""

    @property
    @abstractmethod
    def chunk(self) -> int:
        """Steps from one transaction to the next."""

    @abstractmethod
    def advance_stretch(self, limit: int) -> None:
        """Run up to step `limit`, but at most to the end of a stretch; then see to the files."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Save a point from which the session goes on exactly.

        Raises SessionTaken where another process has the session.
        """

    @property
    def waits_for(self) -> str:
        """The source for which the next step waits; '' if it does not wait."""
        return ""

    def progress(self) -> RunProgress:
        """The progress of the run now."""
        return RunProgress(
            self.t,
            self.steps_total,
            self._heart.steps_per_second(self.t),
            self.tally.attempted,
            self.tally.committed,
            self.tally.percent_better(),
            self._heart.state,
            self.waits_for,
        )

    @abstractmethod
    def intervene(self, kind: Any, value: Any = None, *, at: int | None = None) -> None:
        """Change the session now, or at a later step; recorded before it takes effect."""

    @abstractmethod
    def break_disk(self) -> None:
        """Simulate a full disk from now on, as a fault. Raises RefusedInput."""

    @abstractmethod
    def _moment(self) -> tuple[int, int]:
        """The position of the session: steps and number of changes."""

    @abstractmethod
    def _make_durable(self) -> None:
        """Wait until the disk has the changes that were made since the last stretch."""

    notices: tuple[str, ...]
    """Damage and cuts found when the session was opened, a line each."""
    reached: int
    """The step that the session had reached before; more than `t` where its newest checkpoint is
    damaged or lost, so that the steps after the one before are computed again."""

    @property
    def forked_at_t(self) -> int | None:
        """The step of its parent that the session began with; None where it is no fork."""
        value = self.meta.get("forked_at_t")
        return value if isinstance(value, int) else None

    @property
    def steps_total(self) -> int:
        """The step up to which the run is meant to go."""
        return self._heart.steps_total

    @property
    def goal(self) -> int:
        """The step up to which it runs now; OPEN_END while the length of the stream is unknown."""
        return self.steps_total

    @property
    def waiting(self) -> bool:
        """Whether the data of the next step has not arrived yet."""
        return False

    @property
    def ended(self) -> bool:
        """Whether the stream has no more steps."""
        return False

    def advance(self, steps: int) -> None:
        """Run exactly `steps` steps."""
        limit = self.t + steps
        while self.t < limit:
            self.advance_stretch(limit)

    def keep_alive(self) -> None:
        """Flush, take requests, write the heartbeat and checkpoint when due.

        Call it while the run waits.
        """
        now = time.monotonic()
        if self._samples is None:
            self._samples = self._sampling()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_S
            self._writer.flush()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._requests += self._answering.take(self.t)
        self._answering.say_when_due(self.t)
        self._heart.beat_when_due(self.t, now)
        if self._events.due(now):
            if self.state != self._told_state:
                self._told_state = self.state
                self.tell_event("paused" if self.state == "paused" else "continued", t=self.t)
            self._events.transactions(self.t, *self._counts())
        if now >= self._checkpoint_at:
            if self._checkpointed != self._moment():
                self.checkpoint()
            self._checkpoint_at = now + self._checkpoint_s

    @property
    def has_requests(self) -> bool:
        """Whether there are requests that were not taken yet."""
        return bool(self._requests)

    def requests(self) -> list[Request]:
        """Take the unanswered requests; the driver answers them."""
        requests, self._requests = self._requests, []
        return requests

    def hand_back(self, requests: list[Request]) -> None:
        """Whoever drives it did not come to these; they are refused when the run ends."""
        self._requests = [*requests, *self._requests]

    def answer(self, request: Request, *, error: str = "") -> None:
        """Note that a request was carried out, or why not; `say` puts it into status.json."""
        self._answering.answer(self.t, request, error)

    def say(self, *, more: bool = False) -> None:
        """Write pending answers; if `more` follow, not each one separately."""
        if more:
            self._answering.say_when_due(self.t)
        else:
            self._answering.say(self.t)

    @property
    def speed_limit(self) -> float | None:
        """Steps a second at most; None is as fast as it goes."""
        return self._heart.fields.get("speed_limit")

    @speed_limit.setter
    def speed_limit(self, rate: float | None) -> None:
        self._heart.fields["speed_limit"] = rate

    @property
    def state(self) -> str:
        """The state `running` or `paused`; written with the next answer or heartbeat."""
        return self._heart.state

    @state.setter
    def state(self, state: str) -> None:
        self._heart.state = state

    def tell_event(self, action: str, **fields: Any) -> None:
        """Publish `data:sessions:<action>` with the next batch of events."""
        self._events.note(action, **fields)

    def tell(self) -> None:
        """Write the progress of the run to status.json now."""
        self._settle()
        self._heart.beat(self.t)

    def set_steps_total(self, total: int) -> None:
        """The step up to which the run is meant to go, for meta.json and status.json."""
        self._heart.steps_total = total
        self.update_meta({"run_cfg": {**self.meta.get("run_cfg", {}), "steps": total}})
        self._heart.beat(self.t)

    def set_housekeeping(self, values: Mapping[str, Any]) -> None:
        """Change options that no result depends on (checkpoint_s), in meta.json too."""
        self._checkpoint_s = values.get("checkpoint_s", self._checkpoint_s)
        self.update_meta({"run_cfg": {**self.meta.get("run_cfg", {}), **values}})

    def update_meta(self, changes: Mapping[str, Any]) -> None:
        """Change some keys of meta.json."""
        self.meta = {**self.meta, **changes}
        self._writer.update_meta({**self._meta_changes, **changes})
        self._meta_changes.clear()

    def close(self, state: str) -> None:
        """Checkpoint, write the final state (`completed`, `interrupted`, `queued`), and release the
        session."""
        try:
            self.checkpoint()
            self._answering.refuse_rest(self.t, self.requests(), state)
            self.say()
            self._heart.state = state
            self._writer.finish()
            self._heart.beat(self.t)
            self._log.ended(self.t, state)
            self._events.transactions(self.t, *self._counts())
            self._events.ended(self.t, state)
        finally:
            self._release()

    def fail(self, error: BaseException) -> TttuiError:
        """Release the session after an error; it resumes from the last checkpoint.

        Returns the error for a person.
        """
        if isinstance(error, SessionTaken):
            self._release()  # nothing here is ours any more
            return error
        failure = error if isinstance(error, TttuiError) else TttuiError(f"{self.path}: {error!r}")
        self._heart.state, self._heart.error = "failed", str(failure).removeprefix(f"{self.path}/")
        try:
            self._log.failed(self.t, str(failure))
            self._answering.refuse_rest(self.t, self.requests(), "failed")
            self._heart.beat(self.t, last=True)
            self._events.ended(self.t, "failed", self._heart.error)
        except TttuiError:
            pass  # the disk that failed is the one that the status goes to
        finally:
            self._release()
        return failure

    def _counts(self) -> tuple[int, int]:
        """The numbers of attempted and committed transactions."""
        return self.tally.attempted, self.tally.committed

    def _checkpoint_made(self) -> None:
        """Note that everything up to here is saved."""
        self._log.checkpoint(self.t)
        self._checkpoint_at = time.monotonic() + self._checkpoint_s
        self._checkpointed = self._moment()

    def _sampling(self) -> Sampling:
        began = number(self.meta.get("created_at_unix"))
        return Sampling(
            self.path,
            time.time() if began is None else began,
            device=self._device,
            root=self.path.parent,
            warn=self._log.refused,
        )

    def _settle(self) -> None:
        """Write the state to disk that an answer or a heartbeat refers to."""
        self._make_durable()
        self._writer.flush()

    def _release(self) -> None:
        if self._samples is not None:
            self._samples.close()
        self._writer.close()
        self._log.close()
        self._lock.release()


R = TypeVar("R", bound=OwnedRun)


def go_on(
    run: R, more_steps: int | None, change: Callable[[], object], *, most: int | None = None
) -> tuple[R, int]:
    """A run that was resumed, changed, and the step up to which it is to go.

    `more_steps` counts from where it stood, else it goes as far as it was begun for; there are
    `most` steps, where that is known. Where it cannot go on it is closed, and that is raised.
    """
    try:
        until = run.steps_total if more_steps is None else run.reached + more_steps
        if most is not None and until > most:
            raise RefusedInput(f"{run.path}: has no more than {most} steps; it is at {run.t}")
        if until <= run.t:
            raise RefusedInput(
                f"{run.path} is complete: it ran all its {run.steps_total} steps"
                + ("" if most == run.t else "; say how many more with --steps")
            )
        change()
        if until != run.steps_total:
            run.set_steps_total(until)
    except BaseException:
        run.close("completed" if run.t >= run.steps_total else "interrupted")
        raise
    return run, until
