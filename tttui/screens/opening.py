"""Where a session is opened, and how the timeline goes along with a run that grows."""

from dataclasses import replace

from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.panes.averages import spreads_far

__all__ = ["StartView", "horizon_of", "opened", "spreads_far"]


def opened(data: SessionData, like: Timeline) -> Timeline:
    """A whole session, with the looks of the timeline before; a live one is followed."""
    first, last = int(data.steps.t[0]), int(data.steps.t[-1])
    timeline = Timeline.over(first, last)
    follow = data.status is not None and data.status.state in ("running", "paused")
    return replace(timeline, log=like.log, smooth=like.smooth, speed=like.speed, follow=follow)


def horizon_of(data: SessionData, known: int) -> int:
    """The step up to which the axis of a live run reaches; `known` is what it reached so far.

    To the planned end or, where none is known, a quarter beyond what is there, taken anew only
    when the run gets there: an axis that moves at every step would redraw every column.
    """
    status, last = data.status, int(data.steps.t[-1])
    if status is None or not status.live:
        return -1
    if status.steps_total is not None and status.steps_total > last:
        return status.steps_total - 1
    return known if known > last else last + max(32, (last - int(data.steps.t[0])) // 4)
