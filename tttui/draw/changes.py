"""Marks of interventions on a time axis: thin columns, and flags on a line."""

from collections.abc import Iterable
from dataclasses import field

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.look import Look
from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass

CROWDED = 16
"""Columns of the axis for each change: with fewer, only the flags are drawn."""

_SPACE = ord(" ")


@dataclass(frozen=True, slots=True, eq=False)
class RunChanges:
    """Interventions at ascending steps t [n], in words."""

    t: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    what: tuple[str, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[tuple[int, str]]) -> "RunChanges":
        """From pairs of step and words, ascending."""
        pairs = tuple(changes)
        return cls(np.array([t for t, _ in pairs], dtype=np.int64), tuple(w for _, w in pairs))

    def columns(self, axis: TimeAxis) -> Ints:
        """The columns with an intervention, ascending."""
        i, j = np.searchsorted(self.t, axis.t0), np.searchsorted(self.t, axis.t1, side="right")
        if i == j or axis.width < 1:
            return np.empty(0, dtype=np.int64)
        columns = np.clip(axis.cell(self.t[i:j]), 0, axis.width - 1)
        return np.array(sorted(set(columns.tolist())), dtype=np.int64)  # np.unique imports numpy.ma

    def lines(self, axis: TimeAxis) -> Ints:
        """Those columns, unless they are so many that lines would hide the drawing."""
        columns = self.columns(axis)
        return columns if len(columns) * CROWDED <= axis.width else columns[:0]

    def at(self, t: int, axis: TimeAxis) -> str:
        """The intervention at step t, or else nearest to it in its column; '' without one."""
        column = axis.column(t)
        if column is None or not len(self.t):
            return ""
        i, j = (int(np.searchsorted(self.t, t, side)) for side in ("left", "right"))
        if i == j:
            near = [k for k in (i - 1, i) if 0 <= k < len(self.t)]
            near = [k for k in near if axis.column(int(self.t[k])) == column]
            if not near:
                return ""
            k = min(near, key=lambda k: abs(int(self.t[k]) - t))
            return f"{self.what[k]} at {int(self.t[k])}"
        return "; ".join(self.what[i:j])


NO_CHANGES = RunChanges()


def lay(
    canvas: Canvas,
    changes: RunChanges,
    axis: TimeAxis,
    left: int,
    rows: Iterable[int],
    look: Look,
) -> None:
    """A thin line through the free cells of these rows at every change; the axis starts at
    column `left`."""
    columns = left + changes.lines(axis)
    for row in rows if len(columns) else ():
        free = columns[canvas.char[row, columns] == _SPACE]
        canvas.char[row, free] = ord(look.glyphs.change_line)
        canvas.ink[row, free] = look.palette.muted


def flag(
    canvas: Canvas,
    changes: RunChanges,
    axis: TimeAxis,
    left: int,
    row: int,
    look: Look,
    over: str = "",
) -> None:
    """A flag in this row at every change, where the row shows one of the characters `over`:
    by default, where it is free or an axis."""
    columns = left + changes.columns(axis)
    if not len(columns):
        return
    glyphs = look.glyphs
    over = over or f"{glyphs.bars}{glyphs.change_line}{glyphs.horizontal}{glyphs.tick_down}"
    there, fits = canvas.char[row, columns], np.zeros(len(columns), dtype=np.bool_)
    for char in over:
        fits |= there == ord(char)
    open_ = columns[fits]
    canvas.char[row, open_] = ord(look.glyphs.change)
    canvas.ink[row, open_] = look.palette.accent
    canvas.bold[row, open_] = True
