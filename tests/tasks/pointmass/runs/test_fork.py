"""A fork starts from exactly the weights of the step that it names."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import create, events, run_through, settings
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.reader import SessionReader
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.explain import explain
from tttui.model.session import Place
from tttui.model.weights import compare
from tttui.tasks.pointmass.runs.build import started_with
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.verify import verify


def place(path: Path) -> Place:
    return find_sessions([path])[0]


def weights_while_running(directory: Path, chosen: object, t: int) -> tuple[Weights, Weights]:
    """Weights and momentum in force at step t: after the update that precedes it."""
    run = create(directory, chosen)  # type: ignore[arg-type]
    run.advance(t + 1)
    learner = run.stepper.learner
    run.close("interrupted")
    return learner.weights, learner.optimizer


def equal(a: Weights, b: Weights) -> bool:
    return all(np.array_equal(a[k], b[k]) for k in PLASTIC)


@pytest.mark.parametrize("preset", ["stable", "plain"])
@pytest.mark.parametrize("t", [0, 31, 32, 100, 160, 199])
def test_a_fork_has_the_weights_and_the_optimizer_of_its_step(
    tmp_path: Path, preset: str, t: int
) -> None:
    chosen = settings(preset=preset)
    parent = run_through(tmp_path / "parent", chosen)
    run = fork(place(parent), tmp_path, at=t, name="child")
    weights, momentum = weights_while_running(tmp_path / "again", chosen, t)
    assert equal(run.weights, weights)
    if preset == "plain":  # `stable` forgets its momentum before every transaction
        assert equal(run.stepper.learner.optimizer, momentum)
    run.close("interrupted")


def test_a_fork_of_a_thinned_history_is_replayed(tmp_path: Path) -> None:
    chosen = settings()
    parent = run_through(tmp_path / "parent", chosen)
    meta = parent / "session" / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"history_stride": 128}))
    run = fork(place(parent), tmp_path, at=100, name="child")
    assert equal(run.weights, weights_while_running(tmp_path / "again", chosen, 100)[0])
    run.close("interrupted")


def test_a_fork_goes_on_in_its_parents_world_on_a_new_trajectory(tmp_path: Path) -> None:
    parent = run_through(tmp_path / "parent", settings(mu_schedule=((50, 0.31),)))
    run = fork(place(parent), tmp_path, name="child")
    assert run.settings.world.mu == 0.31
    assert run.settings.seed == 6
    assert run.meta["parent_session_id"] == "parent"
    assert run.meta["root_session_id"] == "parent"
    assert run.meta["forked_at_t"] == 200
    run.close("interrupted")


def test_a_fork_of_a_fork_names_the_first_as_root(tmp_path: Path) -> None:
    run_through(tmp_path / "a")
    fork(place(tmp_path / "a"), tmp_path, name="b").close("interrupted")
    run = fork(place(tmp_path / "b"), tmp_path, name="c")
    assert (run.meta["parent_session_id"], run.meta["root_session_id"]) == ("b", "a")
    run.close("interrupted")


def test_a_killed_fork_still_starts_from_its_own_weights(tmp_path: Path) -> None:
    run_through(tmp_path / "a")
    run = fork(place(tmp_path / "a"), tmp_path, name="b", changes={"steps": 100})
    begun = run.weights
    run.advance(100)
    run.fail(RuntimeError("gone"))
    again = SessionRun.open(tmp_path / "b")
    assert equal(again.weights, begun)
    again.close("interrupted")


def test_a_step_that_was_not_run_is_refused(tmp_path: Path) -> None:
    parent = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match="has run 200 steps"):
        fork(place(parent), tmp_path, at=201)


def test_the_same_name_twice_gets_a_number(tmp_path: Path) -> None:
    parent = place(run_through(tmp_path / "a"))
    names = []
    for _ in range(2):
        run = fork(parent, tmp_path)
        names.append(run.path.name)
        run.close("interrupted")
    assert names == ["a-fork", "a-fork-2"]


@pytest.mark.parametrize("path", ["flat/linear", "store/sessions/mu_high"])
def test_a_foreign_session_is_forked_into_a_native_one(
    tmp_path: Path, foreign_data: Path, path: str
) -> None:
    parent = place(foreign_data / path)
    run = fork(parent, tmp_path, name="child", changes={"steps": 40})
    kept = (parent.path / "session") if parent.layout == "flat" else parent.path
    saved = read_pt(kept / "plastic_state.pt")
    momentum = read_pt(kept / "optim_state.pt")["state"]
    run.advance(40)
    run.close("completed")
    begun = started_with(tmp_path / "child")
    assert begun is not None
    assert equal(begun[0], saved)
    buffers = [momentum[i]["momentum_buffer"] for i in range(3)]
    assert all(np.array_equal(begun[1][k], b) for k, b in zip(PLASTIC, buffers, strict=True))
    assert run.meta["parent_session_id"] == parent.name
    assert run.meta["env_mode"] == "linear"


def test_an_early_step_of_a_foreign_session_is_not_known(
    tmp_path: Path, foreign_data: Path
) -> None:
    with pytest.raises(RefusedInput, match="keeps only its last weights"):
        fork(place(foreign_data / "flat" / "linear"), tmp_path, at=10)


def in_another_world(tmp_path: Path) -> SessionRun:
    """A fork in a world for which its first weights are worse than the base's."""
    parent = run_through(tmp_path / "a", settings(mu=0.25))
    return fork(place(parent), tmp_path, name="b", changes={"mu": 0.02, "steps": 40})


def test_a_fork_that_returns_to_the_base_does_not_name_its_own_first_step(tmp_path: Path) -> None:
    run = in_another_world(tmp_path)
    run.advance(40)
    run.close("completed")
    event = events(run.path)[0]
    assert (event["status"], event["to_t"]) == ("rollback_live_regression", -1)
    assert "back to the weights of the base" in (run.path / "run.log").read_text()
    data = SessionReader(place(run.path)).refresh()
    assert "those of the base" in explain(data.transactions[0], data.meta.plasticity_cfg)
    compared = compare("previous", data, 40)
    assert compared.why_not == "The base's weights, restored at 32."
    assert all(check.agrees for check in verify(place(run.path)))


def test_a_fork_of_an_earlier_version_goes_on_naming_step_0(tmp_path: Path) -> None:
    run = in_another_world(tmp_path)
    run.close("queued")
    path = run.path / "session" / "start_state.pt"
    begun = read_pt(path)
    del begun["base_t"]
    path.write_bytes(pt_bytes(write_pt(begun)))
    run = SessionRun.open(run.path)
    run.advance(40)
    run.close("completed")
    assert events(run.path)[0]["to_t"] == 0
    assert all(check.agrees for check in verify(place(run.path)))


def test_a_start_that_names_another_step_for_the_base_is_none(tmp_path: Path) -> None:
    run = in_another_world(tmp_path)
    run.close("queued")
    path = run.path / "session" / "start_state.pt"
    path.write_bytes(pt_bytes(write_pt({**read_pt(path), "base_t": 7})))
    with pytest.raises(TttuiError, match="base_t is 7"):
        SessionRun.open(run.path)
