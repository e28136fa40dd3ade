"""What the engine writes is read back exactly, in whole records, whatever goes wrong."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.drawnrun import content
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checkpoint import Checkpoint, read_checkpoint
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.model.arrays import Floats, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.model.session import SessionData
from tttui.tasks.pointmass.runs.writer import RunWriter, new_meta

WEIGHTS = content(0).weights(0)
META = new_meta(Settings(), session_id="a", base_ckpt_hash="0", mu=0.1, created_at=1.0)


@pytest.fixture
def writer(tmp_path: Path) -> RunWriter:
    writer = RunWriter(tmp_path / "a")
    writer.begin(META, b"base")
    return writer


def read(writer: RunWriter) -> SessionData:
    (place,) = find_sessions([writer.directory])
    return SessionReader(place).refresh()


def add_steps(writer: RunWriter, t0: int, n: int) -> None:
    values = np.linspace(0, 1, n, dtype=np.float32)
    flags = np.zeros(n, dtype=np.bool_)
    writer.steps(t0, values, values, flags, flags)
    both, four = np.ones((n, 2), np.float32), np.ones((n, 4), np.float32)
    writer.trajectory(t0, four, both, four, four, 0.1)


def scaled(weights: Weights, factor: float) -> Weights:
    return {name: matrix * np.float32(factor) for name, matrix in weights.items()}


@settings(max_examples=60, deadline=None)
@given(values=hnp.arrays("f4", st.integers(0, 12)) | hnp.arrays("f8", st.integers(0, 12)))
def test_errors_are_read_back_exactly(
    values: Floats, tmp_path_factory: pytest.TempPathFactory
) -> None:
    writer = RunWriter(tmp_path_factory.mktemp("w") / "a")
    writer.begin(META, b"base")
    flags = np.arange(len(values)) % 2 == 1
    writer.steps(5, values, values[::-1], flags, ~flags)
    writer.finish()
    steps = read(writer).steps
    assert steps.t.tolist() == list(range(5, 5 + len(values)))
    assert np.array_equal(steps.frozen.astype(values.dtype), values, equal_nan=True)
    assert np.array_equal(steps.adaptive.astype(values.dtype), values[::-1], equal_nan=True)
    assert steps.did_update.tolist() == flags.tolist()
    assert steps.update_ok.tolist() == (~flags).tolist()


@settings(max_examples=30, deadline=None)
@given(table=hnp.arrays("f4", st.tuples(st.integers(1, 5), st.just(14))), mu=st.floats(0, 1))
def test_the_trajectory_is_read_back_exactly(
    table: Floats, mu: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    writer = RunWriter(tmp_path_factory.mktemp("w") / "a")
    writer.begin(META, b"base")
    parts = (table[:, :4], table[:, 4:6], table[:, 6:10], table[:, 10:])
    writer.trajectory(0, *parts, mu)
    writer.finish()
    result = SessionReader(find_sessions([writer.directory])[0]).trajectory()
    assert result is not None
    assert result.mu is not None
    assert result.mu.tolist() == [mu] * len(table)
    for ours, theirs in zip(
        parts, (result.z, result.a, result.frozen, result.adaptive), strict=True
    ):
        assert theirs is not None
        assert np.array_equal(ours, theirs.astype(np.float32), equal_nan=True)


def test_events_are_read_back_as_they_were(writer: RunWriter) -> None:
    event = {
        "t": 32,
        "status": "commit",
        "pre_loss": float("nan"),
        "grad_norm": float("inf"),
        "lr": np.float32(0.5),
        "W_u": {"fro": 1.5},
    }
    writer.event(event)
    writer.finish()
    transactions = read(writer).transactions
    assert repr(transactions.records[0]) == repr({**event, "lr": 0.5})
    assert json.loads((writer.directory / "update_events.json").read_text())[0]["t"] == 32


def test_snapshots_are_read_back_exactly(writer: RunWriter) -> None:
    writer.snapshot(0, WEIGHTS)
    writer.snapshot(32, scaled(WEIGHTS, 2))
    writer.flush()
    history = read(writer).history
    assert history is not None
    assert history.t.tolist() == [0, 32]
    for name, matrix in WEIGHTS.items():
        assert np.array_equal(history.weights[name][1], matrix * np.float32(2))


def test_numpy_maps_the_history_as_it_is(writer: RunWriter) -> None:
    for t in range(3):
        writer.snapshot(t, WEIGHTS)
    writer.flush()
    records = np.load(writer.directory / "weights_history.npy", mmap_mode="r")
    assert records["t"].tolist() == [0, 1, 2]
    assert records["B"].shape == (3, 32, 16)


def test_a_second_snapshot_at_one_step_takes_the_place_of_the_first(writer: RunWriter) -> None:
    for t, factor in ((0, 1), (32, 2), (32, 3)):
        writer.snapshot(t, scaled(WEIGHTS, factor))
    writer.flush()
    history = read(writer).history
    assert history is not None
    assert history.t.tolist() == [0, 32]
    assert np.array_equal(history.weights["B"][1], WEIGHTS["B"] * np.float32(3))


def test_history_beyond_its_budget_is_thinned_evenly_and_meta_says_so(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a", history_bytes=100_000)
    writer.begin(META, b"base")
    for i in range(200):
        writer.snapshot(32 * i, scaled(WEIGHTS, i))
    writer.finish()
    data = read(writer)
    assert data.history is not None
    stride = data.meta.raw["history_stride"]
    t = data.history.t.tolist()
    assert (tmp_path / "a" / "weights_history.npy").stat().st_size <= 100_000
    assert t[0] == 0
    assert t[-1] == 32 * 199
    older = [a for a in t if a % stride == 0]
    assert older == list(range(0, older[-1] + 1, stride))
    for k, at in enumerate(t):
        assert np.array_equal(data.history.weights["W_o"][k], scaled(WEIGHTS, at // 32)["W_o"])


def test_a_map_of_the_history_survives_thinning(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a", history_bytes=20_000)
    writer.begin(META, b"base")
    for t in range(4):
        writer.snapshot(t, WEIGHTS)
    writer.flush()
    history = read(writer).history
    assert history is not None
    for t in range(4, 40):
        writer.snapshot(t, WEIGHTS)
    assert np.array_equal(history.weights["B"][3], WEIGHTS["B"])


def test_records_wait_in_memory_for_half_a_second_at_most(tmp_path: Path) -> None:
    now = [0.0]
    writer = RunWriter(tmp_path / "a", clock=lambda: now[0])
    writer.begin(META, b"base")
    path = writer.directory / "per_step.csv"
    header = path.stat().st_size
    add_steps(writer, 0, 1)
    assert path.stat().st_size == header
    now[0] = 0.6
    add_steps(writer, 1, 1)
    assert path.read_bytes().count(b"\n") == 3


def test_a_directory_that_holds_a_session_is_refused(writer: RunWriter) -> None:
    with pytest.raises(RefusedInput, match="holds a session already"):
        RunWriter(writer.directory).begin(META, b"base")


def test_cutting_back_gives_the_files_of_the_checkpoint(writer: RunWriter) -> None:
    add_steps(writer, 0, 40)
    writer.snapshot(0, WEIGHTS)
    writer.event({"t": 32, "status": "commit"})
    writer.checkpoint({"t": 40}, WEIGHTS, {}, {})
    sizes = writer.sizes()
    before = {n: (writer.directory / n).read_bytes() for n in sizes if "." in n}
    add_steps(writer, 40, 10)
    writer.snapshot(40, WEIGHTS)
    writer.event({"t": 40, "status": "commit"})
    writer.flush()
    writer.close()
    again = RunWriter(writer.directory)
    again.truncate(read_checkpoint(writer.directory))
    assert {n: (writer.directory / n).read_bytes() for n in before} == before
    assert len(json.loads((writer.directory / "update_events.json").read_text())) == 1


def test_a_resumed_session_goes_on_in_its_files(writer: RunWriter) -> None:
    add_steps(writer, 0, 40)
    writer.snapshot(0, WEIGHTS)
    writer.checkpoint({}, WEIGHTS, {}, {})
    writer.close()
    again = RunWriter(writer.directory)
    again.truncate(read_checkpoint(writer.directory))
    add_steps(again, 40, 5)
    again.snapshot(40, WEIGHTS)
    again.finish()
    data = read(again)
    assert data.steps.t.tolist() == list(range(45))
    assert data.history is not None
    assert data.history.t.tolist() == [0, 40]


def test_a_file_shorter_than_the_checkpoint_is_refused(writer: RunWriter) -> None:
    add_steps(writer, 0, 40)
    writer.flush()
    sizes = writer.sizes()
    writer.close()
    os.truncate(writer.directory / "per_step.csv", 60)
    with pytest.raises(TttuiError, match=r"per_step\.csv: has 60 bytes, but"):
        RunWriter(writer.directory).truncate(Checkpoint({}, {}, {}, sizes))


def fail_with(monkeypatch: pytest.MonkeyPatch, code: int, after: int = 0) -> None:
    """Let every write fail, the first one only after some bytes."""
    original = os.pwrite
    left = [after]

    def pwrite(handle: int, data: Any, offset: int) -> int:
        if left[0] <= 0:
            raise OSError(code, os.strerror(code))
        part = memoryview(data)[: left[0]]
        left[0] -= len(part)
        return original(handle, part, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)


def test_a_full_disk_is_named_and_leaves_whole_records(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_steps(writer, 0, 3)
    writer.flush()
    path = writer.directory / "trajectory.csv"
    before = path.read_bytes()
    add_steps(writer, 3, 3)
    with monkeypatch.context() as patch:
        fail_with(patch, errno.ENOSPC, after=10)
        with pytest.raises(TttuiError, match=r"trajectory\.csv: the disk is full.*free some space"):
            writer.flush()
    assert path.read_bytes() == before


def test_records_that_found_no_space_are_written_when_there_is_some(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_steps(writer, 0, 3)
    with monkeypatch.context() as patch:
        fail_with(patch, errno.ENOSPC, after=10)
        with pytest.raises(TttuiError):
            writer.flush()
    writer.finish()
    assert read(writer).steps.t.tolist() == [0, 1, 2]


def test_a_failed_replacement_leaves_the_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "meta.json"
    write_whole(path, b"old")
    with monkeypatch.context() as patch:
        fail_with(patch, errno.ENOSPC, after=2)
        with pytest.raises(TttuiError, match=r"meta\.json: the disk is full"):
            write_whole(path, b"new content")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["meta.json"]


def test_a_directory_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(TttuiError, match=r"may not be written .*--root"):
        write_whole(tmp_path / "x", b"")


def test_what_a_killed_writer_left_is_removed_on_resume(writer: RunWriter) -> None:
    litter = writer.directory / "session" / ".engine_state.pt.1-2.tttui-tmp"
    litter.write_bytes(b"half")
    sizes = writer.sizes()
    writer.close()
    RunWriter(writer.directory).truncate(Checkpoint({}, {}, {}, sizes))
    assert not litter.exists()


def test_status_names_this_process_and_beats(writer: RunWriter) -> None:
    writer.status(state="running", t=5, steps_total=10)
    writer.status(t=6)
    status = read(writer).status
    assert status is not None
    assert (status.state, status.t, status.steps_total) == ("running", 6, 10)
    assert status.pid == os.getpid()
    assert status.heartbeat_at is not None
