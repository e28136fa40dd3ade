"""Upright bars over a numbered axis: a histogram, or one value a unit."""

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.numbers import short
from tttui.draw.plot import Bars
from tttui.draw.ticks import placed
from tttui.model.arrays import Floats
from tttui.widgets.drawn import Drawn

WIDEST = 6
"""Columns of one bar and the gap behind it, at most."""


class BarColumns(Drawn):
    """A title, bars that are as wide as fits, and their axis; or a message."""

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title, self._note = title, ""
        self._bars: Bars | None = None
        self._message = ""

    def set_bars(self, bars: Bars | None, note: str = "", message: str = "") -> None:
        """Show these; `note` stands beside the title, of which the last parts, two spaces apart,
        go first where there is no room. None: the message instead."""
        if bars is None and self._bars is None and (note, message) == (self._note, self._message):
            return
        self._bars, self._note, self._message = bars, note, message
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, (palette, glyphs) = Canvas(height, width), self.look
        end = canvas.write(0, 0, fit(self._title, width, glyphs.ellipsis), palette.text, bold=True)
        parts = self._note.split("  ")
        while parts and len("  ".join(parts)) > width - end - 2:
            parts.pop()
        canvas.write(0, end + 2, "  ".join(parts), palette.muted)
        bars = self._bars
        if bars is None or not len(bars.values):
            for row, text in enumerate(_lines(self._message, width), 1):
                canvas.write(row, 0, text, palette.muted)
            return canvas
        top = bars.top if bars.top is not None else float(np.nanmax(bars.values, initial=0.0))
        gutter = 7 if width >= 24 else 0
        rows, room = height - 3, width - gutter
        if rows < 1 or room < 1:
            return canvas
        values, per, wide = _shrunk(bars.values, room)
        self._scale(canvas, gutter, rows, top)
        for i, value in enumerate(values.tolist()):
            odd = any(k // per == i for k in bars.marked)
            at, ink = gutter + i * wide, palette.bad if odd else palette.accent
            drawn = max(wide - 1, 1) if wide > 1 else 1
            self._bar(canvas, (1, at, drawn, rows), value / top if top else 0.0, ink)
            if odd:
                canvas.write(1, at, "!" * drawn, palette.bad, bold=True)
        canvas.write(height - 2, gutter, glyphs.horizontal * (len(values) * wide), palette.frame)
        spots = [(round(x / per * wide), text) for x, text in bars.labels]
        for start, text in placed(spots, room):
            canvas.write(height - 1, gutter + start, text, palette.muted)
        return canvas

    def _scale(self, canvas: Canvas, gutter: int, rows: int, top: float) -> None:
        if not gutter:
            return
        for row in range(1, rows + 1):
            canvas.write(row, gutter - 1, self.glyphs.vertical, self.palette.frame)
        canvas.write(canvas.rows - 2, gutter - 1, self.glyphs.corner, self.palette.frame)
        text = str(int(top)) if top.is_integer() and top < 1e5 else short(top)
        canvas.write(1, max(gutter - 1 - len(text), 0), text, self.palette.muted)
        if rows > 1:
            canvas.write(rows, gutter - 2, "0", self.palette.muted)

    def _bar(
        self, canvas: Canvas, place: tuple[int, int, int, int], share: float, ink: Colour
    ) -> None:
        top, left, wide, rows = place
        share = 0.0 if share != share else min(max(share, 0.0), 1.0)
        eighths = max(round(share * rows * 8), 1) if share > 0 else 0
        for k in range(rows):
            fill = min(max(eighths - 8 * k, 0), 8)
            if fill:
                canvas.write(top + rows - 1 - k, left, self.glyphs.bars[fill] * wide, ink)


def _shrunk(values: Floats, room: int) -> tuple[Floats, int, int]:
    """The bars that fit (largest of neighbours), how many values each joins, and its width."""
    per = -(-len(values) // room)
    if per > 1:
        starts = np.arange(0, len(values), per)
        return np.fmax.reduceat(values, starts), per, 1
    return values, 1, min(max(room // len(values), 1), WIDEST)


def _lines(text: str, width: int) -> list[str]:
    out, line = list[str](), ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            out.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    return [*out, line]
