"""The job under the cursor: all that its directory holds; of a session, the session."""

import os
import time
from pathlib import Path

from tttui.artifacts.logfile import LogTail
from tttui.artifacts.reader import SessionReader
from tttui.lab.job import Job
from tttui.lab.reader import JobData, JobReader
from tttui.lab.sweeps.group import KIND, find_sweep
from tttui.lab.sweeps.outcome import SweepOutcome
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.session import Place, SessionData
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

ROWS = 20_000
"""Rows of a session that are read at a time."""

DERIVE_S = 2.0
"""Seconds between two looks whether the job's process still lives."""


@dataclass(frozen=True, slots=True, eq=False)
class JobDetail:
    """The chosen job: `data` or `session`, once it is read."""

    path: Path | None = None
    data: JobData | None = None
    session: SessionData | None = None
    log: LogTail = LogTail()
    sweep: SweepOutcome | None = None
    """The outcome so far, for a sweep."""


JOB_DETAIL = Part("job", JobDetail())


class JobDetailFeed(LabFeed[JobDetail]):
    """Reads the job that `choose` names."""

    part = JOB_DETAIL

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._path: Path | None = None
        self._job: JobReader | None = None
        self._session: SessionReader | None = None
        self._loading = False
        self._seen: object = None
        self._derived_at = 0.0

    def choose(self, job: Job | None) -> None:
        """Read this job from now on; None: no job."""
        path = None if job is None else job.path
        if path == self._path:
            return
        self._path, self._job, self._session = path, None, None
        self._seen, self._loading = None, False
        if job is not None and job.is_session:
            self._session = SessionReader(Place(job.path, "native"))
        elif job is not None:
            self._job = JobReader(job.path)

    @property
    def unfinished(self) -> bool:
        return self._loading

    def refresh(self, now: float) -> JobDetail:
        if self._session is not None:
            data, log, old = self._session.refresh(ROWS), self._session.log(), self.value
            self._loading = data.loading
            same = old.path == self._path and old.session is data and old.log is log
            return old if same else JobDetail(self._path, session=data, log=log)
        if self._job is None or self._path is None:
            return self.value if self.value.path is None else JobDetail()
        seen = _state_of(self._path)
        live = self.value.data is not None and not self.value.data.job.has_ended
        derive = live and time.monotonic() - self._derived_at >= DERIVE_S
        if self.value.path == self._path and seen == self._seen and not derive:
            return self.value
        self._seen, self._derived_at = seen, time.monotonic()
        job_data = self._job.refresh()
        return JobDetail(self._path, job_data, log=job_data.log, sweep=self._sweep(job_data))

    def _sweep(self, data: JobData) -> SweepOutcome | None:
        """The outcome of a sweep over all jobs that share it; None if it cannot be read."""
        if data.job.kind != KIND:
            return None
        try:
            sweep = find_sweep(self.root, data.job.handle)
            outcome = sweep.outcome()
        except TttuiError:
            return None
        outcome.prepare()
        return outcome


def _state_of(directory: Path) -> object:
    """A stamp that changes with any file of a directory."""
    try:
        with os.scandir(directory) as entries:
            files = [(e.name, e.stat(follow_symlinks=False)) for e in entries]
    except OSError:
        return None
    return frozenset((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in files)
