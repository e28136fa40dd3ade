"""How weights are trained on data before anybody runs a session with them: every option."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Self

from tttui.model.adaptation import OptimizerName
from tttui.model.dataclass import dataclass
from tttui.model.errors import SettingError
from tttui.model.setting import option, options


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The options of a training (results.json and the origin of a version: `training`)."""

    epochs: int | None = option(
        None, "times through the data", minimum=1, maximum=100_000, absent="as --steps says"
    )
    steps: int | None = option(
        None,
        "optimizer steps, instead of --epochs",
        unit="steps",
        minimum=1,
        maximum=100_000_000,
        absent="as --epochs says",
    )
    batch: int = option(16, "sequences in a batch", minimum=1, maximum=65_536)
    lr: float = option(1e-3, "learning rate at its highest; it falls on a cosine to 0", above=0.0)
    optimizer: OptimizerName = option(
        "adamw", "what takes the steps", choices=("sgd", "adamw", "muon")
    )
    warmup: int = option(
        20, "steps on which the learning rate rises to its highest", unit="steps", minimum=0
    )
    weight_decay: float = option(0.0, "decoupled weight decay per step", minimum=0.0, maximum=1.0)
    grad_clip: float = option(
        1.0, "norm to which longer gradients are shortened; 0 is off", minimum=0.0
    )
    held_out: float = option(
        0.1, "share of the data that is held out for validation", minimum=0.01, maximum=0.5
    )
    validate_every: int | None = option(
        None,
        "steps between two validations",
        unit="steps",
        minimum=1,
        absent="twenty in all",
    )
    patience: int = option(
        8, "validations without a better one after which the training ends; 0 is off", minimum=0
    )
    seed: int = option(0, "seed of the order of the data, and of all that is drawn", minimum=0)
    threads: int = option(1, "threads that compute, where that is a CPU", minimum=1, maximum=64)

    def validate(self) -> Self:
        """Return self, or raise SettingError naming the first field outside its range."""
        for one in options(self):
            one.check(getattr(self, one.name))
        if self.epochs is not None and self.steps is not None:
            raise SettingError("steps", "say --epochs or --steps, not both")
        return self

    def updated(self, values: Mapping[str, Any]) -> Self:
        """A copy with some options changed. Raises SettingError for a name that is none."""
        known = [spec.name for spec in fields(self)]
        for name in values:
            if name not in known:
                raise SettingError(name, f"unknown setting; known are {', '.join(known)}")
        if "steps" in values and "epochs" not in values:
            values = {**values, "epochs": None}
        elif "epochs" in values and "steps" not in values:
            values = {**values, "steps": None}
        return replace(self, **values)

    def length(self, steps_an_epoch: int) -> int:
        """The steps of the whole training."""
        return self.steps or (self.epochs or 1) * steps_an_epoch

    def validations(self, steps: int) -> int:
        """The steps between two validations, of a training of so many steps."""
        return self.validate_every or max(1, steps // 20)
