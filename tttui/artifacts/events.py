"""update_events.jsonl and update_events.json -> Transactions.

Standard JSON is parsed straight into typed structures; an object that is not (NaN, a wrong type,
damage) is looked at on its own.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from tttui.artifacts.damage import WrongLines
from tttui.artifacts.event_columns import NUMBERS, Event, EventColumns
from tttui.artifacts.growing import Change, GrowingFile
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.model.session import Problem
from tttui.model.transactions import Transactions

_event = msgspec.json.Decoder(Event)
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])


class EventLines:
    """A growing update_events.jsonl; `one_a_step` as for EventColumns."""

    def __init__(self, path: Path, *, one_a_step: bool = False) -> None:
        self.path = path
        self._one_a_step = one_a_step
        self._file = GrowingFile(path)
        self.exists = False
        self._reset()

    def _reset(self) -> None:
        self._columns = EventColumns(self.path, one_a_step=self._one_a_step)
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
        before, line, offset = self._columns.version, self._file.lines, self._file.offset
        stop = None if budget_rows is None else line + budget_rows
        for block in self._file.blocks():
            self._take(block, line, offset)
            line, offset = self._file.lines, self._file.offset
            if stop is not None and line >= stop:
                break
        # An object that ends with its brace is complete, newline or not.
        open_line = self._file.open_line
        if (
            not self._file.unread
            and open_line.rstrip().endswith(b"}")
            and not isinstance(_read_event(open_line), str)
        ):
            self._take(self._file.take_open_line(), line, offset)
        if self._columns.version != before:
            self.transactions = self._columns.transactions()

    def problems(self) -> list[Problem]:
        said = [self._columns.problem()] if self._columns.problem() else []
        if self._wrong.count:
            said.append(self._wrong.sentence())
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
    """update_events.json: one list, replaced as a whole; `one_a_step` as for EventColumns."""

    def __init__(self, path: Path, *, one_a_step: bool = False) -> None:
        self.path = path
        self._one_a_step = one_a_step
        self.transactions = Transactions.empty()
        self._problem: str | None = None
        self._restarted = ""

    def parse(self, data: bytes) -> None:
        """Read the bytes of the file; damage becomes a problem, what stands before it is kept."""
        columns = self._columns()
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
        self.transactions, self._restarted = columns.transactions(), columns.problem()

    def problems(self) -> list[Problem]:
        said = (self._restarted, self._problem)
        return [Problem("transactions", self.path, reason) for reason in said if reason]

    def _columns(self) -> EventColumns:
        return EventColumns(self.path, one_a_step=self._one_a_step)

    def _parse_damaged(self, data: bytes) -> EventColumns:
        """Object by object, with NaN and Infinity allowed, up to where the list breaks off."""
        columns = self._columns()
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
