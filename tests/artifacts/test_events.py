"""Transactions from lines and from lists, with everything that such files may hold."""

import json
from pathlib import Path

import numpy as np
import pytest

from tttui.artifacts.events import EventLines, EventList

EVENTS = [
    {"t": 32, "status": "commit", "pre_loss": 0.5, "post_loss": 0.25, "note": {"a": 1}},
    {"t": 64, "status": "rollback_grad_norm", "pre_loss": 0.5, "post_loss": None},
]


def lines(tmp_path: Path, text: str | bytes) -> EventLines:
    path = tmp_path / "update_events.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    file = EventLines(path)
    file.refresh()
    return file


def listed(tmp_path: Path, text: str) -> EventList:
    path = tmp_path / "update_events.json"
    path.write_text(text)
    file = EventList(path)
    file.parse(path.read_bytes())
    return file


def test_columns_and_records_hold_what_the_lines_say(tmp_path: Path) -> None:
    transactions = lines(tmp_path, "".join(json.dumps(e) + "\n" for e in EVENTS)).transactions
    assert transactions.t.tolist() == [32, 64]
    assert transactions.counts() == {"commit": 1, "rollback_grad_norm": 1}
    assert np.array_equal(transactions.post_loss, [0.25, np.nan], equal_nan=True)
    assert list(transactions.records) == EVENTS
    assert transactions[1].post_loss is None


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_holds_the_same(indent: int | None, tmp_path: Path) -> None:
    transactions = listed(tmp_path, json.dumps(EVENTS, indent=indent)).transactions
    assert transactions.t.tolist() == [32, 64]
    assert list(transactions.records) == EVENTS


def test_nan_and_infinity_are_read(tmp_path: Path) -> None:
    events = [{**EVENTS[0], "pre_loss": float("nan"), "grad_norm": float("inf")}]
    for result in (
        lines(tmp_path, json.dumps(events[0]) + "\n").transactions,
        listed(tmp_path, json.dumps(events)).transactions,
    ):
        assert np.isnan(result.pre_loss[0])
        assert result.grad_norm[0] == np.inf
        assert result[0].grad_norm == np.inf


def test_an_unknown_status_is_kept_by_its_name(tmp_path: Path) -> None:
    transactions = lines(tmp_path, '{"t": 1, "status": "rollback_by_hand"}\n').transactions
    assert transactions.counts() == {"rollback_by_hand": 1}
    assert transactions[0].status == "rollback_by_hand"


def test_only_t_and_status_are_needed(tmp_path: Path) -> None:
    transactions = lines(tmp_path, '{"t": 1, "status": "commit"}\n').transactions
    assert np.isnan(transactions.pre_loss[0])
    assert transactions[0].pre_loss is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "holds a list, not an event"),
        ('{"status": "commit"}', "has 'None' for t, which is no step"),
        ('{"t": 1.5, "status": "commit"}', "has '1.5' for t"),
        ('{"t": 1e300, "status": "commit"}', "has '1e+300' for t"),
        ('{"t": 1}', "has 'None' for status, which is no text"),
    ],
)
def test_a_wrong_line_is_named_and_left_out(line: str, reason: str, tmp_path: Path) -> None:
    good = json.dumps(EVENTS[0])
    file = lines(tmp_path, f"{good}\n{line}\n{good}\n")
    assert len(file.transactions) == 2
    (problem,) = file.problems()
    assert problem.reason.startswith(f"line 2 {reason}")


def test_a_number_of_a_wrong_type_is_absent(tmp_path: Path) -> None:
    result = lines(tmp_path, '{"t": 1, "status": "commit", "lr": "x", "pre_loss": true}\n')
    assert np.isnan(result.transactions.lr[0])
    assert result.transactions[0].pre_loss is None


def test_a_complete_last_object_without_its_newline_is_shown(tmp_path: Path) -> None:
    assert len(lines(tmp_path, json.dumps(EVENTS[0])).transactions) == 1


def test_a_half_written_last_object_is_held_back(tmp_path: Path) -> None:
    file = lines(tmp_path, json.dumps(EVENTS[0]) + '\n{"t": 64, "status": "com')
    assert len(file.transactions) == 1
    assert file.problems() == []


def test_a_list_that_breaks_off_shows_what_stands_before(tmp_path: Path) -> None:
    file = listed(tmp_path, json.dumps(EVENTS, indent=2)[:-30])
    assert file.transactions.t.tolist() == [32]
    assert [p.reason for p in file.problems()] == [
        "breaks off in event 2 (line 11); the events before it are shown"
    ]


def test_a_list_that_is_not_closed_is_named(tmp_path: Path) -> None:
    file = listed(tmp_path, json.dumps(EVENTS)[:-1])
    assert len(file.transactions) == 2
    assert "not closed" in file.problems()[0].reason


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("{}", "not a list"), ("5", "not a")])
def test_what_is_no_list_is_named(text: str, reason: str, tmp_path: Path) -> None:
    file = listed(tmp_path, text)
    assert len(file.transactions) == 0
    assert reason in file.problems()[0].reason


def test_an_empty_list_is_no_problem(tmp_path: Path) -> None:
    assert listed(tmp_path, "[]").problems() == []


def test_text_beyond_ascii_keeps_records_in_place(tmp_path: Path) -> None:
    events = [{**EVENTS[0], "note": "größe µ"}, {**EVENTS[1], "pre_loss": float("nan")}]
    text = json.dumps(events, ensure_ascii=False)
    assert listed(tmp_path, text).transactions[0].raw["note"] == "größe µ"
    assert listed(tmp_path, text).transactions[1].t == 64


def test_a_record_whose_file_is_gone_still_has_its_columns(tmp_path: Path) -> None:
    transactions = lines(tmp_path, json.dumps(EVENTS[1]) + "\n").transactions
    (tmp_path / "update_events.jsonl").unlink()
    assert transactions.records[0] == {"t": 64, "status": "rollback_grad_norm"}


def test_records_can_be_sliced(tmp_path: Path) -> None:
    transactions = lines(tmp_path, "".join(json.dumps(e) + "\n" for e in EVENTS)).transactions
    assert list(transactions.records[:1]) == EVENTS[:1]


@pytest.mark.parametrize("name", ["W_u", "layer.0", 'a "name"', "t", "gone"])
def test_figures_of_one_parameter_are_those_of_the_whole_record(name: str, tmp_path: Path) -> None:
    figures = {"fro": 2.5, "delta_fro": 0.1, "top_sv": None}
    inside = {"layer.0": figures, 'a "name"': figures, "t": figures}
    told = [
        json.dumps({"t": 16, "status": "commit", "weights": inside, "other": {"fro": 9.0}}),
        json.dumps({"t": 32, "status": "commit", "W_u": {"fro": float("nan")}, "weights": inside}),
        json.dumps({"t": 48, "status": "commit", "weights": [1], "W_u": figures}),
        json.dumps({"t": 64, "status": "commit", "W_u": {"fro": 10**25}, "weights": None}),
    ]
    events = lines(tmp_path, "".join(f"{line}\n" for line in told)).transactions
    one = list(events.figures(name, range(4)))
    whole = [events[i].figures(name) for i in range(4)]
    assert repr(one) == repr(whole)
    assert any(one) == (name != "gone")


def test_figures_of_a_file_that_is_gone_are_none(tmp_path: Path) -> None:
    events = lines(tmp_path, '{"t": 1, "status": "commit", "W_u": {"fro": 1.0}}\n').transactions
    (tmp_path / "update_events.jsonl").unlink()
    assert list(events.figures("W_u", [0])) == [{}]
