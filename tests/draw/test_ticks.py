"""Ticks are round, few, in order, and told apart by their labels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import numbers, ticks
from tttui.draw.scales import Scale

SIZES = st.floats(1e-290, 1e290)
ANY = st.just(0.0) | SIZES | SIZES.map(lambda size: -size)


@settings(max_examples=200, deadline=None)
@given(low=st.floats(-1e12, 1e12), span=st.floats(1e-6, 1e12), most=st.integers(1, 12))
def test_linear_ticks_are_few_inside_and_distinct(low: float, span: float, most: int) -> None:
    high = low + span
    found = ticks.linear(low, high, most)
    assert len(found) <= most + 2
    slack = 1e-6 * span
    assert all(low - slack <= tick.value <= high + slack for tick in found)
    if abs(low) < 1e5 * span:
        assert len({tick.label for tick in found}) == len(found)


@settings(max_examples=200, deadline=None)
@given(low=SIZES, decades=st.floats(0.001, 280), most=st.integers(1, 12))
def test_logarithmic_ticks_ascend_inside_the_range(low: float, decades: float, most: int) -> None:
    high = 10 ** min(math.log10(low) + decades, 299)
    found = ticks.logarithmic(low, high, most)
    values = [tick.value for tick in found]
    assert values == sorted(values)
    assert sum(tick.major for tick in found) <= most + 2


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-0.3, 0.3, ["-0.2", "0", "0.2"]),
        (0, 1200, ["0", "500", "1000"]),
        (1e-9, 5e-9, ["1e-9", "2e-9", "3e-9", "4e-9", "5e-9"]),
    ],
)
def test_linear_labels_are_round(low: float, high: float, labels: list[str]) -> None:
    most = 4 if len(labels) < 5 else 5
    found = [tick.label for tick in ticks.linear(low, high, most)]
    assert found == labels


def test_decades_are_labelled_and_subdivided() -> None:
    found = ticks.logarithmic(1e-3, 1.0, 6)
    assert [tick.label for tick in found if tick.major] == ["1e-3", "0.01", "0.1", "1"]
    assert len(found) == 28


def test_many_decades_are_thinned() -> None:
    found = ticks.logarithmic(1e-30, 1.0, 5)
    assert [tick.label for tick in found if tick.major] == [
        "1e-30",
        "1e-20",
        "1e-10",
        "1",
    ]


def test_less_than_a_decade_still_has_two_labels() -> None:
    assert sum(tick.major for tick in ticks.logarithmic(2.1e-3, 4.3e-3, 4)) >= 2


@settings(max_examples=100, deadline=None)
@given(t0=st.integers(0, 10**7), span=st.integers(0, 10**7), width=st.integers(4, 300))
def test_step_labels_never_touch(t0: int, span: int, width: int) -> None:
    found = ticks.steps(t0, t0 + span, width)
    assert found
    columns = [
        (round((tick.value - t0) / max(span, 1) * (width - 1)), tick.label) for tick in found
    ]
    placed = ticks.placed([(c, text) for c, text in columns if len(text) <= width], width)
    end = -1
    for start, text in placed:
        assert start > end
        end = start + len(text)
        assert end <= width


def test_steps_are_abbreviated_where_that_loses_nothing() -> None:
    labels = [tick.label for tick in ticks.steps(0, 1_000_000, 80)]
    assert labels[:3] == ["0", "200k", "400k"]


@settings(max_examples=200, deadline=None)
@given(
    ends=st.tuples(ANY, ANY),
    log=st.booleans(),
    height=st.integers(1, 200),
)
def test_a_scale_holds_its_data_whatever_their_size(
    ends: tuple[float, float], log: bool, height: int
) -> None:
    low, high = sorted(ends)
    positive = low if low > 0 else high / 2 if high > 0 else math.nan
    scale = Scale.fit(low, high, positive if positive > 0 else math.nan, log)
    assert scale.low < scale.high
    if not scale.log:
        assert scale.low <= low <= high <= scale.high
    dots = scale.dots(np.array([high]), height)
    assert 0 <= dots[0] <= height - 1
    scale.ticks(5)


def test_zero_and_negative_values_lie_below_a_logarithmic_axis() -> None:
    scale = Scale(1e-3, 1.0, log=True)
    assert scale.position(np.array([0.0, -1.0])).tolist() == [-np.inf, -np.inf]


def test_a_logarithmic_axis_needs_something_positive() -> None:
    assert not Scale.fit(-1.0, 0.0, math.nan, log=True).log


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, 1e-310, 5e-324])
def test_equal_values_get_an_axis_around_them(value: float) -> None:
    scale = Scale.fit(value, value)
    assert scale.low < scale.high
    assert scale.low <= value <= scale.high


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123, "0.0123"),
        (0.0025, "2.50e-3"),
        (12.34, "12.3"),
        (6e-6, "6.00e-6"),
        (0, "0"),
        (99_999, "99999"),
        (6.02e23, "6.02e23"),
        (float("nan"), "nan"),
        (None, "-"),
        (-0.5, "-0.500"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert numbers.short(value) == text
