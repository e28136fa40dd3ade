"""Checksums of a file that only grows: the CRC-32 of every 16 KiB of it.

They depend on the content alone, not on how it was appended; the last one covers the bytes that do
not fill a block yet. A CRC can be continued without reading earlier bytes again, so damage in
between is never taken for written content.

In a checkpoint (`checkpoint`, key `checksums`) those of one file are

    {"block": 16384, "size": 22146, "crc32": int32 array, one a block, the bits of the CRC}
"""

import time
from array import array
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Self
from zlib import crc32

import numpy as np

BLOCK = 1 << 14
"""Bytes of a block: what a damaged byte is narrowed down to."""


class BlockChecksums:
    """The checksums of the first `size` bytes of a file."""

    def __init__(self) -> None:
        self.size = 0
        self._sums = array("L")

    def add(self, data: bytes | memoryview) -> None:
        """Add appended bytes."""
        rest = memoryview(data)
        while rest:
            within = self.size % BLOCK
            part = rest[: BLOCK - within]
            if within:
                self._sums[-1] = crc32(part, self._sums[-1])
            else:
                self._sums.append(crc32(part))
            self.size += len(part)
            rest = rest[len(part) :]

    def add_file(self, file: BinaryIO, size: int) -> None:
        """Add the bytes of a file up to `size`, or up to its end."""
        file.seek(self.size)
        while self.size < size and (data := file.read(min(size - self.size, 1 << 20))):
            self.add(data)

    def state(self) -> dict[str, Any]:
        """As a checkpoint holds them."""
        return {"block": BLOCK, "size": self.size, "crc32": as_int32(self._sums)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """The inverse of `state`. Raises ValueError or KeyError where it is none."""
        sums = cls()
        sums.size = int(state["size"])
        sums._sums = array("L", from_int32(state["crc32"]))
        if (
            sums.size < 0
            or int(state["block"]) != BLOCK
            or len(sums._sums) != -(-sums.size // BLOCK)
        ):
            raise ValueError("checksums of another kind")
        return sums

    def blocks(self) -> Iterator[tuple[int, int]]:
        """The bytes and the checksum of every block."""
        for i, checksum in enumerate(self._sums):
            yield min(BLOCK, self.size - i * BLOCK), checksum

    def differing(self, file: BinaryIO, deadline: float | None = None) -> list[tuple[int, int]]:
        """Byte ranges [begin, end) of blocks with a wrong checksum, adjacent ones joined. Blocks
        not reached by the `deadline` (monotonic seconds) count as right."""
        ranges: list[tuple[int, int]] = []
        file.seek(0)
        for i in range(len(self._sums)):
            if deadline is not None and time.monotonic() > deadline:
                break
            start, stop = i * BLOCK, min(self.size, (i + 1) * BLOCK)
            if crc32(_exactly(file, stop - start)) == self._sums[i]:
                continue
            if ranges and ranges[-1][1] == start:
                start, _ = ranges.pop()
            ranges.append((start, stop))
        return ranges


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def as_int32(sums: "array[int]") -> np.ndarray[Any, Any]:
    """The bits of CRCs as a checkpoint can hold them: torch has no unsigned 32 bit words."""
    return np.array(sums, dtype=np.uint32).view(np.int32)


def from_int32(sums: Any) -> list[int]:
    """The inverse of `as_int32`."""
    values: list[int] = np.ascontiguousarray(sums, dtype=np.int32).view(np.uint32).tolist()
    return values
