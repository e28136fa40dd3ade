"""What the Overview draws of a session's losses, derived once from the data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.plot import End, Plot, Trace
from tttui.model.improvement import WINDOW
from tttui.model.numbers import Forms
from tttui.model.session import SessionData
from tttui.model.transactions import COMMIT, Transactions, of_statuses
from tttui.model.verdict import Verdict, verdict
from tttui.panes.averages import curve, span_note
from tttui.panes.overview.cardtexts import transaction_texts
from tttui.panes.pretraining import is_pretraining, progress
from tttui.panes.view import View
from tttui.store.snapshot import YARDSTICKS
from tttui.widgets.cards import Tone


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """What the Overview derives from the data once, whatever the cursor does."""

    verdict: Verdict
    baseline: Series
    adaptive: Series
    no_update: Series | None
    baseline_tail: Series
    adaptive_tail: Series
    """The last steps of both, those that the final errors are about."""
    every: bool
    """The frozen model was evaluated at every step."""
    marks: Marks
    transactions: tuple[Forms, Forms, Tone]
    """Value, note and tone of their card."""
    committed: float | None
    """The committed part of them; None where there are none."""


def digest(data: SessionData) -> Digest:
    """Summarise a session's errors and transactions."""
    steps = data.steps
    t, frozen, adaptive = steps.compared(WINDOW)
    if steps.never_evaluated:
        adaptive_tail = Series(steps.t[-WINDOW:], steps.adaptive[-WINDOW:])
    else:
        adaptive_tail = Series(t, adaptive)
    every_t, every_frozen, _ = steps.compared()
    return Digest(
        progress(data) if is_pretraining(data) else verdict(data),
        Series(every_t, every_frozen),
        Series(steps.t, steps.adaptive),
        None if steps.no_update is None else Series(steps.t, steps.no_update),
        Series(t, frozen),
        adaptive_tail,
        steps.evaluated is None,
        marks_of(data),
        transaction_texts(data),
        data.committed / data.attempted if data.attempted else None,
    )


def marks_of(data: SessionData, statuses: frozenset[str] | None = None) -> Marks:
    """The transactions, of those that have an event only some `statuses` shown (None: all).

    Of a run without an events file they are those that per_step.csv flags.
    """
    events: Transactions = data.transactions
    if len(events):
        shown = None if statuses is None else of_statuses(events, statuses)
        return Marks(events.t, *events.outcomes(), shown, events.branches())
    steps = data.steps
    tried = np.flatnonzero(steps.did_update)
    failed = len(events.statuses)
    status = np.where(steps.update_ok[tried], COMMIT, failed)
    return Marks(steps.t[tried], status, (*events.statuses, "rollback"))


def compared_plot(view: View, found: Digest, beside: Sequence[tuple[str, Series]] = ()) -> Plot:
    """Both models' errors over the steps, with what else was asked for: yardsticks, or the
    series of `beside`, by name."""
    smooth, chunk = view.timeline.smooth, view.data.meta.chunk
    rulers = []
    if view.choices.yardsticks:
        for i, ruler in enumerate(view.yardsticks):
            series = Series(ruler.t, ruler.mse)
            rulers.append(curve(ruler.name, series, i + 1, smooth, end="dated", chunk=chunk))
    for i, (name, series) in enumerate(beside, len(rulers)):
        rulers.append(curve(name, series, i + 1, smooth, chunk=chunk, end=""))
    plot = error_plot(view.data, found, smooth, rulers)
    plot = with_whatif(plot, view)
    if view.choices.yardsticks and not rulers:
        plot = replace(plot, note=view.failure(YARDSTICKS) or yardstick_note(view.data))
    return plot


def error_plot(
    data: SessionData, found: Digest, smooth: bool, rulers: Sequence[Trace] = ()
) -> Plot:
    """Both models' errors over the steps, in front of other curves."""
    chunk, loss = data.meta.chunk, data.meta.loss
    end: End = "ended" if found.every else ""  # between two scores the newer one holds
    traces = [
        curve("frozen", found.baseline, "baseline", smooth, chunk=chunk, end=end),
        curve("adaptive", found.adaptive, "adaptive", smooth, heavy=True, chunk=chunk),
    ]
    if found.no_update is not None:
        third = curve("no update", found.no_update, "third", smooth, chunk=chunk)
        traces.insert(1, third)
    if data.steps.never_evaluated:
        del traces[0]
    compare = (len(rulers) + len(traces) - 1, len(rulers)) if len(traces) > 1 else None
    why = data.problem("steps")
    return Plot(
        title=loss.label,
        traces=(*rulers, *traces),
        compare=compare,
        lower_is_better=loss.lower_is_better,
        legend=bool(rulers),
        marks=found.marks,
        robust=True,
        note=span_note(smooth),
        message=why.reason if why is not None else "no steps recorded yet",
    )


def with_whatif(plot: Plot, view: View) -> Plot:
    """The same with the error of the what-if, where one is looked at."""
    if view.whatif is None:
        return plot
    changed, smooth = view.whatif.steps, view.timeline.smooth
    series = Series(changed.t, changed.adaptive)
    trace = curve("what-if", series, "whatif", smooth, chunk=view.data.meta.chunk, end="")
    trace = replace(trace, alone=True, dashed=True, tag="w")
    return replace(plot, traces=(*plot.traces, trace))


def yardstick_note(data: SessionData) -> str:
    """Why no yardstick is drawn (yet)."""
    why = data.problem("trajectory")
    return f"no yardsticks: {why.reason}" if why is not None else "computing yardsticks ..."
