"""A what-if of one session, computed in memory a stretch at a time."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np

from tttui.model.errors import TttuiError
from tttui.model.steps import Steps
from tttui.model.transactions import NUMBERS, STATUSES, Transactions
from tttui.runs.runner import session_runner
from tttui.runs.whatif.live import Live, PastStates, Piece
from tttui.runs.whatif.result import State, WhatIfRequest, WhatIfResult


class WhatIf:
    """Computes what a session would have become with other settings from some step on.

    It is what `tttui run`, or `tttui fork --with-past`, computes with the same settings, bit for
    bit; nothing is written. Call `work` until it is False, and `result` whenever you like.

        whatif = WhatIf(Request(data, at=0, changes={"lr": 0.005}))
        while whatif.work():
            ...
        print(whatif.result().sentence)
    """

    def __init__(self, request: WhatIfRequest, known: PastStates | None = None) -> None:
        """`known` carries over what the last what-if of the same session has worked out.

        Nothing is read or computed before `work`.
        """
        self.request = request
        self._known = known if known is not None else PastStates()
        self._live: Live | None = None
        self._state: State = "replaying" if request.at else "computing"
        self._error = ""
        self._began = time.monotonic()
        self._rows = Columns(
            t=np.int64,
            frozen=np.float64,
            adaptive=np.float64,
            did_update=np.bool_,
            update_ok=np.bool_,
        )
        self._events = Columns(t=np.int64, status=np.int64, **dict.fromkeys(NUMBERS, np.float64))
        self._records: list[Mapping[str, Any]] = []
        self._names = list(STATUSES)
        self._notes: list[str] = []

    def work(self) -> bool:
        """Compute one stretch; whether there is more to do. What fails is in the `result`."""
        if self._state in ("done", "failed"):
            return False
        try:
            return self._work()
        except (TttuiError, OSError) as error:
            self.fail(error)
            return False

    def fail(self, error: BaseException) -> None:
        """End with an error, which `result` tells."""
        known = isinstance(error, (TttuiError, OSError))
        self._error = str(error) if known else f"{type(error).__name__}: {error}"
        self._state = "failed"

    def result(self) -> WhatIfResult:
        """All that is computed so far."""
        events: dict[str, Any] = self._events.views()
        to_t = events.pop("to_t")
        rows: dict[str, Any] = self._rows.views()
        live = self._live
        return WhatIfResult(
            request=self.request,
            state=self._state,
            t=self.request.at if live is None else live.t,
            until=0 if live is None else live.until,
            steps=Steps(**rows, evaluated=self._evaluated(rows)),
            transactions=Transactions(
                **events,
                statuses=tuple(self._names),
                records=Beginning(self._records, len(events["t"])),
                to_t=to_t if np.isfinite(to_t).any() else None,
            ),
            first_truth=None if live is None else live.first_truth,
            truth_changes=() if live is None else live.truth_changes,
            sizes=None if live is None else live.sizes,
            notes=tuple(self._notes),
            error=self._error,
            seconds=time.monotonic() - self._began,
        ).with_lines()

    def _work(self) -> bool:
        if self._live is None:
            place = self.request.data.place
            self._live = session_runner(place).live(self.request, self._known)
            return True
        piece = self._live.advance(self._live.until)
        if piece is None:
            self._state = "done"
            return False
        if piece.t >= self.request.at:
            self._state = "computing"
            self._add(piece)
        elif not self._notes:
            self._compare(piece)
        return True

    def _compare(self, piece: Piece) -> None:
        """Note where the replayed past differs from the recording."""
        steps = self.request.data.steps
        rows = slice(*np.searchsorted(steps.t, (piece.t, piece.t + len(piece))))
        recorded = steps.adaptive[rows].astype(np.float32)
        if len(recorded) != len(piece):
            return
        here = piece.adaptive.astype(np.float32)
        differ = np.flatnonzero((here != recorded) & ~(np.isnan(here) & np.isnan(recorded)))
        if len(differ):
            self._notes.append(
                f"step {piece.t + int(differ[0])}, computed again here, is not what was recorded, "
                "as on another machine or with another numpy: part of the difference is due to that"
            )

    def _add(self, piece: Piece) -> None:
        n = len(piece)
        self._rows.extend(
            n,
            {
                "t": np.arange(piece.t, piece.t + n),
                "frozen": piece.frozen,
                "adaptive": piece.adaptive,
                "did_update": piece.did_update,
                "update_ok": piece.update_ok,
            },
        )
        for event in piece.events:
            values: dict[str, Any] = {name: _number(event.get(name)) for name in NUMBERS}
            values |= {"t": event["t"], "status": self._code(event["status"])}
            self._events.extend(1, values)
            self._records.append(event)

    def _code(self, status: str) -> int:
        if status not in self._names:
            self._names.append(status)
        return self._names.index(status)

    def _evaluated(self, rows: Mapping[str, Any]) -> Any:
        if self.request.data.meta.is_point_mass:
            return None
        flags = ~np.isnan(rows["frozen"])
        return None if flags.all() else flags


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


T = TypeVar("T")

Column = np.ndarray[Any, Any]

LEAST = 256
"""Rows that a column has room for at first."""


class Columns:
    """Columns of equal length; views of them stay valid and unchanged while rows are appended."""

    def __init__(self, **dtypes: type) -> None:
        self._buffers: dict[str, Column] = {n: np.empty(0, dtype=d) for n, d in dtypes.items()}
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def extend(self, n: int, values: Mapping[str, Any]) -> None:
        """Append n rows; each value is an array [n] or one number for all of them."""
        end = self._n + n
        if end > len(next(iter(self._buffers.values()))):
            for name, old in self._buffers.items():
                # A new array: who looks at the old one keeps it.
                larger = np.empty(max(end + end // 2, LEAST), dtype=old.dtype)
                larger[: self._n] = old[: self._n]
                self._buffers[name] = larger
        for name, buffer in self._buffers.items():
            buffer[self._n : end] = values[name]
        self._n = end

    def views(self) -> dict[str, Column]:
        """The rows so far, read-only, by column."""
        views = {}
        for name, buffer in self._buffers.items():
            views[name] = view = buffer[: self._n]
            view.flags.writeable = False
        return views


class Beginning(Sequence[T], Generic[T]):
    """The first n items of a list to which others are appended; nothing is copied."""

    def __init__(self, items: list[T], n: int) -> None:
        self._items, self._n = items, n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, i: int) -> T: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[T]: ...
    def __getitem__(self, i: int | slice) -> T | Sequence[T]:
        if isinstance(i, slice):
            return [self._items[k] for k in range(*i.indices(self._n))]
        if not -self._n <= i < self._n:
            raise IndexError(i)
        return self._items[i if i >= 0 else self._n + i]
