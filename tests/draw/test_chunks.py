"""Chunks on a time chart: their means as a line, their range as a band."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw.axis import TimeAxis
from tttui.draw.chunks import by_chunk, note
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.palette import ANSI, DARK
from tttui.draw.plot import Plot, Trace
from tttui.draw.scales import Scale
from tttui.draw.timechart import paint

SCALE = Scale(0.0, 100.0)
AXIS = TimeAxis(0, 599, 110)


def noise(n: int = 600, first: int = 0) -> Series:
    y = np.random.default_rng(1).uniform(1, 99, n)
    return Series(np.arange(first, first + n), y)


@pytest.mark.parametrize("first", [0, 7])
def test_every_chunk_has_its_mean_and_its_range(first: int) -> None:
    series = noise(first=first)
    axis = TimeAxis(first, first + 599, 110)
    result = by_chunk(series, axis, 32, SCALE)
    assert result is not None
    for start in range(0, 600, 32):
        chunk = series.y[start : start + 32]
        dot = int(axis.dot(first + start + min(16, len(chunk) // 2)))
        assert result.mean[dot] == pytest.approx(chunk.mean())
        assert (result.low[dot], result.high[dot]) == (chunk.min(), chunk.max())


@given(t0=st.integers(0, 500), span=st.integers(64, 400))
@settings(deadline=None, max_examples=30)
def test_means_do_not_depend_on_the_window(t0: int, span: int) -> None:
    series = noise()
    means = {float(series.y[i : i + 32].mean()) for i in range(0, 600, 32)}
    result = by_chunk(series, TimeAxis(t0, t0 + span, 210), 32, SCALE)
    if result is not None:
        shown = result.mean[~np.isnan(result.mean)]
        assert len(shown)
        assert all(min(abs(value - mean) for mean in means) < 1e-9 for value in shown)


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (5, ""),
        (40, "means of 32 steps, min to max behind"),
        (600, "means of 32 steps, min to max behind"),
        (20_000, "means of 91 steps, min to max behind"),
    ],
)
def test_the_title_says_what_a_point_of_the_line_is(n: int, shown: str) -> None:
    assert note(noise(n), TimeAxis(0, n - 1, 110), 32) == shown


def test_where_a_dot_column_holds_more_than_a_chunk_there_are_no_chunks() -> None:
    assert by_chunk(noise(20_000), TimeAxis(0, 19_999, 110), 32, SCALE) is None


def test_a_sample_beyond_the_scale_is_not_in_the_band_and_breaks_the_line_of_its_chunk() -> None:
    series = noise()
    y = series.y.copy()
    y[300] = 1e6
    result = by_chunk(Series(series.t, y), AXIS, 32, SCALE)
    assert result is not None
    gap = np.isnan(result.mean)
    assert gap[int(AXIS.dot(300))]
    assert set((np.flatnonzero(gap) * 599 / 219 // 32).astype(int)) == {300 // 32}
    assert np.nanmax(result.high) <= 100


def test_columns_without_any_number_stay_empty() -> None:
    series = noise()
    y = series.y.copy()
    y[100:110] = np.nan
    result = by_chunk(Series(series.t, y), AXIS, 32, SCALE)
    assert result is not None
    assert np.isnan(result.mean[int(AXIS.dot(105))])
    assert not np.isnan(result.mean[int(AXIS.dot(120))])


def test_the_bold_line_lies_over_a_tint_of_the_range() -> None:
    trace = Trace("adaptive", noise(), "adaptive", heavy=True, chunk=32)
    canvas = paint(Plot("MSE", traces=(trace,)), (0, 599), (110, 30), Look()).canvas
    bold = canvas.ink == DARK.adaptive
    assert canvas.bold[bold].all()
    for column in range(20, 100):
        assert 1 <= bold[:, column].sum() <= 6
        assert (canvas.paper[:, column] == DARK.adaptive_tint).sum() > 10


def test_without_shades_the_band_is_a_faint_screen_of_dots() -> None:
    trace = Trace("adaptive", noise(), "adaptive", heavy=True, chunk=32)
    canvas = paint(Plot("MSE", traces=(trace,)), (0, 599), (110, 30), Look(ANSI)).canvas
    bold, faint = canvas.ink == ANSI.adaptive, canvas.ink == ANSI.adaptive_raw
    assert canvas.bold[bold].all()
    assert not canvas.bold[faint].any()
    for column in range(20, 100):
        assert 1 <= bold[:, column].sum() <= 6
        assert faint[:, column].sum() > 10
