"""Jobs: the table, the job under the cursor in detail, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.job import Job, job_command
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
from tttui.panes.lab.tabled import TableView
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.job import CHOSEN, Chosen
from tttui.store.lab.jobs import JOBS, Jobs
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Column

NARROW = 100
"""Columns below which nothing stands beside another thing."""

ROOMY = 28
"""Rows from which on the details have a place below the table."""

STATES = ("", "state:running,queued,stalled", "state:failed,crashed", "state:completed")
"""The filters that one key goes through."""

MORE = ("log", "results", "parts", "events")
"""What `v` goes through."""

HINT = "text  state:running  kind:train  age<24"

EMPTY = (
    "No jobs here yet. `tttui pretrain`, `tttui train start` or `tttui provider test` start one; "
    "sessions that run in the background (`tttui run --background`) are listed as well."
)


class JobsView(TableView):
    """A table of all jobs; below it, or on pages of their own, facts, curves and texts of one."""

    needs = frozenset({"jobs", "job"})
    words = JOB_WORDS
    region_names = (TABLE, "facts", "curves", "more")
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "facts", "curves", "more"})
    short_names: ClassVar[Mapping[str, str]] = {"facts": "details", "more": "log"}
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    JobsView { layout: vertical; height: 1fr; }
    JobsView Table { width: 1fr; height: 1fr; }
    JobsView #nothing { display: none; height: 1fr; padding: 1 2; }
    JobsView #below { height: 1fr; }
    JobsView #facts { width: 2fr; margin-right: 1; }
    JobsView #curves { width: 3fr; margin-right: 1; }
    JobsView #more { width: 2fr; }
    JobsView.narrow #facts, JobsView.narrow #curves, JobsView.narrow #more { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._jobs = Jobs()
        self._at = ""
        """The handle of the job under the cursor."""
        self._wanted = ""
        """The job (the beginning of its handle) that a link asks for."""
        self._asked: Job | None = None
        """The job whose files the store was asked to read last."""
        self._built: tuple[object, ...] = ()
        self._more = MORE[0]
        self._group = 0
        self._log = True
        self._actions = JobActions(self)

    def compose(self) -> ComposeResult:
        yield QueryBar(HINT)
        yield Table()
        yield Page("Jobs", id="nothing")
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

    def show_regions(self) -> None:
        shown = set() if self._empty else set(self.regions)
        self.query_one("#nothing").display = self._empty
        table = self.query_one(Table)
        table.display = TABLE in shown
        self.query_one("#below").display = bool(shown - {TABLE})
        for name in ("facts", "curves", "more"):
            self.query_one(f"#{name}").display = name in shown
        self.set_class(self.room.width < NARROW, "narrow")
        table.set_active(self.acting == TABLE)
        for name in ("facts", "more"):
            self.query_one(f"#{name}", Page).set_chosen(self.acting == name)
        self.size_table(len(self._jobs.all))

    @property
    def _empty(self) -> bool:
        """It is known that there are no jobs."""
        return self._jobs.known and not self._jobs.all and not self._jobs.unread

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        if view.of(JOBS) is not self._jobs:
            before = self._empty, len(self._jobs.all)
            self._jobs = view.of(JOBS)
            if before != (self._empty, len(self._jobs.all)):
                self.show_regions()
        self.fill(view)
        self._read()
        self._show_one(view)

    def fill(self, view: LabState) -> None:
        jobs = self._jobs.all
        if self._wanted and self._jobs.known:
            found = next((j for j in jobs if j.handle.startswith(self._wanted)), None)
            if found is not None:
                self._at, self._wanted = found.handle, ""
            elif not self._jobs.unread:
                self.desk.say(f"There is no job {self._wanted!r} here.")
                self._wanted = ""
        if self._at not in self._jobs.by_handle:
            self._at = jobs[0].handle if jobs else ""
        table = self.query_one(Table)
        built = (self._jobs, view.look, self.query_now, int(view.now // 10))
        if built != self._built:
            self._built = built
            shown = matching(jobs, self.query_now, view.now)
            message = "No job passes the query." if jobs else "Reading the jobs ..."
            table.set_rows(JobRows(jobs, view.look, view.now), shown, message)
            table.set_selected(self._row())
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(), False, view.palette)
        if not jobs:
            why = self._jobs.problem or EMPTY
            self.query_one("#nothing", Page).set_content(lambda prose: prose.say(why), why)

    def _said(self) -> str:
        total, shown = len(self._jobs.all), len(self.query_one(Table).order)
        said = f"{total} jobs" if total != 1 else "1 job"
        if shown != total:
            said = f"{shown} of {said}   {self.query_now.filter_text}"
        if self._jobs.problem:
            return f"{said}   {self._jobs.problem}"
        return said + (f"   reading {self._jobs.unread} more ..." if self._jobs.unread else "")

    def _row(self) -> int | None:
        """The row of the job under the cursor."""
        return next((i for i, job in enumerate(self._jobs.all) if job.handle == self._at), None)

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        return self._jobs.by_handle.get(self._at)

    @property
    def chosen(self) -> Chosen:
        """What is read of it, as far as it is."""
        job, view = self.job, self.view
        found = Chosen() if view is None else view.of(CHOSEN)
        return found if job is not None and found.path == job.path else Chosen()

    def _read(self) -> None:
        """Have the store read the job under the cursor."""
        job = self.job
        if job is not None and (self._asked is None or self._asked.path != job.path):
            self._asked = job
            self.desk.tell("job", lambda feed: feed.choose(job))

    def _show_one(self, view: LabState) -> None:
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

    def columns(self) -> tuple[Column, ...]:
        return COLUMNS

    def go(self, row: int) -> None:
        self._at = self._jobs.all[row].handle
        self.query_one(Table).set_selected(row)
        self._group = 0
        self._read()
        if self.view is not None:
            self._show_one(self.view)

    def check(self, query: Query, view: LabState) -> None:
        check_states(query)

    def do_states(self) -> str:
        """Go on to the next filter by state."""
        now = self.query_now.filter_text
        after = STATES[(STATES.index(now) + 1) % len(STATES)] if now in STATES else STATES[0]
        self.query_one(QueryBar).put(after)
        return f"Only jobs with {after}" if after else "All jobs"

    def do_more(self) -> str | None:
        """Show the next of the job's texts."""
        if "more" not in self.regions:
            self.turn_to("more")
            return None
        self._more = MORE[(MORE.index(self._more) + 1) % len(MORE)]
        self.desk.again()
        return None

    def do_metric(self) -> str | None:
        """Show the next of the job's metrics."""
        if "curves" not in self.regions:
            self.turn_to("curves")
            return None
        self._group += 1
        self.desk.again()
        return None

    def do_log(self) -> str:
        self._log = not self._log
        self.desk.again()
        return "Logarithmic axis" if self._log else "Linear axis"

    def do_open(self) -> str | None:
        return self._actions.open()

    def do_cancel(self) -> str | None:
        return self._actions.cancel()

    def do_resume(self) -> str | None:
        return self._actions.resume()

    def do_remove(self) -> str | None:
        return self._actions.remove()

    def label(self, command: Command) -> str:
        job = self.job
        if job is None and command.action in ("pane('open')", "pane('metric')", "pane('more')"):
            return ""
        match command.action:
            case "pane('cancel')":
                return "" if job is None or job.has_ended else "cancel"
            case "pane('resume')":
                resumable = job is not None and job.has_ended and job.state != "completed"
                return "resume" if resumable else ""
            case "pane('remove')":
                return "remove" if job is not None and job.has_ended else ""
            case "pane('more')":
                return MORE[(MORE.index(self._more) + 1) % len(MORE)]
            case "pane('region')":
                return self.region_hint or command.label
        return command.label

    # The mouse

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if message.again:
            self._actions.open()
        else:
            self.go(message.row)

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
            timeline = chart.timeline
            span = (timeline.first, timeline.last)
            return Export(f"job-{self._at[:8]}", plot=chart.shown, span=span, log=self._log)
        order = self.query_one(Table).order.tolist()
        return Export("jobs", RECORDED, [record(self._jobs.all[row]) for row in order])

    def look(self, start: StartView) -> StartView:
        more = None if self._more == MORE[0] else self._more
        return replace(super().look(start), item=self._at[:8] or None, view=more)

    def recall(self, start: StartView) -> None:
        if start.item:
            self._wanted = start.item.lower()
        if start.view in MORE:
            self._more = start.view
        super().recall(start)
