"""The layers that a skill changes, with their values.

A layer is a parameter, or the pair of a low-rank adapter, whose product is added to a weight.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.safetensors import SafeTensors
from tttui.artifacts.tensorwriter import Stored
from tttui.artifacts.wrapped import unwrapped_state
from tttui.lab.registry import Version
from tttui.lab.registry.version import base_path
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.lora import named_pairs
from tttui.model.schema import POINT_MASS, Pair, TensorSpec

TEXT, HF = "text", "hf"


@dataclass(frozen=True, slots=True)
class Layer:
    """A parameter, or the parameter to which the product of an adapter pair is added."""

    name: str
    shape: tuple[int, ...]
    pair: Pair | None = None


class SkillWeights:
    """The weights of one version, read one tensor at a time; checked against its sha256 once."""

    def __init__(self, version: Version) -> None:
        """Raises TttuiError where the file is missing or was changed."""
        version.check()
        self.version = version
        try:
            self._file = SafeTensors(version.weights_path)
        except OSError as error:
            raise TttuiError(
                f"{version.weights_path}: cannot be read: {error.strerror or error}"
            ) from error

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """By name, in the order of the file."""
        specs = [
            TensorSpec(name, spec.shape, spec.dtype) for name, spec in self._file.specs.items()
        ]
        values = self.version
        pairs = list(named_pairs(specs, {**values.task_settings, **values.settings}))
        of_pairs = {one.name for pair in pairs for one in (pair.a, pair.b)}
        layers = [Layer(s.name, tuple(s.shape)) for s in specs if s.name not in of_pairs]
        layers += [Layer(pair.name, tuple(pair.spec.shape), pair) for pair in pairs]
        return {layer.name: layer for layer in layers}

    def dtype(self, name: str) -> str:
        return self._file.specs[name].dtype

    def read(self, name: str) -> Floats:
        """A tensor in its own shape; bfloat16 as float32."""
        return Stored(self.dtype(name), self._file.stored(name)).numbers()

    def factors(self, layer: Layer) -> tuple[Floats, Floats, float]:
        """A [rank, in], B [out, rank] and scale of a layer that is a pair."""
        assert layer.pair is not None
        return self.read(layer.pair.a.name), self.read(layer.pair.b.name), layer.pair.scale

    def task_vector(self, layer: Layer, base: "BaseValues") -> Floats:
        """What the skill adds to its base in a layer, in float64."""
        if layer.pair is not None:
            a, b, scale = self.factors(layer)
            return scale * (b.astype(np.float64) @ a.astype(np.float64))
        return self.read(layer.name).astype(np.float64) - base.read(layer.name, layer.shape)

    def close(self) -> None:
        self._file.close()


class BaseValues:
    """The plastic parameters as the base of some versions has them, read by name."""

    def __init__(self, root: Path, version: Version) -> None:
        self._root, self._version = root, version

    def read(self, name: str, shape: tuple[int, ...]) -> Floats:
        """The values of a parameter. Raises RefusedInput where the base is not at hand."""
        value = self._values.get(name)
        if value is None:
            raise RefusedInput(
                f"{name}: the base of {self._version.name} has no such parameter at hand"
            )
        if tuple(value.shape) != shape:
            raise RefusedInput(
                f"{name}: has shape {list(value.shape)} in the base, {list(shape)} in "
                f"{self._version.name}"
            )
        return np.asarray(value)

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        version = self._version
        if version.task == POINT_MASS:
            return _point_mass(base_path(self._root, version.base_sha256), version)
        if version.task == TEXT:
            return _text(version)
        if version.task == HF:
            return _ModelFiles(version)
        raise RefusedInput(
            f"{version.name}: the base of the task {version.task} is known to its code only; "
            "skills of pointmass, text and hf can be composed"
        )


def _text(version: Version) -> Mapping[str, Any]:
    from tttui.tasks.text.shipped import base_sha256, shipped

    if version.base_sha256 != (there := base_sha256()):
        raise RefusedInput(
            f"{version.name} stands on the base {version.base_sha256[:12]}, this version of tttui "
            f"ships {there[:12]}"
        )
    return shipped()[1]


def _point_mass(path: Path, version: Version) -> Mapping[str, Any]:
    try:
        raw = read_pt(path)
    except (TttuiError, OSError) as error:
        raise RefusedInput(f"{version.name}: its base cannot be read: {error}") from error
    state = raw.get("model_state") if isinstance(raw, Mapping) else None
    if not isinstance(state, Mapping):
        raise RefusedInput(f"{path}: is not a base checkpoint: it has no 'model_state'")
    return unwrapped_state(state)


class _ModelFiles(Mapping[str, Any]):
    """The tensors of a Hugging Face model's safetensors files, read on demand."""

    def __init__(self, version: Version) -> None:
        from tttui.tasks.hf.known import model_of

        path = str(version.task_settings.get("model") or version.base_source)
        source = model_of(version.base_sha256, path)
        self._files = [] if source.gguf else [SafeTensors(path) for path in source.weights]

    def get(self, name: str, default: Any = None) -> Any:
        for file in self._files:
            if name in file.specs:
                return Stored(file.specs[name].dtype, file.stored(name)).numbers()
        return default

    def __getitem__(self, name: str) -> Any:
        if (value := self.get(name)) is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Any:
        return (name for file in self._files for name in file.specs)

    def __len__(self) -> int:
        return sum(len(file.specs) for file in self._files)


def all_layers(skills: Iterable[SkillWeights]) -> dict[str, Layer]:
    """The layers that any of some skills changes, by name. Raises RefusedInput for two shapes."""
    layers: dict[str, Layer] = {}
    for skill in sorted(skills, key=lambda skill: -len(skill.layers)):  # in the base's order
        for name, layer in skill.layers.items():
            known = layers.setdefault(name, layer)
            if known.shape != layer.shape:
                raise RefusedInput(
                    f"{name}: has shape {list(layer.shape)} in {skill.version.name}, "
                    f"{list(known.shape)} in another of the skills"
                )
    return layers
