"""The hidden quantity of the world, as the weights imply it, against the true one."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.arrays import Floats, Ints
from tttui.model.session import SessionData

if TYPE_CHECKING:
    from tttui.runs.whatif.result import WhatIfResult

NO_MARKS = np.empty(0, dtype=np.int64)
"""Before the first commit there is no value, and nothing is wrong."""


def learned_quantity(
    data: SessionData, at_cursor: tuple[int, float] | None = None, true: Series | None = None
) -> Plot:
    """What the weights in force implied at every step, against the true value.

    `at_cursor`: a step and the value implied there, for sessions whose transactions do not record
    it. `true`: the true values where these were recorded; else they are as scheduled.
    """
    events, steps, hidden = data.transactions, data.steps.t, data.meta.schema.hidden
    name = "hidden quantity" if hidden is None else hidden.name
    title = f"Learned {name}"
    t, values = events.implied()
    if len(steps) and np.isfinite(values).any():
        implied = Series(steps, _in_force(steps, t, values))
    elif len(steps) and at_cursor is not None and np.isfinite(at_cursor[1]):
        implied = _since_the_commit(data, *at_cursor)
    else:
        why = f"this run's transactions carry no implied {name}"
        if not len(steps) or not len(events):
            why = f"no transaction yet that tells what {name} the weights imply"
        return Plot(title, message=why, steps=False)
    traces = [_curve("implied", implied, heavy=True)]
    true = _scheduled(data) if true is None else true
    if true is not None:
        traces.append(Trace("true", true, "third", dashed=True))
    return Plot(title, "", traces=tuple(traces), from_zero=True, robust=True, steps=False)


def with_whatif(plot: Plot, whatif: "WhatIfResult | None") -> Plot:
    """The same with what the weights of the what-if imply, where one is shown."""
    if whatif is None or not plot.traces:
        return plot
    steps, (t, values) = whatif.steps.t, whatif.transactions.implied()
    if not len(steps) or not np.isfinite(values).any():
        return plot
    trace = _curve("what-if", Series(steps, _in_force(steps, t, values)))
    trace = replace(trace, role="whatif", dashed=True, tag="w")
    return replace(plot, traces=(*plot.traces, trace))


def _curve(name: str, series: Series, *, heavy: bool = False) -> Trace:
    return Trace(name, series, "adaptive", heavy, absent=lambda _: "-", not_numbers=NO_MARKS)


def _scheduled(data: SessionData) -> Series | None:
    """The true value at every step, as planned and as it was set; None where it is unknown."""
    steps, changes, first = data.steps.t, data.truth_changes, data.meta.truth
    if first is None:
        return None
    at = np.array([t for t, _ in changes], dtype=np.int64)
    true = _in_force(steps, at, np.array([value for _, value in changes], dtype=np.float64))
    true[: np.searchsorted(steps, at[0]) if len(at) else len(true)] = first
    return Series(steps, true)


def _since_the_commit(data: SessionData, t: int, value: float) -> Series:
    """`value` from the commit on that is in force at step t; at t alone where none is known."""
    steps, i = data.steps.t, data.transactions.in_force(t)
    since = t if i is None else int(data.transactions.t[i])
    inside = steps[np.searchsorted(steps, since) : np.searchsorted(steps, t, side="right")]
    return Series(inside, np.full(len(inside), value))


def _in_force(steps: Ints, t: Ints, values: Floats) -> Floats:
    """At every step the value that came into force last; NaN before the first."""
    if not len(t):
        return np.full(len(steps), np.nan)
    ends = np.append(np.searchsorted(steps, t), len(steps))
    return np.concatenate([np.full(ends[0], np.nan), np.repeat(values, np.diff(ends))])
