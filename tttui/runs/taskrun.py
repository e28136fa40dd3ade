"""One session of a task being executed: its learner, its stream, its files, its checkpoints."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from tttui.artifacts import intervention_writer
from tttui.artifacts.atomic import refuse_links
from tttui.artifacts.checkpoint import WIDENED
from tttui.artifacts.history import read_history
from tttui.artifacts.interventions import Intervention, Kind, in_order, recorded
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.task_writer import TaskWriter, sound_checkpoint
from tttui.artifacts.writer import HISTORY
from tttui.engine.parameters import figures
from tttui.engine.tensorstate import as_arrays, as_tensors
from tttui.engine.torch_learner import Observation, TorchLearner
from tttui.model.arrays import Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.schema import CONTROL
from tttui.model.transactions import IMPLIED
from tttui.runs.owned import OPEN_END, OwnedRun
from tttui.runs.tally import Tally
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskstepper import TaskStepper, new_learner
from tttui.tasks.base import Task

MEGABYTE = 1_000_000

STRETCH_S = 0.01
"""Seconds of steps after which requests are looked for."""


class TaskRun(OwnedRun):
    """Executes one session and owns its directory until it is closed."""

    def __init__(
        self,
        directory: Path,
        lock: SessionLock,
        *,
        task: type[Task] | None = None,
        made: Task | None = None,
    ) -> None:
        """Use `open`."""
        refuse_links(directory)
        self.meta = read_meta_of(directory, whole=True)
        self.settings = TaskSettings.recorded(self.meta, directory, task)
        conduct = self.settings.conduct
        if made is not None and made.arriving:
            made.directory = directory
        else:
            made = None
        self.task, self.learner = new_learner(self.settings, directory, made)
        refuse_other_base(directory, self.meta, self.learner)
        self._stepper = TaskStepper(self.task, self.learner, weights_at=self._weights_at)
        checkpoint, reached, notices = sound_checkpoint(directory)
        notices += intervention_writer.drop_half_written(directory)
        self._stepper.interventions = recorded(directory)
        self.tally = Tally()
        try:
            self._stepper.load(as_tensors(checkpoint.engine))
            self.tally.load(checkpoint.engine["tally"])
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise TttuiError(
                f"{checkpoint.path}: does not hold what this version continues from ({error!r})"
            ) from error
        self.kept = kept_names(self.meta, self.learner)
        self._files = TaskWriter(
            directory,
            history_bytes=conduct.history_mb * MEGABYTE,
            items=self.task.item_losses,
            fixed=self.task.kept_files,
            yardsticks=[CONTROL + name for name in self.task.yardsticks],
        )
        try:
            newest = {name: np.asarray(checkpoint.plastic[name]) for name in self.kept}
            notices += map(str, self._files.reopen(checkpoint, newest))
        except TttuiError:
            self._files.close()
            raise
        except LookupError as error:
            self._files.close()
            raise TttuiError(f"{checkpoint.path}: says nothing of {error}") from error
        if self._rest_lost:
            notices.append(
                f"{directory}: {self.meta['arriving']} was not read to its end when the run "
                f"stopped; the session goes on over what was, {self.task.steps} steps in all"
            )
        self.notices = tuple(notices)
        self.reached = max(self.t, reached)
        self._unsynced = False
        self._own(
            directory,
            lock,
            self._files,
            steps=conduct.steps or self.task.steps or 0,
            device=conduct.device,
            checkpoint_s=conduct.checkpoint_s,
        )
        for line in self.notices:
            self._log.refused(line)
        self._log.started(self.t, self.interventions)
        if self._rest_lost:
            self._all_arrived()
        self.tell()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        task: type[Task] | None = None,
        made: Task | None = None,
        on_wait: OnWait | None = None,
    ) -> Self:
        """Hold a session where its last checkpoint left it; `task` is what the person named,
        `made` the task that the session was built with, from whose stream it goes on to read.

        Raises SessionHeld where another process has it.
        """
        lock = SessionLock(directory, on_wait)
        try:
            return cls(directory, lock, task=task, made=made)
        except BaseException:
            lock.release()
            raise

    @property
    def t(self) -> int:
        return self.learner.t

    @property
    def interventions(self) -> list[Intervention]:
        """Past and planned interventions, in order of effect."""
        return self._stepper.interventions

    @property
    def chunk(self) -> int:
        return 1

    @property
    def goal(self) -> int:
        if self.task.arriving and self.settings.conduct.steps is None:
            return OPEN_END
        return self.steps_total

    @property
    def waiting(self) -> bool:
        there = self.task.steps
        return bool(self.task.arriving) and there is not None and self.t >= there

    @property
    def ended(self) -> bool:
        there = self.task.steps
        return not self.task.arriving and there is not None and self.t >= there

    @property
    def _rest_lost(self) -> bool:
        """The error for a session whose stream is gone."""
        return isinstance(self.meta.get("arriving"), str) and not self.task.arriving

    def _moment(self) -> tuple[int, int]:
        return self.t, len(self.interventions)

    @property
    def waits_for(self) -> str:
        return self.task.arriving if self.waiting else ""

    def advance_stretch(self, limit: int) -> None:
        self._make_durable()
        until = time.monotonic() + STRETCH_S
        while self.t < limit and not self.waiting and not self.ended:
            self._step()
            if time.monotonic() >= until:
                break
        self.keep_alive()

    def keep_alive(self) -> None:
        if self.task.arriving:
            self.task.take_in()
            if self.task.arriving:
                limit = self.settings.conduct.steps or OPEN_END
                self._heart.steps_total = min(max(self.task.steps or 0, self.t), limit)
            else:
                self._all_arrived()
        self._heart.fields["waits_for"] = self.waits_for or None
        super().keep_alive()

    def _all_arrived(self) -> None:
        """Record the length of the stream in meta.json."""
        self.update_meta({"arriving": None, **self.task.arrived()})
        steps, there = self.settings.conduct.steps, self.task.steps or 0
        self.set_steps_total(there if steps is None else min(steps, there))

    def intervene(self, kind: Kind, value: Any = None, *, at: int | None = None) -> None:
        """Change the session now, or at a later step; recorded before it takes effect."""
        made = Intervention(t=self.t if at is None else at, kind=kind, value=value, known_at=self.t)
        self._stepper.check(made)
        if made.kind == "rollback":
            if len(self.kept) < len(self.learner.plastic):
                raise RefusedInput("rollback: the history does not hold all plastic weights")
            self._weights_at(int(made.value))
        intervention_writer.record(self.path, made, durably=False)
        self._unsynced = True
        self._log.intervention(made)
        self.tell_event("changed", t=made.t, kind=kind)
        self._stepper.interventions = in_order([*self.interventions, made])

    def break_disk(self) -> None:
        raise RefusedInput("fault: faults on purpose are for the point mass")

    def checkpoint(self) -> None:
        self._lock.check()
        self._make_durable()
        engine = checkpoint_state(self._stepper, self.tally)
        self._files.checkpoint(
            engine, plastic_of(self.learner), widened(self.learner), metrics_of(self.tally)
        )
        self._checkpoint_made()

    def _make_durable(self) -> None:
        if self._unsynced:
            intervention_writer.sync(self.path)
            self._unsynced = False

    def _step(self) -> None:
        row, seen = self._stepper.step()
        self._files.row(row)
        if self.task.item_losses:
            self._note_items(seen)
        if self.task.yardsticks and (measured := self.task.measured(row.t)):
            self._files.measured(row.t, {CONTROL + name: value for name, value in measured.items()})
        if seen.frozen is not None:
            self.tally.add_rows(np.array([seen.frozen]), np.array([seen.adaptive]))
        if seen.event is not None:
            self._note_event(seen.event)

    def _note_items(self, seen: Observation) -> None:
        adaptive = seen.losses.float().reshape(-1).tolist()
        if seen.frozen_losses is None:
            frozen = [float("nan")] * len(adaptive)
        else:
            frozen = seen.frozen_losses.float().reshape(-1).tolist()
        self._files.items(frozen, adaptive)

    def _note_event(self, event: Mapping[str, Any]) -> None:
        # Without the time that it took, which differs from run to run.
        timeless = {key: value for key, value in event.items() if key != "duration_ms"}
        if self._stepper.committed and self._snapshot_is_due():
            base = self.learner.twin.base if self.meta.get(MOVED) is True else None
            timeless["weights"] = figures(self.learner.plastic, self.learner.before, base)
            self._files.snapshot(self.t, kept_of(self.learner, self.kept))
        self._files.event(timeless)
        self.tally.add_event(timeless)
        if event["status"] != "commit":
            self._log.event(event)

    def _snapshot_is_due(self) -> bool:
        every = max(self.settings.conduct.weights_every, self._files.snapshot_stride)
        return self.t // every > self._files.last_snapshot // every

    def _weights_at(self, t: int) -> Mapping[str, torch.Tensor]:
        self._files.flush()
        history, _ = read_history(self.path / HISTORY)
        known = [i for i, snapshot in enumerate(history.t) if snapshot <= t]
        if not known or t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        shapes = {name: tuple(self.learner.plastic[name].shape) for name in self.kept}
        weights = {name: np.array(history.weights[name][known[-1]]) for name in self.kept}
        return as_tensors({name: w.reshape(shapes[name]) for name, w in weights.items()})


MOVED = "moved_recorded"
"""Key of meta.json: transactions tell how far the weights are from the base. Sessions of earlier
versions go on without."""


def kept_names(meta: Mapping[str, Any], learner: TorchLearner) -> list[str]:
    """The plastic parameters that the history holds, as meta.json says."""
    recorded = meta.get("kept")
    names = (
        [name for name in recorded if name in learner.plastic] if isinstance(recorded, list) else []
    )
    if not names:
        raise RefusedInput("meta.json: `kept` names none of the plastic parameters")
    return names


def kept_of(learner: TorchLearner, names: list[str]) -> Weights:
    """Copies of some of the plastic weights, in float32."""
    return {name: learner.plastic[name].detach().float().cpu().numpy().copy() for name in names}


def plastic_of(learner: TorchLearner) -> Weights:
    """Copies of all plastic weights, in float32."""
    return kept_of(learner, list(learner.plastic))


def widened(learner: TorchLearner) -> dict[str, str]:
    """The dtypes of the plastic weights that float32 widens."""
    dtypes = {name: str(p.dtype).removeprefix("torch.") for name, p in learner.plastic.items()}
    return {name: dtype for name, dtype in dtypes.items() if dtype in WIDENED}


def checkpoint_state(stepper: TaskStepper, tally: Tally) -> dict[str, Any]:
    """The content of engine_state.pt."""
    state = stepper.state()
    learner = as_arrays(state.pop("learner"))
    return {"t": state.pop("t"), "learner": learner, "tally": tally.state(), **state}


def metrics_of(tally: Tally) -> dict[str, Any]:
    """The content of metrics.json."""
    return {key: value for key, value in tally.metrics().items() if key != IMPLIED}


def refuse_other_base(directory: Path, meta: Mapping[str, Any], learner: TorchLearner) -> None:
    """Raise RefusedInput where the task's base is not the one that the session began with."""
    if meta.get("base_version") != learner.base_version:
        raise RefusedInput(
            f"{directory}: was begun with another base (version {meta.get('base_version')!r}, "
            f"the task gives {learner.base_version!r}), so it cannot go on exactly"
        )
