"""What is possible on a trajectory."""

import numpy as np
import pytest

from tests.tasks.pointmass.bases import noisy
from tttui.tasks.pointmass import yardsticks
from tttui.tasks.pointmass.world import WorldStream

MODES = pytest.mark.parametrize("mode", ["linear", "nonlinear"])


@MODES
def test_true_physics_ends_at_the_noise(mode: str) -> None:
    s = noisy(env_mode=mode)
    z, a, mu = WorldStream(s).advance(2000)
    assert yardsticks.oracle(z, a, mu, s.world).mean() == pytest.approx(1e-4, rel=0.05)


@MODES
def test_estimated_physics_becomes_as_good_as_true_physics(mode: str) -> None:
    s = noisy(env_mode=mode)
    z, a, mu = WorldStream(s).advance(400)
    fitted = yardsticks.estimated(z, a, s.world)[-200:].mean()
    assert fitted == pytest.approx(yardsticks.oracle(z, a, mu, s.world)[-200:].mean(), rel=0.05)


@pytest.mark.parametrize(("forgetting", "within"), [(1.0, 1.1), (0.98, 1.3)])
def test_least_squares_nears_the_noise_in_a_linear_world(forgetting: float, within: float) -> None:
    s = noisy()
    z, a, _ = WorldStream(s).advance(600)
    assert yardsticks.least_squares(z, a, forgetting)[-300:].mean() < within * 1e-4


def test_least_squares_is_ordinary_least_squares_on_the_past() -> None:
    s = noisy()
    z, a, _ = WorldStream(s).advance(100)
    x = np.concatenate([z[:-1], a], axis=1).astype(np.float64)
    W = np.linalg.lstsq(x[:99], z[1:100].astype(np.float64), rcond=None)[0]
    expected = np.mean((x[99] @ W - z[100]) ** 2)
    assert yardsticks.least_squares(z, a)[99] == pytest.approx(expected, rel=0.1, abs=1e-6)


def test_the_first_error_of_least_squares_is_persistence() -> None:
    s = noisy()
    z, a, _ = WorldStream(s).advance(1)
    assert yardsticks.least_squares(z, a)[0] == pytest.approx(np.mean((z[1] - z[0]) ** 2))


def test_sessions_side_by_side_are_judged_as_each_alone() -> None:
    s = noisy()
    z, a, mu = WorldStream(s).advance(80)
    zz, aa, mumu = (np.stack([v, v]) for v in (z, a, mu))
    for one, two in (
        (yardsticks.oracle(z, a, mu, s.world), yardsticks.oracle(zz, aa, mumu, s.world)),
        (yardsticks.least_squares(z, a), yardsticks.least_squares(zz, aa)),
        (yardsticks.estimated(z, a, s.world), yardsticks.estimated(zz, aa, s.world)),
    ):
        np.testing.assert_allclose(two[1], one, rtol=1e-6)
