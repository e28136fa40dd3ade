"""Checksums that a file carries itself, so that damage to any of its bytes is noticed.

A JSON object has one under its first key, `checksum`; a `.pt` file, which is a zip archive, as
the comment of the archive, where torch and everybody else reads past it. It reads
`crc32:1a2b3c4d` and is made of all bytes of the file, with zeros for the eight digits: a CRC
finds every single flipped bit, and every damaged stretch of up to 32 bits.

Files that are replaced as a whole carry one; those that grow have theirs in the checkpoint
(`blocks`, `history_writer`).
"""

import json
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
    """What the checksum that a file carries says of it."""

    RIGHT = "right"
    WRONG = "wrong"
    """Bytes were changed after the file was written."""
    NONE = "none"
    """There is no checksum: the file is of an older version, or damaged just there."""


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A JSON object for people and programs, with its checksum. numpy values are converted."""
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
    """What the checksum in a JSON file says."""
    return _compare(data, len(_JSON_HEAD)) if data.startswith(_JSON_HEAD) else Carried.NONE


def pt_checksum(file: BinaryIO) -> Carried:
    """What the checksum in an open `.pt` file says; it is read in blocks, as it may be large."""
    left = file.seek(0, SEEK_END) - _DIGITS
    file.seek(max(0, left - len(_NAME)))
    end = file.read(len(_BLANK))
    if len(end) < len(_BLANK) or not end.startswith(_NAME):
        return Carried.NONE
    found = 0
    file.seek(0)
    while left and (block := file.read(min(left, BLOCK))):
        found = crc32(block, found)
        left -= len(block)
    found = crc32(b"0" * _DIGITS, found)
    return Carried.RIGHT if not left and end.endswith(b"%08x" % found) else Carried.WRONG


def without_checksum(value: dict[str, Any]) -> dict[str, Any]:
    """The object of a JSON file as it was meant; a key of the same name of others is kept."""
    said = value.get(KEY)
    if isinstance(said, str) and said.startswith(_NAME.decode()):
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
    found = crc32(b"0" * _DIGITS, crc32(data[:digits]))
    found = crc32(data[digits + _DIGITS :], found)
    said = data[digits : digits + _DIGITS]
    return Carried.RIGHT if said == b"%08x" % found else Carried.WRONG


def plain(value: Any) -> Any:
    """What json does not know: numpy scalars and small arrays."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
