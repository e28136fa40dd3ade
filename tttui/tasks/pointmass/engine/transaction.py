"""A transaction: the gates that commit it or roll it back, and its record in update_events.jsonl.

Each gate is written so that a NaN fails it, for one session or for many at once.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.dynamics.backend import Array, is_off, namespace
from tttui.dynamics.replay import UpdateOutcome, squares
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.pointmass.settings import Plasticity, Settings
from tttui.model.transactions import STATUSES
from tttui.tasks.pointmass.identify import implied_mu

COMMIT, LOSS, GRADIENT, STATE, NON_FINITE, LIVE = range(len(STATUSES))
"""Indices of STATUSES."""


def before(outcome: UpdateOutcome, broken: Array, p: Plasticity) -> Array:
    """The status [...] that stops a transaction before its step, or COMMIT to go on.

    `broken` [...] says that something observed since the last transaction was not finite.
    """
    xp = namespace(outcome.pre_loss)
    finite = xp.isfinite(outcome.pre_loss) & xp.isfinite(outcome.grad_norm) & ~broken
    calm = outcome.grad_norm <= p.grad_norm_max
    status = xp.where(calm, COMMIT, GRADIENT)
    return xp.where(finite, status, NON_FINITE)


def after(outcome: UpdateOutcome, p: Plasticity) -> Array:
    """The status [...] of a step that was taken."""
    xp = namespace(outcome.pre_loss)
    size = sum(squares(w[k]) for w in (outcome.weights, outcome.momentum) for k in PLASTIC)
    finite = xp.isfinite(size) & xp.isfinite(outcome.post_loss)
    better = outcome.post_loss <= (1.0 + p.rollback_tol) * outcome.pre_loss
    calm = outcome.post_max_h <= p.state_norm_max
    status = xp.where(calm, COMMIT, STATE)
    status = xp.where(better, status, LOSS)
    return xp.where(finite, status, NON_FINITE)


def worse_than_frozen(live: Array, p: Plasticity) -> Array:
    """Whether [...] the weights in force fail probation.

    `live` [..., 2] sums the errors over the unseen steps since the last transaction, of the
    frozen and of the adaptive model.
    """
    frozen, adaptive = live[..., 0], live[..., 1]
    limit = namespace(live).inf if is_off(p.probation) else p.probation * frozen
    return ~(adaptive <= limit)


def record(
    t: int, result: Mapping[str, Any], before: Weights, after: Weights, settings: Settings
) -> dict[str, Any]:
    """The record of the transaction before step t, without its duration.

    `result` is what `Learner.transact` returned, and the live errors that it judged by;
    `to_t` is the step whose weights were restored; of a fork, -1 stands for its base's.
    `before` and `after` are the plastic weights around it, `after` holds a_raw as well. Numbers
    that are not finite stay as they are.
    """
    status = STATUSES[int(result["status"])]
    stepped = bool(result["stepped"])
    event: dict[str, Any] = {
        "t": t,
        "status": status,
        "pre_loss": float(result["pre_loss"]),
        "post_loss": float(result["post_loss"]) if stepped else None,
        "grad_norm": float(result["grad_norm"]),
        "pre_max_h": float(result["pre_max_h"]),
    }
    if stepped:
        event["post_max_h"] = float(result["post_max_h"])
    if result["live_steps"] > 0:
        event["live_mse"] = float(result["live"])
        event["live_frozen_mse"] = float(result["live_frozen"])
        event["live_steps"] = int(result["live_steps"])
    if status == "rollback_live_regression":
        event["to_t"] = int(result["to_t"])
    event["lr"] = float(result["lr"]) if stepped else 0.0
    event["inner_steps"] = settings.plasticity.inner_steps
    committed = status == STATUSES[COMMIT]
    event["implied_mu"] = implied_mu(after, settings.world) if committed else None
    for k in PLASTIC:
        event[k] = figures(after[k], before[k])
    return event


def figures(now: Floats, before: Floats) -> dict[str, float]:
    """Norm, spread, change and largest singular value of a matrix."""
    finite = bool(np.isfinite(now).all())
    flat, moved = now.ravel(), (now - before).ravel()
    mean, std = _mean_and_std(flat)
    values = {
        "fro": np.sqrt(flat.dot(flat)),
        "max_abs": np.abs(flat).max(),
        "mean": mean,
        "std": std,
        "delta_fro": np.sqrt(moved.dot(moved)),
        "top_sv": np.linalg.svd(now, compute_uv=False)[0] if finite else np.nan,
    }
    return {name: float(value) for name, value in values.items()}


def _mean_and_std(flat: Floats) -> tuple[Any, Any]:
    """What numpy's `mean` and `std` give, in a third of their time: they sum twice, and slowly."""
    mean = np.add.reduce(flat) / flat.dtype.type(flat.size)
    apart = flat - mean
    apart *= apart
    return mean, np.sqrt(np.add.reduce(apart) / flat.dtype.type(flat.size))
