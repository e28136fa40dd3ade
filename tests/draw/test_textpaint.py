"""The tints of a page: how much was saved at each character, both ways, and by more than colour."""

import numpy as np
import pytest

from tests.textruns import InMemory
from tttui.draw.canvas import REVERSED, UNDERLINED, Canvas
from tttui.draw.colours import DEFAULT
from tttui.draw.glyphs import ASCII, UNICODE
from tttui.draw.look import Look
from tttui.draw.palette import ANSI, COLOUR_BLIND, DARK, LIGHT, Palette
from tttui.draw.textpaint import Mark, levels, margin_of, paint_legend, paint_page, tints
from tttui.draw.textrows import TextRows
from tttui.model.document import Document

SIZE = (60, 4)


def painted(
    content: bytes,
    saved: list[float],
    mark: Mark | None = None,
    palette: Palette = DARK,
    size: tuple[int, int] = SIZE,
) -> tuple[Canvas, int]:
    """The page of a document at which so many bits were saved, and where its text begins."""
    losses = np.full((len(saved), 2), 5.0)
    losses[:, 0] += saved
    source = InMemory(content, losses)
    document = Document(len(content), len(saved), 64, 128, source)
    margin = margin_of(size[0], len(content))
    rows = TextRows(source, len(content), size[0] - margin - 1).page(0, size[1])
    glyphs = UNICODE if palette.tinted else ASCII
    mark = mark or Mark(len(content) - 1, until=len(content))
    return paint_page(rows, document, mark, size, Look(palette, glyphs)), margin


def test_levels_go_both_ways_and_end() -> None:
    bits = np.array([np.nan, 0, 0.9, 1, 2, 4, 50, -0.9, -1, -2, -4, -50])
    assert levels(bits).tolist() == [0, 0, 0, 1, 2, 3, 3, 0, -1, -2, -3, -3]


@pytest.mark.parametrize("palette", [DARK, LIGHT, COLOUR_BLIND])
def test_the_tint_tells_how_much_better_or_worse(palette: Palette) -> None:
    canvas, x = painted(b"abcdef", [4, 1, 0, -1, -4, 0], palette=palette)
    papers = tints(palette).paper
    result = canvas.paper[0, x : x + 5].tolist()
    assert result == [papers[3], papers[1], DEFAULT, papers[-1], papers[-3]]
    assert len(set(result)) == 5


def test_what_is_better_is_bold_and_what_is_worse_underlined_without_colours() -> None:
    canvas, x = painted(b"abcd.", [1, 0, -1, 0, 0], palette=ANSI)
    assert canvas.bold[0, x : x + 4].tolist() == [True, False, False, False]
    assert canvas.marks[0, x : x + 4].tolist() == [0, 0, UNDERLINED, 0]


def test_a_character_has_the_sum_of_its_bytes() -> None:
    canvas, x = painted("日.".encode(), [2, 1, 1, 0])
    papers = tints(DARK).paper
    assert canvas.paper[0, x : x + 2].tolist() == [papers[3], papers[3]]


def test_what_was_not_scored_has_no_tint_and_no_number() -> None:
    canvas, _ = painted(b"abc\ndef", [4.0, 4.0, 4.0, 4.0], Mark(0, (0, 1), 4))
    assert "+4.00" in canvas.text()[0]
    assert "+" not in canvas.text()[1]
    assert (canvas.paper[1] == DEFAULT).all()
    assert canvas.ink[1, margin_of(SIZE[0], 7)] == DARK.frame


def test_a_frozen_model_that_was_not_asked_leaves_the_bytes_plain() -> None:
    canvas, x = painted(b"ab.", [np.nan, 4.0, 0.0])
    assert canvas.paper[0, x] == DEFAULT
    assert canvas.paper[0, x + 1] == tints(DARK).paper[3]


def test_the_future_is_paler() -> None:
    canvas, x = painted(b"abcd", [4, 4, 4, 4], Mark(0, (0, 2), 2))
    assert canvas.paper[0, x + 2] == tints(DARK).pale[3]
    assert canvas.ink[0, x + 2] == DARK.muted


@pytest.mark.parametrize(("palette", "sign"), [(DARK, UNDERLINED), (ANSI, REVERSED)])
def test_the_window_of_the_cursor_is_marked(palette: Palette, sign: int) -> None:
    canvas, x = painted(b"abcdef", [0.0] * 6, Mark(5, (1, 4), 6), palette)
    assert canvas.marks[0, x : x + 5].tolist() == [0, sign, sign, sign, 0]


def test_matches_are_marked() -> None:
    canvas, x = painted(b"abcdef", [0.0] * 6, Mark(5, (5, 6), 6, ((1, 3),)))
    assert canvas.marks[0, x : x + 4].tolist() == [0, UNDERLINED, UNDERLINED, 0]
    assert canvas.ink[0, x + 1] == DARK.warn


def test_the_margin_has_offset_and_bits_per_byte() -> None:
    canvas, _ = painted(b"abcd\nefgh\n.", [2.0] * 5 + [-1.0] * 5)
    first, second = canvas.text()[:2]
    assert first.split()[:2] == ["0", "+2.00"]
    assert second.split()[:2] == ["5", "-1.00"]


def test_the_margin_goes_where_the_text_would_have_no_room() -> None:
    assert margin_of(24, 1_000_000) == 0


@pytest.mark.parametrize("palette", [DARK, ANSI])
def test_the_legend_has_numbers(palette: Palette) -> None:
    canvas = Canvas(1, 80)
    end = paint_legend(canvas, 0, 0, "bits", Look(palette, UNICODE))
    assert end <= 80
    assert "better" in canvas.text()[0]
    assert "worse" in canvas.text()[0]
    assert "1" in canvas.text()[0]
