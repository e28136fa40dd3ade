"""The scrubber: transactions, visible window, cursor and play state in one line."""

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
    """One line: state and speed, the track with transactions, window and cursor, `t 320 / 599`.

    The track has the columns of the charts above it (`set_columns`), so that a step stands below
    itself; the reading is right of them where there is room, else left, without the last step.
    Dots stand where a live run is yet to go; steps at which somebody changed the run are marked,
    too. Dragging along the track moves the cursor (`StepPicked`).
    """

    DEFAULT_CSS = "Scrubber { height: 1; }"

    _marks = Marks()
    _columns: int | None = None

    def set_marks(self, marks: Marks) -> None:
        """Show other transactions (ascending in t)."""
        self._marks = marks
        self.changed()

    def set_columns(self, columns: int | None) -> None:
        """The track ends where charts of this width do; None: at the right edge."""
        if columns != self._columns:
            self._columns = columns
            self.changed()

    @property
    def _width(self) -> int:
        """Columns of the charts above, with their gutter."""
        width = self.content_size.width
        return width if self._columns is None else min(self._columns, width)

    @property
    def left(self) -> int:
        return plot.gutter(self._width)

    def axis(self) -> TimeAxis:
        line = self.timeline
        return TimeAxis(line.first, line.end, max(self._width - self.left, 0))

    def _room(self, line: Timeline) -> int:
        """Columns of the reading on the right: the widest it can get, so that nothing jumps; 0
        where charts leave too few."""
        room = 2 * len(str(line.end)) + 7
        return room if self.content_size.width - self._width >= room else 0

    def _state(self, room: int) -> str:
        """Play state, speed where it is not the usual one, and step in so many columns."""
        line, glyphs = self.timeline, self.glyphs
        state = glyphs.play if line.playing else glyphs.follow if line.follow else glyphs.pause
        speed, t = f"x{line.speed:g}", line.cursor
        if self._room(line) or line.empty:
            return f"{state} {speed}"
        forms: tuple[str, ...] = (f"{state} t {t}", f"{state} {t}", f"{state}{t}", f"{t}", state)
        if line.playing or line.speed != 1:
            forms = (f"{state}{speed} t {t}", f"{state}{speed} {t}", *forms)
        return next((text for text in forms if len(text) <= room), "")

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        ends = (self.axis().column(line.last) for line in (old, new))
        return _still(old) != _still(new) or next(ends) != next(ends)

    def moved(self, old: Timeline, new: Timeline) -> None:
        super().moved(old, new)
        room = self._room(new)
        place = (self.content_size.width - room, room) if room else (0, self.left)
        self.touch(Region(place[0], 0, place[1], 1))

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        line, (palette, glyphs), left = self.timeline, self.look, self.left
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
        reached = axis.column(line.last)
        if reached is not None and line.end > line.last:
            canvas.char[0, left + reached + 1 :] = ord(glyphs.to_come)
        columns, chars, marks_ink, bold = one_row(lane(self._marks, axis), self.look)
        canvas.place(0, left + columns, chars, marks_ink, bold)
        for column in self.changes.columns(axis).tolist():
            canvas.write(0, left + column, glyphs.change, palette.accent, bold=True)
        return canvas

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        view, palette, axis = self.timeline, self.palette, self.axis()
        ink = palette.good if view.playing else palette.accent if view.follow else palette.muted
        state = self._state(self.left - 1)
        line = replaced(line, 0, state[:1], style(ink, bold=True)) if state else line
        if state[1:]:
            line = replaced(line, 1, state[1:], style(palette.text))
        if view.empty or axis.width < 2:
            return line
        under = None if self.hovered is None else axis.column(self.hovered)
        if under is not None:
            line = replaced(line, self.left + under, self.glyphs.cursor, style(palette.text))
        column = axis.column(view.cursor)
        if column is not None:
            thumb = style(palette.cursor, palette.cursor_paper, bold=True)
            line = replaced(line, self.left + column, self.glyphs.thumb, thumb)
        room = self._room(view)
        if room:
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
