"""JSON as Python and others write it: fast where it is standard, NaN and Infinity accepted."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tttui.model.errors import TttuiError
from tttui.model.settings import float_of

_decoder = msgspec.json.Decoder()


def decode(data: bytes) -> Any:
    """The value in `data`. Raises ValueError with a reason for a person, and nothing else."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        # NaN, Infinity, huge numbers: Python's own dialect.
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"is not valid JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        ) from None
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON that can be read ({error})") from None


def read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises TttuiError naming the file, FileNotFoundError as such."""
    try:
        data = path.read_bytes()
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
    return value


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
