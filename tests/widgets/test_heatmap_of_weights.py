"""The heatmap of one plastic matrix: names, marks, large and odd matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.widgets.stage import Stage
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.palette import DARK
from tttui.model.arrays import Floats
from tttui.widgets.weightmap import WeightMap, shared_widths


def weights(matrix: str, values: Floats) -> WeightMap:
    shown = WeightMap(matrix)
    shown.set_values(values, matrix)
    return shown


async def lines(shown: WeightMap, size: tuple[int, int]) -> list[str]:
    app = Stage(shown)
    async with app.run_test(size=size):
        return shown.canvas().text()


async def test_inputs_are_named_above_the_columns() -> None:
    shown = await lines(weights("W_u", np.ones((16, 6))), (40, 20))
    assert shown[1].split() == ["x", "y", "vx", "vy", "ax", "ay"]


async def test_predictions_are_named_beside_the_rows() -> None:
    shown = await lines(weights("W_o", np.ones((4, 32))), (80, 20))
    assert [line[:2].strip() for line in shown if line[:2].strip()] == ["x", "y", "vx", "vy", "-1"]


async def test_hidden_units_are_numbered_evenly() -> None:
    shown = await lines(weights("B", np.ones((32, 16))), (24, 20))
    assert shown[1].split() == ["0", "4", "8", "12"]


async def test_names_of_columns_give_way_where_elements_would_be_flatter() -> None:
    shown = await lines(weights("W_u", np.ones((16, 6))), (9, 18))
    assert len([line for line in shown[1:-1] if "▀" in line]) == 16


@pytest.mark.parametrize(
    ("rows", "look", "said"),
    [
        (32, Look(), "32 state x 16 u"),
        (32, Look(DARK, ASCII), "32 state x 16 u  2 rows a cell"),
        (64, Look(), "64 state x 16 u  2 rows a cell"),
        (64, Look(DARK, ASCII), "64 state x 16 u  4 rows a cell"),
    ],
)
async def test_the_heading_says_how_many_rows_share_a_cell(
    rows: int, look: Look, said: str
) -> None:
    shown = weights("B", np.ones((rows, 16)))
    app = Stage(shown)
    async with app.run_test(size=(40, 18)):
        shown.set_look(look)
        assert "".join(s.text for s in shown.render_line(0)).strip() == f"B  {said}"


async def test_without_blocks_an_element_is_whole_characters_high() -> None:
    shown = weights("W_u", np.ones((8, 6)))
    app = Stage(shown)
    async with app.run_test(size=(20, 16)):
        assert shown.view.high == 3
        shown.set_look(Look(DARK, ASCII))
        assert shown.view.high == 2


@pytest.mark.parametrize(
    ("width", "maps"),
    [(80, [6, 35, 37]), (120, [15, 67, 36]), (200, [27, 67, 104]), (40, [9, 19, 10])],
)
def test_room_goes_to_the_matrix_of_most_elements_first(width: int, maps: list[int]) -> None:
    assert shared_widths(((16, 6), (32, 16), (4, 32)), width, gap=1) == maps


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=3),
    width=st.integers(10, 300),
)
def test_shared_room_is_used_up_and_never_exceeded(
    shapes: list[tuple[int, int]], width: int
) -> None:
    result = shared_widths(shapes, width, gap=1)
    assert all(w > 0 for w in result)
    assert sum(result) == width - len(shapes) + 1


async def test_an_element_that_is_no_number_is_crossed_out() -> None:
    values = np.ones((4, 4))
    values[2, 1] = np.nan
    shown = await lines(weights("W_o", values), (30, 20))
    assert "×" in "".join(shown)


async def test_signs_show_without_block_characters() -> None:
    heatmap = weights("W_o", np.array([[1.0, -1.0]]))
    heatmap.set_look(Look(glyphs=ASCII))
    shown = "".join(await lines(heatmap, (30, 12)))
    assert "@" in shown
    assert "&" in shown


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 300), (300, 1), (4096, 6), (4096, 4096), (2500, 4000)]
)
async def test_a_matrix_of_any_shape_is_shown_whole(shape: tuple[int, int]) -> None:
    values = np.zeros(shape, dtype=np.float32)
    values[-1, -1] = -1.0
    shown = weights("B", values)
    app = Stage(shown)
    async with app.run_test(size=(60, 24)):
        ink = shown.canvas().ink
        paper = shown.canvas().paper
        assert DARK.diverging[0] in np.concatenate([ink.ravel(), paper.ravel()])


async def test_a_large_matrix_is_enlarged_around_the_cell_down_to_single_elements() -> None:
    shown = weights("B", np.zeros((4096, 4096), dtype=np.float32))
    app = Stage(shown)
    async with app.run_test(size=(60, 24)):
        shown.set_cell((3000, 1000))
        for _ in range(12):
            shown.zoom(1)
        view = shown.view
        assert view.size == (1, 1)
        rows, columns = view.span(*shown.room)
        assert view.row <= 3000 < view.row + rows
        assert view.column <= 1000 < view.column + columns


async def test_the_few_rows_of_a_long_matrix_are_told_apart() -> None:
    values = np.zeros((4, 4096), dtype=np.float32)
    values[2] = -1.0
    shown = weights("W_o", values)
    app = Stage(shown)
    async with app.run_test(size=(60, 12)):
        text = shown.canvas().text()
    assert shown.view.size == (1, 128)
    assert [name for line in text[2:-1] if (name := line[:3].strip())] == ["x", "y", "vx", "vy"]


def test_a_matrix_of_few_columns_keeps_them_beside_a_wide_one() -> None:
    assert shared_widths(((4096, 6), (4096, 4096), (4, 4096)), 120, gap=1) == [15, 68, 35]


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=3),
    width=st.integers(10, 300),
)
def test_every_element_has_a_column_while_there_are_enough(
    shapes: list[tuple[int, int]], width: int
) -> None:
    names, gaps = 3 * len(shapes), len(shapes) - 1
    result = shared_widths(shapes, width, gap=1)
    if sum(columns for _, columns in shapes) + names + gaps <= width:
        assert all(w >= columns for w, (_, columns) in zip(result, shapes, strict=True))


async def test_the_cell_drags_the_view_along() -> None:
    shown = weights("B", np.zeros((500, 500)))
    app = Stage(shown)
    async with app.run_test(size=(60, 24)):
        shown.set_cell((0, 0))
        for _ in range(6):
            shown.zoom(1)
        shown.set_cell((499, 499))
        rows, columns = shown.view.span(*shown.room)
        assert shown.view.row + rows >= 499
        assert shown.view.column + columns >= 499


async def test_one_mark_stands_in_the_chosen_matrix_only() -> None:
    shown = weights("W_o", np.ones((4, 4)))
    app = Stage(shown)
    async with app.run_test(size=(40, 20)):
        shown.set_cell((1, 1))
        strips = ["".join(s.text for s in shown.render_line(y)) for y in range(20)]
        assert "◆" not in "".join(strips)
        shown.set_chosen(True)
        strips = ["".join(s.text for s in shown.render_line(y)) for y in range(20)]
        assert "".join(strips).count("◆") == 1
