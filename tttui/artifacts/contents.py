"""Comparing the growing files of a session with the checksums of a checkpoint.

Up to the sizes that the checkpoint names they must be what was written, by their checksums; what
comes after is not covered yet. Without checksums, only a torn end after a power failure is
detected.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.blocks import BLOCK, BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint
from tttui.artifacts.findings import Finding
from tttui.artifacts.history import header, record_dtype
from tttui.artifacts.history_writer import SnapshotChecksums, records_of
from tttui.artifacts.regular import open_to_read

HISTORY = ".npy"
"""How the name of the history ends, which is checked by snapshots."""

CHANGED = "not what was written there: the checksum differs"


def differing(
    directory: Path,
    checkpoint: Checkpoint,
    name: str,
    *,
    stride: int,
    kept: Sequence[str] | None = None,
    deadline: float | None = None,
) -> list[Finding]:
    """The findings of a growing file that differs from the checkpoint.

    `stride` is the `history_stride` of meta.json: the history may have been thinned since. `kept`
    names the parameters that it holds (None: all). Parts not reached by the `deadline` (monotonic
    seconds) count as right.
    """
    path = directory / name
    state, size = checkpoint.checksums.get(name), checkpoint.sizes.get(name, 0)
    try:
        size = size if state is None or name.endswith(HISTORY) else int(state["size"])
        if name.endswith(HISTORY):
            if state is None:
                return []
            snapshots = SnapshotChecksums.restored(state)
            return _snapshots(path, checkpoint, kept, snapshots, stride)
        with open_to_read(path) as file:
            if state is not None:
                sums = BlockChecksums.restored(state)
                length = path.stat().st_size
                if length < sums.size:
                    return [_short(path, length, sums.size)]
                return [
                    Finding(path, CHANGED, begin, end)
                    for begin, end in sums.differing(file, deadline)
                ]
            return _torn(path, file, size)
    except FileNotFoundError:
        return [_short(path, 0, size)] if size else []
    except OSError as error:
        return [Finding(path, f"cannot be read: {error.strerror or error}")]


def grown(checkpoint: Checkpoint) -> list[str]:
    """The files that a checkpoint cuts back, by name."""
    return [name for name in checkpoint.sizes if "." in name]


def lacks_end(findings: Sequence[Finding]) -> bool:
    """Whether the end is missing, so that nothing can be appended."""
    return any(finding.begin is None for finding in findings)


def _short(path: Path, length: int, size: int) -> Finding:
    if not length and not path.exists():
        return Finding(path, f"is missing; it had {size} bytes at the checkpoint")
    return Finding(path, f"has {length} bytes, but the checkpoint was written after {size}")


def _torn(path: Path, file: Any, size: int) -> list[Finding]:
    """The finding for a torn end of a file without checksums."""
    length = path.stat().st_size
    if length < size:
        return [_short(path, length, size)]
    begin = max(0, size - BLOCK)
    file.seek(begin)
    end: bytes = file.read(size - begin)
    if 0 in end:
        return [Finding(path, "zeros, as a power failure leaves them", begin + end.index(0), size)]
    if end and not end.endswith(b"\n"):
        return [Finding(path, "half a line", begin + end.rfind(b"\n") + 1, size)]
    return []


def history_dtype(
    checkpoint: Checkpoint, kept: Sequence[str] | None = None
) -> np.dtype[Any] | None:
    """The dtype of a history's records by what the checkpoint says of it, whatever its header
    says; None for a session of an older version. `kept`: the parameters that it holds."""
    if not checkpoint.checksums:
        return None
    plastic = checkpoint.plastic
    names = plastic if kept is None else [name for name in kept if name in plastic]
    return record_dtype({name: plastic[name].shape for name in names})


def _snapshots(
    path: Path,
    checkpoint: Checkpoint,
    kept: Sequence[str] | None,
    recorded: SnapshotChecksums,
    stride: int,
) -> list[Finding]:
    if not recorded.t:
        return []
    dtype = history_dtype(checkpoint, kept)
    if dtype is None:
        return []
    start = len(header(dtype, 0))
    records = records_of(path, dtype, start)
    last = recorded.t[-1]
    if stride > recorded.stride:  # thinned since: those that are left are known by their steps
        index = {t: i for i, t in enumerate(recorded.t)}
        expected = [index.get(t, -1) if t <= last else None for t, _ in records]
    else:
        expected = [i if i < len(recorded.t) else None for i in range(len(records))]
        if len(records) < len(recorded.t):
            lacking = recorded.t[len(records)]
            reason = f"lacks {len(recorded.t) - len(records)} snapshots, from step {lacking} on"
            return [Finding(path, reason)]
    wrong = [
        i
        for i, ((t, crc), k) in enumerate(zip(records, expected, strict=True))
        if k is not None
        and (k < 0 or t != recorded.t[k] or crc != recorded.sums[k])
        and not _replaced(path.parent, checkpoint, t, last)
    ]
    size = dtype.itemsize
    return [
        Finding(path, f"{_steps(recorded, expected[a], expected[b])}: {CHANGED}",
                start + a * size, start + (b + 1) * size)
        for a, b in _runs(wrong)
    ]  # fmt: skip


def _steps(recorded: SnapshotChecksums, first: int | None, last: int | None) -> str:
    """`the snapshot of step 64`, `the snapshots of steps 64 to 128`."""
    if first is None or last is None or first < 0 or last < 0:
        return "a snapshot"
    a, b = recorded.t[first], recorded.t[last]
    return f"the snapshot of step {a}" if a == b else f"the snapshots of steps {a} to {b}"


def _replaced(directory: Path, checkpoint: Checkpoint, t: int, last: int) -> bool:
    """Whether the newest snapshot may have been replaced since, by another of the same step:
    somebody intervened there after the checkpoint."""
    if t != last:
        return False
    name = "interventions.jsonl"
    sealed = int(checkpoint.checksums.get(name, {}).get("size", 0))
    try:
        return (directory / name).stat().st_size > sealed
    except OSError:
        return False


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of adjacent numbers."""
    runs: list[tuple[int, int]] = []
    for i in indices:
        if runs and runs[-1][1] == i - 1:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs
