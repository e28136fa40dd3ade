"""Reopening files of lines that a killed process left behind."""

from collections.abc import Callable
from pathlib import Path

from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import write_error
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes
from tttui.model.errors import TttuiError

TimeOf = Callable[[bytes], int | None]
"""The step that a line is of; None where it is no whole record."""


def csv_time(line: bytes) -> int | None:
    """The step in the first field of a line of a table."""
    first, comma, _ = line.partition(b",")
    return int(first) if comma and first.isdigit() else None


def reopen_lines(
    file: AppendedFile, time_of: TimeOf, before: int, head: bytes = b""
) -> tuple[list[bytes], Cut | None]:
    """Open a file of lines and cut it after the last whole record of a step below `before`.

    Steps must not descend; what follows the first line that is no record is cut off as well, so
    that a file which a power failure filled with zeros goes on where it is whole. `head` is the
    line that the file begins with. Returns the records that stayed, and what was cut off. Raises
    TttuiError naming the file.
    """
    data = _content(file.path)
    if not data.startswith(head):
        if not head.startswith(data):
            raise TttuiError(f"{file.path}: does not begin with {head.decode().strip()!r}")
        cut = file.reopen(0)
        file.add(head)
        return [], cut
    end, last = len(head), -1
    lines: list[bytes] = []
    while (stop := data.find(b"\n", end)) >= 0:
        line = data[end:stop]
        t = time_of(line)
        if t is None or t >= before or t < last:
            break
        lines.append(line)
        end, last = stop + 1, t
    return lines, file.reopen(end)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, LARGEST_TABLE)
    except OSError as error:
        raise write_error(path, error) from error
