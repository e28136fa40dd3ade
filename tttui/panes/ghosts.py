"""The ghost of the Physics tab: the same actions under another friction."""

from dataclasses import dataclass, replace

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.draw.scene import Scene, Track
from tttui.dynamics import ghost as ghosts
from tttui.model.arrays import Floats
from tttui.model.settings import World
from tttui.panes.motion import Motion, path_scene


@dataclass(frozen=True, slots=True, eq=False)
class Ghost:
    """The path of the same actions under another friction, from the window's start on."""

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
) -> Ghost | str:
    """The ghost of a window, or why there is none."""
    trajectory = motion.trajectory
    i = int(np.searchsorted(trajectory.t, window[0]))
    j = min(int(np.searchsorted(trajectory.t, window[1], "right")), i + ghosts.LONGEST)
    z: Floats = trajectory.z[i:j].astype(np.float64)
    a: Floats = trajectory.a[i:j].astype(np.float64)
    start = np.flatnonzero(np.isfinite(z).all(axis=1))
    if len(start) == 0 or j - i < 2:
        return "no finite position in view to start a ghost from"
    first = int(start[0])
    z, t = z[first:], trajectory.t[i + first : j]
    a = np.nan_to_num(a[first:-1], nan=0.0, posinf=0.0, neginf=0.0)
    added: Floats = np.zeros((len(a), 4))
    if mu_true is not None:
        added = ghosts.disturbances(z, a, mu_true[i + first : j - 1].astype(np.float64), law)
    path = ghosts.ghost(z[0], a, added, mu, law)
    x, y = np.ascontiguousarray(path[:, 0]), np.ascontiguousarray(path[:, 1])
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.hypot(x - z[:, 0], y - z[:, 1])
    track = Track(f"ghost mu {mu:.3f}", t, x, y, ink, None)
    return Ghost(mu, (int(t[0]), int(t[-1])), track, Series(t, away))


def ghost_scene(motion: Motion, ghost: Ghost | str, last: int) -> Scene:
    """The true path and the ghost's, in a window that ends at step `last`."""
    scene = replace(path_scene(motion), title="Ghost")
    if isinstance(ghost, str):
        return replace(scene, note=ghost)
    found = ghost.distance.at(last)
    note = f"{found[1]:.3g} apart at t {int(found[0])}" if found is not None else ""
    if ghost.t[1] < last:
        note += f", followed to t {ghost.t[1]}"
    return replace(scene, tracks=(scene.tracks[0], ghost.track), note=note)


def distance_plot(ghost: Ghost | str, mark: str) -> Plot:
    """How far the ghost is from the true path."""
    title = f"{mark}Distance to the ghost"
    if isinstance(ghost, str):
        return Plot(title, message=ghost)
    return Plot(title, "", (Trace(f"mu {ghost.mu:.3f}", ghost.distance, "third", heavy=True),))
