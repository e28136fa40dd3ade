"""The end of per_step.csv: the progress of a run and its newest errors."""

import math
from io import BufferedReader
from pathlib import Path

import numpy as np

from tttui.artifacts.csvfile import LARGEST_T
from tttui.artifacts.csvparse import absent
from tttui.artifacts.csvtable import CsvTable
from tttui.artifacts.regular import open_to_read
from tttui.artifacts.restarts import merge
from tttui.artifacts.steps_csv import COLUMNS
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.improvement import WINDOW, improvement

STRETCH = 32
"""Steps of one stretch. Stretches start at multiples of it, so that finished ones stay."""

STRETCHES = 16

BYTES = 64 * STRETCH * STRETCHES
"""Read from the end: enough for all stretches at 64 characters a row."""

HEADER_BYTES = 4096
"""Read from the beginning, for the header and comments before it."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest t + 1 (None: no number), and the stretches as in `SessionSummary.recent`."""

    steps: int | None = None
    recent: tuple[float | None, ...] = ()
    last: tuple[float, float] | None = None
    """Mean errors (frozen, adaptive) over the last steps that a final error is about; None
    where the end does not hold all of them, or not unharmed."""
    interval: tuple[float, float] | None = None
    """Of the improvement over these steps, in percent, 95 %; None where there is none."""
    why_no_mean: str = ""
    """Why one of these means is missing."""
    wrong: str = ""
    """The defects of the last lines."""


def read_tail(path: Path, *, lower: bool = True) -> Tail:
    """The end of a file that may be growing; empty where it cannot be read.

    `lower`: the lower error is the better one.
    """
    table = CsvTable(COLUMNS)
    try:
        with BufferedReader(open_to_read(path)) as file:
            head = file.read(HEADER_BYTES)
            size = file.seek(0, 2)
            whole = size <= len(head) + BYTES
            file.seek(0 if whole else size - BYTES)
            block = file.read()
    except OSError:
        return Tail()
    if not whole:
        table.take(head[: head.rfind(b"\n") + 1], 0)
        block = block[block.find(b"\n") + 1 :]
    lines, _, open_line = block.rpartition(b"\n")
    rows, _ = table.take(lines + b"\n", 0)
    complete = table.is_complete(open_line)
    if complete:
        rows = np.concatenate((rows, table.take(open_line + b"\n", 0)[0]))
    index = table.index or {}
    wrong = "the file is empty" if not head else ""
    if table.wrong.count:
        wrong = table.wrong.sentence() if whole else "some of the last lines are no steps"
    elif open_line and not complete:
        wrong = "the last line is cut off"
    if not len(rows):
        return Tail(wrong=wrong)
    t = rows[:, index["t"]]
    known = (t >= 0) & (t < LARGEST_T) & (t == np.floor(t))
    rows, t = rows[known], t[known]
    counts = merge(np.empty(0, dtype=np.int64), t, every_step=True).indices()
    if not len(counts):
        return Tail(wrong=wrong)
    steps = int(t[counts[-1]]) + 1
    if "adaptive_mse" not in index:
        return Tail(steps, wrong=wrong)
    t, error = t[counts], rows[counts, index["adaptive_mse"]]
    last, interval, why = None, None, ""
    if "baseline_mse" in index and not table.wrong.count and (whole or len(t) >= WINDOW):
        every = rows[counts, index["baseline_mse"]]
        both = ~absent(every)
        frozen, adaptive = every[both][-WINDOW:], error[both][-WINDOW:]
        if both.any() and (whole or len(frozen) >= WINDOW):
            result = improvement(frozen, adaptive, lower=lower)
            last, interval = (result.frozen, result.adaptive), result.ends
            why = "" if all(map(math.isfinite, last)) else result.why_none
    begin = 0 if whole else int(np.argmax(t // STRETCH > t[0] // STRETCH))
    return Tail(steps, _stretches(t[begin:], error[begin:]), last, interval, why, wrong)


def _stretches(t: Floats, error: Floats) -> tuple[float | None, ...]:
    number = (t // STRETCH).astype(np.int64)
    starts = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))[-STRETCHES:]
    with np.errstate(all="ignore"):  # what is not finite is told as None
        sums = np.add.reduceat(error, starts)
        means = sums / np.diff(np.append(starts, len(number)))
    return tuple(float(mean) if math.isfinite(mean) else None for mean in means)
