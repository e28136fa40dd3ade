"""Checksums that a file carries itself, so that damage to any of its bytes is noticed.

A JSON object has one under its first key, `checksum`; a `.pt` file, which is a zip archive, as
the comment of the archive, where torch and everybody else reads past it. It reads
`crc32:1a2b3c4d` and is made of all bytes of the file, with zeros for the eight digits: a CRC
finds every single flipped bit, and every damaged stretch of up to 32 bits.

Files that are replaced as a whole carry one; those that grow have theirs in the checkpoint
(`blocks`, `history_writer`).
"""

import struct
from collections.abc import Mapping
from enum import Enum
from io import SEEK_END
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np

KEY = "checksum"

BLOCK = 1 << 18
"""Bytes that are read at a time."""

_NAME, _DIGITS = b"crc32:", 8
_BLANK = _NAME + b"0" * _DIGITS
_JSON_HEAD = b'{\n  "checksum": "'


class Carried(Enum):
    """The verdict of the checksum that a file carries."""

    RIGHT = "right"
    WRONG = "wrong"
    """Bytes were changed after the file was written."""
    NONE = "none"
    """There is no checksum: the file is of an older version, or damaged just there."""


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A JSON object for people and programs, with its checksum. numpy values are converted."""
    import json

    rest = {key: inner for key, inner in value.items() if key != KEY}
    body = json.dumps(rest, indent=2, sort_keys=True, default=plain).encode() + b"\n"
    begin = b'",\n' if rest else b'"\n'
    data = _JSON_HEAD + _BLANK + begin + body.removeprefix(b"{\n" if rest else b"{")
    return _filled(data, len(_JSON_HEAD))


def pt_bytes(archive: bytes) -> bytes:
    """A `.pt` file with its checksum, from one that has none."""
    head = memoryview(archive)[:-2]  # it may be large, and is copied once
    end = struct.pack("<H", len(_BLANK)) + _NAME
    digits = b"%08x" % crc32(b"0" * _DIGITS, crc32(end, crc32(head)))
    return b"".join((head, end, digits))


def json_checksum(data: bytes) -> Carried:
    """Check the checksum in a JSON file."""
    return _compare(data, len(_JSON_HEAD)) if data.startswith(_JSON_HEAD) else Carried.NONE


def pt_checksum(file: BinaryIO) -> Carried:
    """Check the checksum in an open `.pt` file, read in blocks, as it may be large."""
    left = file.seek(0, SEEK_END) - _DIGITS
    file.seek(max(0, left - len(_NAME)))
    end = file.read(len(_BLANK))
    if len(end) < len(_BLANK) or not end.startswith(_NAME):
        return Carried.NONE
    crc = 0
    file.seek(0)
    while left and (block := file.read(min(left, BLOCK))):
        crc = crc32(block, crc)
        left -= len(block)
    crc = crc32(b"0" * _DIGITS, crc)
    return Carried.RIGHT if not left and end.endswith(b"%08x" % crc) else Carried.WRONG


def without_checksum(value: dict[str, Any]) -> dict[str, Any]:
    """The object of a JSON file without its checksum; keeps a foreign key of the same name."""
    carried = value.get(KEY)
    if isinstance(carried, str) and carried.startswith(_NAME.decode()):
        return {key: inner for key, inner in value.items() if key != KEY}
    return value


def _filled(data: bytes, at: int) -> bytes:
    """The same bytes with the right digits in the checksum at this offset."""
    digits = at + len(_NAME)
    return b"%s%08x%s" % (data[:digits], crc32(data), data[digits + _DIGITS :])


def _compare(data: bytes, at: int) -> Carried:
    if at < 0 or not data.startswith(_NAME, at):
        return Carried.NONE
    digits = at + len(_NAME)
    crc = crc32(b"0" * _DIGITS, crc32(data[:digits]))
    crc = crc32(data[digits + _DIGITS :], crc)
    carried = data[digits : digits + _DIGITS]
    return Carried.RIGHT if carried == b"%08x" % crc else Carried.WRONG


def plain(value: Any) -> Any:
    """Convert numpy scalars and small arrays for json."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
