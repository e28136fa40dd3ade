"""What is said of one element of a matrix."""

from collections.abc import Sequence

from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.model.weights import TITLES, commits_behind
from tttui.panes.weights.weights_at import WeightsAnswer
from tttui.widgets.heatmap import Cell
from tttui.widgets.weightmap import WeightMap


def element(cell: Cell, block: tuple[int, int]) -> str:
    """`3, 17`; of an element that stands for a block, its rows and columns: `24-31, 136-143`."""
    if block == (1, 1):
        return f"{cell[0]}, {cell[1]}"
    ends = zip(cell, block, strict=True)
    return ", ".join(f"{i * size}-{(i + 1) * size - 1}" if size > 1 else f"{i}" for i, size in ends)


def what_is_shown(answer: WeightsAnswer, t: int) -> str:
    """`Value (snapshot of t 80, 13 commits ago)` at step t."""
    shown, request = answer.shown, answer.request
    where = shown.says or "nothing to show"
    behind = commits_behind(request.data, t, request.names)
    if behind and shown.says and shown.aspect != "commit":
        where += f", {behind} commit{'s' * (behind != 1)} ago"
    return f"{TITLES[shown.aspect].capitalize()} ({where})"


def write_element(prose: Prose, answer: WeightsAnswer, heatmap: WeightMap, cell: Cell) -> None:
    """Write which element it is, what it connects, and its values."""
    palette = prose.palette
    row, column = heatmap.names(cell)
    values = _values(answer, heatmap, cell, palette)
    where = f"[{element(cell, answer.block)}] "
    named = f"{heatmap.matrix}{where}"
    if not heatmap.roles and len(named) + _length(values) > prose.width:
        named = where  # the name stands over the map
        if len(named) + _length(values) > prose.width:
            values = _values(answer, heatmap, cell, palette, digits=4)
    prose.line(
        (named, palette.accent, True),
        *([(f"{column} to {row}  ", palette.muted)] if heatmap.roles else []),
        *values,
    )


def _length(parts: Sequence[tuple[str, int, bool]]) -> int:
    return sum(len(text) for text, *_ in parts)


def _values(
    answer: WeightsAnswer, heatmap: WeightMap, cell: Cell, palette: Palette, *, digits: int = 8
) -> list[tuple[str, int, bool]]:
    """An element's change, its value and its change since the start, as far as they are known."""
    name, parts = heatmap.matrix, []
    if answer.shown.is_change:
        change = float(heatmap.values[cell])
        parts += [
            ("change ", palette.muted, False),
            (f"{change:+.{digits - 1}g}  ", palette.text, True),
        ]
    if answer.now is None and not answer.shown.is_change:
        value = float(heatmap.values[cell])
        parts += [("value ", palette.muted, False), (f"{value:.{digits}g}  ", palette.text, True)]
    if answer.now is not None and name in answer.now.matrices:
        value = float(answer.now.matrices[name][cell])
        parts += [("value ", palette.muted, False), (f"{value:.{digits}g}  ", palette.text, True)]
        start = answer.start
        if start is not None and name in start.matrices and answer.shown.aspect != "start":
            since = value - float(start.matrices[name][cell])
            parts += [("since start ", palette.muted, False)]
            parts += [(f"{since:+.{digits // 2}g}", palette.text, True)]
    return parts


def copyable(heatmap: WeightMap, cell: Cell) -> list[tuple[str, str]]:
    """What can be copied of an element: its value, and its row."""
    row, column = cell
    values = ", ".join(f"{v:.8g}" for v in heatmap.values[row].tolist())
    name = f"{heatmap.matrix}[{row}, {column}]"
    return [(name, repr(float(heatmap.values[cell]))), (f"Row {row}", values)]
