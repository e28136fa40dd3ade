"""Cards, bars and heatmaps as text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from tests.widgets.stage import Stage, lines
from tttui.draw.envelope import Series
from tttui.model.numbers import forms
from tttui.widgets.cards import MetricCard
from tttui.widgets.drawn import replaced
from tttui.widgets.heatmap import Heatmap


def card(height: int) -> MetricCard:
    result = MetricCard("adaptive MSE")
    result.set_metric("6.0e-6", "final 100", "good", series=Series(np.arange(9), np.arange(9.0)))
    result.styles.height = height
    result.styles.width = 24
    return result


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (1, ["▎ adaptive MSE 6.0e-6"]),
        (2, ["▎ adaptive MSE", "▎ 6.0e-6  final 100"]),
        (3, ["▎ adaptive MSE", "▎ 6.0e-6  final 100", "▎ ⣀⣀"]),
        (4, ["▎ adaptive MSE", "▎ 6.0e-6", "▎ ⣀⣀", "▎ final 100"]),
    ],
)
async def test_a_card_gives_its_rows_to_the_value_first(height: int, expected: list[str]) -> None:
    view = card(height)
    async with Stage(view).run_test(size=(40, 10)):
        for line, start in zip(lines(view), expected, strict=True):
            assert line.startswith(start)


async def test_an_unchanged_card_is_not_painted_again() -> None:
    view = card(4)
    async with Stage(view).run_test(size=(40, 10)):
        before = view.canvas()
        view.set_metric("6.0e-6", "final 100", "good", series=view._series)
        assert view.canvas() is before


def matrix(rows: int = 4, columns: int = 6) -> Heatmap:
    view = Heatmap()
    values = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    view.set_values(values, "W_u", start=values - 1)
    return view


async def test_a_heatmap_names_its_shape_and_limits() -> None:
    view = matrix()
    async with Stage(view).run_test(size=(40, 12)):
        shown = lines(view)
        assert shown[0].startswith("W_u  4 x 6")
        assert shown[-1].strip().startswith("-23")
        assert "▀" in shown[1]


async def test_the_marked_element_is_read_with_its_change() -> None:
    view = matrix()
    async with Stage(view).run_test(size=(60, 12)):
        view.set_cell((2, 3))
        assert lines(view)[0].startswith("W_u  [2, 3] 15  since start +1")


async def test_a_mark_beyond_the_matrix_stays_inside() -> None:
    view = matrix()
    async with Stage(view).run_test(size=(60, 12)):
        view.set_cell((99, -5))
        assert view.cell == (3, 0)


async def test_the_mouse_marks_the_element_under_it() -> None:
    view = matrix(2, 2)
    app = Stage(view)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.click(Heatmap, offset=(0, 1))
        assert app.of(Heatmap.CellPicked)
        assert view.cell == (0, 0)


async def test_zooming_in_keeps_the_marked_element_in_view() -> None:
    view = matrix(300, 300)
    async with Stage(view).run_test(size=(60, 20)):
        view.set_cell((150, 150))
        for _ in range(6):
            view.zoom(1)
        assert view.view.level == 0
        assert view._in_view((150, 150))
        for _ in range(12):
            view.zoom(-1)
        assert view.view.row == 0


async def test_moving_the_mark_out_of_a_zoomed_view_pans() -> None:
    view = matrix(300, 300)
    async with Stage(view).run_test(size=(60, 20)):
        for _ in range(6):
            view.zoom(1)
        view.set_cell((299, 299))
        assert view._in_view((299, 299))


async def test_missing_weights_are_named() -> None:
    view = Heatmap()
    view.set_values(None, "B", message="no weights_history.npy in this session")
    async with Stage(view).run_test(size=(60, 9)):
        assert any("no weights_history.npy" in line for line in lines(view))


def test_replacing_keeps_the_rest_of_a_line() -> None:
    line = [Segment("abc", Style(color="red")), Segment("def", Style(color="blue"))]
    result = replaced(line, 2, "XY", Style(bold=True))
    assert [segment.text for segment in result] == ["ab", "X", "Y", "ef"]


def test_a_style_without_paper_keeps_the_one_behind() -> None:
    line = [Segment("abc", Style(bgcolor="red"))]
    result = replaced(line, 1, "X", Style(color="blue"))
    assert result[1].style == Style(bgcolor="red", color="blue")


@settings(max_examples=60, deadline=None)
@given(
    value=st.floats(0, 1e300),
    width=st.integers(3, 40),
    height=st.integers(1, 5),
    drawn=st.booleans(),
)
def test_a_card_shows_its_number_or_a_mark(
    value: float, width: int, height: int, drawn: bool
) -> None:
    view = MetricCard("adaptive MSE", "adaptive")
    series = Series(np.arange(9), np.arange(9.0)) if drawn else None
    view.set_metric(forms(value), ("last 100 steps", "last 100"), series=series)
    lines = view.paint(width, height).text()
    room = lines[0].replace("adaptive MSE", "") if height == 1 else lines[1]
    number = next((text for text in room.split()[1:] if any(map(str.isdigit, text))), "…")
    assert number in (*forms(value), "…")


@pytest.mark.parametrize(
    ("width", "expected"),
    [(20, ["▎ 95 % CI 2 456 to", "▎ 2 568 times"]), (14, ["▎ CI 2 456 to", "▎ 2 568"])],
)
def test_the_line_below_is_wrapped_where_nothing_is_drawn(width: int, expected: list[str]) -> None:
    view = MetricCard("improvement")
    view.set_metric("20x worse", ("95 % CI 2 456 to 2 568 times", "CI 2 456 to 2 568"))
    assert [line.rstrip() for line in view.paint(width, 4).text()[2:]] == expected


def test_a_card_without_a_value_says_why_where_there_is_one_row_for_both() -> None:
    view = MetricCard("adaptive MSE")
    view.set_metric("-", ("1 of 100 steps is NaN", "1 of 100 NaN"))
    assert view.paint(16, 2).text()[1].rstrip() == "▎ 1 of 100 NaN"


def test_a_label_that_does_not_fit_is_another_word() -> None:
    view = MetricCard("adaptive MSE", "adaptive")
    view.set_metric("1")
    assert view.paint(12, 2).text()[0].rstrip() == "▎ adaptive"
