"""The gates: whether an attempted update is committed or rolled back, and why.

Each is written so that a NaN fails it, for one session or for many at once.
"""

from tttui.dynamics.backend import Array, is_off, namespace
from tttui.dynamics.replay import Outcome, squares
from tttui.model.arrays import PLASTIC
from tttui.model.settings import Plasticity
from tttui.model.transactions import STATUSES

COMMIT, LOSS, GRADIENT, STATE, NON_FINITE, LIVE = range(len(STATUSES))
"""Indices of STATUSES."""


def before(outcome: Outcome, broken: Array, p: Plasticity) -> Array:
    """The status [...] that stops a transaction before its step, or COMMIT to go on.

    `broken` [...] says that something observed since the last transaction was not finite.
    """
    xp = namespace(outcome.pre_loss)
    finite = xp.isfinite(outcome.pre_loss) & xp.isfinite(outcome.grad_norm) & ~broken
    calm = outcome.grad_norm <= p.grad_norm_max
    status = xp.where(calm, COMMIT, GRADIENT)
    return xp.where(finite, status, NON_FINITE)


def after(outcome: Outcome, p: Plasticity) -> Array:
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
