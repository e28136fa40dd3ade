"""Paths in the plane: the true one, those that the models expected, and a ghost's."""

from dataclasses import replace
from typing import Literal

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.path import extent, thinned
from tttui.draw.plot import Plot, Trace
from tttui.draw.tracks import Scene, Track
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.plots.motion import Motion
from tttui.tasks.pointmass.ghost import Ghost
from tttui.tasks.pointmass.hidden import prediction_of

Model = Literal["frozen", "adaptive"]
MODELS: tuple[Model, ...] = ("frozen", "adaptive")

DASHES = {"frozen": (2, 2), "adaptive": (6, 3)}
"""Dots drawn and left out of the predictions of each model."""

SHOWN_ERROR = 0.06
"""Errors are magnified until they are about this part of the path's size."""


def path_scene(motion: Motion) -> Scene:
    """The true path, coloured by time."""
    trajectory = motion.trajectory
    truth = Track("true path", trajectory.t, *motion.p)
    return Scene((truth,), trajectory.z[:, 2:], trajectory.a, "Path")


def prediction_scene(motion: Motion, window: tuple[int, int]) -> Scene:
    """The true path solid, and where both models expected it, with errors magnified."""
    trajectory = motion.trajectory
    truth = Track("true", trajectory.t, *motion.p, "plain")
    i = int(np.searchsorted(trajectory.t, window[0]))
    j = int(np.searchsorted(trajectory.t, window[1], "right"))
    kept = thinned(motion.p[0][i:j], motion.p[1][i:j])
    rows = np.arange(i, j) if kept is None else i + kept
    z = trajectory.z[rows, :2].astype(np.float64)
    missed: list[tuple[Model, Floats]] = []
    for name in MODELS:
        predicted = prediction_of(trajectory, name, rows)
        if predicted is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                miss = predicted[:, :2] - z
            missed.append((name, np.where(np.isfinite(miss), miss, np.nan)))
    factor = _magnified([error for _, error in missed], z)
    tracks = [truth]
    for name, error in missed:
        with np.errstate(invalid="ignore", over="ignore"):
            at = z + factor * error
        x, y = np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1])
        tracks.append(Track(name, trajectory.t[rows], x, y, name, DASHES[name]))
    note = f"errors x {factor:g}" if factor > 1 else ""
    v, a = trajectory.z[:, 2:], trajectory.a
    return Scene(tuple(tracks), v, a, "Predictions", note)


def _magnified(errors: list[Floats], z: Floats) -> float:
    """1, 2 or 5 times a power of ten by which errors must grow to be seen on this path."""
    found = extent(np.ascontiguousarray(z[:, 0]), np.ascontiguousarray(z[:, 1]))
    sizes = [np.hypot(*e[np.isfinite(e).all(axis=1)].T) for e in errors]
    sizes = [s for s in sizes if len(s)]
    if found is None or not sizes:
        return 1.0
    reach = max(found[1] - found[0], found[3] - found[2])
    typical = max(float(np.quantile(s, 0.9)) for s in sizes)
    if not (typical > 0 and reach > 0):
        return 1.0
    wanted = min(SHOWN_ERROR * reach / typical, 1e6)
    if wanted < 2:
        return 1.0
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(k * power for k in (1, 2, 5) if k * power <= wanted))


@dataclass(frozen=True, slots=True, eq=False)
class DrawnGhost:
    """The ghost as it is drawn, from the window's start on."""

    found: Ghost
    track: Track
    distance: Series
    """Between both positions, over the steps."""

    @property
    def span(self) -> tuple[int, int]:
        """The steps over which it was followed."""
        return int(self.found.t[0]), int(self.found.t[-1])


def drawn(found: Ghost) -> DrawnGhost:
    """The ghost's path, and how far it is from the true one."""
    x, y = (np.ascontiguousarray(found.path[:, k]) for k in (0, 1))
    track = Track(f"ghost mu {found.mu:.3f}", found.t, x, y, "third", ahead=True)
    return DrawnGhost(found, track, Series(found.t, found.distance))


def ghost_scene(motion: Motion, ghost: DrawnGhost | str, last: int) -> Scene:
    """The true path and the ghost's, in a window that ends at step `last`."""
    scene = replace(path_scene(motion), title="Ghost")
    if isinstance(ghost, str):
        return replace(scene, note=ghost)
    found = ghost.distance.at(last)
    note = f"{found[1]:.3g} apart at t {int(found[0])}" if found is not None else ""
    if ghost.span[1] < last:
        note += f", followed to t {ghost.span[1]}"
    return replace(scene, tracks=(scene.tracks[0], ghost.track), note=note)


def distance_plot(ghost: DrawnGhost | str, mark: str = "") -> Plot:
    """How far the ghost is from the true path."""
    title = f"{mark}Distance to the ghost"
    if isinstance(ghost, str):
        return Plot(title, message=ghost)
    name = f"mu {ghost.found.mu:.3f}"
    return Plot(title, "", (Trace(name, ghost.distance, "third", heavy=True),))
