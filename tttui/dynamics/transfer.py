"""The transfer matrix of sessions: the weights of each, frozen, in the world of each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tttui.dynamics import world
from tttui.dynamics.identify import transfer_matrix
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.compare import Transfer
from tttui.model.session import SessionData
from tttui.model.settings import World

STEPS = 512
"""Fresh steps on which the weights are tested."""

SEED = 20240301
"""Of the actions, which are the same in every world."""


def transfer(sessions: Sequence[SessionData], laws: Sequence[World]) -> Transfer:
    """Test the newest weights of every session on fresh noise-free steps in every world.

    `laws[i]` is the world of session i with the friction to test in. Sessions without weights,
    a_raw or mu are left out, with a reason.
    """
    rows, missing = list[int](), list[str]()
    weights: list[Weights] = []
    for i, (data, law) in enumerate(zip(sessions, laws, strict=True)):
        lacking = _lacking(data, law)
        if lacking:
            missing.append(f"{data.place.name} has no {lacking}")
            continue
        assert data.weights is not None
        assert data.base is not None
        weights.append({**data.weights, "a_raw": data.base["a_raw"]})
        rows.append(i)
    worlds = [fresh(laws[i]) for i in rows]
    errors = np.empty((len(rows), len(rows)))
    with np.errstate(all="ignore"):
        for k, row in enumerate(rows):
            errors[k] = transfer_matrix([weights[k]], worlds, laws[row].dt)[0]
    return Transfer(tuple(rows), errors, STEPS, tuple(missing))


def fresh(law: World) -> tuple[Floats, Floats]:
    """Observations [n+1, 4] and actions [n, 2] of STEPS noise-free steps from rest."""
    rng = np.random.default_rng(SEED)
    a = rng.normal(0.0, law.action_std, (STEPS, 2))
    mu = np.full(STEPS, law.mu)
    z = world.roll(a, mu, replace(law, noise_std=0.0), z0=np.zeros(4))
    return z.astype(np.float32), a.astype(np.float32)


def _lacking(data: SessionData, law: World) -> str:
    """The first thing that a session lacks for the test; '' if nothing."""
    if data.weights is None or any(name not in data.weights for name in PLASTIC):
        return "saved weights"
    if data.base is None or "a_raw" not in data.base:
        return "base checkpoint (its a_raw)"
    if law.mu is None:
        return "recorded mu"
    return ""
