"""Writing interventions.jsonl: a line is on the disk before any step or answer shows what it
changed."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from tttui.artifacts.appending import Cut
from tttui.artifacts.atomic import write_error
from tttui.artifacts.interventions import INTERVENTIONS, Intervention
from tttui.artifacts.regular import LARGEST_LIST, open_regular, open_to_read
from tttui.model.errors import TttuiError


def record(directory: Path, intervention: Intervention, *, durably: bool = True) -> None:
    """Append one intervention; where several follow each other, `sync` makes all durable at once.

    Raises TttuiError when the disk does not take it.
    """
    line = json.dumps(asdict(intervention), allow_nan=True) + "\n"
    path = directory / INTERVENTIONS
    try:
        with os.fdopen(open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), "ab") as file:
            start = file.tell()
            try:
                file.write(line.encode())
                file.flush()
                if durably:
                    os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                raise
    except OSError as error:
        raise TttuiError(
            f"{path}: the intervention could not be recorded and was not made: {error.strerror}"
        ) from error


def sync(directory: Path) -> None:
    """Wait until the disk has what was recorded. Raises TttuiError where it does not take it."""
    path = directory / INTERVENTIONS
    try:
        with open_to_read(path) as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error


def drop_half_written(directory: Path) -> list[str]:
    """Cut off what a crash left after the last whole line, so that appending stays sound.

    A line is on the disk before the change takes effect, so that nothing is lost with it.
    Returns what was cut off, in words.
    """
    path = directory / INTERVENTIONS
    if not os.path.lexists(path):
        return []
    try:
        with os.fdopen(open_regular(path, os.O_RDWR), "r+b") as file:
            content = file.read(LARGEST_LIST)
            end = content.rfind(b"\n") + 1
            while 0 in content[(begin := content.rfind(b"\n", 0, max(0, end - 1)) + 1) : end]:
                end = begin
            if end == len(content):
                return []
            cut = Cut.of_lines(path, file.fileno(), end)
            file.truncate(end)
    except OSError as error:
        raise TttuiError(f"{path}: cannot be repaired: {error.strerror}") from error
    return [str(replace(cut, why="which a crash left"))] if cut else []
