"""Zip archives as torch writes them: every member stored as it is, read straight into an array.

What is read is bounded by the size of the file: its directory is small, and no byte is read twice
under two names (which is how an archive of some kilobytes unpacks to gigabytes).
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from tttui.model.dataclass import dataclass

DIRECTORY_BYTES = 8 << 20
"""Longest directory of an archive; a model of 10 000 tensors has 1 MB."""

END_BYTES = (1 << 16) + 22
"""The end of the archive stands at most so far from the end of the file."""

_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL = 0xFFFFFFFF


class Compressed(ValueError):
    """A member that is not stored as it is; `args` are its name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member: the offset of its header, its size and checksum."""

    at: int
    size: int
    crc: int


class StoredZip:
    """The members of an open archive. Raises ValueError for what is damaged, OSError as read."""

    def __init__(self, file: BinaryIO) -> None:
        self._handle = file.fileno()
        self.size = os.fstat(self._handle).st_size
        """Bytes of the whole archive."""
        self._left = self.size
        """Bytes of members that may still be read."""
        begin, size = self._directory()
        if size > DIRECTORY_BYTES or begin + size > self.size:
            raise ValueError("its directory does not fit")
        self.members = dict(_entries(self._at(begin, size)))

    def read(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The bytes of a member, checked against its checksum."""
        member = self.members.get(name)
        if member is None:
            raise ValueError(f"has no member {name!r}")
        head = _LOCAL.unpack(self._at(member.at, _LOCAL.size))
        if head[0] != b"PK\x03\x04":
            raise ValueError(f"member {name!r} is not where the directory says")
        self._left -= member.size
        if self._left < 0:
            raise ValueError("its members overlap")
        start = member.at + _LOCAL.size + head[9] + head[10]
        content = np.empty(member.size, dtype=np.uint8)
        self._fill(content, start)
        if zlib.crc32(content.data) != member.crc:
            raise ValueError(f"member {name!r} has another checksum than when it was written")
        return content

    def _directory(self) -> tuple[int, int]:
        """Where the directory begins, and its bytes."""
        first = max(0, self.size - END_BYTES)
        tail = self._at(first, self.size - first)
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            raise ValueError("the end of the archive is missing")
        _, _, _, _, count, size, begin, _ = _END.unpack_from(tail, at)
        if _FULL in (size, begin) or count == 0xFFFF:
            place = at - _END64_PLACE.size
            if place >= 0 and tail.startswith(b"PK\x06\x07", place):
                _, _, where, _ = _END64_PLACE.unpack_from(tail, place)
                fields = _END64.unpack(self._at(where, _END64.size))
                if fields[0] != b"PK\x06\x06":
                    raise ValueError("the end of the archive is damaged")
                size, begin = fields[8], fields[9]
        return begin, size

    def _at(self, offset: int, size: int) -> bytes:
        data = os.pread(self._handle, size, offset) if offset < self.size else b""
        if len(data) < size:
            raise ValueError("the archive is cut off")
        return data

    def _fill(self, content: np.ndarray[tuple[int], np.dtype[np.uint8]], offset: int) -> None:
        view, done = content.data, 0
        while done < len(view):
            n = os.preadv(self._handle, [view[done:]], offset + done)
            if not n:
                raise ValueError("the archive is cut off")
            done += n


def _entries(directory: bytes) -> Iterator[tuple[str, Member]]:
    at = 0
    while at + _ENTRY.size <= len(directory):
        entry = _ENTRY.unpack_from(directory, at)
        if entry[0] != b"PK\x01\x02":
            raise ValueError("its directory is damaged")
        flags, method, crc, packed, size = entry[3], entry[4], *entry[7:10]
        name_size, extra_size, comment_size, where = *entry[10:13], entry[16]
        at += _ENTRY.size
        raw = directory[at : at + name_size]
        extra = directory[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment_size
        name = raw.decode("utf-8", "replace")
        sizes = iter(_large(extra))
        size, packed, where = (next(sizes, v) if v == _FULL else v for v in (size, packed, where))
        if method != 0 or flags & 1 or packed != size:
            raise Compressed(name)
        yield name, Member(where, size, crc)


def _large(extra: bytes) -> tuple[int, ...]:
    """The numbers of 64 bits in an extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            body = extra[at + 4 : at + 4 + size]
            return struct.unpack_from(f"<{len(body) // 8}Q", body)
        at += 4 + size
    return ()
