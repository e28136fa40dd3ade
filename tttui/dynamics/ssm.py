"""The diagonal state space model as linear algebra over whole stretches of steps.

u_t = W_u x_t with x_t = [z_t; a_t];  h_{t+1} = decay * h_t + B u_t;  z'_{t+1} = W_o h_{t+1}.

The decays are frozen, so the inputs can be filtered once, before any weight is known:
F_t = x_t + decay F_{t-1} for every decay, and h_{t+1} = sum_c M[:, c] F_t[c] with M = B W_u.
The decays' exponentials span only a few independent memories U [n_state, r] (`memory_basis`),
so that Z_t = F_t U [6, r] holds all that F_t does and

    z'_{t+1} = Q Z_t   with   Q[o, (c, k)] = sum_n W_o[o, n] M[n, c] U[n, k]      (`readout`).

Neither a prediction nor its gradient then needs a loop over steps. The hidden state is the one
that the weights in force would have made of all inputs so far. Time is the last axis.
"""

from typing import Any

import numpy as np

from tttui.dynamics.backend import Array, namespace
from tttui.model.arrays import Floats, Weights

TINY = 1e-30
"""Powers of a decay below this are written as 0: denormal numbers are slow and say nothing."""

MEMORY_TOLERANCE = 2e-15
"""Energy, relative to the largest, below which a memory is left out: float32 rounding squared."""


def decay(a_raw: Floats, dt: float) -> Floats:
    """The decays exp(-softplus(a_raw) dt) in (0, 1), float64 [n_state]."""
    return np.exp(-np.logaddexp(0.0, np.asarray(a_raw, dtype=np.float64)) * dt)


def raw_decay(decays: Floats, dt: float) -> Floats:
    """The a_raw [n_state] whose decays are these: the inverse of `decay`."""
    rate = -np.log(np.asarray(decays, dtype=np.float64)) / dt
    return np.log(np.expm1(rate))


def powers(decays: Floats, n: int) -> Floats:
    """decay^0 .. decay^n, float64 [n_state, n + 1]: what is left of a state after so many steps."""
    table = np.asarray(decays, dtype=np.float64)[:, None] ** np.arange(n + 1)
    return np.where(table < TINY, 0.0, table)


def memory_basis(decays: Floats) -> Floats:
    """U [n_state, r], orthonormal columns: the few memories that the decays really hold.

    Sums of exponentials are nearly dependent: the responses decay_n^0, decay_n^1 ... of 32 decays
    in 0.01 to 0.6 span 10 directions up to float32 rounding, equal ones span 1. U holds the
    leading eigenvectors of the responses' Gram matrix 1 / (1 - decay_n decay_m).
    """
    d = np.asarray(decays, dtype=np.float64)
    size, U = np.linalg.eigh(1.0 / (1.0 - d[:, None] * d[None, :]))
    basis: Floats = np.ascontiguousarray(U[:, size > MEMORY_TOLERANCE * size[-1]])
    return basis


class Memory:
    """The filter of one set of decays as matrices, used on up to `longest` steps in one piece.

    `convert` makes arrays of the wanted kind, on the wanted device, from numpy's.
    """

    def __init__(self, decays: Floats, longest: int, convert: Any = np.asarray) -> None:
        self.longest = longest
        U = memory_basis(decays)
        self.r = U.shape[1]
        left = powers(decays, longest)
        self._left = [convert(left[:, n].astype(np.float32)) for n in range(longest + 1)]
        # Latest input first: the tail of `_onto_F` serves every shorter stretch.
        self._onto_F = convert(left[:, longest - 1 :: -1].T.astype(np.float32).copy())
        lag = np.arange(longest)[None, :] - np.arange(longest)[:, None]
        response = np.einsum("nk,nl->kl", U, left)
        seen = np.where(lag < 0, 0.0, response[:, np.maximum(lag, 0)])
        fading = np.einsum("nk,nl->nkl", U, left[:, 1:])
        self._seen = convert(np.moveaxis(seen, 1, 0).astype(np.float32).copy())
        self._fading = convert(fading.astype(np.float32))
        self._cut: dict[int, tuple[Array, Array]] = {}
        self.U = convert(U)
        self.U32 = convert(U.astype(np.float32))

    def filter(self, x: Array, F0: Array) -> tuple[Array, Array]:
        """Memories Z [..., 6 x r, n] of inputs x [..., 6, n] that go on from F0 [..., 6, n_state].

        Returns Z, one column for what is known after each input, and the F to go on from.
        """
        xp, n = namespace(x), x.shape[-1]
        if n > self.longest:
            pieces, F = list[Array](), F0
            for i in range(0, n, self.longest):
                Z, F = self.filter(x[..., i : i + self.longest], F)
                pieces.append(Z)
            return xp.concat(pieces, axis=-1), F
        seen, fading = self._tables(n)
        Z = x @ seen + F0 @ fading
        F = x @ self._onto_F[self.longest - n :, :] + self._left[n] * F0
        return xp.reshape(Z, (*x.shape[:-2], -1, n)), F

    def _tables(self, n: int) -> tuple[Array, Array]:
        if n not in self._cut:
            # Contiguous [n, r x n] and [n_state, r x n]: one product over all sessions at once.
            xp, seen, fading = namespace(self.U), self._seen[:n, :, :n], self._fading[:, :, :n]
            self._cut[n] = (xp.reshape(seen, (n, -1)), xp.reshape(fading, (len(fading), -1)))
        return self._cut[n]


class Fading:
    """What is left of older memories over the next `steps` steps."""

    def __init__(self, decays: Floats, steps: int, convert: Any = np.asarray) -> None:
        self.steps = steps
        U = memory_basis(decays)
        left = np.einsum("nk,nl->nkl", U, powers(decays, steps)[:, 1:])
        # [r, r x steps]: memories now to memories after each step.
        self._table = convert((U.T @ left.reshape(len(U), -1)).astype(np.float32))

    def faded(self, Z0: Array) -> Array:
        """Memories [..., 6 x r, steps] that remain of Z0 [..., 6 x r]."""
        xp = namespace(Z0)
        rows = xp.reshape(Z0, (*Z0.shape[:-1], -1, len(self._table)))
        return xp.reshape(rows @ self._table, (*Z0.shape, self.steps))


def readout(U: Array, W_o: Array, M: Array) -> Array:
    """Q [..., 4, 6 x r] from W_o [..., 4, n_state] and M = B W_u [..., n_state, 6]."""
    xp = namespace(W_o)
    Q = (W_o[..., :, None, :] * M.mT[..., None, :, :]) @ U
    return xp.reshape(Q, (*Q.shape[:-2], -1))


def remembered(U: Array, M: Array) -> Array:
    """The map [..., n_state, 6 x r] from Z to the hidden state, for M = B W_u [..., n_state, 6]."""
    return (M[..., :, :, None] * U[:, None, :]).reshape((*M.shape[:-1], -1))


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
    left = powers(decays, block).astype(np.float32)
    lag = np.arange(block)[None, :] - np.arange(block)[:, None]
    H = v @ np.where(lag < 0, np.float32(0), left[:, np.maximum(lag, 0)])
    h = H[:, 0, -1]
    for k in range(1, H.shape[1]):
        H[:, k] += left[:, 1:] * h[:, None]
        h = H[:, k, -1]
    predicted: Floats = (weights["W_o"] @ H.reshape(len(v), -1)).T[:n]
    return predicted


def effective_dynamics(weights: Weights, dt: float) -> Floats:
    """A [4, 4] = W_o diag(decay) W_o^+ + (W_o B W_u)[:, :4], to be read beside the true matrix.

    It is the z -> z' map when the state holds just what W_o can see of it.
    """
    W_o = np.asarray(weights["W_o"], dtype=np.float64)
    direct = W_o @ weights["B"] @ weights["W_u"]
    carried = (W_o * decay(weights["a_raw"], dt)) @ np.linalg.pinv(W_o)
    A: Floats = carried + direct[:, : len(W_o)]
    return A
