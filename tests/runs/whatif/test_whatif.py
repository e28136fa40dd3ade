"""A what-if computes what the engine that writes sessions would have computed."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from subprocess import run as run_process
from typing import Any

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import base_of, create, run_through, settings
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.model.session import SessionData
from tttui.runs.whatif.live import PastStates
from tttui.runs.whatif.result import WhatIfRequest, WhatIfResult
from tttui.runs.whatif.whatif import WhatIf
from tttui.tasks.pointmass.runs.session import SessionRun


def read(directory: Path) -> SessionData:
    return SessionReader(find_sessions([directory])[0]).refresh()


def computed(
    data: SessionData,
    at: int = 0,
    changes: Mapping[str, Any] | None = None,
    known: PastStates | None = None,
) -> WhatIfResult:
    whatif = WhatIf(WhatIfRequest(data, at, changes or {}), known)
    while whatif.work():
        pass
    return whatif.result()


def assert_same(found: WhatIfResult, other: SessionData) -> None:
    """All that both hold from the step of the branch on is equal, bit for bit."""
    assert found.state == "done", found.error
    at, steps, events = found.request.at, other.steps, found.transactions
    for name in ("t", "did_update", "update_ok"):
        assert np.array_equal(getattr(found.steps, name), getattr(steps, name)[at:]), name
    for name in ("frozen", "adaptive"):  # written with the digits that tell every float32
        mine, theirs = (getattr(x, name).astype(np.float32) for x in (found.steps, steps))
        assert np.array_equal(mine, theirs[at:], equal_nan=True), name
    first = int(np.searchsorted(other.transactions.t, at))
    recorded = other.transactions
    assert [recorded.statuses[i] for i in recorded.status[first:]] == [
        events.statuses[i] for i in events.status
    ]
    for name in ("t", "pre_loss", "post_loss", "grad_norm", "lr", "implied_mu"):
        mine, theirs = getattr(events, name), getattr(recorded, name)[first:]
        assert np.array_equal(mine, theirs, equal_nan=True), name


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> SessionData:
    """A session in which somebody did everything that can be done to one."""
    directory = tmp_path_factory.mktemp("runs") / "eventful"
    run = create(directory, settings(steps=500, mu_schedule=((70, 0.2),)))
    run.advance(50)
    run.intervene("settings", {"lr": 0.01}, at=90)
    run.advance(100)
    run.intervene("mu", 0.3)
    run.advance(60)
    run.intervene("fault", "nan")
    run.intervene("settings", {"rollback_tol": 0.1, "noise_std": 0.02})
    run.advance(90)
    run.intervene("rollback", 180)
    run.advance(40)
    run.intervene("update")
    run.intervene("fault", "gradient")
    run.advance(160)
    run.close("completed")
    return read(directory)


def test_without_changes_it_is_the_recorded_session(eventful: SessionData) -> None:
    known, cursors = PastStates(), np.random.default_rng(1).integers(1, 500, 8).tolist()
    for at in (0, *sorted(cursors), 150, 210, 300, 499, *cursors):
        assert_same(computed(eventful, at, known=known), eventful)
    assert_same(computed(eventful, 150), eventful)  # nothing known


def test_a_fork_is_computed_from_what_it_began_with(tmp_path: Path) -> None:
    from tttui.tasks.pointmass.runs.fork import fork

    parent = run_through(tmp_path / "parent")
    run = fork(find_sessions([parent])[0], tmp_path, at=130, name="child")
    run.advance(200)
    run.close("completed")
    child = read(tmp_path / "child")
    for at in (0, 75):
        assert_same(computed(child, at), child)


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": 0.005},
        {"chunk": 20, "buffer_len": 64},
        {"preset": "plain", "lr": 0.01},
        {"mu": 0.4, "env_mode": "nonlinear"},
        {"seed": 9, "steps": 260},
    ],
)
def test_from_the_start_it_is_a_run_with_these_settings(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    recorded = read(run_through(tmp_path / "recorded", settings(mu_schedule=((60, 0.3),))))
    wanted = {"mu": recorded.meta.truth, **{k: v for k, v in changes.items() if k != "preset"}}
    if "mu" not in changes:
        wanted["mu_schedule"] = ((60, 0.3),)
    other = settings(preset=changes.get("preset", "stable"), **wanted)
    run = SessionRun.create(tmp_path / "other", other, base_of(settings()))
    run.advance(other.steps)
    run.close("completed")
    assert_same(computed(recorded, 0, changes), read(tmp_path / "other"))


def test_from_a_step_on_it_is_the_session_with_what_changed_there(tmp_path: Path) -> None:
    recorded = read(run_through(tmp_path / "recorded"))
    run = create(tmp_path / "other")
    run.advance(75)
    run.intervene("mu", 0.3)
    run.intervene("settings", {"lr": 0.004, "inner_steps": 2})
    run.advance(125)
    run.close("completed")
    result = computed(recorded, 75, {"lr": 0.004, "inner_steps": 2, "mu": 0.3})
    assert_same(result, read(tmp_path / "other"))
    assert result.truth_at(74) == recorded.truth_at(74)
    assert result.truth_at(75) == 0.3


def test_what_is_turned_holds_though_somebody_changed_it_later(eventful: SessionData) -> None:
    result = computed(eventful, 120, {"lr": 0.002})
    assert result.state == "done"
    assert np.nanmax(result.transactions.lr) <= 0.002
    # at the start, too, where lr 0.01 was planned for step 90
    assert np.nanmax(computed(eventful, 0, {"lr": 0.002}).transactions.lr) <= 0.002
    assert np.nanmax(eventful.transactions.lr[eventful.transactions.t >= 120]) > 0.002


def test_a_past_that_comes_out_otherwise_than_recorded_is_noted(eventful: SessionData) -> None:
    assert not computed(eventful, 300).notes
    adaptive = eventful.steps.adaptive.copy()
    adaptive[123] *= 1.001
    other = replace(eventful, steps=replace(eventful.steps, adaptive=adaptive))
    (note,) = computed(other, 300).notes
    assert note.startswith("step 123, computed again here, is not what was recorded")


def test_it_writes_nothing_and_needs_no_torch(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "recorded")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    code = (
        "import sys, pathlib; from tests.runs.whatif.test_whatif import computed, read;"
        f"found = computed(read(pathlib.Path({str(directory)!r})), 40, {{'lr': 0.01}});"
        "assert found.state == 'done', found.error; assert 'torch' not in sys.modules"
    )
    assert run_process([sys.executable, "-c", code], check=False).returncode == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_its_sentence_and_table_say_how_it_compares(tmp_path: Path) -> None:
    recorded = read(run_through(tmp_path / "recorded"))
    same = computed(recorded)
    assert "(equal)" in same.sentence
    assert same.sentence.endswith("6 of 6 committed")
    worse = computed(recorded, 0, {"lr": 1e-4})
    lines = {line.name: line for line in worse.lines}
    mean = float(np.mean(np.float32(recorded.steps.adaptive[-100:]), dtype=np.float64))
    assert lines["adaptive, last 100 steps"].numbers[0] == pytest.approx(mean)
    assert "worse" in worse.sentence
    assert "worse" in lines["adaptive, last 100 steps"].difference
    assert lines["frozen, all steps"].recorded == lines["frozen, all steps"].changed
    assert lines["implied mu (true)"].recorded.endswith(f"({recorded.meta.truth:.4g})")


@pytest.mark.parametrize(
    ("at", "changes", "said"),
    [
        (0, {"lr": -1.0}, "lr: -1.0 is not above 0"),
        (0, {"n_state": 8}, "n_state: belongs to the base"),
        (0, {"min_buffer": 512}, "min_buffer: 512 is above buffer_len 256"),
        (60, {"chunk": 8}, "chunk: cannot change at step 60; branch from the start (0)"),
        (201, {}, "at 201: the session has run 200 steps"),
        (0, {"steps": 10_000_000}, "10 000 000 steps needs"),
        (0, {"preset": "best"}, "preset: 'best' is unknown"),
    ],
)
def test_what_cannot_be_computed_is_told_in_one_line(
    tmp_path: Path, at: int, changes: dict[str, Any], said: str
) -> None:
    result = computed(read(run_through(tmp_path / "recorded")), at, changes)
    assert result.state == "failed"
    assert said in result.error
    assert "\n" not in result.error


def test_files_that_are_gone_are_named(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "recorded")
    data = read(directory)
    (directory / "base_checkpoint.pt").unlink()
    assert "base_checkpoint.pt: there is no such base" in computed(data).error
    (directory / "session" / "meta.json").unlink()
    assert "meta.json: No such file" in computed(data).error


def test_so_many_states_of_the_past_are_kept_as_fit() -> None:
    known = PastStates()
    for t in range(0, 6400, 64):
        known.keep(t, {}, 1000)
    kept = sorted(known.of(None))
    assert 16 <= len(kept) <= 32
    assert kept[-1] == 6336
    large = PastStates()
    for t in (500, 100, 300):
        large.keep(t, {}, 60_000_000)
    assert list(large.of(None)) == [300]
    large.keep(400, {}, 200_000_000)
    assert list(large.of(None)) == [300]
