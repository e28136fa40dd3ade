"""A run that went on from an earlier checkpoint recorded some steps twice: they count once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rundirs import make_run
from tttui.artifacts.events import EventLines, EventList
from tttui.artifacts.history import HistoryFile, record_dtype
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.restarts import merge
from tttui.artifacts.steps_csv import StepsFile, parse_trajectory_json
from tttui.artifacts.summary import read_summary
from tttui.artifacts.tail import read_tail
from tttui.model.arrays import Ints
from tttui.model.statistics import Summariser

HEADER = "t,baseline_mse,adaptive_mse,did_update,update_ok\n"
NONE: Ints = np.empty(0, dtype=np.int64)


def rows(first: int, stop: int, error: float) -> str:
    return "".join(f"{t},1,{error},{int(t % 32 == 0)},0\n" for t in range(first, stop))


def steps_of(path: Path) -> tuple[StepsFile, list[str]]:
    file = StepsFile(path)
    file.refresh()
    return file, [p.reason for p in file.problems()]


def events_at(*steps: int, loss: float) -> list[dict[str, Any]]:
    return [{"t": t, "status": "commit", "pre_loss": loss} for t in steps]


# -- steps --------------------------------------------------------------------------------------


def test_the_later_steps_count_and_the_restart_is_told(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 400, 1) + rows(320, 500, 2))
    file, reasons = steps_of(path)
    assert file.steps.t.tolist() == list(range(500))
    assert file.steps.adaptive.tolist() == [1.0] * 320 + [2.0] * 180
    assert reasons == [
        "steps 320 to 399 occur twice: the run was restarted from t 320; the later ones are shown"
    ]


def test_a_restart_that_ends_before_the_abandoned_branch_says_where(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 400, 1) + rows(320, 350, 2))
    file, reasons = steps_of(path)
    assert file.steps.t[-1] == 349
    assert reasons[0].endswith("the later ones, which end at t 349, are shown")


def test_several_restarts_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 50, 1) + rows(20, 40, 2) + rows(0, 60, 3))
    file, reasons = steps_of(path)
    assert file.steps.adaptive.tolist() == [3.0] * 60
    assert reasons == [
        "steps 20 to 49 and 0 to 39 occur twice: the run was restarted from t 20 and t 0; "
        "the later ones are shown"
    ]


def test_a_step_that_was_repeated_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 5, 1) + rows(4, 6, 2))
    file, reasons = steps_of(path)
    assert file.steps.adaptive.tolist() == [1, 1, 1, 1, 2, 2]
    assert reasons[0].startswith("step 4 occurs twice: the run was restarted from t 4;")


def test_one_damaged_step_number_is_no_restart(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 50, 1) + rows(5, 6, 2) + rows(50, 60, 1))
    file, reasons = steps_of(path)
    assert file.steps.t.tolist() == list(range(60))
    assert reasons == ["line 52 has t 5 between t 49 and t 50; the rest is shown"]


def test_a_restart_is_followed_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 400, 1))
    file = StepsFile(path)
    file.refresh()
    before = file.steps
    seen = []
    for t in range(320, 330):
        with path.open("a") as out:
            out.write(rows(t, t + 1, 2))
        file.refresh()
        seen.append(int(file.steps.t[-1]))
    # The first row alone could be a damaged number as well.
    assert seen == [399, *range(321, 330)]
    assert before.adaptive.tolist() == [1.0] * 400


def test_a_last_row_that_falls_back_is_named_once_nothing_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + rows(0, 50, 1) + rows(5, 6, 2))
    file, reasons = steps_of(path)
    assert reasons == []
    monkeypatch.setattr("tttui.artifacts.growing.CUT_OFF_S", 0.0)
    assert [p.reason for p in file.problems()] == [
        "line 52, the last, has t 5 after t 49 and is left out"
    ]


def test_the_table_and_the_open_session_agree_on_a_restarted_run(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=400, chunk=0, layout="flat")
    (place.path / "session" / "metrics.json").unlink()
    path = place.path / "per_step.csv"
    path.write_text(HEADER + rows(0, 400, 1) + rows(320, 352, 2))
    steps = SessionReader(place).refresh().steps
    summary = read_summary(place)
    assert summary.steps == len(steps) == 352
    assert summary.attempted == np.count_nonzero(steps.did_update) == 11
    assert summary.adaptive_last100 == pytest.approx(steps.adaptive[-100:].mean())
    assert read_tail(path).recent[-1] == 2.0


# -- the other files ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lines", "list"])
def test_later_transactions_count(tmp_path: Path, kind: str) -> None:
    both = [*events_at(31, 63, 95, 127, loss=1), *events_at(95, 127, 159, loss=2)]
    path = tmp_path / "events"
    file: EventLines | EventList
    if kind == "lines":
        path.write_text("".join(json.dumps(event) + "\n" for event in both))
        file = EventLines(path, one_a_step=True)
        file.refresh()
    else:
        path.write_text(json.dumps(both))
        file = EventList(path, one_a_step=True)
        file.parse(path.read_bytes())
    transactions = file.transactions
    assert transactions.t.tolist() == [31, 63, 95, 127, 159]
    assert transactions.pre_loss.tolist() == [1, 1, 2, 2, 2]
    assert [transactions[i].raw["pre_loss"] for i in range(5)] == [1, 1, 2, 2, 2]
    assert [p.reason for p in file.problems()] == [
        "transactions of t 95 to 127 occur twice: the run was restarted; the later ones are shown"
    ]


def test_transactions_of_a_restart_are_followed_while_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "update_events.jsonl"
    file = EventLines(path, one_a_step=True)
    known, sizes = [], []
    for event in [*events_at(31, 63, 95, loss=1), *events_at(63, 95, 127, loss=2)]:
        with path.open("a") as out:
            out.write(json.dumps(event) + "\n")
        file.refresh()
        known.append(file.transactions)
        sizes.append(len(file.transactions))
    assert sizes == [1, 2, 3, 2, 3, 4]
    assert known[2].pre_loss.tolist() == [1, 1, 1]
    assert known[5].pre_loss.tolist() == [1, 2, 2, 2]


def test_two_updates_of_one_step_both_count_where_a_person_asked_for_them(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    (place.path / "update_events.jsonl").write_text(
        "".join(json.dumps(event) + "\n" for event in events_at(32, 32, 64, loss=1))
    )
    assert SessionReader(place).refresh().transactions.t.tolist() == [32, 32, 64]


def test_later_points_of_a_trajectory_count() -> None:
    points = [
        {"t": t, "x": x, "y": 0, "vx": 0, "vy": 0, "ax": 0, "ay": 0}
        for t, x in [*((t, 1) for t in range(40)), *((t, 2) for t in range(20, 50))]
    ]
    result, problems = parse_trajectory_json(json.dumps(points).encode(), Path("trajectory.json"))
    assert result is not None
    assert result.z[:, 0].tolist() == [1.0] * 20 + [2.0] * 30
    assert [p.reason for p in problems] == [
        "steps 20 to 39 occur twice: the run was restarted from t 20; the later ones are shown"
    ]


def test_later_snapshots_count_while_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    dtype = record_dtype({"W_u": (2, 3)})
    np.save(path, np.empty(0, dtype=dtype))
    file, summariser = HistoryFile(path), Summariser()
    seen = []
    for i, t in enumerate([0, 32, 64, 96, 64, 96, 128]):
        record = np.zeros(1, dtype=dtype)
        record["t"], record["W_u"] = t, i
        with path.open("ab") as out:
            out.write(record.tobytes())
        history = file.read()
        summariser.follow(history)
        summariser.advance(10.0)
        seen.append([int(W[0, 0]) for W in history.weights["W_u"][:]])
    assert seen[3:] == [[0, 1, 2, 3], [0, 1, 4], [0, 1, 4, 5], [0, 1, 4, 5, 6]]
    assert file.problem == (
        "snapshots of t 64 to 96 occur twice: the run was restarted; the later ones are shown"
    )
    largest = summariser.statistics.column("W_u", "max_abs")
    assert largest.tolist() == [0, 1, 4, 5, 6]


# -- the rule ----------------------------------------------------------------------------------


def later_wins(t: list[int]) -> list[int]:
    """The rule in plain words: a row takes away all before it that have its step or a later one."""
    counted: list[int] = []
    for i, step in enumerate(t):
        counted = [k for k in counted if t[k] < step] + [i]
    return counted


@given(t=st.lists(st.integers(0, 12), max_size=30), cut=st.integers(0, 30))
def test_the_later_branch_wins_however_the_rows_arrive(t: list[int], cut: int) -> None:
    first = merge(NONE, np.array(t[:cut], dtype=np.int64), every_step=False)
    known = np.array(t[:cut], dtype=np.int64)[first.indices()]
    second = merge(known, np.array(t[cut:], dtype=np.int64), every_step=False)
    both = [*known[: second.known].tolist(), *(t[cut:][i] for i in second.indices())]
    assert both == [t[i] for i in later_wins(t)]
