"""Several sessions of one world in one process, which take turns at one learner."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.model.arrays import PLASTIC, Floats
from tttui.model.pointmass.settings import Settings
from tttui.runs.turns import Host, State, refuse_other_shapes
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.engine.many import worlds


class PointMassHost(Host):
    """The point mass: all sessions meet the world of the settings' seed."""

    def __init__(self, settings: Settings, base: Mapping[str, Any]) -> None:
        z, a, _ = worlds(settings, [settings.seed])
        self._z, self._a = z[0], a[0]
        self.unit, self.steps = settings.plasticity.chunk, int(a.shape[1])
        self._learner = Learner(settings, dict(base))
        self._fresh = self._learner.state()

    def begin(self, weights: Mapping[str, Any] | None) -> State:
        if weights is None:
            return self._fresh
        refuse_other_shapes(weights, {name: self._fresh[name].shape for name in PLASTIC})
        before = self.take()
        self._learner.load(self._fresh)
        self._learner.restore(dict(weights), 0)
        begun = self.take()
        self._learner.load(before)
        return begun

    def put(self, state: State) -> None:
        self._learner.load(state)

    def take(self) -> State:
        return self._learner.state()

    def advance(self, t: int, steps: int) -> tuple[Floats, Floats]:
        learner, rows = self._learner, []
        limit = min(t + steps, self.steps)
        while t < limit:
            if learner.due(t):
                learner.transact(t)
            end = min(t + self.unit - t % self.unit, limit)
            rows.append(learner.predict(self._z[t : end + 1], self._a[t:end]))
            t = end
        return (
            np.concatenate([row.adaptive_mse for row in rows]),
            np.concatenate([row.baseline_mse for row in rows]),
        )
