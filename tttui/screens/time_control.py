"""The one Timeline: the commands that move it, and the replay."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from textual.timer import Timer

from tttui.model.timeline import Timeline
from tttui.model.transactions import of_statuses
from tttui.screens.state import ScreenState

FRAME = 1 / 20
"""Time between two frames of the replay, in seconds."""


class TimeControl:
    """Moves the Timeline of the screen's state, by a person or in a replay.

    `changed` draws the new state, `note` tells the person something, and `every` calls a function
    at intervals of so many seconds.
    """

    def __init__(
        self,
        state: ScreenState,
        changed: Callable[[], None],
        note: Callable[[str], None],
        every: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._state, self._changed, self._note, self._every = state, changed, note, every
        self._player: Timer | None = None
        self._played_at = 0.0

    @property
    def playing(self) -> bool:
        """A replay runs."""
        return self._player is not None

    def move(self, timeline: Timeline) -> None:
        """Make `timeline` the one that all views share."""
        self._state.pending = None  # the person is somewhere else by now
        if timeline != self._state.timeline:
            self._state.timeline = timeline
            self._changed()
        if timeline.playing and self._player is None:
            self._played_at = time.monotonic()
            self._player = self._every(FRAME, self._play_on)
        elif not timeline.playing and self._player is not None:
            self._player.stop()
            self._player = None

    def _play_on(self) -> None:
        now = time.monotonic()
        elapsed, self._played_at = now - self._played_at, now
        self.move(self._state.timeline.played(elapsed))

    def select(self, index: int) -> None:
        """Select a transaction by its index and go to its step."""
        data = self._state.data
        if data is not None:
            self.move(self._state.timeline.select(index, int(data.transactions.t[index])))

    # Commands

    def action_step(self, n: int) -> None:
        self.move(self._state.timeline.step(n))

    def action_chunk(self, n: int) -> None:
        data = self._state.data
        if data is not None:
            self.move(self._state.timeline.step(n * data.meta.chunk))

    def action_transaction(self, n: int) -> None:
        data, statuses = self._state.data, self._state.choices.statuses
        if data is None or not len(data.transactions):
            self._note("This run has no transactions.")
            return
        events, cursor = data.transactions, self._state.timeline.cursor
        shown = np.arange(len(events))
        if statuses is not None:
            shown = np.flatnonzero(of_statuses(events, statuses))
        selected = self._state.timeline.selected
        if selected is not None and events.t[selected] == cursor:
            after = int(np.searchsorted(shown, selected, "right"))
            at = after + n - 1 if n > 0 else int(np.searchsorted(shown, selected, "left")) + n
        elif n < 0:
            at = int(np.searchsorted(events.t[shown], cursor, "left")) + n
        else:
            at = int(np.searchsorted(events.t[shown], cursor, "right")) + n - 1
        if 0 <= at < len(shown):
            self.select(int(shown[at]))
        else:
            self._note("No earlier transaction." if n < 0 else "No later transaction.")

    def action_first(self) -> None:
        self.move(self._state.timeline.to_start())

    def action_last(self) -> None:
        self.move(self._state.timeline.to_end())

    def action_play(self) -> None:
        self.move(self._state.timeline.toggle_play())

    def action_speed(self, by: int) -> None:
        timeline = self._state.timeline
        self.move(timeline.faster() if by > 0 else timeline.slower())
        self._note(f"Replay speed x{self._state.timeline.speed:g}")

    def action_follow(self) -> None:
        self.move(self._state.timeline.toggle_follow())

    def action_zoom(self, by: int) -> None:
        timeline = self._state.timeline
        self.move(
            timeline.reset() if by == 0 else timeline.zoom_in() if by > 0 else timeline.zoom_out()
        )

    def action_log(self) -> None:
        self._state.choices = replace(self._state.choices, log_chosen=True)
        self.move(replace(self._state.timeline, log=not self._state.timeline.log))

    def action_smooth(self) -> None:
        self.move(replace(self._state.timeline, smooth=not self._state.timeline.smooth))
