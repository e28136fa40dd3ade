"""The transfer matrix of sessions: the weights of each, frozen, in the world of each."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.compare import Comparison
from tttui.model.pointmass.settings import World
from tttui.model.schema import MU
from tttui.model.session import SessionData
from tttui.model.transfer import Transfer
from tttui.tasks.pointmass import world
from tttui.tasks.pointmass.hidden import fits, world_of
from tttui.tasks.pointmass.identify import transfer_matrix

STEPS = 512
"""Fresh steps on which the weights are tested."""

SEED = 20240301
"""Of the actions, which are the same in every world."""


def with_transfer(comparison: Comparison) -> Comparison:
    """The comparison with the transfer matrix of its sessions."""
    return replace(comparison, transfer=transfer(comparison.sessions, comparison.names))


def transfer(sessions: Sequence[SessionData], names: Sequence[str]) -> Transfer:
    """Test the newest weights of every session on fresh noise-free steps in every world.

    The world of a session is that of its last step. Sessions that have learned nothing of their
    own, or that are broken, are left out with a reason: their rows would be those of the base,
    or of nothing.
    """
    laws = [replace(world_of(data), mu=data.truth_now) for data in sessions]
    rows, missing = list[int](), list[str]()
    for i, (data, law) in enumerate(zip(sessions, laws, strict=True)):
        reason = _unfit(data, law)
        if reason:
            missing.append(f"{names[i]} {reason}")
        else:
            rows.append(i)
    worlds = [fresh(laws[i]) for i in rows]
    weights = [_complete(sessions[i].weights, sessions[i]) for i in rows]
    errors = np.empty((len(rows), len(rows)))
    base = np.empty(len(rows))
    with np.errstate(all="ignore"):
        for k, i in enumerate(rows):
            errors[k] = transfer_matrix([weights[k]], worlds, laws[i].dt)[0]
            frozen = _complete(sessions[i].base, sessions[i])
            base[k] = transfer_matrix([frozen], [worlds[k]], laws[i].dt)[0, 0]
    mus = tuple(float(laws[i].mu or 0.0) for i in rows)
    return Transfer(tuple(rows), errors, base, MU, mus, STEPS, tuple(missing))


def _complete(weights: Weights | None, data: SessionData) -> Weights:
    assert weights is not None
    assert data.base is not None
    return {**{k: weights[k] for k in PLASTIC}, "a_raw": data.base["a_raw"]}


def fresh(law: World) -> tuple[Floats, Floats]:
    """Observations [n+1, 4] and actions [n, 2] of STEPS noise-free steps from rest."""
    rng = np.random.default_rng(SEED)
    a = rng.normal(0.0, law.action_std, (STEPS, 2))
    mu = np.full(STEPS, law.mu)
    z = world.roll(a, mu, replace(law, noise_std=0.0), z0=np.zeros(4))
    return z.astype(np.float32), a.astype(np.float32)


def _unfit(data: SessionData, law: World) -> str:
    """Why the weights of a session are left out; '' if they count."""
    if not data.meta.is_point_mass:
        return f"is of the task {data.meta.schema.task.name}, which has no world to be tested in"
    if data.weights is None or any(name not in data.weights for name in PLASTIC):
        return "has no saved weights"
    if data.base is None or "a_raw" not in data.base:
        return "has no base checkpoint (its a_raw)"
    if law.mu is None or not math.isfinite(law.mu):
        return "has no recorded mu"
    if not fits(_complete(data.weights, data)) or not _same_shapes(data.base, data.weights):
        return "has weights of another kind of model"
    if not all(np.isfinite(data.weights[name]).all() for name in PLASTIC):
        return "is broken: its weights are not finite"
    if data.status is not None and data.status.state == "failed":
        return "failed before its end"
    if not learned(data):
        return "has no commit in force; its weights are those that it began with"
    return ""


def _same_shapes(a: Weights, b: Weights) -> bool:
    return all(name in a and a[name].shape == b[name].shape for name in PLASTIC)


def learned(data: SessionData) -> bool:
    """Whether the newest weights hold a commit of the session's own."""
    events = data.transactions
    if len(events):
        last = max(int(events.t[-1]), int(data.steps.t[-1]) if len(data.steps) else 0)
        return events.in_force(last) is not None
    return bool(data.steps.update_ok.any())
