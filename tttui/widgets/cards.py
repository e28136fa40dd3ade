"""The metric card: one number, what it means, and a small drawing of it."""

from typing import Literal

from tttui.draw import bars
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.widgets.drawn import Drawn

Tone = Literal["neutral", "good", "bad", "warn", "baseline", "adaptive", "accent"]


class MetricCard(Drawn):
    """A label, a large value, a line below it, and a sparkline or a bar in the rows that are left.

    The left edge, the value and the drawing carry the tone's colour.
    """

    DEFAULT_CSS = "MetricCard { height: 4; min-width: 12; }"

    def __init__(
        self,
        label: str = "",
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._label = label
        self._value = ""
        self._sub = ""
        self._tone: Tone = "neutral"
        self._series: Series | None = None
        self._log = False
        self._share: float | None = None

    def set_metric(
        self,
        value: str,
        sub: str = "",
        tone: Tone = "neutral",
        *,
        series: Series | None = None,
        log: bool = False,
        share: float | None = None,
    ) -> None:
        """Show `value`, with `sub` below; `series` as a sparkline or `share` (0..1) as a bar."""
        new = (value, sub, tone, log, share)
        old = (self._value, self._sub, self._tone, self._log, self._share)
        if new == old and series is self._series:
            return
        self._value, self._sub, self._tone, self._log, self._share = new
        self._series = series
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        palette, glyphs = self.palette, self.glyphs
        ink = tone_ink(self, self._tone)
        edge = glyphs.fills[2] if glyphs.braille else glyphs.vertical
        for row in range(height):
            canvas.write(row, 0, edge, ink if self._tone != "neutral" else palette.frame)
        room = max(width - 3, 0)
        dots = glyphs.ellipsis
        if height == 1:
            end = canvas.write(0, 2, self._label + " ", palette.muted)
            canvas.write(0, end, fit(self._value, width - end, dots), ink, bold=True)
            return canvas
        canvas.write(0, 2, fit(self._label, room, dots), palette.muted)
        end = canvas.write(1, 2, fit(self._value, room, dots), ink, bold=True)
        drawn = self._series is not None or self._share is not None
        beside = (height == 2 or (height == 3 and drawn)) and self._sub
        if beside and end + 2 + len(self._sub) < width:
            canvas.write(1, end + 2, self._sub, palette.muted)
        elif beside and height == 2:
            self._draw(canvas, (1, end + 2, width - end - 3, 1), ink)
        elif not beside and self._sub:
            canvas.write(height - 1, 2, fit(self._sub, room, dots), palette.muted)
        below = height - 2 - (1 if height >= 4 and self._sub else 0)
        self._draw(canvas, (2, 2, room, below), ink)
        return canvas

    def _draw(self, canvas: Canvas, place: tuple[int, int, int, int], ink: Colour) -> None:
        """The sparkline or bar at (row, column, width, height), where there is room."""
        row, column, width, height = place
        if width < 3 or height < 1:
            return
        if self._series is not None:
            bars.sparkline(canvas, place, self._series, ink, self.glyphs, self._log)
        elif self._share is not None:
            faint = self.palette.faint
            bars.bar(canvas, (row, column, width), self._share, ink, faint, self.glyphs)


def tone_ink(widget: Drawn, tone: Tone) -> Colour:
    """The colour of a tone in the widget's palette."""
    palette = widget.palette
    return {
        "neutral": palette.text,
        "good": palette.good,
        "bad": palette.bad,
        "warn": palette.warn,
        "baseline": palette.baseline,
        "adaptive": palette.adaptive,
        "accent": palette.accent,
    }[tone]
