"""The friction that weights imply: asked in threads, remembered, and shown over time."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.arrays import Floats, Ints
from tttui.model.mu import mu_text
from tttui.model.session import SessionData
from tttui.model.settings import World
from tttui.panes.view import View
from tttui.tasks.pointmass.friction import Facts
from tttui.tasks.pointmass.hidden import Implied, Snapshot, implied, in_force, mu_at, regime, row_at

KEPT = 512
"""Snapshots whose implied friction is remembered."""

Key = tuple[int, int | None]


class Oracle:
    """What weights imply, by snapshot. The first question to a world costs 0.2 s, later ones 3 ms,
    so a thread asks; `told` is called there whenever an answer has arrived."""

    def __init__(self, told: Callable[[], object]) -> None:
        self._told = told
        self._known: dict[Key, Implied] = {}
        self._asked: Key | None = None

    def forget(self) -> None:
        """Another session: its snapshots carry the same steps."""
        self._known, self._asked = {}, None

    def known(self, held: Snapshot) -> Implied | None:
        """What is known already."""
        return self._known.get(_key(held))

    def ask(self, held: Snapshot, law: World) -> Implied | None:
        """What the snapshot implies, or None and the answer follows."""
        key, known = _key(held), self._known
        found = known.get(key)
        if found is None and self._asked is None:
            self._asked = key

            def work() -> None:
                answer = implied(held, law)
                if len(known) >= KEPT:
                    known.pop(next(iter(known)))
                known[key] = answer
                if self._known is known:
                    self._asked = None
                self._told()

            Thread(target=work, name="tttui-implied-mu", daemon=True).start()
        return found


def _key(held: Snapshot) -> Key:
    # Snapshots of one history are told apart by t, checkpoints by the array itself.
    return (id(held.weights["W_u"]) if held.t is None else -1, held.t)


def facts_at(view: View, law: World, oracle: Oracle, ghost: float | None) -> Facts:
    """All that is known about the friction at the cursor; what weights imply may follow."""
    data, trajectory, t = view.data, view.trajectory, view.timeline.cursor
    held = in_force(data, t)
    if isinstance(held, str):
        found, source = None, held
    else:
        found = oracle.ask(held, law)
        source = held.name if found is not None else f"asking the {held.name} ..."
    mu = mu_at(data, trajectory, t)
    i = None if trajectory is None else row_at(trajectory, t)
    z = a = None
    if trajectory is not None and i is not None:
        z, a = trajectory.z[i], trajectory.a[i]
    return Facts(
        mu,
        (law.mu_min, law.mu_max),
        found,
        source,
        None if mu is None or z is None else regime(z, mu, law),
        z,
        a,
        law.dt,
        data.meta.env_mode or "",
        ghost,
        _whatif_at(view),
        "" if mu is None or mu == data.mu_now else f"at t {t}, now {mu_text(data.mu_now)}",
    )


def _whatif_at(view: View) -> float | None:
    """What the weights of the what-if imply at the cursor; None where that is not known."""
    if view.whatif is None:
        return None
    events = view.whatif.transactions
    i = events.in_force(view.timeline.cursor)
    value = float("nan") if i is None else float(events.implied_mu[i])
    return value if np.isfinite(value) else None


def implied_plot(view: View, mu: Floats | None, mark: str) -> Plot:
    """The friction that the weights in force implied at every step, and the true one (`mu`, where
    it is known of every row of the trajectory)."""
    plot = learned_mu(view.data)
    traces = plot.traces
    known = view.trajectory is not None and mu is not None and len(mu) == len(view.trajectory)
    if traces and known:
        assert view.trajectory is not None
        assert mu is not None
        true = Trace("true", Series(view.trajectory.t, mu), "third", dashed=True)
        traces = (*(trace for trace in traces if trace.name != "true"), true)
    return replace(plot, title=f"{mark}Implied mu", traces=traces, steps=True)


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
