"""Learning from a buffer of transitions: loss, hand-derived gradients, Muon, exact line search.

The rows of the buffer are scaled once by sqrt(weight / (4 sum of weights)), so that the loss is a
plain sum of squares, rows that must not count have weight 0, and every covariance below is an
average over the rows. Time is the last axis. Functions of numpy arrays or torch tensors with any
leading batch dimensions, without a branch on a value, so that many sessions learn at once.
"""

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from tttui.dynamics import muon, ssm
from tttui.model.arrays import PLASTIC
from tttui.model.settings import Plasticity

Array = Any
Matrices = dict[str, Array]
"""W_u [..., u_dim, 6], B [..., n_state, u_dim], W_o [..., 4, n_state] (or their gradients)."""

COARSE, FINE = 33, 17
"""Points of the line search: over the whole range, then between the best one's neighbours."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The scaled rows of a buffer (T of them)."""

    x: Array
    """Inputs [z; a], [..., 6, T]."""
    F: Array
    """Filtered inputs since the replay's start, [..., n_state, T, 6]."""
    H0: Array
    """What is left of the hidden state that the replay started from, [..., n_state, T]."""
    y: Array
    """The observations that followed, [..., 4, T]."""
    scale: Array
    """What the rows were multiplied with, [..., T]; 0 where a row does not count."""

    @classmethod
    def of(cls, x: Array, F: Array, H0: Array, y: Array, weight: Array) -> "Replay":
        """From unscaled rows and their weights [..., T]."""
        xp = array_namespace(weight)
        total = xp.sum(weight, axis=-1, keepdims=True)
        s = xp.sqrt(weight / (y.shape[-2] * xp.clip(total, 1e-12, None)))
        row = s[..., None, :]
        return cls(x * row, F * row[..., None], H0 * row, y * row, s)

    def states(self, weights: Matrices) -> Array:
        """The scaled hidden states [..., n_state, T] under these weights."""
        return ssm.states(weights["B"] @ weights["W_u"], self.F) + self.H0

    def largest_state(self, H: Array) -> Array:
        """The largest |h| [...] over the rows that count."""
        xp = array_namespace(H)
        used = self.scale > 0
        squares = xp.sum(H * H, axis=-2) / xp.where(used, self.scale**2, 1.0)
        return xp.sqrt(xp.max(xp.where(used, squares, 0.0), axis=-1))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a few inner steps made of the weights; nothing is decided yet. Numbers are [...]."""

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
    return array_namespace(X).sum(X * X, axis=(-2, -1))


def inner(X: Matrices, Y: Matrices) -> Array:
    """Inner product [...] over all plastic matrices."""
    xp = array_namespace(X["W_u"])
    return sum(xp.sum(X[k] * Y[k], axis=(-2, -1)) for k in PLASTIC)


def gradients(weights: Matrices, F: Array, H: Array, E: Array) -> Matrices:
    """Gradients of the loss |E|^2 with E = W_o H - y, H = (B W_u) . F + H0."""
    dM = ssm.input_gradient(F, weights["W_o"].mT @ (2.0 * E))
    return {
        "W_u": weights["B"].mT @ dM,
        "B": dM @ weights["W_u"].mT,
        "W_o": 2.0 * E @ H.mT,
    }


def whiteners(weights: Matrices, replay: Replay, H: Array, eps: float) -> Matrices:
    """For each matrix the whitener of its input: x, u = W_u x and h."""
    per_row = float(replay.y.shape[-2])
    C_x = per_row * (replay.x @ replay.x.mT)
    return {
        "W_u": muon.whitener(C_x, eps),
        "B": muon.whitener(weights["W_u"] @ C_x @ weights["W_u"].mT, eps),
        "W_o": muon.whitener(per_row * (H @ H.mT), eps),
    }


def path(
    weights: Matrices, step: Matrices, F: Array, H: Array, E: Array
) -> tuple[list[Array], ...]:
    """States and errors along `weights - s step` as polynomials in s: coefficients from s^0 on.

    H(s) has degree 2 (M = B W_u is a product of two moving matrices), E(s) degree 3.
    """
    W_o, D_o = weights["W_o"], step["W_o"]
    H1 = ssm.states(-(step["B"] @ weights["W_u"] + weights["B"] @ step["W_u"]), F)
    H2 = ssm.states(step["B"] @ step["W_u"], F)
    return [H, H1, H2], [E, W_o @ H1 - D_o @ H, W_o @ H2 - D_o @ H1, -(D_o @ H2)]


def line_search(errors: list[Array]) -> Array:
    """The s in [0, 1], shape [...], that minimises |E(s)|^2, a polynomial of degree 6."""
    xp = array_namespace(errors[0])
    flat = xp.stack([xp.reshape(e, (*e.shape[:-2], -1)) for e in errors], axis=-2)
    gram = flat @ flat.mT
    degree = 2 * len(errors) - 1
    loss = [
        sum(gram[..., i, k - i] for i in range(len(errors)) if 0 <= k - i < len(errors))
        for k in range(degree)
    ]

    def best(s: Array) -> Array:
        value = loss[-1][..., None]
        for c in reversed(loss[:-1]):
            value = value * s + c[..., None]
        return xp.argmin(value, axis=-1)[..., None]

    kind = {"dtype": gram.dtype, "device": gram.device}
    # Squared spacing: near convergence the best step is a small part of the range.
    root = xp.linspace(0.0, 1.0, COARSE, **kind)
    at = xp.astype(best(root * root), gram.dtype) / (COARSE - 1)
    low = xp.clip(at - 1.0 / (COARSE - 1), 0.0, None) ** 2
    high = xp.clip(at + 1.0 / (COARSE - 1), None, 1.0) ** 2
    at = xp.astype(best(low + (high - low) * xp.linspace(0.0, 1.0, FINE, **kind)), gram.dtype)
    return (low + (high - low) * at / (FINE - 1))[..., 0]


def learn(
    weights: Matrices, momentum: Matrices, replay: Replay, p: Plasticity, blow_up: float = 1.0
) -> Outcome:
    """`p.inner_steps` steps of Muon on the replay. `blow_up` multiplies the gradients (a fault)."""
    xp = array_namespace(replay.F)
    start = replay.states(weights)
    H, E = start, weights["W_o"] @ start - replay.y
    pre_loss = squares(E)
    if p.momentum_reset:
        momentum = {k: xp.zeros_like(momentum[k]) for k in PLASTIC}
    grad_norm = lr = xp.zeros_like(pre_loss)
    for k in range(p.inner_steps):
        G = gradients(weights, replay.F, H, E)
        if blow_up != 1.0:
            G = {name: g * blow_up for name, g in G.items()}
        R = whiteners(weights, replay, H, p.whiten_eps) if p.whiten or k == 0 else {}
        if k == 0:
            gated = {n: G[n] @ R[n] for n in PLASTIC} if p.gate_norm == "whitened" else G
            grad_norm = xp.sqrt(inner(gated, gated))
        step: Matrices = {}
        momentum = dict(momentum)
        for name in PLASTIC:
            momentum[name], ahead = muon.momentum_step(
                momentum[name], G[name], p.momentum, p.nesterov
            )
            whiten = R[name] if p.whiten else None
            D = muon.direction(ahead, whiten, p.ns_steps) + p.weight_decay * weights[name]
            step[name] = p.lr * D
        if p.line_search:
            downhill = (inner(G, step) > 0)[..., None, None]
            step = {n: xp.where(downhill, step[n], p.lr * G[n]) for n in PLASTIC}
            states, errors = path(weights, step, replay.F, H, E)
            s = line_search(errors)
            at = s[..., None, None]
            H = states[0] + at * (states[1] + at * states[2])
            E = errors[0] + at * (errors[1] + at * (errors[2] + at * errors[3]))
            lr = lr + s * (p.lr / p.inner_steps)
        else:
            at = 1.0
            lr = lr + p.lr / p.inner_steps
        weights = {n: weights[n] - at * step[n] for n in PLASTIC}
        if not p.line_search and k + 1 < p.inner_steps:
            H = replay.states(weights)
            E = weights["W_o"] @ H - replay.y
    H = replay.states(weights)
    return Outcome(
        weights,
        momentum,
        pre_loss,
        squares(weights["W_o"] @ H - replay.y),
        grad_norm,
        replay.largest_state(start),
        replay.largest_state(H),
        lr,
    )
