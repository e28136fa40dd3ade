"""Jobs: the table, the job under the cursor in detail, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.job import job_command
from tttui.model.arrays import Bools
from tttui.model.query import Query
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState
from tttui.panes.lab.jobs import facts
from tttui.panes.lab.jobs.actions import JobActions
from tttui.panes.lab.jobs.curves import Curves
from tttui.panes.lab.jobs.keys import KEYS, MEANING
from tttui.panes.lab.jobs.rows import (
    COLUMNS,
    JOB_WORDS,
    RECORDED,
    JobRows,
    check_states,
    matching,
    record,
)
from tttui.panes.lab.metrics import MetricChart
from tttui.panes.lab.tabled import NARROW
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar

ROOMY = 28
"""Rows from which on the details have a place below the table."""

STATES = ("", "state:running,queued,stalled", "state:failed,crashed", "state:completed")
"""The filters that one key goes through."""

MORE = ("log", "results", "parts", "events")
"""What `v` goes through."""


class JobsView(JobActions):
    """A table of all jobs; below it, or on pages of their own, facts, curves and texts of one."""

    needs = frozenset({"jobs", "job"})
    words = JOB_WORDS
    region_names = (TABLE, "facts", "curves", "more")
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "facts", "curves", "more"})
    short_names: ClassVar[Mapping[str, str]] = {"facts": "details", "more": "log"}
    keys = KEYS
    meaning = MEANING
    thing, things = "job", "jobs"
    hint = "text  state:running  kind:train  age<24"
    empty_text = (
        "No jobs here yet. `tttui pretrain`, `tttui train start` or `tttui provider test` start "
        "one; sessions that run in the background (`tttui run --background`) are listed as well."
    )
    shown_columns = COLUMNS
    DEFAULT_CSS = """
    JobsView #facts { width: 2fr; margin-right: 1; }
    JobsView #curves { width: 3fr; margin-right: 1; }
    JobsView #more { width: 2fr; }
    JobsView.narrow #facts, JobsView.narrow #curves, JobsView.narrow #more { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._more = MORE[0]
        self._group = 0
        self._log = True

    def compose(self) -> ComposeResult:
        yield from self.list_widgets()
        with Horizontal(id="below"):
            yield Page("", id="facts")
            yield Curves(id="curves")
            yield Page("", id="more")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "facts", "curves", "more"),)
        if width >= NARROW:
            return ((TABLE,), ("facts", "curves"), ("more",))
        if height >= ROOMY:
            return ((TABLE, "facts"), ("curves",), ("more",))
        return ((TABLE,), ("facts",), ("curves",), ("more",))

    # Drawing

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return self.jobs, int(view.now // 10)

    def source(self, view: LabState) -> JobRows:
        return JobRows(self.items, view.look, view.now)

    def matching(self, view: LabState) -> Bools | None:
        return matching(self.items, self.query_now, view.now)

    def show_one(self, view: LabState) -> None:
        super().show_one(view)
        job, found = self.job, self.chosen
        if job is None:
            return
        title = f"{job.kind} {job.short}"
        key = (job, found, int(view.now // 10))
        self.query_one("#facts", Page).set_content(facts.summary(job, found, view.now), key, title)
        write = getattr(facts, self._more)
        page = self.query_one("#more", Page)
        page.set_follows(self._more == "log")
        page.set_content(write(found), (found, self._more), f"{self._more.capitalize()} (v)")
        self.query_one(Curves).show(job, found, self._group, log=self._log)

    # Keys

    def go(self, row: int) -> None:
        self._group = 0
        super().go(row)

    def check(self, query: Query, view: LabState) -> None:
        check_states(query)

    def do_states(self) -> str:
        """Go on to the next filter by state."""
        now = self.query_now.filter_text
        after = STATES[(STATES.index(now) + 1) % len(STATES)] if now in STATES else STATES[0]
        self.query_one(QueryBar).put(after)
        return f"Only jobs with {after}" if after else "All jobs"

    def do_more(self) -> None:
        """Show the next of the job's texts."""
        if not self.turned_to("more"):
            self._more = MORE[(MORE.index(self._more) + 1) % len(MORE)]
            self.desk.again()

    def do_metric(self) -> None:
        """Show the next of the job's metrics."""
        if not self.turned_to("curves"):
            self._group += 1
            self.desk.again()

    def do_log(self) -> str:
        self._log = not self._log
        self.desk.again()
        return "Logarithmic axis" if self._log else "Linear axis"

    def label(self, command: Command) -> str:
        if self.job is None and command.action in (
            "pane('open')",
            "pane('metric')",
            "pane('more')",
        ):
            return ""
        if command.action == "pane('more')":
            return MORE[(MORE.index(self._more) + 1) % len(MORE)]
        return super().label(command)

    def picked_again(self) -> str | None:
        return self.do_open()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job = self.job
        if job is None:
            return ()
        found = [("Handle", job.handle), ("Command", job.command), ("Directory", str(job.path))]
        sweep = self.chosen.sweep
        if sweep is not None and sweep.order:
            found.append(("Command to run the best", sweep.command(sweep.best)))
        found += [(f"Command to {verb}", job_command(job, verb)) for verb in ("watch", "results")]
        return [(what, text) for what, text in found if text]

    def exportable(self) -> Export:
        chart = self.query_one(MetricChart)
        if self.acting == "curves" and chart.shown.traces:
            return chart.exported(f"job-{self.cursor[:8]}")
        return Export("jobs", RECORDED, [record(job) for job in self.shown_items])

    def look(self, start: StartView) -> StartView:
        more = None if self._more == MORE[0] else self._more
        return replace(super().look(start), view=more)

    def recall(self, start: StartView) -> None:
        if start.view in MORE:
            self._more = start.view
        super().recall(start)
