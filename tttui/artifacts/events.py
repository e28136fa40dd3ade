"""update_events.jsonl and update_events.json -> Transactions.

Standard JSON is parsed straight into typed structures; an object that is not (NaN, a wrong type,
damage) is looked at on its own.
"""

from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tttui.artifacts.damage import MOST_WRONG, WrongLines
from tttui.artifacts.event_columns import EventColumns, TransactionRecord
from tttui.artifacts.growing import FileChange, GrowingFile
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.jsonlist import JsonList
from tttui.artifacts.regular import open_to_read
from tttui.model.session import Problem
from tttui.model.setting import is_step
from tttui.model.transactions import NUMBERS, Transactions

LONGEST_EVENT = 1 << 22
"""Bytes; real ones have 600, and one with figures of 10 000 parameters 1.5 million."""

LAST_BYTES = 1 << 15
"""Read from the end for the last transactions."""

_event = msgspec.json.Decoder(TransactionRecord)


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
        return self._file.unread > 0 and not self._stopped

    @property
    def share(self) -> float:
        """The part of the file that has been read, 1 where no more of it will be."""
        return self._file.share if self.unread else 1.0

    @property
    def _stopped(self) -> bool:
        """There is no point in reading on."""
        return self._columns.full or self._wrong.count > MOST_WRONG

    def refresh(self, budget_rows: int | None = None, until: int | None = None) -> None:
        """Read what was appended: about `budget_rows` lines at most, and none after those that
        reach the step `until`. Raises OSError."""
        change = self._file.check()
        self.exists = change is not FileChange.MISSING
        if change in (FileChange.MISSING, FileChange.REPLACED):
            self._reset()
        if change in (FileChange.MISSING, FileChange.SAME) or self._stopped:
            return
        before, line, offset = self._columns.version, self._file.lines, self._file.offset
        stop = None if budget_rows is None else line + budget_rows
        for block in () if self._reaches(until) else self._file.blocks():
            self._take(block, line, offset)
            line, offset = self._file.lines, self._file.offset
            if self._stopped or (stop is not None and line >= stop) or self._reaches(until):
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

    def _reaches(self, step: int | None) -> bool:
        """The newest transaction is of this step, or of a later one."""
        return step is not None and self._columns.newest >= step

    def problems(self) -> list[Problem]:
        reasons = [self._wrong.sentence()] if self._wrong.count else []
        if self._wrong.count > MOST_WRONG:
            reasons = [f"more than {MOST_WRONG} lines are no events; the first {reasons[0]}"]
        if self._columns.problem:
            reasons.append(self._columns.problem)
        if self._file.cut_off:
            reasons.append(f"line {self._file.lines + 1}, the last, is cut off and left out")
        return [Problem("transactions", self.path, reason) for reason in reasons]

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
        events: list[TransactionRecord] = []
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
        self._partial = False
        """The problem may come from the list being written."""

    def parse(self, data: bytes) -> None:
        """Parse the bytes of the file; damage is a problem, and items before it are kept."""
        columns = EventColumns(self.path, one_a_step=self._one_a_step)
        events = JsonList(data, _plain_event, _read_event, "events")
        for batch in events.batches():
            columns.extend(batch.items, np.array(batch.starts), np.array(batch.ends))
            if columns.full:
                break
        reasons = [reason for reason in (columns.problem, events.problem) if reason]
        if events.wrong.count and not events.problem:
            reasons.append(events.wrong.sentence())
        self._problem = "; ".join(reasons) or None
        self._partial = events.problem is not None
        self.transactions = columns.transactions()

    def problems(self) -> list[Problem]:
        if not self._problem:
            return []
        return [Problem("transactions", self.path, self._problem, loading=self._partial)]


def read_last(path: Path) -> tuple[Transactions, str]:
    """The last transactions of an update_events.jsonl, and what is wrong with their lines.

    Raises OSError.
    """
    with BufferedReader(open_to_read(path)) as file:
        start = max(file.seek(0, 2) - LAST_BYTES, 0)
        file.seek(start)
        block = file.read()
    if start:
        cut = block.find(b"\n") + 1
        start, block = start + cut, block[cut:]
    lines, _, open_line = block.rpartition(b"\n")
    events = EventLines(path)
    if lines:
        events._take(lines + b"\n", 0, start)
    wrong = "some of the last lines are no events" if events._wrong.count else ""
    if open_line and isinstance(_read_event(open_line), str):
        wrong = "the last line is cut off"
    elif open_line:
        events._take(open_line + b"\n", 0, start + len(lines) + 1)
    return events._columns.transactions(), wrong


def _plain_event(raw: bytes | msgspec.Raw) -> TransactionRecord:
    event = _event.decode(raw)
    if not _all_fit([event]):
        raise ValueError
    return event


def _all_fit(events: Sequence[TransactionRecord]) -> bool:
    return all(0 <= event.t < 1 << 63 for event in events)


def _read_event(raw: bytes) -> TransactionRecord | str:
    """One event, or what is wrong with it."""
    if len(raw) > LONGEST_EVENT:
        return f"has {len(raw)} bytes, more than an event"
    try:
        record = decode(raw)
    except ValueError as error:
        return str(error)
    if not isinstance(record, dict):
        return f"holds a {type(record).__name__}, not an event"
    t, status = whole(record.get("t")), record.get("status")
    if t is None or not is_step(t):
        return f"has {str(record.get('t'))[:30]!r} for t, which is no step"
    if not isinstance(status, str):
        return f"has {str(status)[:30]!r} for status, which is no text"
    reason = record.get("reason")
    words = reason if isinstance(reason, str) else None
    numbers: dict[str, Any] = {key: number(record.get(key)) for key in NUMBERS}
    return TransactionRecord(t, status, reason=words, **numbers)
