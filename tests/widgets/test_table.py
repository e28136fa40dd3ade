"""The table: order, filter, selection and columns, as text and by mouse."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.toolkit import screen_strips
from tttui.draw.glyphs import ASCII, UNICODE, Glyphs
from tttui.model.arrays import Bools
from tttui.model.numbers import forms
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Cell, Sort, TableColumn, fitted, order_of, placed

COLUMNS = (
    TableColumn("name", "name", 6, left=True, grows=True),
    TableColumn("x", "x", 5, drop=1),
    TableColumn("y", "y value", 7, drop=2),
)


class Numbers:
    """Rows `row0`, `row1` ... with a number each (NaN: unknown)."""

    columns: Sequence[TableColumn] = COLUMNS

    def __init__(self, x: Sequence[float]) -> None:
        self._x = np.array(x, dtype=np.float64)

    def __len__(self) -> int:
        return len(self._x)

    def cell(self, row: int, key: str) -> Cell:
        text = f"row{row}" if key == "name" else f"{self._x[row]:g}"
        return text, -1, False

    def sorting(self, key: str) -> Any:
        return self._x


class Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.picked: list[object] = []

    def compose(self) -> ComposeResult:
        yield Table(natural="name")

    def on_table_row_picked(self, message: Table.RowPicked) -> None:
        self.picked.append((message.row, message.again))

    def on_table_sort_picked(self, message: Table.SortPicked) -> None:
        self.picked.append(message.key)

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    def lines(self) -> list[str]:
        return ["".join(s.text for s in strip).rstrip() for strip in screen_strips(self)]


@pytest.mark.parametrize(
    ("descending", "expected"), [(False, [2, 0, 3, 1, 4]), (True, [0, 3, 2, 1, 4])]
)
def test_unknown_numbers_come_last_in_both_directions(
    descending: bool, expected: list[int]
) -> None:
    rows = Numbers([5.0, np.nan, 1.0, 5.0, np.nan])
    assert order_of(rows, Sort("x", descending), None).tolist() == expected


def test_equal_rows_keep_their_order_in_both_directions() -> None:
    rows = Numbers([1.0, 1.0, 1.0])
    assert order_of(rows, Sort("x", True), None).tolist() == [0, 1, 2]


def test_a_filter_leaves_only_its_rows_in_order() -> None:
    shown: Bools = np.array([True, False, True, True])
    rows = Numbers([3.0, 0.0, 1.0, 2.0])
    assert order_of(rows, Sort("x"), shown).tolist() == [2, 3, 0]
    assert order_of(rows, Sort(), shown).tolist() == [0, 2, 3]


async def test_the_header_points_at_the_column_that_sorts() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows(Numbers([2.0, 1.0]), None)
        app.table.set_sort(Sort("x", True))
        await pilot.pause()
        assert "▼x" in app.lines()[0]
        assert [line.split()[0] for line in app.lines()[1:3]] == ["row0", "row1"]


async def test_the_selected_row_is_brought_into_view_and_pointed_at() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows(Numbers(range(100)), None)
        app.table.set_selected(50)
        await pilot.pause()
        assert "▶ row50" in app.lines()[5]
        app.table.set_selected(2)
        await pilot.pause()
        assert "▶ row2" in app.lines()[1]


async def test_a_selected_row_that_is_filtered_out_has_neighbours() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)):
        app.table.set_rows(Numbers(range(6)), np.array([1, 1, 0, 0, 1, 1], dtype=np.bool_))
        app.table.set_selected(3)
        assert app.table.neighbour(1) == 4
        assert app.table.neighbour(-1) == 1


async def test_moving_beyond_the_ends_stays_on_the_last_row() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)):
        app.table.set_rows(Numbers(range(3)), None)
        app.table.set_selected(2)
        assert app.table.neighbour(5) == 2
        app.table.set_selected(0)
        assert app.table.neighbour(-5) == 0


async def test_an_empty_table_says_why() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows(Numbers([]), None, "no rows at all")
        await pilot.pause()
        assert "no rows at all" in app.lines()[1]
        assert app.table.neighbour(1) is None


async def test_a_narrow_table_drops_the_columns_that_matter_least() -> None:
    app = Stage()
    async with app.run_test(size=(17, 4)) as pilot:
        app.table.set_rows(Numbers([7.0]), None)
        await pilot.pause()
        assert "y value" not in app.lines()[0]
        assert "x" in app.lines()[0]


async def test_a_click_picks_a_row_and_a_click_on_the_header_a_column() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows(Numbers(range(3)), None)
        app.table.set_selected(1)
        await pilot.pause()
        await pilot.click(Table, offset=(5, 1))
        await pilot.click(Table, offset=(5, 2))
        await pilot.click(Table, offset=(37, 0))
        assert app.picked == [(0, False), (1, True), "y"]


async def test_marked_rows_carry_a_star() -> None:
    app = Stage()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows(Numbers(range(3)), None)
        app.table.set_marked(frozenset({1}))
        await pilot.pause()
        assert "*row1" in app.lines()[2]
        assert "*" not in app.lines()[1]


async def test_moving_the_selection_draws_two_lines_of_a_hundred_thousand_rows() -> None:
    app = Stage()
    async with app.run_test(size=(40, 24)) as pilot:
        app.table.set_rows(Numbers(range(100_000)), None)
        app.table.set_selected(10)
        await pilot.pause()
        drawn: list[int] = []
        render = app.table.render_line
        app.table.render_line = lambda y: drawn.append(y) or render(y)  # type: ignore[method-assign, func-returns-value]
        app.table.set_selected(11)
        await pilot.pause()
        assert sorted(drawn) == [11, 12]


def test_the_column_that_sorts_is_never_left_out() -> None:
    assert [column.key for column, _ in fitted(COLUMNS, 14)] == ["name", "x"]
    assert [column.key for column, _ in fitted(COLUMNS, 15, "y")] == ["name", "y"]


def test_a_column_with_a_most_grows_before_the_others_and_not_beyond() -> None:
    columns = (*COLUMNS[:1], TableColumn("x", "x", 5, most=8), *COLUMNS[2:])
    assert [width for _, width in fitted(columns, 26)] == [8, 8, 7]
    assert [width for _, width in fitted(columns, 23)] == [6, 7, 7]


@settings(max_examples=200, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    width=st.integers(1, 14),
    glyphs=st.sampled_from([UNICODE, ASCII]),
)
def test_a_number_in_a_cell_is_the_number_or_the_mark(
    value: float, width: int, glyphs: Glyphs
) -> None:
    column = TableColumn("x", "x", 1)
    shown = placed(forms(value), column, width, glyphs)
    assert len(shown) == width
    if shown.strip() != glyphs.ellipsis:
        assert shown.strip() in forms(value)


def test_a_number_as_plain_text_is_never_cut_either() -> None:
    assert placed("3.9e-3", TableColumn("x", "x", 1), 3, UNICODE) == "  …"
    assert placed("3.9e-3", TableColumn("x", "x", 1), 6, UNICODE) == "3.9e-3"


def test_a_name_is_shortened_with_a_mark() -> None:
    assert placed("a long name", TableColumn("x", "x", 1, left=True), 6, UNICODE) == "a lon…"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("e\u0301a", "éa    "), ("x\u0301", "x     "), ("\u0301ab", "ab    "), ("名\u0301", "名    ")],
)
def test_accents_of_a_name_stay_in_its_cells_and_move_nothing(name: str, shown: str) -> None:
    assert placed(name, TableColumn("x", "x", 1, left=True), 6, UNICODE) == shown


def test_a_cell_without_a_number_is_blank() -> None:
    assert placed("", TableColumn("x", "x", 1), 3, UNICODE) == "   "


def test_a_title_wider_than_its_column_is_refused() -> None:
    with pytest.raises(ValueError, match="'improvement' is wider than its column"):
        TableColumn("x", "improvement", 7)


@pytest.mark.parametrize("room", range(1, 40))
def test_columns_fit_into_the_room_there_is(room: int) -> None:
    result = fitted(COLUMNS, room, "x")
    assert sum(width + 1 for _, width in result) <= max(room, 2)
