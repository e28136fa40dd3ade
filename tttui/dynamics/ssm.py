"""The diagonal state space model as linear algebra over whole stretches of steps.

u_t = W_u x_t with x_t = [z_t; a_t];  h_{t+1} = decay * h_t + B u_t;  z'_{t+1} = W_o h_{t+1}.

The decays are frozen, so the inputs can be filtered once, before any weight is known:
F_t = decay F_{t-1} + x_t for every decay. With M = B W_u the state is then
h_{t+1,n} = M_n . F_{t,n} + decay_n^{k+1} h0_n (k steps after h0), and neither a prediction nor
its gradient needs a loop over steps. Time is the last axis of H and of everything that is
predicted: the products need no transposes.

All functions take numpy arrays or torch tensors with any leading batch dimensions `...`.
"""

from typing import Any

import numpy as np

from tttui.model.arrays import Floats, Weights

Array = Any
"""A numpy array or a torch tensor; the functions follow the Python array API standard."""

TINY = 1e-30
"""Powers of a decay below this are written as 0: denormal numbers are slow and say nothing."""


def decay(a_raw: Floats, dt: float) -> Floats:
    """The decays exp(-softplus(a_raw) dt) in (0, 1), float64 [n_state]."""
    return np.exp(-np.logaddexp(0.0, np.asarray(a_raw, dtype=np.float64)) * dt)


def raw_decay(decays: Floats, dt: float) -> Floats:
    """The a_raw [n_state] whose decays are these: the inverse of `decay`."""
    rate = -np.log(np.asarray(decays, dtype=np.float64)) / dt
    return np.log(np.expm1(rate))


def powers(decays: Floats, n: int) -> Floats:
    """decay^1 .. decay^n, float32 [n_state, n]: what is left of a state after 1 .. n steps."""
    table = np.asarray(decays, dtype=np.float64)[:, None] ** np.arange(1, n + 1)
    return np.where(table < TINY, 0.0, table).astype(np.float32)


def lags(decays: Floats, n: int) -> Floats:
    """The filter as lower triangular matrices decay^(t-s), float32 [n_state, n, n]."""
    lag = np.arange(n)[:, None] - np.arange(n)[None, :]
    table = np.asarray(decays, dtype=np.float64)[:, None, None] ** np.maximum(lag, 0)
    return np.where((lag < 0) | (table < TINY), 0.0, table).astype(np.float32)


def filter_inputs(x: Array, F0: Array, lag: Array, power: Array) -> Array:
    """Filtered inputs F [..., n_state, n, 6] of x [..., n, 6], going on from F0 [..., n_state, 6].

    `lag` is `lags(decays, n)` and `power` is `powers(decays, n)`.
    """
    return lag @ x[..., None, :, :] + power[..., None] * F0[..., None, :]


def states(M: Array, F: Array) -> Array:
    """H [..., n_state, n] from M = B W_u [..., n_state, 6] and F [..., n_state, n, 6]."""
    return (F @ M[..., None])[..., 0]


def input_gradient(F: Array, G: Array) -> Array:
    """dL/dM [..., n_state, 6] from dL/dH = G [..., n_state, n]: the adjoint of `states`."""
    return (G[..., None, :] @ F)[..., 0, :]


def rollout(weights: Weights, dt: float, z: Floats, a: Floats, *, block: int = 64) -> Floats:
    """One-step predictions [n, 4] of a model with frozen weights along a known trajectory.

    `weights` holds W_u, B, W_o and a_raw; z [n, 4] and a [n, 2] are what it sees; h starts at 0.
    Works in blocks of `block` steps, each one constant linear operator.
    """
    decays = decay(weights["a_raw"], dt)
    x = np.concatenate([z, a], axis=-1).astype(np.float32)
    n, pad = len(x), -len(x) % block
    v = (weights["B"] @ weights["W_u"]) @ x.T
    v = np.pad(v, ((0, 0), (0, pad))).reshape(len(v), -1, block)
    H = v @ lags(decays, block).mT
    power = powers(decays, block)
    h = H[:, 0, -1]
    for k in range(1, H.shape[1]):
        H[:, k] += power * h[:, None]
        h = H[:, k, -1]
    predicted: Floats = (weights["W_o"] @ H.reshape(len(v), -1)).T[:n]
    return predicted


def effective_dynamics(weights: Weights, dt: float) -> Floats:
    """A [4, 4] = W_o diag(decay) W_o^+ + (W_o B W_u)[:, :4], to be read beside the true matrix.

    It is the z -> z' map when the state holds just what W_o can see of it.
    """
    W_o = np.asarray(weights["W_o"], dtype=np.float64)
    direct = W_o @ weights["B"] @ weights["W_u"]
    remembered = (W_o * decay(weights["a_raw"], dt)) @ np.linalg.pinv(W_o)
    A: Floats = remembered + direct[:, : len(W_o)]
    return A
