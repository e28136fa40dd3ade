"""The ghost: the same actions under another friction."""

import numpy as np
import pytest

from tttui.model.pointmass.settings import EnvMode, World
from tttui.tasks.pointmass import world
from tttui.tasks.pointmass.ghost import disturbances, ghost

N = 200


def recorded(mode: EnvMode, mu: float) -> tuple[World, np.ndarray, np.ndarray, np.ndarray]:
    """A noisy world: its law, observations, actions and friction."""
    rng = np.random.default_rng(5)
    law = World(env_mode=mode)
    a = rng.normal(0, 0.5, (N, 2))
    friction = np.full(N, mu)
    z = world.roll(a, friction, law, z0=np.zeros(4), noise=rng.normal(0, 0.02, (N, 4)))
    return law, z, a, friction


@pytest.mark.parametrize("mode", ["linear", "nonlinear"])
def test_a_ghost_with_the_true_friction_is_the_true_path(mode: EnvMode) -> None:
    law, z, a, friction = recorded(mode, 0.12)
    again = ghost(z[0], a, disturbances(z, a, friction, law), 0.12, law)
    np.testing.assert_allclose(again, z, atol=1e-9)


@pytest.mark.parametrize("mode", ["linear", "nonlinear"])
def test_a_ghost_with_another_friction_is_the_world_rolled_with_it(mode: EnvMode) -> None:
    law, z, a, friction = recorded(mode, 0.12)
    added = disturbances(z, a, friction, law)
    rolled = world.roll(a, np.full(N, 0.3), law, z0=z[0], noise=added)
    np.testing.assert_allclose(ghost(z[0], a, added, 0.3, law), rolled, atol=1e-9)


def test_observations_that_are_not_finite_add_no_disturbance() -> None:
    law, z, a, friction = recorded("linear", 0.12)
    z[50] = np.nan
    added = disturbances(z, a, friction, law)
    assert np.isfinite(added).all()
    assert not added[49:51].any()
