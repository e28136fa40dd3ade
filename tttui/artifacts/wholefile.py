"""Small files that are replaced as a whole: read again only when they changed."""

from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Generic, TypeVar
from zlib import crc32

from tttui.artifacts.growing import SETTLED_S
from tttui.artifacts.regular import read_bytes, stat_regular
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
            stat = stat_regular(self.path)
        except OSError as error:
            gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
            reason = f"cannot be read: {error.strerror}"
            self.problems = () if gone else (Problem(self._part, self.path, reason),)
            self.exists, self.value, self._stat = False, None, None
            return
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if seen == self._stat and self._settled:
            return
        unchanged = seen == self._stat
        self._stat, self.exists = seen, True
        self._settled = time_ns() - stat.st_mtime_ns > SETTLED_S * 1e9
        checksum = None
        try:
            # Only where the file was or is so new that its times cannot tell.
            if (unchanged or not self._settled) and stat.st_size <= CHECKED_BYTES:
                checksum = crc32(read_bytes(self.path, CHECKED_BYTES))
            if unchanged and checksum is not None and checksum == self._checksum:
                return
        except OSError:
            pass  # parsing meets it again, and names it
        self._checksum = checksum
        self.value, problems = read_part(self.path, self._part, self._parse)
        self.problems = tuple(problems)
        self.exists = self.value is not None or bool(problems)


def read_part(
    path: Path, part: str, parse: Callable[[Path], tuple[Value, list[Problem]]]
) -> tuple[Value | None, list[Problem]]:
    """What `parse` made of a file and its problems; None where it is missing or damaged."""
    try:
        return parse(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    except OSError as error:
        return None, [Problem(part, path, f"cannot be read: {error.strerror or error}")]
    except TttuiError as error:
        return None, [Problem(part, path, str(error).removeprefix(f"{path}: "))]
