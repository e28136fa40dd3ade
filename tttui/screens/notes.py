"""Notes: one line in the header for a few seconds, and whole where it does not fit there."""

from textual.screen import Screen
from textual.timer import Timer

from tttui.model.text import visible_lines
from tttui.widgets.bars import TopBar

NOTE_S = 5.0
"""How long a note stands, in seconds."""

LONGEST = 400
"""Characters of a note that are shown."""


class Notes:
    """Tells the person something in the header of a screen."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    @property
    def standing(self) -> str:
        """The note that stands now, '' for none."""
        return self._screen.query_one(TopBar).noted

    def say(self, text: str) -> None:
        """Show a note in place of the one before."""
        top = self._screen.query_one(TopBar)
        top.note(text)
        # what does not fit there is shown whole
        self._screen.app.clear_notifications()
        if top.cuts(text) or "\n" in text:
            whole = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
            self._screen.notify(visible_lines(whole), timeout=NOTE_S, markup=False)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(NOTE_S, lambda: top.note(""))
