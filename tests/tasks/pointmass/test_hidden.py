"""The hidden friction at a step, whatever the files say."""

from pathlib import Path

import numpy as np
import pytest

from tttui.artifacts.meta import parse_meta
from tttui.model.pointmass.settings import World
from tttui.model.session import History, Place, SessionData
from tttui.model.steps import Trajectory
from tttui.tasks.pointmass.hidden import (
    CompleteWeights,
    in_force,
    mu_at,
    mu_column,
    prediction_of,
    regime,
)

PLACE = Place(Path("runs/a"), "native")


def with_meta(**values: object) -> SessionData:
    return SessionData(PLACE, meta=parse_meta(values)[0])


def moving(n: int = 4) -> Trajectory:
    z = np.arange(4.0 * n).reshape(n, 4)
    return Trajectory(np.arange(n), z, np.zeros((n, 2)), z + 1, z + 2)


def test_the_friction_follows_its_schedule() -> None:
    data = with_meta(mu=0.05, mu_schedule=[[300, 0.3]])
    assert [mu_at(data, None, t) for t in (0, 299, 300)] == [0.05, 0.05, 0.3]


def test_the_recorded_friction_goes_before_the_schedule() -> None:
    data = with_meta(mu=0.05)
    whole = moving()
    recorded = Trajectory(whole.t, whole.z, whole.a, mu=np.array([0.1, 0.1, 0.2, np.nan]))
    assert mu_at(data, recorded, 2) == 0.2
    assert mu_at(data, recorded, 3) == 0.05


def test_a_trajectory_without_friction_gets_the_scheduled_one() -> None:
    data = with_meta(mu=0.05, mu_schedule=[[2, 0.3]])
    column = mu_column(data, moving())
    assert column is not None
    assert column.tolist() == [0.05, 0.05, 0.3, 0.3]


def test_a_prediction_stands_beside_the_observation_that_it_is_about() -> None:
    result = prediction_of(moving(), "frozen", np.arange(4))
    assert result is not None
    assert np.isnan(result[0]).all()
    np.testing.assert_array_equal(result[1:], moving().z[:3] + 1)


def test_there_is_no_prediction_across_a_gap() -> None:
    whole = moving()
    gap = Trajectory(np.array([0, 1, 5, 6]), whole.z, whole.a, whole.frozen)
    result = prediction_of(gap, "frozen", np.arange(4))
    assert result is not None
    assert np.isnan(result[2]).all()


@pytest.mark.parametrize(("v", "name"), [(0.1, "static"), (0.5, "dynamic")])
def test_the_speed_decides_which_friction_acts(v: float, name: str) -> None:
    law = World(env_mode="nonlinear")
    result = regime(np.array([0.0, 0.0, v, 0.0]), 0.1, law)
    assert result.name == name
    assert result.friction == pytest.approx(0.2 if name == "static" else 0.05)


def weights(scale: float = 1.0) -> dict[str, np.ndarray]:
    shapes = {"W_u": (16, 6), "B": (32, 16), "W_o": (4, 32)}
    return {name: np.full(shape, scale, dtype=np.float32) for name, shape in shapes.items()}


def test_the_weights_in_force_are_those_of_the_last_snapshot() -> None:
    stacked = {name: np.stack([W, 2 * W]) for name, W in weights().items()}
    base = {**weights(), "a_raw": np.zeros(32, dtype=np.float32)}
    data = SessionData(PLACE, history=History(np.array([0, 64]), stacked), base=base)
    held = in_force(data, 63)
    assert isinstance(held, CompleteWeights)
    assert held.t == 0
    later = in_force(data, 64)
    assert isinstance(later, CompleteWeights)
    assert later.weights["B"][0, 0] == 2.0


def test_weights_of_another_shape_are_named_instead_of_used() -> None:
    wrong = {**weights(), "W_o": np.zeros((3, 32), dtype=np.float32)}
    base = {**weights(), "a_raw": np.zeros(32, dtype=np.float32)}
    assert "shapes" in str(in_force(SessionData(PLACE, weights=wrong, base=base), 0))
