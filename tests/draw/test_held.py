"""Curves that hold each value until the next one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import held, timechart
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII, UNICODE, Glyphs
from tttui.draw.look import Look
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.model.arrays import Floats, Ints

NAMES = ("W_u", "B", "W_o")


def curves(t: Ints, *values: Floats) -> tuple[Trace, ...]:
    return tuple(
        Trace(name, Series(t, y), i, style="held")
        for i, (name, y) in enumerate(zip(NAMES, values, strict=False))
    )


def three(*levels: float) -> tuple[Trace, ...]:
    """Flat curves at these levels."""
    return curves(np.array([0]), *(np.full(1, level) for level in levels))


def lines(plot: Plot, window: tuple[int, int], *, ascii: bool = False) -> list[str]:
    glyphs = ASCII if ascii else UNICODE
    return timechart.paint(plot, window, (40, 12), Look(glyphs=glyphs)).canvas.text()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    k=st.integers(1, 60),
    window=st.tuples(st.integers(0, 90), st.integers(0, 200)),
)
def test_every_value_in_force_lies_in_the_envelope_of_its_column(
    seed: int, k: int, window: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.choice(100, size=k, replace=False))
    y = rng.normal(size=k)
    y[rng.random(k) < 0.1] = np.nan
    axis = TimeAxis(window[0], window[0] + window[1], 9)
    series = Series(t, y)
    curve = held.in_force(series, axis, 95).curve
    for step in range(axis.t0, min(axis.t1, 95) + 1):
        result = series.at(step)
        dot = int(np.searchsorted(axis.edges(), step, side="right")) - 1
        if result is None or not np.isfinite(result[1]):
            continue
        assert curve.low[dot] <= result[1] <= curve.high[dot]


def test_nothing_is_drawn_before_the_first_value_or_after_the_last_step() -> None:
    series = Series(np.array([40]), np.array([2.0]))
    curve = held.in_force(series, TimeAxis(0, 100, 50), 60).curve
    drawn = np.flatnonzero(~np.isnan(curve.low))
    assert 39 <= drawn[0] <= 41
    assert 59 <= drawn[-1] <= 61


def test_curves_are_solid_dashed_and_dotted() -> None:
    plot = Plot(traces=three(1.0, 5.0, 9.0), last=100)
    drawn = [[char > " " for char in row[8:38]] for row in lines(plot, (0, 100))[2:-2]]
    rows = [row for row in drawn if sum(row) > 16]
    assert len(rows) == 3
    dashed = [row for row in rows if not all(row)]
    assert len(dashed) == 1
    dotted, solid = (held.PATTERNS[i] for i in (2, 0))
    assert dotted != solid


def test_a_steep_step_has_no_gap_whatever_the_pattern() -> None:
    y = np.where(np.arange(100) == 57, 100.0, 0.0)
    for i in range(57, 63):
        moved = np.roll(y, i - 57)
        plot = Plot(traces=curves(np.arange(100), np.zeros(100), moved, moved), last=99)
        top = lines(plot, (0, 99))[2][9:]
        assert any("\u2801" <= char <= "\u28ff" for char in top)


def test_letters_tell_curves_without_braille() -> None:
    text = "".join(lines(Plot(traces=three(1, 5, 9), last=9), (0, 9), ascii=True))
    assert all(letter in text for letter in "uBo")


def test_an_infinite_value_is_an_arrow_at_the_top() -> None:
    y: Floats = np.array([1.0, np.inf, 2.0])
    plot = Plot(traces=curves(np.array([0, 40, 60]), y), last=99)
    assert "↑" in lines(plot, (0, 99))[2]


def test_a_far_threshold_is_named_with_an_arrow() -> None:
    plot = Plot(traces=three(1, 2, 3), thresholds=(Threshold("10 x start", 50.0),), last=9)
    assert "↑ 10 x start" in lines(plot, (0, 9))[2]  # a row above the curves


def test_what_is_missing_is_said_in_its_place() -> None:
    assert "statistics: 0 %" in "".join(lines(Plot(message="statistics: 0 %"), (0, 9)))
    plot = Plot(traces=three(1, 2, 3), last=9, corner="statistics: 40 %")
    assert "statistics: 40 %" in lines(plot, (0, 9))[2]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_what_is_not_a_number_is_marked_on_the_lowest_row_while_it_is_in_force(
    glyphs: Glyphs,
) -> None:
    t = np.array([0, 50, 60])
    plot = Plot(traces=curves(t, np.array([2.0, np.nan, 3.0])), last=100)
    rows = timechart.paint(plot, (0, 100), (40, 12), Look(glyphs=glyphs)).canvas.text()
    marked = [c for c, char in enumerate(rows[9]) if char == glyphs.not_a_number]
    assert len(marked) in range(3, 6)
    assert marked == list(range(marked[0], marked[-1] + 1))
    assert not [row for row in rows[1:9] if glyphs.not_a_number in row[8:]]
