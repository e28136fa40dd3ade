"""The yardsticks of a recorded trajectory: what could have been reached on it."""

import numpy as np

from tttui.model.arrays import Bools
from tttui.model.settings import World
from tttui.model.steps import Trajectory, Yardstick
from tttui.tasks.pointmass.yardsticks import estimated, least_squares, oracle

MOST_STEPS = 50_000
"""Recursive least squares goes step by step; longer trajectories are judged by their end."""


def yardsticks_of(trajectory: Trajectory, law: World, mu: float | None) -> list[Yardstick]:
    """Exact physics with the true (where known) and an estimated friction; least squares.

    A step is judged where the next observation was recorded too and all of it is finite; gaps
    in the record end the judged stretch, of which the last is taken.
    """
    stretch = _last_stretch(trajectory)
    z, a, t = trajectory.z[stretch], trajectory.a[stretch][:-1], trajectory.t[stretch][:-1]
    if len(t) == 0:
        return []
    friction = trajectory.mu
    if friction is not None:
        truth = friction[stretch][:-1]
    else:
        truth = np.full(len(t), np.nan if mu is None else mu)
    found = []
    with np.errstate(all="ignore"):  # errors too large for a float are infinite
        if np.isfinite(truth).all():
            found.append(Yardstick("oracle", t, oracle(z, a, truth, law)))
        found.append(Yardstick("fitted mu", t, estimated(z, a, law)))
        for forgetting in (1.0, 0.98):
            name = "RLS" if forgetting == 1 else f"RLS {forgetting}"
            found.append(Yardstick(name, t, least_squares(z, a, forgetting)))
    return found


def _last_stretch(trajectory: Trajectory) -> slice:
    """The last run of rows without a gap and without a value that is not finite."""
    n = len(trajectory)
    known = np.hstack((np.isfinite(trajectory.z), np.isfinite(trajectory.a)))
    fine: Bools = np.asarray(known.all(axis=1))
    joined = np.concatenate([[False], (np.diff(trajectory.t) == 1) & fine[1:] & fine[:-1]])
    breaks = np.flatnonzero(~joined)
    start = int(breaks[-1]) if len(breaks) else 0
    return slice(max(start, n - MOST_STEPS), n)
