"""weights_history.npy as others may write or break it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run
from tttui.artifacts.history import HistoryFile, header, read_history, record_dtype
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
    assert history.weights["B"][2][0, 0] == 2


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


CUT_WHILE_OPEN = """
import os, sys
from pathlib import Path
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place
from tttui.model.statistics import summarised
from tttui.model.weights import weights_in_force

path = Path(sys.argv[1])
reader = SessionReader(Place(path, "native"))
data = reader.refresh()
os.truncate(path / "weights_history.npy", 700)
os.utime(path / "weights_history.npy", (1e9, 1e9))  # nobody is writing it any more
B = weights_in_force(data, 100).matrices["B"]
print(B.sum(), summarised(data.history).column("B", "fro")[-1])
print(reader.refresh().problem("history").reason)
"""


def test_a_history_that_is_cut_while_it_is_open_is_a_problem_and_no_signal(
    tmp_path: Path,
) -> None:
    place = make_run(tmp_path / "a", steps=600)
    code = [sys.executable, "-c", CUT_WHILE_OPEN, str(place.path)]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nan nan\nthe file was cut off after 0 of its")


def test_a_history_that_was_cut_and_written_again_is_read_anew(tmp_path: Path) -> None:
    path = saved(tmp_path, [0, 32, 64])
    content = path.read_bytes()
    file = HistoryFile(path)
    before = file.read()
    os.truncate(path, 300)
    assert np.isnan(before.weights["B"][2]).all()
    path.write_bytes(content)
    assert file.read().weights["B"][2][0, 0] == 2


def test_a_replaced_history_can_still_be_looked_at_as_it_was(tmp_path: Path) -> None:
    path = saved(tmp_path, [0, 32, 64])
    before, _ = read_history(path)
    path.unlink()
    saved(tmp_path, [0])
    assert before.weights["B"][2][0, 0] == 2


def test_snapshots_are_taken_one_by_one_by_slices_and_by_indices(tmp_path: Path) -> None:
    matrices = read_history(saved(tmp_path, [0, 32, 64, 96]))[0].weights["B"]
    assert matrices.shape == (4, 32, 16)
    assert matrices[-1][0, 0] == 3
    assert matrices[::2][:, 0, 0].tolist() == [0, 2]
    assert matrices[np.array([3, 1])][:, 0, 0].tolist() == [3, 1]
    assert matrices[4:].shape == (0, 32, 16)
    with pytest.raises(IndexError):
        matrices[4]


def test_numbers_in_another_byte_order_are_read(tmp_path: Path) -> None:
    records = np.zeros(2, dtype=[("t", ">i8"), ("B", ">f8", (2, 2))])
    records["t"], records["B"] = [0, 32], 1.5
    np.save(tmp_path / "weights_history.npy", records)
    history, _ = read_history(tmp_path / "weights_history.npy")
    assert history.t.tolist() == [0, 32]
    assert history.weights["B"][1].tolist() == [[1.5, 1.5], [1.5, 1.5]]


def sparse(path: Path, shape: tuple[int, ...], size: int) -> None:
    """A history that claims to hold as many records as `size` bytes can hold."""
    dtype = record_dtype({"B": shape})
    path.write_bytes(header(dtype, size // dtype.itemsize))
    os.truncate(path, size)


def test_a_sparse_file_of_a_terabyte_is_read_up_to_where_its_steps_repeat(tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    sparse(path, (1, 1), 1 << 40)
    history, problem = read_history(path)
    assert len(history) == 1
    assert str(problem).endswith("after 1000 restarts the rest is not read")


def test_a_record_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    sparse(path, (1 << 16, 1 << 12), 1 << 40)
    with pytest.raises(OSError, match="records of 1073741832 bytes"):
        read_history(path)


def test_more_snapshots_than_can_be_shown_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.artifacts.history.MOST_RECORDS", 2)
    history, problem = read_history(saved(tmp_path, [0, 32, 64]))
    assert history.t.tolist() == [0, 32]
    assert problem == "has 3 records; only the first 2 are shown"


@pytest.mark.parametrize("size", [8, 4000])
def test_the_steps_of_small_and_of_large_records_are_read_alike(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.artifacts.history.AT_ONCE", 7)
    records = np.zeros(40, dtype=record_dtype({"B": (1, size)}))
    records["t"] = range(40)
    np.save(tmp_path / "weights_history.npy", records)
    assert read_history(tmp_path / "weights_history.npy")[0].t.tolist() == list(range(40))


@pytest.mark.parametrize(
    "text",
    ["-" * 9000 + "1", "(" * 9000, "{'descr': 'O', 'shape': 3, 'fortran_order': 0}", "'\\d'"],
)
def test_a_header_that_is_no_header_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
    with pytest.raises(TttuiError, match=r"no readable \.npy header"):
        read_history(path)


def test_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights_history.npy"
    np.save(path, np.array([(0, None)], dtype=[("t", "i8"), ("B", "O")]), allow_pickle=True)
    with pytest.raises(TttuiError, match="field B is no matrix"):
        read_history(path)
