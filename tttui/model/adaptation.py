"""How a module learns while it runs: every option, with its default and one sentence."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Literal, Self

from tttui.model.dataclass import dataclass
from tttui.model.errors import SettingError
from tttui.model.setting import option, options

OptimizerName = Literal["sgd", "adamw", "muon"]

LIVE = ("lr", "momentum", "weight_decay", "rollback_tol", "grad_norm_max", "inner_steps")
"""Settings that can change while a session runs."""

OF_NO_STEP = ("steps", "checkpoint_s", "history_mb")
"""Settings on which no step depends."""

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
    grad_clip: float = option(
        0.0, "norm to which longer gradients are shortened; 0 is off", minimum=0.0
    )
    grad_norm_max: float = option(100.0, "largest gradient norm", above=0.0)
    frozen_every: int = option(
        1, "steps between two scores of the frozen model", unit="steps", minimum=1
    )
    frozen_window: int = option(
        8,
        "scores over which the adaptive model must be no worse than the frozen one, or it goes "
        "back to weights that were, with half the learning rate (which doubles again after eight "
        "times as many that are no worse); 0 is off",
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
        for one in options(self):
            one.check(getattr(self, one.name))
        return self

    def updated(self, values: Mapping[str, Any]) -> Self:
        """A copy with some options changed. Raises SettingError for a name that is none."""
        known = [spec.name for spec in fields(self)]
        for name in values:
            if name not in known:
                raise SettingError(name, f"unknown setting; known are {', '.join(known)}")
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a session of a task runs: its seed and length, where it computes, what it keeps."""

    seed: int = option(0, "seed of the task and of all that is drawn", minimum=0)
    steps: int | None = option(
        None,
        "steps to run; without it all that the task has, or 600",
        unit="steps",
        minimum=1,
        absent="all there are",
    )
    plastic: str = option(
        "",
        "names of the plastic parameters, patterns with commas between; empty: as the task says",
        absent="as the task says",
    )
    device: str = option("cpu", "where the engine computes: cpu, cuda or cuda:N")
    threads: int = option(
        1,
        "threads that compute, where that is a CPU; small models lose by more than one",
        minimum=1,
        maximum=64,
    )
    checkpoint_s: float = option(
        5.0, "time between checkpoints; one is always written at the end", unit="s", above=0.0
    )
    history_mb: int = option(
        64,
        "size of weights_history.npy above which older snapshots are thinned",
        unit="MB",
        minimum=1,
    )
    weights_every: int = option(
        16, "steps between two snapshots of the weights", unit="steps", minimum=1
    )

    def validate(self) -> Self:
        """Return self, or raise SettingError naming the first field outside its range."""
        for one in options(self):
            one.check(getattr(self, one.name))
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of `plastic`; none where the task's own count."""
        return tuple(part.strip() for part in self.plastic.split(",") if part.strip())
