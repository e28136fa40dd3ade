"""A what-if of a text session is what the engine for tasks would have computed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.runs.whatif.test_whatif import computed, read
from tests.textruns import PROSE
from tttui.model.session import SessionData
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskfork import fork_task, fork_task_with_past
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import verify_task
from tttui.runs.whatif.knobs import knobs, refusal
from tttui.runs.whatif.live import PastStates
from tttui.runs.whatif.luck import Seeds
from tttui.runs.whatif.replayable import can_replay
from tttui.runs.whatif.result import WhatIfRequest, WhatIfResult
from tttui.tasks.text.task import TextTask


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def create(directory: Path, **values: Any) -> TaskRun:
    document = directory.parent / "prose.txt"
    document.write_text(PROSE[:600])
    quick = {"chunk": 40, "context": 64, "plastic": "norm.*,head.*"}
    given = {"file": str(document), "checkpoint_s": 1e6, "weights_every": 2, **quick, **values}
    build_task_session(directory, TaskSettings.chosen(TextTask, given))
    return TaskRun.open(directory)


def ended(run: TaskRun) -> SessionData:
    run.advance(run.steps_total - run.t)
    run.close("completed")
    return read(run.path)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> SessionData:
    run = create(tmp_path_factory.mktemp("runs") / "eventful", frozen_every=2)
    run.advance(6)
    run.intervene("settings", {"lr": 0.02})
    run.advance(5)
    run.intervene("rollback", 7)
    run.advance(3)
    return ended(run)


def assert_same(found: WhatIfResult, other: SessionData) -> None:
    assert found.state == "done", found.error
    at, steps = found.request.at, other.steps
    for name in ("t", "did_update", "update_ok", "frozen", "adaptive"):
        mine, theirs = (getattr(x, name).astype(np.float32) for x in (found.steps, steps))
        assert np.array_equal(mine, theirs[at:], equal_nan=True), name
    first = int(np.searchsorted(other.transactions.t, at, "right"))
    assert found.transactions.t.tolist() == other.transactions.t[first:].tolist()
    for name in ("status", "pre_loss", "post_loss", "grad_norm", "lr"):
        mine, theirs = getattr(found.transactions, name), getattr(other.transactions, name)[first:]
        assert np.array_equal(mine, theirs, equal_nan=True), name


def test_without_changes_it_is_the_recorded_session(eventful: SessionData) -> None:
    assert can_replay(eventful) is None
    known = PastStates()
    for at in (0, 9, 4, 13, 6, 11):
        result = computed(eventful, at, known=known)
        assert_same(result, eventful)
        assert "(equal)" in result.sentence


@pytest.mark.parametrize("changes", [{"lr": 0.01, "optimizer": "adamw"}, {"plastic": "norm.*"}])
def test_from_the_start_it_is_a_run_with_these_settings(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    recorded = ended(create(tmp_path / "recorded"))
    assert refusal(recorded, 0, changes) == ""
    assert_same(computed(recorded, 0, changes), ended(create(tmp_path / "other", **changes)))


def test_another_chunk_makes_other_steps_of_the_same_document(tmp_path: Path) -> None:
    recorded = ended(create(tmp_path / "recorded"))
    result = computed(recorded, 0, {"chunk": 20})
    assert_same(result, ended(create(tmp_path / "other", chunk=20)))
    assert len(result.steps) > len(recorded.steps)
    assert "of the whole document" in result.sentence


def test_from_a_step_on_it_is_the_session_with_what_changed_there(tmp_path: Path) -> None:
    recorded = ended(create(tmp_path / "recorded"))
    run = create(tmp_path / "other")
    run.advance(7)
    run.intervene("settings", {"lr": 0.01, "inner_steps": 2})
    changes = {"lr": 0.01, "inner_steps": 2}
    assert_same(computed(recorded, 7, changes), ended(run))


def test_a_fork_with_its_past_is_what_was_shown(tmp_path: Path, eventful: SessionData) -> None:
    for at, changes in ((0, {"optimizer": "adamw", "lr": 1e-3}), (9, {"lr": 0.03})):
        run = fork_task_with_past(eventful.place.path, tmp_path, at=at, changes=changes)
        kept = ended(run)
        assert_same(computed(eventful, at, changes), kept)
        assert kept.meta.raw["parent_session_id"] == "eventful"
        assert (kept.meta.raw["forked_at_t"], kept.meta.raw["shares_past"]) == (at, True)
        assert np.array_equal(kept.steps.adaptive[:at], eventful.steps.adaptive[:at])
        assert all(check.agrees is not False for check in verify_task(run.path))


def test_a_fork_of_text_is_computed_from_what_it_began_with(tmp_path: Path) -> None:
    ended(create(tmp_path / "parent"))
    child = ended(fork_task(tmp_path / "parent", tmp_path, at=5, name="child"))
    assert_same(computed(child, 3), child)
    assert "plastic: a fork has" in computed(child, 0, {"plastic": "head.*"}).error


def test_its_knobs_are_those_of_its_task(eventful: SessionData) -> None:
    results = {knob.name: knob for knob in knobs(eventful, 8)}
    assert (results["lr"].value, results["chunk"].value) == (0.02, 40)
    assert results["optimizer"].choices == ("sgd", "adamw", "muon")
    assert "blocks.*.feed_forward.down_proj.weight" in results["plastic"].choices
    assert results["plastic"].refused == "cannot change at step 8; branch from the start (0)"
    assert "file" not in results


@pytest.mark.parametrize(
    ("at", "changes"),
    [
        (0, {"context": 20}),
        (0, {"lr": 0.0}),
        (8, {"optimizer": "muon"}),
        (8, {"momentum": 2.0}),
        (8, {"lr": 0.3}),
        (0, {"frozen_every": 4}),
    ],
)
def test_what_is_refused_is_what_the_engine_refuses(
    eventful: SessionData, at: int, changes: dict[str, Any]
) -> None:
    assert computed(eventful, at, changes).error == refusal(eventful, at, changes)


def test_parts_of_the_document_tell_luck_where_no_seed_does(tmp_path: Path) -> None:
    recorded = ended(create(tmp_path / "recorded", chunk=5, context=6))
    assert len(recorded.steps) >= 6 * 20
    job = Seeds(WhatIfRequest(recorded, 0, {"lr": 1e-9}))
    while job.work():
        pass
    result = job.result()
    assert (result.state, result.done) == ("done", 6), result.error
    assert result.won == (result.changed < result.recorded).sum()
    assert "parts of the document" in result.sentence
    # without learning it is the frozen model, which reads the first part as the session did
    first = len(recorded.steps) // 6
    assert result.recorded[0] == pytest.approx(recorded.steps.adaptive[:first].mean(), rel=1e-6)
    assert result.changed[0] == pytest.approx(recorded.steps.frozen[:first].mean(), rel=1e-4)


def test_a_document_that_is_too_short_is_not_told_from_luck(eventful: SessionData) -> None:
    job = Seeds(WhatIfRequest(eventful, 0, {"lr": 0.01}))
    while job.work():
        pass
    assert "too few to be compared in parts: that takes 120" in job.result().sentence
