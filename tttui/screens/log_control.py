"""The log of the open run, under the tab."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from tttui.artifacts.logfile import LogTail
from tttui.draw.palette import Palette
from tttui.keys.command import Command
from tttui.screens.notes import Notes
from tttui.screens.state import ScreenState
from tttui.widgets.scrubber import Scrubber

if TYPE_CHECKING:  # imported when it is first wanted
    from tttui.widgets.logpanel import LogPanel


class LogControl:
    """Shows and hides the log; `changed` makes room for it and draws the new state."""

    def __init__(
        self,
        screen: Screen[None],
        state: ScreenState,
        notes: Notes,
        commands: Sequence[Command],
        changed: Callable[[], None],
    ) -> None:
        self._screen, self._state, self._notes, self._changed = screen, state, notes, changed
        self._keys = {command.action: command.shown_key for command in commands}
        self._panel: LogPanel | None = None
        """Made when it is first wanted."""

    def shown(self) -> bool:
        """The log is on the screen."""
        return self._panel is not None and self._panel.display

    def show(self, palette: Palette) -> None:
        """Draw the newest lines, where the log is on the screen."""
        if self._panel is not None and self._panel.display:
            self._panel.show(self._state.snapshot.log or LogTail(), palette)

    def fit(self, height: int) -> int:
        """Use a share of so many rows; the rows that the log takes."""
        if self._panel is None:
            return 0
        rows = self._panel.rows_of(height)
        self._panel.styles.height = rows
        return rows if self.shown() else 0

    def back(self) -> bool:
        """Clear a filter of the log on escape; returns whether there was one."""
        return self._panel is not None and self._panel.display and self._panel.back()

    async def action_log_panel(self) -> None:
        if self._panel is None:
            from tttui.widgets.logpanel import LogPanel

            self._panel = LogPanel(self._keys)
            await self._screen.mount(self._panel, before=self._screen.query_one(Scrubber))
        else:
            self._panel.display = not self._panel.display
        self._changed()

    def action_log_search(self) -> None:
        if self._panel is not None:
            self._panel.search()

    def action_log_level(self) -> None:
        if self._panel is not None:
            self._notes.say(f"Lines of the log that are shown: {self._panel.next_level()}")

    def action_log_scroll(self, pages: int) -> None:
        if self._panel is not None:
            self._panel.scroll_lines(pages)
