"""The model as a flow of boxes, at any width."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw.diagram import diagram
from tttui.draw.glyphs import ASCII, UNICODE
from tttui.draw.look import Look
from tttui.draw.palette import DARK
from tttui.draw.prose import Prose, filling, stacked

SHAPES = {"W_u": (16, 6), "B": (32, 16), "W_o": (4, 32), "a_raw": (32,)}


@pytest.mark.parametrize(("width", "height"), [(160, 6), (120, 6), (80, 6), (50, 9)])
def test_every_width_has_all_parts_and_sizes(width: int, height: int) -> None:
    shown = " ".join(diagram(SHAPES, width, height, Look()).text()).replace(" ", "")
    for part in ("W_u16x6", "B32x16", "W_o4x32", "decay"):
        assert part in shown


@pytest.mark.parametrize("width", [160, 120, 80])
def test_plastic_and_frozen_parts_have_other_frames(width: int) -> None:
    shown = "".join(diagram(SHAPES, width, 6, Look()).text())
    assert "║" in shown
    assert "│" in shown
    assert "plastic" in shown
    assert "frozen" in shown


def test_without_box_characters_the_frames_differ_too() -> None:
    shown = "".join(diagram(SHAPES, 160, 6, Look(glyphs=ASCII)).text())
    assert shown.isascii()
    assert "# W_u 16 x 6 #" in shown
    assert "| h' = decay * h + B u |" in shown


def test_sizes_that_no_file_tells_are_question_marks() -> None:
    assert "W_u ?" in "".join(diagram({}, 160, 6, Look()).text())


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(0, 200),
    height=st.integers(0, 12),
    u=st.integers(1, 4096),
    n=st.integers(1, 4096),
)
def test_any_size_fits(width: int, height: int, u: int, n: int) -> None:
    shapes = {"W_u": (u, 6), "B": (n, u), "W_o": (4, n), "a_raw": (n,)}
    canvas = diagram(shapes, width, height, Look())
    assert (canvas.rows, canvas.columns) == (height, width)


def test_a_bar_shows_even_a_tiny_share() -> None:
    assert filling(1e-9, 10, UNICODE) == "▏"
    assert filling(0.0, 10, UNICODE) == ""
    assert filling(1.0, 10, UNICODE) == "█" * 10
    assert filling(float("nan"), 10, UNICODE) == ""


@given(shares=st.lists(st.floats(0.01, 100), min_size=1, max_size=4), width=st.integers(1, 120))
def test_a_stacked_bar_is_as_wide_as_asked_for(shares: list[float], width: int) -> None:
    parts = [("part", share, DARK.text) for share in shares]
    assert sum(len(text) for text, _, _ in stacked(parts, width, "█▓▒░")) == width


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=80), width=st.integers(8, 60))
def test_sentences_keep_to_the_width(text: str, width: int) -> None:
    lines = Prose(width, Look()).say(text).lines
    assert all(sum(len(part[0]) for part in line) <= width for line in lines)
    assert np.all([len(line) == 1 for line in lines])
