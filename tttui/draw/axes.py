"""The axes of a chart, painted: values on its left, steps below it."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tttui.draw import ticks
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import Look
from tttui.draw.scales import Scale
from tttui.draw.ticks import Tick


@lru_cache(maxsize=64)
def labelled(scale: Scale, rows: int) -> tuple[Tick, ...]:
    """The ticks inside the scale that have labels, for a plot of so many rows of cells: one in
    three rows, or in two where they were only two else; at least two, but for a single row."""
    ends = (scale.low, scale.high)

    def cell(value: float) -> int:
        return _dot(scale, value, 4 * rows) // 4

    few = ticks.enough(scale.ticks, (rows + 2) // 3, rows, cell, ends)
    if len(few) > 2 or rows < 6:
        return few
    more = ticks.enough(scale.ticks, (rows + 1) // 2, rows, cell, ends)
    return more if len(more) <= (rows + 1) // 2 else few


def dot_row(scale: Scale, value: float, rows: int, glyphs: Glyphs) -> tuple[int, int]:
    """The row of dots and that of cells, both from the top, of a value inside the scale."""
    per = 4 if glyphs.braille else 1
    dot = rows * per - 1 - _dot(scale, value, rows * per)
    return dot, dot // per


@lru_cache(maxsize=1024)
def _dot(scale: Scale, value: float, height: int) -> int:
    """The row of dots of a value, from the bottom: an axis comes again with every picture."""
    return int(scale.dots(np.array([value]), height)[0])


def values(
    canvas: Canvas,
    place: tuple[int, int, int],
    marked: Sequence[Tick],
    scale: Scale,
    look: Look,
    *,
    cut: bool = False,
) -> None:
    """The axis left of a plot at `place` = (top, rows, first column), labelled at `marked`.

    `cut`: a sign at the foot (or the head) of an axis that does not reach to zero says so.
    """
    palette, glyphs = look
    top, rows, left = place
    edge = left - 1
    canvas.char[top : top + rows, edge] = ord(glyphs.vertical)
    canvas.ink[top : top + rows, edge] = palette.frame
    used = set[int]()
    for tick in ticks.narrowed(marked, edge):
        _, row = dot_row(scale, tick.value, rows, glyphs)
        if row not in used:
            used.add(row)
            canvas.write(top + row, edge - len(tick.label), tick.label, palette.muted)
            canvas.write(top + row, edge, glyphs.tick_left, palette.frame)
    if cut and not scale.log and not scale.low <= 0 <= scale.high:
        foot = top + rows - 1 if scale.low > 0 else top
        canvas.write(foot, edge, glyphs.axis_cut, palette.muted)


def steps(
    canvas: Canvas,
    axis: TimeAxis,
    left: int,
    rows: tuple[int, int],
    look: Look,
    *,
    labels: bool = True,
) -> None:
    """The axis below a plot whose first column is `left`; `rows` = (line, labels), -1: none.

    Without `labels` there is only the line.
    """
    palette, glyphs = look
    line, below = rows
    if line >= 0:
        canvas.write(line, left - 1, glyphs.corner + glyphs.horizontal * axis.width, palette.frame)
    if below < 0 or not labels:
        return
    step_ticks = _step_ticks(axis)
    for column, _ in step_ticks if line >= 0 else ():
        canvas.write(line, left + column, glyphs.tick_down, palette.frame)
    for start, text in ticks.placed(step_ticks, axis.width):
        canvas.write(below, left + start, text, palette.muted)
    if left > 4:
        canvas.write(below, left - 5, "step", palette.faint)


def _step_ticks(axis: TimeAxis) -> list[tuple[int, str]]:
    """Column and label of every tick; those of the ends where less than two labels have room."""
    labelled_ticks = [
        (column, tick.label)
        for tick in ticks.steps(axis.t0, axis.t1, axis.width)
        if (column := axis.column(int(tick.value))) is not None
    ]
    if len(ticks.placed(labelled_ticks, axis.width)) < 2 and axis.t1 > axis.t0:
        ends = [(0, ticks.label(axis.t0)), (axis.width - 1, ticks.label(axis.t1))]
        return ends if len(ticks.placed(ends, axis.width)) == 2 else labelled_ticks
    return labelled_ticks
