"""Statistics and singular values of every snapshot, computed once and kept while a run grows."""

import time
from dataclasses import dataclass

import numpy as np

from tttui.model.arrays import PLASTIC, Floats, Ints
from tttui.model.session import History

LARGEST = 1 << 27
"""Singular values are not computed where rows x columns x min(rows, columns) exceeds this."""

WARN_FACTOR = 10.0
"""A condition number that grew by more than this since the start is worth a warning."""

BATCH = 32
"""Snapshots that are summarised in one go, where they are small."""

MEASURES = ("fro", "max_abs", "mean", "std", "condition", "effective_rank", "max_change")


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
    values = singular_values(matrix)
    return Spectrum(values, float(condition_number(values)), float(effective_rank(values)))


class Statistics:
    """Figures of every snapshot of a history, one column a figure, computed bit by bit.

    `advance` works for a limited time and is called again until it returns True; what was
    computed for a shorter version of the same history is taken over by `follow`.
    """

    def __init__(self) -> None:
        self._history: History | None = None
        self._t: Ints = np.empty(0, dtype=np.int64)
        self._columns: dict[str, dict[str, Floats]] = {}
        self.done = 0
        """Snapshots summarised so far."""

    def follow(self, history: History | None) -> None:
        """Summarise this history from now on."""
        if history is self._history:
            return
        old, self._history = self._history, history
        new_t = self._t[:0] if history is None else np.asarray(history.t)
        names = () if history is None else tuple(history.weights)
        grown = (
            history is not None
            and old is not None
            and names == tuple(old.weights)
            and all(history.weights[k].shape[1:] == old.weights[k].shape[1:] for k in names)
            and len(new_t) >= self.done
            and np.array_equal(new_t[: self.done], self._t[: self.done])
        )
        if not grown:
            self._columns, self.done = {}, 0
        self._t = new_t
        for name in PLASTIC:
            if name not in names:
                continue
            kept = self._columns.get(name, {})
            self._columns[name] = {}
            for measure in MEASURES:
                column = np.full(len(new_t), np.nan)
                if measure in kept:
                    column[: self.done] = kept[measure][: self.done]
                self._columns[name][measure] = column

    @property
    def complete(self) -> bool:
        return self._history is None or self.done >= len(self._t)

    @property
    def t(self) -> Ints:
        """Steps of the snapshots summarised so far."""
        return self._t[: self.done]

    @property
    def matrices(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def column(self, matrix: str, measure: str) -> Floats:
        """A figure of every snapshot summarised so far; NaN where it has none."""
        return self._columns[matrix][measure][: self.done]

    def advance(self, budget_s: float) -> bool:
        """Work for about this time; whether everything is summarised."""
        end = time.perf_counter() + budget_s
        while not self.complete:
            self._take()
            if time.perf_counter() >= end:
                break
        return self.complete

    def _take(self) -> None:
        history = self._history
        assert history is not None
        size = sum(int(np.prod(history.weights[k].shape[1:])) for k in self._columns)
        n = max(1, min(BATCH, 1 << 16 if size == 0 else (1 << 18) // size))
        part = slice(self.done, min(self.done + n, len(self._t)))
        for name, columns in self._columns.items():
            W = np.asarray(history.weights[name][part], dtype=np.float64)
            start = np.asarray(history.weights[name][0], dtype=np.float64)
            with np.errstate(all="ignore"):
                columns["fro"][part] = np.sqrt((W * W).sum(axis=(1, 2)))
                columns["max_abs"][part] = np.abs(W).max(axis=(1, 2))
                columns["mean"][part] = W.mean(axis=(1, 2))
                columns["std"][part] = W.std(axis=(1, 2))
                columns["max_change"][part] = np.abs(W - start).max(axis=(1, 2))
            if not too_large(*W.shape[1:]):
                values = singular_values(W)
                columns["condition"][part] = condition_number(values)
                columns["effective_rank"][part] = effective_rank(values)
        self.done = part.stop
