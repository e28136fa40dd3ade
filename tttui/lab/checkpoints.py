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
    """The file of a checkpoint. Raises RefusedInput for an invalid name."""
    path = directory / f"checkpoint-{name}.pt"
    if not _FILE.fullmatch(path.name):
        raise RefusedInput(f"{name[:40]!r} is no name of a checkpoint: letters, digits, . _ and -")
    return path


def names(directory: Path) -> list[str]:
    """The names of the existing checkpoints, newest first."""
    by_age = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if match := _FILE.fullmatch(entry.name):
                    age = -entry.stat(follow_symlinks=False).st_mtime_ns
                    # a named one may have been written in the same tick of the clock
                    by_age.append((match[1] != LATEST, age, match[1]))
    except OSError:
        return []
    return [name for _, _, name in sorted(by_age)]


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


def go_back(directory: Path, checkpoint: JobCheckpoint) -> None:
    """Make an earlier checkpoint the newest, and remove the `later` ones. Raises TttuiError.

    A process that is killed in between leaves `checkpoint` as it is: going back again finishes it.
    """
    newer = later(directory, checkpoint)
    content = pt_bytes(write_pt({"step": checkpoint.step, "state": dict(checkpoint.state)}))
    write_whole(path_of(directory, LATEST), content)
    for name in {PREVIOUS, *newer} - {checkpoint.name}:
        path = path_of(directory, name)
        try:
            remove(path)
        except OSError as error:
            raise write_error(path, error) from error


def later(directory: Path, checkpoint: JobCheckpoint) -> list[str]:
    """The named checkpoints of steps after that of another, the newest first, and damaged ones."""
    others = [n for n in names(directory) if n not in (LATEST, PREVIOUS, checkpoint.name)]
    return [name for name in others if _step(directory, name) > checkpoint.step]


def _step(directory: Path, name: str) -> float:
    try:
        return _load(directory, name).step
    except (TttuiError, OSError):
        return math.inf


def load(
    directory: Path, name: str | None, complain: Callable[[str], object]
) -> JobCheckpoint | None:
    """Load a named checkpoint, or the newest whole one; None if there is none.

    `complain` receives a line for each damaged file. Raises RefusedInput if the named one cannot be
    loaded.
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
