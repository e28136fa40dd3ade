"""The checkpoints of a session: the newest, the one before it, and files that repeat the newest.

engine_state.pt is replaced last and atomically. It holds everything that an exact continuation
needs, the sizes that the growing files had (they are on disk before it is) and their checksums,
and the hashes of plastic_state.pt, optim_state.pt and metrics.json, which others read. After a
crash between the files engine_state.pt is right, and resuming writes the others again.

The one that it replaces becomes engine_state.previous.pt: where the newest is damaged, or the
growing files lost something that it needs, the session goes on from there (`recovery`).

Beside what the engine keeps, a checkpoint holds

    sizes       bytes of every growing file, and the step of the newest snapshot
    checksums   of every growing file, up to these sizes (`blocks`, `history_writer`)
    sha256      of the files that repeat parts of it
    copies      texts of meta.json and interventions.jsonl, which nothing else can give again
    dtypes      sessions of tasks: what was widened to float32, and the dtypes that it had

The weights that others read are in plastic_state.pt; those of a task, where they are larger than
16 MB, in plastic_state.safetensors, in their own dtypes (`tensorwriter`).
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.atomic import TEMPORARY, write_error, write_whole
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checksum import Carried, json_bytes, pt_bytes, pt_checksum
from tttui.artifacts.history_writer import SnapshotChecksums
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import blocks_of, open_to_read, sha256_of, stat_regular
from tttui.artifacts.tensorwriter import Stored, file_of, remove_other
from tttui.model.arrays import Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.session import Problem
from tttui.model.setting import shown

FORMAT = 1
ENGINE, PREVIOUS = "engine_state.pt", "engine_state.previous.pt"
PLASTIC, OPTIM, METRICS = "plastic_state.pt", "optim_state.pt", "metrics.json"
LARGE = "plastic_state.safetensors"
"""In place of PLASTIC."""

WIDENED = ("bfloat16", "float16")
"""Dtypes of weights that a checkpoint holds in float32."""

Parts = Iterable[bytes | memoryview]
"""A file in parts, to be gone through more than once."""


class NoCheckpoint(TttuiError):
    """The session has no checkpoint file."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A point from which a session can resume."""

    engine: Mapping[str, Any]
    """The engine's state: hidden state, buffer, world, generators, counters."""
    plastic: Weights
    optim: Mapping[str, Any]
    sizes: Mapping[str, int]
    """Sizes of the growing files in bytes; a resume cuts them back to these."""
    problems: tuple[Problem, ...] = ()
    """Files that do not match this checkpoint; a resume rewrites them."""
    path: Path = field(default_factory=Path)
    checksums: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the growing files, by name; empty for a session of an older version."""
    sha256: Mapping[str, str] = field(default_factory=dict[str, str])
    copies: Mapping[str, str] = field(default_factory=dict[str, str])
    dtypes: Mapping[str, str] | None = None
    """Dtypes that weights had before they were widened; None: all were float32, and plastic_state
    is a .pt file whatever its size."""

    @property
    def weights_file(self) -> str:
        """The file in session/ that repeats the weights."""
        return LARGE if LARGE in self.sha256 else PLASTIC

    @property
    def consistent(self) -> bool:
        return not self.problems

    @property
    def step(self) -> int | None:
        """The step that is predicted next; None if the engine state lacks it."""
        stepper = self.engine.get("stepper", self.engine)
        try:
            return int(stepper["t"]) + int(stepper.get("revealed", 0))
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
            return None

    def __str__(self) -> str:
        return f"the checkpoint of step {self.step}"


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What a checkpoint records about the other files of its session."""

    sizes: Mapping[str, int]
    checksums: Mapping[str, Any]
    copies: Mapping[str, str]


def write_checkpoint(
    directory: Path,
    engine: Mapping[str, Any],
    plastic: Weights,
    optim: Mapping[str, Any],
    metrics: Mapping[str, Any],
    contents: Contents,
    *,
    keep: bool,
    dtypes: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint and its copies into session/; the growing files must be synced. Raises
    TttuiError.

    `keep`: the checkpoint that is there becomes the previous one; `dtypes` as in `Checkpoint`.
    """
    session = directory / "session"
    files = copies_of(plastic, optim, metrics, dtypes)
    for name, parts in files.items():
        write_whole(session / name, parts)
    state = {
        "format": FORMAT,
        "engine": dict(engine),
        "plastic": dict(plastic),
        "optim": dict(optim),
        "sizes": dict(contents.sizes),
        "checksums": dict(contents.checksums),
        "sha256": {name: sha256_of_parts(parts) for name, parts in files.items()},
        "copies": dict(contents.copies),
        **({} if dtypes is None else {"dtypes": dict(dtypes)}),
    }
    content = pt_bytes(write_pt(state))
    if keep:
        _keep_previous(session)
    write_whole(session / ENGINE, content)
    remove_other(session / next(iter(files)))


def copies_of(
    plastic: Weights,
    optim: Mapping[str, Any],
    metrics: Mapping[str, Any],
    dtypes: Mapping[str, str] | None = None,
) -> dict[str, Parts]:
    """The files in session/ that repeat parts of the newest checkpoint, the weights first."""
    weights: Parts = [pt_bytes(write_pt(dict(plastic)))] if dtypes is None else []
    name = PLASTIC
    if dtypes is not None:
        own = {k: Stored.narrowed(W, dtypes.get(k, "float32")) for k, W in plastic.items()}
        suffix, weights = file_of(own)
        name = f"plastic_state{suffix}"
    rest = {OPTIM: [pt_bytes(write_pt(dict(optim)))], METRICS: [json_bytes(metrics)]}
    return {name: weights, **rest}


def sha256_of_parts(parts: Parts) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def read_checkpoint(directory: Path) -> Checkpoint:
    """The newest checkpoint that can be read, and which other files disagree with it.

    Where engine_state.pt is damaged that is the previous one, and engine_state.pt is among its
    problems. Raises TttuiError where neither can be read, or they are from a newer version.
    """
    try:
        return read_generation(directory, ENGINE)
    except TttuiError as error:
        try:
            previous = read_generation(directory, PREVIOUS)
        except TttuiError:
            raise error from None
        path = directory / "session" / ENGINE
        reason = f"{why_not(error, path)}; {previous}, the one before, counts"
        problem = Problem("checkpoint", path, reason, isinstance(error, NoCheckpoint))
        # What repeats the newest cannot agree with the one before it.
        return replace(previous, problems=(problem, *_short_files(directory, previous.sizes)))


def read_generation(directory: Path, name: str) -> Checkpoint:
    """The checkpoint in one of the two files. Raises TttuiError where it holds none."""
    path = directory / "session" / name
    try:
        with open_to_read(path) as file:
            carried = pt_checksum(file)
    except FileNotFoundError:
        raise NoCheckpoint(
            f"{path}: there is no checkpoint yet, so there is nothing to resume from"
        ) from None
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from None
    if carried is Carried.WRONG:
        raise TttuiError(f"{path}: is damaged: it does not have the checksum that it carries")
    state = read_pt(path)
    parts = ("engine", "plastic", "optim", "sizes", "sha256")
    if not isinstance(state, dict) or not all(isinstance(state.get(k), dict) for k in parts):
        raise TttuiError(f"{path}: is no checkpoint of tttui (it lacks {', '.join(parts)})")
    if not isinstance(state.get("format"), int) or state["format"] != FORMAT:
        raise TttuiError(
            f"{path}: has the format {state.get('format')!r}, this version reads {FORMAT}"
        )
    if not _are_names(state["sizes"], int) or not _are_names(state["sha256"], str):
        raise TttuiError(f"{path}: names files that are none of its session's")
    checksums, copies = state.get("checksums", {}), state.get("copies", {})
    dtypes = state.get("dtypes")
    if wrong := _wrong_parts(state["plastic"], checksums, copies, dtypes):
        raise TttuiError(f"{path}: holds {wrong}")
    if checksums and carried is Carried.NONE:
        raise TttuiError(f"{path}: is damaged: it lacks the checksum that it was written with")
    problems = [
        *_wrong_copies(directory / "session", state["sha256"]),
        *_short_files(directory, state["sizes"]),
    ]
    return Checkpoint(
        state["engine"],
        state["plastic"],
        state["optim"],
        state["sizes"],
        tuple(problems),
        path,
        checksums,
        state["sha256"],
        copies,
        dtypes,
    )


def _wrong_parts(plastic: Mapping[Any, Any], checksums: Any, copies: Any, dtypes: Any) -> str:
    """The defect of a checkpoint's content; '' if there is none."""
    for name, matrix in plastic.items():
        if not isinstance(name, str) or not isinstance(matrix, np.ndarray) or not matrix.ndim:
            return "weights that are no matrices"
    if not isinstance(checksums, dict) or not isinstance(copies, dict):
        return "no checksums or no copies where it should"
    if not all(isinstance(part, str) for pair in copies.items() for part in pair):
        return "copies that are no texts"
    if dtypes is not None and not isinstance(dtypes, dict):
        return "no dtypes where it should"
    if any(name not in plastic or kind not in WIDENED for name, kind in (dtypes or {}).items()):
        return f"dtypes that are none of {', '.join(WIDENED)}, or of no weights"
    for name, state in checksums.items():
        try:
            (SnapshotChecksums if name.endswith(".npy") else BlockChecksums).restored(state)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            return f"checksums of {shown(name)} that cannot be understood ({error})"
    return ""


def _are_names(values: Mapping[Any, Any], kind: type) -> bool:
    """Whether the keys are names of files, not paths, and the values of a kind (and a size)."""
    return all(
        isinstance(name, str)
        and name == os.path.basename(name)
        and isinstance(value, kind)
        and (name == "history_t" or not isinstance(value, int) or value >= 0)
        for name, value in values.items()
    )


def why_not(error: TttuiError, path: Path) -> str:
    """Why the previous checkpoint is used instead of engine_state.pt."""
    if isinstance(error, NoCheckpoint):
        return "is missing"
    return str(error).removeprefix(f"{path}: ")


def _keep_previous(session: Path) -> None:
    """Link the existing checkpoint to the name of the previous one, before it is replaced."""
    path, temporary = session / ENGINE, session / f".{PREVIOUS}.{os.getpid()}{TEMPORARY}"
    try:
        temporary.unlink(missing_ok=True)
        os.link(path, temporary, follow_symlinks=False)
        os.replace(temporary, session / PREVIOUS)
        temporary.unlink(missing_ok=True)  # it stays where both names were one file already
    except FileNotFoundError:
        return
    except OSError:  # a filesystem without hard links
        try:
            write_whole(session / PREVIOUS, blocks_of(path))
        except OSError as error:
            raise write_error(path, error) from error


def _wrong_copies(session: Path, hashes: Mapping[str, str]) -> list[Problem]:
    problems = []
    for name, expected in hashes.items():
        path = session / name
        try:
            digest = sha256_of(path)
        except FileNotFoundError:
            problems.append(Problem("checkpoint", path, "is missing from the checkpoint", True))
            continue
        except OSError as error:
            problems.append(Problem("checkpoint", path, f"cannot be read: {error.strerror}"))
            continue
        if digest != expected:
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
            length = stat_regular(path).st_size
        except OSError:
            length = 0
        if length < size:
            reason = f"has {length} bytes, but the checkpoint was written after {size}"
            problems.append(Problem("checkpoint", path, reason))
    return problems
