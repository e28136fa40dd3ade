"""The gates and the rollbacks: every way in which an update can end."""

from typing import Any

import numpy as np
import pytest

from tests.tasks.pointmass.bases import drive, noisy, shipped
from tttui.dynamics.replay import UpdateOutcome
from tttui.model.arrays import PLASTIC
from tttui.model.pointmass.settings import Plasticity
from tttui.tasks.pointmass.engine import transaction as gates
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream

P = Plasticity()
NAN = np.asarray(np.nan)


def outcome(**numbers: Any) -> UpdateOutcome:
    """An outcome that passes every gate, with some numbers changed."""
    values: dict[str, Any] = {
        "pre_loss": 1.0,
        "post_loss": 0.5,
        "grad_norm": 1.0,
        "pre_max_h": 1.0,
        "post_max_h": 1.0,
        "lr": 0.01,
        **numbers,
    }
    weights = {k: np.ones((2, 2)) for k in PLASTIC}
    return UpdateOutcome(weights, weights, **{k: np.asarray(v) for k, v in values.items()})


def early(o: UpdateOutcome, broken: bool = False) -> int:
    return int(gates.before(o, np.asarray(broken), P))


def late(o: UpdateOutcome) -> int:
    return int(gates.after(o, P))


def test_a_good_step_passes_every_gate() -> None:
    assert early(outcome()) == late(outcome()) == gates.COMMIT


@pytest.mark.parametrize("name", ["pre_loss", "grad_norm"])
def test_a_nan_before_the_step_stops_it(name: str) -> None:
    assert early(outcome(**{name: NAN})) == gates.NON_FINITE


def test_a_gradient_at_the_limit_passes_and_above_it_does_not() -> None:
    assert early(outcome(grad_norm=P.grad_norm_max)) == gates.COMMIT
    assert early(outcome(grad_norm=P.grad_norm_max * 1.01)) == gates.GRADIENT


def test_an_observation_that_was_not_finite_stops_the_step() -> None:
    assert early(outcome(), broken=True) == gates.NON_FINITE


def test_a_nan_loss_after_the_step_fails() -> None:
    assert late(outcome(post_loss=NAN)) == gates.NON_FINITE


def test_a_worse_loss_fails_only_beyond_the_tolerance() -> None:
    assert late(outcome(post_loss=1.19)) == gates.COMMIT
    assert late(outcome(post_loss=1.21)) == gates.LOSS


@pytest.mark.parametrize("norm", [P.state_norm_max * 1.01, np.inf, np.nan])
def test_a_state_that_is_too_large_or_nan_fails(norm: float) -> None:
    assert late(outcome(post_max_h=norm)) == gates.STATE


@pytest.mark.parametrize("part", ["weights", "momentum"])
def test_a_nan_in_weights_or_optimizer_fails(part: str) -> None:
    o = outcome()
    spoiled = {**o.weights, "B": np.full((2, 2), np.nan)}
    values = {f: getattr(o, f) for f in UpdateOutcome.__dataclass_fields__}
    assert late(UpdateOutcome(**{**values, part: spoiled})) == gates.NON_FINITE


@pytest.mark.parametrize(
    ("frozen", "adaptive", "fails"),
    [(1.0, 1.2, False), (1.0, 1.21, True), (1.0, np.nan, True), (0.0, 0.0, False)],
)
def test_probation_fails_weights_that_are_worse_than_the_frozen_ones(
    frozen: float, adaptive: float, fails: bool
) -> None:
    assert bool(gates.worse_than_frozen(np.array([frozen, adaptive]), P)) is fails


def test_without_probation_only_a_nan_fails() -> None:
    off = Plasticity(probation=0.0)
    assert not gates.worse_than_frozen(np.array([1.0, 1e9]), off)
    assert gates.worse_than_frozen(np.array([1.0, np.nan]), off)


def session(seed: int = 0, **values: Any) -> tuple[Learner, WorldStream]:
    settings = noisy(seed=seed, **values)
    return Learner(settings, shipped()), WorldStream(settings)


def unchanged(learner: Learner, before: tuple[Any, Any]) -> bool:
    now = (learner.weights, learner.optimizer)
    return all(
        a[k].tobytes() == b[k].tobytes() for a, b in zip(now, before, strict=True) for k in PLASTIC
    )


@pytest.mark.parametrize("preset", ["stable", "plain"])
def test_a_gradient_blow_up_rolls_weights_and_optimizer_back_bit_for_bit(preset: str) -> None:
    settings = noisy(preset)
    learner, stream = Learner(settings, shipped()), WorldStream(settings)
    drive(learner, stream, 96)
    before = (learner.weights, learner.optimizer)
    event = learner.update(96, blow_up=1e9)
    assert event["status"] == "rollback_grad_norm"
    assert event["post_loss"] is None
    assert "post_max_h" not in event
    assert unchanged(learner, before)


def test_a_session_is_healthy_after_a_gradient_blow_up() -> None:
    learner, stream = session()
    drive(learner, stream, 96)
    learner.update(96, blow_up=1e9)
    baseline, adaptive, events = drive(learner, stream, 192)
    assert [e["status"] for e in events[1:]] == ["commit"] * (len(events) - 1)
    assert adaptive[-64:].mean() < baseline[-64:].mean()


@pytest.mark.parametrize("column", [0, 3])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_observation_that_is_not_finite_rolls_back_once_and_poisons_nothing(
    column: int, bad: float
) -> None:
    learner, stream = session()
    drive(learner, stream, 96)
    z, a, _ = stream.advance(32)
    z[17, column] = bad
    learner.update(96)
    learner.predict(z, a)
    before = (learner.weights, learner.optimizer)
    event = learner.update(128)
    assert event["status"] == "rollback_non_finite"
    assert unchanged(learner, before)
    baseline, adaptive, events = drive(learner, stream, 160)
    assert np.isfinite(adaptive).all()
    assert {e["status"] for e in events[1:]} == {"commit"}
    assert adaptive[-64:].mean() < baseline[-64:].mean()


def test_a_nan_at_the_end_of_a_stretch_is_held_over_into_the_next() -> None:
    learner, stream = session()
    z, a, _ = stream.advance(64)
    z[32] = np.nan
    learner.predict(z[:33], a[:32])
    stretch = learner.predict(z[32:], a[32:])
    assert np.isfinite(stretch.adaptive_pred).all()


def test_a_chunk_of_garbage_ends_in_a_rollback_and_the_session_recovers() -> None:
    learner, stream = session()
    drive(learner, stream, 160)
    z, a, _ = stream.advance(32)
    learner.update(160)
    garbage = np.random.default_rng(0).normal(0.0, 50.0, z.shape).astype(np.float32)
    learner.predict(z + garbage, a)
    events = [learner.update(192)]
    z, a, _ = stream.advance(32)
    learner.predict(z, a)
    baseline, adaptive, later = drive(learner, stream, 384)
    statuses = [e["status"] for e in [*events, *later]]
    assert any(s.startswith("rollback") for s in statuses)
    assert adaptive[-64:].mean() < baseline[-64:].mean()


def test_observations_beyond_every_measure_end_in_a_rollback() -> None:
    learner, stream = session()
    drive(learner, stream, 96)
    z, a, _ = stream.advance(32)
    learner.update(96)
    learner.predict(z * np.float32(1e7), a)
    assert learner.update(128)["status"].startswith("rollback")


def test_weights_that_fail_live_return_to_the_trusted_ones_of_a_named_step() -> None:
    learner, stream = session()
    drive(learner, stream, 128)
    trusted = learner.weights
    state = learner.state()
    rng = np.random.default_rng(0)
    for k in PLASTIC:
        state["trusted_" + k] = state[k].copy()
        state[k] = state[k] + rng.normal(0.0, 0.05, state[k].shape).astype(np.float32)
    state["trusted_since"] = state["since"].copy()
    state["since"] = np.asarray(127)
    state["live"] = np.zeros_like(state["live"])
    state["fresh"] = np.asarray(0)
    learner.load(state)
    z, a, _ = stream.advance(32)
    learner.predict(z, a)
    event = learner.update(160)
    assert event["status"] == "rollback_live_regression"
    assert event["to_t"] == int(state["trusted_since"])
    assert event["live_steps"] == 32
    assert event["live_mse"] > learner.p.probation * event["live_frozen_mse"] > 0
    for k in PLASTIC:
        assert learner.weights[k].tobytes() == trusted[k].tobytes()


@pytest.mark.parametrize("base_t", [0, -1])
def test_where_trusted_weights_fail_as_well_the_base_is_restored_and_named(base_t: int) -> None:
    settings, base = noisy(), shipped()
    noise = np.random.default_rng(0)
    start = {k: base[k] + noise.normal(0, 0.1, base[k].shape).astype(np.float32) for k in PLASTIC}
    learner = Learner(settings, base, start=start, base_t=base_t)
    stream = WorldStream(settings)
    z, a, _ = stream.advance(32)
    learner.predict(z, a)
    event = learner.update(32)
    assert event["status"] == "rollback_live_regression"
    assert event["to_t"] == base_t
    for k in PLASTIC:
        assert learner.weights[k].tobytes() == base[k].tobytes()


def test_an_event_records_both_errors_on_the_steps_since_the_last_attempt() -> None:
    learner, stream = session()
    drive(learner, stream, 96)
    learner.update(96)
    z, a, _ = stream.advance(32)
    seen = learner.predict(z, a)
    event = learner.update(128)
    assert event["live_mse"] == pytest.approx(seen.adaptive_mse.mean(), rel=1e-5)
    assert event["live_frozen_mse"] == pytest.approx(seen.baseline_mse.mean(), rel=1e-5)


def test_steps_that_cannot_be_judged_do_not_count_among_the_live_ones() -> None:
    learner, stream = session()
    drive(learner, stream, 96)
    learner.update(96)
    z, a, _ = stream.advance(32)
    z[10] = np.nan
    seen = learner.predict(z, a)
    event = learner.update(128)
    known = np.isfinite(seen.adaptive_mse)
    known[10] = False  # predicted from what was not observed
    assert event["live_steps"] == 30
    assert event["live_mse"] == pytest.approx(seen.adaptive_mse[known].mean(), rel=1e-5)


def test_where_the_trusted_weights_are_no_better_the_base_returns() -> None:
    learner, stream = session()
    drive(learner, stream, 128)
    state = learner.state()
    for k in PLASTIC:
        state["trusted_" + k] = state[k] = state[k] * np.float32(0.5)
    learner.load(state)
    z, a, _ = stream.advance(32)
    learner.predict(z, a)
    event = learner.update(160)
    assert (event["status"], event["to_t"]) == ("rollback_live_regression", 0)
    for k in PLASTIC:
        assert learner.weights[k].tobytes() == learner.base[k].tobytes()


def test_the_plain_preset_fails_as_it_is_known_to() -> None:
    settings = noisy("plain", seed=0)
    learner = Learner(settings, shipped())
    baseline, adaptive, events = drive(learner, WorldStream(settings), 320)
    assert adaptive[-100:].mean() > baseline[-100:].mean()
    assert any(e["status"] == "rollback_grad_norm" for e in events)


@pytest.mark.parametrize("shape", [(32, 16), (1, 1), (100, 103)])
def test_the_figures_of_a_matrix_are_numpys_to_the_last_bit(shape: tuple[int, int]) -> None:
    now = np.random.default_rng(0).normal(3.0, 0.1, shape).astype(np.float32)
    result = gates.figures(now, now)
    assert (result["mean"], result["std"]) == (float(now.mean()), float(now.std()))
