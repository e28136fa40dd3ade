"""The verdict says what the numbers show, and no more."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recorded import make_recorded, small_module
from tttui.artifacts.reader import SessionReader
from tttui.model.arrays import Floats
from tttui.model.pointmass.configuration import configuration_of
from tttui.model.schema import MU
from tttui.model.session import Meta, Place, SessionData
from tttui.model.steps import Steps
from tttui.model.transactions import STATUSES, Transactions
from tttui.model.verdict import Verdict, verdict
from tttui.tasks.pointmass import identify


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


def test_a_better_session_is_called_better_with_its_interval_and_its_mu() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 15 + [1] * 3, [0.121] * 18), truth=0.123))
    assert said.tone == "better"
    assert "better than frozen over the last 100 steps (95 % CI" in said.sentence
    assert "15 of 18 transactions committed" in said.sentence
    assert said.sentence.endswith("The newest weights imply mu 0.121; the truth is 0.123.")


def test_an_answer_at_the_end_of_what_was_tested_is_told_as_such() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 18, [MU.highest] * 18), truth=0.123))
    assert "imply mu 0.5 or more; the truth is 0.123" in said.sentence
    assert identify.MU_GRID[-1] == MU.highest


def test_weights_that_were_asked_tell_what_no_transaction_does() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    said = verdict(session(steps, events_of([0] * 18), truth=0.123), implied=0.2)
    assert "imply mu 0.2; the truth is 0.123" in said.sentence


def test_a_friction_that_was_changed_is_told_with_the_first_one() -> None:
    steps = steps_of(noisy(1.0), noisy(0.1, seed=1))
    events = events_of([0] * 18, [0.3] * 18)
    known = configuration_of({"mu_schedule": [[300, 0.3]]})
    planned = session(steps, events, truth=0.05, configuration=known)
    live = replace(session(steps, events, truth=0.05), truth_set=((300, 0.3),))
    for data in (planned, live):
        assert verdict(data).sentence.endswith("the truth is 0.3 (was 0.05).")


def test_a_worse_session_is_called_worse_before_anything_else() -> None:
    said = verdict(session(steps_of(noisy(1.0), noisy(8.0, seed=1)), events_of([0] + [2] * 17)))
    assert said.tone == "worse"
    assert said.sentence.startswith("Test-time training makes things worse here.")
    assert "times worse than frozen" in said.sentence
    assert "Most transactions were rolled back, most often for gradient norm (17)." in said.sentence


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
    assert "No transaction was tried in 600 steps" in verdict(session(steps)).sentence


def test_a_fork_without_commits_is_what_it_was_forked_from() -> None:
    errors = noisy(1.0)
    t = np.arange(600)
    steps = Steps(t, errors, errors / 2, np.zeros(600, np.bool_), np.zeros(600, np.bool_))
    said = verdict(session(steps, parent_session_id="a", truth=0.1)).sentence
    assert said.endswith("so adaptive is still the model that it was forked from.")


def test_an_adaptive_error_that_is_infinite_to_the_end_is_called_divergence() -> None:
    adaptive = noisy(1.0)
    adaptive[550:] = np.inf
    said = verdict(session(steps_of(noisy(1.0), adaptive)))
    assert said.tone == "worse"
    assert said.sentence.startswith("Adaptive diverged: its error is infinite since step 550.")


def test_an_adaptive_error_that_is_nan_to_the_end_is_a_breakdown() -> None:
    adaptive = noisy(1.0)
    adaptive[-5:] = np.nan
    said = verdict(session(steps_of(noisy(1.0), adaptive)))
    assert said.tone == "worse"
    assert said.sentence.startswith("Adaptive broke down: its error is NaN since step 595.")


def test_a_step_that_is_nan_is_named_and_the_others_are_judged() -> None:
    adaptive = noisy(0.1, seed=1)
    adaptive[-5] = np.nan
    said = verdict(session(steps_of(noisy(1.0), adaptive)))
    assert said.tone == "unclear"
    assert said.sentence.startswith(
        "No mean to compare (adaptive: 1 of 100 steps is NaN). "
        "Over the other 99 steps adaptive is 9"
    )


def test_a_frozen_model_without_an_error_cannot_be_beaten() -> None:
    said = verdict(session(steps_of(np.zeros(600), noisy(1.0))))
    assert said.tone == "worse"
    assert said.sentence.startswith("Adaptive is worse than frozen, which makes no error")


@pytest.mark.parametrize("missing", ["frozen", "adaptive"])
def test_a_curve_that_is_not_there_is_named(missing: str) -> None:
    none, some = np.full(600, np.nan), noisy(1.0)
    steps = steps_of(*((none, some) if missing == "frozen" else (some, none)))
    said = verdict(session(steps))
    assert said.sentence.startswith(f"Nothing to compare: there is no {missing} curve.")
    assert said.improvement is not None
    assert said.improvement.why_none == f"no {missing} curve"


ODD = [np.nan, np.inf, 0.0, 5e-324, 1.0, 1e308]


@pytest.mark.parametrize("frozen", ODD)
@pytest.mark.parametrize("adaptive", ODD)
@pytest.mark.parametrize("n", [5, 600])
def test_no_sentence_holds_a_number_that_is_none(frozen: float, adaptive: float, n: int) -> None:
    baseline, changed = np.ones(n), np.ones(n)
    baseline[-3:], changed[-2:] = frozen, adaptive
    said = verdict(session(steps_of(baseline, changed, chunk=2))).sentence
    assert not re.search(r"\b(nan|inf)\b", said)


def failing() -> Verdict:
    steps = steps_of(noisy(1.0), noisy(8.0, seed=1))
    return verdict(session(steps, events_of([0] + [2] * 17, [0.2] * 18), truth=0.1))


@pytest.mark.parametrize("room", range(92, 500, 5))
def test_a_failure_is_said_whatever_the_room(room: int) -> None:
    said = failing().shortened(lambda text: len(text) <= room, "MORE")
    assert said.startswith("Test-time training makes things worse here. Adaptive is ")
    assert "times worse than frozen" in said
    assert said.endswith("MORE") == (said != failing().sentence)


def test_clauses_are_left_out_from_the_least_important_on() -> None:
    said = failing()

    def in_room(n: int) -> str:
        return said.shortened(lambda text: len(text) <= n, "MORE")

    kept = [in_room(n) for n in range(92, 500)]
    whole, without_mu, *others, least = dict.fromkeys(kept[::-1])
    assert whole == said.sentence
    assert "imply" not in without_mu
    assert "Most transactions were rolled back." in others[-2]
    assert least.endswith("times worse than frozen. MORE")


@settings(max_examples=100, deadline=None)
@given(room=st.integers(0, 400))
def test_what_is_left_of_a_verdict_fits_and_is_marked(room: int) -> None:
    whole = failing().sentence
    said = failing().shortened(lambda text: len(text) <= room, "…")
    assert len(said) <= room
    assert said in ("", whole) or said.endswith("…")


def test_an_empty_session_has_nothing_to_judge() -> None:
    empty = SessionData(Place(Path("s"), "native"))
    assert verdict(empty).sentence.startswith("There is nothing to judge yet")


def test_a_recorded_session_without_updates_is_judged_by_its_losses(tmp_path: Path) -> None:
    place = make_recorded(tmp_path / "r", updates=False)
    data = SessionReader(place).refresh()
    steps = replace(data.steps, adaptive=0.5 * data.steps.frozen)
    said = verdict(replace(data, steps=steps))
    assert said.tone == "better"
    assert "with no update recorded" in said.sentence
    assert "the same model" in verdict(data).sentence


def test_a_recorded_session_says_its_persons_reason(tmp_path: Path) -> None:
    place = make_recorded(tmp_path / "r", model=small_module())
    data = SessionReader(place).refresh()
    events = data.transactions
    status = np.where(np.arange(len(events)) < 3, 0, len(STATUSES))
    rolled = replace(data, transactions=replace(events, status=status))
    assert 'most often for "Entropy too high"' in verdict(rolled).sentence
