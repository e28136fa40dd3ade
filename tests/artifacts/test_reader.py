"""One session as a whole: every part, in every layout, and why one is not there."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.drawnrun import content
from tests.rundirs import make_run, session_path, steps_path
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Layout, Place, SessionData

LAYOUTS: list[Layout] = ["native", "flat", "store"]
Make = Callable[..., Place]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a session of a layout at the place where it belongs."""

    def made(layout: Layout, **options: object) -> Place:
        path = tmp_path / ("store/sessions/a" if layout == "store" else "a")
        return make_run(path, layout=layout, **options)  # type: ignore[arg-type]

    return made


def read(place: Place, run: str | None = None) -> SessionData:
    return SessionReader(place, run).refresh()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_session(layout: Layout, make: Make) -> None:
    data = read(make(layout, steps=200))
    made = content(200)
    assert np.array_equal(data.steps.frozen.astype(np.float32), made.frozen)
    assert np.array_equal(data.steps.adaptive.astype(np.float32), made.adaptive)
    assert data.steps.did_update.tolist() == made.did_update.tolist()
    assert data.transactions.counts().get("commit") == len(made.commits)
    assert data.meta.truth == 0.1234
    assert data.metrics["updates_attempted"] == len(made.events)
    assert data.metrics["adaptive_mse_last100_mean"] == pytest.approx(made.adaptive[-100:].mean())
    assert data.base is not None
    assert data.base["a_raw"].shape == (32,)
    assert data.weights is not None
    assert [data.weights[k].shape for k in ("W_u", "B", "W_o")] == [(16, 6), (32, 16), (4, 32)]
    assert not [p for p in data.problems if not p.missing]


@pytest.mark.parametrize("layout", ["native", "store"])
def test_the_trajectory_is_read_when_asked_for(layout: Layout, make: Make) -> None:
    trajectory = SessionReader(make(layout, steps=200)).trajectory()
    made = content(200)
    assert trajectory is not None
    assert np.array_equal(trajectory.z.astype(np.float32), made.z)
    assert np.array_equal(trajectory.a.astype(np.float32), made.a)
    assert (trajectory.mu is None) == (layout == "store")


def test_refreshing_does_not_read_the_trajectory(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make("native", steps=50)
    opened: list[str] = []
    original = os.open

    def noted(path: Path, *arguments: Any) -> int:
        opened.append(Path(path).name)
        return original(path, *arguments)

    monkeypatch.setattr(os, "open", noted)
    read(place)
    assert "per_step.csv" in opened
    assert "trajectory.csv" not in opened


def test_an_unchanged_trajectory_is_the_same_object(make: Make) -> None:
    reader = SessionReader(make("native", steps=50))
    assert reader.trajectory() is reader.trajectory()


def test_damage_in_the_trajectory_is_named_after_it_was_read(make: Make) -> None:
    place = make("native", steps=50)
    with (place.path / "trajectory.csv").open("a") as file:
        file.write("50,1,2\n")
    reader = SessionReader(place)
    reader.trajectory()
    problem = reader.refresh().problem("trajectory")
    assert problem is not None
    assert problem.reason.startswith("line 52 has 3 fields instead of 16")


@pytest.mark.parametrize(
    ("layout", "part", "reason"),
    [
        ("flat", "trajectory", "this layout has no trajectory file"),
        ("flat", "status", "this layout has no status file"),
        ("flat", "history", "this layout has no history of the weights"),
        ("store", "status", "this layout has no status file"),
    ],
)
def test_what_a_layout_never_has_is_a_missing_part(
    layout: Layout, part: str, reason: str, make: Make
) -> None:
    problem = read(make(layout, steps=40)).problem(part)
    assert problem is not None
    assert problem.missing
    assert problem.reason == reason


def test_a_native_session_lacks_nothing(make: Make) -> None:
    assert read(make("native")).problems == ()


def test_a_session_that_never_ran_says_so(make: Make) -> None:
    data = read(make("store", runs=0))
    assert data.run is None
    assert {p.part: p.reason for p in data.problems}["steps"] == "this session never ran"
    assert data.metrics["notes"] == "created, not run yet"


def test_the_newest_run_is_shown_unless_another_is_asked_for(make: Make) -> None:
    place = make("store", runs=2, steps=40)
    assert read(place).run == place.runs[1]
    assert read(place, place.runs[0]).run == place.runs[0]


def test_the_run_that_the_user_pointed_at_is_shown(make: Make) -> None:
    place = make("store", runs=2, steps=40)
    (sessions,) = find_sessions([place.path / "runs" / place.runs[0]])
    assert read(sessions).run == place.runs[0]


def test_metrics_of_another_run_are_not_shown(make: Make) -> None:
    place = make("store", runs=2, steps=40)
    data = read(place, place.runs[0])
    assert data.metrics == {}
    problem = data.problem("metrics")
    assert problem is not None
    assert place.runs[1] in problem.reason


def test_a_run_that_appears_is_shown_where_there_was_none(make: Make) -> None:
    reader = SessionReader(make("store", runs=0))
    assert reader.refresh().run is None
    place = make("store", runs=1, steps=40)
    data = reader.refresh()
    assert data.run == place.runs[0]
    assert len(data.steps) == 40


def test_the_events_of_a_single_run_come_from_the_session_where_its_own_are_missing(
    make: Make,
) -> None:
    place = make("store", runs=1, steps=200)
    (steps_path(place).parent / "update_events.json").unlink()
    assert len(read(place).transactions) == len(content(200).events)


def test_the_events_of_several_runs_are_not_mixed(make: Make) -> None:
    place = make("store", runs=2, steps=200)
    (steps_path(place).parent / "update_events.json").unlink()
    data = read(place)
    assert len(data.transactions) == 0
    assert data.problem("transactions") is not None


def test_rows_are_shown_without_an_events_file(make: Make) -> None:
    data = read(make("flat", steps=4543, damage=["no_events"]))
    assert len(data.steps) == 4543
    problem = data.problem("transactions")
    assert problem is not None
    assert problem.missing


def test_the_list_of_events_stands_in_for_missing_lines(make: Make) -> None:
    place = make("native", steps=200)
    (place.path / "update_events.jsonl").unlink()
    assert len(read(place).transactions) == len(content(200).events)


def test_damaged_lines_give_way_to_a_longer_list(make: Make) -> None:
    place = make("native", steps=200)
    path = place.path / "update_events.jsonl"
    path.write_text("garbage\n" + path.read_text().split("\n", 1)[0] + "\n")
    assert len(read(place).transactions) == len(content(200).events)


def test_no_updates_at_all_is_no_problem(make: Make) -> None:
    data = read(make("native", chunk=0))
    assert len(data.transactions) == 0
    assert data.problem("transactions") is None


def test_a_store_with_only_a_base_shows_the_base(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    made = content(0)
    (base / "base_checkpoint.pt").write_bytes(write_pt({"model_state": made.base, "cfg": {}}))
    (place,) = find_sessions([tmp_path])
    data = read(place)
    assert data.base is not None
    problem = data.problem("steps")
    assert problem is not None
    assert problem.reason == "this store holds a base and no session yet"


def test_unchanged_files_give_the_same_object(make: Make) -> None:
    reader = SessionReader(make("native"))
    assert reader.refresh() is reader.refresh()


def test_unchanged_parts_are_shared_between_readings(make: Make) -> None:
    place = make("native")
    reader = SessionReader(place)
    before = reader.refresh()
    with steps_path(place).open("a") as file:
        file.write("600,1,2,0,0\n")
    after = reader.refresh()
    assert len(after.steps) == 601
    assert after.transactions is before.transactions
    assert len(before.steps) == 600


def test_a_large_session_is_loaded_in_parts(make: Make) -> None:
    reader = SessionReader(make("native", steps=20_000, trajectory=False, snapshots=False))
    first = reader.refresh(budget_rows=1000)
    assert first.loading
    assert 1000 <= len(first.steps) < 20_000
    last, events = first.steps.t[-1], content(20_000).events
    of_these = sum(event["t"] <= last for event in events)
    assert of_these <= len(first.transactions) < len(events), "no more than its steps need"
    data = first
    while data.loading:
        data = reader.refresh(budget_rows=1000)
    assert len(data.steps) == 20_000
    assert len(data.transactions) == len(events)


def test_new_metrics_are_noticed(make: Make) -> None:
    place = make("native", steps=40)
    reader = SessionReader(place)
    reader.refresh()
    path = session_path(place) / "metrics.json"
    path.write_text(json.dumps({"adaptive_mse_mean": 0.5}))
    assert reader.refresh().metrics["adaptive_mse_mean"] == 0.5


@pytest.mark.parametrize(
    ("damage", "part", "reason"),
    [
        ("wrong_line", "steps", "line 7 has 'abc' for baseline_mse, which is no number"),
        ("short_line", "steps", "line 7 has 2 fields instead of 5"),
        ("empty_steps", "steps", "the file is empty"),
        ("bad_meta", "meta", "is not valid JSON at line 1, column 8"),
        ("wrong_meta", "meta", "mu is 'abc', not a number"),
        ("truncated_weights", "weights", "damaged or truncated checkpoint"),
        ("pickled_weights", "weights", "is a bare pickle"),
    ],
)
def test_damage_is_named_and_the_rest_is_shown(
    damage: str, part: str, reason: str, make: Make
) -> None:
    data = read(make("native", damage=[damage]))
    problem = data.problem(part)
    assert problem is not None
    assert problem.reason.startswith(reason)
    assert not problem.missing
    assert {p.part for p in data.problems} == {part}


def test_nan_in_a_row_is_shown_as_such(make: Make) -> None:
    data = read(make("native", damage=["nan_line"]))
    assert np.isnan(data.steps.frozen[5])
    assert len(data.steps) == 600


def test_nan_in_metrics_is_shown_as_such(make: Make) -> None:
    metrics = read(make("native", damage=["nan_metrics"])).metrics
    assert np.isnan(metrics["baseline_mse_mean"])
    assert metrics["adaptive_mse_mean"] == np.inf


@pytest.mark.parametrize("name", ["per_step.csv", "update_events.jsonl", "weights_history.npy"])
def test_a_file_that_cannot_be_read_is_not_waited_for(make: Make, name: str) -> None:
    place = make("native")
    (place.path / name).unlink()
    (place.path / name).mkdir()
    reader = SessionReader(place)
    for _ in range(2):
        data = reader.refresh(budget_rows=100_000)
        assert not data.loading
        assert any("cannot be read" in problem.reason for problem in data.problems)


def test_a_rollback_by_hand_takes_commits_back_once_its_step_is_there(make: Make) -> None:
    place = make("native", steps=200)
    reader = SessionReader(place)
    before = reader.refresh().transactions
    first, second = content(200).commits[:2]
    lines = [(second + 1, first), (5000, 0)]  # the latter is planned
    (place.path / "interventions.jsonl").write_text(
        "".join(f'{{"t": {t}, "kind": "rollback", "value": {to}}}\n' for t, to in lines)
    )
    after = reader.refresh().transactions
    assert before.undone().tolist() == [False] * len(before)
    assert after.t[after.undone()].tolist() == [second]
    assert reader.refresh().transactions is after
