"""Training: a table of the jobs that train; below it their curves over each other."""

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.job import Job, job_command
from tttui.model.query import Query
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState, Question
from tttui.panes.lab.jobs.actions import JobActions
from tttui.panes.lab.jobs.rows import JOB_WORDS, RECORDED, check_states, matching, record
from tttui.panes.lab.metrics import TAGS, MetricChart
from tttui.panes.lab.tabled import TableView
from tttui.panes.lab.training.charts import SPANS, WHICH, Charts, after
from tttui.panes.lab.training.curves import RATES
from tttui.panes.lab.training.keys import KEYS, MEANING
from tttui.panes.lab.training.rows import COLUMNS, KINDS, TrainingRows, skill_of
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.curves import CURVES
from tttui.store.lab.job import CHOSEN, Chosen
from tttui.store.lab.jobs import JOBS, Jobs
from tttui.tasks.find import SHIPPED, offered
from tttui.widgets.page import Page
from tttui.widgets.plotext import PlotextView
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Column

NARROW = 100
"""Columns below which the lower charts do not stand beside each other."""

ROOMY = 28
"""Rows from which on the lower charts have a place below the losses."""

MOST = 7
"""Rows of the table where curves are below it."""

READ = 16
"""Jobs whose newest losses the table shows, beside those that are drawn."""

EMPTY = (
    "Nothing was trained here yet. `tttui train start --skill slow --mu 0.35` trains a skill of "
    "the point mass in some seconds, `tttui train start --task text --skill NAME --data PATH` one "
    "of text."
)


class TrainingView(TableView):
    """A table of jobs that train, their losses, their rates, and what one uses of the machine."""

    needs = frozenset({"jobs", "job", "curves"})
    words = JOB_WORDS
    region_names = (TABLE, "losses", "rates", "system")
    sorts = ("newest", *(column.key for column in COLUMNS if column.key != "mark"))
    keyed = frozenset({TABLE})
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    TrainingView { layout: vertical; height: 1fr; }
    TrainingView Table { width: 1fr; height: 1fr; }
    TrainingView #nothing { display: none; height: 1fr; padding: 1 2; }
    TrainingView.empty #nothing { display: block; }
    TrainingView.empty Table { display: none; }
    TrainingView.empty #losses, TrainingView.empty #lower { display: none; }
    TrainingView #losses { height: 2fr; }
    TrainingView #lower { height: 1fr; }
    TrainingView #rates, TrainingView #system { width: 1fr; height: 1fr; }
    TrainingView #rates { margin-right: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._source: Jobs | None = None
        self._jobs: tuple[Job, ...] = ()
        self._by_handle: dict[str, Job] = {}
        """Those that train, the newest first."""
        self._at = ""
        """The handle of the job under the cursor."""
        self._wanted = ""
        """The job (the beginning of its handle) that a link asks for."""
        self._marked: list[str] = []
        """Handles, in the order in which they were marked."""
        self._asked: object = None
        """What the store was asked to read last."""
        self._asked_curves: object = None
        self._built: tuple[object, ...] = ()
        self._charts = Charts(self)
        self._actions = JobActions(self)

    def compose(self) -> ComposeResult:
        yield QueryBar("text  state:running  age<24")
        yield Table()
        yield Page("Training", id="nothing")
        yield MetricChart(id="losses")
        with Horizontal(id="lower"):
            yield MetricChart(id="rates")
            yield PlotextView(id="system")

    def on_mount(self) -> None:
        self.query_one("#rates", MetricChart).set_log(False)

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if height >= ROOMY:
            if width >= NARROW:
                return ((TABLE, "losses", "rates", "system"),)
            return ((TABLE, "losses", "rates"), ("system",))
        if width >= NARROW:
            return ((TABLE, "losses"), ("rates", "system"))
        return ((TABLE,), ("losses",), ("rates",), ("system",))

    def show_regions(self) -> None:
        shown = set(self.regions)
        table = self.query_one(Table)
        table.display = TABLE in shown
        for name in ("losses", "rates", "system"):
            self.query_one(f"#{name}").display = name in shown
        self.query_one("#lower").display = bool(shown & {"rates", "system"})
        table.set_active(self.acting == TABLE)
        self._size_table()

    def _size_table(self) -> None:
        """The table takes the rows that it needs, where curves follow."""
        alone = {TABLE} == set(self.regions)
        rows = min(max(len(self._jobs), 2), MOST) + 1
        self.query_one(Table).styles.height = "1fr" if alone else rows

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        jobs = view.of(JOBS)
        if jobs is not self._source:
            self._source = jobs
            found = tuple(job for job in jobs.all if job.kind in KINDS)
            grown = len(found) != len(self._jobs)
            self._jobs, self._by_handle = found, {job.handle: job for job in found}
            if grown:
                self._size_table()
        self.set_class(jobs.known and not self._jobs and not jobs.unread, "empty")
        self.fill(view)
        self._read()
        self._draw(view)

    def fill(self, view: LabState) -> None:
        jobs, source = self._jobs, self._source or Jobs()
        if self._wanted and source.known:
            found = next((j for j in jobs if j.handle.startswith(self._wanted)), None)
            if found is not None:
                self._at, self._wanted = found.handle, ""
            elif not source.unread:
                self.desk.say(f"There is no training {self._wanted!r} here.")
                self._wanted = ""
        self._marked = [handle for handle in self._marked if handle in self._by_handle]
        if self._at not in self._by_handle:
            self._at = jobs[0].handle if jobs else ""
        tables = view.of(CURVES).of
        built = (source, tables, view.look, self.query_now, tuple(self._drawn), view.now // 10)
        table = self.query_one(Table)
        if built != self._built:
            self._built = built
            places = {handle: place for place, handle in enumerate(self._drawn)}
            shown = matching(jobs, self.query_now, view.now)
            message = "No training passes the query." if jobs else "Reading the jobs ..."
            table.set_rows(TrainingRows(jobs, view.look, view.now, tables, places), shown, message)
            table.set_selected(self._row())
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(source), False, view.palette)
        if not jobs:
            why = source.problem or EMPTY
            self.query_one("#nothing", Page).set_content(lambda prose: prose.say(why), why)

    def _said(self, source: Jobs) -> str:
        total, shown = len(self._jobs), len(self.query_one(Table).order)
        said = f"{total} trainings" if total != 1 else "1 training"
        if shown != total:
            said = f"{shown} of {said}   {self.query_now.filter_text}"
        if self._marked:
            said += f"   {len(self._marked)} marked"
        return said + (f"   {source.problem}" if source.problem else "")

    def _row(self) -> int | None:
        """The row of the job under the cursor."""
        return next((i for i, job in enumerate(self._jobs) if job.handle == self._at), None)

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        row = self._row()
        return None if row is None else self._jobs[row]

    @property
    def _drawn(self) -> list[str]:
        """Handles of the jobs whose curves are drawn: those marked, and that under the cursor."""
        here = [self._at] if self._at and self._at not in self._marked else []
        return [*self._marked, *here]

    @property
    def chosen(self) -> Chosen:
        """What is read of the job under the cursor, as far as it is."""
        job, view = self.job, self.view
        found = Chosen() if view is None else view.of(CHOSEN)
        return found if job is not None and found.path == job.path else Chosen()

    def _read(self) -> None:
        """Have the store read the job under the cursor, and the curves of the newest jobs."""
        job = self.job
        if job is not None and self._asked != job.path:
            self._asked = job.path
            self.desk.tell("job", lambda feed: feed.choose(job))
        drawn = (self._by_handle[handle] for handle in self._drawn)
        paths = list(dict.fromkeys(job.path for job in (*self._jobs[:READ], *drawn)))
        if paths != self._asked_curves:
            self._asked_curves = paths
            self.desk.tell("curves", lambda feed: feed.choose(paths))

    def _draw(self, view: LabState) -> None:
        drawn = [self._by_handle[handle] for handle in self._drawn]
        self._charts.draw(drawn, self.job, view.of(CURVES).of, self.chosen.data)

    # Keys

    def columns(self) -> tuple[Column, ...]:
        return COLUMNS

    def go(self, row: int) -> None:
        self._at = self._jobs[row].handle
        self.query_one(Table).set_selected(row)
        self.desk.again()

    def check(self, query: Query, view: LabState) -> None:
        check_states(query)

    def do_mark(self) -> str | None:
        """Mark the job under the cursor, or unmark it, and go on to the next."""
        job = self.job
        if job is None:
            return None
        if job.handle in self._marked:
            self._marked.remove(job.handle)
        elif len(self._marked) >= len(TAGS) - 1:
            return f"{len(self._marked)} jobs are marked; more cannot be told apart."
        else:
            self._marked.append(job.handle)
            row = self.query_one(Table).neighbour(1)
            if row is not None:
                self.go(row)
        self.desk.again()
        return None

    def do_unmark(self) -> str:
        self._marked = []
        self.desk.again()
        return "No job is marked."

    def do_log(self) -> str:
        self._charts.log = not self._charts.log
        self.desk.again()
        return "Logarithmic axis" if self._charts.log else "Linear axis"

    def do_smooth(self) -> str:
        span = self._charts.span = after(SPANS, self._charts.span)
        self.desk.again()
        return f"Averages over {span} rows" if span > 1 else "Every row as it is"

    def do_validation(self) -> str:
        self._charts.which = after(tuple(WHICH), self._charts.which)
        self.desk.again()
        return WHICH[self._charts.which]

    def do_metric(self) -> str | None:
        """Show the next of the rates."""
        if "rates" not in self.regions:
            self.turn_to("rates")
            return None
        self._charts.rate = after(tuple(RATES), self._charts.rate)
        self.desk.again()
        return None

    def do_system(self) -> str | None:
        """Show the next of the system's curves."""
        if "system" not in self.regions:
            self.turn_to("system")
            return None
        self._charts.unit += 1
        self.desk.again()
        return None

    def do_open(self) -> str | None:
        return self._actions.open()

    def do_cancel(self) -> str | None:
        return self._actions.cancel()

    def do_resume(self) -> str | None:
        return self._actions.resume()

    def do_start(self) -> str | None:
        """Choose a task, then fill in what it is to be trained on."""
        from tttui.panes.lab.jobs.choose import ChooseDialog

        known = [name for name in offered() if name in SHIPPED]

        def chosen(task: str | None) -> None:
            if task is not None:
                self.desk.form(("train", "start", "--task", task))

        self.desk.show_dialog(ChooseDialog("New training", "Of which task?", known), chosen)
        return None

    def do_checkpoint(self) -> str | None:
        job = self.job
        if job is None or job.state != "running":
            return None if job is None else f"Job {job.short} is {job.state}; it saves nothing now."
        text = f"Have {skill_of(job)} {job.short} save a checkpoint now?"
        command = job_command(job, "checkpoint", group="train")

        def do() -> str:
            from tttui.lab.steering import checkpoint

            return f"Job {job.short} has saved the checkpoint {checkpoint(job)}"

        self.desk.act(do, Question("Checkpoint", text, command, "save it"))
        return None

    def label(self, command: Command) -> str:
        job = self.job
        match command.action:
            case "pane('mark')":
                return "" if job is None else "unmark" if job.handle in self._marked else "mark"
            case "pane('cancel')":
                return "" if job is None or job.has_ended else "cancel"
            case "pane('checkpoint')":
                return "checkpoint" if job is not None and job.state == "running" else ""
            case "pane('resume')":
                resumable = job is not None and job.has_ended and job.state != "completed"
                return "resume" if resumable else ""
            case "pane('smooth')" | "pane('validation')":
                return command.label if "losses" in self.regions else ""
            case "pane('metric')":
                return command.label if "rates" in self.regions else ""
            case "pane('region')":
                return self.region_hint or command.label
        return command.label

    # The mouse

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if message.again:
            self.do_mark()
        else:
            self.go(message.row)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job = self.job
        if job is None:
            return ()
        found = [("Command", job.command), ("Handle", job.handle), ("Directory", str(job.path))]
        return [(what, text) for what, text in found if text]

    def exportable(self) -> Export:
        chart = self.query_one("#losses", MetricChart)
        if chart.shown.traces:
            span = (chart.timeline.first, chart.timeline.last)
            name = f"training-{self._at[:8]}"
            return Export(name, plot=chart.shown, span=span, log=self._charts.log)
        order = self.query_one(Table).order.tolist()
        return Export("trainings", RECORDED, [record(self._jobs[row]) for row in order])

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item=self._at[:8] or None)

    def recall(self, start: StartView) -> None:
        if start.item:
            self._wanted = start.item.lower()
        super().recall(start)
