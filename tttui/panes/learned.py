"""What the point mass is there to learn: its hidden friction, as the weights imply it."""

from dataclasses import replace

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.arrays import Floats, Ints
from tttui.model.session import SessionData
from tttui.panes.view import View


def learned_mu(data: SessionData) -> Plot:
    """What this task is there to learn, against the truth: the friction that the weights in force
    implied at every step, and the true one, also after it was changed."""
    title, events, steps = "Learned mu", data.transactions, data.steps.t
    t, values = events.implied()
    if not len(steps) or not np.isfinite(values).any():
        why = "this run's transactions carry no implied mu"
        if not len(steps) or not len(events):
            why = "no transaction yet that tells what mu the weights imply"
        return Plot(title, message=why, steps=False)
    none = np.empty(0, dtype=np.int64)
    implied_mu = Series(steps, _held(steps, t, values))
    traces = [
        Trace("implied", implied_mu, "adaptive", True, absent=lambda _: "-", not_numbers=none)
    ]
    first = data.meta.mu
    if first is not None:
        at = np.array([t for t, _ in data.mu_changes], dtype=np.int64)
        true = _held(steps, at, np.array([mu for _, mu in data.mu_changes], dtype=np.float64))
        true[: np.searchsorted(steps, at[0]) if len(at) else len(true)] = first
        traces.append(Trace("true", Series(steps, true), "third", dashed=True))
    return Plot(title, "", tuple(traces), from_zero=True, robust=True, steps=False)


def with_whatif(plot: Plot, view: View) -> Plot:
    """The same with the friction that the weights of the what-if imply, where one is shown."""
    if view.whatif is None or not plot.traces:
        return plot
    steps, (t, values) = view.whatif.steps.t, view.whatif.transactions.implied()
    if not len(steps) or not np.isfinite(values).any():
        return plot
    none = np.empty(0, dtype=np.int64)
    trace = Trace(
        "what-if",
        Series(steps, _held(steps, t, values)),
        "whatif",
        dashed=True,
        tag="w",
        absent=lambda _: "-",
        not_numbers=none,
    )
    return replace(plot, traces=(*plot.traces, trace))


def _held(steps: Ints, t: Ints, values: Floats) -> Floats:
    """At every step the value that came into force last; NaN before the first."""
    if not len(t):
        return np.full(len(steps), np.nan)
    ends = np.append(np.searchsorted(steps, t), len(steps))
    return np.concatenate([np.full(ends[0], np.nan), np.repeat(values, np.diff(ends))])
