"""The screen's Timeline: the keys and the mouse that move it, and the replay."""

import time
from dataclasses import replace

import numpy as np
from textual import on
from textual.screen import Screen
from textual.timer import Timer

from tttui.model.query import of_statuses
from tttui.model.text import visible_lines
from tttui.model.timeline import Timeline
from tttui.store import Snapshot
from tttui.widgets.bars import TopBar
from tttui.widgets.timeview import TimeView

FRAME = 1 / 20
"""Time between two frames of the replay, in seconds."""

NOTE_S = 5.0
"""How long a note stands, in seconds."""

LONGEST = 400
"""Characters of a note that are shown."""


class TimedScreen(Screen[None]):
    """Owns the one Timeline; a subclass draws whatever state there is in `show_all`."""

    DEFAULT_CSS = """
    TimedScreen Toast { width: 72; max-width: 100%; }
    TimedScreen ToastRack { margin-bottom: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.timeline = Timeline()
        self.snapshot = Snapshot()
        self.statuses: frozenset[str] | None = None
        """The transactions that are shown and stepped to, by status; None is all."""
        self.inspecting = False
        """The panel of the selected transaction is open."""
        self.log_chosen = False
        """A person has said whether the axis is logarithmic."""
        self._player: Timer | None = None
        self._played_at = 0.0
        self._note_timer: Timer | None = None

    def show_all(self) -> None:
        """Hand the newest state to everything on the screen."""
        raise NotImplementedError(type(self).__name__)

    def move(self, timeline: Timeline) -> None:
        """Make `timeline` the one that all views share."""
        if timeline != self.timeline:
            self.timeline = timeline
            self.show_all()
        self._keep_playing()

    def _keep_playing(self) -> None:
        if self.timeline.playing and self._player is None:
            self._played_at = time.monotonic()
            self._player = self.set_interval(FRAME, self._play_on)
        elif not self.timeline.playing and self._player is not None:
            self._player.stop()
            self._player = None

    def _play_on(self) -> None:
        now = time.monotonic()
        elapsed, self._played_at = now - self._played_at, now
        self.move(self.timeline.played(elapsed))

    def note(self, text: str) -> None:
        """Say something in the header for a few seconds."""
        top = self.query_one(TopBar)
        top.note(text)
        # what does not fit there is shown whole
        self.app.clear_notifications()
        if top.cuts(text) or "\n" in text:
            whole = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
            self.notify(visible_lines(whole), timeout=NOTE_S, markup=False)
        if self._note_timer is not None:
            self._note_timer.stop()
        self._note_timer = self.set_timer(NOTE_S, lambda: top.note(""))

    @on(TimeView.StepPicked)
    def _on_step_picked(self, message: TimeView.StepPicked) -> None:
        self.move(self.timeline.jump(message.t))

    @on(TimeView.RangePicked)
    def _on_range_picked(self, message: TimeView.RangePicked) -> None:
        self.move(self.timeline.show(message.t0, message.t1))

    @on(TimeView.Zoomed)
    def _on_zoomed(self, message: TimeView.Zoomed) -> None:
        self.move(self.timeline.zoom(message.factor, message.t))

    @on(TimeView.AttemptPicked)
    def _on_attempt_picked(self, message: TimeView.AttemptPicked) -> None:
        self.inspecting = True
        self.move(self.timeline.select(message.index, message.t))
        self.show_all()

    def action_step(self, n: int) -> None:
        self.move(self.timeline.step(n))

    def action_chunk(self, n: int) -> None:
        data = self.snapshot.data
        if data is not None:
            self.move(self.timeline.step(n * data.meta.chunk))

    def action_transaction(self, n: int) -> None:
        data = self.snapshot.data
        if data is None or not len(data.transactions):
            self.note("This run has no transactions.")
            return
        events, cursor = data.transactions, self.timeline.cursor
        shown = np.arange(len(events))
        if self.statuses is not None:
            shown = np.flatnonzero(of_statuses(events, self.statuses))
        selected = self.timeline.selected
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
            self.note("No earlier transaction." if n < 0 else "No later transaction.")

    def select(self, index: int) -> None:
        """Select a transaction by its index and go to its step."""
        data = self.snapshot.data
        if data is not None:
            self.move(self.timeline.select(index, int(data.transactions.t[index])))

    def action_first(self) -> None:
        self.move(self.timeline.to_start())

    def action_last(self) -> None:
        self.move(self.timeline.to_end())

    def action_play(self) -> None:
        self.move(self.timeline.toggle_play())

    def action_speed(self, by: int) -> None:
        self.move(self.timeline.faster() if by > 0 else self.timeline.slower())
        self.note(f"Replay speed x{self.timeline.speed:g}")

    def action_follow(self) -> None:
        self.move(self.timeline.toggle_follow())

    def action_zoom(self, by: int) -> None:
        timeline = self.timeline
        self.move(
            timeline.reset() if by == 0 else timeline.zoom_in() if by > 0 else timeline.zoom_out()
        )

    def action_log(self) -> None:
        self.log_chosen = True
        self.move(replace(self.timeline, log=not self.timeline.log))

    def action_smooth(self) -> None:
        self.move(replace(self.timeline, smooth=not self.timeline.smooth))
