"""The point mass in memory: the stepper that writes sessions, without their files."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.checkpoint import read_checkpoint
from tttui.engine.stepper import Stepper
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.mu import MuChanges, merged
from tttui.runs.branch import Branch
from tttui.runs.build import new_stepper
from tttui.runs.saved import restored, step_reached
from tttui.runs.whatif.live import Piece
from tttui.runs.whatif.past import PastStates

WAYPOINT_EVERY = 320
"""Steps between two states of the past that are kept, at least."""


class PointMass:
    """A branch of a session of the point mass; begins at the step of the branch or before it."""

    def __init__(self, branch: Branch, known: PastStates, directory: Path | None) -> None:
        """`known` is used and added to; what was computed of the session in `directory` may save
        a replay (None: it is computed from its start).

        Raises RefusedInput where the branch cannot be computed.
        """
        self._branch, self._known = branch, known
        self._events: list[Mapping[str, Any]] = []
        begin = branch.begun.weights if branch.begun else branch.base.weights
        returns = [i.t for i in branch.interventions if i.kind == "rollback"]
        self._last_return = max(returns, default=-1)
        """The last step at which weights of an earlier one are asked for."""
        self._snapshots: list[tuple[int, Weights]] = [(0, {k: begin[k] for k in PLASTIC})]
        self._stepper: Stepper = new_stepper(
            branch.settings,
            branch.base.weights,
            branch.begun,
            before=known.learner,
            interventions=branch.interventions,
            on_event=self._events.append,
            on_weights=self._note_weights,
            weights_at=self._weights_at,
        )
        self.first_mu = self._stepper.world.mu
        """The friction at step 0."""
        known.base, known.learner = branch.base, self._stepper.learner
        if branch.at and directory is not None:
            self._leap(directory)

    @property
    def t(self) -> int:
        return self._stepper.t

    @property
    def mu_changes(self) -> MuChanges:
        """When the friction changes and to what, as planned and as far as it was set so far."""
        return merged(self._branch.settings.mu_schedule, self._stepper.mu_changes)

    def advance(self, limit: int) -> Piece | None:
        at = self._branch.at
        rows = self._stepper.advance(limit if self.t >= at else min(limit, at))
        if rows is None:
            return None
        flags = rows.flags()
        piece = Piece(rows.t, rows.baseline_mse, rows.adaptive_mse, *flags, tuple(self._events))
        self._events.clear()
        if self.t <= at:
            self._keep_past()
        return piece

    def _leap(self, directory: Path) -> None:
        """Go on from the last known state before the branch, if there is one.

        Not from before a step at which earlier weights are asked for, which are then not known.
        """
        at, states = self._branch.at, self._known.of(self._branch.past)
        nearest = max((t for t in states if self._last_return < t <= at), default=0)
        with suppress(TttuiError, OSError, LookupError, TypeError, ValueError, AttributeError):
            checkpoint = read_checkpoint(directory)
            # One at the very step of the branch may be after a change that was made there.
            if max(nearest, self._last_return) < step_reached(checkpoint.engine, directory) < at:
                self._stepper.load(restored(checkpoint.engine)["stepper"])
                return
        if nearest:
            self._stepper.load(states[nearest])

    def _keep_past(self) -> None:
        states = self._known.of(self._branch.past)
        last = max((t for t in states if t <= self.t), default=0)
        if self.t == self._branch.at or self.t >= last + WAYPOINT_EVERY:
            state = self._stepper.state()
            size = sum(array.nbytes for array in state["learner"].values())
            self._known.keep(self.t, state, size)

    def _note_weights(self, t: int, weights: Weights, from_t: int) -> None:
        if t <= self._last_return:
            self._snapshots.append((t, weights))

    def _weights_at(self, t: int) -> Weights:
        if t > self.t:
            raise RefusedInput(f"step {t} is not in the history of the weights")
        steps = np.array([when for when, _ in self._snapshots])
        return self._snapshots[int(np.searchsorted(steps, t, side="right")) - 1][1]
