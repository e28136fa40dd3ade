"""The three charts of the view of trainings: how they are looked at, and what they draw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from textual.widget import Widget

from tttui.draw.changes import NO_CHANGES
from tttui.lab.job import Job
from tttui.lab.reader import JobData
from tttui.model.steps import SeriesTable
from tttui.panes.lab.metrics import MetricChart
from tttui.panes.lab.training import curves
from tttui.panes.lab.training.curves import DrawnJob, LossChoice
from tttui.panes.lab.training.rows import skill_of
from tttui.widgets.plotext import PlotextView, SmallPlot

T = TypeVar("T")

SPANS = (1, 8, 32, 128)
"""Rows over which training losses are averaged."""

WHICH: Mapping[LossChoice, str] = {
    "both": "Training and validation losses",
    "training": "Training losses only",
    "validation": "Validation losses only",
}

NO_CURVES = SeriesTable(np.empty(0, dtype=np.int64))


def after(choices: Sequence[T], now: T) -> T:
    """The choice after this one, around."""
    return choices[(choices.index(now) + 1) % len(choices)]


class Charts:
    """Draws into the charts of a view, only what is not there already."""

    def __init__(self, view: Widget) -> None:
        self._view = view
        self.log, self.span, self.rate, self.unit = True, 1, "lr", 0
        self.which: LossChoice = "both"
        self._flagged: object = None
        """Of which events the flags are."""
        self._sampled: object = None
        """Of what the curves of the system are."""

    def draw(
        self,
        jobs: Sequence[Job],
        here: Job | None,
        tables: Mapping[Path, SeriesTable],
        data: JobData | None,
    ) -> None:
        """The curves of jobs over each other; `data` is that of the one under the cursor."""
        drawn = [
            DrawnJob(job, f"{skill_of(job)} {job.short[:4]}", tables.get(job.path, NO_CURVES))
            for job in jobs
        ]
        live = any(not job.has_ended for job in jobs)
        key = tuple((one.job.handle, one.table) for one in drawn)
        losses = self._view.query_one("#losses", MetricChart)
        losses.set_log(self.log)
        if losses.is_new((key, self.which, self.span, live)):
            losses.put(curves.losses(drawn, self.which, self.span), live=live)
        rates = self._view.query_one("#rates", MetricChart)
        if rates.is_new((key, self.rate, live)):
            rates.put(curves.rates(drawn, self.rate), live=live)
        events = () if data is None else data.events
        flagged = None if here is None else here.handle, len(events)
        if flagged != self._flagged:
            self._flagged = flagged
            flags = curves.flags(events) if events else NO_CHANGES
            for chart in (losses, rates):
                chart.set_changes(flags)
        self._draw_system(here, None if data is None else data.system)

    def _draw_system(self, here: Job | None, table: SeriesTable | None) -> None:
        sampled = table, self.unit, here and here.handle
        if sampled == self._sampled:
            return
        self._sampled = sampled
        known = [] if table is None else curves.systems(table)
        more = "" if here is not None and here.has_ended else " yet"
        plot = SmallPlot("system", message=f"no samples of the machine{more}")
        if table is not None and known:
            plot = curves.system(table, *known[self.unit % len(known)])
        self._view.query_one(PlotextView).show_plot(plot)
