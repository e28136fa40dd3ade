"""Matrices as cells: symmetric colours, signed extremes, and where an element lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw import heat
from tttui.draw.canvas import Canvas
from tttui.draw.glyphs import ASCII
from tttui.draw.heat import HeatWindow, Pyramid
from tttui.draw.look import Look
from tttui.draw.palette import DARK, PALETTES


def test_a_block_shows_its_value_of_largest_magnitude_with_its_sign() -> None:
    values = np.array([[1.0, -5.0], [2.0, 4.0]])
    assert Pyramid(values).level(1).tolist() == [[-5.0]]


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_extreme_of_a_matrix_survives_every_level(rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, columns))
    top = values.flat[np.abs(values).argmax()]
    assert Pyramid(values).level(6).tolist() == [[top]]


@settings(max_examples=80, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    size=st.tuples(st.integers(1, 120), st.integers(1, 50)),
)
def test_a_fitting_view_shows_the_whole_matrix(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    view = HeatWindow.fitting(shape, *size)
    down, across = view.cells(*shape)
    assert down <= 2 * size[1]
    assert across <= size[0]


@settings(max_examples=80, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    size=st.tuples(st.integers(1, 120), st.integers(1, 50)),
    data=st.data(),
)
def test_the_cell_of_an_element_shows_that_element(
    shape: tuple[int, int], size: tuple[int, int], data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, shape[0] - 1))
    column = data.draw(st.integers(0, shape[1] - 1))
    view = HeatWindow.fitting(shape, *size)
    result = view.element(*view.place(row, column))
    down, across = view.size
    assert result == (row // down * down, column // across * across)


def test_equal_magnitudes_have_colours_from_opposite_ends() -> None:
    cells = heat.paint(Pyramid(np.array([[-2.0, 2.0]])), HeatWindow(), (2, 1), 2.0, Look())
    assert cells.ink[0].tolist() == [DARK.diverging[0], DARK.diverging[-1]]


def test_a_matrix_of_zeros_has_the_colour_of_zero() -> None:
    cells = heat.paint(Pyramid(np.zeros((2, 2))), HeatWindow(), (2, 1), 0.0, Look())
    assert set(cells.ink[0].tolist()) == {DARK.diverging[3]}


def test_the_sign_shows_without_colours() -> None:
    values = np.array([[-2.0, -0.1, 0.0, 0.1, 2.0]])
    cells = heat.paint(Pyramid(values), HeatWindow(high=2), (5, 1), 2.0, Look(glyphs=ASCII))
    assert cells.text() == ["&, .@"]


def test_a_missing_element_is_crossed_out() -> None:
    pyramid = Pyramid(np.array([[np.nan, 1.0]]))
    assert heat.paint(pyramid, HeatWindow(), (2, 1), 1.0, Look()).text() == ["×▀"]
    assert heat.paint(pyramid, HeatWindow(high=2), (2, 1), 1.0, Look(glyphs=ASCII)).text() == ["?@"]
    assert pyramid.non_finite == (1, 0)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    wide=st.integers(2, 4),
    high=st.integers(1, 4),
)
def test_negative_elements_are_as_large_as_positive_ones(seed: int, wide: int, high: int) -> None:
    values = np.random.default_rng(seed).normal(size=(4, 5))
    size = (5 * wide, 2 * high)
    cells = heat.paint(Pyramid(values), HeatWindow(wide=wide, high=high), size, 3.0, Look())
    halves = np.zeros((2 * cells.rows, cells.columns), dtype=np.int64)
    halves[0::2], halves[1::2] = cells.ink, cells.paper
    assert (cells.char == ord("▀")).all()
    each = halves.reshape(4, high, 5, wide)
    assert (each == each[:, :1, :, :1]).all()


@pytest.mark.parametrize("wide", [1, 2, 3])
def test_elements_of_full_height_carry_a_minus_on_request_where_they_are_negative(
    wide: int,
) -> None:
    values = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for high in (2, 3, 4):
        view, size = HeatWindow(wide=wide, high=high), (2 * wide, high)
        cells = heat.paint(Pyramid(values), view, size, 1.0, Look(), signs=True)
        minus = np.argwhere(cells.char == ord("-")).tolist()
        assert [column // wide for _, column in sorted(minus)] == [1, 0]
        assert "-" not in "".join(heat.paint(Pyramid(values), view, size, 1.0, Look()).text())


def test_signs_of_half_cells_stand_above_each_other() -> None:
    values = np.array([[1.0, -1.0, 1.0, -1.0, 0.0], [1.0, -1.0, -1.0, 1.0, -1.0]])
    cells = heat.paint(Pyramid(values), HeatWindow(), (5, 1), 1.0, Look(), signs=True)
    assert cells.text() == ["+-±∓-"]
    assert cells.paper[0, 0] == DARK.diverging[-1]


def test_with_few_colours_texture_tells_sign_and_magnitude() -> None:
    values = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]])
    cells = heat.paint(Pyramid(values), HeatWindow(high=2), (5, 1), 2.0, Look(PALETTES["ansi"]))
    assert cells.text() == ["≡─ ▒█"]


def test_the_colour_bar_runs_from_one_limit_to_the_other() -> None:
    canvas = Canvas(1, 10)
    heat.bar_cells(canvas, (0, 0, 10), Look())
    assert (canvas.ink[0, 0], canvas.paper[0, -1]) == (DARK.diverging[0], DARK.diverging[-1])


def test_the_columns_of_a_high_matrix_stay_apart_where_its_rows_are_merged() -> None:
    view = HeatWindow.fitting((64, 16), 64, 16)
    assert (view.size, view.wide) == ((2, 1), 4)


def test_what_is_built_ahead_is_what_is_found_later() -> None:
    values = np.random.default_rng(0).normal(size=(33, 70))
    values[3, 4], values[5, 6] = np.inf, np.nan
    ahead, later = Pyramid(values), Pyramid(values)
    ahead.build()
    assert len(ahead.levels) == 8
    assert ahead.limit == later.limit == np.abs(values[np.isfinite(values)]).max()
    assert ahead.non_finite == later.non_finite == (1, 1)
    for k in range(8):
        assert np.array_equal(ahead.level(k), later.level(k), equal_nan=True)


def test_zooming_in_and_out_returns() -> None:
    view = HeatWindow(level=2)
    assert view.zoomed(1).zoomed(1).zoomed(1).zoomed(-1).zoomed(-1).zoomed(-1) == view
