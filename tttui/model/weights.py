"""The plastic weights at a step, and comparisons with others."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

import numpy as np

from tttui.model.arrays import PLASTIC, Weights
from tttui.model.dataclass import dataclass
from tttui.model.session import History, SessionData
from tttui.model.tensors import Tensors, whole
from tttui.model.transactions import COMMIT

Aspect = Literal["value", "start", "previous", "commit", "parent", "other"]

ASPECTS: tuple[Aspect, ...] = ("value", "start", "previous", "commit", "parent", "other")
"""What can be shown of the weights, in the order in which a person cycles through it."""

TITLES: Mapping[Aspect, str] = {
    "value": "value",
    "start": "change since the start",
    "previous": "change since the previous commit",
    "commit": "change of the commit at the cursor",
    "parent": "change against the parent at the fork",
    "other": "change against another session",
}


@dataclass(frozen=True, slots=True, eq=False)
class WeightsInForce:
    """The plastic matrices that are in force at a step, and where they come from."""

    matrices: Weights
    index: int | None
    """Of the snapshot in the history; None where the weights come from a checkpoint."""
    source: str
    """For a person: `snapshot of t 288`."""


@dataclass(frozen=True, slots=True, eq=False)
class ShownWeights:
    """Matrices to show, or why there are none."""

    aspect: Aspect
    matrices: Weights = field(default_factory=Weights)
    says: str = ""
    """Source of the numbers: `snapshot of t 288 minus snapshot of t 0`."""
    why_not: str = ""
    """One sentence where `matrices` is empty."""

    @property
    def is_change(self) -> bool:
        return self.aspect != "value"


def index_at(history: History, t: int) -> int | None:
    """Index of the snapshot in force at step t; None before the first one."""
    i = int(np.searchsorted(history.t, t, side="right")) - 1
    return i if i >= 0 else None


def snapshot(history: History, i: int, names: Sequence[str] = PLASTIC) -> WeightsInForce:
    """Snapshot i of these matrices as plain arrays."""
    known = {k: history.snapshots(k) for k in names}
    matrices = {k: np.asarray(stack[i]) for k, stack in known.items() if stack is not None}
    return WeightsInForce(matrices, i, f"snapshot of t {int(history.t[i])}")


def has_history(data: SessionData) -> bool:
    return data.history is not None and len(data.history) > 0


def has_point_mass_weights(data: SessionData) -> bool:
    """Whether what is known of the weights is about the matrices of the point mass."""
    if not data.meta.is_point_mass:
        return False
    if data.history is None or not data.history.weights:
        return True
    return any(name in data.history.weights for name in PLASTIC)


def history_of(data: SessionData, names: Sequence[str] = PLASTIC) -> History | None:
    """The history, where it has snapshots of any of these matrices (of the point mass: at all)."""
    history = data.history
    if history is None or not len(history):
        return None
    known = names is PLASTIC or any(history.snapshots(k) is not None for k in names)
    return history if known else None


def weights_in_force(
    data: SessionData, t: int, names: Sequence[str] = PLASTIC
) -> WeightsInForce | None:
    """The weights in force at step t; without a history those of the newest checkpoint.

    None where neither is there, or where the history begins later.
    """
    history = history_of(data, names)
    if history is not None:
        i = index_at(history, t)
        return None if i is None else snapshot(history, i, names)
    if data.weights:
        return WeightsInForce(_plastic(data.weights), None, "newest checkpoint")
    return _loaded(data.checkpoint, names, "newest checkpoint")


def commits_behind(data: SessionData, t: int, names: Sequence[str] = PLASTIC) -> int:
    """The number of commits up to step t after the snapshot of `weights_in_force`, whose weights
    were not kept or thinned out."""
    history, events = history_of(data, names), data.transactions
    i, commit = None if history is None else index_at(history, t), events.in_force(t)
    if history is None or i is None or commit is None or events.t[commit] <= history.t[i]:
        return 0
    return commits_between(data, int(history.t[i]), t)


def commits_between(data: SessionData, first: int, last: int) -> int:
    """How many commits there are after step `first`, up to step `last`."""
    events = data.transactions
    inside = (events.status == COMMIT) & (events.t > first) & (events.t <= last)
    return int(np.count_nonzero(inside))


def weights_at_start(data: SessionData, names: Sequence[str] = PLASTIC) -> WeightsInForce | None:
    """The weights that the session began with; without a history those of the base."""
    history = history_of(data, names)
    if history is not None:
        return snapshot(history, 0, names)
    if data.base:
        return WeightsInForce(_plastic(data.base), None, "base")
    return _loaded(data.begun, names, "base")


def _loaded(tensors: Tensors | None, names: Sequence[str], source: str) -> WeightsInForce | None:
    matrices = (
        {} if tensors is None else {k: whole(tensors, k) for k in names if k in tensors.specs}
    )
    return WeightsInForce(matrices, None, source) if matrices else None


def why_no_weights(data: SessionData, names: Sequence[str] = PLASTIC) -> str:
    """One sentence for a session or a step for which `weights_in_force` has nothing."""
    if history_of(data, names) is not None and data.history is not None:
        return f"The history of the weights begins at step {int(data.history.t[0])}."
    if data.checkpoint is not None or data.history is not None:
        return "Only figures of this parameter are recorded, not its values."
    for part in ("history", "weights"):
        problem = data.problem(part)
        if problem is not None and not (part == "history" and data.place.layout != "native"):
            return f"{problem.path.name}: {problem.reason}."
    return "No weights are recorded for this session."


def compare(
    aspect: Aspect,
    data: SessionData,
    t: int,
    *,
    transaction: int | None = None,
    parent: SessionData | None = None,
    other: SessionData | None = None,
    names: Sequence[str] = PLASTIC,
) -> ShownWeights:
    """The matrices that `aspect` shows at step t, of those with these names.

    `transaction` is the selected transaction, `parent` the session that this one was forked from
    (needed only where there is no history of its own), `other` the one that a person picked.
    """
    if aspect == "commit":
        return _of_commit(data, t, transaction, names)
    now = weights_in_force(data, t, names)
    if now is None:
        return ShownWeights(aspect, why_not=why_no_weights(data, names))
    if aspect == "value":
        return ShownWeights(aspect, now.matrices, now.source)
    if aspect == "start":
        begun = weights_at_start(data, names)
        return _against(aspect, now, begun, "The base's weights cannot be read.")
    if aspect == "previous":
        return _since_previous(data, now, names)
    if aspect == "parent":
        return _against_parent(data, now, parent, names)
    if other is None:
        return ShownWeights(aspect, why_not="No other session is chosen; c chooses one.")
    others_weights = weights_in_force(other, t, names)
    name = other.meta.session_id or other.place.name
    if others_weights is None:
        return ShownWeights(aspect, why_not=f"{name} has no weights at step {t}.")
    return _against(
        aspect,
        now,
        WeightsInForce(others_weights.matrices, None, f"{name}, {others_weights.source}"),
        "",
    )


def difference(after: Weights, before: Weights) -> Weights:
    """after - before for the matrices that both have in the same shape."""
    with np.errstate(all="ignore"):
        return {
            k: after[k] - before[k]
            for k in after
            if k in before and after[k].shape == before[k].shape
        }


def commit_at(data: SessionData, t: int, transaction: int | None) -> int | None:
    """The transaction that is meant at step t: the selected one, else the last one at t."""
    events = data.transactions
    if transaction is not None and transaction < len(events) and int(events.t[transaction]) == t:
        return transaction
    i = int(np.searchsorted(events.t, t, side="right")) - 1
    return i if i >= 0 and int(events.t[i]) == t else None


def _plastic(weights: Weights) -> Weights:
    return {k: weights[k] for k in PLASTIC if k in weights}


def _against(
    aspect: Aspect, now: WeightsInForce, before: WeightsInForce | None, why_not: str
) -> ShownWeights:
    if before is None:
        return ShownWeights(aspect, why_not=why_not)
    changed = difference(now.matrices, before.matrices)
    if not changed:
        return ShownWeights(aspect, why_not="The matrices have other shapes; they do not compare.")
    return ShownWeights(aspect, changed, f"{now.source} minus {before.source}")


def _since_previous(data: SessionData, now: WeightsInForce, names: Sequence[str]) -> ShownWeights:
    history = history_of(data, names)
    if history is None or now.index is None:
        return ShownWeights("previous", why_not=_NO_HISTORY)
    index: int | None = now.index
    here = int(history.t[now.index])
    if data.transactions.base_restored_at(here):
        return ShownWeights("previous", why_not=f"The base's weights, restored at {here}.")
    if data.transactions.restored_at(here):
        # the snapshot before is that of a commit which was undone here
        commit = data.transactions.in_force(here)
        since = int(history.t[0] if commit is None else data.transactions.t[commit])
        index = index_at(history, since)
        if index is None or int(history.t[index]) != since:
            why = f"The snapshot of step {since}, restored at {here}, was thinned out."
            return ShownWeights("previous", why_not=why)
    if not index:
        first = int(history.t[0])
        return ShownWeights("previous", why_not=f"These are the weights of the start (t {first}).")
    return _against("previous", now, snapshot(history, index - 1, names), "")


def _of_commit(
    data: SessionData, t: int, transaction: int | None, names: Sequence[str]
) -> ShownWeights:
    events, history = data.transactions, history_of(data, names)
    if history is None:
        return ShownWeights("commit", why_not=_NO_HISTORY)
    at = commit_at(data, t, transaction)
    if at is None:
        return ShownWeights("commit", why_not=f"No update at step {t}; [ and ] go to the next one.")
    status = events.statuses[int(events.status[at])]
    restored = status == "rollback_live_regression"
    if events.status[at] != COMMIT and not restored:
        return ShownWeights(
            "commit", why_not=f"Rolled back at step {t}: the weights did not change."
        )
    i = int(np.searchsorted(history.t, t))
    if i >= len(history) or int(history.t[i]) != t:
        why = f"The snapshot of step {t} was thinned out of the history."
        return ShownWeights("commit", why_not=why)
    if i == 0:
        return ShownWeights("commit", why_not=f"The history has nothing before step {t}.")
    after, before = snapshot(history, i, names), snapshot(history, i - 1, names)
    change = _against("commit", after, before, "")
    if restored:
        return ShownWeights("commit", change.matrices, f"{change.says}: earlier weights restored")
    return change


def _against_parent(
    data: SessionData, now: WeightsInForce, parent: SessionData | None, names: Sequence[str]
) -> ShownWeights:
    meta = data.meta
    if meta.parent_session_id is None and not meta.begins_with_version:
        return ShownWeights("parent", why_not="This session was not forked from another one.")
    if history_of(data, names) is not None:
        # A fork starts from exactly the parent's weights, and that is its first snapshot.
        forked = "" if meta.forked_at_t is None else f" at its step {meta.forked_at_t}"
        start = weights_at_start(data, names)
        if meta.forked_at_t and meta.raw.get("shares_past") is True:
            start = weights_in_force(data, meta.forked_at_t - 1, names) or start
        assert start is not None
        own = meta.begins_with_version
        name = meta.started_from if own else f"{meta.parent_session_id}{forked}"
        return _against("parent", now, WeightsInForce(start.matrices, 0, name), "")
    if meta.begins_with_version:
        return ShownWeights("parent", why_not="The weights that it began with are not kept.")
    if parent is None:
        why = f"The parent {meta.parent_session_id} is not among the sessions found here."
        return ShownWeights("parent", why_not=why)
    end = np.iinfo(np.int64).max if meta.forked_at_t is None else meta.forked_at_t
    before = weights_in_force(parent, int(end), names)
    if before is None:
        return ShownWeights("parent", why_not=f"{meta.parent_session_id} has no weights.")
    name = f"{meta.parent_session_id}, {before.source}"
    return _against("parent", now, WeightsInForce(before.matrices, None, name), "")


_NO_HISTORY = "This session keeps no history of its weights, only the newest checkpoint."
