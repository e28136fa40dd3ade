"""Bars as text."""

import pytest

from tttui.draw.glyphs import ASCII, UNICODE
from tttui.draw.sparks import paired, sparks


def test_the_scale_is_logarithmic() -> None:
    assert sparks([1.0, 10.0**3.5, 1e7], UNICODE) in ("▁▄█", "▁▅█")


def test_noise_within_a_decade_stays_small() -> None:
    assert set(sparks([1.0, 1.1, 0.9, 1.0], UNICODE)) <= set("▄▅")


def test_what_is_not_finite_is_marked() -> None:
    assert sparks([1.0, None, 100.0], UNICODE)[1] == UNICODE.status("rollback_non_finite")


def test_an_error_of_zero_is_the_lowest_bar() -> None:
    assert sparks([0.0, 1.0, 100.0], UNICODE) == "▁▁█"


def test_every_value_can_be_seen_without_blocks() -> None:
    drawn = sparks([0.0, 1e-6, 1e-3, 1.0, None], ASCII)
    assert drawn.isascii()
    assert " " not in drawn


def test_nothing_is_drawn_of_nothing() -> None:
    assert sparks([], UNICODE) == ""


def test_half_as_many_bars_stand_for_two_each_counted_from_the_end() -> None:
    assert paired([9.0, 1.0, 4.0, 2.0, None]) == [9.0, pytest.approx(2.0), None]
    assert paired([0.0, 5.0]) == [5.0]
    assert paired([]) == []
