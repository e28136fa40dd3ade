"""Singular values of matrices, condition number and effective rank."""

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass

LARGEST = 1 << 27
"""Singular values are not computed where rows x columns x min(rows, columns) exceeds this."""

WARN_FACTOR = 10.0
"""A condition number that grew by more than this since the start is worth a warning."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Singular values [min(rows, cols)] of one matrix, descending, and what they come to."""

    values: Floats
    condition: float
    """Largest over smallest; infinite for a singular matrix."""
    effective_rank: float
    """exp of the entropy of the normalised singular values (Roy & Vetterli 2007)."""


def too_large(rows: int, columns: int) -> bool:
    """Whether the singular values of such a matrix would take too long for a screen."""
    return rows * columns * min(rows, columns) > LARGEST


def singular_values(matrices: Floats) -> Floats:
    """Singular values [..., min(rows, cols)] of matrices [..., rows, cols], NaN if not finite."""
    finite = np.asarray(np.isfinite(matrices).all(axis=(-2, -1), keepdims=True))
    safe = np.where(finite, matrices, 0.0).astype(np.float64)
    values = np.linalg.svd(safe, compute_uv=False)
    return np.where(finite[..., 0], values, np.nan)


def condition_number(values: Floats) -> Floats:
    """Largest over smallest singular value [...], from values [..., k] in descending order."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values[..., 0] / values[..., -1])


def effective_rank(values: Floats) -> Floats:
    """exp(-sum p log p), p = values / sum(values), [...]; 1 .. k (Roy & Vetterli 2007)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = values / values.sum(axis=-1, keepdims=True)
        entropy = -np.sum(np.where(p > 0, p * np.log(p), 0.0 * p), axis=-1)
    return np.asarray(np.exp(entropy))


def spectrum(matrix: Floats) -> Spectrum | None:
    """The spectrum of one matrix; None where it is too large."""
    if too_large(*matrix.shape):
        return None
    return of_values(singular_values(matrix))


def of_values(values: Floats) -> Spectrum:
    """The spectrum with these singular values, descending."""
    return Spectrum(values, float(condition_number(values)), float(effective_rank(values)))
