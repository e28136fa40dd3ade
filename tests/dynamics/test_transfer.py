"""Exact weights of one world win in that world: the matrix tells memory from luck."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tttui.dynamics.transfer import STEPS, fresh, transfer
from tttui.model.arrays import Weights
from tttui.model.session import Meta, Place, SessionData
from tttui.model.settings import World


def knowing(mu: float) -> Weights:
    """Weights that predict a linear world of this friction, remembering nothing.

    z' = W_o B W_u [z; a] with the position updated by the new velocity.
    """
    k = 1.0 - mu
    step = np.array(
        [
            [1, 0, k, 0, 1, 0],
            [0, 1, 0, k, 0, 1],
            [0, 0, k, 0, 1, 0],
            [0, 0, 0, k, 0, 1],
        ],
        dtype=np.float32,
    )
    return {"W_u": np.eye(6, dtype=np.float32), "B": step, "W_o": np.eye(4, dtype=np.float32)}


def session(name: str, weights: Weights | None) -> SessionData:
    # decays near 0: the state holds nothing of the past
    base: Weights = {"a_raw": np.full(4, 40.0, dtype=np.float32)}
    return SessionData(Place(Path(name), "native"), meta=Meta(), weights=weights, base=base)


LAWS = [replace(World(), mu=mu) for mu in (0.05, 0.12, 0.25)]


def test_exact_weights_win_in_their_own_world() -> None:
    sessions = [session(str(law.mu), knowing(law.mu or 0.0)) for law in LAWS]
    found = transfer(sessions, LAWS)
    assert found.winners == (0, 1, 2)
    assert (np.diag(found.errors) < 1e-6).all()


def test_sessions_that_cannot_be_tested_are_named_with_the_reason() -> None:
    sessions = [session("a", knowing(0.05)), session("b", None), session("c", knowing(0.1))]
    found = transfer(sessions, [LAWS[0], LAWS[1], replace(LAWS[2], mu=None)])
    assert found.sessions == (0,)
    assert found.missing == ("b has no saved weights", "c has no recorded mu")


def test_the_worlds_are_fresh_noise_free_and_driven_by_the_same_actions() -> None:
    z0, a0 = fresh(replace(LAWS[0], noise_std=0.5))
    z1, a1 = fresh(LAWS[1])
    assert z0.shape == (STEPS + 1, 4)
    assert np.array_equal(a0, a1)
    assert np.array_equal(z0, fresh(LAWS[0])[0])
    assert not np.array_equal(z0, z1)
