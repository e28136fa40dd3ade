"""No file of a session can take all memory or all time, whatever it holds or claims to hold."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run, session_path, steps_path
from tttui.artifacts import csvfile, event_columns, jsonlist
from tttui.artifacts.damage import MOST_WRONG
from tttui.artifacts.events import EventLines, EventList
from tttui.artifacts.jsonfile import decode
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.steps_csv import StepsFile, parse_trajectory_json
from tttui.artifacts.summary import read_summary
from tttui.model.session import Layout, Place

HEADER = b"t,baseline_mse,adaptive_mse,did_update,update_ok\n"


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What happens in the test may take no more than 200 MB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000_000


def native(tmp_path: Path) -> list[Path]:
    place = make_run(tmp_path / "a", steps=64)
    return [path for path in sorted(place.path.rglob("*")) if path.is_file()]


FILES = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "update_events.json",
    "weights_history.npy",
    "status.json",
    "run.log",
    "interventions.jsonl",
    "base_checkpoint.pt",
    "session/meta.json",
    "session/metrics.json",
    "session/plastic_state.pt",
)


def read_everything(place: Place) -> list[str]:
    """The problems of a session of which everything was read."""
    read_summary(place)
    reader = SessionReader(place)
    reader.refresh()
    reader.trajectory()
    reader.log()
    return [problem.reason for problem in reader.refresh().problems if not problem.missing]


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", FILES)
def test_a_file_with_a_hole_of_a_terabyte_is_a_problem(name: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    path = place.path / name
    path.touch()
    os.truncate(path, 1 << 40)
    problems = read_everything(place)
    if name not in ("run.log", "weights_history.npy", "update_events.json"):
        assert any("1099511627776 bytes" in reason for reason in problems)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["per_step.csv", "trajectory.csv", "update_events.jsonl"])
def test_a_table_that_ends_in_a_hole_is_read_up_to_it(name: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    os.truncate(place.path / name, 50_000_000)
    reader = SessionReader(place)
    data = reader.refresh()
    assert len(data.steps) == 64
    assert reader.trajectory() is not None
    assert len(data.transactions)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["session/meta.json", "session/metrics.json", "status.json"])
def test_an_object_of_countless_values_is_a_problem(name: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    (place.path / name).write_bytes(b'{"a": [' + b"{}," * 2_500_000 + b"{}]}")
    assert any("has more than 500000 values" in reason for reason in read_everything(place))


@pytest.mark.parametrize("layout", ["native", "flat", "store"])
def test_a_pipe_under_any_name_holds_nobody(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / ("store/sessions/a" if layout == "store" else "a")
    place = make_run(path, layout=layout, steps=64)
    for folder in (steps_path(place).parent, session_path(place)):
        for file in folder.iterdir():
            if file.is_file():
                file.unlink()
                os.mkfifo(file)
    assert any("named pipe" in reason for reason in read_everything(place))


def test_a_table_has_no_more_rows_than_fit_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvfile, "LARGEST_IN_MEMORY", 26 * 1000)
    path = tmp_path / "per_step.csv"
    path.write_bytes(HEADER + b"".join(b"%d,1,1,0,0\n" % t for t in range(100_000)))
    file = StepsFile(path)
    file.refresh()
    assert file.share == 1
    assert 1000 <= len(file.steps) < 100_000
    assert [p.reason for p in file.problems()] == [
        f"only the first {len(file.steps)} rows are shown"
    ]
    file.refresh()
    assert 1000 <= len(file.steps) < 100_000


def test_wrong_lines_without_end_are_not_all_read(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_bytes(HEADER + b"0,1,1,0,0\n" + b"x\n" * (20 * MOST_WRONG) + b"1,1,1,0,0\n")
    file = StepsFile(path)
    file.refresh()
    assert file.share == 1
    assert len(file.steps) == 1
    assert "more than 10000 lines are wrong; the lines after are not read" in [
        p.reason for p in file.problems()
    ]


def test_a_header_without_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_bytes(b"," * 1_000_000 + b"\n0,1\n")
    file = StepsFile(path)
    file.refresh()
    assert [p.reason for p in file.problems()] == ["line 1 has 1000000 bytes, so it is no header"]


def test_more_transactions_than_can_be_shown_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_columns, "MOST", 1000)
    text = [b'{"t": %d, "status": "commit"}' % t for t in range(100_000)]
    lines, listed = EventLines(tmp_path / "a.jsonl"), EventList(tmp_path / "a.json")
    lines.path.write_bytes(b"\n".join(text) + b"\n")
    lines.refresh()
    monkeypatch.setattr(jsonlist, "PIECE", 10_000)
    listed.parse(b"[" + b",\n".join(text) + b"]")
    for events in (lines, listed):
        n = len(events.transactions)
        assert 1000 <= n < 100_000
        assert [p.reason for p in events.problems()] == [
            f"only the first {n} transactions are shown"
        ]
    assert not lines.unread


def test_a_list_is_read_alike_in_pieces_and_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        b'{"t": %d, "status": "commit", "pre_loss": %s, "W_u": {"fro": 1.5}, "more": [{}, {}]}'
        % (t, b"NaN" if t % 700 == 3 else b"0.5")
        for t in range(3000)
    ]
    data = b" [\n  " + b",\n  ".join(events) + b"\n]\n"
    whole, parts = EventList(Path("a")), EventList(Path("a"))
    whole.parse(data)
    monkeypatch.setattr(jsonlist, "PIECE", 1000)
    parts.parse(data)
    for result in (whole.transactions, parts.transactions):
        assert result.t.tolist() == list(range(3000))
        assert np.flatnonzero(np.isnan(result.pre_loss)).tolist() == [3, 703, 1403, 2103, 2803]
    assert not whole.problems()
    assert not parts.problems()


def test_the_place_of_every_transaction_of_a_list_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonlist, "PIECE", 100)
    path = tmp_path / "update_events.json"
    path.write_text('[{"t": 1, "status": "a{b", "x": 7}, {"t": 2, "status": "b", "x": NaN}]')
    events = EventList(path)
    events.parse(path.read_bytes())
    assert events.transactions.records[0]["x"] == 7
    assert str(events.transactions.records[1]["x"]) == "nan"


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("element", [b"0", b"{}", b"[]", b'"a"', b'{"t":0}', b"[[[]]]"])
def test_a_list_of_anything_else_is_left_alone(element: bytes) -> None:
    data = b"[" + (element + b",") * 30_000 + element + b"]"
    trajectory, problems = parse_trajectory_json(data, Path("a"))
    assert trajectory is None
    assert problems[0].reason.startswith("more than 10000 elements are no points")
    events = EventList(Path("a"))
    events.parse(data)
    assert events.problems()[0].reason == "more than 10000 elements are no events"


@pytest.mark.parametrize("text", [b"[" * 3000, b'{"a":' * 3000, b"[" * 101 + b"]" * 101])
def test_values_deep_in_each_other_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="more than 100 values in each other"):
        decode(text)


def test_brackets_in_a_long_document_are_counted_across_its_parts() -> None:
    padding = b'"' + b"x" * (1 << 20) + b'"'
    with pytest.raises(ValueError, match="more than 100"):
        decode((b"[" + padding + b",") * 60 + b"[" * 60)
    assert len(decode(b"[" + (b"[" + padding + b"],") * 3 + b"[[]]]")) == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"9223372036854775807", (1 << 63) - 1),
        (b"-9223372036854775808", -(1 << 63)),
        (b"9223372036854775808", 2.0**63),
        (b"1" * 400, float("inf")),
        (b"-" + b"1" * 5000, float("-inf")),
        (b"1e999", float("inf")),
    ],
)
def test_numbers_of_any_length_can_be_computed_with(text: bytes, value: float) -> None:
    result = decode(text)
    assert (type(result), result) == (type(value), value)
