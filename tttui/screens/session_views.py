"""Views of sessions: as the command line states, as they were left, as they grow."""

from collections.abc import Callable
from dataclasses import replace

from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.panes import DEFAULT_TAB
from tttui.panes.view import Choices
from tttui.plots.errors import spreads_far
from tttui.saved_views import Remembered
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs

AHEAD_S = 60.0
"""Seconds that the axis of a live run has room for at least, where so much is planned: with fewer
every new step would fill more columns, and so send more to the terminal."""

LEAST = 16
"""Steps that the axis of a live run has room for at least, where so many are planned."""


class SessionViews:
    """Makes the screen's state fit the open session, and remembers how it was looked at.

    `start` is what the command line asked for; `show_tab` goes to another tab.
    """

    def __init__(
        self,
        state: ScreenState,
        tabs: Tabs,
        start: StartView,
        remembered: Remembered | None,
        show_tab: Callable[[str], None],
    ) -> None:
        self._state, self._tabs, self._remembered = state, tabs, remembered
        self._show_tab = show_tab
        self._given = start != StartView()
        """The command line named a view: what is remembered is not asked for."""
        self._first_session = True
        """No session was opened yet."""
        self.tab_chosen = False
        """Somebody went to another tab."""
        self._look_like(start)

    def arrived(self, old: SessionData | None, new: SessionData) -> None:
        """Make the timeline fit data that is new or has grown."""
        if len(new.steps) == 0:
            return
        state = self._state
        first, last = int(new.steps.t[0]), int(new.steps.t[-1])
        other = is_other(old, new)
        timeline = state.timeline
        if other or timeline.empty or timeline.first != first:
            timeline = opened(new, like=timeline)
        stays_at_end = old is not None and old.loading and timeline.at_end
        timeline = timeline.extended(last, horizon_of(new, timeline.horizon))
        if stays_at_end:
            timeline = timeline.to_end()
        if not state.choices.log_chosen:
            timeline = replace(timeline, log=spreads_far(new))
        if other:
            self._recall(new)
        view = state.pending
        if view is not None:
            timeline = view.applied(timeline)
            if view.transaction is not None and view.transaction <= len(new.transactions):
                timeline = timeline.select(view.transaction - 1)
            if view.reach <= last or not new.loading:
                state.pending = None
        state.timeline = timeline

    def now(self) -> StartView:
        """The view of the open session."""
        timeline, choices = self._state.timeline, self._state.choices
        selected, statuses = timeline.selected, choices.statuses
        view = StartView(
            self._state.tab,
            None if timeline.empty else timeline.cursor,
            None if timeline.whole else (timeline.t0, timeline.t1),
            timeline.log if choices.log_chosen else None,
            timeline.smooth,
            timeline.follow,
            statuses=tuple(sorted(statuses)) if statuses is not None else None,
            transaction=None if selected is None else selected + 1,
            inspect=choices.inspecting,
            yardsticks=choices.yardsticks,
        )
        return view if self._tabs.shown is None else self._tabs.shown.look(view)

    def keep(self) -> None:
        """Save the view of the open session."""
        data, timeline = self._state.data, self._state.timeline
        if self._remembered is None or data is None or data.loading or timeline.empty:
            return
        view = replace(self.now(), follow=False)
        if timeline.at_end:
            view = replace(view, t=None)
        self._remembered.keep(data.place.path, view)

    def _recall(self, data: SessionData) -> None:
        """Go to where this session was left, unless the command line asked for something.

        A running session is watched at its end instead.
        """
        first, self._first_session = self._first_session, False
        running = data.status is not None and data.status.state == "running"
        if self._remembered is None or running or (first and self._given):
            return
        view = self._remembered.recall(data.place.path)
        if view is None:
            return
        if first and not self.tab_chosen:
            self._look_like(view)
            self._show_tab(view.tab or DEFAULT_TAB)
        else:
            self._state.pending = view
            if view.log is not None:
                self._state.choices = replace(self._state.choices, log_chosen=True)

    def _look_like(self, view: StartView) -> None:
        """Look at the session that comes as this view does, in its tab."""
        self._state.pending = view
        self._state.choices = Choices(
            yardsticks=view.yardsticks,
            inspecting=view.inspect,
            statuses=frozenset(view.statuses) if view.statuses else None,
            log_chosen=view.log is not None,
        )
        self._tabs.recall(view)


def is_other(old: SessionData | None, new: SessionData) -> bool:
    """Another session (or run of a store) is open than before."""
    return old is None or (old.place, old.run) != (new.place, new.run)


def opened(data: SessionData, like: Timeline) -> Timeline:
    """A whole session, with the looks of the timeline before; a live one is followed."""
    first, last = int(data.steps.t[0]), int(data.steps.t[-1])
    timeline = Timeline.over(first, last)
    follow = data.status is not None and data.status.state in ("running", "paused")
    return replace(timeline, log=like.log, smooth=like.smooth, speed=like.speed, follow=follow)


def horizon_of(data: SessionData, known: int) -> int:
    """The step up to which the axis of a live run reaches; `known` is what it reached so far.

    To the planned end, or to half of it, a quarter, and so on while that holds what is there and
    `AHEAD_S` more at the speed of the run; where no end is known, at least a quarter beyond what
    is there. Taken anew only when the run gets there: an axis that moves at every step would
    redraw every column.
    """
    status, first, last = data.status, int(data.steps.t[0]), int(data.steps.t[-1])
    if status is None or not status.live:
        return -1
    if known > last:
        return known
    steps = last - first + 1
    ahead = max(round((status.steps_per_second or 0.0) * AHEAD_S), 1)
    if status.steps_total is None or status.steps_total <= last:
        return last + max(32, steps // 4, ahead)
    length = status.steps_total - first
    while length // 2 >= max(steps + ahead, LEAST):
        length //= 2
    return first + length - 1
