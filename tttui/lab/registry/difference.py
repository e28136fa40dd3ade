"""What differs between two versions: weights, settings, results."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tttui.lab.registry.version import Version
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

ValuePair = tuple[str, Any, Any]
"""A name with its value in both; None where one lacks it."""


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """One parameter in both versions; norms are Frobenius norms."""

    name: str
    shape: tuple[int, ...]
    before: float
    after: float
    change: float
    """The norm of the difference."""

    @property
    def relative(self) -> float:
        """The change relative to the norm before; NaN where both are 0."""
        if self.before:
            return self.change / self.before
        return float("inf") if self.change else float("nan")


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """From one version to another."""

    parameters: tuple[ParameterChange, ...]
    """Parameters that both have in the same shape, in the order of the first."""
    only: tuple[tuple[str, str], ...]
    """Parameters of one version alone, or of another shape, with why."""
    settings: tuple[ValuePair, ...]
    """Settings that differ."""
    results: tuple[ValuePair, ...]
    same_base: bool

    @property
    def relative(self) -> float:
        """The change of all parameters together relative to their norm before."""
        before = sum(one.before**2 for one in self.parameters)
        change = sum(one.change**2 for one in self.parameters)
        return float((change / before) ** 0.5) if before else float("nan")


def difference(one: Version, other: Version) -> VersionDifference:
    """Compare two versions of one task.

    Raises RefusedInput for versions of other tasks, TttuiError where weights were changed.
    """
    if one.task != other.task:
        raise RefusedInput(
            f"{one.name} is of the task {one.task}, {other.name} of {other.task}: their weights "
            "have nothing in common"
        )
    first, second = one.tensors(), other.tensors()
    changes: list[ParameterChange] = []
    only: list[tuple[str, str]] = []
    for name in {**first, **second}:
        a, b = first.get(name), second.get(name)
        if a is None or b is None:
            only.append((name, f"only in {(other if a is None else one).name}"))
        elif a.shape != b.shape:
            only.append((name, f"{list(a.shape)} and {list(b.shape)}"))
        else:
            norms = _norm(a), _norm(b), _norm(b.astype(np.float64) - a)
            changes.append(ParameterChange(name, tuple(a.shape), *norms))
    return VersionDifference(
        tuple(changes),
        tuple(only),
        tuple(
            _pairs({**one.task_settings, **one.settings}, {**other.task_settings, **other.settings})
        ),
        tuple(_pairs(one.results, other.results)),
        one.base_sha256 == other.base_sha256,
    )


def _norm(array: np.ndarray[Any, Any]) -> float:
    return float(np.linalg.norm(array.astype(np.float64).ravel()))


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[ValuePair]:
    for name in {**one, **other}:
        if one.get(name) != other.get(name):
            yield name, one.get(name), other.get(name)
