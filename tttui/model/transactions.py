"""Update transactions: what was tried, what became of it, in columns for speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.settings import float_of

STATUSES = (
    "commit",
    "rollback_loss_regression",
    "rollback_grad_norm",
    "rollback_state_norm",
    "rollback_non_finite",
    "rollback_live_regression",
)
"""The statuses that tttui writes; `Transactions.statuses` may hold foreign ones after these."""

COMMIT = 0
"""Index of `commit` in STATUSES and in every `Transactions.statuses`."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One update attempt. Absent or null numbers are None; `raw` is the object in the file."""

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
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def committed(self) -> bool:
        return self.status == STATUSES[COMMIT]


@dataclass(frozen=True, slots=True, eq=False)
class Transactions:
    """All update attempts of a run, ascending in t, as columns of length [n]; NaN where absent.

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

    @classmethod
    def empty(cls) -> "Transactions":
        none = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        return cls(whole, whole, none, none, none, none, none, none, none)

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, i: int) -> Transaction:
        record = self.records[i]

        def number(key: str) -> float | None:
            value = record.get(key)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return None
            return float_of(value)

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
            raw=record,
        )

    def in_force(self, cursor: int) -> int | None:
        """Index of the commit whose weights are in force at step `cursor`; None: the first ones.

        A live regression takes the weights of an earlier step back (`to_t`).
        """
        live = STATUSES.index("rollback_live_regression")
        seen = int(np.searchsorted(self.t, cursor, "right"))
        changed = np.flatnonzero((self.status[:seen] == COMMIT) | (self.status[:seen] == live))
        while len(changed) and self.status[changed[-1]] == live:
            to_t = self[int(changed[-1])].to_t
            seen = 0 if to_t is None else int(np.searchsorted(self.t, to_t, "right"))
            changed = changed[: int(np.searchsorted(changed, min(seen, changed[-1])))]
        return int(changed[-1]) if len(changed) else None

    def counts(self) -> dict[str, int]:
        """How many attempts ended in each status, only those that occur, in order of `statuses`."""
        n = np.bincount(self.status, minlength=len(self.statuses))
        return {name: int(k) for name, k in zip(self.statuses, n, strict=True) if k}
