"""The small drawings: braille, bars, canvas runs, colours, smoothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tttui.draw import bars, braille, colours
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, narrow
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII, GLYPHS, UNICODE, Glyphs
from tttui.draw.palette import PALETTES, Palette
from tttui.model.text import visible
from tttui.model.transactions import STATUSES
from tttui.plots.errors import exponential


def test_every_dot_of_a_braille_cell_has_its_bit() -> None:
    for number in range(8):
        dots = np.zeros((4, 2), dtype=np.bool_)
        row, column = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)][number]
        dots[row, column] = True
        assert braille.pack(dots)[0, 0] == 1 << number


def test_a_diagonal_reads_as_one() -> None:
    assert braille.text(np.eye(8, dtype=np.bool_)) == ["⠑⢄  ", "  ⠑⢄"]


def test_a_column_without_dots_is_empty() -> None:
    dots = braille.spans(np.array([0, 5]), np.array([1, 4]), 4)
    assert dots.T.tolist() == [[False, False, True, True], [False] * 4]


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=list(GLYPHS))
def test_every_status_has_a_glyph_of_its_own(glyphs: Glyphs) -> None:
    results = [glyphs.status(name) for name in STATUSES]
    assert len(set(results)) == len(STATUSES)
    assert all(len(glyph) == 1 for glyph in results)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_every_status_has_a_colour_of_its_own(palette: Palette) -> None:
    results = {palette.status(name) for name in STATUSES}
    assert len(results) == len(STATUSES)


def test_the_ascii_glyphs_are_ascii() -> None:
    texts = [ASCII.heavy, ASCII.bars, ASCII.fills, ASCII.curve_marks, ASCII.worse]
    assert all(text.isascii() for text in [*texts, *ASCII.statuses.values(), ASCII.ellipsis])


def test_a_row_is_one_segment_for_each_run_of_a_style() -> None:
    canvas = Canvas(1, 10)
    canvas.write(0, 1, "ab", 0xFF0000)
    canvas.write(0, 5, "cd", 0xFF0000)
    canvas.write(0, 7, "e", 0x00FF00, bold=True)
    assert [segment.text for segment in canvas.lines()[0]] == [" ", "ab  cd", "e  "]


def test_text_beyond_the_edges_is_cut_off() -> None:
    canvas = Canvas(1, 4)
    canvas.write(0, -1, "abcdef", 0)
    canvas.write(7, 0, "nothing", 0)
    assert canvas.text() == ["bcde"]


def test_a_ramp_runs_from_its_first_to_its_last_stop() -> None:
    result = colours.ramp((0x000000, 0xFFFFFF), 5)
    assert (result[0], result[2], result[-1]) == (0x000000, 0x808080, 0xFFFFFF)


def test_a_missing_value_has_no_shade() -> None:
    shades = colours.shade(np.array([0.0, np.nan, 2.0]), (1, 2, 3))
    assert shades.tolist() == [1, colours.DEFAULT, 3]


def sparkline(y: list[float], width: int, height: int = 1, glyphs: Glyphs = UNICODE) -> list[str]:
    canvas = Canvas(height, width)
    series = Series(np.arange(len(y)), np.array(y))
    bars.sparkline(canvas, (0, 0, width, height), series, 0, glyphs)
    return canvas.text()


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 4) == ["⣀⣤⣶⣿"]


def test_a_sparkline_has_two_columns_a_cell() -> None:
    assert sparkline([0, 3, 0, 3], 2) == ["⣸⣸"]


def test_a_sparkline_of_two_rows_fills_from_below() -> None:
    assert sparkline([0, 1, 2, 3], 2, 2) == [" ⣼", "⣰⣿"]


def test_a_sparkline_without_braille_is_a_ramp() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, glyphs=ASCII) == [".:-=+*#@"]
    assert sparkline([0, 1, 2, 3], 4, 2, ASCII) == ["  -@", ".*@@"]


def test_a_sparkline_of_what_spreads_far_is_logarithmic() -> None:
    assert sparkline([1e-6, 1e-6, 1e-5, 1e-5, 1e-4, 1e-4, 1e-3, 1e-3], 4) == ["⣀⣤⣶⣿"]


def test_a_sparkline_keeps_a_single_peak() -> None:
    assert "⣸" in sparkline([0.0] * 5000 + [9.0] + [0.0] * 5000, 10)[0]


def test_a_sparkline_of_equal_values_is_level() -> None:
    assert len(set(sparkline([2.0] * 9, 5)[0])) == 1


def test_a_sparkline_of_the_largest_numbers_has_a_shape() -> None:
    assert sparkline([-1.7e308, -1.7e308, 1.7e308, 1.7e308], 2) == ["⣀⣿"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sparkline_marks_where_a_sample_is_not_finite(value: float) -> None:
    assert sparkline([0, 1, 2, value, 4, 5, 6, 7], 4) == ["⣀✕⣶⣿"]
    assert sparkline([value] * 4, 4) == ["✕✕✕✕"]


def test_a_bar_is_filled_in_eighths() -> None:
    canvas = Canvas(1, 4)
    bars.bar(canvas, (0, 0, 4), 0.5 + 1 / 32, 0, 0, UNICODE)
    assert canvas.text() == ["██▏─"]


def recursion(y: list[float], span: float) -> list[float]:
    keep, total, weight, out = 1 - 2 / (span + 1), 0.0, 0.0, []
    for value in y:
        total, weight = total * keep, weight * keep
        if np.isfinite(value):
            total, weight = total + value, weight + 1
        out.append(total / weight if np.isfinite(value) else np.nan)
    return out


@settings(max_examples=60, deadline=None)
@given(
    y=st.lists(st.one_of(st.floats(0, 1e3), st.just(np.nan)), max_size=900),
    span=st.sampled_from([1.5, 3, 31, 400, 1e5]),
)
def test_smoothing_equals_the_recursion(y: list[float], span: float) -> None:
    result = exponential(np.array(y), span)
    np.testing.assert_allclose(result, recursion(y, span), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("column", "expected"),
    [(0, "loss -0.0149"), (2, "  loss …    "), (9, "         los"), (-6, "…            ")],
)
def test_a_number_at_the_edge_of_a_canvas_is_whole_or_a_mark(column: int, expected: str) -> None:
    canvas = Canvas(1, 12)
    end = canvas.write(0, column, "loss -0.0149", 0)
    assert canvas.text() == [expected[:12]]
    assert end == column + 12


@pytest.mark.parametrize(
    ("width", "expected"), [(9, "cond 2.32"), (8, "cond …"), (6, "cond …"), (4, "con…"), (1, "…")]
)
def test_a_text_is_shortened_before_its_number(width: int, expected: str) -> None:
    assert fit("cond 2.32", width) == expected


def test_what_counts_as_narrow_is_visible_and_takes_one_cell() -> None:
    results = [char for char in map(chr, range(0x3000)) if narrow(np.array([ord(char)]))]
    assert {"a", "─", "⣿", "é"} <= {*results}
    assert all(visible(char) == char and cell_len(char) == 1 for char in results)
    assert not narrow(np.array([ord("a"), ord("界")]))
