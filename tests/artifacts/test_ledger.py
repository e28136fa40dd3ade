"""Reading what a ledger rests on: whatever the files hold, damage is named and nothing breaks."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tttui
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ledger import LONGEST_LINE, read_records
from tttui.model.ledger import judge
from tttui.model.session import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    path = tmp_path_factory.mktemp("ledger") / "a"
    with tttui.Recorder(path) as rec:
        rec.step(0, adaptive=1.0)
        rec.step(1, adaptive=1.0)
    (sessions,) = find_sessions([path])
    return sessions


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["t", "status", "version", "version_before", "trained_on", "why", "after"])


@given(
    scores=st.binary(max_size=60) | st.text("0123,abcdef\n", max_size=60).map(str.encode),
    events=st.binary(max_size=60)
    | st.lists(st.dictionaries(keys, json_values), max_size=3).map(
        lambda result: "\n".join(map(repr, result)).replace("'", '"').encode(errors="replace")
    ),
)
def test_any_bytes_are_read(place: Place, scores: bytes, events: bytes) -> None:
    (place.path / "scores.csv").write_bytes(b"t,version\n" + scores)
    (place.path / "update_events.jsonl").write_bytes(events + b"\n")
    records, _ = read_records(place)
    result = judge(records)
    assert result.clean + result.violated + result.unknown == result.steps == 2


def test_wrong_lines_are_named(place: Place) -> None:
    (place.path / "scores.csv").write_text("t,version\n0,abcd\nhello\n1,ABC\n")
    (place.path / "update_events.jsonl").write_text("[]\n{\n\n")
    records, problems = read_records(place)
    assert records.scores == [(0, "abcd")]
    assert [problem.reason for problem in problems] == [
        "2 lines are no scores and are left out",
        "2 lines are no events and are left out",
    ]


def test_a_line_without_an_end_is_not_read_on(place: Place) -> None:
    (place.path / "update_events.jsonl").write_text("")
    (place.path / "scores.csv").write_bytes(b"t,version\n" + b"1" * (LONGEST_LINE * 3))
    _, problems = read_records(place)
    assert "nothing after it is read" in problems[0].reason


def test_what_is_no_file_is_named(place: Place) -> None:
    (place.path / "scores.csv").unlink(missing_ok=True)
    os.mkfifo(place.path / "scores.csv")
    _, problems = read_records(place)
    assert "is a named pipe" in problems[0].reason
    (place.path / "scores.csv").unlink()
