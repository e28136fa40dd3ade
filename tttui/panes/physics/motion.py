"""Errors, paths and predictions for the Physics tab, derived from a trajectory."""

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.palette import Palette
from tttui.draw.path import extent, thinned
from tttui.draw.tracks import Scene, Track
from tttui.model.arrays import Floats
from tttui.model.steps import Steps, Trajectory
from tttui.panes.view import View
from tttui.plots.motion import Motion
from tttui.store.snapshot import TRAJECTORY
from tttui.tasks.pointmass.hidden import prediction_of

DASHES = {"frozen": (2, 2), "adaptive": (6, 3)}
"""Dots drawn and left out of the predictions of each model."""

SHOWN_ERROR = 0.06
"""Errors are magnified until they are about this part of the path's size."""

LONG = 50_000
"""Trajectories of more steps are prepared in a thread."""

NO_ERRORS = (Series(np.empty(0), np.empty(0)), Series(np.empty(0), np.empty(0)))


def path_scene(motion: Motion) -> Scene:
    """The true path, coloured by time."""
    trajectory = motion.trajectory
    truth = Track("true path", trajectory.t, *motion.p)
    return Scene((truth,), trajectory.z[:, 2:], trajectory.a, "Path")


def prediction_scene(motion: Motion, window: tuple[int, int], palette: Palette) -> Scene:
    """The true path solid, and where both models expected it, with errors magnified."""
    trajectory = motion.trajectory
    truth = Track("true", trajectory.t, *motion.p, ink=palette.text)
    i = int(np.searchsorted(trajectory.t, window[0]))
    j = int(np.searchsorted(trajectory.t, window[1], "right"))
    chosen = thinned(motion.p[0][i:j], motion.p[1][i:j])
    rows = np.arange(i, j) if chosen is None else i + chosen
    z = trajectory.z[rows, :2].astype(np.float64)
    missed: list[tuple[str, Floats]] = []
    for name in ("frozen", "adaptive"):
        predicted = prediction_of(trajectory, name, rows)
        if predicted is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                miss = predicted[:, :2] - z
            missed.append((name, np.where(np.isfinite(miss), miss, np.nan)))
    factor = _magnified([error for _, error in missed], z)
    tracks = [truth]
    for name, error in missed:
        ink = palette.frozen if name == "frozen" else palette.adaptive
        with np.errstate(invalid="ignore", over="ignore"):
            at = z + factor * error
        label = "frozen" if name == "frozen" else "adaptive"
        x, y = np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1])
        tracks.append(Track(label, trajectory.t[rows], x, y, ink, DASHES[name]))
    note = f"errors x {factor:g}" if factor > 1 else ""
    v, a = trajectory.z[:, 2:], trajectory.a
    return Scene(tuple(tracks), v, a, "Predictions", note)


def _magnified(errors: list[Floats], z: Floats) -> float:
    """1, 2 or 5 times a power of ten by which errors must grow to be seen on this path."""
    bounds = extent(np.ascontiguousarray(z[:, 0]), np.ascontiguousarray(z[:, 1]))
    sizes = [np.hypot(*e[np.isfinite(e).all(axis=1)].T) for e in errors]
    sizes = [s for s in sizes if len(s)]
    if bounds is None or not sizes:
        return 1.0
    reach = max(bounds[1] - bounds[0], bounds[3] - bounds[2])
    typical = max(float(np.quantile(s, 0.9)) for s in sizes)
    if not (typical > 0 and reach > 0):
        return 1.0
    factor = min(SHOWN_ERROR * reach / typical, 1e6)
    if factor < 2:
        return 1.0
    power = 10.0 ** np.floor(np.log10(factor))
    return float(max(k * power for k in (1, 2, 5) if k * power <= factor))


def why_no_path(view: View) -> str:
    """Why the path is not drawn (yet)."""
    if view.trajectory is not None and len(view.trajectory):
        return "preparing the trajectory ..."
    failed, why = view.failure(TRAJECTORY), view.data.problem("trajectory")
    if failed:
        return failed
    if why is not None:
        text = f"no trajectory: {why.reason}"
        if view.data.place.layout != "native":
            text += "; `tttui resume` or `tttui fork` records one"
        return text
    if view.data.loading or view.trajectory is None:
        return "reading the trajectory ..."
    return "no steps recorded yet"


def quick_motion(trajectory: Trajectory, before: Motion | None) -> bool:
    """Whether `motion_of` is quick enough for the thread of the screen."""
    known = 0 if before is None else len(before.trajectory)
    return len(trajectory) <= LONG or 0 <= len(trajectory) - known <= LONG


def quick_errors(steps: Steps, before: tuple[Series, Series] | None) -> bool:
    """Whether `errors_of` is quick enough for the thread of the screen."""
    known = 0 if before is None else len(before[0])
    return len(steps) <= LONG or 0 <= len(steps) - known <= LONG


def selected_mark(view: View) -> tuple[int, str, Colour] | None:
    """Step, glyph and colour of the selected transaction."""
    events_, i = view.data.transactions, view.timeline.selected
    if i is None or i >= len(events_):
        return None
    outcome, names = events_.outcomes()
    status = names[int(outcome[i])]
    return int(events_.t[i]), view.glyphs.status(status), view.palette.status(status)
