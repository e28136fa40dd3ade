"""Text of any script in cells: nothing moves what stands beside it, nothing acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tttui.draw.canvas import Canvas
from tttui.draw.cells import TAIL, cellwise, composed, fit, fit_end, joined, padded, wrapped
from tttui.draw.look import Look
from tttui.draw.prose import Prose
from tttui.model.text import visible

ANY = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("名前ラン e\u0301\u0e31😀\x1b\udcff"))
)


def test_a_wide_character_takes_two_cells_of_a_canvas() -> None:
    canvas = Canvas(1, 8)
    end = canvas.write(0, 0, "名a前", 0xFFFFFF)
    assert end == 5
    canvas.write(0, end, "|", 0xFFFFFF)
    assert canvas.text() == ["名a前|  "]


@pytest.mark.parametrize(
    ("column", "shown"), [(-1, " a前b   "), (3, "   名a前"), (4, "    名a "), (7, "        ")]
)
def test_half_of_a_wide_character_at_an_edge_is_a_blank(column: int, shown: str) -> None:
    canvas = Canvas(1, 8)
    canvas.write(0, column, "名a前b", 0xFFFFFF)
    text = canvas.text()[0]
    assert cell_len(text) == 8
    assert text.rstrip() == shown.rstrip()


def test_what_overwrites_half_of_a_wide_character_leaves_a_blank() -> None:
    canvas = Canvas(1, 6)
    canvas.write(0, 0, "名前名", 0xFFFFFF)
    canvas.write(0, 1, "ab", 0xFFFFFF)
    assert canvas.text() == [" ab 名"]


def test_a_decomposed_accent_is_drawn_on_its_letter() -> None:
    canvas = Canvas(1, 3)
    canvas.write(0, 0, "e\u0301a", 0xFFFFFF)
    assert canvas.text() == ["éa "]


@pytest.mark.parametrize("text", ["e\u0301名", "名\u0301", "\u0301名前\u0301", "名\u0301a|"])
def test_accents_beside_wide_characters_shift_nothing(text: str) -> None:
    cells = cellwise(text)
    assert len(cells) == cell_len(text)
    assert all(char == TAIL or cell_len(char) for char in cells)
    assert cells.index("\0") == cells.index("名") + 1
    canvas = Canvas(1, 8)
    canvas.write(0, canvas.write(0, 0, text, 0xFFFFFF), "|", 0xFFFFFF)
    assert canvas.text()[0].rstrip() == f"{composed(text)}|"


@given(ANY)
def test_what_is_composed_has_no_accents_of_its_own_and_the_same_cells(text: str) -> None:
    shown = composed(visible(text))
    assert all(map(cell_len, shown))
    assert cell_len(shown) == len(cellwise(visible(text)))


@given(ANY, st.integers(-4, 12), ANY, st.integers(-4, 12))
def test_every_line_of_a_canvas_is_visible_and_as_wide_as_the_canvas(
    one: str, at: int, other: str, there: int
) -> None:
    canvas = Canvas(1, 9)
    canvas.write(0, at, one, 0xFFFFFF)
    canvas.write(0, there, other, 0x00FF00, paper=0x0000FF)
    (line,) = canvas.lines()
    text = "".join(segment.text for segment in line)
    assert sum(cell_len(segment.text) for segment in line) == 9
    assert visible(text) == text
    assert canvas.text() == [text]


@given(ANY, st.integers(1, 20))
def test_a_text_is_cut_at_either_end_to_the_cells_there_are(text: str, width: int) -> None:
    for cut in (fit(text, width), fit_end(text, width)):
        assert cell_len(cut) <= width
        assert visible(cut) == cut
        assert cell_len(padded(cut, width)) == width


@given(ANY, st.integers(2, 20))
def test_prose_is_wrapped_to_the_cells_there_are_and_loses_no_character(
    text: str, width: int
) -> None:
    rows = wrapped(text, width)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(visible(text).split())


@given(ANY)
def test_cells_and_text_are_two_forms_of_the_same(text: str) -> None:
    shown = visible(text)
    assert cell_len(joined(cellwise(shown))) == len(cellwise(shown))


def test_prose_shows_a_hostile_value_in_its_column() -> None:
    prose = Prose(30, Look()).field("id", "\x1b]52;c;aGk=\x07\n名", 10)
    assert ["".join(part[0] for part in line) for line in prose.lines] == [
        r"id        \x1b]52;c;aGk=\x07\n",
        "          名",
    ]
