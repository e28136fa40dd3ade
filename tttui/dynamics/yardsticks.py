"""What is possible on the same trajectory, so that nobody fools himself.

Pure functions of observations z [..., n+1, 4] and actions a [..., n, 2] (leading dimensions are
sessions); each returns the mean squared error of every step [..., n], comparable with
per_step.csv: step t is predicted from what was observed up to z_t.
"""

import numpy as np

from tttui.dynamics import world
from tttui.model.arrays import Floats
from tttui.model.settings import World

PRIOR = 1e2
"""Initial covariance of recursive least squares."""

MU_CANDIDATES = np.linspace(0.0, 0.6, 121)
"""Frictions among which the nonlinear law's is estimated."""


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


def _mse(predicted: Floats, z: Floats) -> Floats:
    mse: Floats = np.mean((predicted - z[..., 1:, :]) ** 2, axis=-1)
    return mse
