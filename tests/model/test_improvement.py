"""How much better adaptive is than frozen: estimate, interval, and the one rule of the words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.arrays import Floats
from tttui.model.improvement import (
    Improvement,
    compared,
    difference,
    final_improvement,
    improvement,
    interval_texts,
    percentiles,
    why_no_mean,
    why_texts,
)
from tttui.model.steps import Steps


def noisy(level: float, n: int = 600, seed: int = 0) -> Floats:
    return np.asarray(level * np.random.default_rng(seed).chisquare(4, n) / 4)


def test_improvement_is_the_share_of_the_frozen_error_that_is_gone() -> None:
    result = improvement(np.full(100, 2.0), np.full(100, 0.5))
    assert result.percent == pytest.approx(75)
    assert (result.low, result.high) == pytest.approx((75, 75))


def test_the_interval_holds_the_estimate_and_is_the_same_every_time() -> None:
    first, second = (improvement(noisy(1.0), noisy(0.5, seed=1)) for _ in range(2))
    assert first == second
    assert first.low < first.percent < first.high


def test_the_interval_covers_the_truth_about_as_often_as_it_claims() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        b, a = rng.chisquare(4, (2, 100)) / 4
        result = improvement(b, 0.8 * a)
        hits += result.low <= 20 <= result.high
    assert 0.88 <= hits / 200 <= 0.99


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=60),
    st.lists(st.floats(0, 100), max_size=3),
)
def test_percentiles_are_those_of_numpy_to_the_bit(values: list[float], at: list[float]) -> None:
    with np.errstate(all="ignore"):
        expected = np.percentile(values, at)
        assert np.array_equal(percentiles(np.array(values), at), expected, equal_nan=True)


def test_the_final_window_is_shorter_when_there_are_fewer_steps() -> None:
    t, none = np.arange(30), np.zeros(30, dtype=np.bool_)
    steps = Steps(t, np.ones(30), np.ones(30), none, none)
    assert final_improvement(steps).n == 30


@pytest.mark.parametrize(
    ("frozen", "adaptive", "text"),
    [
        (1.0, 0.16, "84 % better"),
        (1.0, 1.12, "12 % worse"),
        (1.0, 0.968, "3.2 % better"),
        (1.0, 1.0, "equal"),
        (1.0, 0.0101, "99 % better"),
        (1.0, 1.9, "90 % worse"),
        (1.0, 1 / 120, "120 times better"),
        (1.0, 20.3, "20 times worse"),
        (1.0, 1944.0, "1 944 times worse"),
        (1.0, 2e-4, "5 000 times better"),
        (1.0, 0.0, "100 % better"),
        (0.0, 1.0, "worse, frozen is 0"),
        (0.0, 0.0, "equal"),
        (1e-300, 1e300, "over 1e308 times worse"),
        (1.0, np.nan, "adaptive is NaN"),
        (1.0, np.inf, "adaptive diverged"),
        (np.nan, 1.0, "frozen is NaN"),
        (None, 1.0, "-"),
    ],
)
def test_a_difference_is_told_by_one_rule(
    frozen: float | None, adaptive: float | None, text: str
) -> None:
    assert compared(frozen, adaptive)[0] == text


RATIOS = st.floats(1e-12, 1e12) | st.floats(0.001, 3.0)


def ratio_of(text: str) -> tuple[float, float]:
    """The range of adaptive errors, the frozen one being 1, that a text stands for."""
    if text == "equal":
        return 1.0, 1.0
    amount, _, word = text.rpartition(" ")
    sign = -1 if word == "better" else 1
    number = amount.removesuffix("times").removesuffix("x").removesuffix("%").replace(" ", "")
    mantissa, _, exponent = number.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    ends = [float(number) - 0.51 * unit, float(number) + 0.51 * unit]
    if "%" in amount:
        results = [1 + sign * end / 100 for end in ends]
    else:
        results = [end**sign for end in ends]
    return min(results), max(results)


@settings(max_examples=300, deadline=None)
@given(frozen=st.floats(1e-6, 1e6), ratio=RATIOS)
def test_every_text_of_a_difference_says_what_it_is(frozen: float, ratio: float) -> None:
    for text in compared(frozen, frozen * ratio):
        low, high = ratio_of(text)
        assert low <= ratio * (1 + 1e-9)
        assert high >= ratio * (1 - 1e-9)


@settings(max_examples=200, deadline=None)
@given(percent=st.floats(-1e12, 99.9999))
def test_an_improvement_above_zero_is_better(percent: float) -> None:
    said = difference(percent)[0]
    assert said == "equal" or said.endswith("better" if percent > 0 else "worse")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (79.0, 88.0, "79 to 88 % better"),
        (-12.0, 18.0, "12 % worse to 18 % better"),
        (-300.0, 20.0, "4.0 times worse to 20 % better"),
        (-256_800.0, -245_600.0, "2 500 to 2 600 times worse"),
        (-150.0, -20.0, "20 % to 2.5 times worse"),
        (98.0, 99.5, "98 % to 200 times better"),
        (94.02, 94.04, "94.02 to 94.04 % better"),
        (75.0, 75.0, "75 to 75 % better"),
    ],
)
def test_an_interval_is_told_by_the_same_rule(low: float, high: float, text: str) -> None:
    assert interval_texts(low, high)[0] == text


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        ([], "no steps yet"),
        ([np.nan], "1 of 1 step is NaN"),
        ([1, np.nan, 1, 1], "1 of 4 steps is NaN"),
        ([np.nan, np.nan, 1], "2 of 3 steps are NaN"),
        ([np.inf, 1], "1 of 2 steps is infinite"),
        ([np.inf, np.nan, 1], "1 NaN and 1 infinite of 3 steps"),
        ([1e308, 1e308, 1e308], "the errors are too large for a mean"),
        ([1, 2, 3], ""),
    ],
)
def test_a_mean_that_is_none_is_explained(errors: list[float], why: str) -> None:
    assert why_no_mean(np.array(errors, dtype=np.float64)) == why


def test_an_explanation_gets_shorter_down_to_the_count() -> None:
    assert why_texts("adaptive: 1 of 100 steps is NaN") == (
        "adaptive: 1 of 100 steps is NaN",
        "1 of 100 steps is NaN",
        "1 of 100 NaN",
        "1 NaN",
    )


NUMBERS = st.floats(0, allow_infinity=False) | st.sampled_from([np.nan, np.inf, 0.0])


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40), same=st.booleans())
def test_what_is_no_number_has_a_reason(pairs: list[tuple[float, float]], same: bool) -> None:
    baseline = np.array([b for b, _ in pairs], dtype=np.float64)
    adaptive = baseline if same else np.array([a for _, a in pairs], dtype=np.float64)
    result: Improvement = improvement(baseline, adaptive)
    assert np.isfinite(result.percent) == (not result.why_none)
    assert np.isfinite([result.low, result.high]).all() == (not result.why_no_interval)
    assert bool(result.interval) == (not result.why_no_interval)


def test_a_higher_value_is_better_where_the_loss_says_so() -> None:
    rng = np.random.default_rng(0)
    frozen = 0.4 + 0.01 * rng.normal(size=100)
    result = improvement(frozen, frozen + 0.2, lower=False)
    assert result.tone == "better"
    assert result.percent == pytest.approx(50, abs=1)
    assert result.texts[0] == "50 % better"
    assert improvement(frozen, frozen - 0.2, lower=False).tone == "worse"


def test_a_large_gain_of_a_higher_value_is_a_factor() -> None:
    assert compared(0.18, 0.72, lower=False)[0] == "4.0 times better"
    assert compared(0.72, 0.18, lower=False)[0] == "75 % worse"
    assert difference(150.0, lower=False)[0] == "2.5 times better"
    assert interval_texts(100.0, 150.0, lower=False)[0] == "2.0 to 2.5 times better"


def test_a_negative_loss_is_compared_by_its_size() -> None:
    frozen = np.full(100, -2.0) + 0.01 * np.random.default_rng(0).normal(size=100)
    result = improvement(frozen, frozen - 1.0)
    assert result.tone == "better"
    assert result.texts[0] == "50 % better"
    assert result.interval[0].endswith("% better")


def test_only_steps_at_which_both_were_evaluated_are_compared() -> None:
    t = np.arange(400)
    evaluated = t % 4 == 0
    frozen = np.where(evaluated, 1.0 + 0.01 * np.sin(t), np.nan)
    flags = np.zeros(400, dtype=np.bool_)
    steps = Steps(t, frozen, np.full(400, 0.5), flags, flags, evaluated=evaluated)
    result = final_improvement(steps)
    assert result.n == 100
    assert result.tone == "better"
