"""weights_history.npy as others may write or break it."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run
from tttui.artifacts.history import HistoryFile, read_history, record_dtype
from tttui.model.errors import TttuiError


def saved(tmp_path: Path, t: list[int]) -> Path:
    """A history that numpy itself wrote."""
    records = np.zeros(len(t), dtype=record_dtype({"W_u": (16, 6), "B": (32, 16)}))
    records["t"] = t
    records["B"] += np.arange(len(t), dtype=np.float32)[:, None, None]
    path = tmp_path / "weights_history.npy"
    np.save(path, records)
    return path


def test_a_file_of_numpy_is_read(tmp_path: Path) -> None:
    history, problem = read_history(saved(tmp_path, [0, 32, 64]))
    assert problem is None
    assert len(history) == 3
    assert history.weights["B"][2, 0, 0] == 2


def test_records_beyond_the_headers_count_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path, [0, 32])
    record = np.zeros(1, dtype=record_dtype({"W_u": (16, 6), "B": (32, 16)}))
    record["t"] = 64
    with path.open("ab") as file:
        file.write(record.tobytes())
    assert read_history(path)[0].t.tolist() == [0, 32, 64]


def test_only_the_steps_of_new_records_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, list(range(500)))
    file = HistoryFile(path)
    file.read()
    record = np.zeros(1, dtype=record_dtype({"W_u": (16, 6), "B": (32, 16)}))
    record["t"] = 1000
    with path.open("ab") as out:
        out.write(record.tobytes())
    reads: list[int] = []
    pread = os.pread

    def counted(handle: int, size: int, offset: int) -> bytes:
        reads.append(size)
        return pread(handle, size, offset)

    monkeypatch.setattr(os, "pread", counted)
    assert file.read().t[-1] == 1000
    assert reads == [8, 8]


def test_a_history_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    file = HistoryFile(saved(tmp_path, [0, 32, 64]))
    file.read()
    saved(tmp_path, [0, 16, 48, 80])
    assert file.read().t.tolist() == [0, 16, 48, 80]


def test_an_unchanged_history_is_the_same_object(tmp_path: Path) -> None:
    file = HistoryFile(saved(tmp_path, [0, 32]))
    assert file.read() is file.read()


def test_half_a_record_is_never_shown(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", damage=["half_record"])
    whole = make_run(tmp_path / "b")
    cut, _ = read_history(place.path / "weights_history.npy")
    full, _ = read_history(whole.path / "weights_history.npy")
    assert cut.t.tolist() == full.t.tolist()[:-1]


def test_records_that_the_header_counts_and_the_file_lacks_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path, [0, 32, 64, 96])
    record = record_dtype({"W_u": (16, 6), "B": (32, 16)}).itemsize
    os.truncate(path, path.stat().st_size - record - 8)
    history, problem = read_history(path)
    assert len(history) == 2
    assert problem == "the file was cut off after 2 of its 4 records"


def test_a_header_without_records_is_an_empty_history(tmp_path: Path) -> None:
    assert len(read_history(saved(tmp_path, []))[0]) == 0


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3),
        np.zeros(3, dtype=[("t", "i8")]),
        np.zeros(3, dtype=[("t", "f8"), ("B", "f4", (2, 2))]),
        np.zeros(3, dtype=[("t", "i8"), ("B", "i4", (2, 2))]),
    ],
)
def test_an_array_of_another_kind_is_named(array: object, tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    np.save(path, np.asarray(array))
    with pytest.raises(TttuiError, match=r"weights_history\.npy"):
        read_history(path)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x05\x00{'a':"])
def test_a_broken_header_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    path.write_bytes(data)
    with pytest.raises(TttuiError, match=r"no readable \.npy header"):
        read_history(path)


def test_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    np.save(path, np.array([(0, None)], dtype=[("t", "i8"), ("B", "O")]), allow_pickle=True)
    with pytest.raises(TttuiError, match="field B is no matrix"):
        read_history(path)
