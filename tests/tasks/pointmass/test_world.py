"""The world: its physics, and that its stream is the same however it is cut."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.pointmass.settings import EnvMode, Settings, World
from tttui.tasks.pointmass import world


def of(**values: object) -> Settings:
    return Settings().updated(values)


def test_linear_physics() -> None:
    z = np.array([1.0, 2.0, 0.5, -0.5])
    law = World(dt=2.0)
    after = world.step(z, np.array([0.1, 0.2]), np.array([0.1]), law)
    np.testing.assert_allclose(after, [1 + 2 * 0.55, 2 - 2 * 0.25, 0.55, -0.25])


@pytest.mark.parametrize(
    ("v", "mu", "expected"), [(0.1, 0.1, 0.2), (0.3, 0.1, 0.05), (0.1, 0.6, 0.95), (9.0, 0.6, 0.3)]
)
def test_nonlinear_friction_is_static_below_the_threshold_and_dynamic_above(
    v: float, mu: float, expected: float
) -> None:
    law = World(env_mode="nonlinear")
    result = world.friction(np.array([v, 0.0]), np.array([mu]), law)
    np.testing.assert_allclose(result, [expected])


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    mode=st.sampled_from(["linear", "nonlinear"]),
    noise=st.sampled_from([0.0, 0.01]),
)
def test_a_stream_is_the_same_however_it_is_cut(cuts: list[int], mode: str, noise: float) -> None:
    s = replace(of(env_mode=mode, noise_std=noise), mu_schedule=((25, 0.4), (60, 0.1)))
    whole = world.WorldStream(s).advance(sum(cuts))
    stream, parts = world.WorldStream(s), []
    for n in cuts:
        parts.append(stream.advance(n))
        fresh = world.WorldStream(s)
        fresh.load(stream.state())
        stream = fresh
    z = np.concatenate([parts[0][0][:1], *(p[0][1:] for p in parts)])
    assert z.tobytes() == whole[0].tobytes()
    for i in (1, 2):
        assert np.concatenate([p[i] for p in parts]).tobytes() == whole[i].tobytes()


def test_worlds_of_one_seed_see_the_same_actions_whatever_their_law_and_noise() -> None:
    a = world.WorldStream(of(noise_std=0.0)).advance(50)[1]
    b = world.WorldStream(of(noise_std=0.5, env_mode="nonlinear", mu=0.3)).advance(50)[1]
    np.testing.assert_array_equal(a, b)


def test_mu_is_drawn_from_the_seed_within_its_range() -> None:
    drawn = [world.WorldStream(replace(Settings(), seed=s)).mu for s in range(50)]
    assert min(drawn) >= 0.02
    assert max(drawn) <= 0.25
    assert len(set(drawn)) == 50


def test_the_schedule_changes_mu_from_its_step_on() -> None:
    s = replace(of(mu=0.1), mu_schedule=((3, 0.4),))
    np.testing.assert_array_equal(world.WorldStream(s).advance(5)[2], [0.1, 0.1, 0.1, 0.4, 0.4])


def test_a_person_can_change_mu_at_once() -> None:
    stream = world.WorldStream(of(mu=0.1))
    stream.advance(5)
    stream.set_mu(0.3)
    np.testing.assert_array_equal(stream.advance(2)[2], [0.3, 0.3])


def test_noise_is_what_exact_physics_cannot_predict() -> None:
    s = of(noise_std=0.01)
    z, a, mu = world.WorldStream(s).advance(4000)
    missed = z[1:] - world.step(z[:-1].astype(float), a.astype(float), mu[:, None], s.world)
    np.testing.assert_allclose(missed.std(axis=0), 0.01, rtol=0.05)


def test_rolling_the_recorded_actions_gives_the_recorded_world_and_another_mu_another() -> None:
    s = of(mu=0.1)
    z, a, mu = world.WorldStream(s).advance(60)
    again = world.roll(a.astype(float), mu, s.world, z0=np.zeros(4))
    np.testing.assert_allclose(again, z, atol=1e-5)
    ghost = world.roll(a.astype(float), mu + 0.2, s.world, z0=np.zeros(4))
    assert np.abs(ghost - z).max() > 0.1


def test_worlds_that_advance_together_do_what_each_does_alone() -> None:
    each = [replace(of(noise_std=0.01), seed=i) for i in range(3)]
    z, a, mu = world.advance_together([world.WorldStream(s) for s in each], 40)
    for i, s in enumerate(each):
        alone = world.WorldStream(s).advance(40)
        for together, own in zip((z, a, mu), alone, strict=True):
            np.testing.assert_array_equal(together[i], own)


@pytest.mark.parametrize("mode", ["linear", "nonlinear"])
def test_one_world_and_many_take_the_same_steps_to_the_last_bit(mode: EnvMode) -> None:
    rng = np.random.default_rng(5)
    law = World(env_mode=mode, dt=0.7)
    a, noise = rng.normal(0, 0.5, (300, 2)), rng.normal(0, 0.1, (300, 4))
    mu, z0 = rng.uniform(0, 0.4, 300), rng.normal(0, 1, 4)
    one = world.roll(a, mu, law, z0=z0, noise=noise)
    many = world.roll(a[None], mu[None], law, z0=z0[None], noise=noise[None])
    assert one.tobytes() == many[0].tobytes()
