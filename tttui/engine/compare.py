"""Comparing a recorded session with its replay, file by file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.history import read_history
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.metadata import model_signature
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.writer import LAST_SNAPSHOT
from tttui.engine.base import FILE
from tttui.model.arrays import PLASTIC
from tttui.model.errors import TttuiError

TIMING = ("duration_ms",)
"""Keys of an event that no replay can give again."""


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one file."""

    file: str
    agrees: bool | None
    """None: it could not be checked, `detail` says why."""
    detail: str
    t: int | None = None
    """The first step at which it differs, where it has steps."""


def base_hash(directory: Path, meta: Mapping[str, Any]) -> Check:
    """Whether the base checkpoint is the file that meta.json names."""
    path = directory / FILE
    if not path.is_file():
        return Check(FILE, False, "is missing")
    found, said = hashlib.sha256(path.read_bytes()).hexdigest(), meta.get("base_ckpt_hash")
    if found == said:
        return Check(FILE, True, "has the sha256 that meta.json names")
    return Check(FILE, False, f"has sha256 {found[:12]}, meta.json says {str(said)[:12]}")


def signature(meta: Mapping[str, Any], name: str = "session/meta.json") -> Check:
    """Whether model_signature in meta.json follows from model_cfg and the base's hash."""
    cfg, said = meta.get("model_cfg"), meta.get("model_signature")
    if not isinstance(cfg, Mapping) or not isinstance(said, str):
        return Check(name, None, "has no model_cfg or no model_signature")
    found = model_signature(cfg, str(meta.get("base_ckpt_hash")))
    if found == said:
        return Check(name, True, "model_signature follows from model_cfg and the base")
    return Check(name, False, f"model_signature should be {found[:12]}, it is {said[:12]}")


def count_rows(path: Path) -> int:
    """Whole rows of a CSV file with a header; 0 where it cannot be read."""
    try:
        return max(0, path.read_bytes().count(b"\n") - 1)
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the growing files belongs to the session.

    `sizes` are those of the last checkpoint, None where there is none. What comes after it is
    computed again by a resume; only a run that crashed (`ragged`) may have left some.
    """

    sizes: Mapping[str, int] | None
    ragged: bool


def growing_files(recorded: Path, again: Path, extent: Extent) -> list[Check]:
    """Rows, trajectory, transactions and snapshots against those of the replay."""
    return [
        _rows(recorded, again, "per_step.csv", extent),
        _rows(recorded, again, "trajectory.csv", extent),
        _events(recorded, again, extent),
        _history(recorded, again, extent),
    ]


def _content(path: Path, extent: Extent) -> tuple[bytes, int]:
    """The bytes of a growing file that count, and how many come after them."""
    content = path.read_bytes()
    size = None if extent.sizes is None else extent.sizes.get(path.name)
    if size is None or not extent.ragged:
        return content, 0
    return content[:size], len(content) - size


def saved_files(recorded: Path, again: Path) -> list[Check]:
    """The files of a checkpoint against those that the replay saved at the same step."""
    return [
        _event_list(recorded),
        *(_tensors(recorded, again, f"session/{name}_state.pt") for name in ("plastic", "optim")),
        _tensors(recorded, again, "session/engine_state.pt"),
        _metrics(recorded, again),
    ]


def _rows(recorded: Path, again: Path, name: str, extent: Extent) -> Check:
    try:
        content, after = _content(recorded / name, extent)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    theirs = content.split(b"\n")
    mine = (again / name).read_bytes().split(b"\n")
    for i, (a, b) in enumerate(zip(theirs[:-1], mine[:-1], strict=False)):
        if a != b:
            where = "its header" if i == 0 else f"t {i - 1}"
            said = f"{where}: recorded {_text(a)}, replayed {_text(b)}"
            return Check(name, False, f"differs at {said}", None if i == 0 else i - 1)
    n, expected = len(theirs) - 2, len(mine) - 2
    if theirs[-1]:
        return Check(name, False, f"has half a row after t {n - 1}", n)
    if n != expected:
        return Check(name, False, f"has {n} rows, the replay {expected}", min(n, expected))
    return Check(name, True, f"{n} rows agree to the last digit{_later(after)}")


def _later(after: int) -> str:
    if after <= 0:
        return ""
    return f"; {after} bytes after the last checkpoint are computed again by a resume"


def _events(recorded: Path, again: Path, extent: Extent) -> Check:
    name = "update_events.jsonl"
    try:
        content, after = _content(recorded / name, extent)
        theirs = _objects(content)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except (ValueError, AttributeError) as error:
        return Check(name, False, f"is damaged: {error}")
    for a, b in zip_longest(theirs, _objects((again / name).read_bytes())):
        if a == b:
            continue
        if b is None:
            assert a is not None
            return Check(name, False, f"has a transaction too many at t {a.get('t')}", a.get("t"))
        if a is None:
            return Check(name, False, f"lacks the transaction at t {b['t']}", b["t"])
        keys = sorted(k for k in {*a, *b} if a.get(k) != b.get(k))
        return Check(name, False, f"differs at t {b['t']} in {', '.join(keys)}", b["t"])
    return Check(name, True, f"{len(theirs)} transactions agree{_later(after)}")


def _objects(content: bytes) -> list[dict[str, Any]]:
    return [_timeless(json.loads(line)) for line in content.split(b"\n") if line]


def _timeless(event: Mapping[str, Any]) -> dict[str, Any]:
    # NaN is not equal to itself; its text is.
    return {
        k: str(v) if isinstance(v, float) and v != v else v
        for k, v in event.items()
        if k not in TIMING
    }


def _event_list(recorded: Path) -> Check:
    """The list against the lines: its beginning, since it is written less often."""
    name = "update_events.json"
    try:
        listed = [_timeless(e) for e in json.loads((recorded / name).read_bytes())]
        lines = _objects((recorded / "update_events.jsonl").read_bytes())
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except (ValueError, AttributeError) as error:
        return Check(name, False, f"is damaged: {error}")
    for a, b in zip_longest(listed, lines[: len(listed)]):
        if a != b:
            t = (b or a or {}).get("t")
            return Check(name, False, f"differs from update_events.jsonl at t {t}", t)
    return Check(name, True, f"{len(listed)} transactions agree with update_events.jsonl")


def _history(recorded: Path, again: Path, extent: Extent) -> Check:
    name = "weights_history.npy"
    try:
        theirs, problem = read_history(recorded / name)
        mine, _ = read_history(again / name)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except TttuiError as error:
        return Check(name, False, str(error))
    if problem is not None:
        return Check(name, False, problem)
    n = len(theirs)
    if extent.ragged and extent.sizes is not None:
        n = int(np.searchsorted(theirs.t, extent.sizes.get(LAST_SNAPSHOT, -1), side="right"))
    for i in range(max(n, len(mine))):
        a = int(theirs.t[i]) if i < n else None
        b = int(mine.t[i]) if i < len(mine) else None
        if a != b:
            t = min(v for v in (a, b) if v is not None)
            return Check(name, False, f"snapshot {i} is of t {a}, replayed of t {b}", t)
        for k in PLASTIC:
            if theirs.weights[k][i].tobytes() != mine.weights[k][i].tobytes():
                return Check(name, False, f"{k} differs at t {a}", a)
    return Check(name, True, f"{n} snapshots agree bit for bit")


def _tensors(recorded: Path, again: Path, name: str) -> Check:
    try:
        theirs = read_pt(recorded / name)
    except TttuiError as error:
        return Check(name, False, str(error))
    where = _differing(theirs, read_pt(again / name), "")
    if where:
        return Check(name, False, f"{where} differs from the replay")
    return Check(name, True, "agrees bit for bit")


BY_PATH = ("/sizes", "/sha256", "/checksums", "/copies")
"""Parts of engine_state.pt that depend on the time that transactions took, and on its path."""


def _differing(a: Any, b: Any, where: str) -> str:
    """The path of the first difference of two nested states, or an empty text."""
    if where in BY_PATH:
        return ""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in {**a, **b}:
            if key not in a or key not in b:
                return f"{where}/{key}"
            found = _differing(a[key], b[key], f"{where}/{key}")
            if found:
                return found
        return ""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        same = a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        return "" if same else where
    return "" if a == b or (a != a and b != b) else where


def _metrics(recorded: Path, again: Path) -> Check:
    name = "session/metrics.json"
    try:
        theirs = read_object(recorded / name)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except TttuiError as error:
        return Check(name, False, str(error))
    mine = read_object(again / name)
    keys = [k for k in {**mine, **theirs} if str(theirs.get(k)) != str(mine.get(k))]
    if keys:
        k = keys[0]
        return Check(name, False, f"{k} is {theirs.get(k)}, replayed {mine.get(k)}")
    return Check(name, True, f"{len(theirs)} figures agree")


def _text(line: bytes) -> str:
    return repr(line[:80].decode("utf-8", "replace"))
