"""The writer of sessions of any task: what it wrote is read back, and nothing is overwritten."""

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tttui.artifacts.atomic import write_all
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.recording import SessionWriter
from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RefusedInput, TttuiError

META = {"session_id": "a", "loss": {"name": "accuracy", "unit": "", "lower_is_better": False}}


@pytest.fixture
def writer(tmp_path: Path) -> SessionWriter:
    writer = SessionWriter(tmp_path / "a", clock=lambda: 0.0)
    writer.begin(META, {"w": Stored.of(np.zeros((2, 2), np.float32))})
    return writer


def test_what_was_written_is_read_back(writer: SessionWriter) -> None:
    writer.snapshot(0, lambda: {"w": np.zeros((2, 2))})
    writer.step(0, 0.5, 0.25)
    writer.event({"t": 1, "status": "commit", "pre_loss": 0.5})
    writer.snapshot(1, lambda: {"w": np.ones((2, 2))})
    writer.series(1, {"entropy": 0.1})
    writer.score(1, "0123456789abcdef")
    writer.step(1, float("nan"), None, tried=True, committed=True)
    writer.status(state="completed", t=1)
    writer.finish({"w": Stored.of(np.ones((2, 2), np.float32))})
    (place,) = find_sessions([writer.directory])
    data = SessionReader(place).refresh()
    assert data.steps.t.tolist() == [0, 1]
    assert data.steps.update_ok.tolist() == [False, True]
    assert data.transactions.t.tolist() == [1]
    assert (writer.directory / "scores.csv").read_text() == "t,version\n1,0123456789abcdef\n"
    assert np.load(writer.directory / "weights_history.npy")["w"][1].tolist() == [[1, 1], [1, 1]]
    listed = json.loads((writer.directory / "update_events.json").read_text())
    assert listed == [{"t": 1, "status": "commit", "pre_loss": 0.5}]


def test_rows_of_a_step_reach_the_disk_after_all_that_belongs_to_it(
    writer: SessionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []
    handles = {
        (writer.directory / name).stat().st_ino: name
        for name in ("per_step.csv", "update_events.jsonl")
    }

    def noted(handle: int, data: bytes, offset: int) -> None:
        order.append(os.fstat(handle).st_ino)
        write_all(handle, data, offset)

    monkeypatch.setattr("tttui.artifacts.appending.write_all", noted)
    writer.series(0, {"entropy": 0.1})
    writer.score(0, "0123456789abcdef")
    writer.step(0, 0.5)
    writer.event({"t": 1, "status": "commit"})
    writer.snapshot(1, lambda: {"w": np.ones((2, 2))})
    order.clear()
    writer.flush()
    assert handles[order[-1]] == "per_step.csv"
    assert len(set(order)) == 5


def test_several_updates_before_one_step_leave_the_last_snapshot(writer: SessionWriter) -> None:
    for value in range(4):
        writer.snapshot(3, partial(lambda w: {"w": w}, np.full((2, 2), value)))
    writer.flush()
    kept = np.load(writer.directory / "weights_history.npy")
    assert kept["t"].tolist() == [3]
    assert (kept["w"] == 3).all()


def test_metrics_count_only_steps_that_have_both(writer: SessionWriter) -> None:
    for t in range(4):
        writer.step(t, float(t), 10.0 if t % 2 else None)
    writer.finish()
    document = json.loads((writer.directory / "session" / "metrics.json").read_text())
    assert document["adaptive_mse_mean"] == 1.5
    assert document["adaptive_mse_mean_where_frozen"] == 2.0
    assert (document["baseline_mse_mean"], document["steps_with_frozen"]) == (10.0, 2)
    assert document["improvement_percent"] is None  # higher is better


def test_an_occupied_directory_is_refused(writer: SessionWriter) -> None:
    with pytest.raises(RefusedInput, match="holds a session already"):
        SessionWriter(writer.directory).begin(META)


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(RefusedInput, match="is no directory"):
        SessionWriter(tmp_path / "a").begin(META)


def test_a_table_with_another_head_is_not_gone_on_with(writer: SessionWriter) -> None:
    writer.close()
    (writer.directory / "per_step.csv").write_text("t,x\n0,1\n")
    with pytest.raises(TttuiError, match="does not begin with 't,baseline_mse"):
        SessionWriter(writer.directory).reopen()


def test_rows_after_damage_are_cut_off(writer: SessionWriter) -> None:
    for t in range(5):
        writer.step(t, 1.0)
    writer.flush()
    writer.close()
    table = writer.directory / "per_step.csv"
    lines = table.read_text().splitlines()
    lines[3] = "2,,1.0,7,0"
    table.write_text("\n".join(lines) + "\n")
    reopened = SessionWriter(writer.directory).reopen()
    assert reopened.t == 1
    assert "cut off" in str(reopened.cuts[0])
