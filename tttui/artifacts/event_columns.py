"""Transactions in growing columns; the objects themselves stay in their file.

100 000 of them with their statistics would take some 300 MB. Their places in the file are kept,
and `records` decodes one when it is asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import msgspec
import numpy as np

from tttui.artifacts.jsonfile import decode, whole
from tttui.artifacts.regular import open_to_read
from tttui.artifacts.restarts import Restarts, merge
from tttui.model.arrays import Ints
from tttui.model.transactions import NUMBERS, STATUSES, Transactions

KEPT = 32
"""Records that stay in memory: a view asks for the same few again and again."""


MOST = 1_000_000
"""Transactions that are read; they take 100 MB, and a run has so many after 32 million steps."""


LONGEST_REASON = 200
"""Characters of a reason that stand for a status."""


class TransactionRecord(msgspec.Struct, gc=False):
    """The keys of an event that have a column; all others are skipped while parsing."""

    t: int
    status: str
    pre_loss: float | None = None
    post_loss: float | None = None
    grad_norm: float | None = None
    pre_max_h: float | None = None
    post_max_h: float | None = None
    lr: float | None = None
    implied_mu: float | None = None
    to_t: float | None = None
    reason: str | None = None
    """The recorded reason of a rollback, as free text."""


class TransactionRecords(Sequence[Mapping[str, Any]]):
    """The objects of an event file, read and decoded when asked for.

    Where the file has changed since, the record holds what the columns know: t and status.
    """

    def __init__(
        self, path: Path, starts: Ints, ends: Ints, t: Ints, status: Ints, names: tuple[str, ...]
    ) -> None:
        self._path = path
        self._starts = starts
        self._ends = ends
        self._t = t
        self._status = status
        self._names = names
        self._kept: dict[int, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, i: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, i: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        record = self._kept.get(i)
        if record is None:
            record = self._read(i)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[i] = record
        return record

    def of_parameter(self, name: str, which: Sequence[int]) -> Iterator[Mapping[str, Any]]:
        """Of each of these records the figures of a parameter alone: all else is skipped while
        parsing, and none stays in memory. Empty where the file has changed since."""
        try:
            decoder = _decoder_of(name)
        except ValueError:
            yield from map(self._read, which)
            return
        try:
            file = open_to_read(self._path)
        except OSError:
            yield from ({} for _ in which)
            return
        with file:
            for i in which:
                start, end = int(self._starts[i]), int(self._ends[i])
                try:
                    file.seek(start)
                    record = decoder(file.read(end - start))
                except OSError:
                    yield {}
                    continue
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    yield self._read(i)  # not standard JSON
                    continue
                weights = getattr(record.weights, "figures", None)
                same = record.t == self._t[i]
                yield {"weights": {name: weights}, name: record.own} if same else {}

    def _read(self, i: int) -> Mapping[str, Any]:
        known = {"t": int(self._t[i]), "status": self._names[int(self._status[i])]}
        start, end = int(self._starts[i]), int(self._ends[i])
        try:
            with open_to_read(self._path) as file:
                file.seek(start)
                record = decode(file.read(end - start))
        except (OSError, ValueError):
            return known
        if not isinstance(record, dict) or whole(record.get("t")) != known["t"]:
            return known
        return record


@lru_cache(maxsize=8)
def _decoder_of(name: str) -> Callable[[bytes], Any]:
    """Decodes of a record its step `t` and what it says of a parameter: in `weights.figures`, or
    in `own` where the parameter is a key of the record itself. Raises ValueError for a name that
    cannot be looked for alone."""
    if name in ("t", "weights"):
        raise ValueError(f"{name} is a key of every record")
    inside = msgspec.defstruct("Inside", [("figures", Any, None)], rename={"figures": name})
    fields: list[tuple[str, Any, Any]] = [
        ("t", Any, None),
        ("weights", inside | None, None),
        ("own", Any, None),
    ]
    return msgspec.json.Decoder(msgspec.defstruct("One", fields, rename={"own": name})).decode


class EventColumns:
    """Growing columns of transactions, shared with every Transactions made from them.

    Those that a restarted run recorded again take the place of the earlier ones. With
    `one_a_step` a second one of the same step is such a repetition: tttui itself records two
    where somebody asks for an update more than once.
    """

    def __init__(self, path: Path, *, one_a_step: bool) -> None:
        self._path = path
        self._one_a_step = one_a_step
        self.restarts = Restarts()
        self.version = 0
        """Changes with every call of `extend`."""
        self._shared = 0
        """So many rows of the buffers are in Transactions that somebody has."""
        self._names = list(STATUSES)
        self._codes = {name: i for i, name in enumerate(STATUSES)}
        self._reasons: dict[str, str] = {}
        """The person's own words for a status, as they stood first."""
        self._n = 0
        self._buffers: dict[str, np.ndarray[Any, Any]] = {
            **{name: np.empty(0, dtype=np.int64) for name in ("t", "status", "start", "end")},
            **{name: np.empty(0) for name in NUMBERS},
        }

    def __len__(self) -> int:
        return self._n

    @property
    def newest(self) -> int:
        """The step of the last transaction, -1 where there is none."""
        return int(self._buffers["t"][self._n - 1]) if self._n else -1

    @property
    def full(self) -> bool:
        """Whether the columns are full, so that no more are read."""
        return self._n >= MOST or self.restarts.too_many

    @property
    def problem(self) -> str | None:
        """Why there are more in the file than here."""
        reasons = [f"only the first {self._n} transactions are shown"] if self._n >= MOST else []
        if self.restarts.count:
            newest = int(self._buffers["t"][self._n - 1])
            reasons.append(self.restarts.sentence(newest, "transactions"))
        return "; ".join(reasons) or None

    def extend(self, events: Sequence[TransactionRecord], starts: Ints, ends: Ints) -> None:
        """Append events that stand at the bytes [start, end) of the file."""
        self.version += 1
        t = np.array([event.t for event in events], dtype=np.int64)
        known = self._buffers["t"][: self._n]
        merged = merge(known, t, every_step=False, repeats=not self._one_a_step)
        self.restarts.add(merged.restarts)
        if merged.known < self._n:
            self._cut(merged.known)
        if merged.ranges != [(0, len(events))]:
            at = merged.indices()
            events, starts, ends = [events[i] for i in at], starts[at], ends[at]
        n = self._n + len(events)
        if n > len(self._buffers["t"]):
            capacity = max(n + n // 4, 64)
            for name, buffer in self._buffers.items():
                larger = np.empty(capacity, dtype=buffer.dtype)
                larger[: self._n] = buffer[: self._n]
                self._buffers[name] = larger
            self._shared = 0
        into = slice(self._n, n)
        self._buffers["t"][into] = [event.t for event in events]
        self._buffers["status"][into] = [self._code(event.status) for event in events]
        for event in events:
            if event.reason and event.status not in self._reasons:
                self._reasons = {**self._reasons, event.status: event.reason[:LONGEST_REASON]}
        for name in NUMBERS:
            # None becomes NaN.
            values = np.array([getattr(event, name) for event in events], dtype=np.float64)
            self._buffers[name][into] = values
        self._buffers["start"][into] = starts
        self._buffers["end"][into] = ends
        self._n = n

    def _cut(self, n: int) -> None:
        """Keep only the first n events."""
        if n < self._shared:
            # Somebody still looks at those after them: write into new arrays.
            self._buffers = {name: buffer.copy() for name, buffer in self._buffers.items()}
            self._shared = 0
        self._n = n

    def _code(self, status: str) -> int:
        code = self._codes.get(status)
        if code is None:
            code = self._codes[status] = len(self._names)
            self._names.append(status)
        return code

    def transactions(self) -> Transactions:
        """All events so far."""
        self._shared = self._n
        shown: dict[str, Any] = {name: buffer[: self._n] for name, buffer in self._buffers.items()}
        names = tuple(self._names)
        start, end = shown.pop("start"), shown.pop("end")
        records = TransactionRecords(self._path, start, end, shown["t"], shown["status"], names)
        return Transactions(statuses=names, records=records, reasons=self._reasons, **shown)
