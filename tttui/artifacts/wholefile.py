"""Small files that are replaced as a whole: read again only when they changed."""

from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Generic, TypeVar
from zlib import crc32

from tttui.artifacts.growing import SETTLED_S
from tttui.model.errors import TttuiError
from tttui.model.session import Problem

Value = TypeVar("Value")

CHECKED_BYTES = 1 << 20
"""Files up to this size are compared by content where their times cannot tell."""


class WholeFile(Generic[Value]):
    """One file and what `parse` made of it; `value` is None while it is missing or damaged.

    While a file is damaged (a foreign program may be writing it in place), the problem is
    shown and the value before is not.
    """

    def __init__(
        self, path: Path, part: str, parse: Callable[[Path], tuple[Value, list[Problem]]]
    ) -> None:
        self.path = path
        self._part = part
        self._parse = parse
        self._stat: tuple[int, int, int] | None = None
        self._settled = False
        self._checksum: int | None = None
        self.exists = False
        self.value: Value | None = None
        self.problems: tuple[Problem, ...] = ()

    def refresh(self) -> None:
        """Look at the file, and read it again if it changed."""
        try:
            stat = self.path.stat()
        except OSError as error:
            gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
            problem = () if gone else (self._problem(f"cannot be read: {error.strerror}"),)
            self.exists, self.value, self.problems, self._stat = False, None, problem, None
            self._checksum = None
            return
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if seen == self._stat and self._settled:
            return
        unchanged = seen == self._stat
        self._stat, self.exists = seen, True
        self._settled = time_ns() - stat.st_mtime_ns > SETTLED_S * 1e9
        try:
            checksum = crc32(self.path.read_bytes()) if stat.st_size <= CHECKED_BYTES else None
            if unchanged and checksum is not None and checksum == self._checksum:
                return
            self._checksum = checksum
            self.value, problems = self._parse(self.path)
            self.problems = tuple(problems)
        except OSError as error:
            self.value = None
            self.problems = (self._problem(f"cannot be read: {error.strerror or error}"),)
        except TttuiError as error:
            reason = str(error).removeprefix(f"{self.path}: ")
            self.value, self.problems = None, (self._problem(reason),)

    def _problem(self, reason: str) -> Problem:
        return Problem(self._part, self.path, reason)
