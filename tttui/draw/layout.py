"""Where the parts of a time chart lie in a given size."""

from tttui.draw.plot import gutter
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """Where the parts of a chart of `width` x `height` cells lie; rows are -1 where dropped."""

    width: int
    height: int
    gutter: int
    """Columns left of the plot: labels and the axis line."""
    title: int
    top: int
    rows: int
    """Rows of the plot."""
    line: int
    labels: int

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter, 0)


def arrange(width: int, height: int, legend: int = 0, *, steps: bool = True) -> ChartLayout:
    """Room for the plot first: below 7 rows the axis line goes, below 4 the labels, then the title.

    `legend` rows stand between the title and the plot; without `steps` there is no axis of steps.
    """
    title = 0 if height >= 3 else -1
    labelled = steps and height >= 4
    lined = steps and height >= 7
    rows = height - (title == 0) - labelled - lined - legend
    top = title + 1 + legend
    line_row = top + rows if lined else -1
    label_row = height - 1 if labelled else -1
    return ChartLayout(width, height, gutter(width), title, top, rows, line_row, label_row)
