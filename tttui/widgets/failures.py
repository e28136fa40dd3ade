"""The line of failed parts."""

from collections.abc import Mapping

from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.toolkit import DirectWidget


class FailureLine(DirectWidget):
    """Names every part that failed, with the reason; takes no room while there is none."""

    DEFAULT_CSS = "FailureLine { height: 1; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[str, ...], Palette] = ((), DARK)

    def show(self, failures: Mapping[str, str], palette: Palette) -> bool:
        """Show these; whether the line came or went."""
        shown = (tuple(failures.values()), palette)
        if shown == self._shown:
            return False
        self._shown = shown
        before, self.display = self.display, bool(failures)
        self.refresh()
        return before != self.display

    def render(self) -> Text:
        failures, palette = self._shown
        ink = style(palette.bad, bold=True)
        line = Text(" ! ", ink, no_wrap=True, overflow="ellipsis")
        return line.append("   ".join(failures), ink)
