"""One session being executed: the stepper, its files, its checkpoints.

A `SessionRun` belongs to one thread. Between two calls of `advance` its owner may do anything
at any step: intervene, checkpoint, say that it pauses, close.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tttui.artifacts.atomic import refuse_links, write_error
from tttui.artifacts.history import read_history
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.recovery import recover
from tttui.artifacts.writer import RunWriter
from tttui.engine import interventions as record
from tttui.engine.answering import Answering
from tttui.engine.base import Base, own_base
from tttui.engine.build import (
    MEGABYTE,
    Start,
    build_session,
    new_stepper,
    optimizer_state,
    started_with,
)
from tttui.engine.control import Request, clear_requests
from tttui.engine.faults import Fault, disk_fault, disk_full, planned_faults
from tttui.engine.heartbeat import Heartbeat
from tttui.engine.interventions import Intervention, Kind
from tttui.engine.recordedmeta import read_meta_of, settings_of
from tttui.engine.runlog import RunLog
from tttui.engine.saved import restored, saved
from tttui.engine.stepper import Rows
from tttui.engine.tally import Tally
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import RefusedInput, SessionTaken, TttuiError
from tttui.model.settings import Settings

FLUSH_S = 0.25
"""Time in seconds after which rows go to the disk."""

LOOK_S = 0.01
"""Time in seconds after which requests are looked for."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a run stands, immutable, for whoever shows it."""

    t: int
    steps_total: int
    steps_per_second: float
    attempted: int
    committed: int
    improvement: float | None
    """Percent over the last 100 steps."""
    mu: float
    state: str


class SessionRun:
    """Executes one session and owns its directory until it is closed."""

    def __init__(self, directory: Path, lock: SessionLock, *, keep_requests: bool = False) -> None:
        """Use `create` or `open`."""
        self.path = directory
        self._lock = lock
        refuse_links(directory)
        self.meta = read_meta_of(directory, whole=True)
        settings = settings_of(self.meta, directory)
        self.disk_full_at: int | None = None
        base = own_base(directory, settings, self.meta)
        recovery = recover(directory, stride=self.meta.get("history_stride", 1))
        checkpoint = recovery.checkpoint
        state = restored(checkpoint.engine)
        told = [*recovery.told, *record.drop_half_written(directory)]
        self.stepper = new_stepper(
            settings,
            base.weights,
            started_with(directory),
            interventions=record.recorded(directory),
            on_event=self._note_event,
            on_weights=self._note_weights,
            weights_at=self._weights_at,
        )
        self.tally = Tally()
        try:
            self.stepper.load(state["stepper"])
            self.tally.load(state["tally"])
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise TttuiError(
                f"{checkpoint.path}: does not hold what this version "
                f"continues from ({error!r}); fork the session to go on with its weights"
            ) from error
        self._writer = RunWriter(directory, history_bytes=settings.history_mb * MEGABYTE)
        try:
            told += map(str, self._writer.truncate(checkpoint, newest=recovery.newest))
        except TttuiError:
            self._writer.close()
            raise
        self.told = tuple(told)
        """What was damaged or cut off when the session was taken up, a line each."""
        self.reached = max(self.t, recovery.reached)
        """The step that the session had reached before; more than `t` where a checkpoint is
        lost and the steps after the one before it are computed again."""
        self._log = RunLog(directory)
        for line in self.told:
            self._log.refused(line)
        self._checkpoint_s = settings.checkpoint_s
        self._requests: list[Request] = []
        self._heart = Heartbeat(self._writer, lock, self.t, settings.steps, settings.device)
        if not keep_requests:
            clear_requests(directory)
        self._answering = Answering(directory, self._heart, self._log, self._settle)
        self._unsynced = False
        """An intervention was made that the disk may not have yet."""
        self._meta_changes: dict[str, Any] = {}
        """Keys of meta.json that are not written yet."""
        self._flush_at = self._look_at = time.monotonic()
        self._checkpointed = (self.t, len(self.stepper.interventions))
        """What the last checkpoint holds: steps, and interventions."""
        self._checkpoint_at = self._flush_at + settings.checkpoint_s
        self._log.started(self.t, self.stepper.interventions)
        self._recorded_mu = self.meta.get("mu_schedule")
        if not recovery.newest:
            self.checkpoint()  # the one that the files no longer fit must not count
        self.tell()

    @classmethod
    def create(
        cls,
        directory: Path,
        settings: Settings,
        base: Base,
        *,
        start: Start | None = None,
        faults: Sequence[Fault] = (),
        interventions: Sequence[Intervention] = (),
    ) -> Self:
        """Make a new session and hold it, at step 0."""
        planned = planned_faults(faults)
        build_session(
            directory, settings, base, start=start, interventions=[*interventions, *planned]
        )
        run = cls.open(directory, catch_up=False)
        run.disk_full_at = disk_fault(faults)
        return run

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        catch_up: bool = True,
        keep_requests: bool = False,
        on_wait: OnWait | None = None,
    ) -> Self:
        """Hold an existing session, where its last checkpoint left it.

        `catch_up`: after a crash, first go on to the last step at which somebody intervened, so
        that nothing that was done to it is lost. `keep_requests`: those that wait already count,
        as when its base has just been pretrained. `on_wait` is as for `SessionLock`. Raises
        SessionHeld where another process has it.
        """
        lock = SessionLock(directory, on_wait)
        try:
            run = cls(directory, lock, keep_requests=keep_requests)
        except BaseException:
            lock.release()
            raise
        try:
            if catch_up:
                run._catch_up()
        except BaseException:
            run._release()
            raise
        return run

    def _catch_up(self) -> None:
        """Go on to the last step at which somebody intervened."""
        lived = max((i.known_at for i in self.stepper.interventions), default=0)
        if lived > max(self.t, self.steps_total):
            raise RefusedInput(
                f"{self.path / record.FILE}: says that step {lived} was reached, but the session "
                f"has only {self.steps_total}; remove that line, or fork the session"
            )
        if lived > self.t:
            self.advance(lived - self.t)

    @property
    def t(self) -> int:
        """The step that is predicted next: so many were run."""
        return self.stepper.t

    @property
    def steps_total(self) -> int:
        """The step up to which the run is meant to go."""
        return self._heart.steps_total

    @property
    def settings(self) -> Settings:
        return self.stepper.settings

    @property
    def weights(self) -> Weights:
        """Copies of the plastic weights in force."""
        return self.stepper.learner.weights

    @property
    def forked_at_t(self) -> int | None:
        value = self.meta.get("forked_at_t")
        return value if isinstance(value, int) else None

    def advance(self, steps: int) -> None:
        """Run exactly so many steps."""
        limit = self.t + steps
        while self.t < limit:
            self.advance_stretch(limit)

    def advance_stretch(self, limit: int) -> None:
        """Run up to step `limit`, but at most to the end of a stretch; then see to the files."""
        self._make_durable()
        rows = self.stepper.advance(limit)
        if rows is not None:
            self._write(rows)
        self.keep_alive()

    def keep_alive(self) -> None:
        """Flush, look for requests, beat and checkpoint where it is time to.

        Call it while nothing else happens.
        """
        now = time.monotonic()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_S
            self._writer.flush()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._requests += self._answering.take(self.t)
        self._answering.say_when_due(self.t)
        self._heart.beat_when_due(self.t, now)
        if now >= self._checkpoint_at:
            if self._checkpointed != (self.t, len(self.stepper.interventions)):
                self.checkpoint()
            self._checkpoint_at = now + self._checkpoint_s

    @property
    def asked(self) -> bool:
        """Something was asked of this run that nobody has taken on yet."""
        return bool(self._requests)

    def requests(self) -> list[Request]:
        """What was asked of this run and is not answered yet; whoever drives it answers."""
        found, self._requests = self._requests, []
        return found

    def answer(self, request: Request, *, error: str = "") -> None:
        """Note that a request was carried out, or why not; `say` puts it into status.json."""
        self._answering.answer(self.t, request, error)

    def say(self, *, more: bool = False) -> None:
        """Write the answers that nobody can read yet; if `more` follow, not with each of them."""
        if more:
            self._answering.say_when_due(self.t)
        else:
            self._answering.say(self.t)

    @property
    def speed_limit(self) -> float | None:
        """Steps a second at most; None is as fast as it goes."""
        return self._heart.said.get("speed_limit")

    @speed_limit.setter
    def speed_limit(self, rate: float | None) -> None:
        self._heart.said["speed_limit"] = rate

    def intervene(self, kind: Kind, value: Any = None, *, at: int | None = None) -> None:
        """Change the session now, or at a later step; recorded before it takes effect.

        The disk has the record before the next step is run and before it is answered. Raises
        RefusedInput or SettingError where that is not possible; nothing happens then.
        """
        t = self.t if at is None else at
        intervention = Intervention(t=t, kind=kind, value=value, known_at=self.t)
        self.stepper.check(intervention)
        record.record(self.path, intervention, durably=False)
        self._unsynced = True
        self._log.intervention(intervention)
        self.stepper.apply(intervention)
        if kind == "settings":
            changes = [*self.meta.get("settings_changes", []), {"t": t, **value}]
            self.meta = {**self.meta, "settings_changes": changes}
            self._meta_changes["settings_changes"] = changes

    def checkpoint(self) -> None:
        """Save a point from which the session goes on exactly.

        Raises SessionTaken where another process has the session.
        """
        self._lock.check()
        self._make_durable()
        learner = self.stepper.learner
        self._record_mu()  # first, so that the checkpoint holds the meta.json of this moment
        self._writer.checkpoint(
            saved({"stepper": self.stepper.state(), "tally": self.tally.state()}),
            learner.weights,
            optimizer_state(learner.optimizer, self.settings.plasticity),
            self.tally.metrics(),
        )
        self._log.checkpoint(self.t)
        self._checkpoint_at = time.monotonic() + self._checkpoint_s
        self._checkpointed = (self.t, len(self.stepper.interventions))

    @property
    def state(self) -> str:
        """What the run is doing: `running` or `paused`; told with the next answer or beat."""
        return self._heart.state

    @state.setter
    def state(self, state: str) -> None:
        self._heart.state = state

    def tell(self) -> None:
        """Say in status.json, now, where the run stands."""
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

    def _make_durable(self) -> None:
        """Wait until the disk has the changes that were made since the last stretch."""
        if self._unsynced:
            record.sync(self.path)
            self._unsynced = False
        if self._meta_changes:
            self.update_meta({})

    def _settle(self) -> None:
        """Put on the disk what an answer or a heartbeat speaks of."""
        self._make_durable()
        self._writer.flush()

    def frame(self) -> Frame:
        """Where the run stands now."""
        return Frame(
            self.t,
            self.steps_total,
            self._heart.steps_per_second(self.t),
            self.tally.attempted,
            self.tally.committed,
            self.tally.percent_better(),
            self.stepper.world.mu,
            self._heart.state,
        )

    def close(self, state: str) -> None:
        """Checkpoint, say how it ended (`completed`, `interrupted`, `queued`), let go."""
        try:
            self.checkpoint()
            self.say()
            self._heart.state = state
            self._writer.finish()
            self._heart.beat(self.t)
            self._log.ended(self.t, state)
        finally:
            self._release()

    def fail(self, error: BaseException) -> TttuiError:
        """Let go after an error; the last checkpoint stays what the session resumes from.

        Returns the error for a person.
        """
        if isinstance(error, SessionTaken):
            self._release()  # nothing here is ours any more
            return error
        told = error if isinstance(error, TttuiError) else TttuiError(f"{self.path}: {error!r}")
        self._heart.state, self._heart.error = "failed", str(told).removeprefix(f"{self.path}/")
        try:
            self._log.failed(self.t, str(told))
            self._heart.beat(self.t, last=True)
        except TttuiError:
            pass  # the disk that failed is the one that the status goes to
        finally:
            self._release()
        return told

    def _release(self) -> None:
        self._writer.close()
        self._log.close()
        self._lock.release()

    def _write(self, rows: Rows) -> None:
        if self.disk_full_at is not None and self.t > self.disk_full_at:
            raise write_error(self.path / "per_step.csv", disk_full())
        did_update, update_ok = rows.flags()
        self._writer.trajectory(
            rows.t, rows.z, rows.a, rows.baseline_pred, rows.adaptive_pred, rows.mu
        )
        self._writer.steps(rows.t, rows.baseline_mse, rows.adaptive_mse, did_update, update_ok)
        self.tally.add_rows(rows.baseline_mse, rows.adaptive_mse)

    def _note_event(self, event: dict[str, Any]) -> None:
        self._writer.event(event)
        self.tally.add_event(event)
        self._log.event(event)

    def _note_weights(self, t: int, weights: Weights, from_t: int) -> None:
        self._writer.snapshot(t, weights)
        self.tally.return_to(from_t)

    def _weights_at(self, t: int) -> Weights:
        self._writer.flush()
        history, _ = read_history(self.path / "weights_history.npy")
        known = [i for i, snapshot in enumerate(history.t) if snapshot <= t]
        if not known or t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        weights = {k: history.weights[k][known[-1]].copy() for k in PLASTIC}
        if not self._writer.recorded(int(history.t[known[-1]]), weights):
            raise RefusedInput(f"the snapshot of step {t} is damaged; `tttui fsck` tells where")
        return weights

    def _record_mu(self) -> None:
        """Keep in meta.json which friction was in force from which step on."""
        planned = dict(self.settings.mu_schedule)
        changes = sorted((planned | dict(self.stepper.mu_changes)).items())
        as_json = [[t, mu] for t, mu in changes]
        if as_json != self._recorded_mu:
            self._recorded_mu = as_json
            self.update_meta({"mu_schedule": as_json})
