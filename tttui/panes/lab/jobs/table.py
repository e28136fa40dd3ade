"""A view around a table of jobs: the job under the cursor, whose files the store reads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from tttui.lab.job import Job
from tttui.model.start import StartView
from tttui.panes.lab.base import LabState
from tttui.panes.lab.tabled import TableView
from tttui.store.lab.jobs import JOBS, Jobs


class JobTable(TableView[Job]):
    """The jobs of some kinds, the newest first; `reads` is the feed that reads one in detail."""

    kinds: ClassVar[Sequence[str]] = ()
    """The kinds of jobs that are rows; none: all."""
    reads: ClassVar[str] = "job"

    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs()
        self._read_last: object = None
        """The directory of the job that the store was asked to read last."""

    def update(self, view: LabState) -> None:
        jobs = view.of(JOBS)
        if jobs is not self.jobs:
            self.jobs, self.known, self.unread = jobs, jobs.known, jobs.unread
            kinds = self.kinds
            self.items = [job for job in jobs.all if job.kind in kinds] if kinds else jobs.all

    def key_of(self, item: Job) -> str:
        return item.handle

    def linked_item(self) -> Job | None:
        return next((job for job in self.items if job.handle.startswith(self.linked)), None)

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        return self.item

    def show_one(self, view: LabState) -> None:
        """Have the store read the job under the cursor."""
        job = self.job
        if job is not None and self._read_last != job.path:
            self._read_last = job.path
            self.desk.tell(self.reads, lambda feed: feed.choose(job))

    def summary(self, view: LabState) -> str:
        jobs = self.jobs
        if jobs.problem:
            return f"   {jobs.problem}"
        return f"   reading {jobs.unread} more ..." if jobs.unread else ""

    def problem(self, view: LabState) -> str:
        return self.jobs.problem

    def reading_text(self, view: LabState) -> str:
        return "Reading the jobs ..."

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item=self.cursor[:8] or None)

    def recall(self, start: StartView) -> None:
        if start.item:
            self.linked = start.item.lower()
        super().recall(start)
