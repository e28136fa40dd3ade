"""A widget that paints all of itself for every change and sends only the cells that differ."""

import numpy as np
from textual.geometry import Region

from tttui.draw.canvas import GRIDS, Canvas
from tttui.widgets.drawn import Drawn


class Redrawn(Drawn):
    """For drawings in which a change moves a little here and there: `repaint` instead of
    `changed`."""

    def repaint(self) -> None:
        """Paint anew; only rows in which something differs are made and sent again."""
        old, (width, height) = self._canvas, self.content_size
        if old is None or (old.columns, old.rows) != (width, height):
            self.changed()
            return
        new = self._canvas = self.paint(width, height)
        differ = old.char != new.char
        for name in GRIDS[1:]:
            differ |= getattr(old, name) != getattr(new, name)
        rows = np.flatnonzero(differ.any(axis=1))
        if not len(rows):
            return
        if self._lines:
            part = Canvas(len(rows), width)
            for name in GRIDS:
                getattr(part, name)[...] = getattr(new, name)[rows]
            for y, line in zip(rows.tolist(), part.lines(self.ground), strict=True):
                self._lines[y] = line
        first = differ[rows].argmax(axis=1).tolist()
        end = (width - differ[rows, ::-1].argmax(axis=1)).tolist()
        places = zip(rows.tolist(), first, end, strict=True)
        self.touch(*(Region(a, y, b - a, 1) for y, a, b in places))
