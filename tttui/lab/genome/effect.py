"""How much skills change each layer of their base, where they disagree, and what a merge does."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import field
from itertools import combinations
from pathlib import Path

import numpy as np

from tttui.lab.genome.composing import ADAPTER_METHODS, Weighted, merged_adapter, merged_layer
from tttui.lab.genome.layers import BaseValues, Layer, SkillWeights, all_layers
from tttui.lab.genome.methods import Recipe
from tttui.lab.registry import Version
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.lora import product_norm
from tttui.model.tensors import LARGE


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One layer of the base, and what some skills do to it."""

    name: str
    shape: tuple[int, ...]
    base_norm: float | None
    """Frobenius norm of the base's weights in the layer; None if the base is missing."""
    norms: Mapping[str, float]
    """Norm of the task vector (skill minus base) by the name of the version, where it has one."""
    conflicts: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """By pair of versions: the share of the elements changed by both that they move in opposite
    directions. Unknown for adapter products of more than 4 million elements."""

    def relative(self, norm: float) -> float | None:
        """A norm relative to the base's; None if that is unknown or 0."""
        return norm / self.base_norm if self.base_norm else None


class Effects:
    """The open weights of some skills over one base; closes them as a context manager."""

    def __init__(
        self, root: Path, versions: Sequence[Version], problems: list[str] | None = None
    ) -> None:
        """Raises TttuiError if weights are missing or changed (with `problems` they are left out
        and named there), RefusedInput if they do not fit each other."""
        self.skills: dict[str, SkillWeights] = {}
        with ExitStack() as opening:
            for version in versions:
                try:
                    self.skills[version.name] = opening.enter_context(
                        closing(SkillWeights(version))
                    )
                except TttuiError as error:
                    if problems is None:
                        raise
                    problems.append(str(error))
            self.layers = all_layers(self.skills.values())
            self.base = BaseValues(root, versions[0])
            self._stack = opening.pop_all()

    def __enter__(self) -> "Effects":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def holders(self, layer: Layer) -> list[str]:
        """The versions that have values of a layer, by name."""
        return [name for name, skill in self.skills.items() if layer.name in skill.layers]

    def change(self, layer: Layer) -> LayerChange:
        """The change that the skills make to one layer."""
        names = self.holders(layer)
        conflicts = {pair: self.conflict(layer, *pair) for pair in combinations(names, 2)}
        return LayerChange(
            layer.name,
            layer.shape,
            self.base_norm(layer),
            {name: self.norm(layer, name) for name in names},
            {pair: share for pair, share in conflicts.items() if share is not None},
        )

    def norm(self, layer: Layer, name: str) -> float:
        """The norm of what a version adds to the base in a layer that it has."""
        skill = self.skills[name]
        if layer.pair is not None:
            return product_norm(*skill.factors(skill.layers[layer.name]))
        return _norm(self._vector(layer, name))

    def conflict(self, layer: Layer, first: str, second: str) -> float | None:
        """`LayerChange.conflicts` of two versions; None if too costly to compute."""
        if layer.pair is not None and layer.pair.spec.size > LARGE:
            return None
        return _conflict(self._vector(layer, first), self._vector(layer, second))

    def _vector(self, layer: Layer, name: str) -> Floats:
        skill = self.skills[name]
        return skill.task_vector(skill.layers[layer.name], self.base)

    def composed(self, layer: Layer, parts: Sequence[Weighted], recipe: Recipe) -> float:
        """The norm of what a composition adds to the base in one layer."""
        for part in parts:
            if part.version.name not in self.skills:
                raise RefusedInput(f"the weights of {part.version.name} cannot be read")
        skills = {part.version.name: self.skills[part.version.name] for part in parts}
        if not any(layer.name in skill.layers for skill in skills.values()):
            return 0.0
        if layer.pair is not None:
            made = merged_adapter(layer, parts, recipe, skills)
            return product_norm(made.a, made.b, made.scale)
        if recipe.method in ADAPTER_METHODS:
            raise RefusedInput(f"--method {recipe.method}: {layer.name} is no pair of an adapter")
        merged = merged_layer(layer, parts, recipe, skills, self.base)
        return _norm(merged.astype(np.float64) - self.base.read(layer.name, layer.shape))

    def base_norm(self, layer: Layer) -> float | None:
        """The norm of the base's weights in a layer; None if the base is missing."""
        if layer.pair is None:
            return _norm(self.base.read(layer.name, layer.shape).astype(np.float64))
        weight = layer.name.partition(".lora_")[0] + ".weight"
        try:
            return _norm(self.base.read(weight, layer.shape).astype(np.float64))
        except RefusedInput:
            return None  # the model is elsewhere, or holds it transposed


def changes(root: Path, versions: Sequence[Version]) -> list[LayerChange]:
    """The change that skills make to each layer of their base."""
    with Effects(root, versions) as effects:
        return [effects.change(layer) for layer in effects.layers.values()]


def _norm(values: Floats) -> float:
    return float(np.sqrt(np.square(values).sum()))


def _conflict(first: Floats, second: Floats) -> float:
    both = (first != 0.0) & (second != 0.0)
    count = int(both.sum())
    return float((np.sign(first) != np.sign(second))[both].sum()) / count if count else 0.0
