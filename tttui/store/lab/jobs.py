"""All jobs of a run root, at the cost of those that changed: ten thousand that ended cost nothing.

What is looked at: the names in the jobs' folder when its time of change moved; the status of jobs
that have not ended, and of those that the queue has an entry of (a resumed one has); of all others
a few in turn.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import cycle, islice
from pathlib import Path

from tttui.artifacts.status import HeartbeatWatch
from tttui.lab.job import STATUS, Job, jobs_folder, read_job
from tttui.lab.jobs import asked_of_launcher, handles
from tttui.lab.queue import ACTIVE
from tttui.lab.sessions import session_job
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.runs.background import OUTPUT
from tttui.store.lab.feed import LabFeed, file_state
from tttui.store.snapshot import Part

READ_S = 0.15
"""Seconds for which jobs are read at a time, while many are new."""

IN_TURN = 100
"""Jobs that have ended of which a look sees whether their files changed."""

DERIVE_S = 2.0
"""Seconds between two looks whether the process of a job still lives, and at sessions."""


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """The jobs of a root with its sessions that run in the background, the newest first."""

    all: tuple[Job, ...] = ()
    unread: int = 0
    """Jobs that are yet to be read."""
    problem: str = ""
    """Why they cannot be listed, for a person."""
    known: bool = False
    """Whether the root was read."""
    by_handle: Mapping[str, Job] = field(default_factory=dict[str, Job])
    """The same by their handles, in the same order."""
    live: tuple[Job, ...] = ()
    """Those that run, or wait to run."""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many there are in each state."""


JOBS = Part("jobs", Jobs())


class JobsFeed(LabFeed[Jobs]):
    part = JOBS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._folder = jobs_folder(root)
        self._known: dict[str, Job] = {}
        self._sessions: dict[str, Job] = {}
        self._states: dict[Path, object] = {}
        self._watches: dict[str, HeartbeatWatch] = {}
        self._unread: dict[str, None] = {}
        """Handles to be read, in their order."""
        self._listed: object = None
        self._queued: object = None
        self._turns: Iterator[str] = iter(())
        self._derived_at = 0.0
        self._problem = ""
        self._live: set[str] = set()
        """Handles of jobs that have not ended."""
        self._sorted: dict[str, Job] = {}
        """All jobs and sessions, the newest first."""

    @property
    def unfinished(self) -> bool:
        return bool(self._unread)

    def refresh(self, now: float) -> Jobs:
        changed = self._list()
        derive = time.monotonic() - self._derived_at >= DERIVE_S
        if derive:
            self._derived_at = time.monotonic()
            changed |= self._look_at_sessions()
        changed |= self._look_at_jobs(derive)
        changed |= self._read_new()
        if not changed and self.value.known:
            return self.value
        jobs = {**self._known, **self._sessions}
        if jobs.keys() == self._sorted.keys():
            self._sorted.update(jobs)  # which keeps the order: no job is made twice
        else:
            newest = sorted(jobs.values(), key=lambda job: (-(job.created_at or 0.0), job.handle))
            self._sorted = {job.handle: job for job in newest}
        every = tuple(self._sorted.values())
        live = tuple(j for j in every if not j.has_ended and j.state != "unknown")
        counts = Counter[str](job.state for job in every)
        known = dict(self._sorted)
        return Jobs(every, len(self._unread), self._problem, True, known, live, counts)

    def _list(self) -> bool:
        """List the jobs if their folder changed; returns whether any appeared or disappeared."""
        listed = file_state(self._folder)
        if listed == self._listed and (listed is not None or self.value.known):
            return False
        self._listed = listed
        try:
            names, problem = dict.fromkeys(handles(self.root)), ""
        except TttuiError as error:
            names, problem = {}, str(error)
        removed = self._known.keys() - names.keys()
        self._live -= removed
        for name in removed:
            del self._known[name]
            self._states.pop(self._folder / name / STATUS, None)
            self._watches.pop(name, None)
        self._unread = {name: None for name in names if name not in self._known}
        self._turns = cycle(list(names))
        changed, self._problem = bool(removed) or problem != self._problem, problem
        return changed

    def _look_at_jobs(self, derive: bool) -> bool:
        some = islice(self._turns, IN_TURN if len(self._known) > IN_TURN else len(self._known))
        names = dict.fromkeys([*self._live, *self._in_queue(), *some])
        changed = False
        for name in names:
            old = self._known.get(name)
            if old is None:
                continue
            mine = derive and not old.has_ended
            if mine or self._differs(self._folder / name / STATUS):
                changed |= self._read(name)
        return changed

    def _in_queue(self) -> Iterable[str]:
        """The jobs that the queue has an entry of, where that changed since the last look."""
        folder = self.root / ACTIVE
        queued = file_state(folder)
        if queued == self._queued:
            return ()
        self._queued = queued
        try:
            return [name[-36:] for name in os.listdir(folder)]
        except OSError:
            return ()

    def _read_new(self) -> bool:
        """Read some of the new jobs; returns whether there were any."""
        end, any_read = time.monotonic() + READ_S, False
        while self._unread and time.monotonic() < end:
            name = next(iter(self._unread))
            del self._unread[name]
            self._differs(self._folder / name / STATUS)
            any_read |= self._read(name)
        return any_read

    def _read(self, name: str) -> bool:
        """Read one job; returns whether it changed."""
        old = self._known.get(name)
        watch = self._watches.setdefault(name, HeartbeatWatch())
        job = asked_of_launcher(read_job(self._folder / name, watch))
        if job.has_ended:
            self._watches.pop(name, None)
            self._live.discard(name)
        else:
            self._live.add(name)
        self._known[name] = job
        return old is None or _differ(old, job)

    def _differs(self, path: Path) -> bool:
        """Whether a file changed since the last look."""
        now = file_state(path)
        if path in self._states and self._states[path] == now:
            return False
        self._states[path] = now
        return True

    def _look_at_sessions(self) -> bool:
        """Look at the sessions directly below the root that run, or ran, in the background."""
        sessions: dict[str, Job] = {}
        try:
            with os.scandir(self.root) as entries:
                names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
        except OSError:
            names = []
        for name in names:
            directory = self.root / name
            if not os.path.lexists(directory / OUTPUT):
                continue
            old = self._sessions.get(name)
            if self._differs(directory / STATUS) or old is None or not old.has_ended:
                watch = self._watches.setdefault(name, HeartbeatWatch())
                if (job := session_job(directory, watch)) is not None:
                    sessions[name] = job
            else:
                sessions[name] = old
        old_ones, self._sessions = self._sessions, sessions
        return old_ones.keys() != sessions.keys() or any(
            _differ(old_ones[name], job) for name, job in sessions.items()
        )


def _differ(old: Job, new: Job) -> bool:
    """Whether anything of a job that is shown changed: a heartbeat alone is nothing."""
    return replace(old, raw={}) != replace(new, raw={})
