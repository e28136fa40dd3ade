"""weights_history.npy: a structured array that grows by whole records, mapped, never copied."""

import io
from pathlib import Path
from typing import Any

import numpy as np

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


def read_layout(path: Path) -> tuple[np.dtype[Any], int, int]:
    """The record's dtype, the offset of the first record and the whole records in the file.

    Raises TttuiError for a file that holds no history, OSError where it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                _, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                _, fortran, dtype = np.lib.format.read_array_header_2_0(file)
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
    if fortran or dtype.hasobject:
        raise TttuiError(f"{path}: is not a plain list of records")
    return dtype, start, (size - start) // dtype.itemsize


def read_history(path: Path) -> tuple[History, str | None]:
    """All whole records of the file, mapped, and what is wrong with some of them.

    Raises TttuiError where nothing can be shown, OSError where it cannot be opened.
    """
    dtype, start, count = read_layout(path)
    matrices = [name for name in dtype.names or () if name != "t"]
    if count == 0:
        empty = {name: np.empty((0, *dtype[name].shape), np.float32) for name in matrices}
        return History(np.empty(0, dtype=np.int64), empty), None
    try:
        records: np.ndarray[Any, Any] = np.memmap(
            path, dtype=dtype, mode="r", offset=start, shape=(count,)
        )
    except (ValueError, OverflowError) as error:
        raise TttuiError(f"{path}: cannot be mapped ({error})") from None
    # A copy: a column of a few bytes a record would keep every page of the file busy.
    t = np.array(records["t"], dtype=np.int64)
    problem = None
    rises = np.flatnonzero(np.diff(t) <= 0)
    if len(rises):
        at = int(rises[0]) + 1
        problem = (
            f"record {at} has t {t[at]} after t {t[at - 1]}; only the {at} before it are shown"
        )
        t, records = t[:at], records[:at]
    return History(t, {name: records[name] for name in matrices}), problem
