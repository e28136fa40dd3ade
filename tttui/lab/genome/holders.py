"""Processes that hold skills in memory: what they report, and requests to them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import number, read_object, whole
from tttui.lab.genome.serving import REQUESTS, RESIDENCY
from tttui.lab.job import Job
from tttui.lab.jobs import find_job, list_jobs
from tttui.lab.steering import look_again
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.control import ask, withdraw

KIND = "genome_run"

LIVE = ("running", "stalled")
"""States of a job whose process is there: when it is gone, nothing is resident."""

COUNTERS = ("activations", "hits", "loads", "evictions", "thrashes")

LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class SkillState:
    """One skill in a process."""

    name: str
    state: str
    """`in force`, `resident` or `paged out`; `done` where the job is complete."""
    size: int
    """Bytes of its state."""
    t: int
    """Steps that its session has run."""
    loss: float | None
    frozen_loss: float | None


@dataclass(frozen=True, slots=True)
class SkillHost:
    """A process whose skills take turns on one base, by its last report."""

    job: Job
    budget: int
    used: int
    steps: int
    """Of every session."""
    counters: Mapping[str, int]
    skills: tuple[SkillState, ...]
    answers: Mapping[str, str]
    problem: str = ""
    """Why its report cannot be read; '' if it can."""

    @property
    def lives(self) -> bool:
        return self.job.state in LIVE


def skill_hosts(root: Path, *, ended: bool = False) -> list[SkillHost]:
    """The processes of a root that hold skills, newest first; with `ended` also ended ones."""
    jobs = list_jobs(root, kind=KIND)
    return [host_of(job) for job in jobs if ended or job.state in LIVE]


def host_of(job: Job) -> SkillHost:
    """The report of a job on its skills; never raises for damaged files."""
    problem, raw = "", dict[str, Any]()
    try:
        raw = dict(read_object(job.path / RESIDENCY))
    except FileNotFoundError:
        problem = "has not reported yet which skills it holds"
    except (OSError, TttuiError) as error:
        problem = f"{RESIDENCY} cannot be read: {error}"
    answers = raw.get("answers")
    return SkillHost(
        job,
        whole(raw.get("budget")) or 0,
        whole(raw.get("used")) or 0,
        whole(raw.get("steps")) or 0,
        {name: whole(raw.get(name)) or 0 for name in COUNTERS},
        tuple(_skills(raw, job.state)),
        answers if isinstance(answers, dict) else {},
        problem,
    )


def _skills(raw: Mapping[str, Any], job_state: str) -> list[SkillState]:
    resident = {
        one.get("skill")
        for one in _tables(raw.get("resident"))
        if isinstance(one.get("skill"), str)
    }
    states = []
    for one in _tables(raw.get("skills")):
        name = one.get("skill")
        if not isinstance(name, str):
            continue
        state = "done" if job_state == "completed" else "paged out"
        if job_state in LIVE and name in resident:
            state = "in force" if raw.get("in_force") == name else "resident"
        size, t = whole(one.get("bytes")) or 0, whole(one.get("t")) or 0
        losses = number(one.get("loss")), number(one.get("frozen_loss"))
        states.append(SkillState(name, state, size, t, *losses))
    return states


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def host_for(root: Path, skill: str | None, handle: str | None) -> SkillHost:
    """The one process that holds a skill, or that of a job. Raises RefusedInput for none or
    several."""
    if handle is not None:
        job = find_job(root, handle)
        if job.kind != KIND:
            raise RefusedInput(f"job {job.short} is a {job.kind}, which holds no skills")
        hosts = [host_of(job)]
    else:
        hosts = [
            one
            for one in skill_hosts(root)
            if skill is None or skill in (state.name for state in one.skills)
        ]
    if not hosts or not hosts[0].lives:
        which = "" if skill is None else f" {skill}"
        raise RefusedInput(
            f"no process holds{which or ' skills'} now: residency belongs to a process that runs; "
            "`tttui genome run` starts one"
        )
    if len(hosts) > 1:
        names = ", ".join(one.job.short for one in hosts)
        raise RefusedInput(f"several processes hold it: {names}; name one with --job")
    return hosts[0]


def change(holder: SkillHost, changes: Mapping[str, Any], *, wait_s: float) -> SkillHost:
    """Send a request to a process and wait for its answer.

    Raises RefusedInput if it refuses, TttuiError if it does not answer.
    """
    id = ask(holder.job.path / REQUESTS, "set", dict(changes))
    deadline = time.monotonic() + wait_s
    while True:
        job = look_again(holder.job)
        now = host_of(job)
        if id in now.answers:
            if now.answers[id]:
                raise RefusedInput(now.answers[id])
            return now
        if job.has_ended or time.monotonic() > deadline:
            withdraw(holder.job.path / REQUESTS, id)
            why = f"is {job.state}" if job.has_ended else f"did not answer within {wait_s:g} s"
            raise TttuiError(f"job {job.short} {why}; nothing was changed")
        time.sleep(LOOK_S)
