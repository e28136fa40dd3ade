"""A session's past computed again in memory, for what its files no longer hold."""

from pathlib import Path

import numpy as np

from tttui.engine import interventions as record
from tttui.engine.stepper import Stepper
from tttui.model.arrays import Weights
from tttui.runs.base import FILE, read_base
from tttui.runs.build import new_stepper, started_with
from tttui.runs.recordedmeta import read_meta_of, settings_of


def replay_to(directory: Path, t: int) -> Stepper:
    """The stepper of a native session at step t, from its base, seed, settings, interventions.

    The update that is tried just before step t is included.
    """
    settings = settings_of(read_meta_of(directory), directory)
    start = started_with(directory)
    base = read_base(directory / FILE, settings.model).weights
    snapshots: list[tuple[int, Weights]] = [(0, start[0] if start else base)]

    def weights_at(step: int) -> Weights:
        steps = np.array([when for when, _ in snapshots])
        return snapshots[int(np.searchsorted(steps, step, side="right")) - 1][1]

    stepper = new_stepper(
        settings,
        base,
        start,
        interventions=record.recorded(directory),
        on_event=lambda event: None,  # noqa: ARG005
        on_weights=lambda step, weights, from_t: snapshots.append((step, weights)),  # noqa: ARG005
        weights_at=weights_at,
    )
    # Revealing one step more is what makes the update before step t happen.
    while stepper.advance(t + 1) is not None:
        pass
    return stepper
