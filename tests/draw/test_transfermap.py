"""The transfer matrix as a map."""

import numpy as np
import pytest

from tttui.draw import transfermap
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.palette import ANSI
from tttui.model.schema import MU
from tttui.model.transfer import Transfer

NAMES = ("slow", "never", "the-fast-one")

TESTED = Transfer(
    (0, 2),
    np.array([[2.391e-6, 5e-2], [8e-3, 1.49e-6]]),
    np.array([2.8e-3, 1.7e-3]),
    MU,
    (0.05, 0.2),
    512,
    ("never has no commit in force",),
)


def painted(width: int = 70, height: int = 20, names: tuple[str, ...] = NAMES) -> list[str]:
    canvas = transfermap.paint(TESTED, names, (width, height), Look())
    return [line.rstrip() for line in canvas.text()]


def test_rows_and_columns_carry_their_friction_and_the_base_has_a_row() -> None:
    text = painted()
    at = next(i for i, line in enumerate(text) if line.startswith("weights of"))
    assert text[at : at + 6] == [
        "weights of              in the world of",
        "                            1 slow  3 the…one",
        "                           mu 0.05     mu 0.2",
        "frozen base               2.80e-3    1.70e-3",
        "1 slow          mu 0.05 [2.39e-6*]    0.0500",
        "3 the-fast-one   mu 0.2   8.00e-3  [1.49e-6*]",
    ]


def test_the_conclusion_stands_first_and_who_is_left_out_below() -> None:
    text = painted()
    assert text[0].startswith("The diagonal wins in all 2 worlds")
    assert "Left out: never has no commit in force." in text


@pytest.mark.parametrize(
    ("width", "numbers"),
    [(34, ("2.8e-3", "2.4e-6*", "1.5e-6*")), (70, ("2.80e-3", "[2.39e-6*]", "[1.49e-6*]"))],
)
def test_numbers_lose_digits_where_there_is_little_room(
    width: int, numbers: tuple[str, ...]
) -> None:
    words = " ".join(painted(width)).split()
    assert [number for number in numbers if number not in words] == []


def test_the_colour_is_the_ratio_to_the_base_of_the_same_world() -> None:
    canvas = transfermap.paint(TESTED, NAMES, (70, 20), Look())
    text = canvas.text()
    top = next(i for i, line in enumerate(text) if line.startswith("frozen base"))
    at = text[top].index("2.80e-3"), text[top].index("1.70e-3")
    base, own, other = (
        [int(canvas.paper[row, column]) for column in at] for row in (top, top + 1, top + 2)
    )
    assert base[0] == base[1]
    assert own[0] != base[0]  # far better than the base
    assert own[1] not in (own[0], base[0])  # far worse
    assert other[0] not in (own[0], base[0])


def test_without_colours_the_numbers_stay() -> None:
    canvas = transfermap.paint(TESTED, NAMES, (70, 20), Look(ANSI, ASCII))
    assert "[2.39e-6*]" in "\n".join(canvas.text())
    assert len(np.unique(canvas.paper)) == 1


def test_what_does_not_fit_is_counted() -> None:
    names = tuple(f"session-{i}" for i in range(8))
    many = Transfer(tuple(range(8)), np.ones((8, 8)), np.ones(8), MU, tuple(np.arange(8) / 20), 512)
    text = " ".join(transfermap.paint(many, names, (60, 40), Look()).text())
    assert "3 more worlds do not fit" in " ".join(text.split())
