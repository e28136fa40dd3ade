"""Following one job at the cost of what was appended to its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import Event, EventLog
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.logfile import LogFile, LogTail
from tttui.artifacts.series_csv import SeriesFile
from tttui.artifacts.status import HeartbeatWatch
from tttui.lab import checkpoints
from tttui.lab.job import JOB, LOG, METRICS, PARTS, RESULTS, SYSTEM, Job, read_job
from tttui.lab.parts import read_parts
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.session import Problem
from tttui.model.steps import SeriesTable


@dataclass(frozen=True, slots=True, eq=False)
class JobData:
    """One job at one moment; missing files are None or empty, damage is a problem."""

    job: Job
    request: Mapping[str, Any]
    """job.json."""
    metrics: SeriesTable | None
    """Columns by step, such as loss, lr, grad_norm."""
    system: SeriesTable | None
    """Columns by second since the job began: cpu, memory, gpu0 ..."""
    events: tuple[Event, ...]
    log: LogTail
    checkpoints: tuple[str, ...]
    """Names, the newest first."""
    results: Mapping[str, Any] | None
    parts: Mapping[str, Any]
    """The results of the parts that are finished, by name."""
    problems: tuple[str, ...]


class JobReader:
    """Reads one job again and again; for one thread. `artifacts.watch.Watcher([directory], ...)`
    tells when there is something new."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._watch = HeartbeatWatch()
        self._metrics = SeriesFile(directory / METRICS)
        self._system = SeriesFile(directory / SYSTEM)
        self._log = LogFile(directory / LOG)
        self._events: list[Event] = []
        self._problems: list[str] = []

    def refresh(self) -> JobData:
        """Read the job now. Never raises for damaged files."""
        job = read_job(self._directory, self._watch)
        self._problems = list(job.problems)
        last = self._events[-1].seq if self._events else 0
        try:
            self._events += EventLog(self._directory).read(last)
        except OSError as error:
            self._problems.append(f"events.jsonl: {error.strerror}")
        request = self._object(JOB)
        results = self._object(RESULTS)
        return JobData(
            job=job,
            request=request or {},
            metrics=self._table(self._metrics),
            system=self._table(self._system),
            events=tuple(self._events),
            log=self._log.read(),
            checkpoints=tuple(checkpoints.names(self._directory)),
            results=results,
            parts=self._parts(),
            problems=tuple(dict.fromkeys(self._problems)),
        )

    def _table(self, file: SeriesFile) -> SeriesTable | None:
        try:
            table = file.refresh()
        except OSError as error:
            self._problems.append(f"{file.path.name}: {error.strerror}")
            return None
        problems: list[Problem] = list(file.problems()) if table is not None else []
        self._problems += [f"{file.path.name}: {problem.reason}" for problem in problems]
        return table

    def _parts(self) -> Mapping[str, Any]:
        try:
            return read_parts(self._directory / PARTS)[0]
        except OSError as error:
            self._problems.append(f"{PARTS}: {error.strerror}")
            return {}

    def _object(self, name: str) -> Mapping[str, Any] | None:
        try:
            return read_object(self._directory / name)
        except FileNotFoundError:
            return None
        except (TttuiError, OSError) as error:
            reason = str(error).removeprefix(f"{self._directory / name}: ")
            self._problems.append(f"{name}: {reason}")
            return None
