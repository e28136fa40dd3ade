"""The dashboard: what runs, how its losses fall, what the providers can do, what is in use."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.draw.plot import Plot, Trace
from tttui.keys.command import Command
from tttui.lab.job import Job
from tttui.model.start import StartView
from tttui.panes.lab.base import LabState, LabView
from tttui.panes.lab.dashboard import around
from tttui.panes.lab.dashboard.around import MachineStrip
from tttui.panes.lab.dashboard.cards import JobCards, card_rows
from tttui.panes.lab.metrics import TAGS, MetricChart, groups
from tttui.panes.regions import Pages, Regions
from tttui.store.lab.curves import JOB_METRICS, JobMetrics
from tttui.store.lab.jobs import JOBS, Jobs
from tttui.store.lab.machine import MACHINE
from tttui.store.lab.matrix import MATRIX
from tttui.store.lab.models import PERSONAS
from tttui.store.lab.tails import NEWEST_EVENTS
from tttui.widgets.matrixgrid import MatrixMap
from tttui.widgets.page import Page

NARROW = 100
"""Columns below which the regions take turns."""

ROOMY = 26
"""Rows from which on all of it fits."""

TALL = 16
"""Rows from which on two things have room below each other."""

EARLIER = 6
"""Jobs that have ended, shown while nothing runs."""

MOST_CURVES = 6
"""Jobs whose curves are laid over each other."""

EMPTY = (
    "No job was started here yet. n starts one: `train start` trains a skill, `pretrain` a base, "
    "`bench run` compares, `provider test` finds out what this machine can do. What runs stands "
    "here with its progress, and below it the curves of what trains."
)

GOES_TO: Mapping[str, str] = {
    "jobs": "jobs",
    "curves": "training",
    "matrix": "matrix",
    "models": "models",
    "events": "events",
}
"""The view with more about a region."""


class DashboardView(Regions, LabView):
    """Cards and curves at the left, capabilities, models and events at the right, the machine
    below."""

    needs = frozenset({"jobs", "curves", "matrix", "personas", "machine", "recent"})
    region_names = ("jobs", "curves", "matrix", "models", "events")
    short_names: ClassVar[Mapping[str, str]] = {"matrix": "capabilities"}
    shares = ("pane('up')", "pane('down')", "pane('region')")
    keys = (
        Command(
            "pane('open')",
            "enter,o",
            "open",
            "The view with more about the marked job, or about the region",
            "Dashboard",
            footer=True,
        ),
    )
    meaning = (
        "What goes on in this run root. Cards: jobs that run or wait, and sessions that run in the "
        "background, with how far they are, what they do now and the time that is left; while "
        "nothing runs, the last ones. Curves: the losses of what trains, on a logarithmic axis. "
        "Capabilities: what every provider was tested to do, with the median latency; stronger is "
        "nearer to the fastest of its column, ! became slower or fails now, ? was never tested. "
        "Models in use: the personas. Up and down mark a card, w goes through the regions, enter "
        "opens the view with more."
    )
    DEFAULT_CSS = """
    DashboardView { layout: vertical; height: 1fr; }
    DashboardView #halves { height: 1fr; }
    DashboardView #left { width: 3fr; margin-right: 2; }
    DashboardView #right { width: 2fr; }
    DashboardView #curves { height: 1fr; min-height: 6; }
    DashboardView #events { height: 1fr; }
    DashboardView.single #left, DashboardView.single #right { width: 1fr; margin-right: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: LabState | None = None
        self._at: str | None = None
        """The handle of the marked card's job."""
        self._curves_of: tuple[Path, ...] | None = None
        """The jobs whose curves the store was asked for last."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="halves"):
            with Vertical(id="left"):
                yield JobCards(id="jobs")
                yield MetricChart(id="curves")
            with Vertical(id="right"):
                yield MatrixMap(id="matrix")
                yield Page("Models in use", id="models")
                yield Page("Newest events", id="events")
        yield MachineStrip(id="machine")

    # Regions

    @property
    def _single(self) -> bool:
        return self.room.width < NARROW or self.room.height < ROOMY

    def pages(self) -> Pages:
        if self._single and self.room.height < TALL:
            return tuple((name,) for name in self.region_names)
        if self._single:
            return (("jobs", "curves"), ("matrix", "models"), ("events",))
        return (tuple(self.region_names),)

    def show_regions(self) -> None:
        shown = set(self.regions)
        for name in self.region_names:
            self.query_one(f"#{name}").display = name in shown
        self.query_one("#left").display = bool(shown & {"jobs", "curves"})
        self.query_one("#right").display = bool(shown & {"matrix", "models", "events"})
        self.set_class(self._single, "single")
        for name in ("models", "events"):
            self.query_one(f"#{name}", Page).set_chosen(self.acting == name)
        self.query_one(MatrixMap).set_active(self.acting == "matrix")
        if self._view is not None:
            self.show(self._view)

    def region_note(self, region: str) -> str:
        return f"The keys act on: {self.short_names.get(region, region)}"

    # Drawing

    def show(self, state: LabState) -> None:
        self._view = state
        jobs = state.of(JOBS)
        cards = self._cards(jobs)
        if self._at not in {job.handle for job in cards}:
            self._at = cards[0].handle if cards else None
        self._show_cards(state, jobs, cards)
        self._ask_curves(jobs)
        self._show_curves(state.of(JOB_METRICS), jobs)
        matrix, cells = self.query_one(MatrixMap), state.of(MATRIX)
        if cells is not None:
            matrix.set_matrix(cells, None, (), state.now)
        personas = state.of(PERSONAS)
        used = self.query_one("#models", Page)
        used.set_content(around.models(personas, state.now), (personas, int(state.now // 60)))
        events = state.of(NEWEST_EVENTS)
        self.query_one("#events", Page).set_content(around.newest(events.items[::-1]), events)
        self.query_one(MachineStrip).show_machine(state.of(MACHINE))
        shown = set(self.regions)
        if jobs.known and not jobs.unread and all(job.is_session for job in jobs.all):
            shown.discard("curves")  # sessions have theirs in the tabs
        self.query_one(MetricChart).display = "curves" in shown
        rows = max(self.room.height // 2, 8)
        self._set_height(
            matrix, min(matrix.rows_in(self._beside) + 1, rows) if "models" in shown else None
        )
        used_rows = min(len(personas) + 2, 7) if personas else 3
        self._set_height(used, used_rows if "events" in shown else None)
        self._set_height(self.query_one(JobCards), self._rows_of(cards, shown))

    def _cards(self, jobs: Jobs) -> Sequence[Job]:
        """The running jobs, then the waiting ones; without any, the last that ended."""
        live = sorted(jobs.live, key=lambda job: job.state == "queued")
        return live or list(islice((job for job in jobs.all if job.has_ended), EARLIER))

    def _show_cards(self, state: LabState, jobs: Jobs, cards: Sequence[Job]) -> None:
        title, hint = "Running now", EMPTY
        if not jobs.known or (jobs.unread and not jobs.all):
            title, hint = "Jobs", "Reading the jobs ..."
        elif not jobs.all:
            title = "Nothing runs"
        elif not jobs.live:
            title = "Nothing runs; the last jobs"
        marked = self._at if self.acting == "jobs" else None
        self.query_one(JobCards).show_jobs(title, cards, marked, state.now, hint)

    def _rows_of(self, cards: Sequence[Job], shown: set[str]) -> int | None:
        """The rows of the cards: what they need, up to half of the room; None: all of it."""
        if "curves" not in shown:
            return None
        width = self.room.width if self._single else self.room.width * 3 // 5 - 2
        columns = self.query_one(JobCards).columns_in(max(width, 1))
        each = card_rows(cards)
        rows = 1 + each * -(-len(cards) // columns) if cards else 8
        return min(rows, 1 + (self.room.height // 2 - 1) // each * each)

    @property
    def _beside(self) -> int:
        """Columns of the regions at the right."""
        return self.room.width if self._single else self.room.width * 2 // 5

    def _set_height(self, widget: JobCards | MatrixMap | Page, rows: int | None) -> None:
        height = widget.styles.height
        new = "1fr" if rows is None else str(rows)
        if height is None or str(height) != new:
            widget.styles.height = new

    def _ask_curves(self, jobs: Jobs) -> None:
        """Have the store read the curves of what trains, or of what trained last."""
        drawn = [job for job in jobs.live if job.state != "queued" and not job.is_session]
        if not drawn:
            ended = (job for job in jobs.all if job.has_ended and not job.is_session)
            drawn = list(islice(ended, EARLIER))
        paths = tuple(job.path for job in drawn[:MOST_CURVES])
        if paths != self._curves_of:
            self._curves_of = paths
            self.desk.tell("curves", lambda feed: feed.choose(paths))

    def _show_curves(self, curves: JobMetrics, jobs: Jobs) -> None:
        chart = self.query_one(MetricChart)
        live = any(
            jobs.by_handle[path.name].state == "running" for path in self._known(curves, jobs)
        )
        chosen = self.acting == "curves"
        if not chart.is_new((curves, live, chosen)):
            return
        traces: list[Trace] = []
        for path in self._known(curves, jobs):
            table = curves.of[path]
            name = groups(table.names)[0][0] if table.names else ""
            if not name:
                continue
            job = jobs.by_handle[path.name]
            i = len(traces)
            series = chart.series((path, name), *table.of(name))
            title = f"{job.short} {name}"
            traces.append(Trace(title, series, i, heavy=i == 0, tag=TAGS[i]))
        title = "Losses of the last jobs" if traces and not live else "Losses"
        title = f"{chart.glyphs.play} {title}" if chosen else title
        message = "the curves of what trains appear here"
        chart.put(Plot(title, traces=tuple(traces), legend=True, message=message), live=live)

    def _known(self, curves: JobMetrics, jobs: Jobs) -> list[Path]:
        return [path for path in curves.of if path.name in jobs.by_handle]

    # Keys

    def do_up(self) -> None:
        self._move(-1)

    def do_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.acting in ("models", "events"):
            self.query_one(f"#{self.acting}", Page).scroll_lines(by)
            return
        cards = [] if self._view is None else self._cards(self._view.of(JOBS))
        handles = [job.handle for job in cards]
        if handles:
            at = handles.index(self._at) if self._at in handles else -by
            self._at = handles[min(max(at + by, 0), len(handles) - 1)]
            self.desk.again()

    def do_open(self) -> None:
        """Show the view with more about the region, or about the marked job."""
        item = (self._at or "") if self.acting == "jobs" else ""
        self.desk.go_to(GOES_TO[self.acting], item)

    @on(JobCards.Picked)
    def _on_picked(self, message: JobCards.Picked) -> None:
        message.stop()
        if message.job.handle == self._at and self.acting == "jobs":
            self.do_open()
        else:
            self._at = message.job.handle
            self.turn_to("jobs")
            self.desk.again()

    def copyable(self) -> Sequence[tuple[str, str]]:
        jobs = Jobs() if self._view is None else self._view.of(JOBS)
        job = jobs.by_handle.get(self._at or "")
        return () if job is None else [("Handle", job.handle), ("Command", job.command)]

    def look(self, start: StartView) -> StartView:
        return replace(start, region=self.acting if self.acting != "jobs" else None)
