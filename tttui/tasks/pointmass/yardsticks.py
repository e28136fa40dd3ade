"""Yardsticks: what exact physics or least squares reach on the same trajectory.

Pure functions of observations z [..., n+1, 4] and actions a [..., n, 2] (leading dimensions are
sessions); each returns the mean squared error of every step [..., n], comparable with
per_step.csv: step t is predicted from what was observed up to z_t. `yardsticks_of` gives those of
a recorded trajectory.
"""

import numpy as np

from tttui.model.arrays import Bools, Floats
from tttui.model.pointmass.settings import World
from tttui.model.steps import Trajectory, Yardstick
from tttui.tasks.pointmass import world

PRIOR = 1e2
"""Initial covariance of recursive least squares."""

MU_CANDIDATES = np.linspace(0.005, 0.6, 120)
"""Frictions whose regimes are tried when the nonlinear law's is estimated."""

WEIGHT = 1e-3
"""How much the middle of the range counts against what was seen, in squared speed."""

MOST_STEPS = 50_000
"""Recursive least squares goes step by step; longer trajectories are judged by their end."""


def yardsticks_of(trajectory: Trajectory, law: World, mu: float | None) -> list[Yardstick]:
    """Exact physics with the true (where known) and an estimated friction; least squares.

    A step is judged where the next observation was recorded too and all of it is finite; gaps
    in the record end the judged stretch, of which the last is taken.
    """
    stretch = _last_stretch(trajectory)
    z, a, t = trajectory.z[stretch], trajectory.a[stretch][:-1], trajectory.t[stretch][:-1]
    if len(t) == 0:
        return []
    friction = trajectory.mu
    if friction is not None:
        truth = friction[stretch][:-1]
    else:
        truth = np.full(len(t), np.nan if mu is None else mu)
    yardsticks = []
    with np.errstate(all="ignore"):  # errors too large for a float are infinite
        if np.isfinite(truth).all():
            yardsticks.append(Yardstick("oracle", t, oracle(z, a, truth, law)))
        yardsticks.append(Yardstick("fitted mu", t, estimated(z, a, law)))
        for forgetting in (1.0, 0.98):
            name = "RLS" if forgetting == 1 else f"RLS {forgetting}"
            yardsticks.append(Yardstick(name, t, least_squares(z, a, forgetting)))
    return yardsticks


def oracle(z: Floats, a: Floats, mu: Floats, law: World) -> Floats:
    """Exact physics with the true friction mu [..., n]: the floor for any predictor."""
    z = z.astype(np.float64)
    predicted = world.step(z[..., :-1, :], a.astype(np.float64), mu[..., None], law)
    return _mse(predicted, z)


def least_squares(z: Floats, a: Floats, forgetting: float = 1.0) -> Floats:
    """Recursive least squares on [z, a] -> z', forgetting by this factor a step.

    Starts from persistence (z' = z), since even an ignorant forecaster knows that much
    (Haykin, Adaptive Filter Theory, ch. 10).
    """
    z = z.astype(np.float64)
    x = np.concatenate([z[..., :-1, :], a], axis=-1)
    lead, (n, k) = x.shape[:-2], x.shape[-2:]
    W = np.broadcast_to(np.eye(z.shape[-1], k), (*lead, z.shape[-1], k)).copy()
    P = np.broadcast_to(PRIOR * np.eye(k), (*lead, k, k)).copy()
    out = np.empty((*lead, n))
    for t in range(n):
        row = x[..., t, :, None]
        error = z[..., t + 1, :] - (W @ row)[..., 0]
        out[..., t] = np.mean(error**2, axis=-1)
        Pr = P @ row
        gain = Pr / (forgetting + row.mT @ Pr)
        W = W + error[..., None] * gain.mT
        P = (P - gain @ Pr.mT) / forgetting
        P = 0.5 * (P + P.mT)
    return out


def estimated(z: Floats, a: Floats, law: World) -> Floats:
    """Exact physics with a closed-form estimate of mu from the steps seen so far.

    v' = v - mu k v + a, where k tells the friction's regime, gives mu = -sum k v.(v' - v - a) /
    sum k^2 v.v; in nonlinear mode the regimes are those of the candidate that fits best so far.
    Before anything is seen mu is the middle of the range that it is drawn from.
    """
    z, a = z.astype(np.float64), a.astype(np.float64)
    v, loss = z[..., :-1, 2:], z[..., :-1, 2:] + a - z[..., 1:, 2:]
    candidates = MU_CANDIDATES if law.env_mode == "nonlinear" else MU_CANDIDATES[-1:]
    first = 0.5 * (law.mu_min + law.mu_max)
    least = np.full(a.shape[:-1], np.inf)
    mu = np.full(a.shape[:-1], first)
    for candidate in candidates:
        k = world.friction(v, np.full((*v.shape[:-1], 1), candidate), law)[..., 0] / candidate
        cross = _so_far(k * np.sum(v * loss, axis=-1))
        power = _so_far(k * k * np.sum(v * v, axis=-1))
        fitted = (first * WEIGHT + cross) / (WEIGHT + power)
        left = WEIGHT * (fitted - first) ** 2 + fitted * (fitted * power - 2.0 * cross)
        better = left < least
        least, mu = np.where(better, left, least), np.where(better, fitted, mu)
    return _mse(world.step(z[..., :-1, :], a, mu[..., None], law), z)


def _so_far(values: Floats) -> Floats:
    """Sums over the steps before each one."""
    total: Floats = np.cumsum(values, axis=-1) - values
    return total


def _mse(predicted: Floats, z: Floats) -> Floats:
    mse: Floats = np.mean((predicted - z[..., 1:, :]) ** 2, axis=-1)
    return mse


def _last_stretch(trajectory: Trajectory) -> slice:
    """The last run of rows without a gap and without a value that is not finite."""
    n = len(trajectory)
    known = np.hstack((np.isfinite(trajectory.z), np.isfinite(trajectory.a)))
    fine: Bools = np.asarray(known.all(axis=1))
    joined = np.concatenate([[False], (np.diff(trajectory.t) == 1) & fine[1:] & fine[:-1]])
    breaks = np.flatnonzero(~joined)
    start = int(breaks[-1]) if len(breaks) else 0
    return slice(max(start, n - MOST_STEPS), n)
