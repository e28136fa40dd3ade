"""The checkpoint of a session: one file that is enough, and two copies that must agree with it.

engine_state.pt is replaced last and atomically. It holds everything that an exact continuation
needs, the sizes that the growing files had (they are on disk before it is), and the hashes of
plastic_state.pt and optim_state.pt, which others read. After a crash between the files
engine_state.pt is right, and resuming writes the others again.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import LARGEST_CHECKPOINT, read_bytes, stat_regular
from tttui.model.arrays import Weights
from tttui.model.errors import TttuiError
from tttui.model.session import Problem

FORMAT = 1
ENGINE, PLASTIC, OPTIM = "engine_state.pt", "plastic_state.pt", "optim_state.pt"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A point from which a session goes on."""

    engine: Mapping[str, Any]
    """Hidden state, buffer, world, generators, counters: what the engine put in."""
    plastic: Weights
    optim: Mapping[str, Any]
    sizes: Mapping[str, int]
    """What RunWriter.sizes() was; RunWriter.truncate cuts the files back to it."""
    problems: tuple[Problem, ...] = ()
    """Files that do not belong to this set; resuming puts them right."""

    @property
    def consistent(self) -> bool:
        return not self.problems


def write_checkpoint(
    directory: Path,
    engine: Mapping[str, Any],
    plastic: Weights,
    optim: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> None:
    """Write the set into session/; the growing files must be synced. Raises TttuiError."""
    files = {PLASTIC: write_pt(dict(plastic)), OPTIM: write_pt(dict(optim))}
    for name, data in files.items():
        write_whole(directory / "session" / name, data)
    state = {
        "format": FORMAT,
        "engine": dict(engine),
        "plastic": dict(plastic),
        "optim": dict(optim),
        "sizes": dict(sizes),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    write_whole(directory / "session" / ENGINE, write_pt(state))


def read_checkpoint(directory: Path) -> Checkpoint:
    """The checkpoint of a native run directory, and which other files disagree with it.

    Raises TttuiError where engine_state.pt is missing, damaged or from a newer version.
    """
    path = directory / "session" / ENGINE
    if not os.path.lexists(path):
        raise TttuiError(f"{path}: there is no checkpoint yet, so there is nothing to resume from")
    state = read_pt(path)
    wanted = ("engine", "plastic", "optim", "sizes", "sha256")
    if not isinstance(state, dict) or not all(isinstance(state.get(k), dict) for k in wanted):
        raise TttuiError(f"{path}: is no checkpoint of tttui (it lacks {', '.join(wanted)})")
    if state.get("format") != FORMAT:
        raise TttuiError(
            f"{path}: has the format {state.get('format')!r}, this version reads {FORMAT}"
        )
    if not _are_names(state["sizes"], int) or not _are_names(state["sha256"], str):
        raise TttuiError(f"{path}: names files that are none of its session's")
    problems = [
        *_wrong_copies(directory / "session", state["sha256"]),
        *_short_files(directory, state["sizes"]),
    ]
    return Checkpoint(
        state["engine"], state["plastic"], state["optim"], state["sizes"], tuple(problems)
    )


def _are_names(values: Mapping[Any, Any], kind: type) -> bool:
    """Whether the keys are names of files, not paths, and the values of a kind (and a size)."""
    return all(
        isinstance(name, str)
        and name == os.path.basename(name)
        and isinstance(value, kind)
        and (name == "history_t" or not isinstance(value, int) or value >= 0)
        for name, value in values.items()
    )


def _wrong_copies(session: Path, hashes: Mapping[str, str]) -> list[Problem]:
    problems = []
    for name, expected in hashes.items():
        path = session / name
        try:
            found = hashlib.sha256(read_bytes(path, LARGEST_CHECKPOINT)).hexdigest()
        except OSError:
            problems.append(Problem("checkpoint", path, "is missing from the checkpoint", True))
            continue
        if found != expected:
            reason = f"is not the one that {ENGINE} was written with; {ENGINE} counts"
            problems.append(Problem("checkpoint", path, reason))
    return problems


def _short_files(directory: Path, sizes: Mapping[str, int]) -> list[Problem]:
    problems = []
    for name, size in sizes.items():
        path = directory / name
        if name.endswith(".npy") or "." not in name:
            continue  # thinning makes it shorter; it is cut by step, not by size
        try:
            found = stat_regular(path).st_size
        except OSError:
            found = 0
        if found < size:
            reason = f"has {found} bytes, but the checkpoint was written after {size}"
            problems.append(Problem("checkpoint", path, reason))
    return problems
