"""weights_history.npy: a structured array that grows by whole records, read record by record.

It is not mapped: a program that shortens a mapped file (a copy in place does) ends everybody who
looks at it. A record that was cut off reads as NaN, and the next `read` reports it.
"""

import ast
import io
import os
import struct
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tttui.artifacts.regular import LARGEST_CHECKPOINT, NotRegular, open_regular, open_to_read
from tttui.artifacts.restarts import MOST_RESTARTS, Restarts, merge
from tttui.artifacts.wrapped import unwrapped, unwrapped_names
from tttui.model.arrays import PLASTIC, Ints
from tttui.model.errors import TttuiError
from tttui.model.schema import TensorSpec, matrix_shape
from tttui.model.session import History

MOST_RECORDS = 4_000_000
"""Snapshots that are read; a run of 128 million steps has so many where none is thinned."""

HEADER_BYTES = 256 << 10
"""Longest header of a .npy file that is read; one of 3 000 parameters has so many."""

SPARSE = 512
"""Bytes of a record from which on its step is read alone, and not with the records around it."""

AT_ONCE = 1 << 16
"""Records whose steps are read at a time."""


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
    with _Source(path) as source:
        return source.layout(any_shape=False)


def recorded_dtype(path: Path) -> np.dtype[Any] | None:
    """The dtype of the records of any .npy file; None if its header is unreadable."""
    try:
        with open_to_read(path) as file:
            return _read_header(file)[0]
    except (Exception, MemoryError, RecursionError):  # its parser complains in many ways
        return None


def read_history(path: Path) -> tuple[History, str | None]:
    """All whole records of the file, and the problems of others.

    Raises TttuiError if there is nothing to show, OSError where it cannot be opened.
    """
    file = HistoryFile(path)
    history = file.read()
    return history, file.problem


def what_is_cut_off(path: Path) -> str | None:
    """How many records a history lacks that its header counts, at the cost of reading the header.

    Raises TttuiError for a file that holds no history, OSError where it cannot be opened.
    """
    with _Source(path) as source:
        _, _, there, counted = source.layout(any_shape=True)
    return cut_off_text(there, counted) if there < counted else None


def cut_off_text(there: int, counted: int) -> str:
    return f"the file was cut off after {there} of its {counted} records"


class _Source:
    """The open file that records are read from; it stays the same file when it is replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = open_regular(path)
        self.close: Callable[[], object] = weakref.finalize(self, os.close, self.handle)
        self.lost = False
        """Something that was there when it was opened could not be read later."""

    def __enter__(self) -> "_Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def layout(self, *, any_shape: bool) -> tuple[np.dtype[Any], int, int, int]:
        """As `read_layout`; parameters of `any_shape` are those of any model."""
        path = self.path
        try:
            with os.fdopen(os.dup(self.handle), "rb", buffering=0) as file:
                file.seek(0)
                dtype, shape, fortran, start = _read_header(file)
        except OSError:
            raise
        # The header is a Python literal; its parser complains in many ways.
        except (Exception, MemoryError, RecursionError) as error:
            reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            raise TttuiError(f"{path}: has no readable .npy header ({reason})") from None
        names = dtype.names or ()
        if "t" not in names or dtype["t"].kind not in "iu" or dtype["t"].shape or len(names) < 2:
            raise TttuiError(f"{path}: its records have no field t beside the matrices")
        for name in names:
            base, of = dtype[name].base, dtype[name].shape
            flat = not any_shape and (not of or (unwrapped(name) in PLASTIC and len(of) != 2))
            wrong = base.kind != "f" or 0 in of or flat
            if name != "t" and wrong:
                raise TttuiError(f"{path}: field {name} is no matrix of numbers")
        if dtype.itemsize > LARGEST_CHECKPOINT:
            raise NotRegular(
                path,
                f"has records of {dtype.itemsize} bytes; more than {LARGEST_CHECKPOINT} "
                "are not read",
            )
        if fortran or dtype.hasobject or len(shape) != 1 or not isinstance(shape[0], int):
            raise TttuiError(f"{path}: is not a plain list of records")
        size = os.fstat(self.handle).st_size
        return dtype, start, max(0, size - start) // dtype.itemsize, shape[0]

    def fill(self, into: np.ndarray[Any, Any], offset: int) -> None:
        """Read into a contiguous array; NaN where the file has become too short."""
        view = into.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(view):
            try:
                n = os.preadv(self.handle, [view[done:]], offset + done)
            except OSError:
                n = 0
            if not n:
                self.lost = True
                into[...] = np.nan
                return
            done += n


class Matrices:
    """One matrix of every snapshot [k, rows, cols], read from the file when it is indexed.

    Other tensors are matrices as `model.schema.matrix_shape` says. An index gives a new array;
    there is no other state, so threads can share it.
    """

    def __init__(
        self, source: _Source, field: np.dtype[Any], first: int, stride: int, count: int
    ) -> None:
        self.shape: tuple[int, ...] = (count, *matrix_shape(field.shape))
        self.dtype = field.base
        self._source, self._first, self._stride = source, first, stride

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: Any) -> Any:
        """The matrix of one snapshot, or of several [n, rows, cols] by a slice or by indices."""
        if isinstance(at, slice):
            return self._read(range(len(self))[at])
        if np.ndim(at) == 0:
            return self._read([at])[0]
        return self._read(at)

    def _read(self, which: Sequence[int]) -> Any:
        stack = np.empty((len(which), *self.shape[1:]), self.dtype)
        for into, i in zip(stack, which, strict=True):
            at = range(len(self))[int(i)]
            self._source.fill(into, self._first + at * self._stride)
        return stack.astype(self.dtype.newbyteorder("="), copy=False)


class Chosen:
    """Some snapshots of a matrix, taken from all of them when it is indexed."""

    def __init__(self, matrices: Matrices, which: Ints) -> None:
        self._matrices, self._which = matrices, which
        self.shape: tuple[int, ...] = (len(which), *matrices.shape[1:])
        self.dtype = matrices.dtype

    def __len__(self) -> int:
        return len(self._which)

    def __getitem__(self, at: Any) -> Any:
        """As for Matrices."""
        return self._matrices[self._which[at]]


class HistoryFile:
    """A growing weights_history.npy; `read` costs in proportion to the new records.

    Only the steps are read, the matrices when somebody looks at them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        """What is wrong with records that are left out."""
        self.partial = False
        """Records that the header counts are not there: they may be being written."""
        self._any_shape = False
        self._layout: tuple[int, np.dtype[Any], int] | None = None
        self._t: Ints = np.empty(0, dtype=np.int64)
        self._history: History | None = None
        self._source: _Source | None = None
        """Of the history that was read last."""

    def read(self, *, any_shape: bool = False) -> History:
        """All whole records, the same object where nothing changed. Raises as `read_history`.

        `any_shape`: the parameters are those of any model, under the names that they have.
        """
        source = _Source(self.path)
        dtype, start, count, counted = source.layout(any_shape=any_shape)
        there, count = count, min(count, MOST_RECORDS)
        layout = (os.fstat(source.handle).st_ino, dtype, start)
        self._any_shape = any_shape
        known = len(self._t)
        grown = layout == self._layout and known <= count
        replaced = self._source is not None and self._source.lost
        if replaced or not grown or (known and not self._ends_with(source, known)):
            self._layout, self._history, known = layout, None, 0
            self._t = np.empty(0, dtype=np.int64)
        if self._history is not None and count == known:
            return self._history
        self._t = np.concatenate((self._t, *self._steps(source, known, count)))
        self._source, self.problem = source, None
        self._history = self._shown(source, len(self._t))
        self.partial = there < counted
        if self.problem is None and there < counted:
            self.problem = cut_off_text(there, counted)
        elif self.problem is None and count < there:
            self.problem = f"has {there} records; only the first {count} are shown"
        return self._history

    def _ends_with(self, source: _Source, known: int) -> bool:
        """Whether the last known record still has the same step."""
        last = [t for part in self._steps(source, known - 1, known) for t in part]
        return last == [self._t[-1]]

    def _steps(self, source: _Source, begin: int, end: int) -> Iterator[Ints]:
        """The field t of the records [begin, end)."""
        assert self._layout is not None
        _, dtype, start = self._layout
        field, offset = dtype.fields["t"][:2] if dtype.fields else (dtype, 0)
        size, first, handle = dtype.itemsize, start + offset, source.handle
        falls = 0
        for i in range(begin, end, AT_ONCE):
            n = min(AT_ONCE, end - i)
            if size > SPARSE:
                at = range(first + i * size, first + (i + n) * size, size)
                parts = [os.pread(handle, field.itemsize, where) for where in at]
                block = b"".join(part for part in parts if len(part) == field.itemsize)
                t = np.frombuffer(block, dtype=field).astype(np.int64)
            else:
                block = os.pread(handle, n * size, start + i * size)
                t = np.frombuffer(block, dtype, len(block) // size)["t"].astype(np.int64)
            yield t
            falls += int(np.count_nonzero(np.diff(t) <= 0))
            if len(t) < n or falls > MOST_RESTARTS:
                return

    def _shown(self, source: _Source, count: int) -> History:
        assert self._layout is not None
        _, dtype, start = self._layout
        fields: Mapping[str, Any] = dtype.fields or {}
        names = dtype.names or ()
        plain_names = dict(zip(names, names, strict=True))
        if not self._any_shape:
            plain_names = unwrapped_names(names)
        del plain_names["t"]
        every = {
            plain: Matrices(source, dtype[name], start + fields[name][1], dtype.itemsize, count)
            for plain, name in plain_names.items()
        }
        specs = {
            plain: TensorSpec(plain, dtype[name].shape, str(dtype[name].base))
            for plain, name in plain_names.items()
        }
        t = self._t[:count]
        merged = merge(np.empty(0, dtype=np.int64), t, every_step=False)
        if not merged.restarts:
            return History(t, every, specs=specs)
        restarts, counts = Restarts(), merged.indices()
        restarts.add(merged.restarts)
        self.problem = restarts.sentence(int(t[counts[-1]]), "snapshots")
        some = {name: Chosen(matrices, counts) for name, matrices in every.items()}
        return History(t[counts], some, len(merged.restarts), specs)


def _read_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[Any, ...], bool, int]:
    """dtype, shape, whether it is in Fortran's order, and where the data begin."""
    version = np.lib.format.read_magic(file)
    size, code = (2, "<H") if version == (1, 0) else (4, "<I")
    (length,) = struct.unpack(code, file.read(size))
    if length > HEADER_BYTES:
        raise ValueError(f"it has {length} bytes")
    text = file.read(length)
    if len(text) < length:
        raise ValueError("it is cut off")
    with warnings.catch_warnings():  # the parser warns of odd literals on standard error
        warnings.simplefilter("ignore")
        raw = ast.literal_eval(text.decode("latin-1" if version < (3, 0) else "utf-8"))
    shape = raw["shape"]
    if not isinstance(shape, tuple):
        raise ValueError("its shape is no tuple")
    dtype = np.lib.format.descr_to_dtype(raw["descr"])
    return dtype, shape, bool(raw["fortran_order"]), file.tell()
