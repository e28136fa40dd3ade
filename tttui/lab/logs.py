"""The logs of all jobs and sessions of a run root as one, in the order of time."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.growing import SETTLED_S, FileChange, GrowingFile
from tttui.artifacts.logfile import LEVELS
from tttui.lab.grep import Grep
from tttui.lab.job import LOG, SESSION, jobs_folder
from tttui.lab.jobs import find_job, handles
from tttui.lab.queue import active
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

MOST = 100_000
"""Lines that are kept, the newest; who wants more narrows down."""

SEARCH_S, SHARE = 5.0, 20
"""Seconds after which sessions in deeper folders are searched for again, and how much longer than
a search takes."""

IN_TURN = 50
"""Logs without a known writer that one look checks for growth."""

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) ([A-Z]+)\s+(.*)", re.DOTALL)

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log with its owner: a job (its handle) or a session (its name)."""

    path: Path
    owner: str
    is_session: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a log; `time` is local, as it was written (`2026-11-28 07:24:39,123`)."""

    time: str
    level: str
    text: str
    source: LogSource


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A filter of lines: a regular expression, a minimum level, an earliest time."""

    grep: Grep | None = None
    level: str = "DEBUG"
    since: float | None = None
    """Unix seconds."""

    @classmethod
    def of(cls, grep: str | None, level: str | None, since: str | None) -> "LogFilter":
        """The filter from typed options. Raises RefusedInput that names the option."""
        return cls(
            None if grep is None else Grep(grep),
            level or "DEBUG",
            None if since is None else time.time() - age_of(since),
        )

    def chosen(self, lines: Iterable[LogEntry]) -> list[LogEntry]:
        """The lines that pass the filter. Raises RefusedInput if the expression takes too long."""
        after = "" if self.since is None else _as_logged(self.since)
        least = LEVELS.index(self.level)
        recent = [n for n in lines if n.time >= after and LEVELS.index(n.level) >= least]
        if self.grep is None or not recent:
            return recent
        matches = self.grep.matches([line.text for line in recent])
        return [line for line, matched in zip(recent, matches, strict=True) if matched]


def _as_logged(at: float) -> str:
    """A Unix time in the format of the logs."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) + f",{int(at % 1 * 1e3):03}"


def age_of(text: str, flag: str = "--since") -> float:
    """Seconds in `90s`, `30min`, `2h`, `1d`, `1w`. Raises RefusedInput for anything else."""
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise RefusedInput(f"{flag} {text!r} is no age: write 90s, 30min, 2h, 1d or 1w")
    return float(match[1]) * _UNITS[match[2]]


class Logs:
    """The logs of a root, of all its jobs and sessions or of one, read as they grow."""

    def __init__(self, root: Path, *, job: str | None = None, session: Path | None = None) -> None:
        """Raises RefusedInput where there is no such job."""
        self._root = root
        self._files: dict[Path, _Followed] = {}
        self._of_all = session is None and job is None
        if session is not None:
            self._add(LogSource(session / LOG, session.name, True))
        elif job is not None:
            source = find_job(root, job)
            self._add(LogSource(source.path / LOG, source.handle, source.kind == SESSION))
        self._deep: list[Path] = []
        self._search_at = 0.0
        self._marks: object = None
        """Of the folders that hold the logs, when they were listed."""
        self._turns: Iterator[Path] = iter(())
        self._written: list[Path] = []
        """Logs whose next lines are expected: of jobs that lived at the last look, or young."""

    def _add(self, source: LogSource) -> None:
        self._files[source.path] = _Followed(source)

    def take(self, passing: LogFilter, *, unfinished: bool = False) -> tuple[list[LogEntry], int]:
        """The new lines in the order of time, and the number of older ones left out because there
        are too many.

        `unfinished`: also last lines without a newline.
        """
        lines, left_out = list[LogEntry](), 0
        for path, file in self._due(unfinished):
            with suppress(OSError):  # it has none, or one that must not be opened
                if passing.since is not None and os.stat(path).st_mtime < passing.since:
                    continue
                for some in file.take(unfinished=unfinished):
                    lines += passing.chosen(some)
                    if len(lines) > 2 * MOST:
                        lines, left_out = _newest(lines, left_out)
        return _newest(lines, left_out)

    def _due(self, everything: bool) -> list[tuple[Path, "_Followed"]]:
        """The logs to read now: new ones, those of live jobs, those that grew a moment ago, and a
        few of the others in turn."""
        if not self._of_all:
            return list(self._files.items())
        new = self._list()
        if everything:
            return list(self._files.items())
        folder = jobs_folder(self._root)
        live = [folder / handle / LOG for handle in active(self._root)]
        some = islice(self._turns, min(IN_TURN, len(self._files)))
        young = (path for path in self._written if path in self._files)
        paths = dict.fromkeys([*new, *live, *young, *some])
        due = [(path, self._files[path]) for path in paths if path in self._files]
        self._written = [*live, *(path for path, file in due if file.young)]
        return due

    def _list(self) -> list[Path]:
        """Find the new logs, if the folders that hold them changed."""
        if searched := time.monotonic() >= self._search_at:
            begin = time.monotonic()
            places = [place.path for place in find_sessions([self._root])]
            deep = [path for path in places if path.parent != self._root]
            searched, self._deep = deep != self._deep, deep
            now = time.monotonic()
            self._search_at = now + max(SEARCH_S, SHARE * (now - begin))
        marks = _mark(self._root), _mark(jobs_folder(self._root))
        if marks == self._marks and not searched:
            return []
        known, self._files = self._files, {}
        for source in self._sources():
            if (file := known.get(source.path)) is not None:
                self._files[source.path] = file
            else:
                self._add(source)
        self._turns, self._marks = cycle(list(self._files)), marks
        return [path for path in self._files if path not in known]

    def _sources(self) -> Iterator[LogSource]:
        folder, names = jobs_folder(self._root), list[str]()
        with suppress(OSError), os.scandir(self._root) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
        yield from (
            LogSource(folder / handle / LOG, handle, False) for handle in handles(self._root)
        )
        yield from (LogSource(self._root / name / LOG, name, True) for name in names)
        yield from (LogSource(path / LOG, _name(self._root, path), True) for path in self._deep)


def _mark(folder: Path) -> object:
    """A stamp that changes with the entries of a folder; unique while the folder is so young that
    the clock's resolution may hide a change."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    if time.time_ns() - status.st_mtime_ns < SETTLED_S * 1e9:
        return object()
    return status.st_ino, status.st_mtime_ns


class _Followed:
    """One log, with the time and level for a next line that states none."""

    def __init__(self, source: LogSource) -> None:
        self._source, self._file = source, GrowingFile(source.path)
        self._when, self._level = "", "INFO"

    @property
    def young(self) -> bool:
        """Whether it had just grown at the last look."""
        return self._file.size > 0 and not self._file.settled

    def take(self, *, unfinished: bool) -> Iterator[list[LogEntry]]:
        """Its new lines, a block at a time. Raises OSError."""
        if self._file.check() is FileChange.MISSING:
            return
        if self._file.unread:
            for block in self._file.blocks():
                yield self._lines(block)
        if unfinished and self._file.open_line:
            yield self._lines(self._file.open_line)

    def _lines(self, block: bytes) -> list[LogEntry]:
        """A line without a time, as of a traceback, has that of the line before it."""
        entries = list[LogEntry]()
        for text in block.decode(errors="replace").splitlines():
            if (head := _LINE.fullmatch(text)) is not None:
                self._when, level, text = head[1], head[2], head[3]
                self._level = level if level in LEVELS else "INFO"
            if text:
                entries.append(LogEntry(self._when, self._level, text, self._source))
        return entries


def _name(root: Path, path: Path) -> str:
    """A session below a root, however deep."""
    return str(path.relative_to(root)) if root in path.parents else path.name


def _newest(lines: list[LogEntry], left_out: int) -> tuple[list[LogEntry], int]:
    lines.sort(key=lambda line: line.time)
    return lines[-MOST:], left_out + max(0, len(lines) - MOST)
