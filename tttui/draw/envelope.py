"""What a long series looks like in few columns: minimum, maximum and mean of every column.

A pyramid of one level (blocks of 64 samples) is built once; a drawing then touches only whole
blocks and the two ragged ends of every column, so it costs the same for any length, and no
extreme is ever lost.
"""

from dataclasses import dataclass

import numpy as np

from tttui.model.arrays import Floats, Ints

BLOCK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One value per column [n]; NaN where a column holds no sample but NaN.

    `low` and `high` may be infinite; `mean` is over the finite samples only; `count` is the
    number of samples that are not NaN.
    """

    low: Floats
    high: Floats
    mean: Floats
    count: Ints


class Series:
    """Samples y [n] at ascending positions t [n], ready to be drawn at any zoom.

    Immutable. `t` is sorted if it is not ascending (damaged files); lengths must agree.
    """

    def __init__(self, t: Ints | Floats, y: Floats) -> None:
        if len(t) != len(y):
            raise ValueError(f"{len(t)} positions for {len(y)} samples")
        y = np.asarray(y, dtype=np.float64)
        if len(t) and not (np.diff(t) >= 0).all():
            order = np.argsort(t, kind="stable")
            t, y = t[order], y[order]
        self.t: Floats | Ints = t
        self.y: Floats = y
        n = len(y)
        rows = -(-n // BLOCK)
        self._padded = np.full((rows, BLOCK), np.nan)
        self._padded.reshape(-1)[:n] = y
        self._low, self._high, self._sum, self._finite, self._count = _summary(self._padded)
        self._extent = _finite_extent(self._padded)

    def __len__(self) -> int:
        return len(self.y)

    def columns(self, edges: Floats) -> Columns:
        """Summaries of the samples with edges[i] <= t < edges[i+1]; `edges` [n+1] ascends."""
        at = np.searchsorted(self.t, edges)
        start, stop = at[:-1], at[1:]
        n = len(start)
        low, high = np.full(n, np.nan), np.full(n, np.nan)
        total, finite, count = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
        head, tail = start // BLOCK, stop // BLOCK

        def take(columns: Ints, row: Ints, begin: Ints, end: Ints) -> None:
            """Add samples begin..end (exclusive, within block `row`) to `columns`."""
            ok = end > begin
            columns, row, begin, end = columns[ok], row[ok], begin[ok], end[ok]
            if not len(columns):
                return
            inside = np.arange(BLOCK)
            mask = (inside >= begin[:, None]) & (inside < end[:, None])
            part = np.where(mask, self._padded[row], np.nan)
            p_low, p_high, p_sum, p_finite, p_count = _summary(part)
            low[columns] = np.fmin(low[columns], p_low)
            high[columns] = np.fmax(high[columns], p_high)
            total[columns] += p_sum
            finite[columns] += p_finite
            count[columns] += p_count

        every = np.arange(n)
        same = head == tail
        last = np.where(same, stop - head * BLOCK, BLOCK)
        take(every, head, start - head * BLOCK, last)
        apart = ~same
        take(every[apart], tail[apart], np.zeros(apart.sum(), dtype=int), (stop % BLOCK)[apart])

        wide = every[tail > head + 1]
        if len(wide):
            pairs = np.stack([head[wide] + 1, tail[wide]], axis=1).reshape(-1)
            # reduceat needs indices inside the array: the last column may end on its edge
            clipped = pairs[:-1] if pairs[-1] == len(self._low) else pairs
            low[wide] = np.fmin(low[wide], np.fmin.reduceat(self._low, clipped)[::2])
            high[wide] = np.fmax(high[wide], np.fmax.reduceat(self._high, clipped)[::2])
            total[wide] += np.add.reduceat(self._sum, clipped)[::2]
            finite[wide] += np.add.reduceat(self._finite, clipped)[::2]
            count[wide] += np.add.reduceat(self._count, clipped)[::2]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(finite > 0, total / finite, np.nan)
        return Columns(low, high, mean, count)

    def extent(self, t0: float, t1: float) -> tuple[float, float, float] | None:
        """Finite minimum, finite maximum and smallest positive value over t0 <= t <= t1.

        None when there is no finite sample; the third is NaN when nothing is positive.
        """
        i = int(np.searchsorted(self.t, t0))
        j = int(np.searchsorted(self.t, t1, side="right"))
        head, tail = min(-(-i // BLOCK) * BLOCK, j), max(j // BLOCK * BLOCK, i)
        if tail <= head:
            head, tail = j, j
        loose = np.concatenate([self.y[i:head], self.y[tail:j]])
        parts = [_finite_extent(loose[None, :])] if len(loose) else []
        if tail > head:
            parts.append(self._extent[:, head // BLOCK : tail // BLOCK])
        if not parts:
            return None
        every = np.concatenate(parts, axis=1)
        low, high, positive = every[0], every[1], every[2]
        if np.isnan(low).all():
            return None
        return (
            float(np.fmin.reduce(low)),
            float(np.fmax.reduce(high)),
            float(np.fmin.reduce(positive)),
        )

    def at(self, t: float) -> tuple[float, float] | None:
        """Position and value of the newest sample at or before t; None when there is none."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        return None if i < 0 else (float(self.t[i]), float(self.y[i]))


def _summary(rows: Floats) -> tuple[Floats, Floats, Floats, Floats, Ints]:
    """Minimum, maximum, sum and number of finite samples, number of non-NaN, for each row."""
    finite = np.isfinite(rows)
    return (
        np.fmin.reduce(rows, axis=1) if rows.size else np.empty(0),
        np.fmax.reduce(rows, axis=1) if rows.size else np.empty(0),
        np.where(finite, rows, 0.0).sum(axis=1),
        finite.sum(axis=1).astype(np.float64),
        (~np.isnan(rows)).sum(axis=1),
    )


def _finite_extent(rows: Floats) -> Floats:
    """Finite minimum, finite maximum, smallest finite positive value of each row: [3, rows]."""
    if not rows.size:
        return np.empty((3, 0))
    finite = np.where(np.isfinite(rows), rows, np.nan)
    with np.errstate(invalid="ignore"):
        positive = np.where(finite > 0, finite, np.nan)
    return np.stack(
        [
            np.fmin.reduce(finite, axis=1),
            np.fmax.reduce(finite, axis=1),
            np.fmin.reduce(positive, axis=1),
        ]
    )
