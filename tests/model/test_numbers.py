"""A number that is shown is the number, rounded; where it does not fit there is a mark."""

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.numbers import (
    MARK,
    choose,
    clipped,
    count_forms,
    forms,
    short,
    whole_until,
    within,
)

ANY = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e6, 1e6)
"""Of all magnitudes, and of those that are written without an exponent."""


def unit(text: str) -> Decimal:
    """What the last digit of a number counts."""
    mantissa, _, exponent = text.partition("e")
    return Decimal(f"1e{int(exponent or 0) - len(mantissa.partition('.')[2])}")


@settings(max_examples=300, deadline=None)
@given(value=ANY, cells=st.integers(0, 12), digits=st.integers(1, 6))
def test_what_is_shown_is_the_value_to_its_last_digit_or_the_mark(
    value: float, cells: int, digits: int
) -> None:
    text = within(value, cells, digits)
    assert len(text) <= cells
    if text not in ("", MARK):
        assert abs(Decimal(text) - Decimal(value)) <= unit(text) / 2


@settings(max_examples=300, deadline=None)
@given(value=ANY, cells=st.integers(9, 20))
def test_every_number_fits_into_nine_cells(value: float, cells: int) -> None:
    assert within(value, cells) != MARK


@settings(max_examples=100, deadline=None)
@given(value=ANY)
def test_less_room_never_shows_more(value: float) -> None:
    lengths = [len(text) for text in forms(value)]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(lengths)


@pytest.mark.parametrize(
    ("value", "cells", "text"),
    [
        (3.9e-3, 7, "3.90e-3"),
        (3.9e-3, 6, "3.9e-3"),
        (3.9e-3, 5, "4e-3"),
        (3.9e-3, 3, MARK),
        (-0.0149, 7, "-0.0149"),
        (-0.0149, 5, "-0.01"),
        (-0.0149, 3, MARK),
        (12345.6, 4, "1e4"),
        (0.5, 3, "0.5"),
        (None, 1, "-"),
        (0.0, 1, "0"),
        (1.0, 0, ""),
    ],
)
def test_digits_are_dropped_before_the_number_is(
    value: float | None, cells: int, text: str
) -> None:
    assert within(value, cells) == text


@settings(max_examples=100, deadline=None)
@given(n=st.integers(0, 10**15), cells=st.integers(0, 22))
def test_a_count_is_whole_or_rounded_never_cut(n: int, cells: int) -> None:
    text = choose(count_forms(n), cells)
    if text not in ("", MARK):
        assert math.isclose(float(text.replace(" ", "")), n, rel_tol=0.5, abs_tol=0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_whole_too(value: float) -> None:
    assert within(value, 4) == short(value)
    assert within(value, 2) == MARK


TEXTS = [
    "cond 2.32",
    "-0.01419",
    "3.59e-3 / 4.48e-3",
    "rank 13.63 of 16",
    "1 234 567 rows",
    "100 %",
    "12/15 committed",
]


def numbers_of(text: str) -> list[str]:
    return re.findall(r"[-+]?\d[\d.]*(?: \d{3})*(?:e[-+]?\d+)?", text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_is_cut_holds_no_part_of_a_number(text: str) -> None:
    for end in range(len(text) + 1):
        assert set(numbers_of(text[: whole_until(text, end)])) <= set(numbers_of(text))
        for start in range(end + 1):
            shown = clipped(text, start, end)
            assert len(shown) == end - start
            assert set(numbers_of(shown)) <= set(numbers_of(text))


def test_digits_of_a_name_are_cut_like_letters() -> None:
    assert clipped("session_00123", 0, 10) == "session_00"
    assert whole_until("session_00123", 10) == 10
