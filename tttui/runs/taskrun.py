"""One session of a task being executed: its learner, its stream, its files, its checkpoints."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from tttui.artifacts.atomic import refuse_links
from tttui.artifacts.history import read_history
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.task_writer import Row, TaskWriter, sound_checkpoint
from tttui.artifacts.writer import HISTORY
from tttui.engine import interventions as record
from tttui.engine.interventions import Intervention, Kind, in_order
from tttui.engine.tensorstate import as_arrays, as_tensors
from tttui.engine.torch_learner import Observation, TorchLearner, adapt
from tttui.engine.weightfigures import figures
from tttui.model.arrays import Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.owned import OwnedRun, RunProgress
from tttui.runs.recordedmeta import read_meta_of
from tttui.runs.tally import Tally
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.base import Task

MEGABYTE = 1_000_000

STRETCH_S = 0.01
"""Seconds of steps after which requests are looked for."""

LIVE = ("lr", "momentum", "weight_decay", "rollback_tol", "grad_norm_max", "inner_steps")
"""Settings that can change while a session runs."""

START_FILE = "start_state.pt"
"""In session/, forks only: the weights and the optimizer that the session began with."""


class TaskRun(OwnedRun):
    """Executes one session and owns its directory until it is closed."""

    def __init__(
        self,
        directory: Path,
        lock: SessionLock,
        *,
        task: type[Task] | None = None,
        keep_requests: bool = False,
    ) -> None:
        """Use `open`."""
        refuse_links(directory)
        self.meta = read_meta_of(directory, whole=True)
        self.settings = TaskSettings.recorded(self.meta, directory, task)
        conduct = self.settings.conduct
        self.task, self.learner = new_learner(self.settings, directory)
        refuse_other_base(directory, self.meta, self.learner)
        checkpoint, reached, told = sound_checkpoint(directory)
        told += record.drop_half_written(directory)
        self.interventions = record.recorded(directory)
        self.tally = Tally()
        state = as_tensors(checkpoint.engine)
        try:
            self._applied = int(state["applied"])
            if not 0 <= self._applied <= len(self.interventions):
                raise ValueError(f"it made {self._applied} changes")
            for one in self.interventions[: self._applied]:
                if one.kind == "settings":
                    self.learner.change(one.value)
            self.learner.load_state_dict(state["learner"])
            self.tally.load(checkpoint.engine["tally"])
            self._tried, self._held = (bool(flag) for flag in state["flags"])
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
        )
        try:
            newest = {name: np.asarray(checkpoint.plastic[name]) for name in self.kept}
            told += map(str, self._files.reopen(checkpoint, newest))
        except TttuiError:
            self._files.close()
            raise
        except LookupError as error:
            self._files.close()
            raise TttuiError(f"{checkpoint.path}: says nothing of {error}") from error
        self.told = tuple(told)
        self.reached = max(self.t, reached)
        """The step that the session had reached before; more than `t` where the newest
        checkpoint, or what it needs, is damaged."""
        self._unsynced = False
        self._own(
            directory,
            lock,
            self._files,
            steps=conduct.steps or 0,
            device=conduct.device,
            checkpoint_s=conduct.checkpoint_s,
            keep_requests=keep_requests,
        )
        for line in self.told:
            self._log.refused(line)
        self._log.started(self.t, self.interventions)
        self.tell()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        task: type[Task] | None = None,
        keep_requests: bool = False,
        on_wait: OnWait | None = None,
    ) -> Self:
        """Hold a session where its last checkpoint left it; `task` is what the person named.

        Raises SessionHeld where another process has it.
        """
        lock = SessionLock(directory, on_wait)
        try:
            return cls(directory, lock, task=task, keep_requests=keep_requests)
        except BaseException:
            lock.release()
            raise

    @property
    def t(self) -> int:
        return self.learner.t

    @property
    def chunk(self) -> int:
        return 1

    @property
    def attempted(self) -> int:
        return self.tally.attempted

    def _moment(self) -> tuple[int, int]:
        return self.t, len(self.interventions)

    def frame(self) -> RunProgress:
        return RunProgress(
            self.t,
            self.steps_total,
            self._heart.steps_per_second(self.t),
            self.tally.attempted,
            self.tally.committed,
            self.tally.percent_better(),
            None,
            self._heart.state,
        )

    def advance_stretch(self, limit: int) -> None:
        self._make_durable()
        until = time.monotonic() + STRETCH_S
        while self.t < limit:
            self._step()
            if time.monotonic() >= until:
                break
        self.keep_alive()

    def intervene(self, kind: Kind, value: Any = None, *, at: int | None = None) -> None:
        """Change the session now, or at a later step; recorded before it takes effect."""
        made = Intervention(t=self.t if at is None else at, kind=kind, value=value, known_at=self.t)
        self._check(made)
        record.record(self.path, made, durably=False)
        self._unsynced = True
        self._log.intervention(made)
        self.interventions = in_order([*self.interventions, made])

    def break_disk(self) -> None:
        raise RefusedInput("fault: faults on purpose are for the point mass")

    def checkpoint(self) -> None:
        self._lock.check()
        self._make_durable()
        flags = [int(self._tried), int(self._held)]
        engine = checkpoint_state(self.learner, self.tally, self._applied, flags)
        self._files.checkpoint(engine, plastic_of(self.learner), {}, metrics_of(self.tally))
        self._checkpoint_made()

    def _make_durable(self) -> None:
        if self._unsynced:
            record.sync(self.path)
            self._unsynced = False

    def _step(self) -> None:
        self._apply_due()
        t = self.learner.t
        seen = self.learner.observe(self.task.batch(t))
        row = Row(t, seen.frozen, seen.adaptive, self._tried, self._held, seen.version)
        self._files.row(row)
        if self.task.item_losses:
            self._note_items(seen)
        if seen.frozen is not None:
            self.tally.add_rows(np.array([seen.frozen]), np.array([seen.adaptive]))
        self._tried = seen.event is not None
        self._held = seen.event is not None and seen.event["status"] == "commit"
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
        told = {key: value for key, value in event.items() if key != "duration_ms"}
        if self._held and self._snapshot_is_due():
            told["weights"] = figures(self.learner.plastic, self.learner.before)
            self._files.snapshot(self.t, kept_of(self.learner, self.kept))
        self._files.event(told)
        self.tally.add_event(told)
        if event["status"] != "commit":
            self._log.event(event)

    def _snapshot_is_due(self) -> bool:
        every = max(self.settings.conduct.weights_every, self._files.snapshot_stride)
        return self.t // every > self._files.last_snapshot // every

    def _apply_due(self) -> None:
        """Make the changes that count from this step on."""
        while self._applied < len(self.interventions):
            one = self.interventions[self._applied]
            if one.t > self.t:
                return
            self._applied += 1
            if one.kind == "settings":
                self.learner.change(one.value)
            elif one.kind == "rollback":
                self.learner.restore(as_tensors(self._weights_at(int(one.value))))

    def _check(self, made: Intervention) -> None:
        """Raise RefusedInput where a session of a task cannot be changed like this."""
        if made.kind == "settings":
            for name in made.value:
                if name not in LIVE:
                    raise RefusedInput(f"{name}: cannot change; {', '.join(LIVE)} can")
            self.learner.settings.updated(made.value).validate()
        elif made.kind == "rollback":
            if len(self.kept) < len(self.learner.plastic):
                raise RefusedInput("rollback: the history does not hold all plastic weights")
            self._weights_at(int(made.value))
        elif made.kind == "update":
            raise RefusedInput("update: this task learns from every step anyway")
        else:
            raise RefusedInput(f"{made.kind}: belongs to the point mass")

    def _weights_at(self, t: int) -> Weights:
        self._files.flush()
        history, _ = read_history(self.path / HISTORY)
        known = [i for i, snapshot in enumerate(history.t) if snapshot <= t]
        if not known or t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        shapes = {name: tuple(self.learner.plastic[name].shape) for name in self.kept}
        found = {name: np.array(history.weights[name][known[-1]]) for name in self.kept}
        return {name: matrix.reshape(shapes[name]) for name, matrix in found.items()}


def new_learner(
    settings: TaskSettings, directory: Path | None, task: Task | None = None
) -> tuple[Task, TorchLearner]:
    """The task of a session and its learner at step 0; a fork's with what it begins with.

    `task` is used where it is made already.
    """
    conduct = settings.conduct
    torch.set_num_threads(conduct.threads)
    torch.manual_seed(conduct.seed)
    task = task or settings.task(settings.own, conduct.seed, directory)
    module, patterns = task.prepared(settings.patterns)
    module = module.to(conduct.device)
    learner = adapt(module, patterns, loss=task.loss, settings=settings.adaptation)
    start = directory / "session" / START_FILE if directory is not None else None
    if start is not None and start.exists():
        load_start(learner, as_tensors(read_pt(start)), start)
    return task, learner


def load_start(learner: TorchLearner, state: Mapping[str, Any], where: Path) -> None:
    """Begin with the state of a fork. Raises TttuiError where it is none."""
    try:
        learner.load_state_dict(state)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise TttuiError(f"{where}: is not the start of a session: {error!r}") from error


def kept_names(meta: Mapping[str, Any], learner: TorchLearner) -> list[str]:
    """The plastic parameters that the history holds, as meta.json says."""
    said = meta.get("kept")
    names = [name for name in said if name in learner.plastic] if isinstance(said, list) else []
    if not names:
        raise RefusedInput("meta.json: `kept` names none of the plastic parameters")
    return names


def kept_of(learner: TorchLearner, names: list[str]) -> Weights:
    """Copies of some of the plastic weights, in float32."""
    return {name: learner.plastic[name].detach().float().cpu().numpy().copy() for name in names}


def plastic_of(learner: TorchLearner) -> Weights:
    """Copies of all plastic weights, in float32."""
    return kept_of(learner, list(learner.plastic))


def checkpoint_state(
    learner: TorchLearner, tally: Tally, applied: int, flags: list[int]
) -> dict[str, Any]:
    """What engine_state.pt holds of a session."""
    return {
        "t": learner.t,
        "learner": as_arrays(learner.state_dict()),
        "tally": tally.state(),
        "applied": applied,
        "flags": flags,
    }


def metrics_of(tally: Tally) -> dict[str, Any]:
    """The content of metrics.json."""
    return {key: value for key, value in tally.metrics().items() if key != "implied_mu"}


def refuse_other_base(directory: Path, meta: Mapping[str, Any], learner: TorchLearner) -> None:
    """Raise RefusedInput where the task's base is not the one that the session began with."""
    if meta.get("base_version") != learner.base_version:
        raise RefusedInput(
            f"{directory}: was begun with another base (version {meta.get('base_version')!r}, "
            f"the task gives {learner.base_version!r}), so it cannot go on exactly"
        )
