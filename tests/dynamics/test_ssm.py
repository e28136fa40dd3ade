"""The state space model over whole stretches against its own recurrence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.dynamics import ssm
from tttui.model.arrays import Floats, Weights


def model(decays: Floats, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    n = len(decays)
    return {
        "W_u": rng.normal(0, 0.4, (5, 6)).astype(np.float32),
        "B": rng.normal(0, 0.4, (n, 5)).astype(np.float32),
        "W_o": rng.normal(0, 0.4, (4, n)).astype(np.float32),
        "a_raw": ssm.raw_decay(decays, 1.0).astype(np.float32),
    }


def recurrence(weights: Weights, x: Floats) -> Floats:
    decays, h, out = ssm.decay(weights["a_raw"], 1.0), 0.0, []
    for row in x:
        h = decays * h + weights["B"] @ (weights["W_u"] @ row)
        out.append(weights["W_o"] @ h)
    return np.array(out)


def test_raw_decay_inverts_decay() -> None:
    decays = np.array([1e-3, 0.1, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(ssm.decay(ssm.raw_decay(decays, 2.0), 2.0), decays)


def test_decays_stay_between_0_and_1_for_ordinary_a_raw() -> None:
    decays = ssm.decay(np.array([-20.0, 0.0, 20.0]), 1.0)
    assert ((decays > 0) & (decays < 1)).all()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_a_rollout_is_the_recurrence(n: int) -> None:
    weights = model(np.linspace(0.05, 0.98, 7))
    x = np.random.default_rng(1).normal(size=(n, 6)).astype(np.float32)
    expected = recurrence(weights, x)
    np.testing.assert_allclose(
        ssm.rollout(weights, 1.0, x[:, :4], x[:, 4:]), expected, atol=1e-4 * np.abs(expected).max()
    )


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 90), min_size=1, max_size=4))
def test_the_filter_goes_on_where_it_stopped(cuts: list[int]) -> None:
    decays = np.linspace(0.01, 0.6, 32)
    memory = ssm.Memory(decays, 40)
    x = np.random.default_rng(2).normal(size=(6, sum(cuts))).astype(np.float32)
    whole, end = memory.filter(x, np.zeros((6, 32), dtype=np.float32))
    F, parts, first = np.zeros((6, 32), dtype=np.float32), [], 0
    for n in cuts:
        Z, F = memory.filter(x[:, first : first + n], F)
        parts.append(Z)
        first += n
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=2e-5)
    np.testing.assert_allclose(F, end, atol=2e-5)


def test_a_stretch_may_be_as_long_as_one_likes() -> None:
    memory = ssm.Memory(np.linspace(0.01, 0.6, 4), 2)
    x = np.ones((6, 5000), dtype=np.float32)
    Z, _ = memory.filter(x, np.zeros((6, 4), dtype=np.float32))
    assert Z.shape == (6 * memory.r, 5000)


@pytest.mark.parametrize(
    "decays", [np.linspace(0.01, 0.6, 32), np.full(32, 0.5), np.linspace(0.02, 0.98, 32)]
)
def test_the_memories_hold_all_that_the_decays_do(decays: Floats) -> None:
    weights = model(decays)
    memory = ssm.Memory(decays, 64)
    x = np.random.default_rng(3).normal(size=(150, 6))
    Z, _ = memory.filter(x.T.astype(np.float32), np.zeros((6, 32), dtype=np.float32))
    Q = ssm.readout(memory.U, weights["W_o"], weights["B"] @ weights["W_u"])
    expected = recurrence(weights, x).T
    np.testing.assert_allclose(Q @ Z, expected, atol=1e-5 * np.abs(expected).max())
    assert memory.r < 32


def test_equal_decays_are_one_memory() -> None:
    assert ssm.memory_basis(np.full(32, 0.5)).shape == (32, 1)


def test_what_is_left_of_a_memory_is_what_the_filter_makes_of_silence() -> None:
    decays = np.linspace(0.01, 0.6, 32)
    memory = ssm.Memory(decays, 64)
    x = np.random.default_rng(4).normal(size=(6, 30)).astype(np.float32)
    Z, F = memory.filter(x, np.zeros((6, 32), dtype=np.float32))
    silence, _ = memory.filter(np.zeros((6, 20), dtype=np.float32), F)
    left = ssm.Fading(decays, 20).faded(Z[:, -1])
    np.testing.assert_allclose(left, silence, atol=1e-5)


def test_effective_dynamics_of_a_memoryless_model_is_its_own_matrix() -> None:
    weights = model(np.full(8, 1e-6))
    direct = (weights["W_o"] @ weights["B"] @ weights["W_u"])[:, :4]
    np.testing.assert_allclose(ssm.effective_dynamics(weights, 1.0), direct, atol=1e-5)
