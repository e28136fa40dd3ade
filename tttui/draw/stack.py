"""Several small plots above one another on one time axis, each with curves and stems."""

import numpy as np

from tttui.draw import axes, braille, curves, plot
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.changes import NO_CHANGES, Changes, flag, lay
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.plot_area import PlotArea
from tttui.draw.scales import Scale
from tttui.model.arrays import Bools
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One quantity over the steps; `stems` stand on zero on the same scale."""

    name: str
    series: Series
    stems: Series | None = None
    stems_name: str = ""


@dataclass(frozen=True, slots=True)
class StackLayout:
    """Rows of a stack: `tops[i]` is the title row of panel i, below which it has `rows[i]`."""

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


def arrange(width: int, height: int, panels: int) -> StackLayout:
    """All panels of nearly equal height over one axis; those that find no room are left out."""
    labels = height >= 4
    lined = height >= 3 * panels + 2
    room = height - labels - lined
    shown = max(min(panels, room // 2), 1 if room > 1 else 0)
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
    panels: tuple[Panel, ...],
    window: tuple[int, int],
    size: tuple[int, int],
    look: Look,
    changes: Changes = NO_CHANGES,
) -> tuple[Canvas, StackLayout]:
    """The stack without its titles and its cursor, which change with every move."""
    layout = arrange(*size, len(panels))
    canvas = Canvas(size[1], size[0])
    if layout.columns < 2:
        return canvas, layout
    axis = TimeAxis(*window, layout.columns)
    for panel, top, rows in zip(panels, layout.tops, layout.rows, strict=False):
        _panel(canvas, panel, axis, (top + 1, rows, layout.gutter), look)
        lay(canvas, changes, axis, layout.gutter, range(top + 1, top + 1 + rows), look)
    axes.steps(canvas, axis, layout.gutter, (layout.line, layout.labels), look)
    if layout.line >= 0:
        over = look.glyphs.horizontal + look.glyphs.tick_down
        flag(canvas, changes, axis, layout.gutter, layout.line, look, over)
    return canvas, layout


def scale_of(panel: Panel, axis: TimeAxis) -> Scale | None:
    """The value axis of a panel over a window; None where nothing finite is in view."""
    known = [s.extent(axis.t0, axis.t1) for s in (panel.series, panel.stems) if s is not None]
    found = [e for e in known if e is not None]
    if not found:
        return None
    low, high = min(e[0] for e in found), max(e[1] for e in found)
    if panel.stems is not None:
        low, high = min(low, 0.0), max(high, 0.0)
    return Scale.fit(low, high)


def _panel(
    canvas: Canvas,
    panel: Panel,
    axis: TimeAxis,
    place: tuple[int, int, int],
    look: Look,
) -> None:
    palette, glyphs = look
    top, rows, gutter = place
    scale = scale_of(panel, axis)
    if scale is None:
        axes.values(canvas, place, (), Scale(0.0, 1.0), look)
        said = fit("no finite values in view", canvas.columns - gutter, glyphs.ellipsis)
        canvas.write(top + (rows - 1) // 2, gutter + 1, said, palette.muted)
        return
    area = PlotArea(canvas, top, rows, gutter, scale, look)
    if scale.low < 0 < scale.high:
        area.grid([0.0])
    if panel.stems is not None:
        stems = _stems(panel.stems, axis, scale, area.height, area.across)
        area.cells(stems, palette.warn, glyphs.vertical)
    curve = curves.trace(panel.series, axis)
    if not glyphs.braille:
        curve = curve.halved()
    drawn = curves.raster(curve, scale, area.height)
    area.cells(drawn, palette.adaptive, glyphs.curve_marks[0], bold=panel.stems is not None)
    for series, ink in ((panel.stems, palette.warn), (panel.series, palette.adaptive)):
        if series is not None:
            area.not_numbers(series.missing(axis.t0, axis.t1), axis, ink, bold=False)
    area.value_axis(cut=False)


def _stems(series: Series, axis: TimeAxis, scale: Scale, height: int, across: int) -> Bools:
    """Lines from zero to the extremes of every column; columns without a sample stay empty."""
    found = series.columns(axis.edges())
    low, high = np.fmin(found.low, 0.0), np.fmax(found.high, 0.0)
    if across == 1:
        low = np.fmin.reduce(low.reshape(-1, 2), axis=1)
        high = np.fmax.reduce(high.reshape(-1, 2), axis=1)
        empty = (found.count.reshape(-1, 2).sum(axis=1)) == 0
    else:
        empty = found.count == 0
    bottom = np.where(empty, height, scale.dots(np.nan_to_num(low), height))
    top = np.where(empty, -1, scale.dots(np.nan_to_num(high), height))
    return braille.spans(bottom, top, height)
