"""One session being executed: the stepper, its files, its checkpoints.

A `SessionRun` belongs to one thread. Between two calls of `advance` its owner may do anything
at any step: intervene, checkpoint, say that it pauses, close.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tttui.artifacts import intervention_writer
from tttui.artifacts.atomic import refuse_links, write_error
from tttui.artifacts.history import read_history
from tttui.artifacts.interventions import INTERVENTIONS, Intervention, Kind, recorded
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.recovery import recover
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.runs.creating import MEGABYTE, Origin
from tttui.runs.owned import OwnedRun
from tttui.runs.saved import restored, saved
from tttui.runs.tally import Tally
from tttui.tasks.pointmass.engine.faults import Fault, disk_fault, disk_full, planned_faults
from tttui.tasks.pointmass.engine.stepper import SteppedRows
from tttui.tasks.pointmass.runs.base import Base, own_base
from tttui.tasks.pointmass.runs.build import (
    Begun,
    build_session,
    new_stepper,
    optimizer_state,
    started_with,
)
from tttui.tasks.pointmass.runs.recorded import settings_of
from tttui.tasks.pointmass.runs.writer import RunWriter


class SessionRun(OwnedRun):
    """Executes one session and owns its directory until it is closed."""

    def __init__(self, directory: Path, lock: SessionLock) -> None:
        """Use `create` or `open`."""
        refuse_links(directory)
        self.meta = read_meta_of(directory, whole=True)
        settings = settings_of(self.meta, directory)
        self.disk_full_at: int | None = None
        base = own_base(directory, settings, self.meta)
        recovery = recover(directory, stride=self.meta.get("history_stride", 1))
        checkpoint = recovery.checkpoint
        state = restored(checkpoint.engine)
        notices = [*recovery.notices, *intervention_writer.drop_half_written(directory)]
        self.stepper = new_stepper(
            settings,
            base.weights,
            started_with(directory),
            interventions=recorded(directory),
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
        self._files = RunWriter(directory, history_bytes=settings.history_mb * MEGABYTE)
        try:
            notices += map(str, self._files.truncate(checkpoint, newest=recovery.newest))
        except TttuiError:
            self._files.close()
            raise
        self.notices = tuple(notices)
        self.reached = max(self.t, recovery.reached)
        self._unsynced = False
        """An intervention was made that the disk may not have yet."""
        self._own(
            directory,
            lock,
            self._files,
            steps=settings.steps,
            device=settings.device,
            checkpoint_s=settings.checkpoint_s,
        )
        for line in self.notices:
            self._log.refused(line)
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
        begun: Begun | None = None,
        origin: Origin | None = None,
        faults: Sequence[Fault] = (),
        interventions: Sequence[Intervention] = (),
    ) -> Self:
        """Make a new session and hold it, at step 0."""
        planned = planned_faults(faults)
        made = [*interventions, *planned]
        build_session(directory, settings, base, begun=begun, origin=origin, interventions=made)
        run = cls.open(directory, catch_up=False)
        run.disk_full_at = disk_fault(faults)
        return run

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        catch_up: bool = True,
        on_wait: OnWait | None = None,
    ) -> Self:
        """Hold an existing session, where its last checkpoint left it.

        `catch_up`: after a crash, first go on to the last step at which somebody intervened, so
        that nothing that was done to it is lost. `on_wait` is as for `SessionLock`. Raises
        SessionHeld where another process has it.
        """
        lock = SessionLock(directory, on_wait)
        try:
            run = cls(directory, lock)
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
                f"{self.path / INTERVENTIONS}: says that step {lived} was reached, but the session "
                f"has only {self.steps_total}; remove that line, or fork the session"
            )
        if lived > self.t:
            self.advance(lived - self.t)

    @property
    def t(self) -> int:
        """The step that is predicted next: so many were run."""
        return self.stepper.t

    @property
    def chunk(self) -> int:
        return self.settings.plasticity.chunk

    def _moment(self) -> tuple[int, int]:
        return self.t, len(self.stepper.interventions)

    def break_disk(self) -> None:
        """From here on the disk is full, as a fault on purpose."""
        self.disk_full_at = self.t

    @property
    def settings(self) -> Settings:
        return self.stepper.settings

    @property
    def weights(self) -> Weights:
        """Copies of the plastic weights in force."""
        return self.stepper.learner.weights

    def advance_stretch(self, limit: int) -> None:
        """Run up to step `limit`, but at most to the end of a stretch; then see to the files."""
        self._make_durable()
        rows = self.stepper.advance(limit)
        if rows is not None:
            self._write(rows)
        self.keep_alive()

    def intervene(self, kind: Kind, value: Any = None, *, at: int | None = None) -> None:
        """Change the session now, or at a later step; recorded before it takes effect.

        The disk has the record before the next step is run and before it is answered. Raises
        RefusedInput or SettingError where that is not possible; nothing happens then.
        """
        t = self.t if at is None else at
        intervention = Intervention(t=t, kind=kind, value=value, known_at=self.t)
        self.stepper.check(intervention)
        intervention_writer.record(self.path, intervention, durably=False)
        self._unsynced = True
        self._log.intervention(intervention)
        self.tell_event("changed", t=t, kind=kind)
        self.stepper.apply(intervention)
        if kind == "settings":
            changes = [*self.meta.get("settings_changes", []), {"t": t, **value}]
            self.meta = {**self.meta, "settings_changes": changes}
            self._meta_changes["settings_changes"] = changes

    def checkpoint(self) -> None:
        self._lock.check()
        self._make_durable()
        learner = self.stepper.learner
        self._record_mu()  # first, so that the checkpoint holds the meta.json of this moment
        self._files.checkpoint(
            saved({"stepper": self.stepper.state(), "tally": self.tally.state()}),
            learner.weights,
            optimizer_state(learner.optimizer, self.settings.plasticity),
            self.tally.metrics(),
        )
        self._checkpoint_made()

    def _make_durable(self) -> None:
        """Wait until the disk has the changes that were made since the last stretch."""
        if self._unsynced:
            intervention_writer.sync(self.path)
            self._unsynced = False
        if self._meta_changes:
            self.update_meta({})

    def _write(self, rows: SteppedRows) -> None:
        if self.disk_full_at is not None and self.t > self.disk_full_at:
            raise write_error(self.path / "per_step.csv", disk_full())
        did_update, update_ok = rows.flags()
        self._files.trajectory(
            rows.t, rows.z, rows.a, rows.baseline_pred, rows.adaptive_pred, rows.mu
        )
        self._files.steps(rows.t, rows.baseline_mse, rows.adaptive_mse, did_update, update_ok)
        self.tally.add_rows(rows.baseline_mse, rows.adaptive_mse)

    def _note_event(self, event: dict[str, Any]) -> None:
        self._files.event(event)
        self.tally.add_event(event)
        self._log.event(event)

    def _note_weights(self, t: int, weights: Weights, from_t: int) -> None:
        self._files.snapshot(t, weights)
        self.tally.return_to(from_t)

    def _weights_at(self, t: int) -> Weights:
        self._files.flush()
        history, _ = read_history(self.path / "weights_history.npy")
        known = [i for i, snapshot in enumerate(history.t) if snapshot <= t]
        if not known or t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        weights = {k: history.weights[k][known[-1]].copy() for k in PLASTIC}
        if not self._files.recorded(int(history.t[known[-1]]), weights):
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
