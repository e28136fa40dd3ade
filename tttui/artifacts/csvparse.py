"""Text to numbers, vectorised: 5 M numbers in 0.2 s."""

import struct
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import numpy as np

_NUMBERS = b"0123456789.eE+-\r"
_NUMBERS_AND_NAN = _NUMBERS + b"aAfFiInNtTyY"
_floats = msgspec.json.Decoder(list[float])

FLAGS: dict[str, float] = {
    **dict.fromkeys(("1", "True", "true", "TRUE"), 1.0),
    **dict.fromkeys(("0", "False", "false", "FALSE"), 0.0),
}
"""How programs write whether something is so; numbers equal to 0 and 1 count as well."""

ABSENT: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_7474))[0]
"""Stands for an empty field: a NaN that is told from others by its bits."""

MISSING = ("NA", "N/A", "null", "None")
"""How programs write that there is no value, besides NaN and nothing."""


def parse_clean(block: bytes, width: int) -> np.ndarray[Any, Any] | None:
    """The numbers [n, width] of a block of whole lines; None if any line needs the slow path."""
    skeleton = block.translate(None, _NUMBERS)
    line = b"," * (width - 1) + b"\n"
    rows = len(skeleton) // len(line)
    try:
        if skeleton == line * rows:
            # A JSON list is the fastest text that can be parsed into exact floats.
            values = _floats.decode(b"[" + block[:-1].replace(b"\n", b",") + b"]")
            return np.fromiter(values, np.float64, rows * width).reshape(rows, width)
        skeleton = block.translate(None, _NUMBERS_AND_NAN)
        if skeleton == line * (len(skeleton) // len(line)):
            fields = block[:-1].replace(b"\r\n", b"\n").replace(b"\n", b",").split(b",")
            numbers = [float(f) if f else ABSENT for f in fields]
            return np.fromiter(numbers, np.float64, len(fields)).reshape(-1, width)
    except (ValueError, msgspec.MsgspecError):
        pass
    return None


def without_dialect(block: bytes, separator: bytes) -> bytes:
    """The block with commas between the fields, and neither spaces around them nor at the end."""
    if separator != b",":
        block = block.replace(b",", b"." if separator == b";" else b"?").replace(separator, b",")
    if b" " in block:
        block = block.replace(b", ", b",").replace(b" ,", b",")
    if b",\n" in block or b",\r" in block:
        block = block.replace(b",\n", b"\n").replace(b",\r", b"\r")
    return block


def parse_fields(
    columns: Sequence[Sequence[str]], flags: Collection[int], *, decimal_comma: bool
) -> np.ndarray[Any, Any] | None:
    """The numbers [n, k] in k columns of fields; None where one is no number, or no flag.

    `flags` are the columns that hold flags.
    """
    out = np.empty((len(columns[0]) if columns else 0, len(columns)))
    for i, fields in enumerate(columns):
        values = _flags(fields) if i in flags else _numbers(fields, decimal_comma)
        if values is None:
            return None
        out[:, i] = values
    return out


def absent(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which numbers stand for empty fields, as flags."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
    return np.asarray(bits == np.uint64(0x7FF8_0000_0000_7474))


def parse_number(field: bytes | str) -> float | None:
    text = field.decode("latin-1") if isinstance(field, bytes) else field
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _numbers(fields: Sequence[str], decimal_comma: bool) -> Sequence[float] | None:
    if decimal_comma:
        fields = [field.replace(",", ".") for field in fields]
    try:
        if "_" not in "".join(fields):
            return list(map(float, fields))
    except ValueError:
        pass
    values = []
    for field in fields:
        text = field.strip()
        value = ABSENT if not text else float("nan") if text in MISSING else parse_number(field)
        if value is None:
            return None
        values.append(value)
    return values


def _flags(fields: Sequence[str]) -> Sequence[float] | None:
    words = list(map(FLAGS.get, fields))
    if None not in words:
        return words  # type: ignore[return-value]
    values = []
    for field in fields:
        value = FLAGS.get(field)
        if value is None:
            value = FLAGS.get(field.strip(), parse_number(field))
        if value not in (0.0, 1.0):
            return None
        values.append(value)
    return values
