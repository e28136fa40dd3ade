"""What a session is about: its task, its loss and unit, what it was set to, and the parameters
that learn."""

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tttui.model.dataclass import dataclass
from tttui.model.setting import Values
from tttui.model.truth import TruthChanges, value_text

POINT_MASS = "pointmass"
"""The task of every session whose meta.json names none."""

UNKNOWN_MODEL = "unknown model"
"""The task of a session without meta.json whose other files are not those of the point mass."""

CONTROL = "control:"
"""A series of this prefix is the loss of a control: a model that adapts in another way."""

CHUNK = 32
"""Steps between two updates of a session that does not say it."""

MOST_SERIES = 200
"""Series of a session that are read; the others are named."""


@dataclass(frozen=True, slots=True)
class TaskIdentity:
    """The task of a session, as meta.json names it."""

    name: str = POINT_MASS
    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The task's settings as recorded."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A quantity of a task's world that its model is not told, and that its weights may imply."""

    name: str
    """Its name in files and on the screen."""
    highest: float
    """The largest value that weights are tested for: what implies this may imply more."""

    def implied_text(self, value: float) -> str:
        """What weights imply: `0.1234`, `>= 0.5`."""
        return value_text(value) if value < self.highest else f">= {self.highest:g}"


MU = Hidden("mu", 0.5)
"""The friction of the point mass."""

HIDDEN: Mapping[str, Hidden] = {POINT_MASS: MU}
"""By task."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss that is recorded of both models at every step."""

    name: str = "MSE"
    unit: str = ""
    lower_is_better: bool = True

    @property
    def label(self) -> str:
        """`cross-entropy (nats)`; the unit where it says more than the name."""
        if not self.unit or self.unit.lower() in self.name.lower():
            return self.name
        return f"{self.name} ({self.unit})"

    @property
    def comparable(self) -> tuple[str, str, bool]:
        """Equal for losses whose numbers may be compared."""
        return self.name.lower(), self.unit.lower(), self.lower_is_better


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor by its name, its own shape, and how its elements are stored."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = ""

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def matrix(self) -> tuple[int, int]:
        """Rows and columns in which it is shown."""
        return matrix_shape(self.shape)

    @property
    def flattened(self) -> bool:
        """Whether it has more than two axes, of which all but the first are shown as one."""
        return len(self.shape) > 2

    @property
    def shape_text(self) -> str:
        """`128 x 512`; a single number is `scalar`."""
        return shape_text(self.shape)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parameters that stand for scale * B A: a low-rank adapter."""

    name: str
    """Of the product."""
    a: TensorSpec
    """[rank, in]."""
    b: TensorSpec
    """[out, rank]."""
    scale: float = 1.0

    @property
    def spec(self) -> TensorSpec:
        """The product [out, in] as a tensor."""
        return TensorSpec(self.name, (self.b.matrix[0], self.a.matrix[1]), "product")


@dataclass(frozen=True, slots=True)
class ModelModule:
    """A module of a model: where it stands in the tree, and what is its own."""

    path: str
    kind: str = ""
    parameters: tuple[tuple[TensorSpec, bool], ...] = ()
    """Its parameters, without those of modules in it, and whether each is plastic."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The recorded settings of a session."""

    settings: object = None
    """All settings, of a task whose settings readers know (`model.pointmass.configuration`)."""
    chunk: int = CHUNK
    """Steps between two updates."""
    recorded: Mapping[str, Values] = field(default_factory=dict[str, Values])
    """By group (`env_cfg` ...) what is recorded, without the values that are wrong. Keys that are
    no option are there as they stand in the file. '' are the options of the top level."""
    truth_changes: TruthChanges = ()
    """The planned changes of the hidden quantity (`mu_schedule`)."""
    settings_changes: tuple[tuple[int, Values], ...] = ()
    """Steps and the options that changed there, as recorded in `settings_changes`."""
    wrong: tuple[str, ...] = ()
    """Defects by key: `env_cfg.dt is 'abc', not a number`."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The checked description of task and model in meta.json."""

    task: TaskIdentity = field(default_factory=TaskIdentity)
    loss: Loss = field(default_factory=Loss)
    plastic: tuple[TensorSpec, ...] = ()
    """The parameters that learn, in the order of the model; empty where they are not recorded."""
    pairs: tuple[Pair, ...] = ()
    """Those among them that stand for a product."""
    kept: tuple[str, ...] | None = None
    """Those whose values the history of the weights holds; None where that is not recorded."""
    recorder: Mapping[str, Any] | None = None
    """How the recorder was called, of a session that it wrote; else None."""
    model: tuple[ModelModule, ...] = ()
    """The modules, in the order of the model."""
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the series, by name."""

    @property
    def is_point_mass(self) -> bool:
        return self.task.name == POINT_MASS

    @property
    def hidden(self) -> Hidden | None:
        """The hidden quantity; None if the task has none."""
        return HIDDEN.get(self.task.name)

    def spec(self, name: str) -> TensorSpec | None:
        """The plastic parameter of this name."""
        return next((spec for spec in self.plastic if spec.name == name), None)

    def pair(self, name: str) -> Pair | None:
        """The pair whose product has this name."""
        return next((pair for pair in self.pairs if pair.name == name), None)


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns in which a tensor is shown: a vector is one row, of more than two axes
    all but the first are one."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return 1, shape[0]
    return shape[0], math.prod(shape[1:])


def shape_text(shape: tuple[int, ...]) -> str:
    """`128 x 512`; a single number is `scalar`."""
    return " x ".join(map(str, shape)) if shape else "scalar"
