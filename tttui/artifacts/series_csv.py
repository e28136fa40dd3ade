"""series.csv: the curves of a session beside its losses, read while they grow.

A name that turns up later makes its writer replace the file by one with a wider header.
"""

import csv
from pathlib import Path

from tttui.artifacts.csvfile import GIVEN, CsvFile
from tttui.artifacts.csvtable import BYTE_ORDER_MARK, LONGEST_HEADER, Column
from tttui.artifacts.regular import open_to_read
from tttui.model.schema import MOST_SERIES
from tttui.model.session import Problem
from tttui.model.steps import SeriesTable

SERIES = "series.csv"


class SeriesFile:
    """The growing series.csv of a session."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header: bytes | None = None
        self._csv: CsvFile | None = None
        self._wrong: list[str] = []
        """What is wrong with the header."""
        self._shown: SeriesTable | None = None

    @property
    def exists(self) -> bool:
        return self._csv is not None and self._csv.exists

    def refresh(self, budget_rows: int | None = None) -> SeriesTable | None:
        """Read what was appended; the same table where nothing changed, None where there is
        none. Raises OSError."""
        try:
            with open_to_read(self.path) as file:
                header = file.read(LONGEST_HEADER).partition(b"\n")[0]
        except (FileNotFoundError, NotADirectoryError):
            self._header = self._csv = self._shown = None
            self._wrong = []
            return None
        if self._csv is None or header != self._header:
            self._header = header
            names, self._wrong = series_names(header)
            columns = [Column(name, sparse=True) for name in names]
            self._csv, self._shown = CsvFile(self.path, "series", columns), None
        self._csv.refresh(budget_rows)
        columns_now = self._csv.columns
        t = columns_now.get("t")
        if t is None:
            self._shown = None
        elif self._shown is None or self._shown.t is not t:
            names_now = [name for name in columns_now if GIVEN + name in columns_now]
            self._shown = SeriesTable(
                t,
                {name: columns_now[name] for name in names_now},
                {name: columns_now[GIVEN + name] for name in names_now},
            )
        return self._shown

    def problems(self) -> list[Problem]:
        if self._csv is None:
            return []
        problems = [Problem("series", self.path, reason) for reason in self._wrong]
        return problems + self._csv.problems()


def series_names(header: bytes) -> tuple[list[str], list[str]]:
    """The names of the series in the first line of the file, and what is wrong with them."""
    text = header.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace").strip()
    try:
        names = [name.strip() for name in next(csv.reader([text]), [])]
    except csv.Error:
        names = []
    unique: dict[str, None] = {}
    wrong = []
    for name in names[1:]:
        if not name or name == "t" or name in unique or name.startswith(GIVEN):
            wrong.append(f"a column has the name {name[:40]!r}, which is none or there twice")
        else:
            unique[name] = None
    if len(unique) > MOST_SERIES:
        wrong.append(f"has {len(unique)} series; only the first {MOST_SERIES} are shown")
    return list(unique)[:MOST_SERIES], wrong[:5]
