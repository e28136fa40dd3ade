"""The numbers of several sessions as bars and as a table."""

from dataclasses import replace

import pytest

from tests.model.test_compare import session
from tttui.draw import sidebyside
from tttui.draw.look import Look
from tttui.model.compare import Comparison, Metric, compare
from tttui.model.improvement import difference

NAMES = ("a-session-with-a-long-name-1", "a-session-with-a-long-name-2", "c")


def comparison_of(*metrics: Metric) -> Comparison:
    made = compare([session(name) for name in NAMES], [None] * 3)
    return replace(made, names=NAMES, metrics=metrics)


def lines(comparison: Comparison, width: int, height: int) -> list[str]:
    canvas = sidebyside.metric_bars(comparison, (width, height), Look())
    return [line.rstrip() for line in canvas.text()]


ERRORS = Metric("adaptive MSE", (2.6e-6, 2.43e-6, 0.562), "lower")
GAINS = Metric("improvement", (99.91, 48.0, -244_759.0), "higher", "%")


def test_an_improvement_says_its_direction_in_a_word() -> None:
    text = lines(comparison_of(GAINS), 60, 10)
    assert text[0] == "improvement (%)  higher is better"
    assert f"*{difference(GAINS.values[0])[0]}" in text[1]
    assert "times better" in text[1]
    assert "48 % better" in text[2]
    assert "worse" in text[3]


def test_an_improvement_fills_its_bar_with_a_hundred_percent_whatever_the_worst_is() -> None:
    text = lines(comparison_of(GAINS), 90, 10)
    full, half = (line.count("█") for line in text[1:3])
    assert abs(half / full - 0.48) < 0.1


def test_errors_that_spread_have_logarithmic_bars_that_say_so() -> None:
    text = lines(comparison_of(ERRORS), 80, 10)
    assert text[0] == "adaptive MSE  lower is better, log scale, 1e-6 to 1"
    least, most = text[1].count("█"), text[3].count("█")
    assert 0 < least < most


def test_errors_that_lie_close_together_are_drawn_from_zero() -> None:
    near = Metric("adaptive MSE", (1.0, 1.01, 0.99), "lower")
    text = lines(comparison_of(near), 80, 10)
    assert "log" not in text[0]
    bars = [line.count("█") for line in text[1:4]]
    assert max(bars) - min(bars) <= 1


def test_what_has_no_room_for_bars_is_a_row_of_a_table() -> None:
    rest = [Metric(f"metric {i}", (1.0, 2.0, 3.0)) for i in range(4)]
    text = lines(comparison_of(ERRORS, *rest), 80, 10)
    assert text[0].startswith("adaptive MSE")
    assert [line.split()[1] for line in text[5:9]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("width", [58, 80, 120])
def test_numbers_of_the_table_lose_digits_rather_than_being_cut(width: int) -> None:
    many = [ERRORS, GAINS, *(Metric(f"m {i}", (1.234e-5, 0.5678, 123.4)) for i in range(6))]
    text = lines(comparison_of(*many), width, 9)
    assert not any("…" in line for line in text[1:])
    for value in GAINS.values:
        assert any(form in line for form in difference(value) for line in text)


def test_sessions_are_told_apart_however_long_their_names_are() -> None:
    text = lines(comparison_of(ERRORS), 50, 10)
    names = [line.split()[1] for line in text[1:4]]
    assert len(set(names)) == 3


def test_a_metric_that_nobody_has_is_left_out() -> None:
    nothing = Metric("implied mu error", (None, None, None), "lower")
    assert not any("implied" in line for line in lines(comparison_of(ERRORS, nothing), 80, 12))
