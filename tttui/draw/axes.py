"""The axes of a chart, painted: values on its left, steps below it."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tttui.draw import ticks
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.draw.scales import Scale
from tttui.draw.ticks import Tick


@lru_cache(maxsize=64)
def labelled(scale: Scale, rows: int) -> tuple[Tick, ...]:
    """The ticks inside the scale that have labels, for a plot of so many rows of cells."""
    found = scale.ticks(max(1, rows // 3))
    return tuple(tick for tick in found if tick.major and scale.low <= tick.value <= scale.high)


def dot_row(scale: Scale, value: float, rows: int, glyphs: Glyphs) -> tuple[int, int]:
    """The row of dots and that of cells, both from the top, of a value inside the scale."""
    per = 4 if glyphs.braille else 1
    dot = rows * per - 1 - int(scale.dots(np.array([value]), rows * per)[0])
    return dot, dot // per


def values(
    canvas: Canvas,
    place: tuple[int, int, int],
    marked: Sequence[Tick],
    scale: Scale,
    palette: Palette,
    glyphs: Glyphs,
) -> None:
    """The axis left of a plot at `place` = (top, rows, first column), labelled at `marked`."""
    top, rows, left = place
    edge = left - 1
    canvas.char[top : top + rows, edge] = ord(glyphs.vertical)
    canvas.ink[top : top + rows, edge] = palette.frame
    last = None
    for tick in reversed(marked):
        _, row = dot_row(scale, tick.value, rows, glyphs)
        if row == last:
            continue
        last = row
        text = fit(tick.label, edge, glyphs.ellipsis)
        canvas.write(top + row, edge - len(text), text, palette.muted)
        canvas.write(top + row, edge, glyphs.tick_left, palette.frame)


def steps(
    canvas: Canvas,
    axis: TimeAxis,
    left: int,
    rows: tuple[int, int],
    palette: Palette,
    glyphs: Glyphs,
    *,
    labels: bool = True,
) -> None:
    """The axis below a plot whose first column is `left`; `rows` = (line, labels), -1: none.

    Without `labels` there is only the line.
    """
    line, below = rows
    if line >= 0:
        canvas.write(line, left - 1, glyphs.corner + glyphs.horizontal * axis.width, palette.frame)
    if below < 0 or not labels:
        return
    found = []
    for tick in ticks.steps(axis.t0, axis.t1, axis.width):
        column = axis.column(int(tick.value))
        if column is not None:
            found.append((column, tick.label))
            if line >= 0:
                canvas.write(line, left + column, glyphs.tick_down, palette.frame)
    for start, text in ticks.placed(found, axis.width):
        canvas.write(below, left + start, text, palette.muted)
    if left > 4:
        canvas.write(below, left - 5, "step", palette.faint)
