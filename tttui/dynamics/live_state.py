"""The hidden state at a step, computed again from the trajectory and the weights in force."""

import math
from dataclasses import dataclass

import numpy as np

from tttui.dynamics import ssm
from tttui.dynamics.hidden import Snapshot
from tttui.model.arrays import Floats
from tttui.model.steps import Trajectory

LEFT = 1e-9
"""Inputs of which less than this is left in every unit are not replayed."""

MOST = 1 << 22
"""Largest number of units x steps that is replayed."""


WINDOW, FEWEST = 128, 16
"""Steps before the cursor whose predictions the fitted map explains, and how few are enough."""

LARGEST = 512
"""Most states of a model whose predictions are computed again."""

WINDOW_RUN_UP = 2048
"""Most steps that are replayed before the window."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveState:
    """h_t [n_state]: what the model holds just before step t is predicted."""

    h: Floats
    steps: int
    """Steps that were replayed."""
    left: float
    """The part of a unit's older state that was left out at most; 0: nothing was."""


def live_state(held: Snapshot, trajectory: Trajectory, t: int) -> LiveState | str:
    """The hidden state before step t under the weights in force, or why it cannot be had.

    It is the state that these weights would have made of all inputs so far (ssm). An input that
    is not finite counts as the last finite one before it.
    """
    row = int(np.searchsorted(trajectory.t, t))
    if row >= len(trajectory) or int(trajectory.t[row]) != t:
        return f"the trajectory has no step {t}"
    decays = ssm.decay(held.weights["a_raw"], held.dt)
    if not ((decays > 0) & (decays < 1)).all():
        return "the decays are not inside (0, 1)"
    slowest = float(decays.max())
    needed = math.ceil(math.log(LEFT) / math.log(slowest))
    first = max(row - min(needed, max(MOST // len(decays), 1)), 0)
    steps = np.asarray(trajectory.t[first : row + 1])
    gaps = np.flatnonzero(np.diff(steps) != 1)
    if len(gaps):
        first += int(gaps[-1]) + 1
    n = row - first
    whole = first == 0 and int(trajectory.t[0]) == 0
    x = np.concatenate([trajectory.z[first:row], trajectory.a[first:row]], axis=1)
    x = _held(x.astype(np.float64))
    M = held.weights["B"] @ held.weights["W_u"]
    weight = decays[:, None] ** np.arange(n - 1, -1, -1)
    h = np.einsum("nk,nk->n", M @ x.T, weight) if n else np.zeros(len(decays))
    return LiveState(h, n, 0.0 if whole else slowest**n)


def fitted_dynamics(held: Snapshot, trajectory: Trajectory, t: int) -> Floats | str:
    """The map z -> z' [4, 4] that the model's predictions amount to around step t.

    Least squares of what the weights in force predict for the last WINDOW steps on [z, a], with
    the hidden state that belongs to them; or why there is none.
    """
    decays = ssm.decay(held.weights["a_raw"], held.dt)
    if len(decays) > LARGEST:
        return f"a model of more than {LARGEST} states takes too long here"
    row = int(np.searchsorted(trajectory.t, t, side="right"))
    needed = math.ceil(math.log(LEFT) / math.log(min(max(float(decays.max()), 1e-3), 1 - 1e-9)))
    used = max(row - WINDOW, 0)
    first = max(used - min(needed, WINDOW_RUN_UP), 0)
    if row - used < FEWEST:
        return f"it takes {FEWEST} steps to tell"
    z, a = _held(trajectory.z[first:row]), _held(trajectory.a[first:row])
    with np.errstate(all="ignore"):
        predicted = ssm.rollout(held.weights, held.dt, z, a)[used - first :]
    x = np.concatenate([z, a], axis=1)[used - first :].astype(np.float64)
    if not np.isfinite(predicted).all():
        return "the predictions are not finite"
    found: Floats = np.linalg.lstsq(x, predicted.astype(np.float64), rcond=None)[0]
    return found.T[:, :4]


def _held(x: Floats) -> Floats:
    """Rows [n, k] with values that are not finite replaced by the last finite ones (or 0)."""
    bad = ~np.isfinite(x)
    if not bad.any():
        return x
    at = np.where(bad, 0, np.arange(len(x))[:, None])
    np.maximum.accumulate(at, axis=0, out=at)
    filled = np.take_along_axis(x, at, axis=0)
    return np.where(np.isfinite(filled), filled, 0.0)
