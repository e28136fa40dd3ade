"""Both models' errors over the steps: as recorded, or as averages in front of the samples."""

from collections.abc import Sequence

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.plot import End, Plot, Role, Trace
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.improvement import percentiles
from tttui.model.session import SessionData
from tttui.model.steps import Steps
from tttui.model.transactions import COMMIT, of_statuses

SPAN = 32
"""Span of the averages that the app draws, in steps."""

FEWEST = 16
"""Points that the means of a curve have at least, where updates do not say how many."""

LOG_SPREAD = 20.0
"""Errors that spread over more than this factor open on a logarithmic axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The errors of a session as series, ready to be drawn at any zoom, and its transactions."""

    frozen: Series
    """At the steps at which the frozen model was evaluated."""
    adaptive: Series
    no_update: Series | None
    every: bool
    """The frozen model was evaluated at every step."""
    marks: Marks


def errors_of(steps: Steps, before: tuple[Series, Series] | None = None) -> tuple[Series, Series]:
    """The errors of the frozen model, where it was evaluated, and of the adaptive one; `before`:
    those of fewer steps of the same session, which are continued."""
    t, frozen, _ = steps.compared()
    known = (None, None) if before is None else before
    adaptive = Series.after(known[1], steps.t, steps.adaptive)
    return Series.after(known[0], t, frozen), adaptive


def losses_of(data: SessionData, before: Losses | None = None) -> Losses:
    """The series of a session's errors; `before`: of an earlier state of it."""
    steps, idle = data.steps, data.steps.no_update
    known = None if before is None else before.no_update
    return Losses(
        *errors_of(steps, None if before is None else (before.frozen, before.adaptive)),
        None if idle is None else Series.after(known, steps.t, idle),
        steps.evaluated is None,
        marks_of(data),
    )


def marks_of(data: SessionData, statuses: frozenset[str] | None = None) -> Marks:
    """The transactions, of those that have an event only some `statuses` shown (None: all).

    Of a run without an events file they are those that per_step.csv flags. An update after the
    last step stands at that step, beyond which there is no axis.
    """
    events, steps = data.transactions, data.steps
    if len(events):
        shown = None if statuses is None else of_statuses(events, statuses)
        after = steps.t[-1] + 1 if len(steps) else -1
        t = np.where(events.t == after, after - 1, events.t)
        return Marks(t, *events.outcomes(), shown, events.branches())
    tried = np.flatnonzero(steps.did_update)
    failed = len(events.statuses)
    status = np.where(steps.update_ok[tried], COMMIT, failed)
    return Marks(steps.t[tried], status, (*events.statuses, "rollback"))


def error_plot(
    data: SessionData, losses: Losses, smooth: bool, rulers: Sequence[Trace] = ()
) -> Plot:
    """Both models' errors over the steps, in front of other curves."""
    chunk, loss = averaged(data), data.meta.loss
    end: End = "ended" if losses.every else ""  # between two scores the newer one holds
    traces = [
        curve("frozen", losses.frozen, "frozen", smooth, chunk=chunk, end=end),
        curve("adaptive", losses.adaptive, "adaptive", smooth, heavy=True, chunk=chunk),
    ]
    if losses.no_update is not None:
        third = curve("no update", losses.no_update, "third", smooth, chunk=chunk)
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
        marks=losses.marks,
        robust=True,
        note=span_note(smooth),
        message=why.reason if why is not None else "no steps recorded yet",
    )


def averaged(data: SessionData) -> int:
    """Steps whose mean is a point of a session's curves: those from update to update of the point
    mass; else, where every step may update, a power of two that leaves 16 points or more."""
    if data.meta.is_point_mass:
        return data.meta.chunk
    return min(SPAN, 1 << max((len(data.steps) // FEWEST).bit_length() - 1, 0))


def curve(
    name: str,
    series: Series,
    role: Role,
    smooth: bool,
    heavy: bool = False,
    end: End = "ended",
    chunk: int = 0,
) -> Trace:
    """The series (by chunks of so many steps, if any), or its exponential average with the series
    itself still visible behind it.

    Curves of one chart are averaged alike, or not at all: only then do they compare.
    """
    if not smooth:
        return Trace(name, series, role, heavy, end=end, chunk=chunk)
    average = Series(series.t, exponential(series.y, SPAN))
    return Trace(name, average, role, heavy, raw=series, end=end)


def span_note(smooth: bool) -> str:
    """The note beside a chart with averages."""
    return f"average, span {SPAN}" if smooth else ""


def spreads_far(data: SessionData) -> bool:
    """Whether the errors span so many decades that a linear axis would hide most of them."""
    errors = np.concatenate([data.steps.frozen[-2000:], data.steps.adaptive[-2000:]])
    errors = errors[np.isfinite(errors) & (errors > 0)]
    if len(errors) < 2:
        return False
    low, high = percentiles(errors, (5, 95))
    return bool(high > LOG_SPREAD * low)


_CHUNK = 512


def exponential(y: Floats, span: float) -> Floats:
    """Exponentially weighted average of y [n] with weight 2 / (span + 1) on the newest sample.

    The weights are normalised from the start (no bias to zero) and missing samples (NaN,
    infinity) are skipped: the average carries on past them, but is NaN where y is.
    The recursion s_i = (1 - w) s_{i-1} + w y_i is evaluated in blocks, as a scaled cumulative
    sum inside a block and one carried value between blocks, so that n may be large.
    """
    n = len(y)
    if n == 0 or span <= 1:
        return np.array(y, dtype=np.float64)
    keep = 1.0 - 2.0 / (span + 1.0)
    chunk = max(1, min(_CHUNK, int(-600.0 / np.log10(keep) / 4)))
    good = np.isfinite(y)
    values = np.where(good, y, 0.0)
    rows = -(-n // chunk)
    padded = np.zeros((2, rows * chunk))
    padded[0, :n] = values
    padded[1, :n] = good
    blocks = padded.reshape(2, rows, chunk)
    powers = keep ** np.arange(chunk)
    inside = np.cumsum(blocks / powers, axis=2) * powers
    carried = np.zeros((2, rows, 1))
    step = keep**chunk
    total, weight = 0.0, 0.0
    ends = inside[:, :, -1].T.tolist()
    for row, (a, b) in enumerate(ends):
        carried[:, row, 0] = total, weight
        total, weight = total * step + a, weight * step + b
    summed = (inside + carried * (powers * keep)).reshape(2, -1)[:, :n]
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = summed[0] / summed[1]
    return np.where(good, smooth, np.nan)
