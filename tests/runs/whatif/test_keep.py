"""What is kept of a what-if is the session that was shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.live import state, wait_until
from tests.runs.whatif.test_whatif import assert_same, computed, read
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RefusedInput
from tttui.model.session import SessionData
from tttui.runs.whatif.keep import keep, keep_command
from tttui.tasks.pointmass.runs.fork import fork_with_past
from tttui.tasks.pointmass.runs.verify import verify


def keep_fork(parent: SessionData, at: int, changes: Mapping[str, Any], name: str) -> Path:
    run = fork_with_past(parent.place, parent.place.path.parent, at=at, name=name, changes=changes)
    run.advance(run.steps_total)
    run.close("completed")
    return run.path


@pytest.mark.parametrize("at", [0, 75])
def test_a_fork_with_its_past_is_the_session_that_was_changed_there(
    tmp_path: Path, at: int
) -> None:
    parent = read(run_through(tmp_path / "parent"))
    changes = {"lr": 0.004, "inner_steps": 2, **({} if at else {"chunk": 20, "mu": 0.3})}
    path = keep_fork(parent, at, changes, "child")
    if at:
        run = create(tmp_path / "other")
        run.advance(at)
        run.intervene("settings", changes)
        run.advance(200 - at)
        run.close("completed")
    else:
        run_through(tmp_path / "other", settings(**changes))
    assert not same(path, tmp_path / "other")
    assert_same(computed(parent, at, changes), read(path))
    assert all(check.agrees is not False for check in verify(find_sessions([path])[0]))


def test_it_names_its_parent_and_has_its_past(tmp_path: Path) -> None:
    parent = read(run_through(tmp_path / "parent"))
    path = keep_fork(parent, 75, {"lr": 0.001}, "child")
    meta = json.loads((path / "session" / "meta.json").read_text())
    assert (meta["parent_session_id"], meta["forked_at_t"]) == ("parent", 75)
    assert meta["shares_past"] is True
    rows = [
        (p / "per_step.csv").read_text().splitlines()[: 1 + 75] for p in (parent.place.path, path)
    ]
    assert rows[0] == rows[1]


def test_a_fork_of_a_fork_with_its_past_begins_as_that_did(tmp_path: Path) -> None:
    from tttui.tasks.pointmass.runs.fork import fork

    parent = run_through(tmp_path / "parent")
    run = fork(find_sessions([parent])[0], tmp_path, at=130, name="child")
    run.advance(200)
    run.close("completed")
    child = read(tmp_path / "child")
    path = keep_fork(child, 75, {"lr": 0.001}, "grandchild")
    assert_same(computed(child, 75, {"lr": 0.001}), read(path))
    assert all(check.agrees is not False for check in verify(find_sessions([path])[0]))


def test_what_cannot_be_kept_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    parent = run_through(tmp_path / "parent")
    place = SessionReader(find_sessions([parent])[0]).refresh().place
    for at, changes, said in (
        (201, {}, "has run 200 steps"),
        (200, {}, "nothing is left to run of 200 steps"),
        (60, {"chunk": 8}, "branch from the start"),
    ):
        with pytest.raises(RefusedInput, match=said):
            fork_with_past(place, tmp_path, at=at, name="child", changes=changes)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lab", "parent"]


def test_what_is_kept_in_the_background_is_the_session_of_that_command(tmp_path: Path) -> None:
    parent = read(run_through(tmp_path / "parent"))
    changes = {"lr": 0.012, "inner_steps": 3}
    result = computed(parent, 75, changes)
    command = keep_command(result, tmp_path, "kept")
    assert command.endswith(
        "--at 75 --with-past --steps 200 --name kept --set lr=0.012 --set inner_steps=3 --detach"
    )
    path = keep(result, tmp_path, name="kept")
    wait_until(lambda: state(path) == "completed")
    assert_same(result, read(path))
    assert not same(path, keep_fork(parent, 75, changes, "here"))
