"""weights_history.npy: a structured array that grows by whole records, mapped, never copied."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.restarts import Restarts, merge
from tttui.model.arrays import Ints
from tttui.model.errors import TttuiError
from tttui.model.session import History


def record_dtype(shapes: dict[str, tuple[int, ...]]) -> np.dtype[Any]:
    """One snapshot: `t` int64 and a float32 field for every matrix, in the order given."""
    return np.dtype([("t", "<i8"), *((name, "<f4", shape) for name, shape in shapes.items())])


def header(dtype: np.dtype[Any], count: int) -> bytes:
    """The .npy header of `count` records; its length is the same for every count."""
    out = io.BytesIO()
    # numpy pads the header so that the first axis can grow in place.
    np.lib.format.write_array_header_1_0(
        out,
        {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (count,),
        },
    )
    return out.getvalue()


def read_layout(path: Path) -> tuple[np.dtype[Any], int, int, int]:
    """The record's dtype, the offset of the first record, the whole records and the counted ones.

    The header counts a record once it is written, so a file that was not cut off has them all.

    Raises TttuiError for a file that holds no history, OSError where it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                counted, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                counted, fortran, dtype = np.lib.format.read_array_header_2_0(file)
            start = file.tell()
            file.seek(0, io.SEEK_END)
            size = file.tell()
    except OSError:
        raise
    # The header is a Python literal; its parser complains in many ways.
    except (Exception, MemoryError, RecursionError) as error:
        said = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise TttuiError(f"{path}: has no readable .npy header ({said})") from None
    names = dtype.names or ()
    if "t" not in names or dtype["t"].kind not in "iu" or dtype["t"].shape or len(names) < 2:
        raise TttuiError(f"{path}: its records have no field t beside the matrices")
    for name in names[1:] if names[0] == "t" else [n for n in names if n != "t"]:
        base, shape = dtype[name].base, dtype[name].shape
        if base.kind != "f" or not shape or 0 in shape:
            raise TttuiError(f"{path}: field {name} is no matrix of numbers")
    if fortran or dtype.hasobject or len(counted) != 1:
        raise TttuiError(f"{path}: is not a plain list of records")
    return dtype, start, (size - start) // dtype.itemsize, counted[0]


def read_history(path: Path) -> tuple[History, str | None]:
    """All whole records of the file, mapped, and what is wrong with some of them.

    Raises TttuiError where nothing can be shown, OSError where it cannot be opened.
    """
    file = HistoryFile(path)
    history = file.read()
    return history, file.problem


class HistoryFile:
    """A growing weights_history.npy; `read` costs in proportion to the new records.

    Only the steps are read. They lie one to a record, so that reading them through the map would
    make every page of the file resident.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        """What is wrong with records that are left out."""
        self._layout: tuple[int, np.dtype[Any], int] | None = None
        self._t = np.empty(0, dtype=np.int64)
        self._history: History | None = None

    def read(self) -> History:
        """All whole records, the same object where nothing changed. Raises as `read_history`."""
        dtype, start, count, counted = read_layout(self.path)
        with self.path.open("rb", buffering=0) as file:
            handle = file.fileno()
            layout = (os.fstat(handle).st_ino, dtype, start)
            known = len(self._t)
            grown = layout == self._layout and known <= count
            if not grown or (known and self._steps(handle, known - 1, known)[0] != self._t[-1]):
                self._layout, self._history, known = layout, None, 0
                self._t = np.empty(0, dtype=np.int64)
            if self._history is not None and count == known:
                return self._history
            self._t = np.concatenate((self._t, self._steps(handle, known, count)))
        self._history = self._mapped(len(self._t))
        if self.problem is None and count < counted:
            self.problem = f"the file was cut off after {count} of its {counted} records"
        return self._history

    def _steps(self, handle: int, begin: int, end: int) -> np.ndarray[Any, Any]:
        """The field t of the records [begin, end)."""
        assert self._layout is not None
        _, dtype, start = self._layout
        field, offset = dtype.fields["t"][:2] if dtype.fields else (dtype, 0)
        size, first = dtype.itemsize, start + offset
        parts = [os.pread(handle, field.itemsize, first + i * size) for i in range(begin, end)]
        whole = [part for part in parts if len(part) == field.itemsize]
        return np.frombuffer(b"".join(whole), dtype=field).astype(np.int64)

    def _mapped(self, count: int) -> History:
        assert self._layout is not None
        _, dtype, start = self._layout
        matrices = [name for name in dtype.names or () if name != "t"]
        self.problem = None
        if count == 0:
            return History(
                self._t, {name: np.empty((0, *dtype[name].shape), "f4") for name in matrices}
            )
        try:
            records = np.memmap(self.path, dtype=dtype, mode="r", offset=start, shape=(count,))
        except (ValueError, OverflowError) as error:
            raise TttuiError(f"{self.path}: cannot be mapped ({error})") from None
        every: dict[str, Any] = {name: records[name] for name in matrices}
        merged = merge(np.empty(0, dtype=np.int64), self._t[:count], every_step=False)
        if not merged.restarts:
            return History(self._t[:count], every)
        restarts, counts = Restarts(), merged.indices()
        restarts.add(merged.restarts)
        self.problem = restarts.sentence(int(self._t[counts[-1]]), "snapshots")
        some: dict[str, Any] = {name: Snapshots(all_, counts) for name, all_ in every.items()}
        return History(self._t[counts], some, len(merged.restarts))


class Snapshots:
    """Some snapshots of a matrix [k, rows, cols], taken from all of them when it is indexed."""

    def __init__(self, matrices: Any, which: Ints) -> None:
        self._matrices, self._which = matrices, which
        self.shape: tuple[int, ...] = (len(which), *matrices.shape[1:])
        self.dtype = matrices.dtype

    def __len__(self) -> int:
        return len(self._which)

    def __getitem__(self, at: Any) -> Any:
        """The matrix of one snapshot, or of several [n, rows, cols] by a slice or by indices."""
        return self._matrices[self._which[at]]
