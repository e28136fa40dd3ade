"""The curves of a job; of a sweep, which has none, its members and effects with intervals."""

from textual.app import ComposeResult
from textual.containers import Container

from tttui.draw import forest
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.lab.evaluation.statistics import Interval
from tttui.lab.job import Job
from tttui.lab.sweeps.outcome import Effect, SweepOutcome
from tttui.lab.sweeps.plan import known_settings
from tttui.panes.lab.metrics import MetricChart, groups
from tttui.store.lab.job import JobDetail
from tttui.widgets.drawn import Drawn

FEWEST = 3
"""Members that are shown at least, however many effects there are."""


class JobCharts(Container):
    """The chart of a job's metrics, or the outcome of a sweep so far."""

    DEFAULT_CSS = """
    JobCharts { height: 1fr; }
    JobCharts SweepChart { display: none; }
    JobCharts.sweep SweepChart { display: block; }
    JobCharts.sweep MetricChart { display: none; }
    """

    def compose(self) -> ComposeResult:
        yield MetricChart()
        yield SweepChart()

    def show(self, job: Job, detail: JobDetail, group: int, *, log: bool) -> None:
        """Show the curves of a job; `group` counts the groups of its metrics."""
        self.set_class(detail.sweep is not None, "sweep")
        if detail.sweep is not None:
            self.query_one(SweepChart).show(detail.sweep)
            return
        chart = self.query_one(MetricChart)
        chart.set_log(log)
        if detail.session is not None:
            chart.show_losses(detail.session)
            return
        table = None if detail.data is None else detail.data.metrics
        if table is None or not table.names:
            why = "reading ..." if detail.path is None else "this job has no metrics"
            chart.show_nothing("Metrics", why)
            return
        known = groups(table.names)
        names = known[group % len(known)]
        title = names[0] if len(names) == 1 else "losses"
        if len(known) > 1:
            title += f" ({group % len(known) + 1} of {len(known)}, m)"
        chart.show_metrics(table, names, title, job.handle, live=not job.has_ended)


class SweepChart(Drawn):
    """Members of a sweep against the default, then what each setting changes."""

    def __init__(self) -> None:
        super().__init__()
        self._outcome: SweepOutcome | None = None

    def show(self, outcome: SweepOutcome) -> None:
        """Draw a sweep; nothing happens where it is drawn already."""
        if outcome is not self._outcome:
            self._outcome = outcome
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        palette, glyphs = self.look
        canvas = Canvas(height, width)
        outcome = self._outcome
        if outcome is None:
            return canvas
        plan = outcome.plan
        window = "last 100 steps" if plan.by == "last" else "whole stream"
        there = "" if outcome.complete else f"{len(outcome.there)} of "
        title = f"{there}{len(plan.members)} members, {len(plan.streams)} streams, {window}"
        canvas.write(0, 0, fit(title, width, glyphs.ellipsis), palette.text, bold=True)
        if not outcome.order:
            text = (
                f"{outcome.rows} of {outcome.losses.size} runs; no member has all its streams yet"
            )
            canvas.write(1, 0, fit(text, width, glyphs.ellipsis), palette.muted)
            return canvas
        lines = wrapped(outcome.verdict, width)[: max(1, height // 6)]
        room = height - 1 - len(lines)
        ratio, unit = not outcome.unit, outcome.unit
        effects = [_effect(one) for one in outcome.effects]
        members = [_member(outcome, i) for i in outcome.order]
        below = forest.rows_needed(len(effects)) if effects else 0
        below = min(below, max(0, room - forest.rows_needed(FEWEST)))
        y = 1
        above = min(room - below, forest.rows_needed(len(members)))
        for rows, rows_high, scale in (
            (members, above, forest.DifferenceScale(ratio, unit, name=", ".join(plan.names))),
            (
                effects,
                below,
                forest.DifferenceScale(ratio, unit, "", "effect of", "than the other value"),
            ),
        ):
            if rows_high > forest.rows_needed(0):
                _put(canvas, y, forest.paint(rows, (width, rows_high), self.look, scale, None))
                y += rows_high
        for line in lines:
            canvas.write(y, 0, line, palette.accent, bold=True)
            y += 1
        return canvas


def _put(canvas: Canvas, y: int, inner: Canvas) -> None:
    for grid in ("char", "ink", "paper", "bold"):
        rows = getattr(inner, grid)
        getattr(canvas, grid)[y : y + len(rows)] = rows


def _member(outcome: SweepOutcome, member: int) -> forest.ForestRow:
    own, known = outcome.plan.members[member].values, known_settings(outcome.plan.runner.task)
    name = ", ".join(known[n].text(own[n]) for n in outcome.plan.names if n in own)
    value = forest.value_text(outcome.loss(member))
    rank = 1 if member == outcome.best or member in outcome.equals else 2
    if member == 0:
        return forest.ForestRow("the default", rank, value, itself=True)
    if 0 not in outcome.there:
        return forest.ForestRow(name, rank, value, float("nan"))
    compared = outcome.against(member, 0)
    return _row(name, rank, value, compared.interval, compared.amount)


def _effect(effect: Effect) -> forest.ForestRow:
    name = f"{effect.setting} {effect.value} for {effect.against}"
    return _row(name, 0, "", effect.compared.interval, effect.compared.amount)


def _row(name: str, rank: int, value: str, between: Interval, amount: str) -> forest.ForestRow:
    estimate, low, high = between.estimate, between.low, between.high
    if low != low:  # too few streams for an interval
        low, high = float("-inf"), float("inf")
    differs = low > 0 or high < 0
    return forest.ForestRow(
        name, rank, value, estimate, low, high, amount if differs else "no difference"
    )
