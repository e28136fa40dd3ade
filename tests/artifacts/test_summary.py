"""The row of a session in the table of many."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.drawnrun import content
from tests.recorded import make_recorded
from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.model.improvement import final_improvement
from tttui.model.session import Layout


def path_of(tmp_path: Path, layout: Layout) -> Path:
    return tmp_path / ("store/sessions/a" if layout == "store" else "a")


@pytest.mark.parametrize("layout", ["native", "flat", "store"])
@pytest.mark.parametrize("damage", [[], ["no_metrics"]])
def test_the_numbers_are_those_of_the_run(
    layout: Layout, damage: list[str], tmp_path: Path
) -> None:
    made = content(200)
    summary = read_summary(
        make_run(path_of(tmp_path, layout), layout=layout, steps=200, damage=damage)
    )
    assert (summary.steps, summary.attempted, summary.committed) == (200, 6, len(made.commits))
    assert summary.frozen_last100 == pytest.approx(made.frozen[-100:].mean())
    assert summary.adaptive_mean == pytest.approx(made.adaptive.mean())
    expected = 100 * (1 - made.adaptive[-100:].mean() / made.frozen[-100:].mean())
    assert summary.improvement == pytest.approx(expected)
    lost = ["metrics.json"] if damage and layout == "native" else []
    assert [problem.path.name for problem in summary.problems] == lost


def test_numbers_of_a_run_that_metrics_are_not_about_are_computed(tmp_path: Path) -> None:
    place = make_run(path_of(tmp_path, "store"), layout="store", steps=64, runs=2)
    (place.path / "metrics.json").write_text(json.dumps({"run_id": "x", "updates_attempted": 99}))
    assert read_summary(place, place.runs[0]).attempted == 1


def test_the_state_is_the_true_one(tmp_path: Path) -> None:
    status = read_summary(make_run(tmp_path / "a", steps=40, status="crashed")).status
    assert status is not None
    assert status.state == "crashed"


def test_a_session_that_never_ran_has_no_numbers(tmp_path: Path) -> None:
    summary = read_summary(make_run(path_of(tmp_path, "store"), layout="store", runs=0))
    assert (summary.steps, summary.attempted, summary.improvement) == (None, None, None)


def test_steps_come_from_the_last_row_while_the_run_goes_on(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=40)
    with (place.path / "per_step.csv").open("a") as file:
        file.write("40,1,1,0,0\n41,1,")
    assert read_summary(place).steps == 41


@pytest.mark.parametrize("status", ["running", "paused", "crashed"])
def test_what_a_run_did_after_its_last_checkpoint_counts(tmp_path: Path, status: str) -> None:
    place = make_run(tmp_path / "a", steps=100, status=status)
    before = read_summary(place)
    with (place.path / "per_step.csv").open("a") as file:
        file.writelines(f"{t},4,1,{int(t == 128)},{int(t == 128)}\n" for t in range(100, 200))
    with (place.path / "update_events.jsonl").open("a") as file:
        file.write('{"t": 128, "status": "commit"}\n')
    after = read_summary(place)
    assert (before.attempted, before.committed) == (3, len(content(100).commits))
    assert after.attempted == 4
    assert after.committed == len(content(100).commits) + 1
    assert (after.steps, after.improvement) == (200, 75.0)


def test_a_friction_that_was_set_is_the_present_one(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=100, mu=0.05)
    (place.path / "interventions.jsonl").write_text('{"t": 50, "kind": "mu", "value": 0.3}\n')
    assert read_summary(place).truth_text == "0.3 (was 0.05)"


def test_a_file_without_frozen_errors_gives_none(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=4, chunk=0, damage=["no_metrics"])
    rows = "".join(f"{t},{t},0,0\n" for t in range(4))
    (place.path / "per_step.csv").write_text("t,adaptive_mse,did_update,update_ok\n" + rows)
    summary = read_summary(place)
    assert (summary.frozen_last100, summary.adaptive_last100) == (None, 1.5)


def test_damage_is_a_problem_of_the_row(tmp_path: Path) -> None:
    summary = read_summary(make_run(tmp_path / "a", steps=40, damage=["bad_meta"]))
    assert [p.part for p in summary.problems] == ["meta"]
    assert summary.steps == 40


def test_infinite_errors_are_shown_as_such(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=3, chunk=0, damage=["no_metrics"])
    rows = "0,inf,-inf,0,0\n1,-inf,nan,0,0\n"
    (place.path / "per_step.csv").write_text(
        "t,baseline_mse,adaptive_mse,did_update,update_ok\n" + rows
    )
    assert np.isnan(read_summary(place).frozen_mean or 0)


@pytest.mark.parametrize("metrics", [True, False])
def test_a_row_says_why_there_is_no_mean(tmp_path: Path, metrics: bool) -> None:
    place = make_run(tmp_path / "a", steps=600, layout="flat")
    if not metrics:
        (place.path / "session" / "metrics.json").unlink()
    path = place.path / "per_step.csv"
    lines = path.read_text().splitlines()
    fields = lines[580].split(",")
    lines[580] = ",".join([*fields[:2], "nan", *fields[3:]])
    path.write_text("\n".join(lines) + "\n")
    summary = read_summary(place)
    assert summary.why_no_mean == "adaptive: 1 of 100 steps is NaN"
    assert summary.adaptive_last100 is not None
    assert math.isnan(summary.adaptive_last100)


def test_a_row_has_the_interval_and_what_the_weights_imply(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=600, mu=0.2)
    summary, read = read_summary(place), SessionReader(place).refresh()
    whole = final_improvement(read.steps)
    assert summary.interval == (whole.low, whole.high)
    assert summary.implied == pytest.approx(0.21)
    assert summary.implied_error == pytest.approx(0.01)


def test_what_the_end_of_the_events_does_not_tell_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_run(tmp_path / "a", steps=600)
    monkeypatch.setattr("tttui.artifacts.events.LAST_BYTES", 100)
    assert read_summary(place).implied is None


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("no_weights", "plastic_state.pt"),
        ("truncated_weights", "plastic_state.pt"),
        ("pickled_weights", "plastic_state.pt"),
        ("half_line", "per_step.csv"),
        ("empty_steps", "per_step.csv"),
        ("half_events", "update_events.jsonl"),
        ("half_record", "weights_history.npy"),
        ("no_events", "update_events.jsonl"),
    ],
)
def test_a_row_knows_of_damage(damage: str, name: str, tmp_path: Path) -> None:
    summary = read_summary(make_run(tmp_path / "a", steps=200, damage=[damage]))
    assert [problem.path.name for problem in summary.damage] == [name]


def test_what_a_live_run_has_yet_to_write_is_no_damage(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=200, status="running", damage=["no_weights"])
    assert read_summary(place).damage == ()


@pytest.mark.parametrize("metrics", [True, False])
@pytest.mark.parametrize("loss", ["cross-entropy", "accuracy"])
def test_the_interval_is_the_right_way_round_for_any_loss(
    tmp_path: Path, loss: str, metrics: bool
) -> None:
    place = make_recorded(tmp_path / "a", loss=loss)
    if not metrics:
        (place.path / "session" / "metrics.json").unlink()
    row = read_summary(place)
    result = final_improvement(SessionReader(place).refresh().steps, lower=loss != "accuracy")
    assert row.interval == result.ends
    assert row.improvement is not None
    assert row.interval is not None
    assert row.interval[0] <= row.improvement <= row.interval[1]
