"""The yardsticks beside the session's own curves, as a table."""

from tttui.draw import yardsticktable
from tttui.draw.canvas import Canvas
from tttui.draw.plot import Plot
from tttui.widgets.drawn import Drawn


class YardstickTable(Drawn):
    """Values of the curves of a chart at the cursor and at the end; hidden where there is none."""

    DEFAULT_CSS = "YardstickTable { display: none; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Plot | None = None
        self._t = 0

    def show_plot(self, shown: Plot | None, t: int) -> None:
        """The curves, read at step t; None: there are no yardsticks."""
        if (shown, t) == (self._shown, self._t):
            return
        if shown is not self._shown:
            self.display = shown is not None
            if shown is not None:
                self.styles.height = yardsticktable.rows(shown) + 1
        self._shown, self._t = shown, t
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        if self._shown is not None:
            part = yardsticktable.paint(self._shown, self._t, width, self.look)
            for grid in ("char", "ink", "paper", "bold"):
                rows = min(part.rows, height)
                getattr(canvas, grid)[:rows] = getattr(part, grid)[:rows]
        return canvas
