"""The ghost of the Physics tab: the same actions under another friction."""

from dataclasses import replace

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.draw.tracks import Scene, Track
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.pointmass.settings import World
from tttui.panes.physics.motion import path_scene
from tttui.plots.motion import Motion
from tttui.tasks.pointmass.ghost import follow


@dataclass(frozen=True, slots=True, eq=False)
class DrawnGhost:
    """The ghost as it is drawn, from the window's start on."""

    mu: float
    t: tuple[int, int]
    track: Track
    distance: Series
    """Between both positions, over the steps."""


def ghost_of(
    motion: Motion,
    mu_true: Floats | None,
    mu: float,
    law: World,
    window: tuple[int, int],
    ink: Colour,
) -> DrawnGhost | str:
    """The ghost of a window, or why there is none."""
    followed = follow(motion.trajectory, mu_true, mu, law, window)
    if isinstance(followed, str):
        return followed
    x, y = (np.ascontiguousarray(followed.path[:, k]) for k in (0, 1))
    track = Track(f"ghost mu {mu:.3f}", followed.t, x, y, ink, ahead=True)
    return DrawnGhost(
        mu, (int(followed.t[0]), int(followed.t[-1])), track, Series(followed.t, followed.distance)
    )


def ghost_scene(motion: Motion, ghost: DrawnGhost | str, last: int) -> Scene:
    """The true path and the ghost's, in a window that ends at step `last`."""
    scene = replace(path_scene(motion), title="Ghost")
    if isinstance(ghost, str):
        return replace(scene, note=ghost)
    apart = ghost.distance.at(last)
    note = f"{apart[1]:.3g} apart at t {int(apart[0])}" if apart is not None else ""
    if ghost.t[1] < last:
        note += f", followed to t {ghost.t[1]}"
    return replace(scene, tracks=(scene.tracks[0], ghost.track), note=note)


def distance_plot(ghost: DrawnGhost | str, mark: str) -> Plot:
    """How far the ghost is from the true path."""
    title = f"{mark}Distance to the ghost"
    if isinstance(ghost, str):
        return Plot(title, message=ghost)
    return Plot(title, "", (Trace(f"mu {ghost.mu:.3f}", ghost.distance, "third", heavy=True),))
