"""A sweep as a person sees it: one or several jobs that were started together and share it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.lab.job import JOB, PARTS, Job, JobState, read_request
from tttui.lab.jobs import find_job, list_jobs
from tttui.lab.ownership import is_own
from tttui.lab.parts import read_parts
from tttui.lab.sweeps.outcome import SweepOutcome
from tttui.lab.sweeps.plan import SweepPlan, known_settings
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.tasks.find import shipped

KIND = "sweep"

FIRST: Sequence[JobState] = (
    *("running", "stalled", "queued", "crashed", "failed", "cancelled", "unknown", "completed"),
)
"""Of the states of several jobs the first of these is the sweep's."""


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """A sweep with its jobs, in the order of their parts."""

    jobs: tuple[Job, ...]
    plan: SweepPlan

    @property
    def handle(self) -> str:
        return self.jobs[0].handle

    @property
    def job(self) -> Job:
        """The sweep as one job, by the handle of its first part."""
        if len(self.jobs) == 1:
            return self.jobs[0]
        state = min((job.state for job in self.jobs), key=FIRST.index)
        left = [job.seconds_left for job in self.jobs if job.seconds_left is not None]
        decisive = next(job for job in self.jobs if job.state == state)
        ended = [job for job in self.jobs if job.state == "completed"]
        return replace(
            self.jobs[0],
            state=state,
            detail=decisive.detail,
            error=decisive.error,
            progress=sum(job.progress or 0.0 for job in self.jobs) / len(self.jobs),
            doing=f"{len(ended)} of {len(self.jobs)} parts, {decisive.doing}".rstrip(", "),
            seconds_left=max(left, default=None),
            problems=tuple(problem for job in self.jobs for problem in job.problems),
        )

    def outcome(self) -> SweepOutcome:
        """What came of it so far. Raises TttuiError where a file cannot be read."""
        return SweepOutcome.of(self.plan, [_parts(job) for job in self.jobs])


def find_sweep(root: Path, handle: str) -> SweepJobs:
    """The sweep of a handle, or its beginning, of any of its jobs.

    Raises RefusedInput where there is none, TttuiError where its job.json is damaged.
    """
    job = find_job(root, handle)
    if job.kind != KIND:
        raise RefusedInput(f"job {job.short} is of kind {job.kind}; `tttui job show` tells of it")
    group = job.raw.get("group")
    if group is None:
        return _sweep([job])
    return _sweep([one for one in list_jobs(root, kind=KIND) if one.raw.get("group") == group])


def list_sweeps(root: Path) -> list[SweepJobs]:
    """All sweeps of a root, the newest first; those whose job.json is damaged are left out."""
    groups: dict[str, list[Job]] = {}
    for job in list_jobs(root, kind=KIND):
        groups.setdefault(str(job.raw.get("group") or job.handle), []).append(job)
    outcome = []
    for jobs in groups.values():
        try:
            outcome.append(_sweep(jobs))
        except TttuiError:
            continue
    return outcome


def confirmations(root: Path, sweep: SweepJobs) -> list[SweepJobs]:
    """The complete sweeps that tested the best of this one again, the newest first."""
    mine = {job.handle for job in sweep.jobs}
    return [
        one for one in list_sweeps(root) if one.plan.confirms in mine and one.outcome().complete
    ]


def _sweep(jobs: Sequence[Job]) -> SweepJobs:
    plans = {job.handle: _plan(job) for job in jobs}
    ordered = sorted(jobs, key=lambda job: plans[job.handle].part)
    return SweepJobs(tuple(ordered), plans[ordered[0].handle])


def _plan(job: Job) -> SweepPlan:
    request, where = read_request(job.path), job.path / JOB
    try:
        plan = SweepPlan.of(request["settings"])
    except (LookupError, TypeError, ValueError) as error:
        raise TttuiError(f"{where}: is no sweep: {error}") from error
    if shipped(plan.task) is None and not is_own(job.path):
        raise RefusedInput(
            f"{where}: names code as its task, {plan.task!r}, and was not started by you, so it is "
            "not looked into"
        )
    known = known_settings(plan.runner.task)
    for name in (*plan.names, *plan.fixed):
        if name not in known:
            raise TttuiError(f"{where}: is no sweep: there is no setting {name[:40]!r}")
    return plan


def _parts(job: Job) -> Mapping[str, Any]:
    path = job.path / PARTS
    try:
        return read_parts(path)[0]
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}; move it away") from error
