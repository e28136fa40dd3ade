"""The state over time: several quantities above one another, sharing the time axis."""

from rich.segment import Segment
from textual.geometry import Region

from tttui.draw import stack
from tttui.draw.canvas import Canvas
from tttui.draw.numbers import short
from tttui.draw.reading import Part, told_change
from tttui.draw.stack import Panel, StackLayout
from tttui.model.timeline import Timeline
from tttui.widgets.axisview import AxisView


class StackView(AxisView):
    """Panels over the window of a `Timeline`; each title row reads its values at the cursor."""

    DEFAULT_CSS = "StackView { min-height: 3; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._panels: tuple[Panel, ...] = ()
        self._message = ""
        self._layout: StackLayout | None = None
        self._mark = ""

    def set_panels(self, panels: tuple[Panel, ...], message: str = "") -> None:
        """Show other data; `message` says why there is none."""
        self._panels, self._message = panels, message
        self.changed()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return (old.t0, old.t1, old.empty) != (new.t0, new.t1, new.empty)

    def touch_steps(self, *steps: int | None) -> None:
        super().touch_steps(*steps)
        layout = self._layout
        if layout is not None:
            rows = [*layout.tops, *((layout.labels,) if layout.labels >= 0 else ())]
            self.touch(*(Region(0, row, layout.width, 1) for row in rows))

    def paint(self, width: int, height: int) -> Canvas:
        if not self._panels:
            canvas = Canvas(height, width)
            self._layout = None
            canvas.write(0, 0, f"{self._mark}State over time", self.palette.text, bold=True)
            canvas.write(min(2, height - 1), 1, self._message[: width - 2], self.palette.muted)
            return canvas
        window = (self.timeline.t0, self.timeline.t1)
        canvas, self._layout = stack.paint(
            self._panels, window, (width, height), self.look, self.changes
        )
        return canvas

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        layout = self._layout
        if layout is None or self.timeline.empty:
            return line
        if y in layout.tops:
            return self._title(layout.tops.index(y), layout.width)
        return self.labels(line) if y == layout.labels else self.marked(line)

    def _title(self, index: int, width: int) -> list[Segment]:
        canvas, palette, panel = Canvas(1, width), self.palette, self._panels[index]
        t = self.timeline.cursor if self.hovered is None else self.hovered
        mark = self._mark if index == 0 else ""
        parts: list[Part] = [(mark + panel.name, palette.text, True)]
        found = panel.series.at(t)
        parts += [(f"  {self.glyphs.light} ", palette.adaptive, True)]
        parts += [(short(found[1]) if found else "-", palette.adaptive, True)]
        if panel.stems is not None:
            push = panel.stems.at(t)
            parts += [(f"  {self.glyphs.vertical} {panel.stems_name} ", palette.warn, False)]
            parts += [(short(push[1]) if push else "-", palette.warn, True)]
        if index == 0:
            parts += [("  t ", palette.muted, False), (str(t), palette.text, True)]
            parts += told_change(self.changes.at(t, self.axis()), self.look)
        end = canvas.spans(0, 0, parts)
        layout = self._layout
        if layout is not None and layout.rows[index] == 1:
            scale = stack.scale_of(panel, self.axis())
            # an axis of a single row has no room for its ends
            ends = "" if scale is None else f"{short(scale.low)} to {short(scale.high)}"
            if ends and end + 2 + len(ends) <= width:
                canvas.write(0, width - len(ends), ends, palette.muted)
        return canvas.lines(self.ground)[0]
