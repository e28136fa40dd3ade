"""How transactions ended (bars), and when (stacked bins along the shared time axis)."""

from collections.abc import Sequence

import numpy as np
from textual import events
from textual.message import Message

from tttui.draw import outcome_bars, plot
from tttui.draw.canvas import Canvas
from tttui.draw.changes import lay
from tttui.draw.marks import Marks
from tttui.model.dataclass import dataclass
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import Drawn
from tttui.widgets.timeview import TimeView


class Reasons(Drawn):
    """Counts by status; keys can point at one, and a click picks one."""

    @dataclass
    class Picked(Message):
        """The bar of a status was clicked."""

        status: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._marks, self._message = Marks(), ""
        self._chosen = False
        self._at = 0
        """The bar that keys point at."""

    def set_marks(self, marks: Marks, message: str) -> None:
        """Other transactions; `message` is said where there are none."""
        if marks is not self._marks or message != self._message:
            self._marks, self._message = marks, message
            self.changed()

    def set_chosen(self, chosen: bool) -> None:
        """Whether the keys act here."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.changed()

    @property
    def pointed(self) -> str | None:
        """The status that keys point at."""
        names = outcome_bars.ranked(self._marks)
        return names[min(self._at, len(names) - 1)] if names else None

    def move(self, by: int) -> None:
        """Point at another bar."""
        last = len(outcome_bars.ranked(self._marks)) - 1
        at = min(max(min(self._at, last) + by, 0), max(last, 0))
        if at != self._at:
            self._at = at
            self.changed()

    def on_click(self, event: events.Click) -> None:
        names, row = outcome_bars.ranked(self._marks), int(event.y) - self.gutter.top - 1
        if 0 <= row < len(names):
            self._at = row
            self.post_message(self.Picked(names[row]))

    def paint(self, width: int, height: int) -> Canvas:
        look = self.look
        pointed = self.pointed if self._chosen else None
        return outcome_bars.reasons(self._marks, (width, height), look, self._message, pointed)


class TransactionsOverTime(TimeView):
    """Bins of transactions over the window; a click selects the nearest transaction."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._marks = Marks()

    def set_marks(self, marks: Marks) -> None:
        if marks is not self._marks:
            self._marks = marks
            self.changed()

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return (old.t0, old.t1) != (new.t0, new.t1)

    def paint(self, width: int, height: int) -> Canvas:
        look = self.look
        canvas = outcome_bars.over_time(self._marks, self.axis(), self.left, (width, height), look)
        lay(canvas, self.changes, self.axis(), self.left, range(1, height), look)
        return canvas

    def overlay(self, part: Canvas, rows: Sequence[int]) -> None:
        if not self.timeline.empty and self.left:
            # neither title nor axis nor what is free below
            plotted = part.char[:, self.left - 1] == ord(self.glyphs.vertical)
            self.mark(part, np.flatnonzero(plotted).tolist())

    def picked(self, t: int, row: int) -> None:
        del row
        self.pick_mark(self._marks, t)
