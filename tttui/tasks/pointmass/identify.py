"""Identifying the hidden friction from weights, and the transfer matrix."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from tttui.dynamics import ssm
from tttui.model.arrays import Floats, Weights
from tttui.model.pointmass.settings import World
from tttui.tasks.pointmass import world

SEQUENCES, LENGTH = 4, 48
"""Canned trajectories: action sequences, and their steps from rest."""

MU_GRID = np.linspace(0.0, 0.5, 101)
"""Friction values that weights are compared with."""

CANNED_SEED = 20240229
STRIDE = 5
"""Every fifth friction is tried first, then all around the best of them."""


class Canned:
    """Noise-free trajectories of every friction in MU_GRID, filtered for one set of decays."""

    def __init__(self, law: World, a_raw: Floats) -> None:
        rng = np.random.default_rng(CANNED_SEED)
        n = len(MU_GRID)
        a = rng.normal(0.0, law.action_std, (SEQUENCES, LENGTH, 2))
        a = np.broadcast_to(a, (n, *a.shape))
        mu = np.broadcast_to(MU_GRID[:, None, None], (n, SEQUENCES, LENGTH))
        z = world.roll(a, mu, law, z0=np.zeros((n, SEQUENCES, 4)))
        memory = ssm.Memory(ssm.decay(a_raw, law.dt), LENGTH)
        x = np.concatenate([z[..., :-1, :], a], axis=-1).astype(np.float32).mT
        Z, _ = memory.filter(x, np.zeros((*x.shape[:-1], len(memory.U)), dtype=np.float32))
        self.U = memory.U32
        # [mu, .., sequence x step]: some of the frictions are then read without a copy.
        self.Z = np.ascontiguousarray(np.moveaxis(Z, 1, 2)).reshape(n, Z.shape[2], -1)
        self.y = np.moveaxis(z[..., 1:, :], 3, 1).astype(np.float32).reshape(n, 4, -1)

    def errors(self, weights: Weights, at: slice) -> Floats:
        """Mean squared error of the weights in the worlds MU_GRID[at]."""
        Q = ssm.readout(self.U, weights["W_o"], weights["B"] @ weights["W_u"])
        E = Q @ self.Z[at]
        E -= self.y[at]  # in place: these are the largest arrays of a transaction
        E *= E
        mse: Floats = np.mean(E, axis=(1, 2), dtype=np.float64)
        return mse


@lru_cache(maxsize=8)
def _canned(law: World, a_raw: bytes) -> Canned:
    return Canned(law, np.frombuffer(a_raw, dtype=np.float64))


def canned(law: World, a_raw: Floats) -> Canned:
    """The canned trajectories of a friction law and decays; kept, since they never change."""
    # What does not shape the canned trajectories must not make a new copy of them.
    same = replace(law, mu=None, mu_min=0.0, mu_max=1.0, noise_std=0.0)
    return _canned(same, np.asarray(a_raw, dtype=np.float64).tobytes())


def error_curve(weights: Weights, law: World) -> Floats:
    """Mean squared error [101] of the weights (with a_raw) in the worlds of MU_GRID."""
    with np.errstate(all="ignore"):
        return canned(law, weights["a_raw"]).errors(weights, slice(None))


def implied_mu(weights: Weights, law: World) -> float:
    """The friction whose world these weights predict best, between grid points by a parabola.

    NaN where the weights are not finite. The curve is searched coarsely, then around its best.
    """
    table = canned(law, weights["a_raw"])
    with np.errstate(all="ignore"):
        coarse = table.errors(weights, slice(None, None, STRIDE))
        if not np.isfinite(coarse).all():
            return float("nan")
        middle = int(np.argmin(coarse)) * STRIDE
        first = max(0, middle - STRIDE)
        fine = table.errors(weights, slice(first, middle + STRIDE + 1))
    best = int(np.argmin(fine))
    mu = float(MU_GRID[first + best])
    if 0 < best < len(fine) - 1:
        left, here, right = fine[best - 1 : best + 2]
        bend = left - 2.0 * here + right
        if bend > 0:
            mu += 0.5 * float((left - right) / bend) * float(MU_GRID[1] - MU_GRID[0])
    return mu


def transfer_matrix(
    sessions: list[Weights], worlds: list[tuple[Floats, Floats]], dt: float
) -> Floats:
    """Errors [i, j] of the weights of session i (with a_raw), frozen, in world j.

    A world is its observations z [n+1, 4] and actions a [n, 2]. If the weights are memory of mu
    and not a generic improvement, the diagonal is the smallest of its column.
    """
    out = np.empty((len(sessions), len(worlds)))
    for j, (z, a) in enumerate(worlds):
        for i, weights in enumerate(sessions):
            E = ssm.rollout(weights, dt, z[:-1], a) - z[1:]
            out[i, j] = np.mean(E * E, dtype=np.float64)
    return out
