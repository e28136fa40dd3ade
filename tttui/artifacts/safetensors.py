"""Safetensors files: a header of names, shapes and places, and tensors that are read when wanted.

A file begins with the length of its header (8 bytes), then comes a JSON object, then the bytes
(https://github.com/huggingface/safetensors). Opening one costs the header, whatever its size.
"""

import os
import struct
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.jsonfile import decode
from tttui.artifacts.regular import open_regular
from tttui.artifacts.schema import LONGEST_NAME, MOST_TENSORS, axes
from tttui.model.arrays import Floats
from tttui.model.errors import TttuiError
from tttui.model.schema import TensorSpec
from tttui.model.session import Problem

LONGEST_HEADER = 8 << 20
"""Bytes of a header; one of 10 000 tensors has 1 MB."""

DTYPES: dict[str, tuple[str, int]] = {
    "F64": ("<f8", 8),
    "F32": ("<f4", 4),
    "F16": ("<f2", 2),
    "BF16": ("<u2", 2),
    "I64": ("<i8", 8),
    "I32": ("<i4", 4),
    "I16": ("<i2", 2),
    "I8": ("|i1", 1),
    "U8": ("|u1", 1),
    "BOOL": ("|b1", 1),
}
"""Safetensors' names -> numpy dtypes and bytes; BF16 is read as its bits and widened."""

NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
"""The dtypes as people know them."""


class SafeTensors:
    """The tensors of one file, which stays the same file when it is replaced."""

    def __init__(self, path: Path) -> None:
        """Raises TttuiError for what is no such file, OSError for what cannot be opened."""
        self.path = path
        self._handle = open_regular(path)
        self.close: Callable[[], object] = weakref.finalize(self, os.close, self._handle)
        self._places: dict[str, tuple[int, str, int]] = {}
        """Where a tensor begins, its dtype and the bytes of an element."""
        self.specs: dict[str, TensorSpec] = {}
        self.wrong: list[str] = []
        """Tensors that cannot be shown, and why."""
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    def _read_header(self) -> None:
        size = os.fstat(self._handle).st_size
        head = os.pread(self._handle, 8, 0)
        if len(head) < 8:
            raise TttuiError(f"{self.path}: has no whole header")
        (length,) = struct.unpack("<Q", head)
        if length > LONGEST_HEADER or 8 + length > size:
            raise TttuiError(f"{self.path}: its header of {length} bytes does not fit")
        text = os.pread(self._handle, length, 8)
        try:
            header = decode(text)
        except ValueError as error:
            raise TttuiError(f"{self.path}: its header {error}") from None
        if not isinstance(header, dict):
            raise TttuiError(f"{self.path}: its header is no object of names")
        begin, room = 8 + length, size - 8 - length
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            if len(self.specs) >= MOST_TENSORS:
                self.wrong.append(f"only the first {MOST_TENSORS} tensors are shown")
                break
            why = self._take(name, entry, begin, room)
            if why and len(self.wrong) < 5:
                self.wrong.append(f"{name[:LONGEST_NAME]!r} {why}")

    def _take(self, name: str, entry: Any, begin: int, room: int) -> str:
        """Learn one tensor, or say what is wrong with it."""
        if not isinstance(entry, Mapping) or not 0 < len(name) <= LONGEST_NAME:
            return "is no tensor"
        shape, dtype, where = (
            axes(entry.get("shape")),
            entry.get("dtype"),
            entry.get("data_offsets"),
        )
        if shape is None or not (isinstance(where, list) and len(where) == 2):
            return "has no shape and place"
        known = DTYPES.get(dtype) if isinstance(dtype, str) else None
        if known is None:
            return f"has the dtype {str(dtype)[:20]!r}, which is not shown"
        first, end = where
        if not (type(first) is int and type(end) is int and 0 <= first <= end <= room):
            return "lies outside of the file"
        spec = TensorSpec(name, shape, NAMES[str(dtype)])
        if spec.size * known[1] != end - first:
            return "has a size that does not fit its shape"
        self.specs[name] = spec
        self._places[name] = (begin + first, str(dtype), known[1])
        return ""

    def read(self, name: str, first: int, stop: int) -> Floats:
        """The rows first .. stop - 1 of a tensor [rows, columns] as floats."""
        columns = self.specs[name].matrix[1]
        values = self._elements(name, first * columns, stop * columns)
        if self._places[name][1] == "BF16":
            wide = values.astype("<u4")
            wide <<= 16
            return np.asarray(wide.view("<f4").reshape(-1, columns))
        if values.dtype.kind != "f":
            values = values.astype(np.float32)
        return np.asarray(values.reshape(-1, columns))

    def stored(self, name: str) -> np.ndarray[Any, Any]:
        """A tensor in its own shape as it is stored; bfloat16 as its bits."""
        spec = self.specs[name]
        return self._elements(name, 0, spec.size).reshape(spec.shape)

    def _elements(self, name: str, first: int, stop: int) -> np.ndarray[Any, Any]:
        begin, dtype, each = self._places[name]
        values = np.empty(stop - first, DTYPES[dtype][0])
        view, done = values.view(np.uint8).data, 0
        while done < len(view):
            n = os.preadv(self._handle, [view[done:]], begin + first * each + done)
            if not n:
                raise TttuiError(f"{self.path}: {name} is cut off")
            done += n
        return values


def read_safetensors(path: Path) -> tuple[SafeTensors, list[Problem]]:
    """The tensors of a file, and what is wrong with some. Raises as SafeTensors."""
    tensors = SafeTensors(path)
    problems = [Problem("weights", path, "; ".join(tensors.wrong))] if tensors.wrong else []
    return tensors, problems
