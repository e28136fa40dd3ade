"""The state over the steps, with the actions; and what else is recorded beside the losses."""

from collections.abc import Sequence

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.session import SessionData
from tttui.model.steps import Trajectory

STATE = {"x": "position", "y": "position", "vx": "velocity", "vy": "velocity"}
"""The numbers of the state, and what they are."""

ACTIONS = ("", "", "ax", "ay")
"""The action that pushes each of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A trajectory as columns that can be drawn at any zoom; made once, and off the screen's
    thread for a long one."""

    trajectory: Trajectory
    state: tuple[Series, ...]
    """x, y, vx, vy."""
    actions: tuple[Series, ...]
    """ax, ay."""
    p: tuple[Floats, Floats]
    """x and y, contiguous."""


def motion_of(trajectory: Trajectory, before: Motion | None = None) -> Motion:
    """The columns of a trajectory; those of a shorter version of the same one are continued."""
    grown = before is not None and _continues(before.trajectory, trajectory)

    def series(values: Floats, k: int, kind: str) -> Series:
        column = np.ascontiguousarray(values[:, k], dtype=np.float64)
        known = None
        if grown and before is not None:
            known = (before.state if kind == "z" else before.actions)[k]
        return Series(trajectory.t, column, known)

    state = tuple(series(trajectory.z, k, "z") for k in range(4))
    actions = tuple(series(trajectory.a, k, "a") for k in range(2))
    return Motion(trajectory, state, actions, (state[0].y, state[1].y))


def _continues(old: Trajectory, new: Trajectory) -> bool:
    n = len(old)
    if not 0 < n <= len(new):
        return False
    ends = (0, n - 1)
    return all(
        old.t[i] == new.t[i] and np.array_equal(old.z[i], new.z[i], equal_nan=True) for i in ends
    )


def state_plots(motion: Motion) -> tuple[Plot, ...]:
    """x, y, vx, vy; the actions stand on zero below the velocities that they push."""
    pushes: Sequence[Series | None] = (None, None, *motion.actions)
    plots = []
    for (name, unit), series, push, pushed in zip(
        STATE.items(), motion.state, pushes, ACTIONS, strict=True
    ):
        stems = () if push is None else (Trace(pushed, push, "third", style="stems"),)
        plots.append(Plot(name, unit, traces=(*stems, Trace(name, series))))
    return tuple(plots)


def series_plot(data: SessionData, name: str, series: Series) -> Plot:
    """A recorded series under its name and unit."""
    return Plot(data.meta.title_of(name), traces=(Trace(name, series),))
