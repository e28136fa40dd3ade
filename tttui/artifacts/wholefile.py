"""Small files that are replaced as a whole: read again only when they changed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, time_ns
from typing import Generic, TypeVar
from zlib import crc32

from tttui.artifacts.growing import SETTLED_S
from tttui.artifacts.regular import read_bytes, stat_regular
from tttui.model.errors import TttuiError
from tttui.model.session import Problem

Value = TypeVar("Value")

CHECKED_BYTES = 1 << 20
"""Files up to this size are compared by content where their times cannot tell."""


WRITTEN_S = 1.0
"""A file that was written so short a time ago may be half of what is being written."""


class WholeFile(Generic[Value]):
    """One file and what `parse` made of it; `value` is None while it is missing or damaged.

    Other programs write files in place, so that for a moment they are damaged: what was read
    before stays as long as that may be so, and where nothing was, the problem says `loading`.
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
        self._doubted_at: float | None = None
        """Since when the file is damaged and may be in the middle of being written."""
        self.exists = False
        self.value: Value | None = None
        self.problems: tuple[Problem, ...] = ()

    def refresh(self) -> None:
        """Look at the file, and read it again if it changed."""
        try:
            stat = stat_regular(self.path)
        except OSError as error:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            reason = f"cannot be read: {error.strerror}"
            self.problems = () if missing else (Problem(self._part, self.path, reason),)
            self.exists, self.value, self._stat = False, None, None
            return
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if seen == self._stat and self._settled and self._doubted_at is None:
            return
        unchanged = seen == self._stat and self._doubted_at is None
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
        value, problems = read_part(self.path, self._part, self._parse)
        if self._is_doubted(value, problems, stat.st_mtime_ns):
            self._settled = False
            if self.value is None:
                self.value = value
                self.problems = tuple(replace(problem, loading=True) for problem in problems)
            return
        self.value = value
        self.problems = tuple(replace(problem, loading=False) for problem in problems)
        self.exists = value is not None or bool(problems)

    def _is_doubted(self, value: Value | None, problems: list[Problem], modified_ns: int) -> bool:
        """Whether new damage may come from a write in progress."""
        partial = any(p.loading for p in problems) or (value is None and bool(problems))
        known = {problem.reason for problem in self.problems if not problem.loading}
        young = 0 <= time_ns() - modified_ns < WRITTEN_S * 1e9
        if not partial or not young or all(problem.reason in known for problem in problems):
            self._doubted_at = None
            return False
        if self._doubted_at is None:
            self._doubted_at = monotonic()
        # One that is written again and again is told in the end.
        return monotonic() - self._doubted_at < WRITTEN_S


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
