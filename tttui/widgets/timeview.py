"""The base of widgets with a time axis: the shared timeline and mouse events."""

from collections.abc import Sequence

import numpy as np
from textual import events
from textual.geometry import Region
from textual.message import Message

from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, RunChanges
from tttui.draw.colours import DEFAULT, Colour
from tttui.draw.marks import Marks
from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import Drawn

WHEEL = 1.25
"""How much wider one notch of the wheel makes the window; they come in bursts."""


class TimeView(Drawn):
    """Shows a `Timeline`; never changes it, but posts what the person asks for.

    The messages bubble, and one set of handlers (`on_time_view_step_picked` ...) serves all.
    """

    @dataclass
    class StepPicked(Message):
        """The cursor should go to step t."""

        t: int

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self))

    @dataclass
    class RangePicked(Message):
        """The window should be t0..t1."""

        t0: int
        t1: int

    @dataclass
    class Zoomed(Message):
        """The window should become `factor` times as wide around step t."""

        t: int
        factor: float

    @dataclass
    class Hovered(Message):
        """The mouse is over step t of a view (None: it has left that view)."""

        t: int | None
        view: "TimeView"

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self)) and message.view is self.view

    @dataclass
    class MarkPicked(Message):
        """The transaction with this index should be selected."""

        index: int
        t: int

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.timeline = Timeline()
        self.changes: RunChanges = NO_CHANGES
        self.hovered: int | None = None
        """The step under the mouse, over this view or another one."""
        self._pointed: int | None = None
        """The step under the mouse over this view, as it was posted."""
        self._pressed: int | None = None
        self._dragged: int | None = None

    def set_timeline(self, timeline: Timeline) -> None:
        """Show another timeline: cheap if only the cursor has moved."""
        old, self.timeline = self.timeline, timeline
        if self.repaints(old, timeline):
            self.changed()
        elif old != timeline:
            self.moved(old, timeline)

    def set_changes(self, changes: RunChanges) -> None:
        """Show where somebody changed the run."""
        if changes is not self.changes:
            self.changes = changes
            self.changed()

    def set_hover(self, t: int | None) -> None:
        """Mark the step under the mouse (in this view or another one)."""
        if t != self.hovered:
            old, self.hovered = self.hovered, t
            self.touch_steps(old, t)

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        """Whether the change needs the whole picture painted again."""
        return (old.t0, old.t1, old.log, old.first, old.last, old.smooth) != (
            new.t0,
            new.t1,
            new.log,
            new.first,
            new.last,
            new.smooth,
        )

    def moved(self, old: Timeline, new: Timeline) -> None:
        """Redraw what a change without a repaint touches."""
        if (old.cursor, old.follow) != (new.cursor, new.follow):
            self.touch_steps(old.cursor, new.cursor)

    def axis(self) -> TimeAxis:
        """The axis of the columns from `left` on."""
        width = self.content_size.width - self.left
        return TimeAxis(self.timeline.t0, self.timeline.t1, max(width, 0))

    @property
    def left(self) -> int:
        """Content columns left of the time axis."""
        return 0

    def touch_steps(self, *steps: int | None) -> None:
        """Redraw the columns of these steps."""
        self.touch(*self.columns_of(*steps))

    def columns_of(self, *steps: int | None) -> list[Region]:
        """The columns of these steps."""
        axis = self.axis()
        columns = {axis.column(t) for t in steps if t is not None}
        height = self.content_size.height
        return [Region(self.left + c, 0, 1, height) for c in columns if c is not None]

    @property
    def free(self) -> tuple[str, ...]:
        """Characters in whose place the thin line of the mouse may stand."""
        return " ", self.glyphs.change_line

    def mark(self, part: Canvas, at: Sequence[int]) -> None:
        """Mark in the rows `at` of a copy of the picture the columns of what is dragged over, of
        the mouse and of the cursor.

        The live end is plain to see, and would redraw a column at every step.
        """
        rows, axis, palette = np.array(at, dtype=np.int64), self.axis(), self.palette
        drag, window = self.dragging(), palette.selected_paper
        if drag is not None and window != DEFAULT:
            part.paper[rows, self.left + drag[0] : self.left + drag[1] + 1] = window
        cursor = None if self.timeline.follow else self.timeline.cursor
        for t, ink, paper in (
            (self.hovered, palette.muted, DEFAULT),
            (cursor, palette.cursor, palette.cursor_paper),
        ):
            column = None if t is None else axis.column(t)
            if column is not None:
                self._mark_column(part, rows, self.left + column, ink, paper)

    def _mark_column(
        self, part: Canvas, rows: Ints, column: int, ink: Colour, paper: Colour
    ) -> None:
        """Mark a column: its paper, or where that cannot be seen a thin line in the free cells."""
        if paper != DEFAULT:
            part.paper[rows, column] = paper
            return
        rows = rows[np.isin(part.char[rows, column], [ord(char) for char in self.free])]
        part.char[rows, column], part.ink[rows, column] = ord(self.glyphs.cursor), ink
        part.bold[rows, column], part.marks[rows, column] = False, 0

    def column_at(self, event: events.MouseEvent) -> int | None:
        """The column of the time axis under the mouse, None beside it."""
        column = int(event.x) - self.gutter.left - self.left
        return column if 0 <= column < self.axis().width else None

    def dragging(self) -> tuple[int, int] | None:
        """The columns between which the mouse is being dragged, ascending."""
        if self._pressed is None or self._dragged is None:
            return None
        low, high = sorted((self._pressed, self._dragged))
        return (low, high) if high > low else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        column = self.column_at(event)
        if column is None or self.timeline.empty:
            return
        self.capture_mouse()
        self._pressed, self._dragged = column, column

    def on_mouse_move(self, event: events.MouseMove) -> None:
        column = self.column_at(event)
        if self._pressed is not None:
            width = self.axis().width
            at = min(max(int(event.x) - self.gutter.left - self.left, 0), width - 1)
            if at != self._dragged and self._dragged is not None:
                low, high = sorted((at, self._dragged))
                self._dragged = at
                size = (high - low + 1, self.content_size.height)
                self.touch(Region(self.left + low, 0, *size))
        t = None
        if column is not None and not self.timeline.empty:
            t = min(self.axis().step(column), self.timeline.last)
        self._point(t)

    def _point(self, t: int | None) -> None:
        """The mouse is over step t of this view: mark it here at once, and tell the others."""
        if t != self._pointed:
            self._pointed = t
            self.set_hover(t)
            self.post_message(self.Hovered(t, self))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._pressed is None:
            return
        self.release_mouse()
        dragged, pressed = self.dragging(), self._pressed
        self._pressed = self._dragged = None
        axis = self.axis()
        if dragged is None:
            self.picked(axis.step(pressed), int(event.y) - self.gutter.top)
        else:
            low, high = dragged
            size = (high - low + 1, self.content_size.height)
            self.touch(Region(self.left + low, 0, *size))
            self.post_message(self.RangePicked(axis.step(low), axis.step(high)))

    def picked(self, t: int, row: int) -> None:
        """A click on the column of step t, in a row of the content."""
        del row
        self.post_message(self.StepPicked(t))

    def pick_mark(self, marks: Marks, t: int) -> None:
        """Ask for the transaction next to step t; for the step where there is none."""
        index = marks.nearest(t)
        if index is None:
            self.post_message(self.StepPicked(t))
        else:
            self.post_message(self.MarkPicked(index, int(marks.t[index])))

    def on_leave(self, event: events.Leave) -> None:
        if event.node is self:
            self._point(None)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 1 / WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        column = self.column_at(event)
        if column is not None and not self.timeline.empty:
            event.stop()
            self.post_message(self.Zoomed(self.axis().step(column), factor))
