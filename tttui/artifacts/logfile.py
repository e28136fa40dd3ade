"""run.log, or any log beside a run: its last lines, read at the cost of what was appended."""

import re
from collections import deque
from pathlib import Path

from tttui.artifacts.growing import FileChange, GrowingFile
from tttui.model.dataclass import dataclass
from tttui.model.session import LogLine
from tttui.model.text import visible

KEEP = 5000
"""Lines that are kept; a person who wants more has the file."""

TAIL = 4_000_000
"""Bytes of a file that is already there from which on only its end is read."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_LEVEL = re.compile(rf"\b({'|'.join(LEVELS)})\b")

WHERE = 48
"""Characters within which the level of a line stands."""


@dataclass(frozen=True, slots=True, eq=False)
class LogTail:
    """The end of a log: its last lines, and how many there are before them."""

    lines: tuple[LogLine, ...] = ()
    skipped: int = 0


class LogFile:
    """Reads one log again and again."""

    def __init__(self, path: Path) -> None:
        self._file = GrowingFile(path)
        self._begin()

    def _begin(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=KEEP)
        self._seen = 0
        self._level = "INFO"
        self._started = False
        self._tail = LogTail()

    def read(self) -> LogTail:
        """What the file holds now; the same object as before where nothing was appended."""
        try:
            change = self._file.check()
            if change in (FileChange.MISSING, FileChange.REPLACED):
                self._begin()
            if change is FileChange.MISSING or not self._file.unread:
                return self._tail
            cut = not self._started and self._file.size > TAIL
            if cut:
                self._file.offset = self._file.size - TAIL
            self._started = True
            for block in self._file.blocks():
                text = block.decode("utf-8", errors="replace")
                self._add(text.splitlines()[1 if cut else 0 :])
                cut = False
        except OSError:
            return self._tail
        self._tail = LogTail(tuple(self._lines), self._seen - len(self._lines))
        return self._tail

    def _add(self, lines: list[str]) -> None:
        for line in lines:
            match = _LEVEL.search(line[:WHERE])
            if match is not None:
                self._level = match.group()  # what follows without one, belongs to it
            self._seen += 1
            self._lines.append(LogLine(self._level, visible(line.replace("\t", " "))))
