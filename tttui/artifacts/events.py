"""update_events.jsonl and update_events.json -> Transactions, in columns.

The objects themselves are not kept: 100 000 of them with their statistics would take some
300 MB. Their places in the file are, and `records` decodes one when it is asked for.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import msgspec
import numpy as np

from tttui.artifacts.damage import WrongLines
from tttui.artifacts.growing import Change, GrowingFile
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.model.arrays import Ints
from tttui.model.session import Problem
from tttui.model.transactions import STATUSES, Transactions

NUMBERS = (
    "pre_loss",
    "post_loss",
    "grad_norm",
    "pre_max_h",
    "post_max_h",
    "lr",
    "implied_mu",
)
"""Keys that become float columns, NaN where absent or null."""


class Event(msgspec.Struct, gc=False):
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


_event = msgspec.json.Decoder(Event)
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])


class Records(Sequence[Mapping[str, Any]]):
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

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, i: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, i: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        known = {"t": int(self._t[i]), "status": self._names[int(self._status[i])]}
        start, end = int(self._starts[i]), int(self._ends[i])
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(start)
                record = decode(file.read(end - start))
        except (OSError, ValueError):
            return known
        if not isinstance(record, dict) or whole(record.get("t")) != known["t"]:
            return known
        return record


class EventColumns:
    """Growing columns of transactions, shared with every Transactions made from them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names = list(STATUSES)
        self._codes = {name: i for i, name in enumerate(STATUSES)}
        self._n = 0
        self._buffers: dict[str, np.ndarray[Any, Any]] = {
            **{name: np.empty(0, dtype=np.int64) for name in ("t", "status", "start", "end")},
            **{name: np.empty(0) for name in NUMBERS},
        }

    def __len__(self) -> int:
        return self._n

    def extend(self, events: Sequence[Event], starts: Ints, ends: Ints) -> None:
        """Append events that stand at the bytes [start, end) of the file."""
        n = self._n + len(events)
        if n > len(self._buffers["t"]):
            capacity = max(n + n // 4, 64)
            for name, buffer in self._buffers.items():
                larger = np.empty(capacity, dtype=buffer.dtype)
                larger[: self._n] = buffer[: self._n]
                self._buffers[name] = larger
        into = slice(self._n, n)
        self._buffers["t"][into] = [event.t for event in events]
        self._buffers["status"][into] = [self._code(event.status) for event in events]
        for name in NUMBERS:
            # None becomes NaN.
            values = np.array([getattr(event, name) for event in events], dtype=np.float64)
            self._buffers[name][into] = values
        self._buffers["start"][into] = starts
        self._buffers["end"][into] = ends
        self._n = n

    def _code(self, status: str) -> int:
        code = self._codes.get(status)
        if code is None:
            code = self._codes[status] = len(self._names)
            self._names.append(status)
        return code

    def transactions(self) -> Transactions:
        """All events so far."""
        shown = {name: buffer[: self._n] for name, buffer in self._buffers.items()}
        names = tuple(self._names)
        start, end = shown.pop("start"), shown.pop("end")
        records = Records(self._path, start, end, shown["t"], shown["status"], names)
        return Transactions(statuses=names, records=records, **shown)


class EventLines:
    """A growing update_events.jsonl."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = GrowingFile(path)
        self.exists = False
        self._reset()

    def _reset(self) -> None:
        self._columns = EventColumns(self.path)
        self._wrong = WrongLines()
        self.transactions = Transactions.empty()

    @property
    def unread(self) -> bool:
        return self._file.unread > 0

    def refresh(self, budget_rows: int | None = None) -> None:
        """Read what was appended, up to about `budget_rows` lines. Raises OSError."""
        change = self._file.check()
        self.exists = change is not Change.MISSING
        if change in (Change.MISSING, Change.REPLACED):
            self._reset()
        if change in (Change.MISSING, Change.SAME):
            return
        stop = None if budget_rows is None else len(self._columns) + budget_rows
        before, line, offset = len(self._columns), self._file.lines, self._file.offset
        for block in self._file.blocks():
            self._take(block, line, offset)
            line, offset = self._file.lines, self._file.offset
            if stop is not None and len(self._columns) >= stop:
                break
        # An object that ends with its brace is complete, newline or not.
        open_line = self._file.open_line
        if (
            not self._file.unread
            and open_line.rstrip().endswith(b"}")
            and not isinstance(_read_event(open_line), str)
        ):
            self._take(self._file.take_open_line(), line, offset)
        if len(self._columns) != before:
            self.transactions = self._columns.transactions()

    def problems(self) -> list[Problem]:
        said = [self._wrong.sentence()] if self._wrong.count else []
        if self._file.cut_off:
            said.append(f"line {self._file.lines + 1}, the last, is cut off and left out")
        return [Problem("transactions", self.path, reason) for reason in said]

    def _take(self, block: bytes, line: int, offset: int) -> None:
        newlines = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10)
        try:
            events = _event.decode_lines(block)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            events = []
        if events and len(events) == len(newlines) and _all_fit(events):
            ends = newlines + offset
            starts = np.concatenate(([offset], ends[:-1] + 1))
            self._columns.extend(events, starts, ends)
            return
        self._take_line_by_line(block, line, offset)

    def _take_line_by_line(self, block: bytes, line: int, offset: int) -> None:
        events: list[Event] = []
        starts: list[int] = []
        ends: list[int] = []
        for number_, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), line + 1):
            if raw.strip():
                event = _read_event(raw)
                if isinstance(event, str):
                    self._wrong.add(number_, event)
                else:
                    events.append(event)
                    starts.append(offset)
                    ends.append(offset + len(raw))
            offset += len(raw) + 1
        if events:
            self._columns.extend(events, np.array(starts), np.array(ends))


class EventList:
    """update_events.json: one list, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.transactions = Transactions.empty()
        self._problem: str | None = None

    def parse(self, data: bytes) -> None:
        """Read the bytes of the file; damage becomes a problem, what stands before it is kept."""
        columns = EventColumns(self.path)
        self._problem = None
        try:
            raws = _raw_list.decode(data)
            events = [_event.decode(raw) for raw in raws]
            if not _all_fit(events):
                raise ValueError
            starts = np.empty(len(raws), dtype=np.int64)
            position = 0
            for i, raw in enumerate(raws):
                starts[i] = position = data.find(raw, position)
                position += len(memoryview(raw))
            ends = starts + np.array([len(memoryview(raw)) for raw in raws], dtype=np.int64)
            columns.extend(events, starts, ends)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            columns = self._parse_damaged(data)
        self.transactions = columns.transactions()

    def problems(self) -> list[Problem]:
        return [Problem("transactions", self.path, self._problem)] if self._problem else []

    def _parse_damaged(self, data: bytes) -> EventColumns:
        """Object by object, with NaN and Infinity allowed, up to where the list breaks off."""
        columns = EventColumns(self.path)
        wrong = WrongLines()
        events: list[Event] = []
        starts: list[int] = []
        ends: list[int] = []
        # One character a byte, so that positions are those in the file.
        text = data.decode("latin-1")
        scanner = json.JSONDecoder()
        position = _skip(text, 0, "[")
        if not text.strip():
            self._problem = "the file is empty"
            return columns
        if position == _skip(text, 0, ""):
            self._problem = "is not a list of events"
            return columns
        while position < len(text) and text[position] != "]":
            try:
                _, end = scanner.raw_decode(text, position)
            except (ValueError, RecursionError):
                line = text.count("\n", 0, position) + 1
                self._problem = (
                    f"breaks off in event {len(events) + wrong.count + 1} (line {line}); "
                    "the events before it are shown"
                )
                break
            event = _read_event(data[position:end])
            if isinstance(event, str):
                wrong.add(text.count("\n", 0, position) + 1, event)
            else:
                events.append(event)
                starts.append(position)
                ends.append(end)
            position = _skip(text, end, ",")
        else:
            if position >= len(text):
                self._problem = "the list is not closed: half-written; the events in it are shown"
        if wrong.count and self._problem is None:
            self._problem = wrong.sentence()
        if events:
            columns.extend(events, np.array(starts), np.array(ends))
        return columns


def _skip(text: str, position: int, mark: str) -> int:
    """The position after white space, `mark` where it stands there, and white space."""
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    if mark and text.startswith(mark, position):
        return _skip(text, position + len(mark), "")
    return position


def _all_fit(events: Sequence[Event]) -> bool:
    return all(-(1 << 63) <= event.t < 1 << 63 for event in events)


def _read_event(raw: bytes) -> Event | str:
    """One event, or what is wrong with it."""
    try:
        record = decode(raw)
    except ValueError as error:
        return str(error)
    if not isinstance(record, dict):
        return f"holds a {type(record).__name__}, not an event"
    t, status = whole(record.get("t")), record.get("status")
    if t is None:
        return f"has {str(record.get('t'))[:30]!r} for t, which is no step"
    if not isinstance(status, str):
        return f"has {str(status)[:30]!r} for status, which is no text"
    return Event(t, status, *(number(record.get(key)) for key in NUMBERS))
