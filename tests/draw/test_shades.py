"""Tints behind curves: where they reach to, and how they show through each other."""

import numpy as np
import pytest

from tttui.draw.canvas import REVERSED, Canvas
from tttui.draw.colours import over
from tttui.draw.glyphs import UNICODE
from tttui.draw.shades import Shades

GROUND, BLUE, GREY = 0x101010, 0x102040, 0x202020


def painted(*layers: tuple[float, float, int], taken: bool = False) -> Canvas:
    """One column of four cells with tints from low to high, of fractions of the height."""
    shades, canvas = Shades(4, 1, GROUND), Canvas(4, 1)
    for low, high, tint in layers:
        shades.lay(np.full(2, low), np.full(2, high), tint)
    grids = (canvas.char, canvas.ink, canvas.paper, canvas.marks)
    shades.paint(grids, np.full((4, 1), not taken), UNICODE.bars)
    return canvas


@pytest.mark.parametrize("eighth", range(1, 8))
def test_an_upper_edge_is_exact_to_an_eighth_of_a_cell(eighth: int) -> None:
    canvas = painted((0, (2 + eighth / 8) / 4, BLUE))
    assert canvas.paper[:, 0].tolist() == [-1, -1, BLUE, BLUE]
    assert chr(canvas.char[1, 0]) == UNICODE.bars[eighth]
    assert canvas.ink[1, 0] == BLUE


@pytest.mark.parametrize("eighth", range(1, 8))
def test_so_is_a_lower_one_by_what_it_leaves_free(eighth: int) -> None:
    canvas = painted(((1 + eighth / 8) / 4, 1, BLUE))
    assert canvas.paper[:, 0].tolist() == [BLUE, BLUE, -1, -1]
    assert chr(canvas.char[2, 0]) == UNICODE.bars[eighth]
    assert (canvas.ink[2, 0], canvas.marks[2, 0]) == (BLUE, REVERSED)


def test_a_cell_that_holds_something_else_is_tinted_as_soon_as_the_range_reaches_it() -> None:
    canvas = painted((0, 0.51, BLUE), taken=True)
    assert canvas.paper[:, 0].tolist() == [-1, BLUE, BLUE, BLUE]


def test_where_two_overlap_both_show() -> None:
    canvas = painted((0, 0.75, BLUE), (0.25, 1, GREY))
    assert canvas.paper[:, 0].tolist() == [GREY, *2 * [over(BLUE, GREY, GROUND)], BLUE]


def test_no_range_is_no_tint() -> None:
    assert (painted((np.nan, np.nan, BLUE)).paper == -1).all()
