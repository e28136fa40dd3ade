"""The tensors of a checkpoint, of any names, shapes and number: known by name, read when looked at.

Every tensor is a matrix here (`schema.matrix_shape`): a vector is one row, and of more than two
axes all but the first are one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.schema import TensorSpec

LARGE = 1 << 22
"""Elements up to which a tensor is shown element by element; larger ones are condensed."""

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


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a tensor without showing it; None where it is not known."""

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
