"""A file that only grows, by whole records."""

import os
from pathlib import Path
from typing import Self

from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.regular import open_regular
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

PART = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The end that was cut off a file when its writer resumed."""

    path: Path
    begin: int
    """The size of the file now, in bytes."""
    size: int
    """Bytes that were cut off."""
    content: str
    """The content in words: `20 whole lines, half a line`."""
    why: str = "which came after the checkpoint"

    @classmethod
    def of_lines(cls, path: Path, handle: int, begin: int) -> Self | None:
        """The rest of a file of lines from byte `begin`; None if there is none."""
        lines = zeros = size = 0
        last = b"\n"
        while part := os.pread(handle, PART, begin + size):
            lines += part.count(b"\n")
            zeros += part.count(0)
            size += len(part)
            last = part[-1:]
        if not size:
            return None
        content = [f"{lines} whole line{'s' * (lines != 1)}"] if lines else []
        if zeros:
            content.append(f"{zeros} zero bytes, as a power failure leaves them")
        elif last != b"\n":
            content.append("half a line")
        return cls(path, begin, size, ", ".join(content))

    def __str__(self) -> str:
        content = f" ({self.content})" if self.content else ""
        return (
            f"{self.path}: cut off {self.size} bytes from byte {self.begin} on{content}, {self.why}"
        )


class AppendedFile:
    """Collects records in memory and appends them as a whole when it is flushed.

    A write that fails (full disk) leaves the file as it was; the records are kept, and the next
    flush tries again. All methods raise TttuiError naming the file.
    """

    def __init__(self, path: Path, checksums: BlockChecksums | None = None) -> None:
        self.path = path
        self.size = 0
        """Bytes in the file: whole records."""
        self.checksums = checksums
        """Of the bytes in the file, where somebody wants them."""
        self._pending = bytearray()
        self._handle: int | None = None

    @property
    def is_open(self) -> bool:
        return self._handle is not None

    @property
    def pending(self) -> int:
        """Number of bytes that wait for the next flush."""
        return len(self._pending)

    def create(self, head: bytes = b"") -> None:
        """Make the file, which must not exist, with these first bytes."""
        self._open(os.O_CREAT | os.O_EXCL)
        self.size = 0
        self.add(head)
        self.flush()

    def reopen(self, size: int, checksums: BlockChecksums | None = None) -> Cut | None:
        """Open an existing file and cut it to `size` bytes; a shorter file is refused.

        `checksums` are those of these bytes, if they are known. Returns what was cut off.
        """
        self._open(0)
        length = os.fstat(self._opened()).st_size
        if length < size:
            self.close()
            raise TttuiError(
                f"{self.path}: has {length} bytes, but the checkpoint was written after {size}; "
                "the session cannot be continued exactly: restore the file, or fork"
            )
        cut = Cut.of_lines(self.path, self._opened(), size) if length > size else None
        self._cut(size)
        if self.checksums is not None:
            self.checksums = checksums or self._made_anew(size)
        return cut

    def add(self, records: bytes) -> None:
        self._pending += records

    def flush(self) -> None:
        if not self._pending:
            return
        handle = self._opened()
        records = bytes(self._pending)
        try:
            write_all(handle, records, self.size)
        except OSError as error:
            self._cut(self.size)
            raise write_error(self.path, error) from error
        self.size += len(records)
        if self.checksums is not None:
            self.checksums.add(records)
        self._pending.clear()

    def overwrite(self, data: bytes, offset: int) -> None:
        """Write over bytes that are there already (a header's count)."""
        try:
            write_all(self._opened(), data, offset)
        except OSError as error:
            raise write_error(self.path, error) from error

    def sync(self) -> None:
        """Flush, and wait until the disk has it."""
        self.flush()
        if self._handle is not None:
            try:
                os.fdatasync(self._handle)
            except OSError as error:
                raise write_error(self.path, error) from error

    def close(self) -> None:
        """Close without flushing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self, flags: int) -> None:
        self.close()
        try:
            self._handle = open_regular(self.path, os.O_RDWR | flags)
        except OSError as error:
            raise write_error(self.path, error) from error

    def _opened(self) -> int:
        if self._handle is None:
            raise TttuiError(f"{self.path}: is not open for writing")
        return self._handle

    def _cut(self, size: int) -> None:
        try:
            os.ftruncate(self._opened(), size)
        except OSError as error:
            raise write_error(self.path, error) from error
        self.size = size

    def _made_anew(self, size: int) -> BlockChecksums:
        """Compute the checksums of a file that an older version wrote without them."""
        sums = BlockChecksums()
        with os.fdopen(os.dup(self._opened()), "rb", buffering=0) as file:
            sums.add_file(file, size)
        return sums
