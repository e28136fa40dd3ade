"""The checkpoints of a job: `checkpoint-latest.pt`, the one before it, and named ones.

A file is replaced as a whole and carries a checksum; what is damaged is passed over for the
next older one, unless a person asked for it by name.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_error, write_whole
from tttui.artifacts.checksum import Carried, pt_bytes, pt_checksum
from tttui.artifacts.jsonfile import whole
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import open_to_read, refuse_link, remove
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

LATEST, PREVIOUS = "latest", "previous"

_FILE = re.compile(r"checkpoint-([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.pt")


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """A point from which a job goes on; `step` is that of the last row of metrics before it."""

    name: str
    step: int
    state: Mapping[str, Any]


def path_of(directory: Path, name: str) -> Path:
    """The file of a checkpoint. Raises RefusedInput for what can be no name."""
    path = directory / f"checkpoint-{name}.pt"
    if not _FILE.fullmatch(path.name):
        raise RefusedInput(f"{name[:40]!r} is no name of a checkpoint: letters, digits, . _ and -")
    return path


def names(directory: Path) -> list[str]:
    """The checkpoints that are there, the newest first."""
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if match := _FILE.fullmatch(entry.name):
                    age = -entry.stat(follow_symlinks=False).st_mtime_ns
                    # a named one may have been written in the same tick of the clock
                    found.append((match[1] != LATEST, age, match[1]))
    except OSError:
        return []
    return [name for _, _, name in sorted(found)]


def save(directory: Path, state: Mapping[str, Any], *, step: int, name: str | None = None) -> None:
    """Write the newest checkpoint, and a copy of that `name`. Raises TttuiError."""
    content = pt_bytes(write_pt({"step": step, "state": dict(state)}))
    if name is not None:
        if name in (LATEST, PREVIOUS):
            raise RefusedInput(f"{name!r} is the name of a checkpoint that is always there")
        write_whole(path_of(directory, name), content)
    latest, previous = path_of(directory, LATEST), path_of(directory, PREVIOUS)
    try:
        refuse_link(latest)
        os.replace(latest, previous)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise write_error(latest, error) from error
    try:
        write_whole(latest, content)
    except TttuiError:
        if previous.exists() and not latest.exists():
            os.replace(previous, latest)
        raise


def go_back(directory: Path, found: JobCheckpoint) -> None:
    """Make an earlier checkpoint the newest, and remove those that are `later`. Raises TttuiError.

    A process that is killed in between leaves `found` as it is: going back again finishes it.
    """
    gone = later(directory, found)
    content = pt_bytes(write_pt({"step": found.step, "state": dict(found.state)}))
    write_whole(path_of(directory, LATEST), content)
    for name in {PREVIOUS, *gone} - {found.name}:
        path = path_of(directory, name)
        try:
            remove(path)
        except OSError as error:
            raise write_error(path, error) from error


def later(directory: Path, found: JobCheckpoint) -> list[str]:
    """The named checkpoints of steps after that of another, the newest first, and damaged ones."""
    others = [n for n in names(directory) if n not in (LATEST, PREVIOUS, found.name)]
    return [name for name in others if _step(directory, name) > found.step]


def _step(directory: Path, name: str) -> float:
    try:
        return _load(directory, name).step
    except (TttuiError, OSError):
        return math.inf


def load(
    directory: Path, name: str | None, complain: Callable[[str], object]
) -> JobCheckpoint | None:
    """The checkpoint of a name, or the newest that is whole; None where there is none.

    `complain` gets what is damaged. Raises RefusedInput where a named one cannot be had.
    """
    if name is not None:
        try:
            return _load(directory, name)
        except (TttuiError, OSError) as error:
            there = ", ".join(names(directory)) or "none"
            reason = "there is none" if isinstance(error, FileNotFoundError) else str(error)
            raise RefusedInput(f"checkpoint {name}: {reason}; there are: {there}") from error
    for candidate in (LATEST, PREVIOUS, *names(directory)):
        try:
            return _load(directory, candidate)
        except FileNotFoundError:
            continue
        except (TttuiError, OSError) as error:
            complain(f"{error}; an older checkpoint is looked for")
    return None


def _load(directory: Path, name: str) -> JobCheckpoint:
    path = path_of(directory, name)
    with open_to_read(path) as file:
        carried = pt_checksum(file)
    if carried is not Carried.RIGHT:
        raise TttuiError(f"{path}: is damaged: it does not have the checksum that it should carry")
    raw = read_pt(path)
    step = whole(raw.get("step")) if isinstance(raw, dict) else None
    if step is None or not isinstance(raw.get("state"), dict):
        raise TttuiError(f"{path}: is no checkpoint of a job")
    return JobCheckpoint(name, step, raw["state"])
