"""Structure checks of growing files: every record valid and present once, with byte positions.

A file is read from byte `intact` on, which must be where a record begins; what lies before has
the checksums that it was written with. The steps of a native session follow each other without
a gap, so that a stretch which is there a second time is noticed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tttui.artifacts.csvparse import parse_clean
from tttui.artifacts.findings import Finding
from tttui.artifacts.growing import LONGEST_LINE
from tttui.artifacts.history import header, read_layout
from tttui.artifacts.interventions import is_intervention
from tttui.artifacts.jsonfile import decode, whole
from tttui.artifacts.regular import open_to_read
from tttui.model.errors import TttuiError

BLOCK = 1 << 18
"""Bytes of lines that are parsed at a time."""

ZEROS = "zeros, as a power failure leaves them"
HALF = "half a snapshot"

Look = Callable[[bytes], str | None]
"""What is wrong with a line, None if nothing is."""


def wrong_rows(path: Path, head: bytes, *, intact: int = 0, gaps: bool = False) -> list[Finding]:
    """A table that begins with the line `head` and counts its rows from 0 on in its first column
    (`gaps`: from anywhere, with gaps)."""
    rows = _Rows(head.count(b",") + 1, gaps)
    with open_to_read(path) as file:
        begin, start = len(head), file.read(len(head))
        wrong = []
        if start != head:
            reason = _reason_of(start, "the header is not the one of this file")
            begin = _line_end(file)
            wrong = [Finding(path, reason, 0, begin)]
        if intact > begin:
            count, last = _newlines(file, intact) - 1, _number(_last_line(file, intact))
            if last is not None and (gaps or last == count - 1):
                begin, rows.expected = intact, last + 1
        return wrong + _joined(path, _blocks(file, begin), rows.look, rows.take)


def wrong_events(path: Path, *, intact: int = 0) -> list[Finding]:
    """update_events.jsonl, whose steps never fall."""
    events = _Events()
    with open_to_read(path) as file:
        if intact:
            events.look(_last_line(file, intact))
        return _joined(path, _blocks(file, intact), events.look)


def wrong_changes(path: Path) -> list[Finding]:
    """interventions.jsonl."""
    with open_to_read(path) as file:
        return _joined(path, _blocks(file, 0), _change)


def wrong_snapshots(path: Path, dtype: np.dtype[Any] | None = None) -> list[Finding]:
    """The header of a history, the order of its records and its end; `dtype` is that of its
    records where somebody knows it, else it is what the header says."""
    try:
        if dtype is None:
            dtype = read_layout(path)[0]
    except TttuiError as error:
        return [Finding(path, str(error).removeprefix(f"{path}: "), 0, path.stat().st_size)]
    findings: list[Finding] = []
    with open_to_read(path) as file:
        start = len(header(dtype, 0))
        head, size = file.read(start), path.stat().st_size
        count = max(0, size - start) // dtype.itemsize
        expected = header(dtype, count)
        if head != expected:
            same = [a == b for a, b in zip(head, expected, strict=False)]
            at = same.index(False) if False in same else len(same)
            findings.append(Finding(path, f"is not the header of its {count} snapshots", at, start))
        last = -1
        for i in range(count):
            record = file.read(dtype.itemsize)
            t = int(np.frombuffer(record, dtype)["t"][0])
            if t <= last:
                reason = ZEROS if not any(record) else f"has t {t} after t {last}"
                begin = start + i * dtype.itemsize
                return [*findings, Finding(path, f"snapshot {i}: {reason}", begin, size)]
            last = t
        if rest := file.read():
            reason = ZEROS if not any(rest) else HALF
            findings.append(Finding(path, reason, size - len(rest), size))
    return findings


class _Rows:
    """The rows of a table, one after the other."""

    def __init__(self, width: int, gaps: bool) -> None:
        self.width, self.gaps = width, gaps
        self.expected = 0
        """The number that the next row should have; with gaps, the least."""

    def take(self, block: bytes) -> bool:
        """Whether a block of lines is as it should be, which is then over with."""
        rows = parse_clean(block, self.width)
        if rows is None or not len(rows):
            return False
        t = rows[:, 0]
        if self.gaps:
            right = t[0] >= self.expected and bool((t[1:] > t[:-1]).all())
        else:
            right = bool((t == np.arange(self.expected, self.expected + len(t))).all())
        if right:
            self.expected = int(t[-1]) + 1
        return right

    def look(self, line: bytes) -> str | None:
        fields = line.split(b",")
        if len(fields) != self.width:
            return _reason_of(line, f"a line of {len(fields)} fields instead of {self.width}")
        try:
            t = int(fields[0])
            for field in fields[1:]:
                float(field)
        except ValueError:
            return _reason_of(line, "a line with a field that is no number")
        if t == self.expected or (self.gaps and t > self.expected):
            self.expected = t + 1
            return None
        if t < self.expected:
            return f"row {t} is there a second time"
        before, self.expected = self.expected, t + 1
        return f"row {t} comes after row {before - 1}"


class _Events:
    def __init__(self) -> None:
        self.last = -1
        self._line = b""

    def look(self, line: bytes) -> str | None:
        t = _step(line)
        if t is None:
            return _reason_of(line, "a line that is no transaction")
        if t < self.last or (t == self.last and line == self._line):
            return f"the transaction of step {t} is there a second time"
        self.last, self._line = t, line
        return None


def _change(line: bytes) -> str | None:
    return None if is_intervention(line) else _reason_of(line, "a line that is no intervention")


def _step(line: bytes) -> int | None:
    try:
        raw = decode(line)
    except ValueError:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("status"), str):
        return None
    return whole(raw.get("t"))


def _reason_of(data: bytes, otherwise: str) -> str:
    return ZEROS if 0 in data else otherwise


def _joined(
    path: Path,
    blocks: Iterable[tuple[int, bytes]],
    look: Look,
    take: Callable[[bytes], bool] | None = None,
) -> list[Finding]:
    """The lines that are wrong, those that follow each other as one stretch."""
    findings: list[Finding] = []
    more: list[int] = []
    kinds: list[str] = []
    for begin, block in blocks:
        if block.endswith(b"\n") and take is not None and take(block):
            continue
        for line in block.splitlines(keepends=True):
            text = line.removesuffix(b"\n")
            reason = look(text) if line.endswith(b"\n") else _reason_of(line, "half a line")
            end = begin + len(line)
            if reason is not None:
                if findings and findings[-1].end == begin and _sort(kinds[-1]) == _sort(reason):
                    more[-1] += 1
                    findings[-1] = replace(findings[-1], end=end)
                else:
                    findings.append(Finding(path, reason, begin, end))
                    more.append(0)
                kinds.append(reason)
            begin = end
    return [
        replace(f, reason=f"{f.reason}, and {n} lines after it are alike") if n else f
        for f, n in zip(findings, more, strict=True)
    ]


def _sort(reason: str) -> str:
    """A reason without its numbers."""
    return reason.translate(str.maketrans("", "", "0123456789"))


def _blocks(file: BinaryIO, begin: int) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines from a byte on, each with where it begins; the last may be open."""
    file.seek(begin)
    rest, waiting = list[bytes](), 0
    while data := file.read(BLOCK):
        end = data.rfind(b"\n") + 1
        waiting += len(data)
        if not end and waiting <= LONGEST_LINE:
            rest.append(data)
            continue
        block = b"".join((*rest, data[:end] if end else data))
        rest = [data[end:]] if end else []
        waiting = len(data) - end if end else 0
        yield begin, block
        begin += len(block)
    if waiting:
        yield begin, b"".join(rest)


def _newlines(file: BinaryIO, size: int) -> int:
    file.seek(0)
    count = done = 0
    while done < size and (data := file.read(min(1 << 20, size - done))):
        count += data.count(b"\n")
        done += len(data)
    return count


def _line_end(file: BinaryIO) -> int:
    file.seek(0)
    data = file.read(1 << 16)
    return data.find(b"\n") + 1 or len(data)


def _last_line(file: BinaryIO, size: int) -> bytes:
    begin = max(0, size - (1 << 16))
    file.seek(begin)
    data = file.read(size - begin).removesuffix(b"\n")
    return data[data.rfind(b"\n") + 1 :]


def _number(line: bytes) -> int | None:
    field = line.split(b",")[0]
    return int(field) if field.isdigit() else None
