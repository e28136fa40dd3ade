"""How the screen looks: the theme, with signs and colours for the statuses of the open session."""

from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.model.session import SessionData
from tttui.model.transactions import STATUSES


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
