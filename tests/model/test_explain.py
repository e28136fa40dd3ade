"""Transactions explained with the thresholds of their own session."""

import pytest

from tttui.model.explain import explain, gates
from tttui.model.transactions import Transaction

PLASTICITY = {"rollback_tol": 0.2, "grad_norm_max": 20.0, "state_norm_max": 1e6, "probation": 1.2}


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            Transaction(64, "rollback_loss_regression", pre_loss=0.05667, post_loss=0.0890),
            "Rolled back because post_loss (0.0890) exceeded pre_loss x 1.20 (0.0680).",
        ),
        (
            Transaction(96, "rollback_grad_norm", grad_norm=25.0),
            "Rolled back because grad_norm (25.0) exceeded the threshold (20.0); "
            "no step was taken.",
        ),
        (
            Transaction(32, "commit", pre_loss=0.5, post_loss=0.29),
            "Committed: the loss fell by 42 % and every gate passed.",
        ),
        (
            Transaction(32, "commit", pre_loss=1.0, post_loss=1.03),
            "Committed although the loss rose by 3 %: inside the tolerance of 20 %.",
        ),
        (
            Transaction(32, "rollback_non_finite", pre_loss=float("nan"), grad_norm=1.0),
            "Rolled back because a value was not finite in pre_loss; the weights are untouched. "
            "No step was taken.",
        ),
        (
            Transaction(32, "rollback_non_finite", pre_loss=1.0, grad_norm=1.0),
            "Rolled back because something that was observed since the last transaction was not "
            "finite; the weights are untouched. No step was taken.",
        ),
        (
            Transaction(32, "rollback_non_finite", pre_loss=1.0, grad_norm=1.0, post_loss=0.5),
            "Rolled back because the step led to weights that are not finite; the weights are "
            "untouched.",
        ),
        (
            Transaction(32, "rollback_state_norm", pre_max_h=1.0, post_max_h=2e6),
            "Rolled back because the replayed state norm (2.00e+06) exceeded the threshold "
            "(1.00e+06).",
        ),
        (
            Transaction(128, "rollback_live_regression", to_t=64),
            "Rolled back because the live error on the unseen steps since the last transaction "
            "exceeded 1.2 x the frozen model's. The weights went back to those of step 64.",
        ),
        (
            Transaction(
                128,
                "rollback_live_regression",
                to_t=0,
                live_mse=0.052,
                live_frozen_mse=0.031,
                live_steps=32,
            ),
            "Rolled back because the live error on the 32 unseen steps since the last transaction "
            "(0.0520) exceeded 1.2 x the frozen model's (1.2 x 0.0310 = 0.0372). The weights went "
            "back to the first ones.",
        ),
    ],
)
def test_each_outcome_is_explained_with_its_numbers(event: Transaction, sentence: str) -> None:
    assert explain(event, PLASTICITY) == sentence


def test_numbers_that_are_close_get_the_digits_that_tell_them_apart() -> None:
    said = explain(Transaction(96, "rollback_grad_norm", grad_norm=20.004), PLASTICITY)
    assert "grad_norm (20.004) exceeded the threshold (20.000)" in said
    said = explain(Transaction(1, "rollback_loss_regression", 1.0, 1.201), {"rollback_tol": 0.2005})
    assert "post_loss (1.2010) exceeded pre_loss x 1.2005 (1.2005)" in said


def test_a_missing_threshold_is_said_to_be_missing() -> None:
    event = Transaction(64, "rollback_loss_regression", pre_loss=1.0, post_loss=2.0)
    assert "the tolerance is not recorded" in explain(event, {})


def test_a_commit_that_was_taken_back_says_when() -> None:
    event = Transaction(32, "commit", pre_loss=0.5, post_loss=0.29)
    said = explain(event, PLASTICITY, undone_at=96)
    assert said.endswith("Undone at t 96, where earlier weights were restored.")


def test_probation_is_a_gate_where_both_errors_are_recorded() -> None:
    event = Transaction(
        64, "rollback_live_regression", to_t=32, live_mse=0.3, live_frozen_mse=0.2, live_steps=32
    )
    (gate,) = gates(event, PLASTICITY)
    assert (gate.name, gate.value, gate.passed) == ("live error", 0.3, False)
    assert gate.limit == pytest.approx(0.24)
    assert gates(event, {**PLASTICITY, "probation": 0.0}) == []


def test_an_unknown_status_is_named() -> None:
    assert "'rollback_moon'" in explain(Transaction(1, "rollback_moon"), PLASTICITY)


def test_gates_tell_how_close_the_transaction_came() -> None:
    event = Transaction(32, "commit", 1.0, 0.6, grad_norm=5.0, pre_max_h=2.0, post_max_h=3.0)
    shares = {gate.name: gate.share for gate in gates(event, PLASTICITY)}
    assert shares == pytest.approx({"gradient norm": 0.25, "loss after": 0.5, "state norm": 3e-6})


def test_a_gate_that_is_recorded_and_known_from_the_settings_is_listed_once() -> None:
    met = [
        {"name": "grad_norm", "value": 4.1, "limit": 100.0, "passed": True},
        {"name": "loss_regression", "value": 0.9, "limit": 1.3, "passed": True},
        {"name": "drift", "value": 2.0, "limit": 1.0, "passed": False},
    ]
    event = Transaction(3, "commit", pre_loss=1.0, post_loss=0.9, grad_norm=4.1, raw={"gates": met})
    found = [(gate.name, gate.limit) for gate in gates(event, PLASTICITY)]
    assert found == [("gradient norm", 100.0), ("loss after", 1.3), ("drift", 1.0)]


def test_a_nan_passes_no_gate() -> None:
    (gate,) = gates(Transaction(32, "x", grad_norm=float("nan")), PLASTICITY)
    assert not gate.passed


def test_a_commit_without_gates_claims_none() -> None:
    said = explain(Transaction(32, "commit", pre_loss=0.5, post_loss=0.29), {})
    assert said == "Committed: the loss fell by 42 %; no gate was recorded."
    assert explain(Transaction(32, "commit"), {}) == "Committed; no gate was recorded."


@pytest.mark.parametrize(
    ("post", "said"),
    [
        (0.996, "fell by 0.4 %"),
        (0.99995, "fell by 0.005 %"),
        (1 - 1e-9, "fell by less than 0.001 %"),
        (1.0, "stayed the same"),
    ],
)
def test_a_small_gain_is_not_said_to_be_nothing(post: float, said: str) -> None:
    event = Transaction(32, "commit", pre_loss=1.0, post_loss=post)
    assert explain(event, {}) == f"Committed: the loss {said}; no gate was recorded."
