"""The state of the main screen, which its parts share and change."""

from dataclasses import field

from tttui.model.dataclass import dataclass
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.panes import pane_of
from tttui.panes.view import Choices
from tttui.store import Snapshot


@dataclass(slots=True)
class ScreenState:
    """The newest snapshot, at a moment, in a tab, with what the person chose to see of it."""

    tab: str
    snapshot: Snapshot = field(default_factory=Snapshot)
    timeline: Timeline = field(default_factory=Timeline)
    choices: Choices = field(default_factory=Choices)
    turning: bool = False
    """Keys turn the knobs of a what-if, and do not act on the tab."""
    pending: StartView | None = None
    """A view whose steps have yet to be there."""

    @property
    def data(self) -> SessionData | None:
        """The open session."""
        return self.snapshot.data

    @property
    def pane(self) -> str:
        """What the tab shows of the open session: the name of its pane."""
        return pane_of(self.tab, self.data)

    @property
    def own_task(self) -> bool:
        """The open session is of another task than the point mass."""
        return self.data is not None and not self.data.meta.is_point_mass
