"""Small drawings made of filled cells: sparklines and bars."""

import numpy as np

from tttui.draw import braille
from tttui.draw.canvas import Canvas
from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.glyphs import Glyphs
from tttui.draw.sparks import INKED
from tttui.model.arrays import Floats, Ints

SPREAD = 10.0
"""Values that differ by more than this factor are drawn on a logarithmic scale."""


def sparkline(
    canvas: Canvas, place: tuple[int, int, int, int], series: Series, ink: Colour, glyphs: Glyphs
) -> None:
    """The whole series as a filled curve in `place` = (row, column, width, height) of a canvas.

    Two columns of four dots a cell where there is braille, else one column of eight characters.
    A column shows the mean of its samples, between the lowest and the highest column drawn, on a
    logarithmic scale where these are far apart. A cell with a sample that is not finite carries
    the mark of such an update.
    """
    row, column, width, height = place
    if not len(series) or width < 1 or height < 1:
        return
    levels = 4 if glyphs.braille else len(INKED)
    columns = 2 * width if glyphs.braille else width
    edges = np.linspace(series.t[0], np.nextafter(float(series.t[-1]), np.inf), columns + 1)
    envelope = series.columns(edges)
    heights = _heights(envelope.mean, levels * height)
    if glyphs.braille:
        rows = braille.text(braille.spans(np.zeros_like(heights), heights - 1, levels * height))
    else:
        full = [heights - levels * (height - 1 - y) for y in range(height)]
        rows = ["".join((" " + INKED)[min(max(k, 0), levels)] for k in part) for part in full]
    for y, text in enumerate(rows):
        canvas.write(row + y, column, text, ink)
    at = series.t[~np.isfinite(series.y)]
    cells = (np.searchsorted(edges, at, "right") - 1) * width // columns
    for x in sorted(set(cells.tolist())):
        canvas.write(row + height - 1, column + x, glyphs.status("rollback_non_finite"), ink)


def _heights(values: Floats, most: int) -> Ints:
    """Dots 1..most of the values of columns [n]; a column without one is as high as that before."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.zeros(len(values), dtype=np.int64)
    last = np.searchsorted(known, np.arange(len(values)), "right") - 1
    values = values[known[np.maximum(last, 0)]]
    low, high = values.min(), values.max()
    if low > 0 and high > SPREAD * low:
        values = np.log10(values)
    # halved, so that the difference of the largest numbers is one
    values = values / 2
    low, high = values.min(), values.max()
    if not high > low:
        return np.full(len(values), max(most // 2, 1))
    return np.asarray(1 + np.rint((values - low) / (high - low) * (most - 1)).astype(np.int64))


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
