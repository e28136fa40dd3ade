"""Benchmarks and A/B tests as rows of a table, and the words by which they are filtered."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tttui.draw.look import HasLook, Look
from tttui.draw.states import state_ink, state_mark
from tttui.lab.job import Job
from tttui.model.ages import age_text
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Query, Vocabulary
from tttui.panes.lab.tabled import passing, ranks
from tttui.store.lab.benchmarks import Benchmarks
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

COLUMNS = (
    TableColumn("job", "job", 8, left=True, most=10, orders=TEXTS),
    TableColumn("kind", "kind", 9, left=True, drop=2, orders=TEXTS),
    TableColumn("state", "state", 11, left=True, drop=1, orders=TEXTS),
    TableColumn("created", "age", 6, drop=3, orders=TIMES, also=("age",)),
    TableColumn("verdict", "verdict", 26, left=True, grows=True, orders=TEXTS),
)

WORDS = Vocabulary(
    numbers={"age": "age"},
    texts={"job": "job", "kind": "kind", "state": "state", "contender": "contenders"},
    bare="any",
)
"""`age` in hours."""

RECORDED = ("job", "kind", "state", "created_at", "verdict", "contenders", "command")
"""The columns of a table that is exported."""


class Contests:
    """Jobs of contests with what the history says of each."""

    def __init__(self, jobs: Sequence[Job], contest: Benchmarks) -> None:
        self.jobs = jobs
        self._verdicts: dict[str, str] = {}
        self._contenders: dict[str, list[str]] = {}
        for step in contest.history:
            verdict = step.result.raw.get("verdict")
            self._verdicts[step.result.job] = verdict if isinstance(verdict, str) else ""
            self._contenders.setdefault(step.result.job, []).append(step.result.contender)

    def verdict(self, job: Job) -> str:
        """The verdict, or the progress."""
        if job.handle in self._verdicts:
            return self._verdicts[job.handle]
        if job.has_ended:
            return job.error or ("" if job.detail == job.state else job.detail)
        share = "" if job.progress is None else f"{100 * job.progress:.0f} % "
        return f"{share}{job.doing}".strip()

    def contenders(self, job: Job) -> str:
        return ", ".join(self._contenders.get(job.handle, ()))

    def text(self, job: Job, name: str) -> str:
        match name:
            case "job":
                return job.handle
            case "contenders":
                return self.contenders(job)
            case "verdict":
                return self.verdict(job)
            case "any":
                parts = (job.handle, job.kind, job.state, job.command)
                return " ".join((*parts, self.verdict(job), self.contenders(job)))
        return str(getattr(job, name))

    def record(self, job: Job) -> list[object]:
        """The values of RECORDED."""
        return [
            job.handle,
            job.kind,
            job.state,
            job.created_at,
            self.verdict(job),
            self.contenders(job),
            job.command,
        ]

    def matching(self, query: Query, now: float) -> Bools | None:
        """Those [n] that pass a query; None where all do."""
        return passing(self.jobs, query, lambda _: self.ages(now), self.text)

    def ages(self, now: float) -> Floats:
        """Hours since each was started [n]."""
        created = [np.nan if job.created_at is None else job.created_at for job in self.jobs]
        return (now - np.array(created, dtype=np.float64)) / 3600


class ContestRows(HasLook):
    """`TableSource` of the table."""

    columns = COLUMNS

    def __init__(self, contests: Contests, look: Look, now: float) -> None:
        self._contests, self.look, self._now = contests, look, now

    def __len__(self) -> int:
        return len(self._contests.jobs)

    def sorting(self, key: str) -> Any:
        if key == "created":
            return -self._contests.ages(self._now)
        return ranks([self._contests.text(job, key) for job in self._contests.jobs])

    def cell(self, row: int, key: str) -> Cell:
        job, palette = self._contests.jobs[row], self.palette
        match key:
            case "job":
                return job.short, palette.text, True
            case "kind":
                return _KINDS.get(job.kind, job.kind), palette.muted, False
            case "state":
                ink = state_ink(job.state, palette)
                mark = state_mark(job.state, self.glyphs)
                return f"{mark} {job.state}", ink, job.state != "completed"
            case "created":
                return age_text(job.created_at, self._now), palette.muted, False
            case "verdict":
                ink = palette.bad if job.error else palette.text
                return self._contests.verdict(job), ink, False
        raise KeyError(key)


_KINDS: Mapping[str, str] = {"abtest": "A/B test"}
