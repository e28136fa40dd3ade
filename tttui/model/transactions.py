"""Update transactions and their outcomes, in columns for speed."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.setting import float_of

V = TypeVar("V")

STATUSES = (
    "commit",
    "rollback_loss_regression",
    "rollback_grad_norm",
    "rollback_state_norm",
    "rollback_non_finite",
    "rollback_live_regression",
)
"""The statuses that tttui writes; `Transactions.statuses` may hold foreign ones after these."""

IMPLIED = "implied_mu"
"""Key of a record: the hidden quantity that the committed weights imply."""

NUMBERS = ("pre_loss", "post_loss", "grad_norm", "pre_max_h", "post_max_h", "lr", IMPLIED, "to_t")
"""Keys of a record that are float columns, NaN where absent or null."""

COMMIT = 0
"""Index of `commit` in STATUSES and in every `Transactions.statuses`."""

NON_FINITE = STATUSES.index("rollback_non_finite")
"""Index of the status of transactions that met a value which is not finite."""

UNDONE = "commit_undone"
"""What became of a commit whose weights were given up later for earlier ones; in no file."""

LIVE = STATUSES.index("rollback_live_regression")
"""Index of the status whose transactions put earlier weights (`to_t`) back in force."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction. Absent or null numbers are None; `raw` is the object in the file."""

    t: int
    status: str
    pre_loss: float | None = None
    post_loss: float | None = None
    grad_norm: float | None = None
    pre_max_h: float | None = None
    post_max_h: float | None = None
    lr: float | None = None
    inner_steps: int | None = None
    duration_ms: float | None = None
    implied_mu: float | None = None
    to_t: int | None = None
    live_mse: float | None = None
    """Error of the weights in force on the steps since the last transaction."""
    live_frozen_mse: float | None = None
    """Error of the frozen model on the same steps."""
    live_steps: int | None = None
    """How many steps that were."""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def reason(self) -> str:
        """The recorded reason of a rollback; '' without one."""
        return text_of(self.raw.get("reason"))

    @property
    def gates(self) -> tuple["RecordedGate", ...]:
        """The recorded gates of the transaction."""
        raw_gates = self.raw.get("gates")
        return () if not isinstance(raw_gates, list) else tuple(_gates(raw_gates[:MOST_GATES]))

    @property
    def kind(self) -> str:
        """What kind of change it was (`gradient`, `ema`, `restore` ...), as it was recorded."""
        kind = text_of(self.raw.get("why"))
        if self.raw.get("outside") is True and kind != "outside update":
            return f"{kind}, outside any update" if kind else "outside any update"
        return kind

    def figures(self, name: str) -> Mapping[str, float]:
        """What was recorded of a parameter after this transaction: `fro`, `delta_fro` ..."""
        return figures_in(self.raw, name)

    @property
    def committed(self) -> bool:
        return self.status == STATUSES[COMMIT]


def figures_in(record: Mapping[str, Any], name: str) -> Mapping[str, float]:
    """The recorded statistics of a parameter in a transaction's object; empty if there are none."""
    weights = record.get("weights")
    value = weights.get(name) if isinstance(weights, Mapping) else None
    value = record.get(name) if value is None else value
    if not isinstance(value, Mapping):
        return {}
    return {
        key: float_of(x)
        for key, x in value.items()
        if isinstance(x, (int, float)) and not isinstance(x, bool)
    }


@runtime_checkable
class ReadsOne(Protocol):
    """Records that can be read for one parameter alone: there may be thousands in each."""

    def of_parameter(self, name: str, which: Sequence[int]) -> Iterator[Mapping[str, Any]]:
        """These records with no other figures than those of a parameter."""


LONGEST_TEXT = 1000
"""Characters of a text in a transaction that are shown."""

MOST_GATES = 50


@dataclass(frozen=True, slots=True)
class RecordedGate:
    """A recorded gate with its outcome, since its limit may be an upper or lower bound."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    at_least: bool = False
    """The limit is a lower bound."""


def _gates(entries: Sequence[Any]) -> Iterator[RecordedGate]:
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            value, limit = (_float(entry.get(key)) for key in ("value", "limit"))
            passed, at_least = entry.get("passed") is not False, entry.get("at_least") is True
            yield RecordedGate(text_of(entry["name"]), value, limit, passed, at_least)


def _float(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float_of(value) if is_number else None


def text_of(value: Any) -> str:
    """A text in a file, up to what is shown of it; '' for what is none."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


_END = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Returns:
    """Every time that weights of an earlier step were put back in force, ascending."""

    at: list[int]
    """Number of the first transaction after it, or of the one that it was."""
    t: list[int]
    to_t: list[int]
    to: list[int]
    """Number of the first transaction after the step whose weights were restored."""


@dataclass(frozen=True, slots=True, eq=False)
class Transactions:
    """All transactions of a run, ascending in t, as columns of length [n]; NaN where absent.

    `status` indexes `statuses`, which starts with STATUSES and goes on with unknown ones.
    `records[i]` is the i-th object as it stood in the file (for what has no column); readers
    give a sequence that decodes it on demand.
    """

    t: Ints
    status: Ints
    pre_loss: Floats
    post_loss: Floats
    grad_norm: Floats
    pre_max_h: Floats
    post_max_h: Floats
    lr: Floats
    implied_mu: Floats
    statuses: tuple[str, ...] = STATUSES
    records: Sequence[Mapping[str, Any]] = ()
    to_t: Floats | None = None
    """The steps whose weights were restored, NaN where none were; None: nowhere."""
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    """A person's own words for statuses."""
    restored: tuple[tuple[int, int], ...] = ()
    """Rollbacks by hand: before which step, and the step whose weights were restored; ascending."""
    _worked_out: dict[str, Any] = field(init=False, default_factory=dict[str, Any], repr=False)
    """What is asked for at every move of the cursor, by the name of its method."""

    def _once(self, name: str, work_out: Callable[[], V]) -> V:
        """What `work_out` returned the first time."""
        if name not in self._worked_out:
            self._worked_out[name] = work_out()
        value: V = self._worked_out[name]
        return value

    def snapshot_name(self, taken: int, t: int) -> str:
        """A snapshot by its step, with how many updates it is behind what was in force at t."""
        between = (self.t > taken) & (self.t <= t) & (self.status == COMMIT)
        n = int(between.sum())
        return f"t {taken}" if not n else f"t {taken}, {n} update{'s' if n > 1 else ''} older"

    @classmethod
    def empty(cls) -> "Transactions":
        none = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        return cls(whole, whole, none, none, none, none, none, none, none)

    def __len__(self) -> int:
        return len(self.t)

    def only(self, rows: Bools) -> "Transactions":
        """Those of the transactions that `rows` [n] holds."""
        at = np.flatnonzero(rows).tolist()
        return replace(
            self,
            t=self.t[rows],
            status=self.status[rows],
            pre_loss=self.pre_loss[rows],
            post_loss=self.post_loss[rows],
            grad_norm=self.grad_norm[rows],
            pre_max_h=self.pre_max_h[rows],
            post_max_h=self.post_max_h[rows],
            lr=self.lr[rows],
            implied_mu=self.implied_mu[rows],
            records=[self.records[i] for i in at if i < len(self.records)],
            to_t=None if self.to_t is None else self.to_t[rows],
        )

    def __getitem__(self, i: int) -> Transaction:
        record = self.records[i]

        def number(key: str) -> float | None:
            return _float(record.get(key))

        def whole(key: str) -> int | None:
            value = number(key)
            return int(value) if value is not None and np.isfinite(value) else None

        return Transaction(
            t=int(self.t[i]),
            status=self.statuses[int(self.status[i])],
            pre_loss=number("pre_loss"),
            post_loss=number("post_loss"),
            grad_norm=number("grad_norm"),
            pre_max_h=number("pre_max_h"),
            post_max_h=number("post_max_h"),
            lr=number("lr"),
            inner_steps=whole("inner_steps"),
            duration_ms=number("duration_ms"),
            implied_mu=number("implied_mu"),
            to_t=whole("to_t"),
            live_mse=number("live_mse"),
            live_frozen_mse=number("live_frozen_mse"),
            live_steps=whole("live_steps"),
            raw=record,
        )

    def figures(self, name: str, which: Sequence[int]) -> Iterator[Mapping[str, float]]:
        """What these transactions recorded of a parameter, as `Transaction.figures`."""
        records = self.records
        if isinstance(records, ReadsOne):
            chosen: Iterator[Mapping[str, Any]] = records.of_parameter(name, which)
        else:
            chosen = (records[i] for i in which)
        return (figures_in(record, name) for record in chosen)

    def in_force(self, cursor: int) -> int | None:
        """Index of the commit whose weights are in force at step `cursor`; None: the first ones.

        A live regression, and a rollback by hand, put the weights of an earlier step back.
        """
        for first, stop in self._lineage(cursor):
            commits = np.flatnonzero(self.status[first:stop] == COMMIT)
            if len(commits):
                return first + int(commits[-1])
        return None

    def undone(self) -> Bools:
        """The commits [n] that were undone, since earlier weights were restored."""
        return self._once("undone", self._find_undone)

    def _find_undone(self) -> Bools:
        known = np.asarray(self.status == COMMIT)
        for first, stop in self._lineage(_END):
            known[first:stop] = False
        return known

    def outcomes(self) -> tuple[Ints, tuple[str, ...]]:
        """The outcomes of all transactions [n] so far, and their names.

        They are the statuses, and UNDONE where there is such a commit.
        """
        undone = self.undone()
        if not undone.any():
            return self.status, self.statuses
        names = (*self.statuses, UNDONE)
        return np.where(undone, len(names) - 1, self.status), names

    def branches(self) -> tuple[tuple[int, int], ...]:
        """Where commits were undone: the restored step, and the step at which that happened."""
        undone, back = np.flatnonzero(self.undone()), self._returns()
        first = np.searchsorted(undone, back.to)
        stop = np.searchsorted(undone, back.at)
        pairs = zip(back.to_t, back.t, (stop > first).tolist(), strict=True)
        return tuple((max(to_t, 0), t) for to_t, t, some in pairs if some)

    def implied_by(self, i: int | None) -> float | None:
        """The hidden quantity that the weights of commit i (`in_force`) imply; None where that is
        not recorded, and of the first weights (None)."""
        value = np.nan if i is None else float(self.implied_mu[i])
        return value if np.isfinite(value) else None

    def implied(self) -> tuple[Ints, Floats]:
        """Steps at which other weights came into force, and the hidden quantity that these imply.

        NaN where that is not recorded.
        """
        return self._once("implied", self._find_implied)

    def _find_implied(self) -> tuple[Ints, Floats]:
        commits = self.status == COMMIT
        back = sorted(set(self._returns().t) - set(self.t[commits].tolist()))
        restored = np.array([self.implied_by(self.in_force(t)) for t in back], dtype=np.float64)
        t = np.concatenate([self.t[commits], np.array(back, dtype=np.int64)])
        values = np.concatenate([self.implied_mu[commits], restored])
        order = np.argsort(t, kind="stable")
        return t[order], values[order]

    def restored_at(self, t: int) -> bool:
        """Whether weights of an earlier step were put back in force at step t."""
        return t in self._returns().t

    def base_restored_at(self, t: int) -> bool:
        """Whether the base's weights, which are those of no step, were put in force at step t."""
        live = (self.status == LIVE) & (self.t == t)
        return self.to_t is not None and bool((live & (self.to_t < 0)).any())

    def undone_at(self, i: int) -> int | None:
        """The step at which commit i was taken back; None where it was not."""
        if not self.undone()[i]:
            return None
        back = self._returns()
        later = (t for at, t, to in zip(back.at, back.t, back.to, strict=True) if to <= i < at)
        return next(later, None)

    def _lineage(self, cursor: int) -> Iterator[tuple[int, int]]:
        """The stretches [first, stop) of transactions that led to the weights in force at step
        `cursor`, the newest first."""
        stop, back = int(np.searchsorted(self.t, cursor, "right")), self._returns()
        k = len(back.at)
        while True:
            k = bisect_right(back.at, stop, hi=k) - 1
            while k >= 0 and back.t[k] > cursor:
                k -= 1
            if k < 0:
                break
            yield back.at[k], stop
            stop, cursor = min(back.to[k], back.at[k]), back.to_t[k]
        yield 0, stop

    def _returns(self) -> _Returns:
        return self._once("returns", self._find_returns)

    def _find_returns(self) -> _Returns:
        back = self.status == LIVE
        if self.to_t is not None:  # a person's own rollback may restore earlier weights as well
            back |= (self.status >= len(STATUSES)) & np.isfinite(self.to_t)
        live = np.flatnonzero(back)
        to_t = np.full(len(live), np.nan) if self.to_t is None else self.to_t[live]
        by_hand = np.array(self.restored, dtype=np.int64).reshape(-1, 2)
        # by hand it happens before the update that is due at the same step
        at = np.concatenate([np.searchsorted(self.t, by_hand[:, 0]), live])
        t = np.concatenate([by_hand[:, 0], self.t[live]])
        steps = np.concatenate([by_hand[:, 1], np.where(np.isfinite(to_t), to_t, -1.0)])
        order = np.argsort(at, kind="stable")
        to = np.searchsorted(self.t, steps, "right")
        columns = (at, t, steps.astype(np.int64), to)
        return _Returns(*(column[order].tolist() for column in columns))

    def counts(self) -> dict[str, int]:
        """How many transactions ended in a status; only those that occur, in this order."""
        n = np.bincount(self.status, minlength=len(self.statuses))
        return {name: int(k) for name, k in zip(self.statuses, n, strict=True) if k}


def of_statuses(events: Transactions, statuses: frozenset[str]) -> Bools:
    """The transactions [n] that ended in one of the statuses (or outcomes)."""
    outcome, names = events.outcomes()
    selected = np.array([name in statuses for name in names])
    return np.asarray(selected[outcome])
