"""A session that is executed: its files, its state, who may hold it."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import create, events, run_through, same, settings
from tttui.model.errors import RefusedInput, SessionHeld, TttuiError
from tttui.model.pointmass.configuration import configuration_of
from tttui.runs.drive import drive
from tttui.runs.owned import RunProgress
from tttui.tasks.pointmass.runs.session import SessionRun


def test_every_step_has_a_row_and_every_chunk_a_transaction(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    rows = (directory / "per_step.csv").read_text().splitlines()[1:]
    tried = [int(row.split(",")[0]) for row in rows if row.split(",")[3] == "1"]
    assert len(rows) == 200
    assert tried == [event["t"] for event in events(directory)] == [32, 64, 96, 128, 160, 192]


def test_row_t_is_the_first_that_the_new_weights_predict(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a", settings(probation=0.0))
    trajectory = np.genfromtxt(directory / "trajectory.csv", delimiter=",", names=True)
    rows = np.genfromtxt(directory / "per_step.csv", delimiter=",", names=True)
    first = events(directory)[0]
    assert first["status"] == "commit"
    same_until = rows["baseline_mse"] == rows["adaptive_mse"]
    assert same_until[: first["t"]].all()
    assert not same_until[first["t"]]
    assert len(trajectory) == len(rows)


def test_a_snapshot_is_kept_of_the_start_and_of_every_change(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    changed = [e["t"] for e in events(directory) if e["status"] == "commit" or "to_t" in e]
    assert np.load(directory / "weights_history.npy")["t"].tolist() == [0, *changed]


def test_metrics_are_the_means_of_the_rows(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    rows = np.genfromtxt(directory / "per_step.csv", delimiter=",", names=True)
    metrics = json.loads((directory / "session" / "metrics.json").read_text())
    assert metrics["adaptive_mse_mean"] == pytest.approx(rows["adaptive_mse"].mean(), rel=1e-6)
    assert metrics["baseline_mse_last100_mean"] == pytest.approx(
        rows["baseline_mse"][-100:].mean(), rel=1e-6
    )
    low, high = metrics["improvement_ci95"]
    assert low < metrics["improvement_percent"] < high


def test_few_steps_are_averaged_over_as_many_as_there_are(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a", settings(steps=10))
    metrics = json.loads((directory / "session" / "metrics.json").read_text())
    assert metrics["adaptive_mse_last100_mean"] == pytest.approx(metrics["adaptive_mse_mean"])


def test_the_meta_holds_every_setting(tmp_path: Path) -> None:
    chosen = settings(chunk=16, mu=0.1, noise_std=0.02, mu_schedule=((50, 0.2),))
    meta = json.loads((run_through(tmp_path / "a", chosen) / "session" / "meta.json").read_text())
    assert configuration_of(meta).settings == chosen


def test_the_second_writer_is_refused_and_told_who_holds_the_session(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    with pytest.raises(SessionHeld, match=r"a is being written by process \d+"):
        SessionRun.open(tmp_path / "a")
    run.close("interrupted")
    SessionRun.open(tmp_path / "a").close("interrupted")


def test_an_existing_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(RefusedInput, match="exists already"):
        create(tmp_path / "a")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_session_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise TttuiError("the disk is full")

    monkeypatch.setattr("tttui.tasks.pointmass.runs.writer.RunWriter.checkpoint", full)
    with pytest.raises(TttuiError, match="disk is full"):
        create(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_the_status_says_how_it_stands(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.advance(40)
    run.state = "paused"
    run.tell()
    status = json.loads((tmp_path / "a" / "status.json").read_text())
    assert (status["state"], status["t"], status["steps_total"]) == ("paused", 40, 200)
    run.close("interrupted")
    assert json.loads((tmp_path / "a" / "status.json").read_text())["state"] == "interrupted"


def test_a_driven_run_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    assert not drive(run, 200, should_stop=lambda: run.t >= 64)
    assert run.t == 64
    run.close("interrupted")


def test_a_driven_run_reports_frames_up_to_its_end(tmp_path: Path) -> None:
    run, frames = create(tmp_path / "a"), list[RunProgress]()
    assert drive(run, 200, on_progress=frames.append)
    run.close("completed")
    assert frames[-1].t == 200
    assert frames[-1].attempted == 6
    assert frames[-1].improvement is not None


def test_a_rate_limit_changes_nothing_but_the_time(tmp_path: Path) -> None:
    plain = run_through(tmp_path / "a")
    run = create(tmp_path / "b")
    drive(run, 200, max_rate=2000.0)
    run.close("completed")
    assert same(plain, tmp_path / "b") == []


def test_another_base_in_the_directory_is_noticed(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    other = base_bytes_of_equal()
    (directory / "base_checkpoint.pt").write_bytes(other)
    with pytest.raises(TttuiError, match="is not the base that the session began with"):
        SessionRun.open(directory)


def base_bytes_of_equal() -> bytes:
    from tests.tasks.pointmass.runs.sessions import base_of

    return base_of(settings(decay_init="equal")).content
