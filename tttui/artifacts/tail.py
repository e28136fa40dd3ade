"""The end of per_step.csv: how far a run is and its newest errors, without reading the file."""

import math
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np

from tttui.artifacts.csvparse import parse_clean
from tttui.artifacts.regular import open_to_read
from tttui.model.arrays import Floats
from tttui.model.improvement import WINDOW

STRETCH = 32
"""Steps of one stretch. Stretches start at multiples of it, so that finished ones stay."""

STRETCHES = 16

BYTES = 64 * STRETCH * STRETCHES
"""Read from the end: enough for all stretches at 64 characters a row."""

HEADER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest t + 1 (None: no number), and the stretches as in `SessionSummary.recent`."""

    steps: int | None = None
    recent: tuple[float | None, ...] = ()
    last: tuple[float, float] | None = None
    """Mean errors (baseline, adaptive) over the last steps that a final error is about; None
    where the end does not hold all of them, or not unharmed."""


def read_tail(path: Path) -> Tail:
    """The end of a file that may be growing; empty where it cannot be read."""
    try:
        with BufferedReader(open_to_read(path)) as file:
            header = file.readline(HEADER_BYTES)
            size = file.seek(0, 2)
            file.seek(max(len(header), size - BYTES))
            block = file.read()
    except OSError:
        return Tail()
    whole = size - BYTES <= len(header)
    if not whole:
        block = block[block.find(b"\n") + 1 :]
    block = block[: block.rfind(b"\n") + 1]
    names = [name.strip() for name in header.split(b",")]
    rows = _rows(block, len(names))
    unharmed = rows is not None and len(rows) == block.count(b"\n")
    if rows is None or not len(rows) or not math.isfinite(rows[-1, 0]):
        return Tail()
    steps = int(rows[-1, 0]) + 1
    if b"adaptive_mse" not in names:
        return Tail(steps)
    adaptive = rows[:, names.index(b"adaptive_mse")]
    base = next((name for name in (b"baseline_mse", b"base_mse") if name in names), None)
    last = None
    if base is not None and unharmed and (whole or len(rows) >= WINDOW):
        baseline = rows[-WINDOW:, names.index(base)]
        with np.errstate(all="ignore"):  # what is not finite is told as such
            last = float(baseline.mean()), float(adaptive[-WINDOW:].mean())
    return Tail(steps, _stretches(rows[:, 0], adaptive), last)


def _rows(block: bytes, width: int) -> Floats | None:
    """The numbers [n, width] of the lines; of the last line alone where others are damaged."""
    rows = parse_clean(block, width) if block else None
    if rows is None and block:
        last = block[block.rfind(b"\n", 0, -1) + 1 :]
        rows = parse_clean(last, last.count(b",") + 1)
    return rows


def _stretches(t: Floats, error: Floats) -> tuple[float | None, ...]:
    known = np.isfinite(t)
    with np.errstate(all="ignore"):  # what is not finite is told as None
        number = (t[known] // STRETCH).astype(np.int64)
        starts = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))[-STRETCHES:]
        if not len(starts):
            return ()
        sums = np.add.reduceat(error[known], starts)
        means = sums / np.diff(np.append(starts, len(number)))
    return tuple(float(mean) if math.isfinite(mean) else None for mean in means)
