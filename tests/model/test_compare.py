"""Comparing sessions: numbers, settings that differ, warnings, the transfer matrix in words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.cautions import same_trajectory, same_world
from tttui.model.compare import (
    compare,
    compatible,
    distinct_names,
)
from tttui.model.session import Meta, Place, SessionData, SessionSummary
from tttui.model.steps import Steps, Trajectory


def session(
    name: str = "a",
    *,
    adaptive: float = 0.125,
    n: int = 200,
    signature: str | None = "s",
    seed: int | None = 1,
    mu: float | None = 0.1,
    **raw: Any,
) -> SessionData:
    flags = np.zeros(n, dtype=np.bool_)
    steps = Steps(np.arange(n), np.full(n, 0.25), np.full(n, adaptive), flags, flags)
    written = {"mu": mu, "seed": seed, "model_signature": signature, "session_id": name, **raw}
    meta = Meta(
        session_id=name,
        seed=seed,
        truth=mu,
        env_mode="linear",
        model_signature=signature,
        raw=written,
    )
    return SessionData(Place(Path("/r") / name, "native"), meta=meta, steps=steps)


def trajectory(n: int = 10, seed: int = 0, first: int = 0) -> Trajectory:
    rng = np.random.default_rng(seed)
    return Trajectory(np.arange(first, first + n), rng.normal(size=(n, 4)), rng.normal(size=(n, 2)))


def value(found: Any, name: str, i: int) -> float:
    metric = next(m for m in found.metrics if m.name == name)
    return float(metric.values[i])


def test_metrics_are_of_the_last_hundred_steps_and_the_best_is_named() -> None:
    result = compare([session("a"), session("b", adaptive=0.0625)], [None, None])
    assert value(result, "improvement", 0) == 50.0
    assert value(result, "adaptive MSE", 1) == 0.0625
    assert next(m for m in result.metrics if m.name == "adaptive MSE").best == 1
    assert next(m for m in result.metrics if m.name == "improvement").best == 1


def test_a_session_that_never_ran_has_no_numbers_and_is_not_best() -> None:
    result = compare([session("a"), session("b", n=0)], [None, None])
    metric = result.metrics[0]
    assert metric.values == (0.125, None)
    assert metric.best is None


def test_only_settings_that_differ_are_listed_and_absent_ones_are_a_dash() -> None:
    a = session("a", plasticity_cfg={"lr": 0.02, "chunk": 32})
    b = session("b", plasticity_cfg={"lr": 0.005, "chunk": 32, "whiten": True})
    results = [(d.group, d.name, d.values) for d in compare([a, b], [None, None]).differences]
    assert results == [("updates", "lr", ("0.02", "0.005")), ("updates", "whiten", ("-", "yes"))]


def test_lists_and_tables_are_shown_without_their_brackets() -> None:
    a = session("a", plasticity_cfg={"plastic": ["lora", "norm"]}, libraries={"torch": "2.13"})
    (one, other) = compare([a, session("b")], [None, None]).differences
    assert {one.values[0], other.values[0]} == {"lora, norm", "2.13"}


def test_ids_and_times_are_no_settings() -> None:
    a, b = session("a", created_at_unix=1), session("b", created_at_unix=2)
    assert compare([a, b], [None, None]).differences == ()


def test_equal_trajectories_give_no_warning() -> None:
    result = compare([session("a"), session("b", seed=2)], [trajectory(), trajectory()])
    assert result.warnings == ()


def test_other_trajectories_are_warned_of_by_name() -> None:
    result = compare([session("a"), session("b")], [trajectory(), trajectory(seed=1)])
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("Different trajectories: b saw other")


def test_where_no_trajectory_is_recorded_the_seed_tells() -> None:
    result = compare([session("a"), session("b", seed=2)], [trajectory(), None])
    assert "Different trajectories: b" in result.warnings[0]


def test_where_neither_is_recorded_it_says_that_it_cannot_tell() -> None:
    result = compare([session("a", seed=None), session("b", seed=None)], [None, None])
    assert "cannot be told" in result.warnings[0]


def test_other_model_signatures_are_warned_of() -> None:
    result = compare([session("a"), session("b", signature="other")], [None, None])
    assert result.warnings[0].startswith("Different model signatures: a against b")


def test_trajectories_are_compared_where_both_have_steps() -> None:
    whole = trajectory(20)
    part = Trajectory(whole.t[5:12], whole.z[5:12], whole.a[5:12])
    assert same_trajectory(whole, part) is True
    assert same_trajectory(whole, trajectory(5, first=100)) is None


def test_a_scheduled_friction_makes_another_world() -> None:
    a, b = session("a").meta, session("b", mu_schedule=[[100, 0.3]]).meta
    assert same_world(a, b) is False
    assert same_world(a, a) is True


def test_names_are_told_apart_by_run_and_then_by_path() -> None:
    places = [Place(Path("/r/one/demo"), "native"), Place(Path("/r/two/demo"), "native")]
    assert distinct_names(places, [None, None]) == ("one/demo", "two/demo")
    twice = Place(Path("/s/sessions/x"), "store")
    assert distinct_names([twice, twice], ["r1", "r2"]) == ("x / r1", "x / r2")


def test_compatible_sessions_share_the_signature_and_maybe_the_base() -> None:
    metas = [
        Meta(model_signature="s", base_ckpt_hash="h"),
        Meta(model_signature="s", base_ckpt_hash="h"),
        Meta(model_signature="s", base_ckpt_hash="other"),
        Meta(model_signature="t", base_ckpt_hash="h"),
        Meta(),
    ]
    results = [
        SessionSummary(Place(Path(f"/r/{i}"), "native"), meta=m) for i, m in enumerate(metas)
    ]
    assert compatible(results, 0) == ([1, 2], [1])
    assert compatible(results, 4) == ([], [])


def test_different_lengths_are_warned_of_with_what_is_averaged() -> None:
    result = compare([session("a", n=600), session("b", n=20)], [None, None])
    assert result.warnings[0] == (
        "Different lengths: a has 600 steps and b has 20 steps; each mean is over the session's "
        "own steps, the final one over only 20 steps of b. All have the steps 0 to 19."
    )


def test_sessions_of_different_lengths_are_compared_over_the_steps_that_both_have() -> None:
    long, short = session("a", n=600), session("b", n=20)
    long.steps.adaptive[20:] = 99.0
    result = compare([long, short], [None, None])
    assert value(result, "adaptive MSE", 0) == 99.0
    assert value(result, "adaptive MSE, t 0 to 19", 0) == 0.125
    assert value(result, "adaptive MSE, t 0 to 19", 1) == 0.125
    assert value(result, "steps in final errors", 0) == 100
    assert value(result, "steps in final errors", 1) == 20


def test_sessions_without_a_step_in_common_say_so() -> None:
    late = session("b")
    late = replace(late, steps=replace(late.steps, t=late.steps.t + 1000))
    result = compare([session("a"), late], [None, None])
    assert "They have no step in common." in result.warnings[0]
    assert not any(m.name.startswith("adaptive MSE, t") for m in result.metrics)


def test_equal_lengths_have_no_warning_and_no_number_of_their_own() -> None:
    result = compare([session("a"), session("b")], [None, None])
    assert result.warnings == () or "lengths" not in " ".join(result.warnings)
    assert not any("steps" in m.name for m in result.metrics)


def test_the_frozen_error_has_no_best_since_it_says_nothing_of_the_session() -> None:
    result = compare([session("a"), session("b")], [None, None])
    assert next(m for m in result.metrics if m.name == "frozen MSE").best is None
