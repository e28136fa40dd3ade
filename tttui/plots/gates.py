"""Gates of transactions over the steps: measured values with their limits."""

from dataclasses import replace

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.numbers import short
from tttui.draw.plot import Band, Plot, Role, Threshold, Trace
from tttui.model.arrays import Floats
from tttui.model.explain import STANDARD, limits
from tttui.model.session import SessionData
from tttui.model.transactions import NON_FINITE

NO_STEP = "no step"
"""Said for a number that was never measured, since a gate stopped the transaction before that."""

GATES_SHOWN = 300
"""Newest transactions that are decoded for the values of a person's own gate."""

SPREAD = 15.0
"""Values that spread over more than this factor are drawn on a logarithmic axis."""


def gate_plots(data: SessionData, message: str) -> list[tuple[Plot, bool]]:
    """Gradient norm, losses and state norm with their thresholds; each with: logarithmic?

    Of any other model than the point mass a person's own gate takes the place of the state norm;
    there are two plots where it has none but those two.
    """
    if not data.meta.is_point_mass:
        own = own_gate_plot(data, message)
        return [*_recorded_plots(data, message), *([own] if own is not None else [])]
    events = data.transactions
    t, tol = events.t, limits(data, "rollback_tol")
    band = tolerance(data)
    allowed = "tolerance not recorded"
    if band is not None:
        allowed = f"band: {band.name}"
        allowed += "" if (tol == tol[-1]).all() else " in the end"
    largest = np.fmax(events.pre_max_h, events.post_max_h)

    def untaken(at: float) -> str:
        """Whether the transaction at a step was stopped before its step."""
        i = int(np.searchsorted(t, at, "right")) - 1
        return NO_STEP if i >= 0 and events[i].post_loss is None else ""

    # a gate may have stopped a transaction before there was a number
    odd = [i for i in np.flatnonzero(events.status == NON_FINITE).tolist() if not untaken(t[i])]
    taken = np.zeros(len(events), dtype=np.bool_)
    taken[odd] = True

    def pair(pre: Floats, post: Floats) -> tuple[Trace, Trace]:
        """A number before the step of each transaction, and after it."""
        after = Trace("post", Series(t, post), "adaptive", heavy=True, absent=untaken)
        marked = t[taken & np.isnan(post)]
        return Trace("pre", Series(t, pre), "frozen"), replace(after, not_numbers=marked)

    return [
        (
            Plot(
                title="grad_norm",
                traces=(
                    *limit_curve(data, "grad_norm_max"),
                    Trace("gradient norm", Series(t, events.grad_norm), "third"),
                ),
                thresholds=limit_line(data, "grad_norm_max"),
                message=message,
            ),
            spreads(events.grad_norm),
        ),
        (
            Plot(
                title="loss",
                note=allowed,
                traces=(
                    # where the band cannot be seen its upper edge, the gate itself, still can
                    *((Trace("allowed", band.high, "third"),) if band is not None else ()),
                    *pair(events.pre_loss, events.post_loss),
                ),
                band=band,
                message=message,
            ),
            spreads(np.concatenate([events.pre_loss, events.post_loss])),
        ),
        (
            Plot(
                title="max |h|",
                traces=(
                    *limit_curve(data, "state_norm_max"),
                    *pair(events.pre_max_h, events.post_max_h),
                ),
                thresholds=limit_line(data, "state_norm_max"),
                message=message,
            ),
            spreads(largest),
        ),
    ]


def tolerance(data: SessionData) -> Band | None:
    """The limit of the loss after an update; None if not recorded."""
    events, tol = data.transactions, limits(data, "rollback_tol")
    if not np.isfinite(tol).any():
        return None
    low, high = events.pre_loss * np.maximum(1 - tol, 0.0), events.pre_loss * (1 + tol)
    name = f"pre_loss x (1 +- {tol[-1]:g})"
    return Band(name, Series(events.t, low), Series(events.t, high))


def _recorded_plots(data: SessionData, message: str) -> list[tuple[Plot, bool]]:
    """Gradient norm and losses of any other model, as far as they were recorded."""
    events = data.transactions

    def trace(name: str, values: Floats, role: Role, *, heavy: bool = False) -> list[Trace]:
        known = ~np.isnan(values)
        if not known.any():
            return []
        return [Trace(name, Series(events.t[known], values[known]), role, heavy=heavy)]

    norms = trace("gradient norm", events.grad_norm, "third")
    losses = trace("pre", events.pre_loss, "frozen")
    losses += trace("post", events.post_loss, "adaptive", heavy=True)
    both = np.concatenate([events.pre_loss, events.post_loss])
    band = None if not losses or (events.pre_loss < 0).any() else tolerance(data)
    allowed = "" if band is None else f"band: {band.name}"

    def why(title: str) -> str:
        return f"no {title} recorded" if len(events) else message

    return [
        (
            Plot(
                title="grad_norm",
                traces=(*limit_curve(data, "grad_norm_max"), *norms) if norms else (),
                thresholds=limit_line(data, "grad_norm_max"),
                message=why("grad_norm"),
            ),
            spreads(events.grad_norm),
        ),
        (
            Plot(
                title="loss",
                note=allowed,
                traces=tuple(losses),
                band=band,
                message=why("loss"),
            ),
            spreads(both),
        ),
    ]


def own_gate_plot(data: SessionData, message: str) -> tuple[Plot, bool] | None:
    """The first gate of a person's own that transactions recorded, with its limit, over the newest
    of them; None where they recorded only those that have plots already."""
    events = data.transactions
    points: list[tuple[int, float, float]] = []
    name, standard = "", False
    for i in range(max(len(events) - GATES_SHOWN, 0), len(events)):
        for gate in events[i].gates:
            if gate.name in STANDARD:
                standard = True
                continue
            name = name or gate.name
            if gate.name == name and gate.value is not None:
                at_most = np.nan if gate.limit is None else gate.limit
                points.append((int(events.t[i]), gate.value, at_most))
                break
    if not points:
        why = message if not len(events) else "no gate recorded"
        return None if standard else (Plot(title="gates", message=why), False)
    t = np.array([t for t, _, _ in points], dtype=np.int64)
    value, limit = (np.array([row[k] for row in points], dtype=np.float64) for k in (1, 2))
    same = np.isfinite(limit).all() and bool((limit == limit[0]).all())
    lines = (_line("limit", float(limit[0])),) if same else ()
    traces = [Trace(name, Series(t, value), "adaptive", heavy=True)]
    if not same and np.isfinite(limit).any():
        traces.insert(0, Trace("limit", Series(t, limit), "frozen"))
    note = f"newest {GATES_SHOWN}" if len(events) > GATES_SHOWN else ""
    plot = Plot(title=name, traces=tuple(traces), thresholds=lines, note=note, message=message)
    return plot, spreads(value)


def limit_line(data: SessionData, key: str) -> tuple[Threshold, ...]:
    """A threshold that was the same for all transactions."""
    values = limits(data, key)
    same = len(values) > 0 and bool((values == values[0]).all())
    return (_line(key, float(values[0])),) if same else ()


def _line(name: str, value: float) -> Threshold:
    return Threshold(f"{name} {short(value)}", value, short(value))


def limit_curve(data: SessionData, key: str) -> tuple[Trace, ...]:
    """A threshold that was changed while the run went on."""
    values = limits(data, key)
    changed = np.isfinite(values).any() and not (values == values[0]).all()
    return (Trace(key, Series(data.transactions.t, values), "frozen"),) if changed else ()


def spreads(values: Floats) -> bool:
    """Whether the positive values span so much that a linear axis would hide most of them."""
    known = values[np.isfinite(values) & (values > 0)]
    if len(known) < 2:
        return False
    return bool(known.max() > SPREAD * known.min())
