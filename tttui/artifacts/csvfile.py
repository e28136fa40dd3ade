"""Numeric CSV files of any length: parsed in blocks into growing columns, damage named by line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.csvparse import parse_clean, parse_number
from tttui.artifacts.damage import MOST_WRONG, WrongLines
from tttui.artifacts.growing import Change, GrowingFile
from tttui.model.session import Problem

LARGEST_T = 1 << 53
"""Whole numbers beyond this are not exact in a float64 and are no step."""

LARGEST_IN_MEMORY = 500_000_000
"""Bytes of the columns of one file: 19 million rows of per_step.csv, 4 of trajectory.csv."""

GROWTH = 16
"""At most by so much the columns grow at once."""

LONGEST_HEADER = 1 << 16
"""Bytes of a first line that is looked at."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to look for. `flag` columns hold 0 or 1; an `optional` one may be absent.

    With `members` it is a matrix [n, k] of the k columns with these names, there only if all are.
    """

    name: str
    aliases: tuple[str, ...] = ()
    flag: bool = False
    optional: bool = False
    members: tuple[str, ...] = ()

    def found_in(self, header: list[str]) -> int | list[int] | None:
        """Where the column (or all members) stand in the header, None where they do not."""
        if self.members:
            known = all(name in header for name in self.members)
            return [header.index(name) for name in self.members] if known else None
        names = (self.name, *self.aliases)
        return next((header.index(name) for name in names if name in header), None)

    def empty(self) -> np.ndarray[Any, Any]:
        if self.members:
            return np.empty((0, len(self.members)))
        return np.empty(0, np.int64 if self.name == "t" else np.bool_ if self.flag else np.float64)


class CsvFile:
    """One CSV file with a header and a first column `t` (or `step`) that ascends.

    `refresh` reads what was appended; `columns[name]` are then arrays of equal length, float64
    but for `t` (int64) and flags (bool). Columns that the file lacks are not there.
    """

    def __init__(self, path: Path, part: str, columns: Sequence[Column]) -> None:
        self.path = path
        self._part = part
        self._wanted = (Column("t"), *columns)
        self._file = GrowingFile(path)
        self.exists = False
        self.unread = False
        """A budget stopped the last refresh before the end of the file."""
        self._reset()

    def _reset(self) -> None:
        self.columns: dict[str, np.ndarray[Any, Any]] = {}
        self._buffers: dict[str, np.ndarray[Any, Any]] = {}
        self._index: dict[str, int | list[int]] | None = None
        self._t = 0
        self._header: list[str] = []
        self._n = 0
        self._wrong = WrongLines()
        self._complaints: list[str] = []

    def __len__(self) -> int:
        return self._n

    def refresh(self, budget_rows: int | None = None) -> None:
        """Read what was appended, up to about `budget_rows` rows. Raises OSError."""
        self.unread = False
        change = self._file.check()
        self.exists = change is not Change.MISSING
        if change in (Change.MISSING, Change.REPLACED):
            self._reset()
        if change in (Change.MISSING, Change.SAME) or self._stopped:
            return
        stop = None if budget_rows is None else self._n + budget_rows
        line = self._file.lines
        for block in self._file.blocks():
            self._take(block, line)
            line = self._file.lines
            if self._stopped or (stop is not None and self._n >= stop):
                break
        self.unread = self._file.unread > 0 and not self._stopped
        if not self.unread:
            self._take_open_line()
        self.columns = {name: buffer[: self._n] for name, buffer in self._buffers.items()}

    @property
    def _full(self) -> bool:
        """The columns are as large as they may become."""
        return self._n >= LARGEST_IN_MEMORY // max(1, self._row_bytes)

    @property
    def _row_bytes(self) -> int:
        return sum(b.itemsize * math.prod(b.shape[1:]) for b in self._buffers.values())

    @property
    def _stopped(self) -> bool:
        """There is no point in reading on."""
        return self._index == {} or self._wrong.count > MOST_WRONG or self._full

    def problems(self) -> list[Problem]:
        said = list(self._complaints)
        if self._full:
            said.append(f"only the first {self._n} rows are shown")
        if self._wrong.count > MOST_WRONG:
            said.append(f"more than {MOST_WRONG} lines are wrong; the lines after are not read")
        if self._wrong.count:
            said.append(self._wrong.sentence())
        if self.exists and self._file.size == 0:
            said.append("the file is empty")
        if self._file.cut_off:
            n = self._file.lines + 1
            said.append(
                f"line {n}, the last, is cut off and left out" if n > 1 else "has no whole line"
            )
        return [Problem(self._part, self.path, reason) for reason in said]

    def _take_open_line(self) -> None:
        """Accept a last line without a newline where it can only be complete.

        That is a row whose last field is a flag, which is one character.
        """
        line = self._file.open_line.rstrip(b"\r")
        if self._index is None or not any(
            self._index.get(c.name) == len(self._header) - 1 for c in self._wanted if c.flag
        ):
            return
        if line.count(b",") == len(self._header) - 1 and line[-2:] in (b",0", b",1"):
            number = self._file.lines
            self._take(self._file.take_open_line() + b"\n", number)

    def _take(self, block: bytes, line: int) -> None:
        """Parse a block of whole lines of which the first is number `line + 1`."""
        if self._index is None:
            first, _, rest = block.partition(b"\n")
            if self._take_header(first):
                block, line = rest, line + 1
            if self._index is None:
                return
        if not self._index or not block.strip():
            return
        width = len(self._header)
        rows = parse_clean(block, width)
        lines: np.ndarray[Any, Any] | None = None
        if rows is None:
            rows, numbers = self._parse_damaged(block, line)
            lines = np.array(numbers, dtype=np.int64)
        if len(rows):
            self._append(rows, lines, line)

    def _take_header(self, first: bytes) -> bool:
        """Learn the columns; whether the line was a header (and not already data)."""
        if len(first) > LONGEST_HEADER:
            self._complaints.append(f"line 1 has {len(first)} bytes, so it is no header")
            self._index = {}
            return True
        names = [f.strip() for f in first.decode("utf-8-sig", "replace").split(",")]
        if "t" not in names:
            names = ["t" if name == "step" else name for name in names]
        is_header = "t" in names
        if not is_header:
            assumed = self._assumed_header(names)
            if assumed is None:
                shown = ",".join(names)[:60]
                self._complaints.append(
                    f"line 1 ({shown!r}) is not a header with a column t; nothing can be read"
                )
                self._index = {}
                return True
            self._complaints.append(f"line 1 is no header; read as {','.join(assumed)}")
            names = assumed
        self._header = names
        self._index = {}
        for column in self._wanted:
            where = column.found_in(names)
            if where is not None:
                self._index[column.name] = where
                self._buffers[column.name] = column.empty()
            elif not column.optional:
                wanted = column.members or (column.name, *column.aliases)
                absent = (", " if column.members else " or ").join(wanted)
                self._complaints.append(f"has no column {absent}")
        self._t = names.index("t")
        self.columns = dict(self._buffers)
        return is_header

    def _assumed_header(self, fields: list[str]) -> list[str] | None:
        """The columns of a file that begins with numbers, where their count tells."""
        if not all(parse_number(field.encode()) is not None for field in fields):
            return None
        for columns in ([c for c in self._wanted if not c.optional], self._wanted):
            names = [name for c in columns for name in (c.members or (c.name,))]
            if len(names) == len(fields):
                return names
        return None

    def _parse_damaged(self, block: bytes, line: int) -> tuple[np.ndarray[Any, Any], list[int]]:
        """Parse line by line; wrong ones are noted and left out."""
        width = len(self._header)
        rows: list[list[float]] = []
        numbers: list[int] = []
        for number, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), line + 1):
            text = raw.strip()
            if not text:
                continue
            found = text.count(b",") + 1
            if found != width:
                plural = "field" if found == 1 else "fields"
                self._wrong.add(number, f"has {found} {plural} instead of {width}")
                continue
            fields = text.split(b",")
            values = [parse_number(f) for f in fields]
            if None in values:
                i = values.index(None)
                shown = fields[i].decode("utf-8", "replace")[:30]
                self._wrong.add(number, f"has {shown!r} for {self._header[i]}, which is no number")
                continue
            rows.append([v for v in values if v is not None])
            numbers.append(number)
        return np.array(rows, dtype=np.float64).reshape(-1, width), numbers

    def _append(
        self, rows: np.ndarray[Any, Any], lines: np.ndarray[Any, Any] | None, line: int
    ) -> None:
        """Check what the numbers mean and append the rows; `lines` None: they are consecutive."""
        assert self._index is not None
        if lines is None:
            lines = np.arange(line + 1, line + 1 + len(rows))
        good = np.ones(len(rows), dtype=np.bool_)
        for column in self._wanted:
            if column.flag and column.name in self._index:
                values = rows[:, self._index[column.name]]
                ok = (values == 0) | (values == 1)
                if not ok.all():
                    for i in np.flatnonzero(~ok & good):
                        self._wrong.add(
                            int(lines[i]), f"has {values[i]:g} for {column.name}, not 0 or 1"
                        )
                    good &= ok
        t = rows[:, self._t]
        whole = (t >= 0) & (t < LARGEST_T) & (t == np.floor(t))
        if not whole.all():
            for i in np.flatnonzero(~whole & good):
                self._wrong.add(int(lines[i]), f"has {t[i]:g} for t, which is no step")
            good &= whole
        if not good.all():
            rows, lines = rows[good], lines[good]
        rows = self._ascending(rows, lines)
        self._store(rows)

    def _ascending(
        self, rows: np.ndarray[Any, Any], lines: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        """The rows whose t goes on from what was read.

        Where t falls back, either this row is a repetition, or the one before was an outlier
        (a damaged number): the latter if this row still lies above all others.
        """
        if not len(rows):
            return rows
        t = rows[:, self._t]
        if t[0] > self._last_t(1) and bool((t[1:] > t[:-1]).all()):
            return rows
        keep: list[int] = []
        for i, value in enumerate(t):
            last = t[keep[-1]] if keep else self._last_t(1)
            if value > last:
                keep.append(i)
                continue
            before = t[keep[-2]] if len(keep) > 1 else self._last_t(2 - len(keep))
            if value == last or value <= before or before < 0:
                self._wrong.add(int(lines[i]), f"repeats t {value:g}, which was there before")
                continue
            self._wrong.add(int(lines[i]), f"has t {value:g} after t {last:g}, which is left out")
            if keep:
                keep.pop()
            else:
                self._drop_last()
            keep.append(i)
        return rows[keep]

    def _last_t(self, back: int) -> float:
        """The t of the stored row `back` from the end (1 is the last), -1 where there is none."""
        return float(self._buffers["t"][self._n - back]) if self._n >= back else -1.0

    def _drop_last(self) -> None:
        # Earlier snapshots still look at these arrays: write into new ones.
        self._n -= 1
        self._buffers = {name: buffer.copy() for name, buffer in self._buffers.items()}

    def _store(self, rows: np.ndarray[Any, Any]) -> None:
        assert self._index is not None
        end = self._n + len(rows)
        if end > len(self._buffers["t"]):
            # What is left of the file tells how many rows will come (unless it ends in a hole);
            # growing by an eighth beyond keeps appending cheap and memory tight.
            consumed = max(self._file.offset, 1)
            expected = int(end * min(self._file.size / consumed * 1.01, GROWTH))
            capacity = max(expected, end + end // 8, 1024)
            for name, buffer in self._buffers.items():
                larger = np.empty((capacity, *buffer.shape[1:]), dtype=buffer.dtype)
                larger[: self._n] = buffer[: self._n]
                self._buffers[name] = larger
        for name, i in self._index.items():
            self._buffers[name][self._n : end] = rows[:, i]
        self._n = end
