"""Why the Physics tab has no path, what is quick enough for it, and what is selected on it."""

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.model.steps import Steps, Trajectory
from tttui.panes.view import View
from tttui.plots.motion import Motion
from tttui.store.snapshot import TRAJECTORY

LONG = 50_000
"""Trajectories of more steps are prepared in a thread."""

NO_ERRORS = (Series(np.empty(0), np.empty(0)), Series(np.empty(0), np.empty(0)))


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
