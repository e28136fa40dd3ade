"""Columns of a series hold exactly the extremes and the mean of their samples."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import envelope
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import BLOCK, FEW_IN_COLUMNS, Series

VALUES = st.lists(
    st.one_of(
        st.floats(-1e6, 1e6, width=32), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e-300])
    ),
    max_size=5 * BLOCK,
)


def brute(series: Series, low: float, high: float) -> tuple[float, float, float]:
    y = series.y[(series.t >= low) & (series.t < high)]
    known, finite = y[~np.isnan(y)], y[np.isfinite(y)]
    return (
        float(known.min()) if len(known) else np.nan,
        float(known.max()) if len(known) else np.nan,
        float(finite.mean()) if len(finite) else np.nan,
    )


@pytest.mark.parametrize("few", [-1, FEW_IN_COLUMNS], ids=["by blocks", "sample by sample"])
@settings(max_examples=60, deadline=None)
@given(values=VALUES, width=st.integers(1, 40), gaps=st.integers(1, 5), data=st.data())
def test_columns_equal_a_direct_computation(
    few: int, values: list[float], width: int, gaps: int, data: st.DataObject
) -> None:
    n = len(values)
    t = np.cumsum(data.draw(st.lists(st.integers(0, gaps), min_size=n, max_size=n)), dtype=np.int64)
    series = Series(t, np.array(values))
    first, last = (int(t[0]), int(t[-1])) if n else (0, 1)
    edges = np.linspace(first - 1.5, last + 1.5, width + 1)
    with patch.object(envelope, "FEW_IN_COLUMNS", few):
        result = series.columns(edges)
    for i in range(width):
        expected = brute(series, edges[i], edges[i + 1])
        assert result.low[i] == pytest.approx(expected[0], nan_ok=True)
        assert result.high[i] == pytest.approx(expected[1], nan_ok=True)
        assert result.mean[i] == pytest.approx(expected[2], rel=1e-6, abs=1e-6, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(values=VALUES, cut=st.floats(0, 1))
def test_a_grown_series_equals_one_built_at_once(values: list[float], cut: float) -> None:
    t, y = np.arange(len(values)), np.array(values)
    k = int(cut * len(values))
    grown = Series(t, y, grown_from=Series(t[:k], y[:k]))
    edges = np.linspace(-0.5, len(values), 7)
    with patch.object(envelope, "FEW_IN_COLUMNS", -1):
        both = [s.columns(edges) for s in (grown, Series(t, y))]
    for name in ("low", "high", "mean", "count"):
        one, other = (getattr(columns, name) for columns in both)
        np.testing.assert_allclose(one, other)


def test_column_summaries_are_cached_for_the_last_axis() -> None:
    series = Series(np.arange(100), np.sin(np.arange(100.0)))
    first, other = TimeAxis(0, 99, 10), TimeAxis(50, 99, 10)
    assert series.on(first) is series.on(TimeAxis(0, 99, 10))
    for axis in (other, first):
        np.testing.assert_array_equal(series.on(axis).low, series.columns(axis.edges()).low)


@settings(max_examples=60, deadline=None)
@given(values=VALUES, ends=st.tuples(st.integers(-5, 400), st.integers(-5, 400)))
def test_the_extent_is_that_of_the_finite_samples(
    values: list[float], ends: tuple[int, int]
) -> None:
    series = Series(np.arange(len(values)), np.array(values))
    t0, t1 = sorted(ends)
    y = np.array(values)[max(t0, 0) : max(t1 + 1, 0)]
    y = y[np.isfinite(y)]
    result = series.extent(t0, t1)
    if not len(y):
        assert result is None
    else:
        positive = y[y > 0]
        smallest = positive.min() if len(positive) else np.nan
        assert result == pytest.approx((y.min(), y.max(), smallest), nan_ok=True)


def test_a_single_extreme_among_a_million_samples_is_kept() -> None:
    y = np.ones(1_000_000)
    y[654_321] = 1e6
    result = Series(np.arange(len(y)), y).columns(np.linspace(0, len(y), 201))
    assert result.high.max() == 1e6
    assert (result.high == 1e6).sum() == 1


def test_one_enormous_value_does_not_spoil_the_means_beside_it() -> None:
    y = np.full(4 * BLOCK, 1e-3)
    y[0] = 1e30
    result = Series(np.arange(len(y)), y).columns(np.linspace(0, len(y), 5))
    np.testing.assert_allclose(result.mean[1:], 1e-3)


def test_samples_out_of_order_are_sorted() -> None:
    series = Series(np.array([3, 1, 2]), np.array([30.0, 10.0, 20.0]))
    assert series.y.tolist() == [10.0, 20.0, 30.0]


def test_the_value_at_a_step_is_the_newest_one_there() -> None:
    series = Series(np.array([2, 5]), np.array([1.0, 2.0]))
    assert (series.at(1), series.at(4), series.at(9)) == (None, (2.0, 1.0), (5.0, 2.0))


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 positions for 1 samples"):
        Series(np.arange(2), np.ones(1))
