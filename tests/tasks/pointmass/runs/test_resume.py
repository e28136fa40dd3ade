"""A run that is stopped and continued at any step is the run that was never stopped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tttui.model.errors import RefusedInput
from tttui.tasks.pointmass.runs.resume import resume
from tttui.tasks.pointmass.runs.session import SessionRun

CUTS = st.lists(st.integers(1, 199), min_size=1, max_size=4, unique=True).map(sorted)


@pytest.mark.parametrize("preset", ["stable", "plain"])
@bounded(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cuts=CUTS)
def test_stopping_and_resuming_at_any_steps_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory, preset: str, cuts: list[int]
) -> None:
    root = tmp_path_factory.mktemp("cuts")
    chosen = settings(preset=preset, mu_schedule=((100, 0.3),))
    whole = run_through(root / "whole", chosen)
    run = create(root / "cut", chosen)
    for cut in cuts:
        run.advance(cut - run.t)
        run.close("interrupted")
        run = SessionRun.open(root / "cut")
    run.advance(200 - run.t)
    run.close("completed")
    assert same(whole, root / "cut") == []


def test_a_longer_session_begins_as_the_shorter_one(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole", settings(steps=170))
    run_through(tmp_path / "more", settings(steps=90))
    run, until = resume(tmp_path / "more", more_steps=80)
    run.advance(until - run.t)
    run.close("completed")
    assert same(whole, tmp_path / "more") == []


def test_checkpoints_on_the_way_change_no_byte(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run = create(tmp_path / "b")
    for _ in range(20):
        run.advance(10)
        run.checkpoint()
    run.close("completed")
    assert same(whole, tmp_path / "b") == []


def test_a_thinned_history_is_the_same_after_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.tasks.pointmass.runs.session.MEGABYTE", 12_000)
    chosen = settings(chunk=8, min_buffer=8, history_mb=1)
    whole = run_through(tmp_path / "whole", chosen)
    run = create(tmp_path / "b", chosen)
    for cut in (50, 77, 131):
        run.advance(cut - run.t)
        run.close("interrupted")
        run = SessionRun.open(tmp_path / "b")
    run.advance(200 - run.t)
    run.close("completed")
    assert json.loads((whole / "session" / "meta.json").read_text())["history_stride"] > 1
    assert same(whole, tmp_path / "b") == []


def test_a_live_intervention_is_replayed_after_a_crash(tmp_path: Path) -> None:
    """The files of a crashed run are those of its last checkpoint plus what is recorded."""
    whole = create(tmp_path / "whole")
    whole.advance(77)
    whole.intervene("mu", 0.3)
    whole.intervene("settings", {"lr": 0.01})
    whole.advance(123)
    whole.close("completed")
    crashed = create(tmp_path / "crashed")
    crashed.advance(40)
    crashed.checkpoint()
    crashed.advance(37)
    crashed.intervene("mu", 0.3)
    crashed.intervene("settings", {"lr": 0.01})
    crashed.advance(20)
    crashed.fail(RuntimeError("the power went"))
    run = SessionRun.open(tmp_path / "crashed")
    assert run.t == 77
    run.advance(200 - run.t)
    run.close("completed")
    assert same(tmp_path / "whole", tmp_path / "crashed") == []


def test_an_update_can_be_forced_between_two_chunks(tmp_path: Path) -> None:
    from tests.tasks.pointmass.runs.sessions import events

    run = create(tmp_path / "a")
    run.advance(50)
    run.intervene("update")
    run.advance(20)
    run.close("interrupted")
    assert [e["t"] for e in events(tmp_path / "a")] == [32, 50, 64]
    row = (tmp_path / "a" / "per_step.csv").read_text().splitlines()[51]
    assert row.startswith("50,")
    assert row.endswith(",1,1") or row.endswith(",1,0")


def test_rolling_back_by_hand_returns_to_the_weights_of_that_step(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.advance(40)
    then = run.weights
    run.advance(60)
    assert any((then[k] != run.weights[k]).any() for k in then)
    run.intervene("rollback", 40)
    assert all((then[k] == run.weights[k]).all() for k in then)
    run.close("interrupted")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("mu", 2.0), ("settings", {"lr": -1.0}), ("settings", {"chunk": 8}), ("rollback", 900)],
)
def test_an_impossible_intervention_is_refused_and_not_recorded(
    tmp_path: Path, kind: str, value: object
) -> None:
    run = create(tmp_path / "a")
    run.advance(40)
    with pytest.raises(RefusedInput):
        run.intervene(kind, value)  # type: ignore[arg-type]
    assert not (tmp_path / "a" / "interventions.jsonl").exists()
    run.close("interrupted")


def test_a_completed_session_needs_more_steps_to_go_on(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match=r"ran all its 200 steps.*--steps"):
        resume(directory)
    assert json.loads((directory / "status.json").read_text())["state"] == "completed"


def test_settings_that_contradict_the_history_are_refused(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match=r"--lr 0.5.*has run with 0.02.*--override"):
        resume(directory, more_steps=5, changes={"lr": 0.5})


def test_an_override_is_recorded_with_its_step(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    run, _ = resume(directory, more_steps=5, changes={"lr": 0.5}, override=True)
    run.close("interrupted")
    meta = json.loads((directory / "session" / "meta.json").read_text())
    assert meta["settings_changes"] == [{"t": 200, "lr": 0.5}]
    run = SessionRun.open(directory)
    assert run.settings.plasticity.lr == 0.5
    run.close("interrupted")


def test_an_override_that_is_in_force_already_changes_nothing(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    changes = {"lr": 0.5, "mu": 0.3}
    resume(directory, more_steps=5, changes=changes, override=True)[0].close("interrupted")
    resume(directory, more_steps=5, changes=changes)[0].close("interrupted")
    assert (directory / "interventions.jsonl").read_bytes().count(b"\n") == 2


def test_the_seed_of_a_session_never_changes(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match="cannot change"):
        resume(directory, more_steps=5, changes={"seed": 8}, override=True)


def stored_as(form: str, found: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The records of a history, stored in another way."""
    names = list(found.dtype.names or ())
    kinds = {"float64": ("<i8", "<f8"), "big-endian": (">i8", ">f4"), "whole": ("<i8", "<i4")}
    step, value = kinds.get(form, ("<i8", "<f4"))
    if form == "without B":
        names.remove("B")
    fields = [(n, step if n == "t" else value, found.dtype[n].shape) for n in names]
    out = np.zeros(len(found), dtype=[*fields, ("x", "<f4", (2, 2))] if form == "more" else fields)
    for name in names:
        out[name] = found[name]
    return out


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("float64", r"its field W_u holds float64 \[16, 6\], this session float32 \[16, 6\]"),
        ("big-endian", "its field t holds big-endian int64, this session int64"),
        ("whole", r"its field W_u holds int32 \[16, 6\], this session float32 \[16, 6\]"),
        ("without B", "its records have no field B"),
        ("more", "its fields are t, W_u, B, W_o, x, those of this session t, W_u, B, W_o"),
    ],
)
def test_a_history_that_is_stored_in_another_way_is_named_and_left_as_it_is(
    tmp_path: Path, form: str, reason: str
) -> None:
    run = create(tmp_path / "a")
    run.advance(100)
    run.close("interrupted")
    path = tmp_path / "a" / "weights_history.npy"
    np.save(path, stored_as(form, np.load(path)))
    before = path.read_bytes()
    with pytest.raises(RefusedInput, match=f"weights_history.npy: {reason}; restore the file"):
        resume(tmp_path / "a")
    assert path.read_bytes() == before


def test_a_step_that_no_run_can_have_reached_is_not_run_to(tmp_path: Path) -> None:
    path = run_through(tmp_path / "a", settings(steps=40))
    line = {"t": 10**12, "kind": "mu", "value": 0.2, "known_at": 10**12}
    (path / "interventions.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(RefusedInput, match=r"interventions\.jsonl: says that step 1000000000000"):
        SessionRun.open(path)
    (path / "interventions.jsonl").unlink()
    SessionRun.open(path).close("completed")  # nobody holds it
