"""Several small plots above one another on one time axis."""

from collections.abc import Sequence

from tttui.draw import axes, plot, timechart
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, RunChanges, flag
from tttui.draw.look import Look
from tttui.draw.plot import Plot
from tttui.draw.scales import Scale
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class StackLayout:
    """Rows of a stack: `tops[i]` is the title row of plot i, below which it has `rows[i]`."""

    width: int
    height: int
    gutter: int
    tops: tuple[int, ...]
    rows: tuple[int, ...]
    line: int
    labels: int

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter, 0)


def arrange(width: int, height: int, plots: int) -> StackLayout:
    """All plots of nearly equal height over one axis; those that find no room are left out."""
    labels = height >= 4
    lined = height >= 3 * plots + 2
    room = height - labels - lined
    shown = max(min(plots, room // 2), 1 if room > 1 else 0)
    tops, rows, at = [], [], 0
    for k in range(shown):
        high = room // shown + (k < room % shown)
        tops.append(at)
        rows.append(high - 1)
        at += high
    line = at if lined else -1
    label_row = height - 1 if labels else -1
    return StackLayout(width, height, plot.gutter(width), tuple(tops), tuple(rows), line, label_row)


def paint(
    plots: Sequence[Plot],
    window: tuple[int, int],
    size: tuple[int, int],
    look: Look,
    changes: RunChanges = NO_CHANGES,
) -> tuple[Canvas, StackLayout, list[Scale | None]]:
    """The stack without its titles and its cursor, which change with every move; the scale of
    each plot that found room, None where nothing finite is in view."""
    layout = arrange(*size, len(plots))
    canvas = Canvas(size[1], size[0])
    if layout.columns < 2:
        return canvas, layout, []
    axis = TimeAxis(*window, layout.columns)
    scales = [
        timechart.fill(canvas, (top + 1, rows, layout.gutter), shown, axis, look, changes=changes)
        for shown, top, rows in zip(plots, layout.tops, layout.rows, strict=False)
    ]
    axes.steps(canvas, axis, layout.gutter, (layout.line, layout.labels), look)
    if layout.line >= 0:
        flag(canvas, changes, axis, layout.gutter, layout.line, look)
    return canvas, layout, scales
