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
from tttui.plots.errors import Losses, curve, error_plot, losses_of
from tttui.store.snapshot import YARDSTICKS
from tttui.widgets.cards import Tone


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """The data of the Overview that does not depend on the cursor."""

    verdict: Verdict
    losses: Losses
    frozen_tail: Series
    adaptive_tail: Series
    """The last steps of both, those that the final errors are about."""
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
    return Digest(
        progress(data) if is_pretraining(data) else verdict(data),
        losses_of(data, None if before is None else before.losses),
        Series(t, frozen),
        adaptive_tail,
        transaction_texts(data),
        data.committed / data.attempted if data.attempted else None,
    )


def compared_plot(view: View, digest: Digest, beside: Sequence[tuple[str, Series]] = ()) -> Plot:
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
    trace = curve("what-if", series, "whatif", smooth, chunk=view.data.meta.chunk, end="")
    trace = replace(trace, alone=True, dashed=True, tag="w")
    return replace(plot, traces=(*plot.traces, trace))


def yardstick_note(data: SessionData) -> str:
    """Why no yardstick is drawn (yet)."""
    why = data.problem("trajectory")
    return f"no yardsticks: {why.reason}" if why is not None else "computing yardsticks ..."
