"""The lineage of the weights: every transaction as a node of a graph along time."""

from collections.abc import Sequence

from textual.geometry import Region

from tttui.draw import graph, plot
from tttui.draw.canvas import Canvas
from tttui.draw.changes import flag, lay
from tttui.draw.marks import Marks
from tttui.model.timeline import Timeline
from tttui.widgets.timeview import TimeView


class CommitGraph(TimeView, can_focus=True):
    """Commits on one line joined by edges; a rolled-back transaction is a dead-end stub below it.

    It stands below a `Chart` of the same width over the same timeline, and has its columns. A
    click selects the nearest transaction (`MarkPicked`); the selection is the timeline's.
    """

    DEFAULT_CSS = "CommitGraph { height: 3; }"

    label = "commits"
    """Stands left of the line."""

    _marks = Marks()
    _levels = 0
    """Rows of stubs that the transactions need."""
    _most = 3

    def set_marks(self, marks: Marks) -> None:
        """Show other transactions (ascending in t)."""
        self._marks, self._levels = marks, graph.levels(marks)
        self.styles.height = graph.height(marks, self._most)
        self.changed()

    def set_rows(self, most: int) -> None:
        """Take the rows that the transactions need, but no more than these."""
        if most != self._most:
            self._most = most
            self.styles.height = graph.height(self._marks, most)

    @property
    def left(self) -> int:
        return plot.gutter(self.content_size.width)

    def repaints(self, old: Timeline, new: Timeline) -> bool:
        return (old.t0, old.t1, old.selected) != (new.t0, new.t1, new.selected)

    def paint(self, width: int, height: int) -> Canvas:
        canvas = graph.paint(
            self._marks,
            self.axis(),
            self.left,
            (width, height),
            self.look,
            self.timeline.selected,
            self.label,
        )
        place, glyphs = self._rows(), self.glyphs
        if place.main < height:
            look = self.look._replace(glyphs=glyphs)
            over = f" {glyphs.edge}{glyphs.horizontal}"
            lay(canvas, self.changes, self.axis(), self.left, place.stubs, look)
            flag(canvas, self.changes, self.axis(), self.left, place.main, look, over)
        return canvas

    def _rows(self) -> graph.GraphLayout:
        return graph.rows(self.content_size.height, self._levels)

    def touch_steps(self, *steps: int | None) -> None:
        axis, height = self.axis(), 1 + len(self._rows().stubs)
        columns = {axis.column(t) for t in steps if t is not None}
        self.touch(*(Region(self.left + c, 0, 1, height) for c in columns if c is not None))

    def overlay(self, part: Canvas, rows: Sequence[int]) -> None:
        if not self.timeline.empty:
            self.mark(part, [i for i, y in enumerate(rows) if y <= len(self._rows().stubs)])

    def picked(self, t: int, row: int) -> None:
        del row
        self.pick_mark(self._marks, t)


class WhatIfCommits(CommitGraph):
    """The transactions of a what-if, below those that are recorded; they cannot be selected."""

    DEFAULT_CSS = "WhatIfCommits { height: 2; }"

    label = "what-if"

    def set_timeline(self, timeline: Timeline) -> None:
        super().set_timeline(timeline.select(None))

    def picked(self, t: int, row: int) -> None:
        self.post_message(self.StepPicked(t))
