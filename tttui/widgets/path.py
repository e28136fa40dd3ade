"""The trajectory in the plane, with the cursor on it."""

import math

from textual import events

from tttui.draw.canvas import Canvas
from tttui.draw.colours import Colour, ramp
from tttui.draw.numbers import short
from tttui.draw.plane import Backdrop
from tttui.draw.reading import Part
from tttui.draw.tracks import Scene, sample, time_stops
from tttui.model.timeline import Timeline
from tttui.widgets.drawn import Redrawn
from tttui.widgets.painted import Pictures
from tttui.widgets.timeview import TimeView


class PathView(Redrawn):
    """A `Scene` over the window of a `Timeline`; a click goes to the nearest step."""

    DEFAULT_CSS = "PathView { min-height: 3; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._scene = Scene()
        self._backdrop: Backdrop | None = None
        self._backdrops = Pictures[Backdrop](2)
        self.timeline = Timeline()
        self.hovered: int | None = None
        self._mark = ""
        self._selected: tuple[int, str, Colour] | None = None

    def set_scene(self, scene: Scene) -> None:
        self._scene = scene
        self.changed()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    def set_moment(
        self, timeline: Timeline, selected: tuple[int, str, Colour] | None = None
    ) -> None:
        """Show another moment; the step of the selected transaction has its glyph and colour."""
        old, before = self.timeline, self._selected
        self.timeline, self._selected = timeline, selected
        if (old.t0, old.t1) != (timeline.t0, timeline.t1):
            self.changed()
        elif (old.cursor, before) != (timeline.cursor, selected):
            self.repaint()

    def set_hover(self, t: int | None) -> None:
        """Mark the step under the mouse (in this view or another one)."""
        if t != self.hovered:
            self.hovered = t
            self.repaint()

    def changed(self) -> None:
        self._backdrop = None
        super().changed()

    def paint(self, width: int, height: int) -> Canvas:
        drawn = self._backdrop
        if drawn is None or (drawn.layout.width, drawn.layout.height) != (width, height):
            window, size = (self.timeline.t0, self.timeline.t1), (width, height)
            drawn = self._backdrop = self._backdrops.of(
                (self._scene, self.look),
                (window, size),
                lambda: Backdrop(self._scene, window, size, self.look),
            )
        canvas = drawn.paint(self.timeline.cursor, self.hovered, self._selected)
        if drawn.layout.title >= 0:
            self._title(canvas, drawn)
        return canvas

    def _title(self, canvas: Canvas, drawn: Backdrop) -> None:
        palette, scene = self.palette, self._scene
        title = self._mark + scene.title
        start = canvas.spans(drawn.layout.title, 0, [(title, palette.text, True)])
        note: list[Part] = [(scene.note, palette.warn, False)] if scene.note else []
        reading = self._reading(drawn)
        # What a drawing exaggerates must be said before anything else; a reading can be cut.
        legend = self._legend(drawn)
        legends = [legend + self._extent(drawn), legend]
        for choices in ([note], legends, [reading, reading[:6], reading[:2]]):
            for parts in choices:
                if parts and _length(parts) + 2 <= canvas.columns - start:
                    start = canvas.spans(drawn.layout.title, start + 2, parts)
                    break

    def _legend(self, drawn: Backdrop) -> list[Part]:
        palette = self.palette
        t0, t1 = drawn.window
        parts: list[Part] = []
        if self.timeline.empty or not self._scene.tracks:
            return parts
        for k, track in enumerate(self._scene.tracks):
            gap = "  " if parts else ""
            ink = track.ink(palette)
            if ink is None:
                hues = ramp(time_stops(palette), 6)
                bar = self.glyphs.heavy
                parts += [(f"{gap}{t0} ", palette.muted, False)]
                parts += [(bar, hue, True) for hue in hues]
                parts += [(f" {t1}", palette.muted, False)]
            else:
                mark = sample(track, k, self.glyphs)
                parts += [(f"{gap}{mark} ", ink, True), (track.name, palette.muted, False)]
        return parts

    def _extent(self, drawn: Backdrop) -> list[Part]:
        """Which part of the other paths is drawn."""
        cursor, others = self.timeline.cursor, self._scene.tracks[1:]
        if not others or cursor >= drawn.window[1]:
            return []
        until = "faint after" if any(track.ahead for track in others) else "up to"
        return [(f"  {until} t {cursor}", self.palette.muted, False)]

    def _reading(self, drawn: Backdrop) -> list[Part]:
        palette, scene = self.palette, self._scene
        t = self.timeline.cursor if self.hovered is None else self.hovered
        truth = scene.tracks[0] if scene.tracks else None
        i = truth.index(t) if truth is not None else None
        if truth is None or i is None:
            return []
        parts: list[Part] = [("t ", palette.muted, False), (str(t), palette.text, True)]
        values = [("x", truth.x[i]), ("y", truth.y[i])]
        if scene.v is not None:
            values.append(("|v|", math.hypot(*scene.v[i].tolist())))
        if scene.a is not None:
            values.append(("|a|", math.hypot(*scene.a[i].tolist())))
        for name, value in values:
            ink = palette.warn if name == "|a|" else palette.text
            parts += [(f"  {name} ", palette.muted, False), (short(float(value)), ink, False)]
        return parts

    def _step_at(self, event: events.MouseEvent) -> int | None:
        self.canvas()
        if self._backdrop is None:
            return None
        return self._backdrop.nearest(
            int(event.y) - self.gutter.top, int(event.x) - self.gutter.left
        )

    def on_click(self, event: events.Click) -> None:
        t = self._step_at(event)
        if t is not None:
            self.post_message(TimeView.StepPicked(t))


def _length(parts: list[Part]) -> int:
    return sum(len(text) for text, _, _ in parts)
