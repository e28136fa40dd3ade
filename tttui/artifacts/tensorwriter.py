"""Weights of any task on disk: `NAME.pt` up to 16 MB, else `NAME.safetensors`.

Both are written from host memory without torch. A safetensors file is streamed, so that weights
of any size need no second copy in memory; bfloat16 stays as it is there, in a `.pt` file it is
widened to float32, which changes no value.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import remove
from tttui.artifacts.safetensors import NAMES, SafeTensors
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

LARGEST_PT = 16 << 20
"""Bytes of all weights together up to which they are stored as `.pt`."""

SAFETENSORS = {name: short for short, name in NAMES.items()}
"""Names of dtypes, and what a safetensors file calls them."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One tensor in host memory: the name of its dtype and its elements.

    numpy has no bfloat16: there the array holds the bits as uint16.
    """

    dtype: str
    array: np.ndarray[Any, Any]

    @classmethod
    def of(cls, array: np.ndarray[Any, Any]) -> "Stored":
        return cls(array.dtype.name, array)

    @classmethod
    def narrowed(cls, array: np.ndarray[Any, Any], dtype: str) -> "Stored":
        """Narrow a float32 array to a dtype; the inverse of `numbers`."""
        if array.dtype != np.float32:
            return cls.of(array)
        if dtype != "bfloat16":
            return cls(dtype, array.astype(dtype))
        return cls(dtype, (array.view("<u4") >> 16).astype("<u2"))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def numbers(self) -> np.ndarray[Any, Any]:
        """The elements as numpy computes with them; bfloat16 as float32."""
        if self.dtype != "bfloat16":
            return self.array
        wide = np.zeros(self.array.shape, dtype="<u4")
        np.left_shift(self.array, 16, out=wide, dtype="<u4", casting="unsafe")
        return wide.view("<f4")


Tensors = Mapping[str, Stored]


def write_tensors(stem: Path, tensors: Tensors) -> Path:
    """Write weights to `stem` with the ending that fits their size; the other one is removed.

    Returns the path. Raises TttuiError naming the file and the remedy.
    """
    suffix, parts = file_of(tensors)
    path = stem.with_suffix(suffix)
    write_whole(path, parts)
    remove_other(path)
    return path


def remove_other(path: Path) -> None:
    """Remove the file that holds the same weights with the other ending."""
    with suppress(OSError):
        remove(path.with_suffix(".pt" if path.suffix == ".safetensors" else ".safetensors"))


def file_of(tensors: Tensors) -> tuple[str, Iterable[bytes | memoryview]]:
    """The ending that fits the size of weights, and the file in parts, as often as wanted."""
    if sum(stored.array.nbytes for stored in tensors.values()) > LARGEST_PT:
        return ".safetensors", StreamedTensors(tensors)
    return ".pt", [pt_bytes(write_pt({k: v.numbers() for k, v in tensors.items()}))]


def read_tensors(stem: Path) -> dict[str, Stored]:
    """Read the weights that `write_tensors` wrote. Raises TttuiError naming the file."""
    path = stem.with_suffix(".safetensors")
    if not path.exists():
        path = stem.with_suffix(".pt")
        tensors = read_pt(path)
        if not isinstance(tensors, dict) or not all(
            isinstance(v, np.ndarray) for v in tensors.values()
        ):
            raise TttuiError(f"{path}: holds no tensors by name")
        return {str(name): Stored.of(array) for name, array in tensors.items()}
    try:
        file = SafeTensors(path)
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        if file.wrong:
            raise TttuiError(f"{path}: is damaged ({file.wrong[0]})")
        return {name: Stored(spec.dtype, file.stored(name)) for name, spec in file.specs.items()}
    finally:
        file.close()


@dataclass(frozen=True, slots=True, eq=False)
class StreamedTensors:
    """A safetensors file in parts."""

    tensors: Tensors

    def __iter__(self) -> Iterator[bytes | memoryview]:
        return _safetensors(self.tensors)


def _safetensors(tensors: Tensors) -> Iterator[bytes | memoryview]:
    """The parts of a safetensors file: length of the header, header, the tensors in order."""
    entries: dict[str, Any] = {}
    end = 0
    for name, stored in tensors.items():
        begin, end = end, end + stored.array.nbytes
        entries[name] = {
            "dtype": SAFETENSORS[stored.dtype],
            "shape": list(stored.shape),
            "data_offsets": [begin, end],
        }
    head = json.dumps(entries).encode()
    head += b" " * (-len(head) % 8)
    yield struct.pack("<Q", len(head))
    yield head
    for stored in tensors.values():
        if stored.array.nbytes:
            # A view of the bytes; one that is not contiguous is copied alone.
            yield np.ascontiguousarray(stored.array).reshape(-1).view(np.uint8).data
