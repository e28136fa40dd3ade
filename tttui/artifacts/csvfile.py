"""Numeric CSV files of any length: parsed in blocks into growing columns, damage named by line."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.csvparse import absent
from tttui.artifacts.csvtable import Column, CsvTable
from tttui.artifacts.damage import MOST_WRONG
from tttui.artifacts.growing import FileChange, GrowingFile
from tttui.artifacts.restarts import Merged, Restarts, merge
from tttui.model.session import Problem

LARGEST_T = 1 << 53
"""Whole numbers beyond this are not exact in a float64 and are no step."""

LARGEST_IN_MEMORY = 160_000_000
"""Bytes of the columns of one file: 6 million rows of per_step.csv, 1.3 of trajectory.csv."""

GIVEN = "? "
"""Before the name of a sparse column: the column that says where it has a value."""

GROWTH = 16
"""At most by so much the columns grow at once."""


class CsvFile:
    """One CSV file with a header and a column `t` (or `step`) that ascends.

    `refresh` reads what was appended; `columns[name]` are then arrays of equal length, float64
    but for `t` (int64) and flags (bool). Columns that the file lacks are not there. Beside every
    sparse column there is one (bool, GIVEN before its name) that says where it has a value.
    Steps that occur twice count once (`restarts`).
    """

    def __init__(self, path: Path, part: str, columns: Sequence[Column]) -> None:
        self.path = path
        self._part = part
        self._wanted = columns
        self._file = GrowingFile(path)
        self.exists = False
        self.unread = False
        """A budget stopped the last refresh before the end of the file."""
        self._reset()

    def _reset(self) -> None:
        self._table = CsvTable(self._wanted)
        self.columns: dict[str, np.ndarray[Any, Any]] = {}
        self._buffers: dict[str, np.ndarray[Any, Any]] = {}
        self._n = 0
        self._shared = 0
        """So many rows of the buffers are in `columns` that somebody has."""
        self._restarts = Restarts()
        self._held: tuple[np.ndarray[Any, Any], int] | None = None
        """A last row whose t falls back, and its line: the next row tells what it is."""

    def __len__(self) -> int:
        return self._n

    @property
    def share(self) -> float:
        """The part of the file that has been read, 1 where no more of it will be."""
        return self._file.share if self.unread else 1.0

    def refresh(self, budget_rows: int | None = None) -> None:
        """Read what was appended, up to about `budget_rows` rows. Raises OSError."""
        self.unread = False
        change = self._file.check()
        self.exists = change is not FileChange.MISSING
        if change in (FileChange.MISSING, FileChange.REPLACED):
            self._reset()
        if change in (FileChange.MISSING, FileChange.SAME) or self._stopped:
            return
        begun = line = self._file.lines
        for block in self._file.blocks():
            self._take(block, line)
            line = self._file.lines
            if self._stopped or (budget_rows is not None and line - begun >= budget_rows):
                break
        self.unread = self._file.unread > 0 and not self._stopped
        if not self.unread and self._table.is_complete(self._file.open_line):
            number = self._file.lines
            self._take(self._file.take_open_line() + b"\n", number)
        self.columns = {name: buffer[: self._n] for name, buffer in self._buffers.items()}
        self._shared = self._n

    @property
    def _full(self) -> bool:
        """Whether the columns have reached their largest size."""
        return self._n >= LARGEST_IN_MEMORY // max(1, self._row_bytes)

    @property
    def _row_bytes(self) -> int:
        return sum(b.itemsize * math.prod(b.shape[1:]) for b in self._buffers.values())

    @property
    def _stopped(self) -> bool:
        """Whether reading stops: the file has too many rows or defects."""
        wrong = self._table.wrong.count > MOST_WRONG or self._restarts.too_many
        return self._table.index == {} or wrong or self._full

    def problems(self) -> list[Problem]:
        reasons = list(self._table.complaints)
        if self._full:
            reasons.append(f"only the first {self._n} rows are shown")
        if self._table.wrong.count > MOST_WRONG:
            reasons.append(f"more than {MOST_WRONG} lines are wrong; the lines after are not read")
        if self._restarts.count:
            reasons.append(self._restarts.sentence(int(self._buffers["t"][self._n - 1])))
        if self._table.wrong.count:
            reasons.append(self._table.wrong.sentence())
        if self._file.cut_off:
            n = self._file.lines + 1
            reasons.append(
                f"line {n}, the last, is cut off and left out" if n > 1 else "has no whole line"
            )
        if self._held is not None and self._file.settled:
            row, n = self._held
            t, newest = self._t_of(row), self._buffers["t"][self._n - 1]
            reasons.append(f"line {n}, the last, has t {t[0]:g} after t {newest} and is left out")
        problems = [Problem(self._part, self.path, reason) for reason in reasons]
        if self.exists and self._file.size == 0:
            loading = not self._file.settled
            problems.append(Problem(self._part, self.path, "the file is empty", loading=loading))
        return problems

    @property
    def settled(self) -> bool:
        """Whether the file has not changed for a while."""
        return self._file.settled

    def _take(self, block: bytes, line: int) -> None:
        """Parse a block of whole lines of which the first is number `line + 1`."""
        rows, lines = self._table.take(block, line)
        if self._table.index and not self._buffers:
            self._buffers = {
                column.name: _empty(column)
                for column in self._table.columns
                if column.name in self._table.index
            }
            for column in self._table.columns:
                if column.sparse and column.name in self._table.index:
                    self._buffers[GIVEN + column.name] = np.empty(0, np.bool_)
        if len(rows):
            self._append(rows, lines)

    def _t_of(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        assert self._table.index is not None
        return np.asarray(rows[:, self._table.index["t"]])

    def _append(self, rows: np.ndarray[Any, Any], lines: np.ndarray[Any, Any]) -> None:
        """Append the rows that are steps, each step once."""
        t = self._t_of(rows)
        whole = (t >= 0) & (t < LARGEST_T) & (t == np.floor(t))
        if not whole.all():
            for i in np.flatnonzero(~whole):
                self._table.wrong.add(int(lines[i]), f"has {t[i]:g} for t, which is no step")
            rows, lines = rows[whole], lines[whole]
        if self._held is not None:
            pending, line = self._held
            rows, lines = np.concatenate((pending, rows)), np.concatenate(([line], lines))
            self._held = None
        if not len(rows):
            return
        merged = merge(self._buffers["t"][: self._n], self._t_of(rows), every_step=True)
        self._note(merged, rows, lines)
        if merged.known < self._n:
            self._cut(merged.known)
        if merged.ranges == [(0, len(rows))]:
            self._store(rows)
        else:
            self._store(rows[merged.indices()])

    def _note(
        self, merged: Merged, rows: np.ndarray[Any, Any], lines: np.ndarray[Any, Any]
    ) -> None:
        self._restarts.add(merged.restarts)
        for i, reason in merged.outliers:
            self._table.wrong.add(int(lines[i]), reason)
        if merged.pending is not None:
            self._held = rows[merged.pending :], int(lines[merged.pending])

    def _cut(self, n: int) -> None:
        """Keep only the first n rows."""
        if n < self._shared:
            # Somebody still looks at the rows after them: write into new arrays.
            self._buffers = {name: buffer.copy() for name, buffer in self._buffers.items()}
            self._shared = 0
        self._n = n

    def _store(self, rows: np.ndarray[Any, Any]) -> None:
        assert self._table.index is not None
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
            self._shared = 0
        for name, i in self._table.index.items():
            self._buffers[name][self._n : end] = rows[:, i]
            if GIVEN + name in self._buffers:
                self._buffers[GIVEN + name][self._n : end] = ~absent(rows[:, i])
        self._n = end


def _empty(column: Column) -> np.ndarray[Any, Any]:
    if column.members:
        return np.empty((0, len(column.members)))
    return np.empty(0, np.int64 if column.name == "t" else np.bool_ if column.flag else np.float64)
