"""Filters of the open session that hold in all tabs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tttui.plots.errors import marks_of
from tttui.screens.notes import Notes
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs
from tttui.screens.time_control import TimeControl


class Choosing:
    """Changes the choices of the screen's state; `changed` draws the new state."""

    def __init__(
        self,
        state: ScreenState,
        time: TimeControl,
        tabs: Tabs,
        notes: Notes,
        changed: Callable[[], None],
    ) -> None:
        self._state, self._time, self._tabs = state, time, tabs
        self._notes, self._changed = notes, changed

    def choose(self, **choices: Any) -> None:
        """Change these choices; nothing is drawn yet."""
        self._state.choices = replace(self._state.choices, **choices)

    def filter_by(self, statuses: frozenset[str] | None) -> None:
        """Show only transactions of these statuses; None: all."""
        self.choose(statuses=statuses)
        words = " and ".join(s.replace("_", " ") for s in sorted(statuses)) if statuses else "all"
        self._notes.say(f"Transactions shown: {words}")
        self._changed()

    def action_filter(self) -> None:
        data, statuses = self._state.data, self._state.choices.statuses
        has_some = data is not None and len(data.transactions) > 0
        present = list(marks_of(data).counts()) if data is not None and has_some else []
        if not present:
            self._notes.say("This run has no transactions to filter.")
            return
        shown = next(iter(statuses)) if statuses else None
        at = present.index(shown) + 1 if shown in present else 0
        self.filter_by(frozenset({present[at]}) if at < len(present) else None)

    def toggle_yardsticks(self) -> None:
        """Show the yardsticks beside the errors, or no longer."""
        self.choose(yardsticks=not self._state.choices.yardsticks)
        self._tabs.want()
        self._changed()

    def action_inspect(self) -> None:
        data, pane, timeline = self._state.data, self._tabs.shown, self._state.timeline
        if pane is not None and pane.enter():
            return
        if data is None or not len(data.transactions):
            self._notes.say("This run has no transactions to inspect.")
            return
        self.choose(inspecting=not self._state.choices.inspecting)
        if self._state.choices.inspecting and timeline.selected is None:
            self._time.select(int(np.argmin(np.abs(data.transactions.t - timeline.cursor))))
        self._changed()
