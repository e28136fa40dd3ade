"""The parameters of any model: facts at a step, and curves over time."""

import math
from collections.abc import Container, Mapping, Sequence

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.lora import product_norm
from tttui.model.schema import Pair, TensorSpec
from tttui.model.session import History, SessionData
from tttui.model.statistics import MEASURES, Statistics
from tttui.model.transactions import COMMIT, Transaction, Transactions
from tttui.model.weights import commits_behind, index_at

MOST_READ = 1 << 24
"""Elements of all parameters in a snapshot up to which it is read to see how far they moved."""

RECENT = 8
"""Commits among which one that tells how far weights have moved is looked for."""

NAN = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """The facts about every parameter [n] at a step; NaN if unknown."""

    specs: tuple[TensorSpec, ...]
    share: Floats
    """Part of all elements, 0..1."""
    norm: Floats
    moved: Floats
    """Norm of the change since the start."""
    since: Floats
    """Norm of the change of the last commit."""
    kept: tuple[bool, ...]
    """Whether the history holds its values."""

    def __len__(self) -> int:
        return len(self.specs)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.specs)

    @property
    def size(self) -> int:
        """Elements of all parameters."""
        return sum(spec.size for spec in self.specs)


def specs_of(data: SessionData) -> tuple[TensorSpec, ...]:
    """The plastic parameters, in the order of the model: as recorded, else as files hold them."""
    specs = {spec.name: spec for spec in data.meta.schema.plastic}
    products = {pair.name for pair in data.meta.schema.pairs}
    for known in (data.history, data.checkpoint, data.begun):
        for name, spec in (known.specs if known is not None else {}).items():
            if name not in products:
                specs.setdefault(name, spec)
    return tuple(specs.values())


def listed(data: SessionData) -> tuple[TensorSpec, ...]:
    """The parameters, and before each pair of them its product."""
    products = {pair.a.name: pair.spec for pair in data.meta.schema.pairs}
    ordered: list[TensorSpec] = []
    for spec in specs_of(data):
        if spec.name in products:
            ordered.append(products[spec.name])
        ordered.append(spec)
    return tuple(ordered)


def inventory(data: SessionData, t: int) -> Inventory:
    """The parameters as they are in force at step t."""
    specs = listed(data)
    n, history = len(specs), data.history
    norm, moved, since = np.full((3, n), NAN)
    own = {spec.name for spec in specs_of(data)}
    total = sum(spec.size for spec in specs if spec.name in own)
    share = np.array([spec.size / total if total and spec.name in own else NAN for spec in specs])
    weights = {} if history is None else history.weights
    pairs = {pair.name: pair for pair in data.meta.schema.pairs}
    _from_history(history, specs, pairs, t, norm, moved, since)
    if commits_behind(data, t, tuple(weights)) and history is not None and not index_at(history, t):
        moved[:] = NAN  # they moved since the only snapshot, and nobody knows how far
    event = last_commit(data, t)
    if event is not None:
        before = _recent_commits(data, t)
        for i, spec in enumerate(specs):
            known = event.figures(spec.name) if math.isnan(norm[i]) else {}
            norm[i] = known.get("fro", norm[i])
            since[i] = known.get("delta_fro", since[i])
            moved[i] = _moved(spec.name, before) if known else moved[i]
    in_history = tuple(s.name in weights or _both_in(weights, pairs.get(s.name)) for s in specs)
    return Inventory(specs, share, norm, moved, since, in_history)


def moves_known(known: Inventory) -> bool:
    """Whether the movement of any parameter is known."""
    return bool(np.isfinite(known.moved).any() or not np.isfinite(known.since).any())


def _recent_commits(data: SessionData, t: int) -> list[Transaction]:
    """The commit in force and those just before it: of large weights not every one tells how far
    they have moved."""
    at = data.transactions.in_force(t)
    status = data.transactions.status
    return (
        []
        if at is None
        else [
            data.transactions[i] for i in range(at, max(at - RECENT, -1), -1) if status[i] == COMMIT
        ]
    )


def _moved(name: str, commits: Sequence[Transaction]) -> float:
    """The norm of the change since the start as the newest of these tells it."""
    norms = (commit.figures(name).get("moved_fro", NAN) for commit in commits)
    return next((norm for norm in norms if not math.isnan(norm)), NAN)


def _both_in(names: Container[str], pair: Pair | None) -> bool:
    return pair is not None and pair.a.name in names and pair.b.name in names


def last_commit(data: SessionData, t: int) -> Transaction | None:
    """The commit whose weights are in force at step t."""
    at = data.transactions.in_force(t)
    return None if at is None else data.transactions[at]


def _from_history(
    history: History | None,
    specs: Sequence[TensorSpec],
    pairs: Mapping[str, Pair],
    t: int,
    norm: Floats,
    moved: Floats,
    since: Floats,
) -> None:
    """Fill in what the snapshots tell, unless they are too large to be read for that."""
    i = None if history is None or not len(history) else index_at(history, t)
    if history is None or i is None:
        return
    if sum(math.prod(W.shape[1:]) for W in history.weights.values()) > MOST_READ:
        return
    weights = history.weights
    for k, spec in enumerate(specs):
        pair = pairs.get(spec.name)
        if pair is not None and _both_in(weights, pair):
            a, b, scale = weights[pair.a.name], weights[pair.b.name], pair.scale
            norm[k] = product_norm(a[i], b[i], scale)
            moved[k] = product_norm(a[i], b[i], scale, (a[0], b[0])) if i else 0.0
            since[k] = product_norm(a[i], b[i], scale, (a[i - 1], b[i - 1])) if i else NAN
        snapshots = weights.get(spec.name)
        if snapshots is None:
            continue
        now = np.asarray(snapshots[i])
        norm[k] = _norm(now)
        with np.errstate(all="ignore"):  # what is not finite is told as such
            moved[k] = _norm(now - np.asarray(snapshots[0])) if i else 0.0
            since[k] = _norm(now - np.asarray(snapshots[i - 1])) if i else NAN


def _norm(W: Floats) -> float:
    with np.errstate(all="ignore"):
        flat = W.reshape(-1).astype(np.float64)
        return float(np.sqrt(flat @ flat))


def recorded_statistics(events: Transactions, name: str) -> Statistics:
    """Figures of a parameter as the transactions recorded them, one point a commit."""
    commits = np.flatnonzero(events.status == COMMIT)
    recorded = zip(events.t[commits].tolist(), events.figures(name, commits.tolist()), strict=True)
    rows = [(at, figures) for at, figures in recorded if figures]
    t: Ints = np.array([at for at, _ in rows], dtype=np.int64)
    measures = ("fro", "max_abs", "mean", "std")
    columns = {m: np.array([figures.get(m, NAN) for _, figures in rows]) for m in measures}
    rest = {m: np.full(len(rows), NAN) for m in MEASURES if m not in measures}
    return Statistics(t, {name: {**columns, **rest}})
