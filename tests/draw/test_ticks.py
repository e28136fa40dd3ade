"""Ticks are round, few, in order, and told apart by their labels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import axes, numbers, ticks
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.glyphs import UNICODE
from tttui.draw.look import Look
from tttui.draw.scales import Scale

SIZES = st.floats(1e-290, 1e290)
ANY = st.just(0.0) | SIZES | SIZES.map(lambda size: -size)


@settings(max_examples=200, deadline=None)
@given(low=st.floats(-1e12, 1e12), span=st.floats(1e-6, 1e12), most=st.integers(1, 12))
def test_linear_ticks_are_few_inside_and_distinct(low: float, span: float, most: int) -> None:
    high = low + span
    result = ticks.linear(low, high, most)
    assert len(result) <= most + 2
    slack = 1e-6 * span
    assert all(low - slack <= tick.value <= high + slack for tick in result)
    if abs(low) < 1e5 * span:
        assert len({tick.label for tick in result}) == len(result)


@settings(max_examples=200, deadline=None)
@given(low=SIZES, decades=st.floats(0.001, 280), most=st.integers(1, 12))
def test_logarithmic_ticks_ascend_inside_the_range(low: float, decades: float, most: int) -> None:
    high = 10 ** min(math.log10(low) + decades, 299)
    result = ticks.logarithmic(low, high, most)
    values = [tick.value for tick in result]
    assert values == sorted(values)
    assert sum(tick.major for tick in result) <= most + 2


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
    results = [tick.label for tick in ticks.linear(low, high, most)]
    assert results == labels


def test_decades_are_labelled_and_subdivided() -> None:
    result = ticks.logarithmic(1e-3, 1.0, 6)
    assert [tick.label for tick in result if tick.major] == ["1e-3", "0.01", "0.1", "1"]
    assert len(result) == 28


def test_many_decades_are_thinned() -> None:
    result = ticks.logarithmic(1e-30, 1.0, 5)
    assert [tick.label for tick in result if tick.major] == [
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
    result = ticks.steps(t0, t0 + span, width)
    assert result
    columns = [
        (round((tick.value - t0) / max(span, 1) * (width - 1)), tick.label) for tick in result
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


RANGES = st.tuples(
    st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(1e-9, 1e6, allow_subnormal=False)
)


@settings(max_examples=300, deadline=None)
@given(RANGES, st.integers(2, 40), st.booleans())
def test_every_value_axis_of_two_rows_or_more_has_two_labels(
    ends: tuple[float, float], rows: int, log: bool
) -> None:
    low, size = ends
    low = abs(low) + 1e-6 if log else low
    scale = Scale.fit(low, low + size, low if log else math.nan, log=log)
    marked = axes.labelled(scale, rows)
    at = {axes.dot_row(scale, tick.value, rows, UNICODE)[1] for tick in marked}
    assert len(at) > 1
    texts = [tick.label for tick in ticks.narrowed(marked, 8)]
    assert len(set(texts)) == len(texts)
    assert all(0 < len(text) <= 8 for text in texts)


@pytest.mark.parametrize(("low", "high"), [(0.95, 1.05), (3.0, 3.4), (0.99991, 0.99999), (7, 9)])
@pytest.mark.parametrize("rows", [2, 3, 5])
def test_narrow_ranges_have_two_labels_in_few_rows(low: float, high: float, rows: int) -> None:
    scale = Scale.fit(low, high)
    marked = axes.labelled(scale, rows)
    assert len({axes.dot_row(scale, t.value, rows, UNICODE)[1] for t in marked}) > 1


def test_labels_with_too_many_digits_say_how_far_they_lie_above_the_lowest() -> None:
    result = ticks.narrowed(ticks.linear(0.999991, 0.999999, 4), 7)
    assert [tick.label for tick in result] == ["0.99999", "+2.0e-6", "+4.0e-6", "+6.0e-6"]


def painted(low: float, high: float, *, cut: bool = True) -> list[str]:
    canvas, scale = Canvas(8, 20), Scale.fit(low, high)
    place = (0, 8, 9)
    axes.values(canvas, place, axes.labelled(scale, 8), scale, Look(), cut=cut)
    return [line.rstrip() for line in canvas.text()]


def test_an_axis_that_does_not_reach_to_zero_says_so() -> None:
    assert painted(0.95, 1.05)[-1].endswith("≈")
    assert painted(-1.05, -0.95)[0].endswith("≈")
    assert "≈" not in "".join(painted(0.0, 1.0) + painted(-1.0, 1.0) + painted(0.1, 1.0))
    assert "≈" not in "".join(painted(0.95, 1.05, cut=False))


@pytest.mark.parametrize("t1", [1, 5, 9, 11, 37, 99, 599, 123_456])
@pytest.mark.parametrize("width", [12, 20, 40, 70])
def test_every_step_axis_has_two_labels(t1: int, width: int) -> None:
    canvas = Canvas(2, width + 9)
    axes.steps(canvas, TimeAxis(0, t1, width), 9, (0, 1), Look())
    assert len(canvas.text()[1].replace("step", "").split()) > 1


def test_a_value_too_far_beyond_the_axis_for_a_number_is_at_infinity() -> None:
    at = Scale(0.0, 1e-300).position(np.array([1e300, -1e300]))
    assert at.tolist() == [np.inf, -np.inf]
