"""Reading mu out of weights."""

import numpy as np
import pytest

from tests.tasks.pointmass.bases import drive, noisy, shipped
from tttui.dynamics import ssm
from tttui.model.arrays import Floats, Weights
from tttui.model.pointmass.settings import World
from tttui.tasks.pointmass import identify, world
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream


def exact(mu: float) -> Weights:
    """Weights whose readout is linear physics with this mu, without memory."""
    A = np.array([[1, 0, 1 - mu, 0, 1, 0], [0, 1, 0, 1 - mu, 0, 1], [0, 0, 1 - mu, 0, 1, 0]])
    A = np.vstack([A, [0, 0, 0, 1 - mu, 0, 1]]).astype(np.float32)
    return {
        "W_u": np.eye(6, dtype=np.float32),
        "B": A,
        "W_o": np.eye(4, dtype=np.float32),
        "a_raw": ssm.raw_decay(np.full(4, 1e-7), 1.0),
    }


@pytest.mark.parametrize("mu", [0.0, 0.031, 0.2222, 0.4871])
def test_exact_physics_is_recognised(mu: float) -> None:
    assert identify.implied_mu(exact(mu), World()) == pytest.approx(mu, abs=1e-3)


def test_the_error_curve_has_its_minimum_at_the_implied_mu() -> None:
    curve = identify.error_curve(exact(0.2), World())
    assert curve.shape == identify.MU_GRID.shape
    assert identify.MU_GRID[np.argmin(curve)] == pytest.approx(0.2)


def test_weights_that_are_not_finite_imply_nothing() -> None:
    weights = {**exact(0.1), "B": np.full((4, 6), np.nan, dtype=np.float32)}
    assert np.isnan(identify.implied_mu(weights, World()))


@pytest.mark.parametrize("seed", range(3))
def test_an_adapted_session_implies_its_mu(seed: int) -> None:
    mu = (0.05, 0.13, 0.22)[seed]
    settings = noisy(noise_std=0.0, mu=mu, seed=seed)
    learner, stream = Learner(settings, shipped()), WorldStream(settings)
    drive(learner, stream, 128)
    event = learner.update(128)
    assert event["implied_mu"] == pytest.approx(mu, abs=2e-3)


def test_weights_of_a_world_are_best_in_that_world() -> None:
    rng = np.random.default_rng(0)
    worlds: list[tuple[Floats, Floats]] = []
    for mu in (0.05, 0.15, 0.3):
        a = rng.normal(0.0, 0.5, (200, 2))
        z = world.roll(a, np.full(200, mu), World(), z0=np.zeros(4))
        worlds.append((z, a))
    matrix = identify.transfer_matrix([exact(m) for m in (0.05, 0.15, 0.3)], worlds, 1.0)
    np.testing.assert_array_equal(np.argmin(matrix, axis=0), [0, 1, 2])
