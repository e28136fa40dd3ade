"""The point mass in memory: the stepper that writes sessions, without their files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.checkpoint import read_checkpoint
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.improvement import WINDOW
from tttui.model.truth import TruthChanges, merged
from tttui.runs.saved import restored, step_reached
from tttui.runs.whatif.live import ROWS_BUDGET, PastStates, Piece, refuse_too_long
from tttui.runs.whatif.luck import Pairs, Scores, score
from tttui.runs.whatif.result import WhatIfRequest
from tttui.tasks.pointmass.engine.many import SessionBlock, worlds
from tttui.tasks.pointmass.engine.stepper import Stepper
from tttui.tasks.pointmass.runs.branch import PointMassBranch, branch
from tttui.tasks.pointmass.runs.build import new_stepper

AT_ONCE = 16
"""Sessions that go side by side: a stretch of them takes some 15 ms."""

A_STEP = 160
"""Bytes that a step of each of them takes."""

WAYPOINT_EVERY = 320
"""Steps between two states of the past that are kept, at least."""


class LivePointMass:
    """A branch of a session of the point mass; begins at the step of the branch or before it."""

    sizes: tuple[int, int] | None = None

    def __init__(
        self, chosen: PointMassBranch, known: PastStates, directory: Path | None, until: int
    ) -> None:
        """`known` is used and added to; what was computed of the session in `directory` may save
        a replay (None: it is computed from its start).

        Raises RefusedInput where the branch cannot be computed.
        """
        self._branch, self._known, self.until = chosen, known, until
        self._events: list[Mapping[str, Any]] = []
        begin = chosen.begun.weights if chosen.begun else chosen.base.weights
        returns = [i.t for i in chosen.interventions if i.kind == "rollback"]
        self._last_return = max(returns, default=-1)
        """The last step at which weights of an earlier one are asked for."""
        self._snapshots: list[tuple[int, Weights]] = [(0, {k: begin[k] for k in PLASTIC})]
        self._stepper: Stepper = new_stepper(
            chosen.settings,
            chosen.base.weights,
            chosen.begun,
            before=known.prepared[1] if known.prepared else None,
            interventions=chosen.interventions,
            on_event=self._events.append,
            on_weights=self._note_weights,
            weights_at=self._weights_at,
        )
        self.first_truth: float | None = self._stepper.world.mu
        known.prepared = chosen.base, self._stepper.learner
        if chosen.at and directory is not None:
            self._leap(directory)

    @property
    def t(self) -> int:
        return self._stepper.t

    @property
    def truth_changes(self) -> TruthChanges:
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


def live_branch(request: WhatIfRequest, known: PastStates) -> LivePointMass:
    """What a what-if asks for. Raises RefusedInput, TttuiError, OSError."""
    directory = request.data.place.path
    base = known.prepared[0] if known.prepared else None
    chosen = branch(directory, at=request.at, changes=request.changes, base=base)
    until = request.end(chosen.settings.steps)
    refuse_too_long(until - request.at, chosen.settings.plasticity.chunk)
    return LivePointMass(chosen, known, directory, until)


def pairs(request: WhatIfRequest, total: int) -> Pairs:
    """The recorded and the changed settings in the same world, on other seeds."""
    directory, at = request.data.place.path, request.at
    both = [branch(directory, at=at, changes=c) for c in ({}, request.changes)]
    steps = request.end(both[1].settings.steps)
    both = [replace(b, settings=replace(b.settings, steps=steps)) for b in both]
    alone = any(b.interventions for b in both) or both[0].begun is not None
    first = both[0].settings.seed + 1
    seeds = range(first, first + total)
    if alone or both[0].settings.device != "cpu" or AT_ONCE * steps * A_STEP > ROWS_BUDGET:
        return Pairs("other seeds", total, lambda scores: _one_by_one(both, seeds, scores))
    return Pairs("other seeds", total, lambda scores: _together(both, seeds, scores))


def _together(both: Sequence[PointMassBranch], seeds: range, scores: Scores) -> Iterator[None]:
    """Many sessions at once."""
    for i in range(0, len(seeds), AT_ONCE):
        for one, losses in zip(both, scores, strict=True):
            z, a, _ = worlds(one.settings, seeds[i : i + AT_ONCE])
            block = SessionBlock(one.settings, one.base.weights, z, a)
            yield
            while block.advance():
                yield
            losses += block.adaptive[:, -WINDOW:].mean(axis=1).tolist()


def _one_by_one(both: Sequence[PointMassBranch], seeds: range, scores: Scores) -> Iterator[None]:
    for seed in seeds:
        for one, losses in zip(both, scores, strict=True):
            another = replace(one, settings=replace(one.settings, seed=seed))
            live = LivePointMass(another, PastStates(), None, one.settings.steps)
            losses.append((yield from score(live, one.at, WINDOW)))
