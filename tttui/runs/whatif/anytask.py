"""A session of any task in memory: the stepper that writes it, without its files.

Imports torch.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tttui.artifacts.checkpoint import ENGINE, read_generation
from tttui.engine.tensorstate import as_tensors
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.truth import TruthChanges
from tttui.runs.taskbranch import TaskBranch, task_branch
from tttui.runs.taskbuild import steps_of
from tttui.runs.taskstepper import START_FILE, TaskStepper, load_start, new_learner
from tttui.runs.whatif.live import PastStates, Piece, refuse_too_long
from tttui.runs.whatif.luck import FEWEST, Pairs, Scores, score
from tttui.runs.whatif.result import WhatIfRequest

PART = 20
"""Steps of a part of a document at least."""

WAYPOINT_EVERY = 200
"""Steps between two states of the past that are kept, at least."""


class LiveTask:
    """A branch of a session of a task; begins at the step of the branch or before it."""

    first_truth: float | None = None
    truth_changes: TruthChanges = ()

    def __init__(
        self, branch: TaskBranch, known: PastStates, directory: Path | None, until: int
    ) -> None:
        """`known` is used and added to; what was computed of the session in `directory` may save
        a replay (None: it is computed from its start).

        Raises RefusedInput where the branch cannot be computed.
        """
        self._branch, self._known, self.until = branch, known, until
        self.sizes = branch.sizes
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
        if self._stepper.committed and self.t <= self._last_return:
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


def live_branch(request: WhatIfRequest, known: PastStates) -> LiveTask:
    """What a what-if asks for. Raises RefusedInput, TttuiError, OSError."""
    directory = request.data.place.path
    chosen = task_branch(directory, at=request.at, changes=request.changes)
    planned = steps_of(chosen.task, chosen.settings)
    if chosen.sizes is None:
        until = request.end(planned or request.data.steps_done)
    else:  # as much of the document, in other steps
        old, new = chosen.sizes
        met = -(-request.end(planned or 0) * old // new)
        until = planned if "steps" in request.changes and planned else met
    until = until if planned is None else min(until, planned)
    refuse_too_long(until - request.at, 1)
    return LiveTask(chosen, known, directory, until)


def pairs(request: WhatIfRequest, total: int) -> Pairs:
    """Parts of one document, which no seed changes, each from the base on; the changed settings
    may read more of it in a step."""
    done = request.data.steps_done
    if request.at:
        raise RefusedInput("parts of a document are read from the base on; branch from 0")
    total = min(total, done // PART)
    if total < FEWEST:
        raise RefusedInput(
            f"no seed changes what a document says, and its {done} steps are too few to be "
            f"compared in parts: that takes {FEWEST * PART}"
        )
    both = [task_branch(request.data.place.path, changes=c) for c in ({}, request.changes)]
    return Pairs(
        "parts of the document", total, lambda scores: _parts(both, total, done // total, scores)
    )


def _parts(both: Sequence[TaskBranch], total: int, length: int, scores: Scores) -> Iterator[None]:
    sizes = (1, 1), both[1].sizes or (1, 1)
    for i in range(total):
        for one, (times, per), losses in zip(both, sizes, scores, strict=True):
            begin, steps = i * length * times // per, max(1, length * times // per)
            task = one.task.forked(one.settings.own, one.settings.conduct.seed, begin)
            live = LiveTask(replace(one, task=task, interventions=()), PastStates(), None, steps)
            losses.append((yield from score(live, 0, steps)))
