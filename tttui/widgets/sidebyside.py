"""The parts of a comparison of sessions as widgets."""

from tttui.draw import sidebyside, transfermap
from tttui.draw.canvas import Canvas
from tttui.draw.cells import wrapped
from tttui.model.compare import Comparison
from tttui.widgets.drawn import Drawn


class _Compared(Drawn):
    """Draws a `Comparison`, or says why there is none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Comparison | None = None
        self._message = ""

    def set_comparison(self, found: Comparison | None, message: str = "") -> None:
        if found is not self._found or message != self._message:
            self._found, self._message = found, message
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        if self._found is None:
            return said(self._message, width, height, self.palette.muted)
        return self.paint_found(self._found, width, height)

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        raise NotImplementedError


class MetricBars(_Compared):
    """The final numbers of every session as bars."""

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.metric_bars(found, (width, height), self.look)


class SettingsTable(_Compared):
    """The settings in which the sessions differ."""

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.settings_table(found, (width, height), self.look)


class TransferMap(_Compared):
    """Frozen weights of each session in the world of each, and what that says."""

    def rows(self, width: int) -> int:
        """Rows that all of it takes in so many columns."""
        found = self._found
        if found is None or found.transfer is None:
            return len(wrapped(self._message, width))
        return transfermap.rows(found.transfer, found.names, width, self.palette)

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        if found.transfer is None:
            return said(self._message, width, height, self.palette.muted)
        look = self.look
        return transfermap.paint(found.transfer, found.names, (width, height), look)


def said(text: str, width: int, height: int, ink: int) -> Canvas:
    """A canvas with a sentence, in as many lines as it needs."""
    canvas = Canvas(height, width)
    for row, line in enumerate(wrapped(text, width)):
        canvas.write(row, 0, line, ink)
    return canvas
