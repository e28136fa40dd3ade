"""The hidden state at a step, computed again from the trajectory and the weights in force."""

import math

import numpy as np

from tttui.dynamics import ssm
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.steps import Trajectory
from tttui.tasks.pointmass.hidden import CompleteWeights

LEFT = 1e-9
"""Inputs of which less than this is left in every unit are not replayed."""

MOST = 1 << 20
"""Largest number of units x steps that is replayed."""


WINDOW, FEWEST = 128, 16
"""Steps before the cursor whose predictions the fitted map explains, and how few are enough."""

LARGEST = 512
"""Most states of a model whose predictions are computed again."""

RUN_UP = 2048
"""Most steps that are replayed before the one that is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveState:
    """h_t [n_state]: what the model holds just before step t is predicted."""

    h: Floats
    steps: int
    """Steps that were replayed."""
    left: float
    """The part of a unit's older state that was left out at most; 0: nothing was."""


class LiveModel:
    """The weights in force at some step, to be run over the recorded trajectory.

    The hidden state is the one that these weights would have made of all inputs so far (ssm). An
    input that is not finite counts as the last finite one before it.
    """

    def __init__(self, complete: CompleteWeights) -> None:
        self.complete = complete
        with np.errstate(all="ignore"):
            self._decays = ssm.decay(complete.weights["a_raw"], complete.dt)
            self._M = complete.weights["B"] @ complete.weights["W_u"]
        self.why_not = ""
        """Why nothing can be run; empty where it can."""
        if not ((self._decays > 0) & (self._decays < 1)).all():
            self.why_not = "the decays are not inside (0, 1)"
        elif not np.isfinite(self._M).all():
            self.why_not = "the weights are not finite"

    @property
    def memory(self) -> int:
        """Steps after which less than LEFT remains of an input in every unit."""
        return math.ceil(math.log(LEFT) / math.log(float(self._decays.max())))

    def state(self, trajectory: Trajectory, t: int) -> LiveState | str:
        """The hidden state before step t, or why it cannot be computed."""
        if self.why_not:
            return self.why_not
        row = int(np.searchsorted(trajectory.t, t))
        if row >= len(trajectory) or int(trajectory.t[row]) != t:
            return f"the trajectory has no step {t}"
        decays = self._decays
        first = max(row - min(self.memory, RUN_UP, max(MOST // len(decays), 1)), 0)
        gaps = np.flatnonzero(np.diff(trajectory.t[first : row + 1]) != 1)
        if len(gaps):
            first += int(gaps[-1]) + 1
        n = row - first
        whole = first == 0 and int(trajectory.t[0]) == 0
        h = np.zeros(len(decays))
        for arrived in _inputs(trajectory, first, row) @ self._M.T.astype(np.float64):
            h = decays * h + arrived
        return LiveState(h, n, 0.0 if whole else float(decays.max()) ** n)

    def fitted(self, trajectory: Trajectory, t: int) -> Floats | str:
        """The map z -> z' [4, 4] that the predictions around step t amount to, or why not.

        Least squares of what is predicted for the last WINDOW steps on [z, a].
        """
        if self.why_not:
            return self.why_not
        if len(self._decays) > LARGEST:
            return f"a model of more than {LARGEST} states takes too long here"
        row = int(np.searchsorted(trajectory.t, t, side="right"))
        used = max(row - WINDOW, 0)
        if row - used < FEWEST:
            return f"it takes {FEWEST} steps to tell"
        first = max(used - min(self.memory, RUN_UP), 0)
        x = _inputs(trajectory, first, row)
        with np.errstate(all="ignore"):
            predicted = ssm.rollout(self.complete.weights, self.complete.dt, x[:, :4], x[:, 4:])
        if not np.isfinite(predicted).all():
            return "the predictions are not finite"
        known, targets = x[used - first :], predicted[used - first :].astype(np.float64)
        fit: Floats = np.linalg.lstsq(known, targets, rcond=None)[0]
        return fit.T[:, :4]


def _inputs(trajectory: Trajectory, first: int, last: int) -> Floats:
    """[z, a] of rows first .. last - 1, float64 [n, 6], finite."""
    rows = [trajectory.z[first:last], trajectory.a[first:last]]
    return _filled_forward(np.concatenate(rows, axis=1).astype(np.float64))


def _filled_forward(x: Floats) -> Floats:
    """Rows [n, k] with values that are not finite replaced by the last finite ones (or 0)."""
    bad = ~np.isfinite(x)
    if not bad.any():
        return x
    at = np.where(bad, 0, np.arange(len(x))[:, None])
    np.maximum.accumulate(at, axis=0, out=at)
    filled = np.take_along_axis(x, at, axis=0)
    return np.where(np.isfinite(filled), filled, 0.0)
