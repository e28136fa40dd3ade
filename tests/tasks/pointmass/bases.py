"""Sessions that are quick to build: the shipped base, driven as the runner does."""

from dataclasses import replace
from typing import Any

import numpy as np

from tttui.artifacts.layout import SHIPPED_BASES
from tttui.artifacts.ptfile import read_pt
from tttui.model.arrays import Floats, Weights
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream


def shipped(name: str = "spread") -> Weights:
    """The weights of a shipped base."""
    return dict(read_pt(SHIPPED_BASES / f"{name}.pt")["model_state"])


def noisy(preset: str = "stable", **values: Any) -> Settings:
    """Settings of a short noisy session in a world that the base is not best at."""
    settings = replace(Settings(), steps=320).with_preset(preset)
    return settings.updated({"noise_std": 0.01, "mu": 0.22, **values}).validate()


def drive(
    learner: Learner, stream: WorldStream, steps: int
) -> tuple[Floats, Floats, list[dict[str, Any]]]:
    """Both models' errors [steps] and the events of so many further steps."""
    chunk, errors, events = learner.p.chunk, [], []
    for t in range(stream.t, stream.t + steps, chunk):
        if learner.due(t):
            events.append(learner.update(t))
        z, a, _ = stream.advance(chunk)
        stretch = learner.predict(z, a)
        errors.append((stretch.baseline_mse, stretch.adaptive_mse))
    baseline, adaptive = (np.concatenate(e) for e in zip(*errors, strict=True))
    return baseline, adaptive, events
