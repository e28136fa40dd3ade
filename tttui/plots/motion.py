"""The state over the steps, with the actions, and the recorded series."""

from collections.abc import Sequence
from itertools import zip_longest

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
    known = () if before is None else (*before.state, *before.actions)
    columns = [
        np.ascontiguousarray(x, dtype=np.float64) for x in (*trajectory.z.T, *trajectory.a.T)
    ]
    series = [Series.after(old, trajectory.t, y) for old, y in zip_longest(known, columns)]
    state, actions = tuple(series[:4]), tuple(series[4:])
    return Motion(trajectory, state, actions, (state[0].y, state[1].y))


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
