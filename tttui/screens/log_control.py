"""The log of the open run, under the tab."""

from collections.abc import Callable, Sequence

from textual.screen import Screen

from tttui.artifacts.logfile import LogTail
from tttui.draw.palette import Palette
from tttui.keys.command import Command
from tttui.screens.notes import Notes
from tttui.screens.state import ScreenState
from tttui.widgets.logpanel import LogPanel
from tttui.widgets.scrubber import Scrubber


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
        self._panel = LogPanel({command.action: command.shown_key for command in commands})
        """Mounted when it is first wanted."""
        self._panel.display = False

    def shown(self) -> bool:
        """The log is on the screen."""
        return self._panel.display

    def show(self, palette: Palette) -> None:
        """Draw the newest lines, where the log is on the screen."""
        if self.shown():
            self._panel.show(self._state.snapshot.log or LogTail(), palette)

    def fit(self, height: int) -> int:
        """Use a share of so many rows; the rows that the log takes."""
        rows = self._panel.rows_of(height)
        self._panel.styles.height = rows
        return rows if self.shown() else 0

    def back(self) -> bool:
        """Clear something of the log on escape; whether there was anything."""
        return self.shown() and self._panel.back()

    async def action_log_panel(self) -> None:
        self._panel.display = not self._panel.display
        if not self._panel.is_attached:
            await self._screen.mount(self._panel, before=self._screen.query_one(Scrubber))
        self._changed()

    def action_log_search(self) -> None:
        self._panel.search()

    def action_log_level(self) -> None:
        self._notes.say(f"Lines of the log that are shown: {self._panel.next_level()}")

    def action_log_scroll(self, pages: int) -> None:
        self._panel.scroll_lines(pages)
