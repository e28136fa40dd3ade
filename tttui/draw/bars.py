"""Small drawings made of filled cells: sparklines and bars."""

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.glyphs import Glyphs
from tttui.draw.scales import Scale


def sparkline(
    canvas: Canvas,
    place: tuple[int, int, int, int],
    series: Series,
    ink: Colour,
    glyphs: Glyphs,
    log: bool = False,
) -> None:
    """The whole series as filled columns in `place` = (row, column, width, height) of a canvas.

    A column shows the maximum of its samples; the filling starts at the smallest value drawn.
    """
    row, column, width, height = place
    if not len(series) or width < 1 or height < 1:
        return
    low, high = float(series.t[0]), float(series.t[-1])
    extent = series.extent(low, high)
    if extent is None:
        return
    edges = np.linspace(low, np.nextafter(high, np.inf), width + 1)
    values = series.columns(edges).high
    known = np.flatnonzero(~np.isnan(values))
    values = values[known[np.clip(np.searchsorted(known, np.arange(width), "right") - 1, 0, None)]]
    scale = Scale.fit(*extent, log=log)
    scale = Scale(extent[2] if scale.log else extent[0], max(extent[1], extent[0]), scale.log)
    flat = scale.low >= scale.high
    spot = np.full(width, 0.5) if flat else np.clip(scale.position(values), 0, 1)
    eighths = np.rint(spot * (8 * height - 1)).astype(int) + 1
    for x, full in enumerate(eighths.tolist()):
        for y in range(height):
            fill = min(max(full - 8 * (height - 1 - y), 0), 8)
            if fill:
                canvas.write(row + y, column + x, glyphs.bars[fill], ink)


def bar(
    canvas: Canvas,
    place: tuple[int, int, int],
    share: float,
    ink: Colour,
    track: Colour,
    glyphs: Glyphs,
) -> None:
    """A horizontal bar filled to `share` (0..1, clipped) in `place` = (row, column, width)."""
    row, column, width = place
    share = 0.0 if np.isnan(share) else min(max(share, 0.0), 1.0)
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    canvas.write(row, column, glyphs.horizontal * width, track)
    canvas.write(row, column, glyphs.fills[8] * whole, ink)
    if rest:
        canvas.write(row, column + whole, glyphs.fills[rest], ink)
