"""The metrics of jobs as plots: what belongs on one axis, and a chart that shows it."""

from collections.abc import Sequence
from dataclasses import replace

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.arrays import Floats, Ints
from tttui.model.session import SessionData
from tttui.model.steps import SeriesTable
from tttui.model.timeline import Timeline
from tttui.panes.lab.base import Export
from tttui.plots.errors import losses_of
from tttui.widgets.chart import Chart

LOSS = "loss"
"""What all metrics with this in their name are losses: they share one axis."""

LEAST = 32
"""Steps for which the axis of a growing curve leaves room, at least."""

TAGS = "1234567890"
"""Marks that distinguish the curves of one chart without colour."""


def groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The metrics that belong on one axis: all losses, that of the training first, then each other
    one by itself."""
    losses = tuple(sorted((n for n in names if LOSS in n.lower()), key=lambda n: n != LOSS))
    return [*([losses] if losses else []), *((name,) for name in names if name not in losses)]


class MetricChart(Chart):
    """Curves over all their steps; nothing is drawn again where they did not grow."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._key: object = None
        self._known: dict[object, Series] = {}
        """The series that are shown; each goes on from the one before."""
        self._horizon = -1
        """The step up to which the axis of curves that grow reaches, so that it stands still."""
        self.set_log(True)

    def show_metrics(
        self,
        table: SeriesTable,
        names: Sequence[str],
        title: str,
        of: object = None,
        live: bool = False,
    ) -> None:
        """Show columns of a table. `of` is whose they are; `live`: they still grow."""
        if self.is_new((table, tuple(names), title, of, live)):
            self._horizon = self._horizon if of == self._of else -1
            self._of = of
            traces = []
            for i, name in enumerate(names):
                series = self.series((of, name), *table.of(name))
                tag = TAGS[i % len(TAGS)] if len(names) > 1 else ""
                traces.append(Trace(name, series, i, heavy=i == 0, tag=tag))
            self.put(Plot(title, traces=tuple(traces), message="no values yet"), live=live)

    _of: object = None
    """Whose curves they are."""

    def show_losses(self, data: SessionData) -> None:
        """Show the losses of both models of a session."""
        if self.is_new((data.steps, data.place.path)):
            losses = losses_of(data)
            traces = (
                Trace("frozen", losses.frozen, "frozen"),
                Trace("adaptive", losses.adaptive, "adaptive", heavy=True),
            )
            live = data.status is not None and data.status.live
            compare = (1, 0) if len(losses.frozen) else None
            self.put(Plot(data.meta.loss.label, traces=traces, compare=compare), live=live)

    def exported(self, name: str) -> Export:
        """What is drawn, as a figure of this name."""
        span = self.timeline.first, self.timeline.last
        return Export(name, plot=self.shown, span=span, log=self.logarithmic)

    def show_nothing(self, title: str, why: str) -> None:
        """Say why there are no curves."""
        if self.is_new((title, why)):
            self.put(Plot(title, message=why))

    def series(self, key: object, t: Ints, y: Floats) -> Series:
        """A series that takes over what is known of the one before with this key."""
        made = self._known[key] = Series(t, y, self._known.get(key))
        return made

    def is_new(self, key: object) -> bool:
        """Whether this is not what is shown already."""
        if key == self._key:
            return False
        self._key = key
        return True

    def put(self, plot: Plot, *, live: bool = False) -> None:
        """Show a plot over all the steps of its curves."""
        self.set_plot(plot)
        ends = [trace.series.t for trace in plot.traces if len(trace.series)]
        if not ends:
            self.set_timeline(Timeline())
            return
        first, last = min(int(t[0]) for t in ends), max(int(t[-1]) for t in ends)
        timeline = Timeline.over(first, max(last, first + 1))
        if not live:
            self._horizon = -1
        elif self._horizon <= last:
            self._horizon = last + max(LEAST, (last - first) // 4)
        timeline = timeline.extended(timeline.last, self._horizon)
        self.set_timeline(replace(timeline.to_end(), follow=True))
