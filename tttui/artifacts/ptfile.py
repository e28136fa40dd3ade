"""Torch checkpoints as data: read into numpy and written from numpy, without importing torch.

A `.pt` file is a zip archive with one pickle, whose tensors are persistent ids of the members
`data/<key>`. The pickle is read by an interpreter that knows only the handful of names of a
plain state dict; whatever else it asks for refuses the file.
"""

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.errors import RefusedInput, TttuiError

DTYPES: dict[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
    "ComplexFloatStorage": "<c8",
    "ComplexDoubleStorage": "<c16",
}
"""Torch's storage classes -> numpy dtypes; bfloat16 is read as its bits and widened to float32."""

STORAGES = {np.dtype(code): name for name, code in DTYPES.items() if name != "BFloat16Storage"}

MAX_EXPANDED = 1 << 28
"""Elements of a tensor beyond those stored (stride 0), so that no file eats all memory."""


def read_pt(path: Path) -> Any:
    """The object in a torch checkpoint: dicts, lists, tuples, scalars, and arrays for tensors.

    Raises RefusedInput for a file that asks for code or is no zip checkpoint, TttuiError for one
    that is damaged or cannot be read; both name the file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if head != b"PK\x03\x04":
                raise RefusedInput(f"{path}: {_not_a_zip(head)}")
            return _load(file, path)
    except TttuiError:
        raise
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror or error}") from None
    # Whatever bytes a file holds, the answer is data or one clear error: zipfile, pickle and
    # struct have no common base class for their complaints.
    except (Exception, MemoryError, RecursionError) as error:
        said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise TttuiError(f"{path}: damaged or truncated checkpoint ({said})") from None


def _not_a_zip(head: bytes) -> str:
    if not head:
        return "is empty, so it is no checkpoint"
    if head[:1] == b"\x80":
        return (
            "is a bare pickle (torch's format before 1.6), which is refused because it may run "
            "code; save it again with a newer torch"
        )
    return "is not a torch checkpoint (no zip archive)"


def _load(file: io.BufferedReader, path: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        pickles = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
        if not pickles:
            raise RefusedInput(f"{path}: is a zip archive without data.pkl, so it is no checkpoint")
        size = path.stat().st_size
        for info in members.values():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
                raise RefusedInput(
                    f"{path}: has a compressed member {info.filename!r}, which torch never writes"
                )
        prefix = pickles[0].removesuffix("data.pkl")
        order = archive.read(prefix + "byteorder") if prefix + "byteorder" in members else b"little"

        def member(key: str) -> bytearray:
            return bytearray(archive.read(f"{prefix}data/{key}"))

        interpreter = _Interpreter(archive.read(pickles[0]), path, member, order == b"big")
        return interpreter.load()


# The interpreter in C grows its memo to whatever index a file names, which lets 6 bytes claim
# 34 GB; the one in Python keeps it in a dict. A state dict has a few hundred opcodes.
class _Interpreter(pickle._Unpickler):
    """Unpickles only what a state dict consists of."""

    def __init__(
        self, data: bytes, path: Path, member: Callable[[str], bytearray], big: bool
    ) -> None:
        super().__init__(io.BytesIO(data))
        self._path = path
        self._member = member
        self._big = big
        self._storages: dict[str, np.ndarray[Any, Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        # Each answer is a str, an immutable built-in class or a function made for this one
        # file, so that the pickle's BUILD opcode has nothing lasting to write into.
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module in ("torch", "torch.storage") and name in (*DTYPES, "UntypedStorage"):
            return name
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: _tensor(
                storage, offset, shape, stride
            )
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda data, *_: data
        if (module, name) == ("torch", "Size"):
            return tuple
        if (module, name) == ("torch", "device"):
            return lambda *parts: ":".join(str(p) for p in parts)
        if (module, name) == ("_codecs", "encode"):
            return lambda text, *_: text.encode("latin-1")
        if module == "torch" and name.isalnum() and name.islower():
            return f"torch.{name}"  # a dtype such as torch.float32
        raise RefusedInput(
            f"{self._path}: asks for {module}.{name}, which is no plain tensor data; "
            "the file is refused because unpickling it could run code"
        )

    def persistent_load(self, pid: Any) -> Any:
        kind, storage, key, _location, count = pid
        if kind != "storage" or not isinstance(key, str) or storage not in DTYPES:
            raise RefusedInput(f"{self._path}: has a tensor of an unknown kind {storage!r}")
        if key not in self._storages:
            dtype = np.dtype(DTYPES[storage])
            if self._big:
                dtype = dtype.newbyteorder(">")
            values = np.frombuffer(self._member(key), dtype=dtype)
            if len(values) < count:
                raise TttuiError(
                    f"{self._path}: tensor {key} has {len(values)} of {count} elements (truncated)"
                )
            if self._big:
                values = values.astype(dtype.newbyteorder("="))
            if storage == "BFloat16Storage":
                values = (values.astype("<u4") << 16).view("<f4")
            self._storages[key] = values
        return self._storages[key]


def _tensor(
    storage: np.ndarray[Any, Any], offset: int, shape: Any, stride: Any
) -> np.ndarray[Any, Any]:
    if math.prod(shape) > max(storage.size, MAX_EXPANDED):
        raise ValueError(f"tensor of shape {tuple(shape)} is larger than the file")
    if 0 in shape:
        return np.empty(shape, dtype=storage.dtype)
    # numpy checks that offset, shape and strides stay inside the buffer.
    return np.ndarray(
        tuple(shape),
        storage.dtype,
        buffer=storage.data,
        offset=offset * storage.itemsize,
        strides=tuple(s * storage.itemsize for s in stride),
    )


def write_pt(obj: Any) -> bytes:
    """A torch checkpoint of nested dicts, lists, tuples, str, int, float, bool, None and arrays.

    `torch.load(..., weights_only=True)` gives the same values back, with tensors for the arrays
    (numpy scalars become Python ones). Equal objects give equal bytes, so a hash names the
    content. Raises TypeError for anything else.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    body = bytearray(b"\x80\x02")
    _emit(obj, body, arrays)
    body += b"."
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, out, "archive/data.pkl", bytes(body))
        _add(archive, out, "archive/byteorder", b"little")
        for key, array in enumerate(arrays):
            _add(archive, out, f"archive/data/{key}", array.tobytes(order="A"))
        _add(archive, out, "archive/version", b"3\n")
    return out.getvalue()


def _add(archive: zipfile.ZipFile, out: io.BytesIO, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980, so that equal content is equal bytes
    # Torch aligns tensors to 64 bytes, so that they can be mapped: pad with an extra field.
    start = out.tell() + 30 + len(name) + 4
    padding = -start % 64
    info.extra = struct.pack("<HH", 0x4246, padding) + bytes(padding)
    archive.writestr(info, data)


def _emit(obj: Any, body: bytearray, arrays: list[np.ndarray[Any, Any]]) -> None:
    """Append the pickle opcodes (protocol 2) that push `obj`."""
    if isinstance(obj, np.generic):
        obj = obj.item()
    if obj is None:
        body += b"N"
    elif obj is True or obj is False:
        body += b"\x88" if obj else b"\x89"
    elif isinstance(obj, int):
        _emit_int(obj, body)
    elif isinstance(obj, float):
        body += b"G" + struct.pack(">d", obj)
    elif isinstance(obj, str):
        text = obj.encode("utf-8", "surrogatepass")
        body += b"X" + struct.pack("<I", len(text)) + text
    elif isinstance(obj, dict):
        body += b"}("
        for key, value in obj.items():
            _emit(key, body, arrays)
            _emit(value, body, arrays)
        body += b"u"
    elif isinstance(obj, list):
        body += b"]("
        for value in obj:
            _emit(value, body, arrays)
        body += b"e"
    elif isinstance(obj, tuple):
        body += b"("
        for value in obj:
            _emit(value, body, arrays)
        body += b"t"
    elif isinstance(obj, np.ndarray):
        _emit_array(obj, body, arrays)
    else:
        raise TypeError(f"a checkpoint cannot hold a {type(obj).__name__}")


def _emit_int(value: int, body: bytearray) -> None:
    if -(1 << 31) <= value < 1 << 31:
        body += b"J" + struct.pack("<i", value)
        return
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    body += b"\x8a" + bytes([len(data)]) + data


def _emit_array(
    array: np.ndarray[Any, Any], body: bytearray, arrays: list[np.ndarray[Any, Any]]
) -> None:
    dtype = array.dtype.newbyteorder("<")
    if dtype not in STORAGES:
        raise TypeError(f"a checkpoint cannot hold an array of {array.dtype}")
    array = array.astype(dtype, copy=False)
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array).reshape(array.shape)
    body += b"ctorch._utils\n_rebuild_tensor_v2\n(("
    _emit("storage", body, arrays)
    body += f"ctorch\n{STORAGES[dtype]}\n".encode()
    _emit(str(len(arrays)), body, arrays)
    _emit("cpu", body, arrays)
    _emit(array.size, body, arrays)
    body += b"tQ"
    arrays.append(array)
    strides = tuple(s // array.itemsize for s in array.strides)
    for value in (0, array.shape, strides, False):
        _emit(value, body, arrays)
    body += b"ccollections\nOrderedDict\n)RtR"
