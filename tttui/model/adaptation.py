"""How a module learns while it runs: every option, with its default and one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from tttui.model.errors import SettingError
from tttui.model.settings import check, option, options

OptimizerName = Literal["sgd", "adamw", "muon"]

Precision = Literal["full", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class Adaptation:
    """The update transaction of the engine for any module (meta.json: `plasticity_cfg`)."""

    optimizer: OptimizerName = option(
        "sgd", "what takes the steps", choices=("sgd", "adamw", "muon")
    )
    lr: float = option(0.1, "learning rate", above=0.0)
    momentum: float = option(0.0, "momentum of SGD and Muon", minimum=0.0, maximum=0.9999)
    weight_decay: float = option(0.0, "decoupled weight decay per step", minimum=0.0, maximum=1.0)
    inner_steps: int = option(1, "optimizer steps in one transaction", minimum=1, maximum=1000)
    remeasure: bool = option(
        True, "measure the loss again after the step, for the gate on its rise"
    )
    rollback_tol: float = option(
        0.2, "allowed rise of the loss: post_loss <= pre_loss + this x |pre_loss|", minimum=0.0
    )
    grad_norm_max: float = option(100.0, "largest gradient norm", above=0.0)
    frozen_every: int = option(
        1, "steps between two scores of the frozen model", unit="steps", minimum=1
    )
    frozen_window: int = option(
        8,
        "scores over which the adaptive model must be no worse than the frozen one, or it goes "
        "back to weights that were, with half the learning rate; 0 is off",
        minimum=0,
        maximum=100_000,
    )
    autocast: Precision = option(
        "full",
        "precision in which losses are computed",
        choices=("full", "bfloat16", "float16"),
    )

    def validate(self) -> Self:
        """Return self, or raise SettingError naming the first field outside its range."""
        for spec in options(self):
            check(spec, getattr(self, spec.name))
        return self

    def updated(self, values: Mapping[str, Any]) -> Self:
        """A copy with some options changed. Raises SettingError for a name that is none."""
        known = [spec.name for spec in fields(self)]
        for name in values:
            if name not in known:
                raise SettingError(name, f"unknown setting; known are {', '.join(known)}")
        return replace(self, **values)
