"""What a tab is given to draw: one value, made anew whenever data or the user moves something."""

from dataclasses import dataclass

from textual.widget import Widget

from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.dynamics.yardsticks import Yardstick
from tttui.model.session import SessionData
from tttui.model.steps import Trajectory
from tttui.model.timeline import Timeline


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The open session at the cursor."""

    data: SessionData
    timeline: Timeline
    palette: Palette
    glyphs: Glyphs
    trajectory: Trajectory | None = None
    yardsticks: tuple[Yardstick, ...] = ()
    compare_yardsticks: bool = False
    """The user asked for yardsticks (they may still be on their way)."""
    inspecting: bool = False
    """The panel of the selected transaction is open."""
    age: str = ""
    """How long ago the session was created, for a person."""


class Pane(Widget):
    """One tab. It draws what `show` is given and sends messages; it reads no file."""

    def show(self, view: View) -> None:
        """Draw this view; cheap where only the cursor moved."""
        raise NotImplementedError(type(self).__name__)

    def copyable(self) -> tuple[str, str] | None:
        """What `y` copies here, as (what it is, the text); None where there is nothing."""
        return None
