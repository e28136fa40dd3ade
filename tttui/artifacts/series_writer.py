"""Writing series.csv: any number of named curves over the steps."""

from collections.abc import Mapping
from pathlib import Path

from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import write_error, write_whole
from tttui.artifacts.growing_lines import csv_time, reopen_lines
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes, remove
from tttui.model.errors import RefusedInput

MOST_SERIES = 200
"""Curves of one session; each costs a comma in every row."""

LONGEST_SERIES_NAME = 100
"""Characters of the name of a curve."""


def check_series_name(name: str) -> str:
    """Return the name. Raises RefusedInput if it cannot be a column of a table."""
    odd = [c for c in name if c in ",\"'" or not c.isprintable()]
    if not name or name != name.strip() or odd or len(name) > LONGEST_SERIES_NAME:
        what = f"has {odd[0]!r} in it" if odd else "is empty, too long, or has blanks at an end"
        raise RefusedInput(
            f"a series cannot be called {name[:40]!r}: the name {what}; "
            "letters, digits, blanks, and - _ . : / ( ) % are fine"
        )
    if name in ("t", "step"):
        raise RefusedInput(f"a series cannot be called {name!r}: that is the column of the steps")
    return name


class SeriesWriter:
    """The growing series.csv: `t` and a column for every name that has turned up.

    A new name makes the file anew, with a wider header and empty fields in the rows before.
    """

    def __init__(self, path: Path) -> None:
        self._file = AppendedFile(path)
        self.names: list[str] = []

    @property
    def pending(self) -> int:
        return self._file.pending

    def add(self, t: int, values: Mapping[str, float]) -> None:
        """One row; what has no value is an empty field. Raises RefusedInput for a wrong name."""
        if not values:
            return
        new = [name for name in values if name not in self.names]
        if new:
            self._widen(new)
        row = [repr(values[name]) if name in values else "" for name in self.names]
        self._file.add(f"{t},{','.join(row)}\n".encode())

    def reopen(self, before: int) -> Cut | None:
        """Reopen an existing file, if there is one, keeping rows of steps below `before`."""
        try:
            head = read_bytes(self._file.path, LARGEST_TABLE).partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise write_error(self._file.path, error) from error
        if not head[1]:
            remove(self._file.path)
            return None
        self.names = head[0].decode(errors="replace").split(",")[1:]
        return reopen_lines(self._file, csv_time, before, head[0] + head[1])[1]

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _widen(self, new: list[str]) -> None:
        for name in new:
            check_series_name(name)
        if len(self.names) + len(new) > MOST_SERIES:
            raise RefusedInput(
                f"{self._file.path}: more than {MOST_SERIES} series; {new[0]!r} has no room"
            )
        names = [*self.names, *new]
        header = ("t," + ",".join(names) + "\n").encode()
        if not self._file.is_open:
            self._file.create(header)
        else:
            self._file.flush()
            try:
                _, _, rows = read_bytes(self._file.path, LARGEST_TABLE).partition(b"\n")
            except OSError as error:
                raise write_error(self._file.path, error) from error
            data = header + rows.replace(b"\n", b"," * len(new) + b"\n")
            write_whole(self._file.path, data)
            self._file.reopen(len(data))
        self.names = names
