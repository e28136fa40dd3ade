"""The hidden state at a step, computed again from what was recorded."""

from dataclasses import replace

import numpy as np
import pytest

from tttui.dynamics import ssm
from tttui.model.steps import Trajectory
from tttui.tasks.pointmass.hidden import CompleteWeights
from tttui.tasks.pointmass.live_state import LiveModel, LiveState


def model(decay: float = 0.6, seed: int = 0) -> CompleteWeights:
    rng = np.random.default_rng(seed)
    shapes = {"W_u": (6, 6), "B": (8, 6), "W_o": (4, 8)}
    weights = {k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    weights["a_raw"] = ssm.raw_decay(np.linspace(0.1, decay, 8), 1.0)
    return CompleteWeights(0, weights, 1.0)


def trajectory(n: int = 200, first: int = 0) -> Trajectory:
    rng = np.random.default_rng(1)
    t = np.arange(first, first + n)
    return Trajectory(t, rng.normal(size=(n, 4)), rng.normal(size=(n, 2)))


def stepped(held: CompleteWeights, known: Trajectory, t: int) -> np.ndarray:
    """h_t by the recursion of the model, from 0."""
    decays = ssm.decay(held.weights["a_raw"], held.dt)
    h = np.zeros(len(decays))
    for z, a in zip(known.z[:t], known.a[:t], strict=True):
        h = decays * h + held.weights["B"] @ (held.weights["W_u"] @ np.concatenate([z, a]))
    return h


def state(held: CompleteWeights, known: Trajectory, t: int) -> LiveState:
    result = LiveModel(held).state(known, t)
    assert isinstance(result, LiveState)
    return result


@pytest.mark.parametrize("t", [0, 1, 7, 199])
def test_it_is_the_state_that_the_recursion_reaches(t: int) -> None:
    held, known = model(), trajectory()
    assert state(held, known, t).h == pytest.approx(stepped(held, known, t), rel=1e-5, abs=1e-6)


def test_the_prediction_follows_from_the_state() -> None:
    held, known = model(), trajectory()
    predicted = ssm.rollout(held.weights, held.dt, known.z, known.a)
    h = state(held, known, 51).h
    assert held.weights["W_o"] @ h == pytest.approx(predicted[50], rel=1e-3, abs=1e-4)


def test_what_lies_before_a_trajectory_that_begins_late_is_admitted() -> None:
    known = trajectory(first=1000)
    assert state(model(), known, 1003).left == pytest.approx(0.6**3)


def test_a_gap_in_the_steps_is_not_replayed_over() -> None:
    known = trajectory()
    t = known.t.copy()
    t[150:] += 50
    assert state(model(), replace(known, t=t), 210).steps == 10


def test_a_step_that_was_not_recorded_is_named() -> None:
    assert LiveModel(model()).state(trajectory(), 500) == "the trajectory has no step 500"


def test_an_input_that_is_no_number_counts_as_the_one_before_it() -> None:
    held, known = model(), trajectory()
    broken, held_input = known.z.copy(), known.z.copy()
    broken[20] = np.nan
    held_input[20] = known.z[19]
    result = state(held, replace(known, z=broken), 25).h
    assert result == pytest.approx(state(held, replace(known, z=held_input), 25).h)


def test_decays_that_do_not_fade_are_refused() -> None:
    held = model()
    held.weights["a_raw"][2] = np.nan
    assert LiveModel(held).state(trajectory(), 5) == "the decays are not inside (0, 1)"


def test_the_fitted_map_of_a_memoryless_model_is_its_matrix() -> None:
    held = model(decay=0.1)
    held.weights["a_raw"] = ssm.raw_decay(np.full(8, 1e-9), 1.0)
    direct = held.weights["W_o"] @ held.weights["B"] @ held.weights["W_u"]
    result = LiveModel(held).fitted(trajectory(), 199)
    assert not isinstance(result, str)
    assert result == pytest.approx(direct[:, :4], rel=1e-3, abs=1e-3)


def test_too_few_steps_tell_nothing_about_the_map() -> None:
    assert LiveModel(model()).fitted(trajectory(), 3) == "it takes 16 steps to tell"
