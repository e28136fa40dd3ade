"""Where the parts of a time chart lie in a given size."""

from dataclasses import dataclass

from tttui.draw.plot import gutter


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a chart of `width` x `height` cells lie; rows are -1 where dropped."""

    width: int
    height: int
    gutter: int
    """Columns left of the plot: labels and the axis line."""
    title: int
    top: int
    rows: int
    """Rows of the plot."""
    lane: int
    line: int
    labels: int

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter, 0)


def arrange(width: int, height: int, marks: bool, legend: int = 0) -> Layout:
    """Room for the plot first: below 9 rows the lane goes, below 7 the axis line, then labels.

    `legend` rows stand between the title and the plot.
    """
    title = 0 if height >= 3 else -1
    labelled = height >= 4
    lined = height >= 7
    laned = marks and height >= 6
    rows = height - (title == 0) - labelled - lined - laned - legend
    top = title + 1 + legend
    at = top + rows
    lane_row = at if laned else -1
    line_row = at + laned if lined else -1
    label_row = height - 1 if labelled else -1
    return Layout(width, height, gutter(width), title, top, rows, lane_row, line_row, label_row)
