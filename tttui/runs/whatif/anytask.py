"""Any task in memory: the stepper that writes its sessions, without their files.

Imports torch; the point mass never comes here.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from tttui.artifacts.checkpoint import ENGINE, read_generation
from tttui.engine.tensorstate import as_tensors
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.taskbranch import TaskBranch
from tttui.runs.taskstepper import START_FILE, TaskStepper, load_start, new_learner
from tttui.runs.whatif.live import Piece
from tttui.runs.whatif.past import PastStates

WAYPOINT_EVERY = 200
"""Steps between two states of the past that are kept, at least."""


class AnyTask:
    """A branch of a session of a task; begins at the step of the branch or before it."""

    def __init__(self, branch: TaskBranch, known: PastStates, directory: Path | None) -> None:
        """As for `PointMass`. Raises RefusedInput where the branch cannot be computed."""
        self._branch, self._known = branch, known
        task, learner = new_learner(branch.settings, None, branch.task)
        if branch.base_version not in (None, learner.base_version):
            raise RefusedInput(
                "the session was begun with another base than its task gives here, so it cannot be "
                "computed again"
            )
        if branch.begun is not None:
            load_start(learner, branch.begun, Path(START_FILE))
        self._stepper = TaskStepper(task, learner, weights_at=self._weights_at)
        self._stepper.interventions = list(branch.interventions)
        returns = [i.t for i in branch.interventions if i.kind == "rollback"]
        self._last_return = max(returns, default=-1)
        """The last step at which weights of an earlier one are asked for."""
        self._snapshots: list[tuple[int, Mapping[str, torch.Tensor]]] = []
        """Those that the session's history holds."""
        self._note_weights()
        if branch.at and directory is not None:
            self._leap(directory)

    @property
    def t(self) -> int:
        return self._stepper.t

    def advance(self, limit: int) -> Piece | None:
        at = self._branch.at
        if self.t >= limit:
            return None
        row, seen = self._stepper.step()
        if self._stepper.held and self.t <= self._last_return:
            every = self._branch.settings.conduct.weights_every
            if self.t // every > self._snapshots[-1][0] // every:
                self._note_weights()
        if self.t <= at and (self.t == at or self.t % WAYPOINT_EVERY == 0):
            self._known.of(self._branch.past)
            self._known.keep(self.t, self._stepper.state(), self._state_bytes)
        frozen = np.nan if row.frozen is None else row.frozen
        return Piece(
            row.t,
            np.array([frozen]),
            np.array([row.adaptive]),
            np.array([row.did_update]),
            np.array([row.update_ok]),
            () if seen.event is None else (seen.event,),
        )

    @property
    def _state_bytes(self) -> int:
        """Bytes of a state: weights, those that are trusted, and an optimizer of two moments."""
        return 4 * sum(p.nbytes for p in self._stepper.learner.plastic.values())

    def _leap(self, directory: Path) -> None:
        """Go on from the last known state before the branch, if there is one."""
        at, states = self._branch.at, self._known.of(self._branch.past)
        nearest = max((t for t in states if self._last_return < t <= at), default=0)
        with suppress(TttuiError, OSError, LookupError, TypeError, ValueError, RuntimeError):
            checkpoint = read_generation(directory, ENGINE)
            step = checkpoint.step
            # One at the very step of the branch may be after a change that was made there.
            if step is not None and max(nearest, self._last_return) < step < at:
                self._stepper.load(as_tensors(checkpoint.engine))
                return
        if nearest:
            self._stepper.load(states[nearest])

    def _note_weights(self) -> None:
        plastic = self._stepper.learner.plastic
        copies = {name: p.detach().float().clone() for name, p in plastic.items()}
        self._snapshots.append((self.t, copies))

    def _weights_at(self, t: int) -> Mapping[str, torch.Tensor]:
        if t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        return next(weights for step, weights in reversed(self._snapshots) if step <= t)
