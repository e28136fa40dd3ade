"""A file that grows while it is read: only what was appended is read again."""

import errno
import os
from collections.abc import Iterator
from enum import Enum
from io import FileIO
from pathlib import Path
from time import time_ns

from tttui.artifacts.regular import open_to_read, stat_regular

BLOCK = 1 << 16
"""Bytes read at a time; blocks of this size parse fastest and keep memory flat."""

LONGEST_LINE = 1 << 23
"""A line that is still open after so many bytes is handed on as it is (it is no record), and the
rest of it is passed over."""

MARK = 256
"""Bytes before the reading position that are compared to notice a file that was rewritten."""

SETTLED_S = 0.1
"""A modification time younger than this may hide a second change within the clock's grain."""

CUT_OFF_S = 5.0
"""A last line without its newline is being written for so long, and cut off after."""


class FileChange(Enum):
    """What happened to a file since the last check."""

    MISSING = "missing"
    SAME = "same"
    APPENDED = "appended"
    REPLACED = "replaced"
    """Replaced, truncated or rewritten: what was read before is void."""


class GrowingFile:
    """The bytes of one append-only file, in blocks of whole lines.

    The last line is held back until its newline is there. `check` must be asked before
    `blocks`; both raise OSError for what they cannot open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        self.offset = 0
        """Bytes consumed."""
        self.lines = 0
        """Newlines consumed, so the next line is number `lines + 1`."""
        self.open_line = b""
        """The held-back bytes after the last newline, as last read."""
        self.size = 0
        self._in_endless = False
        """The reading position is within a line whose beginning was handed on."""
        self._mark = b""
        self._ended_early = False
        self._stat: tuple[int, int, int] | None = None
        self._settled = False

    @property
    def unread(self) -> int:
        """Bytes at the last `check` that are neither consumed nor held back."""
        return self.size - self.offset - len(self.open_line)

    @property
    def share(self) -> float:
        """The part of its bytes that was consumed, 0 to 1."""
        return self.offset / self.size if self.size else 1.0

    @property
    def cut_off(self) -> bool:
        """Whether the last line has lacked its newline so long that it probably never comes."""
        return bool(self.open_line) and not self.unread and self.settled

    @property
    def settled(self) -> bool:
        """Whether the file has not changed for so long that it is probably final."""
        return self._stat is not None and time_ns() - self._stat[2] > CUT_OFF_S * 1e9

    def check(self) -> FileChange:
        """Look at the file. After MISSING and REPLACED reading starts over at its beginning."""
        try:
            stat = stat_regular(self.path)
        except (FileNotFoundError, NotADirectoryError):
            self._forget()
            return FileChange.MISSING
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        known = self._stat
        if seen == known and self._settled:
            return FileChange.APPENDED if self.unread else FileChange.SAME
        if known is not None and (
            stat.st_ino != known[0] or stat.st_size < self.offset or not self._mark_stands()
        ):
            self._forget()
            self._remember(seen)
            return FileChange.REPLACED
        self._remember(seen)
        if known is not None and seen == known and not self.unread:
            return FileChange.SAME
        self.open_line = b""
        return FileChange.APPENDED

    def _remember(self, seen: tuple[int, int, int]) -> None:
        self._stat = seen
        self.size = seen[1]
        self._settled = time_ns() - seen[2] > SETTLED_S * 1e9

    def _mark_stands(self) -> bool:
        """Whether the bytes before the reading position are unchanged."""
        if not self.offset:
            return True
        with open_to_read(self.path) as file:
            file.seek(self.offset - len(self._mark))
            data = file.read(len(self._mark) + 1)
        following = data[len(self._mark) :]
        if self._ended_early and following and following not in b"\r\n":
            return False
        return data[: len(self._mark)] == self._mark

    def blocks(self) -> Iterator[bytes]:
        """Blocks of whole lines from the reading position; each is consumed when it is taken."""
        with open_to_read(self.path) as file:
            self._pass_over(file)
            open_parts, waiting = list[bytes](), 0
            while self.offset + waiting < self.size:
                data = file.read(min(BLOCK, self.size - self.offset - waiting))
                if not data:
                    break
                end = data.rfind(b"\n") + 1
                if not end and waiting + len(data) > LONGEST_LINE:
                    end = len(data)
                open_parts.append(data[:end] if end else data)
                waiting += len(open_parts[-1])
                if not end:
                    continue
                block, rest = b"".join(open_parts), data[end:]
                open_parts, waiting = [rest], len(rest)
                self._consume(block)
                self.open_line = rest
                yield block
                if not block.endswith(b"\n"):
                    self._in_endless = True
                    self._pass_over(file)
                    open_parts, waiting = [], 0
            self.open_line = b"".join(open_parts)

    def _pass_over(self, file: FileIO) -> None:
        """Skip the rest of a line whose beginning was already consumed, if it ends."""
        file.seek(self.offset)
        while self._in_endless and self.offset < self.size:
            self._leap(file)
            data = file.read(min(1 << 20, self.size - self.offset))
            if not data:
                return
            end = data.find(b"\n") + 1
            self._in_endless = not end
            self._consume(data[: end or None])
        file.seek(self.offset)

    def _leap(self, file: FileIO) -> None:
        """Skip a hole of the file, which holds no newline, except its last bytes."""
        try:
            begin = os.lseek(file.fileno(), self.offset, os.SEEK_DATA)
        except OSError as error:  # nothing but a hole is left, or a filesystem that knows none
            begin = self.size if error.errno == errno.ENXIO else self.offset
        self.offset = max(self.offset, min(begin, self.size) - MARK)
        file.seek(self.offset)

    def take_open_line(self) -> bytes:
        """Consume the last line although its newline is missing, because it is complete.

        Should anything but a newline follow later, the file counts as replaced.
        """
        line = self.open_line
        self._consume(line)
        self.open_line = b""
        self._ended_early = True
        return line

    def _consume(self, data: bytes) -> None:
        self.offset += len(data)
        self.lines += data.count(b"\n")
        self._mark = (self._mark + data[-MARK:])[-MARK:]
        self._ended_early = False
