"""Norms, spread, change and largest singular value of weights, in one pass over their memory.

The same pass updates the copy of the weights and hashes them while they are in the cache: memory
traffic is most of the cost of recording an update of a large model.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from tttui.artifacts.contenthash import CHUNK, SMALL, ChunkSums, tensor_digest
from tttui.artifacts.tensorwriter import Stored
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass

PART = CHUNK * 8
"""Elements that are looked at at a time: they and what is made of them stay in the cache. Whole
chunks of the hash, whatever the bytes of an element."""

GRAM = 32
"""A matrix with at most so many rows or columns has its largest singular value computed."""

FIRST_ITERATIONS = 6
"""Power iterations of a matrix that is seen for the first time. Later half of one goes on from the
vector that is kept: a product with the matrix from the right, and the next time from the left."""

DIGITS = 6
"""Significant digits in the files."""


NAMES = ("fro", "max_abs", "mean", "std", "delta_fro", "moved_fro", "top_sv")
"""Figures of an event: `delta_fro` is the norm of the change, `moved_fro` that since the start."""


class FigureTracker:
    """The statistics of one tensor from update to update.

    The largest singular value of a large matrix is an estimate from below, by power iteration
    that goes on from update to update; of a vector it is its norm. Tensors of more than two axes
    count as matrices of their first axis by all others.
    """

    def __init__(self) -> None:
        self._side: _Side | None = None
        """Where the power iteration goes on."""

    def of(
        self,
        now: Stored,
        before: Stored | None,
        taking: "Taking | None" = None,
        start: Stored | None = None,
    ) -> dict[str, float]:
        """`fro`, `max_abs`, `mean`, `std`, `delta_fro`, `moved_fro`, `top_sv`; NaN if undefined.

        `before` and `start` (for `moved_fro`) have the same shape, or are None; `taking` updates
        `before` in the same pass.
        """
        count = math.prod(now.shape)
        if not count:
            return dict.fromkeys(NAMES, 0.0)
        with np.errstate(all="ignore"):
            iteration = None if self._side is None else _Iteration(self._side, now.shape)
            sums = _sums(now, before, taking, iteration, start)
            off = sums.off_total / count
            mean = sums.center + off
            fro = (
                math.sqrt(
                    sums.off_squares + 2 * sums.center * sums.off_total + count * sums.center**2
                )
                if math.isfinite(sums.off_squares)
                else math.nan
            )
            figures = {
                "fro": fro,
                "max_abs": sums.largest,
                "mean": mean,
                "std": _root(sums.off_squares / count - off * off),
                "delta_fro": _root(sums.changes) if before is not None else math.nan,
                "moved_fro": _root(sums.moved),
                "top_sv": self._top_sv(now, fro, iteration),
            }
        return {k: rounded(figures[k]) for k in NAMES if k != "moved_fro" or start is not None}

    def _top_sv(self, now: Stored, fro: float, iteration: "_Iteration | None") -> float:
        shape = now.shape
        if not math.isfinite(fro):
            return math.nan
        if len(shape) < 2 or fro == 0 or 1 in (shape[0], math.prod(shape[1:])):
            return fro
        if iteration is not None:
            return self._kept(iteration)
        matrix = _floats(now.dtype, now.array.reshape(shape[0], -1))
        if min(matrix.shape) <= GRAM:
            narrow = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
            gram: Floats = np.dot(narrow, narrow.T)
            if np.isfinite(gram).all():
                return math.sqrt(max(0.0, float(np.linalg.eigvalsh(gram)[-1])))
        first = np.random.default_rng(0).standard_normal(matrix.shape[1])
        side = _Side(_unit(np.asarray(first, dtype=matrix.dtype)), from_right=True)
        for _ in range(2 * FIRST_ITERATIONS):
            half = _Iteration(side, shape)
            half.use(matrix, 0)
            side = half.other_side()
        return self._kept(half)

    def _kept(self, done: "_Iteration") -> float:
        """Keep the estimate of an iteration as the start of the next one."""
        value = float(np.linalg.norm(done.product))
        self._side = done.other_side() if 0 < value < math.inf else None
        return value


class Taking:
    """Brings the copy of a tensor up to date, part by part, and hashes it on the way."""

    def __init__(self, now: Stored, copy: Stored) -> None:
        """`now` and `copy` lie in host memory, have one shape and dtype, and are contiguous."""
        self._now, self._kept = now.array.reshape(-1), copy.array.reshape(-1)
        self._sums = ChunkSums() if self._now.nbytes > SMALL else None

    def take(self, first: int, stop: int) -> None:
        """Copy these elements; parts come in order, all but the last with PART elements."""
        part = self._now[first:stop]
        if self._sums is not None:
            self._sums.add(part.view(np.uint8))
        self._kept[first:stop] = part

    def take_all(self) -> None:
        """Copy all elements, without statistics."""
        for i in range(0, len(self._now), PART):
            self.take(i, i + PART)

    def digest(self) -> bytes:
        """The digest of the copied elements."""
        return tensor_digest(self._kept) if self._sums is None else self._sums.digest()


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A unit vector, and the side from which a matrix is multiplied with it."""

    unit: Floats
    from_right: bool


class _Iteration:
    """Half a power iteration: the product of a matrix with a unit vector, as its rows come by."""

    def __init__(self, side: _Side, shape: tuple[int, ...]) -> None:
        self._side, self._columns = side, math.prod(shape[1:])
        size = shape[0] if side.from_right else self._columns
        self.product: Floats = np.zeros(size, side.unit.dtype)
        self._row = 0

    def other_side(self) -> _Side:
        """The vector with which the next half iteration starts."""
        return _Side(_unit(self.product), from_right=not self._side.from_right)

    def go_on(self, dtype: str, flat: np.ndarray[Any, Any], stop: int) -> None:
        """Use the rows that end before the element `stop` of all elements."""
        columns = self._columns
        first, self._row = self._row, stop // columns
        if self._row > first:
            part = flat[first * columns : self._row * columns]
            self.use(_floats(dtype, part).reshape(-1, columns), first)

    def use(self, rows: Floats, first: int) -> None:
        """Use some rows, of which the first has this number."""
        stop = first + len(rows)
        if self._side.from_right:
            np.dot(rows, self._side.unit, out=self.product[first:stop])
        else:
            self.product += np.dot(self._side.unit[first:stop], rows)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-30))


@dataclass(slots=True)
class _Sums:
    """Sums over a tensor, of deviations from a center so that a small spread is not lost in the
    mean."""

    center: float
    off_total: float = 0.0
    off_squares: float = 0.0
    changes: float = 0.0
    moved: float = 0.0
    largest: float = 0.0


def _sums(
    now: Stored,
    before: Stored | None,
    taking: Taking | None,
    iteration: _Iteration | None,
    start: Stored | None,
) -> _Sums:
    flat, old, first = (
        None if x is None else np.ascontiguousarray(x.array).reshape(-1)
        for x in (now, before, start)
    )
    assert flat is not None
    sums = _Sums(_center(_floats(now.dtype, flat[:PART])))
    room = np.empty(min(PART, len(flat)), _floats(now.dtype, flat[:1]).dtype)
    for i in range(0, len(flat), PART):
        part = _floats(now.dtype, flat[i : i + PART])
        scratch = room[: len(part)]
        sums.largest = max(sums.largest, float(part.max()), -float(part.min()))
        if old is not None and before is not None:
            np.subtract(part, _floats(before.dtype, old[i : i + PART]), out=scratch)
            sums.changes += float(np.dot(scratch, scratch))
        if first is not None and start is not None:
            np.subtract(part, _floats(start.dtype, first[i : i + PART]), out=scratch)
            sums.moved += float(np.dot(scratch, scratch))
        off = part
        if sums.center:
            off = np.subtract(part, part.dtype.type(sums.center), out=scratch)
        sums.off_total += _total(off)
        sums.off_squares += float(np.dot(off, off))
        if iteration is not None:
            iteration.go_on(now.dtype, flat, i + len(part))
        if taking is not None:
            taking.take(i, i + len(part))
    if math.isnan(sums.off_squares):
        sums.largest = math.nan
    return sums


def _center(part: Floats) -> float:
    """The mean of some elements, in their precision; 0 where it is small beside their spread."""
    mean = float(part.mean(dtype=np.float64))
    if not math.isfinite(mean) or abs(mean) < 0.1 * float(part.std()):
        return 0.0
    return float(part.dtype.type(mean))


def _total(part: Floats) -> float:
    """The sum, by a product with ones that stay in the cache: several times as fast."""
    ones = _ones(part.dtype.char)
    rows, rest = divmod(len(part), len(ones))
    total = float(np.dot(part[rows * len(ones) :], ones[:rest])) if rest else 0.0
    if rows:
        sums = np.dot(part[: rows * len(ones)].reshape(rows, -1), ones)
        total += float(sums.sum(dtype=np.float64))
    return total


@lru_cache(maxsize=2)
def _ones(code: str) -> Floats:
    return np.ones(2048, dtype=code)


def rounded(value: float) -> float:
    """A number with the digits that the files have."""
    return float(f"{value:.{DIGITS}g}")


def _root(value: float) -> float:
    return math.sqrt(max(0.0, value)) if math.isfinite(value) else value


def _floats(dtype: str, part: np.ndarray[Any, Any]) -> Floats:
    if dtype == "float32":
        return part
    numbers = Stored(dtype, part).numbers()
    return numbers.astype(np.float32) if numbers.dtype == np.float16 else numbers
