"""Parsing CSV tables in the dialects of many programs: columns, and the numbers in them.

Columns are found by the names in the header. Around them there may be others of any kind, an
index column, comments (#), quotes, a byte order mark, separators at the ends of lines;
semicolons or tabs separate where the header shows it. The plain dialect, numbers and commas
only, is the fast one.
"""

import csv
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from tttui.artifacts.csvparse import parse_clean, parse_fields, parse_number, without_dialect
from tttui.artifacts.damage import WrongLines
from tttui.model.dataclass import dataclass

SEPARATORS = (",", ";", "\t")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

LONGEST_HEADER = 1 << 16
"""Bytes of a first line that is looked at."""

LOOKED_AT = 8
"""Rows that show whether lines begin with an index."""

Rows = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""The numbers in rows [n, k], and the numbers of their lines [n]."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to look for. `flag` columns hold 0 or 1; an `optional` one may be absent.

    With `members` it is a matrix [n, k] of the k columns with these names, there only if all are.
    Where a field of a `sparse` one is empty there is no value, which is told from a NaN.
    """

    name: str
    aliases: tuple[str, ...] = ()
    flag: bool = False
    optional: bool = False
    members: tuple[str, ...] = ()
    sparse: bool = False

    def found_in(self, header: Sequence[str]) -> list[int]:
        """The indices of the column (or of all members) in the header; empty if absent."""
        if self.members:
            known = all(name in header for name in self.members)
            return [header.index(name) for name in self.members] if known else []
        names = (self.name, *self.aliases)
        return next(([header.index(name)] for name in names if name in header), [])


T = Column("t", ("step",))


class CsvTable:
    """Parses the lines of one file, given to `take` in blocks, in order."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = (T, *columns)
        self.index: dict[str, int | list[int]] | None = None
        """Column -> where it stands in the rows; None before the header, empty without one."""
        self.wrong = WrongLines()
        self.complaints: list[str] = []
        """What is wrong with the header."""
        self._names: list[str] = []
        """Of the fields in a line."""
        self._separator = ","
        self._fields: list[int] = []
        """The fields of a line that are read, in the order of the columns of a row."""
        self._flags: list[int] = []
        """Columns of a row that hold flags."""
        self._indexed: bool | None = None
        """Lines begin with a field that the header has no name for; None: not known yet."""

    def take(self, block: bytes, line: int) -> Rows:
        """The rows in a block of whole lines, the first of which is number `line + 1`.

        Invalid rows are left out and counted in `wrong`.
        """
        while self.index is None and block:
            first, _, rest = block.partition(b"\n")
            if self._take_header(first, line + 1):
                block, line = rest, line + 1
        if not self.index or not block.strip():
            return np.empty((0, len(self._fields))), np.empty(0, dtype=np.int64)
        if self._indexed is None:
            self._look_for_index(block)
        numbers = self._plain(block)
        if numbers is not None:
            return numbers, np.arange(line + 1, line + 1 + len(numbers))
        return self._parse(block, line)

    def is_complete(self, line: bytes) -> bool:
        """Whether a line without a newline is surely complete: its last field is a flag."""
        if not self._flags or self._fields[self._flags[-1]] != len(self._names) - 1:
            return False
        fields = self._split(line.decode("latin-1").rstrip("\r"))
        return len(fields) == len(self._names) and fields[-1] in ("0", "1", "True", "False")

    # -- the header ---------------------------------------------------------------------------

    def _take_header(self, first: bytes, number: int) -> bool:
        """Learn the columns from the first line; returns whether it is consumed, as it is no
        row."""
        if len(first) > LONGEST_HEADER:
            complaint = f"line {number} has {len(first)} bytes, so it is no header"
            self.complaints.append(complaint)
            self.index = {}
            return True
        text = first.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace").strip()
        comment = text.startswith("#")
        header = _header(text.lstrip("# "))
        if comment and (header is None or not self._known_in(header[1])):
            return True
        if not text:
            return True
        if header is not None:
            self._separator, self._names = header
            self._learn()
            return True
        return self._take_first_row(text, number)

    def _known_in(self, names: Sequence[str]) -> bool:
        return any(column.found_in(names) for column in self.columns[1:])

    def _take_first_row(self, text: str, number: int) -> bool:
        """Begin a file without a header, whose number of fields tells the columns."""
        fields = text.split(",")
        if all(parse_number(field) is not None for field in fields):
            for columns in ([c for c in self.columns if not c.optional], self.columns):
                names = [name for c in columns for name in (c.members or (c.name,))]
                if len(names) == len(fields):
                    complaint = f"line {number} is no header; read as {','.join(names)}"
                    self.complaints.append(complaint)
                    self._names, self._indexed = names, False
                    self._learn()
                    return False
        self.complaints.append(
            f"line {number} ({text[:60]!r}) is not a header with a column t; nothing can be read"
        )
        self.index = {}
        return True

    def _learn(self) -> None:
        self.index = {}
        for column in self.columns:
            where = column.found_in(self._names)
            if where:
                begin = len(self._fields)
                if column.flag:
                    self._flags.append(begin)
                self._fields += where
                members = list(range(begin, begin + len(where)))
                self.index[column.name] = members if column.members else begin
            elif not column.optional:
                names = column.members or (column.name, *column.aliases)
                absent = (", " if column.members else " or ").join(names)
                self.complaints.append(f"has no column {absent}")

    def _look_for_index(self, block: bytes) -> None:
        """Check whether rows have one field more than the header: then it is an index in front."""
        lines = block.decode("latin-1").split("\n")
        filled = (line for line in lines if line.strip() and not line.startswith("#"))
        rows = [self._split(line) for line in islice(filled, LOOKED_AT)]
        if not rows:
            return
        self._indexed = all(
            len(row) == len(self._names) + 1
            and bool(row[-1].strip())
            and self._numbers([row[1:]]) is not None
            for row in rows
        )
        if self._indexed:
            self._names = ["", *self._names]
            self._fields = [i + 1 for i in self._fields]

    # -- rows ---------------------------------------------------------------------------------

    def _plain(self, block: bytes) -> np.ndarray[Any, Any] | None:
        """The rows of a block of nothing but numbers, else None."""
        width = len(self._names)
        numbers = parse_clean(block, width) if self._separator == "," else None
        if numbers is None:
            numbers = parse_clean(without_dialect(block, self._separator.encode()), width)
        if numbers is None:
            return None
        if self._fields != list(range(width)):
            numbers = np.asarray(numbers[:, self._fields])
        for i in self._flags:
            flags = numbers[:, i]
            if not ((flags == 0) | (flags == 1)).all():
                return None
        return numbers

    def _parse(self, block: bytes, line: int) -> Rows:
        """The rows of a block with texts, comments, blank lines or damage."""
        texts = block.removesuffix(b"\n").decode("latin-1").split("\n")
        numbered = [
            (number, text)
            for number, text in enumerate(texts, line + 1)
            if not (text.isspace() or not text or text.lstrip().startswith("#"))
        ]
        rows = self._split_all([text for _, text in numbered])
        lines = [number for number, _ in numbered]
        width = len(self._names)
        if any(len(row) != width for row in rows):
            for row, number in zip(rows, lines, strict=True):
                if len(row) != width:
                    plural = "field" if len(row) == 1 else "fields"
                    self.wrong.add(number, f"has {len(row)} {plural} instead of {width}")
            lines = [n for row, n in zip(rows, lines, strict=True) if len(row) == width]
            rows = [row for row in rows if len(row) == width]
        numbers = self._numbers(rows)
        if numbers is None:
            parsed = [self._numbers([row]) for row in rows]
            for row, number, values in zip(rows, lines, parsed, strict=True):
                if values is None:
                    self.wrong.add(number, self._why_no_row(row))
            lines = [n for n, values in zip(lines, parsed, strict=True) if values is not None]
            good = [values for values in parsed if values is not None]
            numbers = np.concatenate(good) if good else np.empty((0, len(self._fields)))
        return numbers, np.array(lines, dtype=np.int64)

    def _split_all(self, lines: list[str]) -> list[list[str]]:
        """The fields of every line."""
        rows: list[list[str]] = []
        if any('"' in line for line in lines):
            with suppress(csv.Error):
                rows = list(csv.reader(lines, delimiter=self._separator))
            if len(rows) != len(lines):  # quotes that are not closed join lines
                return [self._split(line) for line in lines]
        else:
            rows = [line.split(self._separator) for line in lines]
        width = len(self._names)
        if any(len(row) > width for row in rows):
            rows = [self._without_empty_end(row) for row in rows]
        return rows

    def _split(self, line: str) -> list[str]:
        """The fields of one line."""
        fields = line.split(self._separator)
        if '"' in line:
            with suppress(csv.Error):
                fields = next(csv.reader([line.rstrip("\r")], delimiter=self._separator), [])
        return self._without_empty_end(fields)

    def _without_empty_end(self, fields: list[str]) -> list[str]:
        """The fields without empty ones after those of the header."""
        while len(fields) > len(self._names) and not fields[-1].strip():
            del fields[-1]
        return fields

    def _numbers(self, rows: Sequence[Sequence[str]]) -> np.ndarray[Any, Any] | None:
        """The numbers in the fields that are read; None where one is no number."""
        columns = [[row[i] for row in rows] for i in self._fields]
        return parse_fields(columns, self._flags, decimal_comma=self._separator == ";")

    def _why_no_row(self, fields: Sequence[str]) -> str:
        """What is wrong with a line of the right number of fields."""
        for column, i in enumerate(self._fields):
            name, value, comma = self._names[i], fields[i].strip(), self._separator == ";"
            is_flag = column in self._flags
            if parse_fields([[value]], [0] if is_flag else [], decimal_comma=comma) is not None:
                continue
            number = parse_number(value)
            if is_flag and number is not None:
                return f"has {number:g} for {name}, not 0 or 1"
            shown = value.encode("latin-1").decode("utf-8", "replace")[:30]
            return f"has {shown!r} for {name}, {'not 0 or 1' if is_flag else 'which is no number'}"
        return "is no row"


def _header(text: str) -> tuple[str, list[str]] | None:
    """The separator and the names in a line that names a column t; empty ones at its end do not
    count."""
    for separator in SEPARATORS:
        try:
            fields = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            continue
        names = [name.strip() for name in fields]
        while names and not names[-1]:
            del names[-1]
        if any(name in names for name in (T.name, *T.aliases)):
            return separator, names
    return None
