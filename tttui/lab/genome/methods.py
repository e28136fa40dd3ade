"""How skills over one base are merged into one, parameter by parameter.

θ₀ is the base, θ_i a skill, τ_i = θ_i - θ₀ its task vector, w_i its weight, λ the scale:

| method | merged weights | source |
|---|---|---|
| linear | θ₀ + λ Σ w_i τ_i | task arithmetic, Ilharco et al. 2023, arXiv:2212.04089 |
| mean | θ₀ + λ Σ w_i τ_i / Σ w_i | model soups, Wortsman et al. 2022, arXiv:2203.05482 |
| ties | θ₀ + λ Σ_A w_i τ̂_i / Σ_A w_i | TIES, Yadav et al. 2023, arXiv:2306.01708 |
| dare | θ₀ + λ Σ w_i m_i τ_i / (1 - p) | DARE, Yu et al. 2024, arXiv:2311.03099 |

τ̂_i keeps the `density` share of τ_i with the largest magnitude, the rest is 0; an element's sign is
that of Σ w_i τ̂_i, and A are the skills whose τ̂_i has this sign there. m_i is 1 with probability
1 - p = `density`, else 0. Densities count within each parameter.

All is computed in float64 as (1 - Σ c_i) θ₀ + Σ c_i θ_i, where terms with a factor of 0 are left
out: one skill with the weight 1 comes out bit for bit.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

MergeMethod = Literal["linear", "mean", "ties", "dare"]
METHODS: tuple[MergeMethod, ...] = get_args(MergeMethod)

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How skills are merged; `check` says whether their weights fit the method."""

    method: str = "linear"
    density: float = 1.0
    """Share of each task vector that is kept: the largest (ties), or any (dare)."""
    seed: int = 0
    """Seed of the elements that dare drops."""
    scale: float = 1.0
    """λ, by which the merged task vector is multiplied."""

    def check(self, weights: Sequence[float]) -> None:
        """Raises RefusedInput naming the option."""
        if self.method not in METHODS:
            raise RefusedInput(f"--method {self.method}: known are {', '.join(METHODS)}")
        if not 0.0 < self.density <= 1.0:
            raise RefusedInput(f"--density {self.density}: must be above 0 and at most 1")
        if self.density < 1.0 and self.method in ("linear", "mean"):
            raise RefusedInput(f"--density: {self.method} keeps all; ties and dare take one")
        if not np.isfinite(self.scale):
            raise RefusedInput(f"--scale {self.scale}: must be a finite number")
        if not weights:
            raise RefusedInput("--skills: names none; for example A@v2:0.7,B@v1:0.3")
        if not all(np.isfinite(weights)):
            raise RefusedInput("--skills: weights must be finite numbers")
        if self.method in ("mean", "ties") and min(weights) <= 0.0:
            raise RefusedInput(
                f"--skills: {self.method} divides by the weights, which must be above 0; "
                "linear and dare take negative ones, which take a skill away"
            )


@dataclass(frozen=True, slots=True)
class MergePart:
    """One skill in a merge."""

    name: str
    """For messages."""
    identity: str
    """Decides what dare drops of it, and the order in which skills are added up."""
    weight: float
    read: Callable[[], Floats]
    """Reads its values of the merged parameter; may be called twice."""


def merge(base: Floats, parts: Sequence[MergePart], recipe: Recipe, parameter: str) -> Floats:
    """The merged values of one parameter, in the shape and dtype of the base's.

    The order of the parts makes no difference. Memory: some five arrays of the parameter's size,
    however many parts there are. Raises RefusedInput where a part does not fit the base, or the
    result does not fit the dtype.
    """
    recipe.check([part.weight for part in parts])
    known = _finite(base, base, parameter, "the base")
    ordered = sorted(parts, key=lambda part: (part.identity, part.weight))

    def read(part: MergePart) -> Doubles:
        return _finite(part.read(), base, parameter, part.name)

    with np.errstate(over="ignore"):
        if recipe.method == "ties":
            wide = _ties(known, ordered, read, recipe)
        else:
            wide = _added(known, ordered, read, recipe, parameter)
        merged = wide.astype(base.dtype)
    if not np.isfinite(merged).all():
        raise RefusedInput(f"{parameter}: the merged values do not fit {base.dtype}; lower weights")
    return np.asarray(merged)


def trimmed(task_vector: Doubles, density: float) -> Doubles:
    """Keep the share `density` of the elements, largest magnitude first, at least one; set the
    others to 0.

    Ties with the smallest kept element are kept.
    """
    keep = max(1, round(density * task_vector.size))
    if keep >= task_vector.size:
        return task_vector
    size = np.abs(task_vector)
    limit = np.partition(size, size.size - keep, axis=None)[size.size - keep]
    return np.where(size >= limit, task_vector, 0.0)


_Read = Callable[[MergePart], Doubles]


def _added(
    base: Doubles, parts: Sequence[MergePart], read: _Read, recipe: Recipe, parameter: str
) -> Doubles:
    """Linear, mean and dare."""
    total: Any = 0.0
    of_skills: Doubles | None = None
    for part in parts:
        factor: Any = part.weight if recipe.method == "mean" else part.weight * recipe.scale
        if factor == 0.0:
            continue
        if recipe.method == "dare" and recipe.density < 1.0:
            factor = factor * _dare_factors(base.shape, recipe, parameter, part.identity)
        total = total + factor
        term = read(part) * factor
        of_skills = term if of_skills is None else of_skills + term
    if of_skills is None:
        return base
    of_base = 1.0 - total
    if recipe.method == "mean":
        of_skills, of_base = of_skills * recipe.scale / total, 1.0 - recipe.scale
    return of_skills if np.all(of_base == 0.0) else of_base * base + of_skills


def _dare_factors(shape: tuple[int, ...], recipe: Recipe, parameter: str, identity: str) -> Doubles:
    """1 / (1 - p) where dare keeps an element, 0 where it drops it."""
    text = f"{recipe.seed}\n{parameter}\n{identity}"
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    mask = np.random.default_rng(seed).random(shape) < recipe.density
    return mask / recipe.density


def _ties(base: Doubles, parts: Sequence[MergePart], read: _Read, recipe: Recipe) -> Doubles:
    mass = np.zeros_like(base)
    for part in parts:
        mass += part.weight * trimmed(read(part) - base, recipe.density)
    elected = np.sign(mass)
    of_skills, agreed = np.zeros_like(base), np.zeros_like(base)
    for part in parts:
        values = read(part)
        agrees = (elected != 0.0) & (np.sign(trimmed(values - base, recipe.density)) == elected)
        of_skills += np.where(agrees, part.weight * values, 0.0)
        agreed += np.where(agrees, part.weight, 0.0)
    scale, some = recipe.scale, agreed > 0.0
    merged = of_skills * scale / np.where(some, agreed, 1.0)
    return np.where(some, merged if scale == 1.0 else (1.0 - scale) * base + merged, base)


def _finite(values: Floats, base: Floats, parameter: str, whose: str) -> Doubles:
    """The values in float64. Raises RefusedInput where they are not finite, or of another shape."""
    if values.shape != base.shape:
        raise RefusedInput(
            f"{parameter}: is {_axes(values.shape)} in {whose}, {_axes(base.shape)} in the base"
        )
    if values.dtype.kind != "f":
        raise RefusedInput(f"{parameter}: is of {values.dtype} in {whose}; only floats are merged")
    if not np.isfinite(values).all():
        raise RefusedInput(f"{parameter}: has values in {whose} that are not finite")
    return values.astype(np.float64)


def _axes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
