"""The reach of a value axis: outliers do not widen it, and are marked at its edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import extent
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII, UNICODE, Glyphs
from tttui.draw.look import Look
from tttui.draw.plot import Plot, Trace
from tttui.draw.plot_area import Picture
from tttui.draw.timechart import paint


def series(n: int = 600, **changed: float) -> Series:
    y = np.random.default_rng(2).lognormal(-7, 0.8, n)
    for at, value in changed.items():
        y[int(at[1:])] = value
    return Series(np.arange(n), y)


def drawn(
    shown: Series, log: bool = False, glyphs: Glyphs = UNICODE, robust: bool = True
) -> Picture:
    plot = Plot("MSE", traces=(Trace("adaptive", shown, heavy=True, chunk=32),), robust=robust)
    return paint(plot, (0, len(shown) - 1), (110, 24), Look(glyphs=glyphs), log)


@pytest.mark.parametrize("n", [8, 40, 600, 20_000])
@pytest.mark.parametrize("log", [False, True])
def test_one_spike_leaves_the_scale_as_it_was(n: int, log: bool) -> None:
    usual, spiked = drawn(series(n), log), drawn(series(n, t5=1e6), log)
    assert usual.scale is not None
    assert spiked.scale is not None
    assert spiked.scale.high <= 4 * usual.scale.high
    assert drawn(series(n, t5=1e6), log, robust=False).scale.high >= 1e6  # type: ignore[union-attr]


@pytest.mark.parametrize(("glyphs", "sign"), [(UNICODE, "↑"), (ASCII, "^")])
def test_an_outlier_is_a_mark_at_the_top_of_its_column_and_is_counted(
    glyphs: Glyphs, sign: str
) -> None:
    picture = drawn(series(t300=1e6, t450=1e6), glyphs=glyphs)
    top, left = picture.canvas.text()[picture.layout.top], picture.layout.gutter
    columns = [picture.axis.column(t) for t in (300, 450)]
    assert [i for i, char in enumerate(top[left:]) if char == sign] == columns
    assert top.startswith(" 2 above")


def test_an_outlier_below_is_marked_at_the_foot() -> None:
    picture = drawn(series(t300=1e-30), log=True)
    layout = picture.layout
    foot = picture.canvas.text()[layout.top + layout.rows - 1]
    assert foot.startswith(" 1 below")
    assert foot[layout.gutter + (picture.axis.column(300) or 0)] == "↓"


def test_where_nothing_lies_beyond_nothing_is_said() -> None:
    assert not any(word in "".join(drawn(series()).canvas.text()) for word in ("above", "↑"))


def test_a_run_that_diverges_for_long_is_no_outlier() -> None:
    y = np.full(600, 1.0)
    y[500:] = 1e6
    picture = drawn(Series(np.arange(600), y))
    assert picture.scale is not None
    assert picture.scale.high >= 1e6


@settings(deadline=None, max_examples=60)
@given(y=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60), log=st.booleans())
def test_few_samples_are_ever_left_out(y: list[float], log: bool) -> None:
    values = np.array(y)
    shown, axis = Series(np.arange(len(y)), values), TimeAxis(0, max(len(y) - 1, 0), 40)
    result = extent.robust(shown, axis, log)
    used = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    assert (result is None) == (not np.isfinite(values).any())
    if result is not None and len(used):
        low, high = (result[2] if log else result[0]), result[1]
        out = np.count_nonzero((used < low * (1 - 1e-9)) | (used > high * (1 + 1e-9)))
        assert low <= high
        if low > 0:
            assert out <= 2 * max(1, int(extent.SHARE * len(used)))
