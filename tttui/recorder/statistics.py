"""Size, spread, change and largest singular value of weights, in one pass over their memory."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tttui.artifacts.tensorwriter import Stored
from tttui.model.arrays import Floats

PART = 1 << 17
"""Elements that are looked at at a time: they and what is made of them stay in the cache."""

GRAM = 32
"""A matrix with at most so many rows or columns has its largest singular value computed."""

FIRST_ITERATIONS, ITERATIONS = 6, 1
"""Power iterations of a matrix that is seen for the first time, and again: the vector is kept."""

DIGITS = 6
"""Significant digits in the files."""


class Figures:
    """The figures of one tensor from update to update.

    The largest singular value of a large matrix is an estimate from below, by power iteration
    that goes on from update to update; of a vector it is its norm. Tensors of more than two axes
    count as matrices of their first axis by all others.
    """

    def __init__(self) -> None:
        self._vector: Floats | None = None

    def of(self, now: Stored, before: Stored | None) -> dict[str, float]:
        """`fro`, `max_abs`, `mean`, `std`, `delta_fro`, `top_sv`; NaN where there is no telling.

        `before` has the same shape, or is None where there is nothing to compare with.
        """
        count = math.prod(now.shape)
        if not count:
            return dict.fromkeys(("fro", "max_abs", "mean", "std", "delta_fro", "top_sv"), 0.0)
        with np.errstate(all="ignore"):
            sums = _sums(now, before)
            off = sums.off_total / count
            mean = sums.center + off
            fro = (
                math.sqrt(
                    sums.off_squares + 2 * sums.center * sums.off_total + count * sums.center**2
                )
                if math.isfinite(sums.off_squares)
                else math.nan
            )
            found = {
                "fro": fro,
                "max_abs": sums.largest,
                "mean": mean,
                "std": _root(sums.off_squares / count - off * off),
                "delta_fro": _root(sums.changes) if before is not None else math.nan,
                "top_sv": self._top_sv(now, fro),
            }
        return {name: rounded(value) for name, value in found.items()}

    def _top_sv(self, now: Stored, fro: float) -> float:
        shape = now.shape
        if not math.isfinite(fro):
            return math.nan
        if len(shape) < 2 or fro == 0 or 1 in (shape[0], math.prod(shape[1:])):
            return fro
        matrix = _floats(now.dtype, now.array.reshape(shape[0], -1))
        if min(matrix.shape) <= GRAM:
            narrow = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
            gram: Floats = np.dot(narrow, narrow.T)
            if np.isfinite(gram).all():
                return math.sqrt(max(0.0, float(np.linalg.eigvalsh(gram)[-1])))
        return self._iterated(matrix)

    def _iterated(self, matrix: Floats) -> float:
        vector, rounds = self._vector, ITERATIONS
        if vector is None or len(vector) != matrix.shape[1]:
            rng = np.random.default_rng(0)
            vector = np.asarray(rng.standard_normal(matrix.shape[1]), dtype=matrix.dtype)
            rounds = FIRST_ITERATIONS
        value = 0.0
        for _ in range(rounds):
            image = np.dot(matrix, vector / max(float(np.linalg.norm(vector)), 1e-30))
            value = float(np.linalg.norm(image))
            vector = np.dot(image, matrix)
        self._vector = vector if np.isfinite(vector).all() and vector.any() else None
        return value


@dataclass(slots=True)
class _Sums:
    """Sums over a tensor; of what is off the center where a spread must not drown in the mean."""

    center: float
    off_total: float = 0.0
    off_squares: float = 0.0
    changes: float = 0.0
    largest: float = 0.0


def _sums(now: Stored, before: Stored | None) -> _Sums:
    flat = np.ascontiguousarray(now.array).reshape(-1)
    old = None if before is None else np.ascontiguousarray(before.array).reshape(-1)
    sums = _Sums(_center(_floats(now.dtype, flat[:PART])))
    room = np.empty(min(PART, len(flat)), _floats(now.dtype, flat[:1]).dtype)
    for i in range(0, len(flat), PART):
        part = _floats(now.dtype, flat[i : i + PART])
        scratch = room[: len(part)]
        sums.largest = max(sums.largest, float(part.max()), -float(part.min()))
        if old is not None and before is not None:
            np.subtract(part, _floats(before.dtype, old[i : i + PART]), out=scratch)
            sums.changes += float(np.dot(scratch, scratch))
        off = part
        if sums.center:
            off = np.subtract(part, part.dtype.type(sums.center), out=scratch)
        # A product with ones is a sum, three times as fast.
        sums.off_total += float(np.dot(off, _ones(off.dtype.char)[: len(off)]))
        sums.off_squares += float(np.dot(off, off))
    if math.isnan(sums.off_squares):
        sums.largest = math.nan
    return sums


def _center(part: Floats) -> float:
    """The mean of some elements, in their precision; 0 where it is small beside their spread."""
    mean = float(part.mean(dtype=np.float64))
    if not math.isfinite(mean) or abs(mean) < 0.1 * float(part.std()):
        return 0.0
    return float(part.dtype.type(mean))


@lru_cache(maxsize=2)
def _ones(code: str) -> Floats:
    return np.ones(PART, dtype=code)


def rounded(value: float) -> float:
    """A number with the digits that the files have."""
    return float(f"{value:.{DIGITS}g}")


def _root(value: float) -> float:
    return math.sqrt(max(0.0, value)) if math.isfinite(value) else value


def _floats(dtype: str, part: np.ndarray[Any, Any]) -> Floats:
    numbers = Stored(dtype, part).numbers()
    return numbers.astype(np.float32) if numbers.dtype == np.float16 else numbers
