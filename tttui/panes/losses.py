"""The losses of a session for the Overview, derived once from the data."""

from collections.abc import Sequence
from dataclasses import replace

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot
from tttui.model.dataclass import dataclass
from tttui.model.improvement import WINDOW
from tttui.model.numbers import Forms
from tttui.model.session import SessionData
from tttui.model.verdict import Verdict, verdict
from tttui.panes.overview.cardtexts import transaction_texts
from tttui.panes.pretraining import is_pretraining, progress
from tttui.panes.view import View
from tttui.plots.errors import Losses, averaged, curve, error_plot, losses_of
from tttui.store.snapshot import YARDSTICKS
from tttui.widgets.cards import Tone

SPARKED_S = 2.0
"""Seconds of a running session's steps after which sparklines, and the transaction beside the
chart, are drawn anew: faster they cannot be read, and cost a terminal more than the curves."""


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """The data of the Overview that does not depend on the cursor."""

    verdict: Verdict
    losses: Losses
    frozen_tail: Series
    adaptive_tail: Series
    """The last steps of both, those that the final errors are about."""
    sparks: tuple[Series, Series]
    """The same as the sparklines show them: of a running session they may be older."""
    sparked: int | None
    """So many steps were there then; None: all of a session that does not run."""
    transactions: tuple[Forms, Forms, Tone]
    """Value, note and tone of their card."""
    committed: float | None
    """The committed part of them; None where there are none."""


def digest(data: SessionData, before: Digest | None = None) -> Digest:
    """Summarise a session's errors and transactions; `before`: an earlier state of it."""
    steps = data.steps
    t, frozen, adaptive = steps.compared(WINDOW)
    if steps.never_evaluated:
        adaptive_tail = Series(steps.t[-WINDOW:], steps.adaptive[-WINDOW:])
    else:
        adaptive_tail = Series(t, adaptive)
    tails = (Series(t, frozen), adaptive_tail)
    sparks, sparked = tails, None if data.loading or _speed(data) is None else len(steps)
    if before is not None and not _due(data, before):
        sparks, sparked = before.sparks, before.sparked
    return Digest(
        progress(data) if is_pretraining(data) else verdict(data),
        losses_of(data, None if before is None else before.losses),
        *tails,
        sparks,
        sparked,
        transaction_texts(data),
        data.committed / data.attempted if data.attempted else None,
    )


def _speed(data: SessionData) -> float | None:
    """Steps a second of a running session; None of one that does not run."""
    status = data.status
    if status is None or status.state != "running":
        return None
    return status.steps_per_second or 0.0


def _due(data: SessionData, before: Digest) -> bool:
    """Whether sparklines have to be drawn anew."""
    speed = _speed(data)
    if before.sparked is None or speed is None:
        return True
    more = len(data.steps) - before.sparked
    return more < 0 or more >= max(speed * SPARKED_S, 1)


def compared_plot(view: View, digest: Digest, beside: Sequence[tuple[str, Series]] = ()) -> Plot:
    """Both models' errors over the steps, with what else was asked for: yardsticks, or the
    series of `beside`, by name."""
    smooth, chunk = view.timeline.smooth, averaged(view.data)
    rulers = []
    if view.choices.yardsticks:
        for i, ruler in enumerate(view.yardsticks):
            series = Series(ruler.t, ruler.mse)
            rulers.append(curve(ruler.name, series, i + 1, smooth, end="dated", chunk=chunk))
    for i, (name, series) in enumerate(beside, len(rulers)):
        sparse = len(series) * 2 < len(view.data.steps)  # a line from one to the next, no means
        rulers.append(curve(name, series, i + 1, smooth, chunk=0 if sparse else chunk, end=""))
    plot = error_plot(view.data, digest.losses, smooth, rulers)
    plot = with_whatif(plot, view)
    if view.choices.yardsticks and not rulers:
        plot = replace(plot, note=view.failure(YARDSTICKS) or yardstick_note(view.data))
    return plot


def with_whatif(plot: Plot, view: View) -> Plot:
    """The same with the error of the what-if, where one is looked at."""
    if view.whatif is None:
        return plot
    changed, smooth = view.whatif.steps, view.timeline.smooth
    series = Series(changed.t, changed.adaptive)
    trace = curve("what-if", series, "whatif", smooth, chunk=averaged(view.data), end="")
    trace = replace(trace, alone=True, dashed=True, tag="w")
    return replace(plot, traces=(*plot.traces, trace))


def yardstick_note(data: SessionData) -> str:
    """Why no yardstick is drawn (yet)."""
    why = data.problem("trajectory")
    return f"no yardsticks: {why.reason}" if why is not None else "computing yardsticks ..."
