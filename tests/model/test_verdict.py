"""The verdict says what the numbers show, and no more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tttui.dynamics import identify
from tttui.model.arrays import Floats
from tttui.model.session import Meta, Place, SessionData
from tttui.model.steps import Steps
from tttui.model.transactions import Transactions
from tttui.model.verdict import (
    HIGHEST_MU,
    final_improvement,
    improvement,
    percent_text,
    verdict,
)


def steps_of(baseline: Floats, adaptive: Floats, chunk: int = 32) -> Steps:
    t = np.arange(len(baseline))
    tried = (t > 0) & (t % chunk == 0)
    return Steps(t, baseline, adaptive, tried, tried)


def events_of(status: list[int], implied_mu: list[float] | None = None) -> Transactions:
    n = len(status)
    none = np.full(n, np.nan)
    return Transactions(
        t=32 * np.arange(1, n + 1),
        status=np.array(status),
        pre_loss=none,
        post_loss=none,
        grad_norm=none,
        pre_max_h=none,
        post_max_h=none,
        lr=none,
        implied_mu=none if implied_mu is None else np.array(implied_mu),
    )


def session(steps: Steps, events: Transactions | None = None, **meta: Any) -> SessionData:
    return SessionData(
        Place(Path("s"), "native"),
        meta=Meta(**meta),
        steps=steps,
        transactions=events or events_of([0] * int(steps.update_ok.sum())),
    )


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


def test_the_final_window_is_shorter_when_there_are_fewer_steps() -> None:
    assert final_improvement(steps_of(np.ones(30), np.ones(30))).n == 30


def test_a_better_session_is_called_better_with_its_interval_and_its_mu() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 15 + [1] * 3, [0.121] * 18), mu=0.123))
    assert said.tone == "better"
    assert "better than frozen over the last 100 steps (95 % CI" in said.sentence
    assert "15 of 18 updates committed" in said.sentence
    assert "imply mu 0.1210, the truth is 0.1230" in said.sentence


def test_an_answer_at_the_end_of_what_was_tested_is_told_as_such() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 18, [HIGHEST_MU] * 18), mu=0.123))
    assert "imply mu 0.5 or more, the truth is 0.1230" in said.sentence
    assert identify.MU_GRID[-1] == HIGHEST_MU


def test_weights_that_were_asked_tell_what_no_transaction_does() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 18), mu=0.123), implied=0.2)
    assert "imply mu 0.2000, the truth is 0.1230" in said.sentence


def test_a_worse_session_is_called_worse_before_anything_else() -> None:
    said = verdict(session(steps_of(noisy(1.0), noisy(8.0, seed=1)), events_of([0] + [2] * 17)))
    assert said.tone == "worse"
    assert said.sentence.startswith("Test-time training makes things worse here.")
    assert "times worse than frozen" in said.sentence
    assert "Most updates were rolled back, most often for gradient norm (17)." in said.sentence


def test_no_difference_is_not_called_one() -> None:
    said = verdict(session(steps_of(noisy(1.0), noisy(1.0, seed=1))))
    assert said.tone == "unclear"
    assert "includes zero" in said.sentence


def test_too_few_steps_are_said_to_be_too_few() -> None:
    said = verdict(session(steps_of(noisy(1.0, 40), noisy(0.1, 40))))
    assert said.sentence.startswith("Too few steps to tell: 40 recorded, 8 since the first commit")


def test_a_session_without_commits_is_the_frozen_model() -> None:
    errors = noisy(1.0)
    t = np.arange(600)
    steps = Steps(t, errors, errors, np.zeros(600, np.bool_), np.zeros(600, np.bool_))
    assert "No update was tried in 600 steps" in verdict(session(steps)).sentence


def test_a_fork_without_commits_is_what_it_was_forked_from() -> None:
    errors = noisy(1.0)
    t = np.arange(600)
    steps = Steps(t, errors, errors / 2, np.zeros(600, np.bool_), np.zeros(600, np.bool_))
    said = verdict(session(steps, parent_session_id="a", mu=0.1)).sentence
    assert said.endswith("so adaptive is still the model that it was forked from.")


def test_an_adaptive_error_that_is_not_finite_is_a_breakdown() -> None:
    adaptive = noisy(1.0)
    adaptive[-5] = np.nan
    said = verdict(session(steps_of(noisy(1.0), adaptive)))
    assert said.tone == "worse"
    assert "not finite" in said.sentence


def test_an_empty_session_has_nothing_to_judge() -> None:
    empty = SessionData(Place(Path("s"), "native"))
    assert verdict(empty).sentence.startswith("There is nothing to judge yet")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (84.4, "84"),
        (99.72, "99.7"),
        (99.987, "99.98"),
        (99.99999, "99.9999"),
        (100.0, "100"),
        (3.21, "3.2"),
        (-1234567.0, "-1 234 567"),
        (-8.06, "-8.1"),
    ],
)
def test_percentages_never_round_up_to_100(value: float, shown: str) -> None:
    assert percent_text(value) == shown
