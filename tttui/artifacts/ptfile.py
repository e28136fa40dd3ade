"""Torch checkpoints as data: read into numpy and written from numpy, without importing torch.

A `.pt` file is a zip archive with one pickle, whose tensors are persistent ids of the members
`data/<key>`. The archive is read by `storedzip`, the pickle by `statepickle`: neither runs code,
and what they cost is bounded by the size of the file.
"""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from tttui.artifacts.regular import LARGEST_CHECKPOINT, open_to_read
from tttui.artifacts.statepickle import AsksForCode, interpret
from tttui.artifacts.storedzip import Compressed, StoredZip
from tttui.model.errors import RefusedInput, TttuiError

if TYPE_CHECKING:
    from zipfile import ZipFile

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

LONGEST_PICKLE = 32 << 20
"""Bytes of the pickle, which holds everything but the tensors; of 10 000 tensors it has 2 MB."""

SHARED = 4
"""What tensors that share storages may have together, in sizes of the file."""

EXPANDED = 1 << 20
"""The same in bytes, for small files whose tensors repeat one element (stride 0)."""


def read_pt(path: Path) -> Any:
    """The object in a torch checkpoint: dicts, lists, tuples, scalars, and arrays for tensors.

    Raises RefusedInput for a file that asks for code or is no zip checkpoint, TttuiError for one
    that is damaged or cannot be read; both name the file.
    """
    try:
        with open_to_read(path, LARGEST_CHECKPOINT) as file:
            head = file.read(4)
            if head != b"PK\x03\x04":
                raise RefusedInput(f"{path}: {_not_a_zip(head)}")
            return _load(file, path)
    except TttuiError:
        raise
    except AsksForCode as error:
        raise RefusedInput(
            f"{path}: asks for {error}, which is no plain tensor data; "
            "the file is refused because unpickling it could run code"
        ) from None
    except Compressed as error:
        raise RefusedInput(
            f"{path}: has a compressed member {str(error)!r}, which torch never writes"
        ) from None
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror or error}") from None
    # Whatever bytes a file holds, the answer is data or one clear error: what is damaged shows
    # as the complaint of whoever meets it first.
    except (Exception, MemoryError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise TttuiError(f"{path}: damaged or truncated checkpoint ({reason})") from None


def _not_a_zip(head: bytes) -> str:
    if not head:
        return "is empty, so it is no checkpoint"
    if head[:1] == b"\x80":
        return (
            "is a bare pickle (torch's format before 1.6), which is refused because it may run "
            "code; save it again with a newer torch"
        )
    return "is not a torch checkpoint (no zip archive)"


def _load(file: BinaryIO, path: Path) -> Any:
    archive = StoredZip(file)
    pickles = [n for n in archive.members if n.endswith("/data.pkl") or n == "data.pkl"]
    if not pickles:
        raise RefusedInput(f"{path}: is a zip archive without data.pkl, so it is no checkpoint")
    if archive.members[pickles[0]].size > LONGEST_PICKLE:
        raise ValueError(f"its pickle has more than {LONGEST_PICKLE} bytes")
    prefix = pickles[0].removesuffix("data.pkl")
    order = b"little"
    if prefix + "byteorder" in archive.members:
        order = archive.read(prefix + "byteorder").tobytes()
    storages: dict[str, np.ndarray[Any, Any]] = {}
    taken = [0]

    def storage(name: str, key: str, count: int) -> np.ndarray[Any, Any]:
        if key not in storages:
            stored = archive.read(f"{prefix}data/{key}")
            storages[key] = _elements(stored, name, big=order == b"big")
            taken[0] += storages[key].nbytes
            if taken[0] > LARGEST_CHECKPOINT:
                raise ValueError(f"its tensors take more than {LARGEST_CHECKPOINT} bytes")
        values = storages[key]
        if len(values) < count:
            raise ValueError(f"tensor {key} has {len(values)} of {count} elements: truncated")
        return values

    room = SHARED * archive.size + EXPANDED
    return interpret(archive.read(pickles[0]).tobytes(), storage, DTYPES.keys(), room)


def _elements(stored: np.ndarray[Any, Any], name: str, *, big: bool) -> np.ndarray[Any, Any]:
    """The elements of a storage in the byte order of this machine."""
    dtype = np.dtype(DTYPES[name])
    values = stored[: len(stored) - len(stored) % dtype.itemsize].view(dtype)
    if big:
        values = values.view(dtype.newbyteorder(">")).astype(dtype)
    if name == "BoolStorage":
        return np.asarray(stored != 0)
    if name != "BFloat16Storage":
        return values
    wide = np.zeros(len(values), dtype="<u4")
    wide.view("<u2")[1::2] = values
    return wide.view("<f4")


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
    import zipfile  # with compressors that readers have no use for

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, out, "archive/data.pkl", bytes(body))
        _add(archive, out, "archive/byteorder", b"little")
        for key, array in enumerate(arrays):
            _add(archive, out, f"archive/data/{key}", array.tobytes(order="A"))
        _add(archive, out, "archive/version", b"3\n")
    return out.getvalue()


def _add(archive: "ZipFile", out: io.BytesIO, name: str, data: bytes) -> None:
    from zipfile import ZipInfo

    info = ZipInfo(name)  # dated 1980, so that equal content is equal bytes
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
