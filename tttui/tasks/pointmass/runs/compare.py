"""Comparing a recorded session with its replay, file by file."""

from collections.abc import Iterator, Mapping
from io import BufferedReader
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tttui.artifacts.history import read_history
from tttui.artifacts.jsonfile import decode, read_object, whole
from tttui.artifacts.jsonlist import JsonList
from tttui.artifacts.layout import BASE
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.regular import (
    LARGEST_LIST,
    open_to_read,
    read_bytes,
    sha256_of,
    stat_regular,
)
from tttui.artifacts.writer import LAST_SNAPSHOT
from tttui.model.arrays import PLASTIC
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.runs.check import Check
from tttui.tasks.pointmass.runs.writer import model_signature

PART = 1 << 16
"""Bytes that are read at a time."""

LONGEST = 1 << 20
"""Bytes of a line; what is longer is no row and no transaction."""

TIMING = ("duration_ms",)
"""Keys of an event that no replay can give again."""


NEWER = ("live_mse", "live_frozen_mse", "live_steps")
"""Keys of an event that sessions of earlier versions lack."""


def base_hash(directory: Path, meta: Mapping[str, Any]) -> Check:
    """Whether the base checkpoint is the file that meta.json names."""
    try:
        digest = sha256_of(directory / BASE)
    except FileNotFoundError:
        return Check(BASE, False, "is missing")
    except OSError as error:
        return Check(BASE, False, f"cannot be read: {error.strerror}")
    recorded = meta.get("base_ckpt_hash")
    if digest == recorded:
        return Check(BASE, True, "has the sha256 that meta.json names")
    return Check(BASE, False, f"has sha256 {digest[:12]}, meta.json says {str(recorded)[:12]}")


def signature(meta: Mapping[str, Any], name: str = "session/meta.json") -> Check:
    """Whether model_signature in meta.json follows from model_cfg and the base's hash."""
    cfg, recorded = meta.get("model_cfg"), meta.get("model_signature")
    if not isinstance(cfg, Mapping) or not isinstance(recorded, str):
        return Check(name, None, "has no model_cfg or no model_signature")
    expected = model_signature(cfg, str(meta.get("base_ckpt_hash")))
    if expected == recorded:
        return Check(name, True, "model_signature follows from model_cfg and the base")
    return Check(name, False, f"model_signature should be {expected[:12]}, it is {recorded[:12]}")


def count_rows(path: Path) -> int:
    """Whole rows of a CSV file with a header; 0 where it cannot be read."""
    try:
        with open_to_read(path) as file:
            return max(0, sum(part.count(b"\n") for part in iter(lambda: file.read(PART), b"")) - 1)
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

    def counts(self, name: str) -> int | None:
        """Bytes of a growing file that count; None: all."""
        return None if self.sizes is None or not self.ragged else self.sizes.get(name)


WHOLE = Extent(None, ragged=False)
"""All of a file."""


def growing_files(recorded: Path, again: Path, extent: Extent) -> list[Check]:
    """Rows, trajectory, transactions and snapshots against those of the replay."""
    return [
        _rows(recorded, again, "per_step.csv", extent),
        _rows(recorded, again, "trajectory.csv", extent),
        _events(recorded, again, extent),
        _history(recorded, again, extent),
    ]


def _lines(path: Path, extent: Extent) -> Iterator[bytes]:
    """The lines of a growing file that count; half a line comes without its newline."""
    left = extent.counts(path.name)
    with BufferedReader(open_to_read(path), PART) as file:
        while line := file.readline(LONGEST if left is None else min(left, LONGEST)):
            left = left if left is None else left - len(line)
            yield line


def _after(path: Path, extent: Extent) -> int:
    """Bytes of a growing file after those that count."""
    counts = extent.counts(path.name)
    return 0 if counts is None else stat_regular(path).st_size - counts


def saved_files(recorded: Path, again: Path) -> list[Check]:
    """The files of a checkpoint against those that the replay saved at the same step."""
    return [
        _event_list(recorded),
        *(_tensors(recorded, again, f"session/{name}_state.pt") for name in ("plastic", "optim")),
        _tensors(recorded, again, "session/engine_state.pt"),
        _metrics(recorded, again),
    ]


def _rows(recorded: Path, again: Path, name: str, extent: Extent) -> Check:
    n = expected = -1  # the header is no row
    half = False
    try:
        for a, b in zip_longest(_lines(recorded / name, extent), _lines(again / name, WHOLE)):
            if a is not None and not a.endswith(b"\n"):
                half, a = True, None
            n, expected = n + (a is not None), expected + (b is not None)
            if a is not None and b is not None and a != b:
                where = f"t {n - 1}" if n else "its header"
                detail = f"{where}: recorded {_text(a)}, replayed {_text(b)}"
                return Check(name, False, f"differs at {detail}", n - 1 if n else None)
        after = _after(recorded / name, extent)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    if half:
        return Check(name, False, f"has half a row after t {n - 1}", n)
    if n != expected:
        return Check(name, False, f"has {n} rows, the replay {expected}", min(n, expected))
    return Check(name, True, f"{n} rows agree to the last digit{_later(after)}")


def _later(after: int) -> str:
    if after <= 0:
        return ""
    return f"; {after} bytes after the last checkpoint are computed again by a resume"


def _events(recorded: Path, again: Path, extent: Extent) -> Check:
    name, n = "update_events.jsonl", 0
    theirs, mine = _objects(recorded / name, extent), _objects(again / name, WHOLE)
    try:
        for a, b in zip_longest(theirs, mine):
            if a is not None and b is not None:
                b = {k: v for k, v in b.items() if k in a or k not in NEWER}
            if a is not None and a == b:
                n += 1
                continue
            t = whole((a or b or {}).get("t"))
            if b is None:
                return Check(name, False, f"has a transaction too many at t {t}", t)
            if a is None:
                return Check(name, False, f"lacks the transaction at t {t}", t)
            keys = sorted(k for k in {*a, *b} if a.get(k) != b.get(k))
            return Check(name, False, f"differs at t {b['t']} in {', '.join(keys)}", b["t"])
        after = _after(recorded / name, extent)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except ValueError as error:
        return Check(name, False, f"is damaged: {error}")
    return Check(name, True, f"{n} transactions agree{_later(after)}")


def _objects(path: Path, extent: Extent) -> Iterator[dict[str, Any]]:
    """The transactions in a file of lines. Raises ValueError where a line is none."""
    return (_event(line) for line in _lines(path, extent) if line.strip())


def _event(text: bytes | msgspec.Raw) -> dict[str, Any]:
    """A transaction without what no replay can give again."""
    event = decode(bytes(text))
    if not isinstance(event, dict):
        raise ValueError("holds what is no transaction")
    # NaN is not equal to itself; its text is.
    return {
        k: str(v) if isinstance(v, float) and v != v else v
        for k, v in event.items()
        if k not in TIMING
    }


def _event_list(recorded: Path) -> Check:
    """The list against the lines: its beginning, since it is written less often."""
    name, n = "update_events.json", 0
    lines = _objects(recorded / "update_events.jsonl", WHOLE)
    try:
        for event in _listed(read_bytes(recorded / name, LARGEST_LIST)):
            line = next(lines, None)
            if event != line:
                t = whole((line or event).get("t"))
                return Check(name, False, f"differs from update_events.jsonl at t {t}", t)
            n += 1
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}")
    except ValueError as error:
        return Check(name, False, f"is damaged: {error}")
    return Check(name, True, f"{n} transactions agree with update_events.jsonl")


def _listed(data: bytes) -> Iterator[dict[str, Any]]:
    """The transactions of a list. Raises ValueError where it is none, or damaged."""
    events = JsonList(data, _event, _event, "events")
    for batch in events.batches():
        yield from batch.items
    if events.problem is not None or events.wrong.count:
        raise ValueError(events.problem or events.wrong.sentence())


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
            if k not in theirs.weights or k not in mine.weights:
                return Check(name, False, f"has no {k}")
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
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in {**a, **b}:
            if f"{where}/{key}" in BY_PATH:  # an older version may have had none
                continue
            if key not in a or key not in b:
                return f"{where}/{key}"
            path = _differing(a[key], b[key], f"{where}/{key}")
            if path:
                return path
        return ""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        same = a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        return "" if same else where
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return next(filter(None, (_differing(x, y, f"{where}/{i}") for i, (x, y) in pairs)), "")
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return where
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
