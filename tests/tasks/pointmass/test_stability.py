"""The frozen decays: inside (0, 1), or named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.tasks.pointmass.stability import stability


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), st.floats(0.01, 5.0))
def test_any_moderate_a_raw_is_stable(a_raw: list[float], dt: float) -> None:
    assert stability(np.array(a_raw), dt).stable


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -800.0, 1e6])
def test_a_unit_that_does_not_fade_or_is_no_number_is_named(value: float) -> None:
    result = stability(np.array([0.0, value, 0.0]), 1.0)
    assert not result.stable
    assert result.broken.tolist() == [1]


def test_the_half_life_of_a_decay_of_one_half_is_one_step() -> None:
    assert stability(np.array([0.0]), 1.0).half_lives == pytest.approx([1.0])
