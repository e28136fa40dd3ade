"""The look of the open session for all views: colours of its statuses, marks of its changes."""

from tttui.draw.changes import NO_CHANGES, RunChanges
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.model.session import SessionData
from tttui.model.transactions import STATUSES
from tttui.panes.view import Pane
from tttui.widgets.scrubber import Scrubber


class SessionLook:
    """The look that everything on the screen is drawn with: `now`."""

    def __init__(self, look: Look) -> None:
        self._plain = self.now = look
        self._own: tuple[str, ...] = ()
        """The statuses of the open session that tttui does not know."""

    def set_palette(self, palette: Palette) -> None:
        """Draw in the colours of another theme."""
        self._plain = self.now = self._plain._replace(palette=palette)
        self._own = ()

    def follow(self, data: SessionData) -> None:
        """Have signs and colours for the statuses of this session."""
        events = data.transactions
        own = () if data.meta.is_point_mass else events.statuses[len(STATUSES) :]
        if own != self._own:
            self._own = own
            self.now = self._plain.with_statuses(own, events.reasons)


class ChangeMarks:
    """Marks on every time axis where somebody changed the run."""

    def __init__(self) -> None:
        self._changes = NO_CHANGES
        self._shown: tuple[tuple[tuple[int, str], ...], Pane | None] = ((), None)
        """The changes as data, and the tab that has them."""

    def show(self, data: SessionData, pane: Pane, scrubber: Scrubber, *, elsewhere: bool) -> None:
        """Mark those of this session; `elsewhere`: the tab's axes are those of other runs, too."""
        if (data.interventions, pane) == self._shown:
            return
        if data.interventions is not self._shown[0]:
            self._changes = RunChanges.of(data.interventions)
        self._shown = (data.interventions, pane)
        scrubber.set_changes(self._changes)
        pane.set_changes(NO_CHANGES if elsewhere else self._changes)
