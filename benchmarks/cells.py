"""The conditions under which the evidence is collected, and how sessions are run in them."""

from dataclasses import dataclass

import numpy as np

from tttui.artifacts.layout import SHIPPED_BASES
from tttui.artifacts.ptfile import read_pt
from tttui.model.arrays import Floats, Weights
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine.many import ManyRuns, run_many
from tttui.tasks.pointmass.pretraining import base_cfg, pretrain

HELD_OUT = 1_000_000
"""First seed of the evidence; the defaults were tuned on seeds below 10 000."""

LAST = 100
"""Steps at the end of a run that its final error is the mean of."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One condition: the friction law, the noise, and the range that mu is drawn from."""

    env_mode: str
    noise_std: float
    mu: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.env_mode}, {self.noise_std:g}, {self.mu[0]:g} to {self.mu[1]:g}"


CELLS = (
    Cell("linear", 0.0, (0.02, 0.25)),
    Cell("linear", 0.01, (0.02, 0.25)),
    Cell("linear", 0.01, (0.25, 0.4)),
    Cell("nonlinear", 0.0, (0.02, 0.25)),
    Cell("nonlinear", 0.01, (0.02, 0.25)),
    Cell("nonlinear", 0.01, (0.25, 0.4)),
)


def settings_of(cell: Cell, decay_init: str, steps: int = 600) -> Settings:
    """The default settings in a cell."""
    values = {"env_mode": cell.env_mode, "noise_std": cell.noise_std, "decay_init": decay_init}
    return Settings(steps=steps).updated(values).validate()


def base_of(settings: Settings) -> Weights:
    """The shipped base of these settings; trained now where none matches."""
    wanted = base_cfg(settings)
    for path in sorted(SHIPPED_BASES.glob("*.pt")):
        checkpoint = read_pt(path)
        if dict(checkpoint["cfg"]) == wanted:
            return dict(checkpoint["model_state"])
    return pretrain(settings)


def run_cell(settings: Settings, cell: Cell, sessions: int) -> ManyRuns:
    """Sessions on held-out seeds with frictions drawn from the cell's range."""
    mus = np.random.default_rng(HELD_OUT).uniform(*cell.mu, sessions)
    return run_many(settings, base_of(settings), range(HELD_OUT, HELD_OUT + sessions), list(mus))


def final(errors: Floats) -> Floats:
    """Mean error [sessions] of the last steps of errors [sessions, steps]."""
    mean: Floats = errors[:, -LAST:].mean(axis=1, dtype=np.float64)
    return mean
