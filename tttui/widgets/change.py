"""A miniature of the change of one update: the three plastic matrices side by side."""

import numpy as np

from tttui.draw import heat
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.draw.numbers import choose, short
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.names import name_forms
from tttui.widgets.drawn import Drawn

TITLES = {"W_u": "W_u", "B": "B", "W_o": "W_o^T"}


class ChangeMap(Drawn):
    """After minus before, on one symmetric scale; W_o is transposed so that its rows are B's.

    Where there is nothing to show, `message` says why.
    """

    DEFAULT_CSS = "ChangeMap { height: 18; margin: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._change: Weights | None = None
        self.message = ""
        """Why there is nothing to show."""

    def set_change(self, change: Weights | None, message: str) -> None:
        if change is not self._change or message != self.message:
            self._change, self.message = change, message
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        palette, glyphs = self.look
        if self._change is None:
            for row, text in enumerate(wrapped(self.message, width)):
                canvas.write(row, 0, text, palette.muted)
            return canvas
        bound = heat.limit(*self._change.values())
        title = f"what it changed, largest {short(bound)}"
        canvas.write(0, 0, fit(title, width, glyphs.ellipsis), palette.accent)
        at, room = 0, height - 2
        own = set(self._change) <= set(PLASTIC)
        for name, values in self._change.items():
            if at >= width or room < 1:
                continue
            title = TITLES[name] if own else choose(name_forms(name), 24, glyphs.ellipsis)
            values = values.T if own and name == "W_o" else values
            pyramid = heat.Pyramid(np.asarray(values))
            view = heat.HeatWindow.fitting(pyramid.shape, min(width - at, 24), room)
            view = heat.HeatWindow(level=view.level, slim=view.slim)
            down, across = view.cells(*pyramid.shape)
            size = min(max(across, len(title)), width - at), min(-(-down // 2), room)
            canvas.write(1, at, title[: size[0]], palette.muted)
            part = heat.paint(pyramid, view, size, bound, self.look)
            for grid in ("char", "ink", "paper"):
                whole = getattr(canvas, grid)
                whole[2 : 2 + size[1], at : at + size[0]] = getattr(part, grid)
            at += size[0] + 2
        return canvas
