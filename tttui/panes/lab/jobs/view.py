"""Jobs: the table, the job under the cursor in detail, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.keys.lab import job_keys, paging
from tttui.lab.job import job_command
from tttui.model.arrays import Bools
from tttui.model.query import Query
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState
from tttui.panes.lab.jobs import facts
from tttui.panes.lab.jobs.actions import JobActions
from tttui.panes.lab.jobs.curves import JobCharts
from tttui.panes.lab.jobs.rows import (
    COLUMNS,
    JOB_WORDS,
    RECORDED,
    JobRows,
    Shares,
    check_states,
    matching,
    record,
    with_parts_together,
)
from tttui.panes.lab.metrics import MetricChart
from tttui.panes.lab.tabled import NARROW
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.job import JobDetail
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar

ROOMY = 16
"""Rows from which on the details have a place below the table."""

STATES = ("", "state:running,queued,stalled", "state:failed,crashed", "state:completed")
"""The filters that one key goes through."""

MORE = ("log", "results", "parts", "events")
"""What `v` goes through."""

KEYS: tuple[Command, ...] = (
    Command("pane('open')", "enter,o", "open", "Open what the job made", "Jobs", footer=True),
    *job_keys("Jobs"),
    Command(
        "pane('remove')",
        "D",
        "remove",
        "Move the job to the trash; asks first",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('states')",
        "x",
        "filter",
        "Only live jobs, then only failed ones, completed ones, all",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('more')",
        "v",
        "log ...",
        "Go through its log, results, finished parts and events",
        "Jobs",
        footer=True,
    ),
    Command("pane('metric')", "m", "metric", "The next of its metrics", "Jobs", footer=True),
    Command("pane('log')", "l", "log axis", "Logarithmic or linear axis", "Jobs"),
    *paging(),
)

MEANING = (
    "All jobs of this run root, and the sessions that run in the background. The table says how "
    "far each is and what it does now; below it is the job under the cursor: what was asked, its "
    "curves (m goes through its metrics, l changes the axis), its log, results, finished parts "
    "and events (v). A query narrows the table: state:failed kind:train age<24 (hours) left<10 "
    "(minutes) progress>50, or any text. Cancelling ends a job at its next safe point and keeps "
    "what is there; resuming goes on from a checkpoint, of a training also where it is complete; "
    "removing moves it to the trash. Each is asked for first, with the command that does the same, "
    "which c copies."
)


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
        "No jobs here yet. n starts one: `pretrain` trains a base, `train start` a skill, `bench "
        "run` compares, `sweep start` tries settings, `provider test` finds out what this machine "
        "can do; the shell has the same commands (`tttui pretrain`). Sessions that run in the "
        "background are listed as well."
    )
    shown_columns = COLUMNS
    DEFAULT_CSS = """
    JobsView #facts { width: 2fr; margin-right: 2; }
    JobsView #curves { width: 3fr; margin-right: 2; }
    JobsView #more { width: 2fr; }
    JobsView.narrow #facts, JobsView.narrow #curves, JobsView.narrow #more { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._more = ""
        """The text that was asked for; '' for the one that says most."""
        self._plain = False
        """The job has no curves: what it printed and found takes their room."""
        self._group = 0
        self._log = True
        self._shares: Shares = {}

    def compose(self) -> ComposeResult:
        yield from self.list_widgets()
        with Horizontal(id="below"):
            yield Page("", id="facts")
            yield JobCharts(id="curves")
            yield Page("", id="more")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "facts", "curves", "more"),)
        if width >= NARROW:
            return ((TABLE,), ("facts", "curves", "more"))
        if height >= ROOMY:
            return ((TABLE, "facts"), ("curves",), ("more",))
        return ((TABLE,), ("facts",), ("curves",), ("more",))

    def show_regions(self) -> None:
        super().show_regions()
        if self._plain and len(self.regions) > 1:
            self.query_one(JobCharts).display = False

    # Drawing

    def update(self, view: LabState) -> None:
        before = self.jobs
        super().update(view)
        if self.jobs is not before:
            self.items, self._shares = with_parts_together(self.items)

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return self.jobs, int(view.now // 10)

    def source(self, view: LabState) -> JobRows:
        return JobRows(self.items, view.look, view.now, self._shares)

    def matching(self, view: LabState) -> Bools | None:
        return matching(self.items, self.query_now, view.now)

    def show_one(self, view: LabState) -> None:
        super().show_one(view)
        job, detail = self.job, self.detail
        if job is None:
            return
        title = f"{job.kind} {job.short}"
        plain = _is_plain(detail)
        if plain != self._plain:
            self._plain = plain
            self.show_regions()
        key = (job, detail, int(view.now // 10))
        self.query_one("#facts", Page).set_content(facts.summary(job, detail, view.now), key, title)
        text, page = self._text, self.query_one("#more", Page)
        page.set_follows(text == "log")
        page.set_content(getattr(facts, text)(detail), (detail, text), f"{text.capitalize()} (v)")
        self.query_one(JobCharts).show(job, detail, self._group, log=self._log)

    @property
    def _text(self) -> str:
        """Which of the job's texts is shown: of one without curves its results, once it ended."""
        job, data = self.job, self.detail.data
        has_results = job is not None and job.has_ended and data is not None and bool(data.results)
        return self._more or ("results" if self._plain and has_results else MORE[0])

    @property
    def _next_text(self) -> str:
        return MORE[(MORE.index(self._text) + 1) % len(MORE)]

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
            self._more = self._next_text
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
        if command.action == "pane('more')":
            return self._next_text
        return super().label(command)

    def picked_again(self) -> str | None:
        return self.do_open()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job = self.job
        if job is None:
            return ()
        texts = [("Handle", job.handle), ("Command", job.command), ("Directory", str(job.path))]
        sweep = self.detail.sweep
        if sweep is not None and sweep.order:
            texts.append(("Command to run the best", sweep.command(sweep.best)))
        texts += [(f"Command to {verb}", job_command(job, verb)) for verb in ("watch", "results")]
        return [(what, text) for what, text in texts if text]

    def exportable(self) -> Export:
        chart = self.query_one(MetricChart)
        if self.acting == "curves" and chart.shown.traces:
            return chart.exported(f"job-{self.cursor[:8]}")
        return Export("jobs", RECORDED, [record(job) for job in self.shown_items])

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), view=self._more or None)

    def recall(self, start: StartView) -> None:
        if start.view in MORE:
            self._more = start.view
        super().recall(start)


def _is_plain(detail: JobDetail) -> bool:
    """What is read of a job has no curves."""
    data = detail.data
    metrics = data is not None and data.metrics is not None and bool(data.metrics.names)
    return data is not None and detail.sweep is None and not metrics
