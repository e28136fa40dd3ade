"""The whole run in one line: attempts, the visible window, the cursor, and the play state."""

from rich.segment import Segment
from textual import events
from textual.geometry import Region

from tttui.draw import plot
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.colours import style
from tttui.draw.marks import Marks, lane, one_row
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import replaced
from tttui.widgets.timeview import TimeView


class Scrubber(TimeView):
    """One line: state and speed, the track with attempts, window and cursor, `t 320 / 599`.

    Steps at which somebody changed the run are marked, too. Dragging along the track moves the
    cursor (`StepPicked`).
    """

    DEFAULT_CSS = "Scrubber { height: 1; }"

    _marks = Marks()

    def set_marks(self, marks: Marks) -> None:
        """Show other attempts (ascending in t)."""
        self._marks = marks
        self.changed()

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    def axis(self) -> TimeAxis:
        line = self.timeline
        room = 0 if self.content_size.width < 20 else self._room(line)
        width = self.content_size.width - self.left - room
        return TimeAxis(line.first, line.end, max(width, 0))

    @staticmethod
    def _room(line: Timeline) -> int:
        """Columns of the reading on the right: the widest it can get, so that nothing jumps."""
        return 2 * len(str(line.end)) + 7

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return _still(old) != _still(new)

    def moved(self, old: Timeline, new: Timeline) -> None:
        super().moved(old, new)
        room = self._room(new)
        self.touch(Region(self.content_size.width - room, 0, room, 1))

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        line, palette, glyphs, left = self.timeline, self.palette, self.glyphs, self.left
        state, ink = (glyphs.pause, palette.muted)
        if line.playing:
            state, ink = glyphs.play, palette.good
        elif line.follow:
            state, ink = glyphs.follow, palette.accent
        canvas.write(0, 0, state, ink, bold=True)
        canvas.write(0, 2, f"x{line.speed:g}", palette.text if line.playing else palette.muted)
        axis = self.axis()
        if axis.width < 2:
            return canvas
        canvas.write(0, left, glyphs.track * axis.width, palette.frame)
        if line.empty:
            return canvas
        low, high = axis.column(line.t0), axis.column(line.t1)
        if low is not None and high is not None:
            window = glyphs.edge * (high - low + 1)
            canvas.write(0, left + low, window, palette.muted, palette.window)
        columns, chars, marks_ink, bold = one_row(lane(self._marks, axis), palette, glyphs)
        canvas.place(0, left + columns, chars, marks_ink, bold)
        for column in self.changes.columns(axis).tolist():
            canvas.write(0, left + column, glyphs.change, palette.accent, bold=True)
        return canvas

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        view, palette, axis = self.timeline, self.palette, self.axis()
        if view.empty or axis.width < 2:
            return line
        under = None if self.hovered is None else axis.column(self.hovered)
        if under is not None:
            line = replaced(line, self.left + under, self.glyphs.cursor, style(palette.text))
        column = axis.column(view.cursor)
        if column is not None:
            thumb = style(palette.cursor, palette.cursor_paper, bold=True)
            line = replaced(line, self.left + column, self.glyphs.thumb, thumb)
        if self.content_size.width >= 20:
            room = self._room(view)
            text = f"t {view.cursor} / {view.last}".rjust(room)
            at = self.content_size.width - room
            line = replaced(line, at, text, style(palette.text))
        return line

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pressed is None:
            super().on_mouse_move(event)
            return
        column = int(event.x) - self.gutter.left - self.left
        self.post_message(self.StepPicked(self.axis().step(max(column, 0))))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._pressed is not None:
            self.release_mouse()
            self._pressed = self._dragged = None
            column = int(event.x) - self.gutter.left - self.left
            self.post_message(self.StepPicked(self.axis().step(max(column, 0))))


def _still(line: Timeline) -> tuple[object, ...]:
    """What the painting shows of a timeline."""
    return line.first, line.end, line.t0, line.t1, line.playing, line.speed, line.follow
