"""The deterministic core of a task's session, step by step, without files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from tttui.artifacts.interventions import Intervention
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.task_writer import StepRow
from tttui.engine.tensorstate import as_tensors
from tttui.engine.torch_learner import Observation, TorchLearner, adapt
from tttui.model.adaptation import LIVE
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.base import Task

START_FILE = "start_state.pt"
"""In session/, forks only: the weights and the optimizer that the session began with."""


class TaskStepper:
    """The stream of a task, its learner, and the interventions."""

    def __init__(
        self,
        task: Task,
        learner: TorchLearner,
        *,
        weights_at: Callable[[int], Mapping[str, torch.Tensor]],
    ) -> None:
        """`weights_at` looks up the weights that were in force at a step (for `rollback`)."""
        self.task, self.learner, self._weights_at = task, learner, weights_at
        self.interventions: list[Intervention] = []
        """All changes, those that are still to come too, in order of effect."""
        self._applied = 0
        self._tried = False
        self.committed = False
        """Whether the last step ended in a commit."""

    @property
    def t(self) -> int:
        """The step that is scored next."""
        return self.learner.t

    def step(self) -> tuple[StepRow, Observation]:
        """Score and learn from the next batch; returns its row, losses and transactions."""
        self._apply_due()
        t = self.learner.t
        seen = self.learner.observe(self.task.batch(t))
        row = StepRow(t, seen.frozen, seen.adaptive, self._tried, self.committed, seen.version)
        self._tried = seen.event is not None
        self.committed = seen.event is not None and seen.event["status"] == "commit"
        return row, seen

    def check(self, made: Intervention) -> None:
        """Raise RefusedInput for a change that a task's session does not support."""
        if made.kind == "settings":
            for name in made.value:
                if name not in LIVE:
                    raise RefusedInput(f"{name}: cannot change; {', '.join(LIVE)} can")
            self.learner.settings.updated(made.value).validate()
        elif made.kind == "update":
            raise RefusedInput("update: this task learns from every step anyway")
        elif made.kind != "rollback":
            raise RefusedInput(f"{made.kind}: belongs to the point mass")

    def state(self) -> dict[str, Any]:
        """All that an exact continuation needs."""
        return {
            "t": self.learner.t,
            "learner": self.learner.state_dict(),
            "applied": self._applied,
            "flags": [int(self._tried), int(self.committed)],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from `state()`, of a session with the same changes so far."""
        applied = int(state["applied"])
        if not 0 <= applied <= len(self.interventions):
            raise ValueError(f"it made {applied} changes")
        for one in self.interventions[:applied]:
            if one.kind == "settings":
                self.learner.change(one.value)
        self.learner.load_state_dict(state["learner"])
        self._applied = applied
        self._tried, self.committed = (bool(flag) for flag in state["flags"])

    def _apply_due(self) -> None:
        """Apply the changes that take effect at this step."""
        while self._applied < len(self.interventions):
            one = self.interventions[self._applied]
            if one.t > self.t:
                return
            self._applied += 1
            if one.kind == "settings":
                self.learner.change(one.value)
            elif one.kind == "rollback":
                self.learner.restore(self._weights_at(int(one.value)))


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
    learner = adapt(
        module, patterns, loss=task.loss, settings=settings.adaptation, scales=task.scales()
    )
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
