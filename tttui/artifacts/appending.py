"""A file that only grows, by whole records."""

import os
from pathlib import Path

from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.regular import open_regular
from tttui.model.errors import TttuiError


class AppendedFile:
    """Collects records in memory and appends them as a whole when it is flushed.

    A write that fails (full disk) leaves the file as it was; the records are kept, and the next
    flush tries again. All methods raise TttuiError naming the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes in the file: whole records."""
        self._pending = bytearray()
        self._handle: int | None = None

    @property
    def is_open(self) -> bool:
        return self._handle is not None

    @property
    def pending(self) -> int:
        """Bytes that wait for the next flush."""
        return len(self._pending)

    def create(self, head: bytes = b"") -> None:
        """Make the file, which must not exist, with these first bytes."""
        self._open(os.O_CREAT | os.O_EXCL)
        self.size = 0
        self.add(head)
        self.flush()

    def reopen(self, size: int) -> None:
        """Open an existing file and cut it back to `size` bytes; a shorter file is refused."""
        self._open(0)
        found = os.fstat(self._opened()).st_size
        if found < size:
            self.close()
            raise TttuiError(
                f"{self.path}: has {found} bytes, but the checkpoint was written after {size}; "
                "the session cannot be continued exactly: restore the file, or fork"
            )
        self._cut(size)

    def add(self, records: bytes) -> None:
        self._pending += records

    def flush(self) -> None:
        if not self._pending:
            return
        handle = self._opened()
        try:
            write_all(handle, memoryview(bytes(self._pending)), self.size)
        except OSError as error:
            self._cut(self.size)
            raise write_error(self.path, error) from error
        self.size += len(self._pending)
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
