"""Learning from a buffer of transitions: loss, hand-derived gradients, Muon, exact line search.

A prediction is linear in the memories, z'_{t+1} = Q Z_t (see `ssm`), so the buffer's whole
influence is the errors at the start and one Gram matrix of Z: an inner step costs the same
however long the buffer is. Losses are followed from the starting weights in float64, so that
those far below the squared observations keep their digits.

What few rows cannot tell is taken from the base: a fraction of a row of its own experience
(`Anchor`), on which it counts as right, keeps an early update from spending its freedom on noise.

Rows are scaled by sqrt(weight / (4 sum of weights)): the loss is a plain sum of squares, and rows
that must not count have weight 0. Time is the last axis. Functions of numpy arrays or torch
tensors with any leading batch dimensions `...`, without a branch on a value, so that many
sessions learn at once.
"""

from typing import Any

import numpy as np

from tttui.dynamics import muon
from tttui.dynamics.backend import (
    Array,
    astype,
    is_off,
    namespace,
    over_matrices,
    over_points,
    product_of,
    side_by_side,
    surely,
    total,
)
from tttui.dynamics.ssm import readout, remembered
from tttui.model.arrays import PLASTIC
from tttui.model.dataclass import dataclass
from tttui.model.pointmass.settings import Plasticity

Matrices = dict[str, Array]
"""W_u [..., u_dim, 6], B [..., n_state, u_dim], W_o [..., 4, n_state] (or their gradients)."""

COARSE, FINE = 33, 17
"""Points of the line search: over the whole range, then between the best one's neighbours."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The scaled rows of a buffer (T of them), float64."""

    x: Array
    """Inputs [z; a], [..., 6, T]."""
    Z: Array
    """The filtered inputs, [..., 6 x r, T]."""
    y: Array
    """The observations that followed, [..., 4, T]."""
    scale: Array
    """Factors of the rows, [..., T]; 0: the row does not count."""
    count: Array
    """Sum of the rows' weights, [...]."""
    U: Array
    """The memories, [n_state, r]."""

    @classmethod
    def of(cls, x: Array, Z: Array, y: Array, weight: Array, U: Array) -> "Replay":
        """From unscaled rows (any float type) and their weights [..., T]."""
        xp = namespace(weight)
        weight = astype(weight, xp.float64)
        count = xp.sum(weight, axis=-1, keepdims=True)
        s = xp.sqrt(weight / (y.shape[-2] * count.clip(min=1e-12)))
        row = s[..., None, :]
        return cls(x * row, Z * row, y * row, s, count[..., 0], U)

    def states(self, weights: Matrices) -> Array:
        """The scaled hidden states [..., n_state, T] under these weights."""
        multiply = product_of(self.Z)
        return multiply(remembered(self.U, multiply(weights["B"], weights["W_u"])), self.Z)

    def largest_state(self, H: Array) -> Array:
        """The largest |h| [...] over the rows that count."""
        xp = namespace(H)
        used, norms = self.scale > 0, total(H * H, axis=-2)
        if surely(used):
            return xp.sqrt((norms / self.scale**2).max(-1))
        norms = norms / xp.where(used, self.scale**2, 1.0)
        return xp.sqrt(xp.max(xp.where(used, norms, 0.0), axis=-1))


@dataclass(frozen=True, slots=True)
class Anchor:
    """An average transition of pretraining, float64, scaled as one row of one."""

    Q: Array
    """The base's readout, [4, 6 x r]."""
    gram: Array
    """Mean of Z Z^T / 4, [6 x r, 6 x r]."""
    C_x: Array
    """Mean of x x^T / 4, [6, 6]."""

    @classmethod
    def of(cls, x: Array, Z: Array, base: dict[str, Array], U: Array) -> "Anchor":
        """That of the inputs x [k, 6, n] (float64), filtered to Z, as the base was trained on."""
        xp = namespace(x)
        Z = xp.astype(Z, xp.float64)
        base = {k: xp.astype(base[k], xp.float64) for k in PLASTIC}
        scale = 1.0 / (4.0 * x.shape[-1])
        return cls(
            readout(U, base["W_o"], base["B"] @ base["W_u"]),
            xp.mean(Z @ Z.mT, axis=0) * scale,
            xp.mean(x @ x.mT, axis=0) * scale,
        )


@dataclass(frozen=True, slots=True)
class UpdateOutcome:
    """The result of some inner steps, before any gate decides. Numbers are [...]."""

    weights: Matrices
    momentum: Matrices
    pre_loss: Array
    post_loss: Array
    grad_norm: Array
    """Norm of the first gradient, whitened or raw as the settings say."""
    pre_max_h: Array
    post_max_h: Array
    lr: Array
    """Mean step size of the inner steps."""


def squares(X: Array) -> Array:
    """Sum of squares over the last two axes."""
    return total(X * X)


def inner(X: Matrices, Y: Matrices) -> Array:
    """Inner product [...] over all plastic matrices."""
    return sum(total(X[k] * Y[k]) for k in PLASTIC)


def gradients(weights: Matrices, U: Array, dQ: Array) -> Matrices:
    """Gradients of the plastic matrices from the loss's gradient dQ [..., 4, 6 x r]."""
    multiply = product_of(dQ)
    W_u, B, W_o = (weights[k] for k in PLASTIC)
    M = multiply(B, W_u)
    by_state = dQ.reshape((*dQ.shape[:-1], M.shape[-1], -1)) @ U.mT  # [..., 4, 6, n_state]
    dM = total(W_o[..., :, None, :] * by_state, axis=-3).mT
    dW_o = total(M.mT[..., None, :, :] * by_state, axis=-2)
    return {"W_u": multiply(B.mT, dM), "B": multiply(dM, W_u.mT), "W_o": dW_o}


def whiteners(weights: Matrices, C_x: Array, gram: Array, U: Array, eps: Any) -> Matrices:
    """For each matrix the whitener of its input's covariance: x, u = W_u x and h."""
    multiply, W_u = product_of(gram), weights["W_u"]
    to_h = remembered(U, multiply(weights["B"], W_u))
    return {
        "W_u": muon.whitener(C_x, eps),
        "B": muon.whitener(multiply(multiply(W_u, C_x), W_u.mT), eps),
        "W_o": muon.whitener(multiply(multiply(to_h, gram), to_h.mT), eps),
    }


def path(weights: Matrices, step: Matrices, U: Array) -> Array:
    """How Q moves along `weights - s step`: the terms in s, s^2 and s^3, [..., 3, 4 x 6 x r]."""
    xp, multiply = namespace(U), product_of(weights["B"])
    W, D = weights["W_o"][..., :, None, :], -step["W_o"][..., :, None, :]
    M = multiply(weights["B"], weights["W_u"]).mT[..., None, :, :]
    M1 = multiply(step["B"], weights["W_u"]) + multiply(weights["B"], step["W_u"])
    M1 = -M1.mT[..., None, :, :]
    M2 = multiply(step["B"], step["W_u"]).mT[..., None, :, :]
    first = D * M
    first += W * M1
    second = D * M1
    second += W * M2
    moves = xp.stack([first, second, D * M2], axis=-4) @ U
    return moves.reshape((*moves.shape[:-3], -1))


def _points(numbers: Array) -> tuple[Array, Array, Array, Array]:
    """Points of the line search, from 0 .. COARSE - 1: the coarse ones, what lies below each and
    how far the one above is from there, [COARSE]; the fine ones as shares of that, [FINE]."""
    xp = namespace(numbers)
    # Squared spacing: near convergence the best step is a small part of the range.
    coarse = (numbers / (COARSE - 1)) ** 2
    below = xp.concat([coarse[:1], coarse[:-1]])
    return coarse, below, xp.concat([coarse[1:], coarse[-1:]]) - below, numbers[:FINE] / (FINE - 1)


_HOST_POINTS = _points(np.arange(COARSE, dtype=np.float64))


def _points_for(x: Array) -> tuple[Array, Array, Array, Array]:
    """`_points` where x is."""
    if isinstance(x, np.ndarray):
        return _HOST_POINTS
    return _points(namespace(x).arange(COARSE, dtype=x.dtype, device=x.device))


def line_search(moves: Array, bent: Array, slope: Array) -> Array:
    """The s in [0, 1], shape [...], with the smallest loss along Q + sum_i s^i moves[i-1].

    moves [..., 3, 4 x 6 x r] and `bent` = moves times the Gram matrix; `slope` [..., 4 x 6 x r] is
    half the loss's gradient by Q. The change of the loss is a polynomial of degree 6.
    """
    curve = product_of(moves)(bent, moves.mT)
    tilt = 2.0 * (moves @ slope[..., None])[..., 0]
    loss = (
        tilt[..., 0],
        tilt[..., 1] + curve[..., 0, 0],
        tilt[..., 2] + 2.0 * curve[..., 0, 1],
        curve[..., 1, 1] + 2.0 * curve[..., 0, 2],
        2.0 * curve[..., 1, 2],
        curve[..., 2, 2],
    )
    first, *others = [over_points(c) for c in reversed(loss)]

    def best(s: Array) -> Array:
        value = first * s
        for c in others:
            value += c
            value *= s
        return value.argmin(-1)

    coarse, below, widths, shares = _points_for(moves)
    at = best(coarse)
    low, width = below[at], widths[at]
    fine = low[..., None] + width[..., None] * shares
    return low + width * shares[best(fine)]


def learn(
    weights: Matrices,
    momentum: Matrices,
    replay: Replay,
    p: Plasticity,
    *,
    anchor: Anchor | None = None,
    blow_up: float = 1.0,
) -> UpdateOutcome:
    """`p.inner_steps` steps of Muon on the replay; losses are those of the replay alone.

    Weights and momentum come and go as float32. `blow_up` multiplies the gradients (a fault). Of
    many sessions, numbers of `p` may be arrays [S] on the device.
    """
    xp, multiply = namespace(replay.Z), product_of(replay.Z)
    step_size, momentum_share, decay = map(over_matrices, (p.lr, p.momentum, p.weight_decay))
    weights = {k: astype(weights[k], xp.float64) for k in PLASTIC}
    momentum = {k: astype(momentum[k], xp.float64) for k in PLASTIC}
    if p.momentum_reset:
        momentum = {k: xp.zeros_like(momentum[k]) for k in PLASTIC}
    U, H = replay.U, replay.states(weights)
    E = multiply(weights["W_o"], H) - replay.y
    pre_loss, pre_max_h = squares(E), replay.largest_state(H)
    gram, slope = multiply(replay.Z, replay.Z.mT), multiply(E, replay.Z.mT)
    C_x = multiply(replay.x, replay.x.mT)
    if anchor is not None:
        share = (p.anchor / replay.count.clip(min=1.0))[..., None, None]
        away = readout(U, weights["W_o"], weights["B"] @ weights["W_u"]) - anchor.Q
        gram = gram + share * anchor.gram
        slope = slope + share * multiply(away, anchor.gram)
        C_x = C_x + share * anchor.C_x
    rows = float(replay.y.shape[-2])
    whitened = p.gate_norm == "whitened"
    R: Matrices = {}
    if p.whiten or whitened:
        R = whiteners(weights, rows * C_x, rows * gram, U, over_matrices(p.whiten_eps))
    grad_norm = lr = xp.zeros_like(pre_loss)
    for k in range(p.inner_steps):
        G = gradients(weights, U, 2.0 * blow_up * slope)
        if k == 0:
            gated = {n: multiply(G[n], R[n]) for n in PLASTIC} if whitened else G
            grad_norm = xp.sqrt(inner(gated, gated))
        step: Matrices = {}
        momentum = dict(momentum)
        for name in PLASTIC:
            momentum[name], ahead = muon.momentum_step(
                momentum[name], G[name], momentum_share, p.nesterov
            )
            D = muon.direction(ahead, R[name] if p.whiten else None, p.ns_steps)
            step[name] = step_size * (D if is_off(p.weight_decay) else D + decay * weights[name])
        if p.line_search:
            downhill = inner(G, step) > 0
            if not surely(downhill):
                down = downhill[..., None, None]
                step = {n: xp.where(down, step[n], step_size * G[n]) for n in PLASTIC}
        moves = path(weights, step, U)
        rows_of_Q = moves.reshape((*moves.shape[:-2], -1, slope.shape[-1]))
        bent = multiply(rows_of_Q, gram).reshape(moves.shape)
        if p.line_search:
            s = line_search(moves, bent, slope.reshape((*slope.shape[:-2], -1)))
        else:
            s = xp.ones_like(pre_loss)
        by_power = side_by_side((s, s * s, s * s * s))[..., None, :]
        slope = slope + (by_power @ bent).reshape(slope.shape)
        weights = {n: weights[n] - s[..., None, None] * step[n] for n in PLASTIC}
        lr = lr + s * (p.lr / p.inner_steps)
    before = {k: astype(weights[k], xp.float32) for k in PLASTIC}
    weights = {k: astype(before[k], xp.float64) for k in PLASTIC}
    H = replay.states(weights)
    return UpdateOutcome(
        before,
        {k: astype(momentum[k], xp.float32) for k in PLASTIC},
        pre_loss,
        squares(multiply(weights["W_o"], H) - replay.y),
        grad_norm,
        pre_max_h,
        replay.largest_state(H),
        lr,
    )


def transitions(z: Array, a: Array, previous: Array) -> tuple[Array, Array, Array, Array]:
    """Inputs x [..., 6, n] and targets y [..., 4, n] of z [..., n+1, 4] and a [..., n, 2].

    An observation that is not finite counts as the last finite one, which before the first row is
    `last` [..., 4]; an action that is not finite as none. Returns x, y, which transitions [..., n]
    count (all of their values were finite), and the last observation to hold.
    """
    xp = namespace(z)
    seen = xp.all(xp.isfinite(z), axis=-1)
    acted = xp.all(xp.isfinite(a), axis=-1)
    valid = seen[..., :-1] & seen[..., 1:] & acted
    if surely(seen) and surely(acted):
        return _inputs(z, a), z[..., 1:, :].mT, valid, z[..., -1, :].copy()
    rows = xp.concat([previous[..., None, :], xp.where(seen[..., None], z, 0.0)], axis=-2)
    order = xp.arange(1, rows.shape[-2], dtype=xp.int64, device=z.device)
    last = _running_maximum(xp.where(seen, order, 0))
    z = xp.take_along_axis(rows, xp.broadcast_to(last[..., None], z.shape), axis=-2)
    a = xp.where(acted[..., None], a, 0.0)
    return _inputs(z, a), z[..., 1:, :].mT, valid, z[..., -1, :]


def _inputs(z: Array, a: Array) -> Array:
    return namespace(z).concat([z[..., :-1, :], a], axis=-1).mT


def _running_maximum(values: Array) -> Array:
    # Not part of the array API standard.
    if isinstance(values, np.ndarray):
        return np.maximum.accumulate(values, axis=-1)
    return values.cummax(-1).values
