"""Training: a table of the jobs that train; below it their curves over each other."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.keys.lab import job_keys, paging
from tttui.lab.job import Job, job_command
from tttui.model.arrays import Bools
from tttui.model.query import Query
from tttui.panes.lab.base import Export, LabState, Question
from tttui.panes.lab.jobs.actions import JobActions
from tttui.panes.lab.jobs.rows import JOB_WORDS, RECORDED, check_states, matching, record
from tttui.panes.lab.metrics import TAGS, MetricChart
from tttui.panes.lab.tabled import NARROW
from tttui.panes.lab.training.charts import SPANS, WHICH, Charts, after
from tttui.panes.lab.training.curves import RATES
from tttui.panes.lab.training.rows import COLUMNS, KINDS, TrainingRows, skill_of
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.curves import JOB_METRICS
from tttui.tasks.find import SHIPPED, offered
from tttui.widgets.plotext import PlotextView
from tttui.widgets.table import Table

ROOMY = 28
"""Rows from which on the lower charts have a place below the losses."""

LOW = 16
"""Rows below which the losses have no place below the table."""

MOST = 7
"""Rows of the table where curves are below it."""

READ = 16
"""Jobs whose newest losses the table shows, beside those that are drawn."""

KEYS: tuple[Command, ...] = (
    Command(
        "pane('mark')",
        "space",
        "mark",
        "Draw the job together with others",
        "Training",
        footer=True,
    ),
    Command("pane('start')", "n", "new", "Start a training, by a form", "Training", footer=True),
    Command(
        "pane('checkpoint')",
        "K",
        "checkpoint",
        "Have the job save a checkpoint now",
        "Training",
        footer=True,
    ),
    *job_keys("Training"),
    Command("pane('open')", "enter,o", "open", "Show the version that it made", "Training"),
    Command("pane('unmark')", "a", "unmark", "Unmark all jobs", "Training"),
    Command("pane('log')", "l", "log", "Logarithmic or linear axis of the losses", "Training"),
    Command(
        "pane('smooth')",
        "s",
        "smooth",
        "Average the training losses over 1, 8, 32, 128 rows",
        "Training",
        footer=True,
    ),
    Command(
        "pane('validation')",
        "v",
        "validation",
        "Both losses, or only one of them",
        "Training",
        footer=True,
    ),
    Command(
        "pane('metric')",
        "m",
        "metric",
        "Learning rate, gradient norm, or speed",
        "Training",
        footer=True,
    ),
    Command("pane('system')", "u", "system", "The next of the system's curves", "Training"),
    *paging(),
)

MEANING = (
    "Jobs that train bases and skills. Their losses are drawn over each other: those of the jobs "
    "that you mark (space), and of the one under the cursor. The line is the training loss, its "
    "average in front of the rows as they are (s); the dashed line is the validation loss on data "
    "that were held out (v). Flags on the axis are checkpoints and rollbacks of the job under the "
    "cursor. Below are the learning rate, the gradient norm or the speed (m), and what the job "
    "uses of the machine (u). n starts a training, K saves a checkpoint now, R goes on from one, "
    "also where the training is complete: another version comes of it then. Each asks first, with "
    "the command that does the same."
)


class TrainingView(JobActions):
    """A table of jobs that train, their losses, their rates, and what one uses of the machine."""

    needs = frozenset({"jobs", "job", "curves"})
    words = JOB_WORDS
    region_names = (TABLE, "losses", "rates", "system")
    sorts = ("newest", *(column.key for column in COLUMNS if column.key != "mark"))
    keyed = frozenset({TABLE})
    keys = KEYS
    meaning = MEANING
    kinds = KINDS
    thing, things = "training", "trainings"
    hint = "text  state:running  age<24"
    empty_text = (
        "Nothing was trained here yet. n starts a training: of the point mass in some seconds "
        "(skill slow, mu 0.35), of text from a file or a directory. In the shell that is `tttui "
        "train start --skill slow --mu 0.35`."
    )
    shown_columns = COLUMNS
    DEFAULT_CSS = """
    TrainingView #losses { height: 2fr; }
    TrainingView #rates, TrainingView #system { width: 1fr; height: 1fr; }
    TrainingView #rates { margin-right: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._by_handle: dict[str, Job] = {}
        self._marked: list[str] = []
        """Handles, in the order in which they were marked."""
        self._curves_of: object = None
        """The directories of the jobs whose curves the store was asked to read last."""
        self._charts = Charts(self)

    def compose(self) -> ComposeResult:
        yield from self.list_widgets()
        yield MetricChart(id="losses")
        with Horizontal(id="below"):
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
        if height >= LOW:
            return ((TABLE, "losses"), ("rates",), ("system",))
        return ((TABLE,), ("losses",), ("rates",), ("system",))

    def size_regions(self) -> None:
        """The table takes the rows that it needs, where curves follow."""
        alone = {TABLE} == set(self.regions)
        rows = min(max(len(self.items), 2), MOST) + 1
        self.query_one(Table).styles.height = "1fr" if alone else rows

    # Drawing

    def update(self, view: LabState) -> None:
        before = self.items
        super().update(view)
        if self.items is not before:
            self._by_handle = {job.handle: job for job in self.items}
            self._marked = [handle for handle in self._marked if handle in self._by_handle]

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return self.jobs, view.of(JOB_METRICS).of, tuple(self._drawn), int(view.now // 10)

    def source(self, view: LabState) -> TrainingRows:
        places = {job.handle: place for place, job in enumerate(self._drawn)}
        return TrainingRows(self.items, view.look, view.now, view.of(JOB_METRICS).of, places)

    def matching(self, view: LabState) -> Bools | None:
        return matching(self.items, self.query_now, view.now)

    def summary(self, view: LabState) -> str:
        marked = f"   {len(self._marked)} marked" if self._marked else ""
        return marked + super().summary(view)

    @property
    def _drawn(self) -> list[Job]:
        """The jobs whose curves are drawn: those marked, and that under the cursor."""
        jobs = [self._by_handle[handle] for handle in self._marked]
        here = self.job
        return jobs if here is None or here in jobs else [*jobs, here]

    def show_one(self, view: LabState) -> None:
        super().show_one(view)
        drawn = self._drawn
        paths = list(dict.fromkeys(job.path for job in (*self.items[:READ], *drawn)))
        if paths != self._curves_of:
            self._curves_of = paths
            self.desk.tell("curves", lambda feed: feed.choose(paths))
        self._charts.draw(drawn, self.job, view.of(JOB_METRICS).of, self.detail.data)

    # Keys

    def go(self, row: int) -> None:
        super().go(row)
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

    def do_metric(self) -> None:
        """Show the next of the rates."""
        if not self.turned_to("rates"):
            self._charts.rate = after(tuple(RATES), self._charts.rate)
            self.desk.again()

    def do_system(self) -> None:
        """Show the next of the system's curves."""
        if not self.turned_to("system"):
            self._charts.unit += 1
            self.desk.again()

    def do_start(self) -> str | None:
        """Choose a task, then fill in what it is to be trained on."""
        from tttui.panes.lab.jobs.choose import ChooseDialog

        known = [name for name in offered() if name in SHIPPED]

        def answered(task: str | None) -> None:
            if task is not None:
                self.desk.form(("train", "start", "--task", task))

        self.desk.show_dialog(ChooseDialog("New training", "Of which task?", known), answered)
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
            case "pane('checkpoint')":
                return "checkpoint" if job is not None and job.state == "running" else ""
            case "pane('smooth')" | "pane('validation')":
                return command.label if "losses" in self.regions else ""
            case "pane('metric')":
                return command.label if "rates" in self.regions else ""
        return super().label(command)

    def picked_again(self) -> str | None:
        return self.do_mark()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job = self.job
        if job is None:
            return ()
        texts = [("Command", job.command), ("Handle", job.handle), ("Directory", str(job.path))]
        return [(what, text) for what, text in texts if text]

    def exportable(self) -> Export:
        chart = self.query_one("#losses", MetricChart)
        if chart.shown.traces:
            return chart.exported(f"training-{self.cursor[:8]}")
        return Export("trainings", RECORDED, [record(job) for job in self.shown_items])
