"""Texts about the transactions of a session: why there are none, and what one changed."""

from collections.abc import Sequence

import numpy as np

from tttui.model.arrays import PLASTIC, Weights
from tttui.model.session import SessionData
from tttui.model.weights import has_point_mass_weights

MOST_NAMES = 1000
"""Parameters among which those are looked for that changed most."""


def why_none(data: SessionData) -> str:
    """Why there is no transaction to show, as far as known."""
    problem = data.problem("transactions")
    if problem is None:
        return "No update was tried yet."
    tried = int(data.steps.did_update.sum())
    flagged = f" per_step.csv flags {tried} transactions." if tried else ""
    return f"No transactions: {problem.path.name}: {problem.reason}.{flagged}"


def change_of(data: SessionData, index: int | None) -> tuple[Weights | None, str]:
    """What a transaction changed in the weights, or why that cannot be shown."""
    if index is None:
        return None, ""
    history, events = data.history, data.transactions
    t = int(events.t[index])
    if history is None or not len(history):
        problem = data.problem("history")
        return None, f"What it changed: {problem.reason if problem else 'no history of weights'}."
    at = int(np.searchsorted(history.t, t))
    if at >= len(history) or history.t[at] != t:
        if not events[index].committed:
            return None, "Nothing changed: the snapshot was restored bit for bit."
        return None, "What it changed: the snapshot of this commit was thinned out."
    if at == 0:
        return None, "What it changed: there is no snapshot before this one."
    with np.errstate(invalid="ignore"):
        return {
            name: np.asarray(history.weights[name][at] - history.weights[name][at - 1])
            for name in _changed(data, index)
            if name in history.weights
        }, ""


def _changed(data: SessionData, index: int) -> Sequence[str]:
    """The matrices that are shown: of any model the three parameters that changed most."""
    if has_point_mass_weights(data):
        return PLASTIC
    event, history = data.transactions[index], data.history
    names = list(history.weights if history is not None else ())[:MOST_NAMES]
    return sorted(names, key=lambda k: -event.figures(k).get("delta_fro", 0.0))[:3]
