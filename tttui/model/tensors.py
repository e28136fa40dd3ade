"""The tensors of a checkpoint, of any names, shapes and number: known by name, read when looked at.

Every tensor is a matrix here (`schema.matrix_shape`): a vector is one row, and of more than two
axes all but the first are one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Protocol

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.schema import TensorSpec

LARGE = 1 << 22
"""Elements up to which a tensor is shown element by element; larger ones are condensed."""

CONDENSED = 1 << 20
"""About so many elements a condensed one has."""

AT_ONCE = 1 << 20
"""About as many elements are read at a time."""


class Tensors(Protocol):
    """Tensors by name. Reading one raises TttuiError for a file that is damaged or changed."""

    @property
    def specs(self) -> Mapping[str, TensorSpec]: ...

    def read(self, name: str, first: int, stop: int) -> Floats:
        """The rows first .. stop - 1 of a tensor [rows, columns]; bfloat16 is float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Tensors that are in memory; `values` have their own shapes."""

    values: Mapping[str, Floats]
    specs: Mapping[str, TensorSpec] = field(default_factory=dict[str, TensorSpec])

    @classmethod
    def of(cls, values: Mapping[str, Floats]) -> "Loaded":
        specs = {k: TensorSpec(k, tuple(v.shape), str(v.dtype)) for k, v in values.items()}
        return cls(values, specs)

    def read(self, name: str, first: int, stop: int) -> Floats:
        return self.values[name].reshape(self.specs[name].matrix)[first:stop]


def whole(tensors: Tensors, name: str) -> Floats:
    """A tensor [rows, columns], all of it."""
    return tensors.read(name, 0, tensors.specs[name].matrix[0])


def blocks(tensors: Tensors, name: str) -> Iterator[tuple[int, Floats]]:
    """A tensor in blocks of rows, each with the number of its first row."""
    rows, columns = tensors.specs[name].matrix
    step = max(1, AT_ONCE // max(columns, 1))
    for first in range(0, rows, step):
        yield first, tensors.read(name, first, min(first + step, rows))


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """`after` minus `before`, for the tensors that both have in the same shape."""

    after: Tensors
    before: Tensors

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        theirs = self.before.specs
        return {
            name: spec
            for name, spec in self.after.specs.items()
            if name in theirs and theirs[name].shape == spec.shape
        }

    def read(self, name: str, first: int, stop: int) -> Floats:
        with np.errstate(all="ignore"):
            after, before = (x.read(name, first, stop) for x in (self.after, self.before))
            return np.asarray(after - before)


def condensed(tensors: Tensors, name: str) -> tuple[Floats, tuple[int, int]]:
    """A large tensor as a matrix of about CONDENSED elements: each is the value of largest
    magnitude in a block, of which the rows and columns are told."""
    rows, columns = tensors.specs[name].matrix
    side = max(1, math.ceil(math.sqrt(rows * columns / CONDENSED)))
    down = min(side, max(rows, 1))
    across = min(math.ceil(rows * columns / CONDENSED / down), max(columns, 1))
    wide = -(-columns // across)
    small = np.zeros((-(-rows // down), wide), np.float32)
    step = down * max(1, AT_ONCE // max(columns * down, 1))
    for first in range(0, rows, step):
        block = tensors.read(name, first, min(first + step, rows)).astype(np.float32, copy=False)
        high, low = _folded(_folded(block, across, 1), down, 0)
        begin = first // down
        small[begin : begin + len(high)] = np.where(np.abs(low) > np.abs(high), low, high)
    return small, (down, across)


def _folded(block: Floats | tuple[Floats, Floats], size: int, axis: int) -> tuple[Floats, Floats]:
    """The largest and the smallest of every `size` rows (axis 0) or columns (1) of a block, or of
    what that gave for the other axis."""
    high, low = block if isinstance(block, tuple) else (block, block)

    def every(values: Floats, k: int) -> Floats:
        return values[k::size] if axis == 0 else values[:, k::size]

    largest, smallest = every(high, 0).copy(), every(low, 0).copy()
    for k in range(1, size):
        more, less = every(high, k), every(low, k)
        n = more.shape[axis]  # the last block may be smaller
        part = (slice(n), slice(None)) if axis == 0 else (slice(None), slice(n))
        np.maximum(largest[part], more, out=largest[part])
        np.minimum(smallest[part], less, out=smallest[part])
    return largest, smallest


@dataclass(frozen=True, slots=True)
class Figures:
    """Statistics of a tensor; None if unknown."""

    fro: float | None = None
    max_abs: float | None = None
    mean: float | None = None
    std: float | None = None
    top_sv: float | None = None
    """The largest singular value."""
    delta_fro: float | None = None
    """The norm of its last change."""


def figures(tensors: Tensors, name: str) -> Figures:
    """Norm, extreme, mean and deviation of a tensor, read in blocks."""
    total = squares = largest = 0.0
    n = tensors.specs[name].size
    with np.errstate(all="ignore"):
        for _, block in blocks(tensors, name):
            wide = block.astype(np.float64)
            total += float(wide.sum())
            squares += float((wide * wide).sum())
            largest = float(np.maximum(largest, np.abs(wide).max(initial=0.0)))
        mean = total / n if n else 0.0
        std = float(np.sqrt(np.maximum(squares / n - mean * mean, 0.0))) if n else 0.0
        return Figures(float(np.sqrt(squares)), largest, mean, std)
