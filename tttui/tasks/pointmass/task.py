"""The task of a point mass whose friction is hidden; it has an engine of its own (ENGINE.md)."""

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.model.dataclass import dataclass
from tttui.model.pointmass.settings import (
    PRESETS,
    Model,
    Plasticity,
    Pretraining,
    Settings,
    World,
    fault_at_step,
)
from tttui.model.schema import POINT_MASS
from tttui.model.setting import Group, option
from tttui.tasks.base import AnyTask, Start

if TYPE_CHECKING:  # numpy, which `tttui run --help` need not import
    from tttui.model.session import SessionData
    from tttui.model.steps import Trajectory, Yardstick


@dataclass(frozen=True, slots=True)
class PointMassStart(Start):
    """How a session of the point mass is started."""

    preset: str | None = option(None, "a named set of settings", choices=tuple(PRESETS))
    base: str = option(
        "", "base checkpoint to start from, else one is trained", file=True, absent="one that fits"
    )
    fault: tuple[tuple[int, str], ...] = option(
        (),
        "inject a fault (nan, gradient, mu, chunk, disk); may be repeated",
        shape="KIND@STEP",
        item=fault_at_step,
    )


class PointMass(AnyTask):
    """A point mass moves with friction that the model has to find out from what it sees."""

    name = POINT_MASS
    loss_name = "MSE"
    runner = "tttui.tasks.pointmass.runs.runner:PointMassRunner"
    trained_by = "tttui.tasks.pointmass.runs.training:PointMassTraining"
    start_type = PointMassStart
    first = (
        "preset",
        "env_mode",
        "mu",
        "steps",
        "seed",
        "noise_std",
        "lr",
        "chunk",
        "rollback_tol",
        "grad_norm_max",
        "state_norm_max",
        "device",
        "base",
        "speed_limit",
        "paused",
        "mu_schedule",
        "fault",
    )
    demo = {"seed": 11, "steps": 1600, "noise_std": 0.01}
    """The seed fixes the hidden friction, the actions and the noise."""
    demo_rate = 80.0
    """Slow enough to watch the model learn, fast enough not to wait for it."""
    memory_mb = 75
    bytes_a_step = 360

    @classmethod
    def groups(cls) -> tuple[Group, ...]:
        return (
            Group.of("Run", Settings),
            Group.of("World", World),
            Group.of("Update transaction", Plasticity),
            Group.of("Model", Model, of_base=True),
            Group.of("Pretraining", Pretraining, of_base=True),
        )

    @classmethod
    def groups_of_base(cls) -> tuple[Group, ...]:
        """The settings that a base depends on."""
        return tuple(g for g in cls.groups() if g.of_base or g.heading == "World")

    @classmethod
    def wrong(cls, values: Mapping[str, Any]) -> Mapping[str, str]:
        problems: dict[str, str] = {}
        base = values.get("base")
        if base and not Path(base).is_file():
            problems["base"] = "there is no such file"
        recorded = [kind for _, kind in values.get("fault") or () if kind == "disk"]
        if recorded:
            problems["fault"] = "a full disk is one of a process in a terminal; choose another"
        return problems

    @classmethod
    def implied(cls, data: "SessionData") -> float:
        from tttui.tasks.pointmass.hidden import in_force, world_of
        from tttui.tasks.pointmass.identify import implied_mu

        weights = in_force(data, int(data.steps.t[-1]) if len(data.steps) else 0)
        return nan if isinstance(weights, str) else implied_mu(weights.weights, world_of(data))

    @classmethod
    def yardsticks_on(cls, trajectory: "Trajectory", data: "SessionData") -> "Sequence[Yardstick]":
        from tttui.tasks.pointmass.hidden import world_of
        from tttui.tasks.pointmass.yardsticks import yardsticks_of

        return yardsticks_of(trajectory, world_of(data), data.truth_now)
