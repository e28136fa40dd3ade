"""Jobs as rows of a table, and the words by which they are filtered."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tttui.draw.look import HasLook, Look
from tttui.draw.prose import filling
from tttui.draw.states import state_ink, state_mark
from tttui.lab.job import STATES, Job
from tttui.model.ages import age_text, duration_text
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Query, QueryError, Vocabulary, Words
from tttui.panes.lab.tabled import passing, ranks
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

BAR = 6
"""Cells of a bar of progress."""

COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("job", "job", 8, left=True, most=14, orders=TEXTS, also=("handle",)),
    TableColumn("kind", "kind", 13, left=True, drop=4, orders=TEXTS),
    TableColumn("state", "state", 11, left=True, orders=TEXTS),
    TableColumn("progress", "progress", 11, left=True, drop=1),
    TableColumn("left", "left", 6, drop=3),
    TableColumn("created", "age", 7, drop=5, orders=TIMES, also=("age",)),
    TableColumn("doing", "now", 23, left=True, drop=2, grows=True, orders=TEXTS),
    TableColumn("command", "command", 30, left=True, drop=6, most=60, orders=TEXTS),
)

JOB_WORDS = Vocabulary(
    numbers={"progress": "progress", "left": "left", "age": "age"},
    texts={
        "job": "job",
        "handle": "job",
        "kind": "kind",
        "state": "state",
        "command": "command",
        "launcher": "launcher",
        "now": "doing",
    },
    bare="any",
)
"""`progress` in percent, `left` in minutes, `age` in hours."""

_TEXTS: Mapping[str, Callable[[Job], str]] = {
    "job": lambda job: job.handle,
    "kind": lambda job: job.kind,
    "state": lambda job: job.state,
    "command": lambda job: job.command,
    "launcher": lambda job: job.launcher,
    "doing": lambda job: doing(job),
    "any": lambda job: f"{job.handle} {job.kind} {job.state} {job.command} {job.detail}",
}

_ROOT = re.compile(r"--root[ =]('[^']*'|\S+) ?")

NUMBERS = ("progress", "left", "age", "created")


def numbers(jobs: Sequence[Job], name: str, now: float) -> Floats:
    """A number of every job [n], NaN where it has none; `now` in Unix seconds."""
    match name:
        case "progress":
            column, scale = [job.progress for job in jobs], 100.0
        case "left":
            column, scale = [job.seconds_left for job in jobs], 1 / 60
        case _:
            column, scale = [job.created_at for job in jobs], 1.0
    values = np.array([np.nan if v is None else v for v in column], dtype=np.float64) * scale
    return (now - values) / 3600 if name == "age" else values


def command_line(job: Job) -> str:
    """The command line of a job without the program and the root, which all share."""
    return _ROOT.sub("", job.command.removeprefix("tttui ")).strip()


def doing(job: Job) -> str:
    """What a job does now, or how it ended where its state does not say it all."""
    if job.state in ("running", "stalled") and job.detail in ("running", ""):
        return job.doing
    if job.state == "running":
        return f"{job.detail}, {job.doing}" if job.doing else job.detail
    return "" if job.detail == job.state else job.error or job.detail


def matching(jobs: Sequence[Job], query: Query, now: float) -> Bools | None:
    """The jobs [n] that pass a query; None where all do."""
    return passing(
        jobs, query, lambda name: numbers(jobs, name, now), lambda job, name: _TEXTS[name](job)
    )


def check_states(query: Query) -> None:
    """Raise QueryError for a word that no state holds."""
    for term in query.terms:
        if isinstance(term, Words) and term.name == "state":
            for word in term.words:
                if not any(word in state for state in STATES):
                    raise QueryError(word, f"no state is called so; known are {', '.join(STATES)}")


RECORDED = (
    "job",
    "kind",
    "state",
    "detail",
    "progress",
    "created_at",
    "started_at",
    "ended_at",
    "launcher",
    "command",
    "error",
)
"""The columns of a table of jobs that is exported; times are Unix seconds."""


def record(job: Job) -> list[object]:
    """The values of RECORDED."""
    return [job.handle, *(getattr(job, name) for name in RECORDED[1:])]


Shares = Mapping[str, tuple[int, int]]
"""Of jobs that share a sweep, by handle: which part each is, from 1, and of how many."""


def with_parts_together(jobs: Sequence[Job]) -> tuple[Sequence[Job], Shares]:
    """Jobs with those that share a sweep one after the other, in the order of their parts."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        if (group := job.raw.get("group")) is not None:
            groups.setdefault(str(group), []).append(job)
    ordered, shares = list[Job](), dict[str, tuple[int, int]]()
    for job in jobs:
        group = job.raw.get("group")
        if group is None:
            ordered.append(job)
        elif parts := groups.pop(str(group), None):
            parts.sort(key=lambda one: one.created_at or 0.0)
            ordered += parts
            shares |= {part.handle: (i, len(parts)) for i, part in enumerate(parts, 1)}
    return ordered, shares


class JobRows(HasLook):
    """`TableSource` of the table over jobs."""

    columns = COLUMNS

    def __init__(
        self, jobs: Sequence[Job], look: Look, now: float, shares: Shares | None = None
    ) -> None:
        self._jobs, self.look, self._now = jobs, look, now
        self._shares = shares or {}

    def __len__(self) -> int:
        return len(self._jobs)

    def sorting(self, key: str) -> Any:
        if key in NUMBERS:
            return numbers(self._jobs, key, self._now)
        return ranks([_TEXTS[key](job) for job in self._jobs])

    def cell(self, row: int, key: str) -> Cell:
        job, palette = self._jobs[row], self.palette
        match key:
            case "job":
                return job.short, palette.text, True
            case "kind":
                part, parts = self._shares.get(job.handle, (1, 1))
                share = f" {part}/{parts}" if parts > 1 else ""
                return f"{job.kind}{share}", palette.muted, False
            case "state":
                mark = state_mark(job.state, self.glyphs)
                ink = state_ink(job.state, palette)
                return f"{mark} {job.state}", ink, job.state != "completed"
            case "progress":
                if job.has_ended:
                    done = job.progress
                    return "" if done is None else f"{100 * done:3.0f}%", palette.muted, False
                return progress_text(job, BAR, self.look), state_ink(job.state, palette), False
            case "left":
                left = job.seconds_left
                return "" if left is None else duration_text(left), palette.text, False
            case "created":
                return age_text(job.created_at, self._now), palette.muted, False
            case "doing":
                ink = palette.bad if job.error else palette.text
                return doing(job), ink, False
            case "command":
                return command_line(job), palette.muted, False
        raise KeyError(key)


def progress_text(job: Job, width: int, look: Look) -> str:
    """A bar of `width` cells with the percentage; nothing where it is not known."""
    if job.progress is None:
        return ""
    bar = filling(job.progress, width, look.glyphs)
    return f"{bar:<{width}} {100 * job.progress:3.0f}%"
