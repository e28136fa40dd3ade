"""What a model may use of observations and actions that need not all be finite."""

import numpy as np

from tttui.dynamics.backend import Array, namespace


def transitions(z: Array, a: Array, held: Array) -> tuple[Array, Array, Array, Array]:
    """Inputs x [..., 6, n] and targets y [..., 4, n] of z [..., n+1, 4] and a [..., n, 2].

    An observation that is not finite counts as the last finite one, which before the first row
    is `held` [..., 4]; an action that is not finite as none. Returns x, y, which transitions
    [..., n] count (all of their values were finite), and the last observation to hold.
    """
    xp = namespace(z)
    seen = xp.all(xp.isfinite(z), axis=-1)
    acted = xp.all(xp.isfinite(a), axis=-1)
    valid = seen[..., :-1] & seen[..., 1:] & acted
    rows = xp.concat([held[..., None, :], xp.where(seen[..., None], z, 0.0)], axis=-2)
    order = xp.arange(1, rows.shape[-2], dtype=xp.int64, device=z.device)
    last = _running_maximum(xp.where(seen, order, 0))
    z = xp.take_along_axis(rows, xp.broadcast_to(last[..., None], z.shape), axis=-2)
    a = xp.where(acted[..., None], a, 0.0)
    x = xp.concat([z[..., :-1, :], a], axis=-1).mT
    return x, z[..., 1:, :].mT, valid, z[..., -1, :]


def _running_maximum(values: Array) -> Array:
    # Not part of the array API standard.
    if isinstance(values, np.ndarray):
        return np.maximum.accumulate(values, axis=-1)
    return values.cummax(-1).values
