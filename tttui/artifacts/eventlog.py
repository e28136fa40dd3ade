"""events.jsonl: what changed, one numbered line each, written by any number of processes.

    {"seq": 17, "time": 1732780000.1, "event": "data:training_jobs:completed", "id": "3f2a..."}

A writer holds the kernel's lock on events.lock, continues the number of the last line and
appends whole lines, so numbers have no gaps and a reader that remembers its number gets every
event once. Half a line that a power failure left is cut off by the next writer, and ignored by
readers. A large file is set aside as events-<its first number>.jsonl; those may be deleted.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from io import FileIO
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.checksum import plain
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.mutex import PATIENCE_S, locked
from tttui.artifacts.regular import folder_to_write, open_regular, open_to_read
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

EVENTS, LOCK = "events.jsonl", "events.lock"

SET_ASIDE = 64 << 20
"""Bytes at which a file is set aside."""

LONGEST = 1 << 14
"""Bytes of a line; an event says what changed, not all about it."""

TAIL = 4 * LONGEST
"""Bytes at the end in which the last whole line lies."""

LONGEST_TEXT = 500
"""Characters that are kept of a text, such as an error."""

LAB = ".lab"
"""The folder of a run root in which jobs and events lie; hidden, so no search enters it."""

_NAME = re.compile(r"data:[a-z_]+:[a-z_]+")
_ASIDE = re.compile(r"events-(\d{20})\.jsonl")
_SEQ = re.compile(rb'\{"seq": (\d{1,18}),')


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `name` is `data:<collection>:<action>`; `fields` are its further keys."""

    seq: int
    time: float
    """Unix seconds."""
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


class EventLog:
    """The events in one directory."""

    def __init__(
        self, folder: Path, *, set_aside: int = SET_ASIDE, patience_s: float = PATIENCE_S
    ) -> None:
        self.folder = folder
        self.path = folder / EVENTS
        self._set_aside = set_aside
        self._patience_s = patience_s

    def append(self, name: str, /, **fields: Any) -> int:
        """Add one event; returns its number. Raises TttuiError where the disk takes none."""
        return self.append_all([(name, fields)])

    def append_all(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Add events, all or none, with numbers that follow each other; returns the last one."""
        for name, _ in entries:
            if not _NAME.fullmatch(name):
                raise RefusedInput(f"{name!r} is no event; events are data:<collection>:<action>")
        try:
            with locked(self.folder / LOCK, self._patience_s):
                return self._append(entries)
        except OSError as error:
            raise write_error(self.path, error) from error

    def read(self, since: int = 0) -> Iterator[Event]:
        """The existing events with numbers above `since`, in order.

        Lines that are no events are passed over. Raises OSError for what cannot be opened.
        """
        last, again = since, True
        while again:
            again = False
            for event in self._all_after(last):
                if event.seq > last + 1 and self._holds(last + 1):
                    again = True  # the file was set aside since it was looked for
                    break
                last = event.seq
                yield event

    def last(self) -> int:
        """The number of the newest event, 0 where there is none."""
        for path in (self.path, *reversed(self._aside())):
            with suppress(FileNotFoundError), open_to_read(path) as file:
                if seq := _last_in(file, file.seek(0, os.SEEK_END))[0]:
                    return seq
        return 0

    def follow(
        self, since: int, should_stop: Callable[[], bool], wait: Callable[[], object]
    ) -> Iterator[Event]:
        """The events above `since`, and those that come, until `should_stop`.

        `wait` is called when there is nothing new; it should take about 0.1 s.
        """
        seen: object = None
        while not should_stop():
            now = self._signature()
            if now != seen:
                for event in self.read(since):
                    since = event.seq
                    yield event
                seen = now
            else:
                wait()

    def _append(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        handle = open_regular(self.path, os.O_RDWR | os.O_CREAT)
        try:
            size = os.fstat(handle).st_size
            seq, end = _last_before(lambda at, n: os.pread(handle, n, at), size)
            if end < size:
                os.ftruncate(handle, end)
            if not seq:
                seq = self._last_aside()
            now, lines = time.time(), bytearray()
            for name, fields in entries:
                seq += 1
                lines += _line(seq, now, name, fields)
            try:
                write_all(handle, bytes(lines), end)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)
        if end + len(lines) > self._set_aside:
            self._set_it_aside()
        return seq

    def _set_it_aside(self) -> None:
        with open_to_read(self.path) as file:
            first = _seq_at(file, 0)
        if first is not None:
            self.path.rename(self.folder / f"events-{first:020}.jsonl")

    def _last_aside(self) -> int:
        for path in reversed(self._aside()):
            with suppress(OSError), open_to_read(path) as file:
                if seq := _last_in(file, file.seek(0, os.SEEK_END))[0]:
                    return seq
        return 0

    def _aside(self) -> list[Path]:
        """The files that were set aside, oldest first."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return [self.folder / name for name in sorted(names) if _ASIDE.fullmatch(name)]

    def _holds(self, seq: int) -> bool:
        """Whether a file holds the event of this number."""
        return next((e.seq == seq for e in self._all_after(seq - 1)), False)

    def _all_after(self, since: int) -> Iterator[Event]:
        files = [*self._aside(), self.path]
        begins = [int(match[1]) for path in files[:-1] if (match := _ASIDE.fullmatch(path.name))]
        for i, path in enumerate(files):
            if i + 1 < len(begins) and begins[i + 1] <= since + 1:
                continue  # all of it is older
            try:
                file = open_to_read(path)
            except FileNotFoundError:
                continue
            with file:
                yield from _events(file, since)

    def _signature(self) -> object:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_ino, status.st_size
        return None


def events_below(root: Path, *, patience_s: float = PATIENCE_S) -> EventLog:
    """The events of a run root, whose folder is made where it is missing.

    Raises TttuiError where that may not be.
    """
    folder = root / LAB
    try:
        folder_to_write(folder)
    except OSError as error:
        raise write_error(folder, error) from error
    return EventLog(folder, patience_s=patience_s)


def tell(
    root: Path, entries: Sequence[tuple[str, Mapping[str, Any]]], *, patience_s: float = PATIENCE_S
) -> int | None:
    """Add events to a run root without ever raising; returns the last number, or None if they could
    not be written.
    """
    with suppress(TttuiError, OSError):
        return events_below(root, patience_s=patience_s).append_all(entries)
    return None


def _line(seq: int, now: float, name: str, fields: Mapping[str, Any]) -> bytes:
    bounded = {k: v[:LONGEST_TEXT] if isinstance(v, str) else v for k, v in fields.items()}
    record = {"seq": seq, "time": round(now, 3), "event": name}
    line = json.dumps(record | {**bounded, **record}, default=plain).encode() + b"\n"
    if len(line) > LONGEST:
        raise RefusedInput(f"an event of {len(line)} bytes is too long; {LONGEST} is the most")
    return line


def _last_in(file: FileIO, size: int) -> tuple[int, int]:
    def read(at: int, n: int) -> bytes:
        file.seek(at)
        return file.read(n)

    return _last_before(read, size)


def _last_before(read: Callable[[int, int], bytes], size: int) -> tuple[int, int]:
    """The number of the last whole line (0: there is none), and where whole lines end."""
    begin = max(0, size - TAIL)
    data = read(begin, size - begin)
    end = data.rfind(b"\n") + 1
    lines = data[:end].split(b"\n")[:-1]
    for after, line in enumerate(reversed(lines if begin == 0 else lines[1:])):
        if match := _SEQ.match(line):  # those after it are damaged, but had numbers
            return int(match[1]) + after, begin + end
    return 0, begin + end


def _seq_at(file: FileIO, at: int) -> int | None:
    """The number of the first line that begins at or after byte `at`."""
    file.seek(max(0, at - 1))
    data = file.read(TAIL)
    begin = 0 if at == 0 else data.find(b"\n") + 1
    while 0 <= begin < len(data):
        if match := _SEQ.match(data, begin):
            return int(match[1])
        begin = data.find(b"\n", begin) + 1
        if not begin:
            return None
    return None


def _events(file: FileIO, since: int) -> Iterator[Event]:
    """The events above `since` in one file, whose numbers ascend."""
    size = file.seek(0, os.SEEK_END)
    low, high = 0, size
    while high - low > TAIL:  # the last place before which all is known
        middle = (low + high) // 2
        seq = _seq_at(file, middle)
        if seq is not None and seq <= since:
            low = middle
        else:
            high = middle
    file.seek(max(0, low - 1))
    rest = file.read(1) if low else b"\n"
    rest = b"" if rest == b"\n" else rest
    skip = bool(low) and bool(rest)
    while data := file.read(1 << 16):
        lines, newline, rest = (rest + data).rpartition(b"\n")
        for line in lines.split(b"\n") if newline else ():
            if skip:
                skip = False
                continue
            if (event := _parsed(line)) is not None and event.seq > since:
                yield event
        if len(rest) > LONGEST:
            rest, skip = rest[:1], True


def _parsed(line: bytes) -> Event | None:
    try:
        raw = decode(line)
    except ValueError:
        return None
    if not isinstance(raw, dict):
        return None
    seq, at, name = whole(raw.pop("seq", None)), number(raw.pop("time", None)), raw.pop("event", 0)
    if seq is None or at is None or not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    return Event(seq, at, name, raw)
