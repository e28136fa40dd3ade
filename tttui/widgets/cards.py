"""The metric card: one number with its label and a small drawing."""

from typing import Literal

from tttui.draw import bars
from tttui.draw.canvas import Canvas
from tttui.draw.cells import wrapped
from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.numbers import choose
from tttui.model.numbers import Forms
from tttui.widgets.drawn import Drawn

Tone = Literal["neutral", "good", "bad", "warn", "frozen", "adaptive", "accent"]

SPARK = 16
"""Cells of a sparkline, at most: all of them change with every step of a live run, and what is
sent to the terminal must stay little."""

NOTHING = "-"
"""The value of a card that has none: the line below it says why."""


class MetricCard(Drawn):
    """A label, a large value, a line below it, and a sparkline or a bar in the rows that are left.

    Each text may be several, from the fullest to the shortest: the first is shown that fits whole.
    The left edge, the value and the drawing carry the tone's colour.
    """

    DEFAULT_CSS = "MetricCard { height: 4; min-width: 12; }"

    def __init__(
        self,
        *labels: str,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._labels: tuple[str, ...] = labels or ("",)
        self._value: Forms = ("",)
        self._sub: Forms = ()
        self._tone: Tone = "neutral"
        self._series: Series | None = None
        self._share: float | None = None

    def set_labels(self, *labels: str) -> None:
        """Name what is shown, from the fullest to the shortest text."""
        if labels != self._labels:
            self._labels = labels
            self.changed()

    def set_metric(
        self,
        value: str | Forms,
        sub: str | Forms = (),
        tone: Tone = "neutral",
        *,
        series: Series | None = None,
        share: float | None = None,
    ) -> None:
        """Show `value`, with `sub` below; `series` as a sparkline or `share` (0..1) as a bar."""
        new = (_texts(value), _texts(sub), tone, share)
        old = (self._value, self._sub, self._tone, self._share)
        if new == old and series is self._series:
            return
        self._value, self._sub, self._tone, self._share = new
        self._series = series
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        palette, glyphs = self.look
        ink = tone_ink(self, self._tone)
        edge = glyphs.fills[2] if glyphs.braille else glyphs.vertical
        for row in range(height):
            canvas.write(row, 0, edge, ink if self._tone != "neutral" else palette.frame)
        room, dots = max(width - 3, 0), glyphs.ellipsis
        label = choose(self._labels, room, dots)
        if height == 1:
            end = canvas.write(0, 2, label + " ", palette.muted)
            canvas.write(0, end, choose(self._value, width - end, dots), ink, bold=True)
            return canvas
        canvas.write(0, 2, label, palette.muted)
        if height == 2 and self._sub and self._value == (NOTHING,):
            canvas.write(1, 2, choose(self._sub, room, dots), palette.muted)
            return canvas
        value = choose(self._value, room, dots)
        end = canvas.write(1, 2, value, ink, bold=True) + 2
        drawn = self._series is not None or self._share is not None
        beside = (
            choose(self._sub, width - end - 1, "") if height == 2 + drawn or height == 2 else ""
        )
        if beside:
            canvas.write(1, end, beside, palette.muted)
        elif height == 2:
            self._draw(canvas, (1, end, width - end - 1, 1), ink)
        below = max(height - 2, 0)
        if self._sub and not beside and height > 2 + drawn:
            lines = self._sub_lines(room, 1 if drawn else below)
            for k, line in enumerate(lines, height - len(lines)):
                canvas.write(k, 2, line, palette.muted)
            below -= len(lines)
        self._draw(canvas, (2, 2, room, below), ink)
        return canvas

    def _sub_lines(self, room: int, rows: int) -> list[str]:
        """The line below in at most so many rows: the fullest text whose lines all fit."""
        for text in self._sub:
            lines = wrapped(text, room) if room >= max(map(len, text.split())) else []
            if 0 < len(lines) <= rows and max(map(len, lines)) <= room:
                return lines
        return [self.glyphs.ellipsis]

    def _draw(self, canvas: Canvas, place: tuple[int, int, int, int], ink: Colour) -> None:
        """The sparkline or bar at (row, column, width, height), where there is room."""
        row, column, width, height = place
        if width < 3 or height < 1:
            return
        if self._series is not None:
            place = (row, column, min(width, SPARK), height)
            bars.sparkline(canvas, place, self._series, ink, self.glyphs)
        elif self._share is not None:
            faint = self.palette.faint
            bars.bar(canvas, (row, column, width), self._share, ink, faint, self.glyphs)


def _texts(text: str | Forms) -> Forms:
    return ((text,) if text else ()) if isinstance(text, str) else tuple(text)


def tone_ink(widget: Drawn, tone: Tone) -> Colour:
    """The colour of a tone in the widget's palette."""
    palette = widget.palette
    return {
        "neutral": palette.text,
        "good": palette.good,
        "bad": palette.bad,
        "warn": palette.warn,
        "frozen": palette.frozen,
        "adaptive": palette.adaptive,
        "accent": palette.accent,
    }[tone]
