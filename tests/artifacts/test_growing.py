"""Reading what was appended gives what reading at once gives, however the bytes arrived."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rundirs import make_run
from tttui.artifacts import growing
from tttui.artifacts.events import EventLines
from tttui.artifacts.growing import FileChange, GrowingFile
from tttui.artifacts.steps_csv import StepsFile
from tttui.model.steps import Steps
from tttui.model.transactions import Transactions

HEADER = b"t,baseline_mse,adaptive_mse,did_update,update_ok"
GOOD = st.tuples(st.integers(0, 40), st.floats(0, 1), st.floats(width=32), st.booleans()).map(
    lambda row: f"{row[0]},{row[1]!r},{row[2]!r},{row[3]:d},0".encode()
)
BAD = st.sampled_from([b"", b"5,0.1", b"7,x,1,0,0", b"8,1,1,0,2", b"9.5,1,1,0,0", b"\xff", b",,,,"])
ENDS = st.sampled_from([b"\n", b"\r\n"])
TABLES = st.builds(
    lambda lines, end, last: end.join([HEADER, *lines]) + (end if last else b""),
    st.lists(GOOD | GOOD | GOOD | BAD, max_size=25),
    ENDS,
    st.booleans(),
)
EVENT = st.builds(
    lambda t, status, loss: f'{{"t": {t}, "status": "{status}", "pre_loss": {loss}}}'.encode(),
    st.integers(0, 99),
    st.sampled_from(["commit", "rollback_grad_norm", "something_new"]),
    st.sampled_from(["0.1", "null", "NaN", "Infinity", "1e-5", '"a"']),
)
BAD_EVENT = st.sampled_from([b"", b"{", b"[1]", b'{"t": 1}', b'{"t": "a", "status": "b"}', b"\xff"])
EVENTS = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else b""),
    st.lists(EVENT | EVENT | BAD_EVENT, max_size=15),
    ENDS,
    st.booleans(),
)
CUTS = st.lists(st.integers(0, 2000), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes cut at the given places."""
    at = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(at)]


def same_steps(a: Steps, b: Steps) -> bool:
    names = ("t", "frozen", "adaptive", "did_update", "update_ok")
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in names)


def same_events(a: Transactions, b: Transactions) -> bool:
    names = ("t", "status", "pre_loss", "grad_norm")
    columns = all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in names)
    return columns and repr(list(a.records)) == repr(list(b.records))


def read_in_pieces(path: Path, data: bytes, cuts: list[int], reader: Any) -> None:
    path.write_bytes(b"")
    for piece in pieces(data, cuts):
        with path.open("ab") as file:
            file.write(piece)
        reader.refresh()


@settings(max_examples=200, deadline=None)
@given(data=TABLES, cuts=CUTS)
def test_steps_read_piece_by_piece_equal_steps_read_at_once(
    data: bytes, cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grow") / "per_step.csv"
    piecewise = StepsFile(path)
    read_in_pieces(path, data, cuts, piecewise)
    at_once = StepsFile(path)
    at_once.refresh()
    assert same_steps(piecewise.steps, at_once.steps)
    assert [p.reason for p in piecewise.problems()] == [p.reason for p in at_once.problems()]


@settings(max_examples=200, deadline=None)
@given(data=EVENTS, cuts=CUTS)
def test_events_read_piece_by_piece_equal_events_read_at_once(
    data: bytes, cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grow") / "update_events.jsonl"
    piecewise = EventLines(path)
    read_in_pieces(path, data, cuts, piecewise)
    at_once = EventLines(path)
    at_once.refresh()
    assert same_events(piecewise.transactions, at_once.transactions)
    assert [p.reason for p in piecewise.problems()] == [p.reason for p in at_once.problems()]


@settings(max_examples=60, deadline=None)
@given(data=TABLES, budget=st.integers(1, 9))
def test_a_budget_ends_with_the_same_steps(
    data: bytes, budget: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grow") / "per_step.csv"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "BLOCK", 64)
        slowly = StepsFile(path)
        slowly.refresh(budget)
        while slowly.share < 1:
            slowly.refresh(budget)
    at_once = StepsFile(path)
    at_once.refresh()
    assert same_steps(slowly.steps, at_once.steps)


def test_only_what_was_appended_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_run(tmp_path / "a", steps=50_000, trajectory=False, snapshots=False)
    path = place.path / "per_step.csv"
    reader = StepsFile(path)
    reader.refresh()
    read: list[int] = []
    blocks = GrowingFile.blocks

    def counted(self: GrowingFile) -> Any:
        for block in blocks(self):
            read.append(len(block))
            yield block

    monkeypatch.setattr(GrowingFile, "blocks", counted)
    with path.open("ab") as file:
        file.write(b"50000,1,2,0,0\n")
    reader.refresh()
    assert read == [14]
    assert len(reader.steps) == 50_001


def test_arrays_handed_out_never_change(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_bytes(HEADER + b"\n0,1,1,0,0\n50,2,2,0,0\n")
    reader = StepsFile(path)
    reader.refresh()
    before = reader.steps
    with path.open("ab") as file:
        file.write(b"1,3,3,0,0\n2,4,4,0,0\n")
    reader.refresh()
    assert before.t.tolist() == [0, 50]
    assert reader.steps.t.tolist() == [0, 1, 2]


def old(path: Path) -> None:
    """Make a file look as if it had not been touched for a minute."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 60_000_000_000))


def check(path: Path, before: bytes, after: bytes, *, rename: bool = False) -> FileChange:
    """What is noticed when a file that was read is changed."""
    path.write_bytes(before)
    file = GrowingFile(path)
    file.check()
    list(file.blocks())
    if rename:
        other = path.with_suffix(".new")
        other.write_bytes(after)
        other.replace(path)
    else:
        path.write_bytes(after)
    return file.check()


def test_an_untouched_file_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1\n2\n")
    old(path)
    file = GrowingFile(path)
    assert file.check() is FileChange.APPENDED
    list(file.blocks())
    assert file.check() is FileChange.SAME


def test_a_longer_file_was_appended_to(tmp_path: Path) -> None:
    assert check(tmp_path / "a", b"1\n", b"1\n2\n") is FileChange.APPENDED


def test_a_shorter_file_was_replaced(tmp_path: Path) -> None:
    assert check(tmp_path / "a", b"1\n2\n", b"1\n") is FileChange.REPLACED


def test_a_rewritten_file_that_grew_was_replaced(tmp_path: Path) -> None:
    assert check(tmp_path / "a", b"1\n2\n", b"1\n3\n4\n") is FileChange.REPLACED


def test_another_file_under_the_name_was_replaced(tmp_path: Path) -> None:
    assert check(tmp_path / "a", b"1\n2\n", b"1\n2\n3\n", rename=True) is FileChange.REPLACED


def test_a_file_that_disappears_and_comes_back_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_bytes(HEADER + b"\n0,1,1,0,0\n")
    reader = StepsFile(path)
    reader.refresh()
    path.unlink()
    reader.refresh()
    assert not reader.exists
    assert len(reader.steps) == 0
    path.write_bytes(HEADER + b"\n0,2,2,0,0\n1,2,2,0,0\n")
    reader.refresh()
    assert reader.steps.frozen.tolist() == [2, 2]


def test_a_cut_off_last_line_is_named_once_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_bytes(HEADER + b"\n0,1,1,0,0\n1,0.00")
    reader = StepsFile(path)
    reader.refresh()
    assert reader.problems() == []
    old(path)
    reader.refresh()
    assert [p.reason for p in reader.problems()] == ["line 3, the last, is cut off and left out"]


def test_the_rest_of_an_endless_line_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "LONGEST_LINE", 1 << 20)
    path = tmp_path / "a"
    path.write_bytes(b"one\n" + b"x" * (5 << 20))
    file = GrowingFile(path)
    assert file.check() is FileChange.APPENDED
    blocks = list(file.blocks())
    assert blocks[0] == b"one\n"
    assert [set(block) for block in blocks[1:]] == [{ord("x")}]
    assert len(blocks[1]) < 2 << 20
    assert (file.unread, file.lines) == (0, 1)
    with path.open("ab") as more:
        more.write(b"x" * (2 << 20) + b"x\ntwo\nthr")
    assert file.check() is FileChange.APPENDED
    assert list(file.blocks()) == [b"two\n"]
    assert (file.open_line, file.lines) == (b"thr", 3)


def test_a_hole_is_passed_over_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\n")
    os.truncate(path, 900_000_000)
    with path.open("ab") as more:
        more.write(b"\ntwo\n")
    read = list[int]()
    monkeypatch.setattr(GrowingFile, "_consume", counted(GrowingFile._consume, read))
    file = GrowingFile(path)
    file.check()
    blocks = list(file.blocks())
    assert (blocks[0], blocks[-1]) == (b"one\n", b"two\n")
    assert (file.offset, file.lines) == (path.stat().st_size, 3)
    assert sum(read) < 20_000_000


def counted(
    consume: Callable[[GrowingFile, bytes], None], read: list[int]
) -> Callable[[GrowingFile, bytes], None]:
    """`_consume`, noting how many bytes it was given."""

    def wrapped(file: GrowingFile, data: bytes) -> None:
        read.append(len(data))
        consume(file, data)

    return wrapped
