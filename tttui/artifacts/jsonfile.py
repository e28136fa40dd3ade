"""JSON as Python and others write it: fast where it is standard, NaN and Infinity accepted."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tttui.artifacts.checksum import without_checksum
from tttui.artifacts.regular import read_bytes
from tttui.model.errors import TttuiError
from tttui.model.setting import float_of

_decoder = msgspec.json.Decoder()

DEEPEST = 100
"""Values within values; ours are 5 deep."""

MOST_VALUES = 500_000
"""Values in one text, each of which may take 100 bytes in memory; ours have some hundreds."""

_LONG = re.compile(rb"[0-9]{19}")


def decode(data: bytes) -> Any:
    """The value in `data`. Raises ValueError with a reason for a person, and nothing else.

    Whole numbers that do not fit 64 bits are floats, so that all numbers can be computed with.
    """
    if _depth(data) > DEEPEST:
        raise ValueError(f"has more than {DEEPEST} values in each other")
    # As commas count those in texts, too; few files are so long that it matters.
    if len(data) > MOST_VALUES and sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES} values")
    if not _LONG.search(data):
        try:
            return _decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    import json

    try:
        # NaN, Infinity, huge numbers: Python's own dialect.
        return json.loads(data, parse_int=_int)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"is not valid JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        ) from None
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON that can be read ({error})") from None


def _int(text: str) -> int | float:
    if len(text) <= 20 and -(1 << 63) <= (value := int(text)) < 1 << 63:
        return value
    return float(text)


def _depth(data: bytes) -> int:
    """An upper bound of the nesting depth; brackets in texts count, too."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return 0
    depth = deepest = 0
    for at in range(0, len(data), 1 << 20):
        # `{` differs from `[` by one bit, as `}` does from `]`.
        codes = np.frombuffer(data[at : at + (1 << 20)], dtype=np.uint8) | 0x20
        steps = (codes == ord("{")).astype(np.int8) - (codes == ord("}"))
        depths = depth + np.cumsum(steps, dtype=np.int32)
        deepest = max(deepest, int(depths.max()))
        depth = int(depths[-1])
    return deepest


def read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises TttuiError naming the file, FileNotFoundError as such."""
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror or error}") from None
    return parse_object(data, path)


def parse_object(data: bytes, path: Path) -> Mapping[str, Any]:
    """The JSON object in the bytes of a file. Raises TttuiError naming the file."""
    if not data.strip():
        raise TttuiError(f"{path}: is empty")
    try:
        value = decode(data)
    except ValueError as error:
        raise TttuiError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise TttuiError(f"{path}: holds a {type(value).__name__}, not an object of keys")
    return without_checksum(value)


def number(value: Any) -> float | None:
    """A JSON number as float, None for everything else (booleans included)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float_of(value)


def whole(value: Any) -> int | None:
    """A JSON number without a fraction that fits 64 bits, None for everything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(1 << 63) <= value < 1 << 63 else None
