"""The friction that weights imply: computed in threads, cached, and shown at the cursor."""

from collections.abc import Callable
from threading import Thread

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.model.pointmass.settings import World
from tttui.model.truth import value_text
from tttui.panes.view import View
from tttui.tasks.pointmass import friction
from tttui.tasks.pointmass.friction import FrictionFacts
from tttui.tasks.pointmass.hidden import (
    CompleteWeights,
    Implied,
    implied,
    in_force,
    mu_at,
    regime,
    row_at,
)
from tttui.widgets.drawn import Redrawn

KEPT = 512
"""Snapshots whose implied friction is remembered."""

Key = tuple[int, int | None]


class Oracle:
    """Computes the friction that weights imply, cached by snapshot, in a thread, since the first
    answer for a world takes 0.2 s, later ones 3 ms; `on_answer` is called there whenever an answer
    has arrived."""

    def __init__(self, on_answer: Callable[[], object]) -> None:
        self._on_answer = on_answer
        self._known: dict[Key, Implied] = {}
        self._asked: Key | None = None

    def forget(self) -> None:
        """Another session: its snapshots carry the same steps."""
        self._known, self._asked = {}, None

    def known(self, weights: CompleteWeights) -> Implied | None:
        """The cached answer; None if it is not computed."""
        return self._known.get(_key(weights))

    def ask(self, weights: CompleteWeights, law: World) -> Implied | None:
        """The implied friction, or None, and the answer follows."""
        key, known = _key(weights), self._known
        known_answer = known.get(key)
        if known_answer is None and self._asked is None:
            self._asked = key

            def work() -> None:
                answer = implied(weights, law)
                if len(known) >= KEPT:
                    known.pop(next(iter(known)))
                known[key] = answer
                if self._known is known:
                    self._asked = None
                self._on_answer()

            Thread(target=work, name="tttui-implied-mu", daemon=True).start()
        return known_answer


def _key(weights: CompleteWeights) -> Key:
    # Snapshots of one history are told apart by t, checkpoints by the array itself.
    return (id(weights.weights["W_u"]) if weights.t is None else -1, weights.t)


def facts_at(view: View, law: World, oracle: Oracle, ghost: float | None) -> FrictionFacts:
    """All that is known about the friction at the cursor; what weights imply may follow."""
    data, trajectory, t = view.data, view.trajectory, view.timeline.cursor
    weights = in_force(data, t)
    if isinstance(weights, str):
        friction, source = None, weights
    else:
        friction = oracle.ask(weights, law)
        source = weights.name if friction is not None else f"asking the {weights.name} ..."
    mu = mu_at(data, trajectory, t)
    i = None if trajectory is None else row_at(trajectory, t)
    z = a = None
    if trajectory is not None and i is not None:
        z, a = trajectory.z[i], trajectory.a[i]
    return FrictionFacts(
        mu,
        (law.mu_min, law.mu_max),
        friction,
        source,
        None if mu is None or z is None else regime(z, mu, law),
        z,
        a,
        law.dt,
        data.meta.env_mode or "",
        ghost,
        _whatif_at(view),
        "" if mu is None or mu == data.truth_now else f"at t {t}, now {value_text(data.truth_now)}",
    )


def _whatif_at(view: View) -> float | None:
    """What the weights of the what-if imply at the cursor; None where that is not known."""
    if view.whatif is None:
        return None
    events = view.whatif.transactions
    i = events.in_force(view.timeline.cursor)
    value = float("nan") if i is None else float(events.implied_mu[i])
    return value if np.isfinite(value) else None


class FrictionView(Redrawn):
    """`FrictionFacts` about the friction; paints again only when they changed."""

    DEFAULT_CSS = "FrictionView { min-height: 2; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.facts = FrictionFacts()
        self._mark = ""

    def set_facts(self, facts: FrictionFacts) -> None:
        self.facts = facts
        self.repaint()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        size = (width, height)
        return friction.paint(self.facts, size, self.look, self._mark)
