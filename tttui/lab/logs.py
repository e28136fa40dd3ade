"""The logs of all jobs and sessions of a run root as one, in the order of time."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tttui.artifacts.growing import Change, GrowingFile
from tttui.artifacts.logfile import LEVELS
from tttui.artifacts.regular import blocks_of
from tttui.lab.job import LOG, SESSION, jobs_folder
from tttui.lab.jobs import find_job, handles
from tttui.model.errors import RefusedInput

MOST = 100_000
"""Lines that are kept, the newest; who wants more narrows down."""

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) ([A-Z]+)\s+(.*)", re.DOTALL)

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class Source:
    """A log, and whose it is: a job (its handle) or a session (its name)."""

    path: Path
    owner: str
    is_session: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log; `time` is local, as it was written (`2026-11-28 07:24:39,123`)."""

    time: str
    level: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: a regular expression, a least level, an age in seconds."""

    pattern: re.Pattern[str] | None = None
    level: str = "DEBUG"
    since_s: float | None = None

    @classmethod
    def of(cls, grep: str | None, level: str | None, since: str | None) -> "Wanted":
        """From what a person typed. Raises RefusedInput naming the option."""
        try:
            pattern = None if grep is None else re.compile(grep)
        except re.error as error:
            raise RefusedInput(f"--grep {grep!r} is no regular expression: {error}") from None
        return cls(pattern, level or "DEBUG", None if since is None else age_of(since))

    def takes(self, line: Line, after: str) -> bool:
        if line.time < after or LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        return self.pattern is None or self.pattern.search(line.text) is not None

    def after(self) -> str:
        """The time before which lines are too old, as logs have it; '' for none."""
        if self.since_s is None:
            return ""
        then = time.time() - self.since_s
        return (
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(then)) + f",{int(then % 1 * 1e3):03}"
        )


def age_of(text: str, flag: str = "--since") -> float:
    """Seconds in `90s`, `30min`, `2h`, `1d`, `1w`. Raises RefusedInput for anything else."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise RefusedInput(f"{flag} {text!r} is no age: write 90s, 30min, 2h, 1d or 1w")
    return float(found[1]) * _UNITS[found[2]]


def sources(root: Path, *, job: str | None = None, session: str | None = None) -> list[Source]:
    """The logs of a root: all, or that of one job or session. Raises RefusedInput for no such."""
    if job is not None or session is not None:
        found = find_job(root, job if job is not None else str(session))
        return [Source(found.path / LOG, found.handle, found.kind == SESSION)]
    folder = jobs_folder(root)
    of_jobs = [Source(folder / name / LOG, name, False) for name in handles(root)]
    names: list[str] = []
    with suppress(OSError), os.scandir(root) as entries:
        names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    return of_jobs + [Source(root / name / LOG, name, True) for name in names]


def read(found: list[Source], wanted: Wanted) -> tuple[list[Line], int]:
    """The lines that there are, in the order of time, and how many older ones were left out."""
    after, lines, left_out = wanted.after(), list[Line](), 0
    oldest = 0.0 if wanted.since_s is None else time.time() - wanted.since_s
    for source in found:
        try:
            if os.stat(source.path).st_mtime < oldest:
                continue
            for line in _lines(source, _text(source.path)):
                if wanted.takes(line, after):
                    lines.append(line)
        except OSError:
            continue  # it has none, or one that must not be opened
        if len(lines) > 2 * MOST:
            lines, left_out = _newest(lines, left_out)
    return _newest(lines, left_out)


class LogFollower:
    """What is appended to the logs of a root from now on, by new jobs and sessions too."""

    def __init__(self, root: Path, *, job: str | None = None, session: str | None = None) -> None:
        self._root, self._one = root, sources(root, job=job, session=session)
        self._all = job is None and session is None
        self._files: dict[Path, GrowingFile] = {}
        for source in self._one:
            file = self._files[source.path] = GrowingFile(source.path)
            with suppress(OSError):
                if file.check() is not Change.MISSING:
                    file.offset = file.size

    def take(self, wanted: Wanted) -> list[Line]:
        """The lines that were appended since the last time, in the order of time."""
        lines: list[Line] = []
        for source in sources(self._root) if self._all else self._one:
            file = self._files.setdefault(source.path, GrowingFile(source.path))
            with suppress(OSError):
                if file.check() is Change.MISSING or not file.unread:
                    continue
                data = b"".join(file.blocks())
                lines += [n for n in _lines(source, iter([data])) if wanted.takes(n, "")]
        return sorted(lines, key=lambda line: line.time)


def _newest(lines: list[Line], left_out: int) -> tuple[list[Line], int]:
    lines.sort(key=lambda line: line.time)
    return lines[-MOST:], left_out + max(0, len(lines) - MOST)


def _text(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines of a log."""
    rest = b""
    for block in blocks_of(path):
        lines, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield lines + newline
    yield rest


def _lines(source: Source, blocks: Iterator[bytes]) -> Iterator[Line]:
    """The lines in blocks; one without a time has that of the line before it."""
    when, level = "", "INFO"
    for block in blocks:
        for text in block.decode(errors="replace").splitlines():
            if (found := _LINE.fullmatch(text)) is not None:
                when, level = found[1], found[2] if found[2] in LEVELS else "INFO"
                text = found[3]
            if text:
                yield Line(when, level, text, source)
