"""Muon: momentum, then the nearest orthogonal matrix by Newton-Schulz (Jordan et al. 2024).

Whitened by its input's covariance C, the direction moves the layer's *output* by about the same
amount along every input direction; without it, wherever positions are large, the step is spent
on them. All in float32: in bfloat16 half of a step's norm can be rounding noise.
"""

from typing import Any

from tttui.dynamics.backend import (
    Array,
    astype,
    constant,
    eye_of,
    namespace,
    over_matrices,
    product_of,
    surely,
    total,
)

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration, tuned for slope at zero."""

EPS = 1e-7
"""Keeps the normalisation of a zero gradient finite."""


def newton_schulz(X: Array, steps: int) -> Array:
    """X [..., rows, cols] with its singular values driven towards 1 (0.7 to 1.2 after 5 steps)."""
    xp, multiply = namespace(X), product_of(X)
    a, b, c = NEWTON_SCHULZ
    tall = X.shape[-2] > X.shape[-1]
    X = X.mT if tall else X
    X = X * over_matrices(c**0.25 / (xp.sqrt(total(X * X)) + EPS))
    # With A = X X^T sqrt(c), a X + b (X X^T) X + c (X X^T)^2 X is (A + shift I)^2 X + rest X.
    shift = eye_of(X) * constant(X, 0.5 * b / c**0.5)
    rest = constant(X, a - 0.25 * b * b / c)
    for _ in range(steps):
        A = multiply(X, X.mT)
        A += shift
        Y = multiply(multiply(A, A), X)
        X *= rest  # a copy since the normalisation above
        Y += X
        X = Y
    X *= constant(X, c**-0.25)
    return X.mT if tall else X


def whitener(C: Array, eps: Any) -> Array:
    """R [..., k, k] with R R^T = (C + eps tr(C) I)^-1, from a covariance C [..., k, k]; `eps` is a
    number, or [..., 1, 1].

    A covariance that is zero or not finite whitens by the identity: the gates decide about it.
    """
    xp = namespace(C)
    eye = eye_of(C)
    trace = total(C * eye, keepdims=True)
    usable = (trace > 0) & xp.isfinite(trace)
    if surely(usable):
        ridge, size = C / trace + eps * eye, xp.sqrt(trace)
    else:
        trace = xp.where(usable, trace, 1.0)
        ridge, size = xp.where(usable, C / trace + eps * eye, eye), xp.sqrt(trace)
    # torch's plain `cholesky` waits for the device to raise errors; `_ex` does not.
    if hasattr(xp.linalg, "cholesky_ex"):
        L = xp.linalg.cholesky_ex(ridge)[0]
        root = xp.linalg.solve_triangular(L, eye, upper=False)
    else:
        root = xp.linalg.inv(xp.linalg.cholesky(ridge))
    return root.mT / size


def momentum_step(
    buffer: Array, gradient: Array, momentum: Any, nesterov: bool
) -> tuple[Array, Array]:
    """The new momentum buffer and the gradient to orthogonalise, both shaped as `gradient`;
    `momentum` is a number, or [..., 1, 1]."""
    new = (1.0 - momentum) * gradient
    buffer = momentum * buffer
    buffer += new
    if not nesterov:
        return buffer, buffer
    ahead = momentum * buffer
    ahead += new
    return buffer, ahead


def direction(G: Array, R: Array | None, ns_steps: int) -> Array:
    """The step's direction for G [..., rows, cols], in the metric of R (None: unwhitened)."""
    xp, multiply = namespace(G), product_of(G)
    X = G if R is None else multiply(G, R)
    orthogonal = astype(newton_schulz(astype(X, xp.float32), ns_steps), G.dtype)
    if R is not None:
        orthogonal = multiply(orthogonal, R.mT)
    rows, cols = G.shape[-2:]
    return orthogonal if rows <= cols else orthogonal * constant(G, (rows / cols) ** 0.5)
