"""Exact weights of one world win in that world: the matrix tells memory from luck."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tttui.model.arrays import Weights
from tttui.model.pointmass.configuration import configuration_of
from tttui.model.pointmass.settings import World
from tttui.model.session import Meta, Place, SessionData
from tttui.model.status import Status
from tttui.model.transactions import COMMIT, LIVE, Transactions
from tttui.tasks.pointmass.transfer import STEPS, fresh, transfer


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


def events(*status: int, to_t: float = np.nan) -> Transactions:
    n = len(status)
    t, none = 32 * np.arange(1, n + 1), np.full(n, np.nan)
    numbers = (none,) * 7
    return Transactions(t, np.array(status), *numbers, to_t=np.full(n, to_t))


BASE = knowing(0.15)


def session(name: str, mu: float | None, weights: Weights | None) -> SessionData:
    """A session in a linear world whose base is exact for mu 0.15."""
    # decays near 0: the state holds nothing of the past
    base: Weights = {**BASE, "a_raw": np.full(4, 40.0, dtype=np.float32)}
    return SessionData(
        Place(Path(name), "native"),
        meta=Meta(truth=mu),
        weights=weights,
        base=base,
        transactions=events(COMMIT),
    )


LAWS = [replace(World(), mu=mu) for mu in (0.05, 0.12, 0.25)]


def test_exact_weights_win_in_their_own_world() -> None:
    sessions = [session(str(mu), mu, knowing(mu)) for mu in (0.05, 0.12, 0.25)]
    result = transfer(sessions, ["a", "b", "c"])
    assert result.winners == (0, 1, 2)
    assert result.truths == (0.05, 0.12, 0.25)
    assert (np.diag(result.errors) < 1e-6).all()


def test_the_base_is_tested_in_every_world_too() -> None:
    sessions = [session(str(mu), mu, knowing(mu)) for mu in (0.05, 0.15)]
    result = transfer(sessions, ["a", "b"])
    assert result.base[0] > 1e-3
    assert result.base[1] < 1e-6
    other = transfer([sessions[0], session("c", 0.15, knowing(0.05))], ["a", "c"])
    assert result.base[0] == pytest.approx(other.base[0])


def test_sessions_that_cannot_be_tested_are_named_with_the_reason() -> None:
    sessions = [
        session("a", 0.05, knowing(0.05)),
        session("b", 0.12, None),
        session("c", None, knowing(0.1)),
    ]
    result = transfer(sessions, ["a", "b", "c"])
    assert result.sessions == (0,)
    assert result.missing == ("b has no saved weights", "c has no recorded mu")


def broken() -> Weights:
    weights = knowing(0.1)
    weights["B"][1, 2] = np.nan
    return weights


GOOD = session("b", 0.12, knowing(0.12))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            replace(GOOD, transactions=Transactions.empty()),
            "has no commit in force; its weights are those that it began with",
        ),
        (
            replace(GOOD, transactions=events(COMMIT, LIVE, to_t=0.0)),
            "has no commit in force; its weights are those that it began with",
        ),
        (replace(GOOD, weights=broken()), "is broken: its weights are not finite"),
        (replace(GOOD, status=Status("failed", "failed")), "failed before its end"),
        (
            replace(GOOD, weights={**knowing(0.1), "W_u": np.eye(5, 6, dtype=np.float32)}),
            "has weights of another kind of model",
        ),
    ],
)
def test_sessions_that_learned_nothing_or_are_broken_carry_no_conclusion(
    other: SessionData, reason: str
) -> None:
    result = transfer([session("a", 0.05, knowing(0.05)), other], ["a", "b"])
    assert result.sessions == (0,)
    assert result.missing == (f"b {reason}",)


def test_a_world_is_tested_with_the_friction_that_it_has_at_last() -> None:
    changed = replace(
        GOOD, meta=Meta(truth=0.12, configuration=configuration_of({"mu_schedule": [[0, 0.3]]}))
    )
    assert transfer([changed], ["b"]).truths == (0.3,)


def test_the_worlds_are_fresh_noise_free_and_driven_by_the_same_actions() -> None:
    z0, a0 = fresh(replace(LAWS[0], noise_std=0.5))
    z1, a1 = fresh(LAWS[1])
    assert z0.shape == (STEPS + 1, 4)
    assert np.array_equal(a0, a1)
    assert np.array_equal(z0, fresh(LAWS[0])[0])
    assert not np.array_equal(z0, z1)
