"""A task of one's own: a network learns, while it predicts, a wave whose pitch keeps changing.

tttui run --task examples/own_task.py:Wave --steps 400
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tttui.model.adaptation import Adaptation
from tttui.model.setting import option
from tttui.tasks.base import Task


@dataclass(frozen=True, slots=True)
class WaveSettings:
    """Each field is an option of the command line."""

    seen: int = option(8, "samples that the next one is predicted from", minimum=1)
    changes_every: int = option(100, "steps after which the pitch changes", minimum=1)


class Wave(Task):
    """The next sample of a wave from those before it."""

    name = "wave"
    loss_name, unit = "squared error", ""
    settings_type = WaveSettings
    adaptation = Adaptation(lr=0.05)
    plastic = "*.weight"

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(self.settings.seen, 32), nn.Tanh(), nn.Linear(32, 1))

    def batch(self, t: int) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(
            self.seed * 1_000_003 + t // self.settings.changes_every
        )
        pitch = 0.1 + float(torch.rand((), generator=draw))
        wave = torch.sin(pitch * torch.arange(t, t + self.settings.seen + 16) % math.tau)
        windows = wave.unfold(0, self.settings.seen + 1, 1)
        return windows[:, :-1], windows[:, -1:]

    def loss(self, model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        seen, following = batch
        return (model(seen) - following).square()
