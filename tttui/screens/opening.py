"""Where a session is opened, and how the timeline goes along with a run that grows."""

from dataclasses import dataclass, replace

import numpy as np

from tttui.model.session import SessionData
from tttui.model.timeline import Timeline

LOG_SPREAD = 20.0
"""Errors that spread over more than this factor open on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class StartView:
    """Where the app opens: the options of its command line."""

    tab: str = "overview"
    t: int | None = None
    window: tuple[int, int] | None = None
    log: bool | None = None
    """None: logarithmic where the errors spread far."""
    smooth: bool = False
    follow: bool = False

    @property
    def reach(self) -> int:
        """The last step that must be there for this view."""
        return max(self.t or 0, self.window[1] if self.window else 0)

    def applied(self, timeline: Timeline) -> Timeline:
        """The timeline as the command line asked for it."""
        if self.log is not None:
            timeline = replace(timeline, log=self.log)
        if self.smooth:
            timeline = replace(timeline, smooth=True)
        if self.window is not None:
            timeline = timeline.show(*self.window)
        if self.t is not None:
            timeline = timeline.jump(self.t)
        return replace(timeline.to_end(), follow=True) if self.follow else timeline


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


def spreads_far(data: SessionData) -> bool:
    """The errors span so many decades that a linear axis would hide most of them."""
    errors = np.concatenate([data.steps.baseline[-2000:], data.steps.adaptive[-2000:]])
    errors = errors[np.isfinite(errors) & (errors > 0)]
    if len(errors) < 2:
        return False
    low, high = np.percentile(errors, [5, 95])
    return bool(high > LOG_SPREAD * low)
