"""Names and values of the curves of a chart, in rows of their own below its title.

Their places depend on the plot and the size alone, so that nothing moves with the cursor.
"""

import numpy as np

from tttui.draw import plot, reading
from tttui.draw.look import Look
from tttui.draw.names import shortened
from tttui.draw.plot import Plot, Trace
from tttui.draw.reading import Part
from tttui.model.dataclass import dataclass

NUMBER = 8
"""Columns of a value."""

NAME = 6
"""Columns of a name at least."""

ROWS = 7
"""Rows of a chart of held curves from which on their values have a row below its title."""

BESIDE = 40
"""Columns of the title row beside the names and values: title, step, gap and transaction."""

_GAP = 2


@dataclass(frozen=True, slots=True)
class Legend:
    """Where the curves' names and values stand: `rows` of places, one below the other."""

    rows: int = 0
    widths: tuple[int, ...] = ()
    """Columns of each place of a row."""
    order: tuple[int, ...] = ()
    """Numbers of the traces, in the order of the places."""
    name: int | None = None
    """Columns to which names are shortened; None: they are not."""
    hidden: int = 0
    """Traces for which there is no place."""


NONE = Legend()


def arrange(shown: Plot, width: int, height: int) -> Legend:
    """The legend of a chart in `width` x `height` cells; NONE where the title row has the room.

    The main curves come first. A third of the rows is the most that it takes; names are
    shortened before curves are left out.
    """
    if shown.held:
        return Legend(rows=int(height >= ROWS))
    traces, n = shown.traces, len(shown.traces)
    if not shown.legend or not n or height < 8:
        return NONE
    last = max((trace.series.t[-1] for trace in traces if len(trace.series)), default=0)
    rooms = [_value_room(trace, last) for trace in traces]
    whole = [2 + len(trace.name) + 1 + room for trace, room in zip(traces, rooms, strict=True)]
    said = max(_value_room(trace, np.inf) for trace in traces)  # curves that end may join
    if BESIDE + sum(len(t.name) + said + 5 for t in traces) <= width:
        return NONE
    main = shown.compare or ()
    order = tuple(sorted(range(n), key=lambda i: (not traces[i].heavy, i not in main)))
    most = max(min((height - 2) // 3, height - 9), 1)
    fixed = 2 + 1 + max(rooms)  # the sign of the curve, and its value
    fitting = max((width + _GAP) // (fixed + NAME + _GAP), 1)
    for rows in range(1, most + 1):
        columns = -(-n // rows)
        widths = tuple(max(whole[i] for i in order[k::columns]) for k in range(columns))
        if sum(widths) + _GAP * (columns - 1) <= width:
            return Legend(rows, widths, order)
    columns = min(-(-n // most), fitting)
    cell = max((width + _GAP) // columns - _GAP, 1)
    rows = min(-(-n // columns), most)
    hidden = n - rows * columns
    if hidden > 0:
        hidden += 1  # the last place says how many
        order = order[: n - hidden]
    return Legend(rows, (cell,) * columns, order, cell - fixed, max(hidden, 0))


def _value_room(trace: Trace, last: float) -> int:
    """Columns of a value, or of what stands in its place up to the step `last`."""
    if not trace.end or not len(trace.series) or trace.series.t[-1] == last:
        return NUMBER
    step = len(str(int(trace.series.t[-1])))
    return len("ended at t ") + step if trace.end == "ended" else NUMBER + len(" (t )") + step


def row(
    legend: Legend,
    shown: Plot,
    number: int,
    t: int | None,
    look: Look,
) -> list[Part]:
    """One row of the legend with the values at step t; None: without."""
    palette, glyphs = look
    parts: list[Part] = []
    columns = len(legend.widths)
    whole = [shown.traces[i].name for i in legend.order]
    names = whole if legend.name is None else shortened(whole, legend.name, glyphs.ellipsis)
    start = number * columns
    places = legend.order[start : start + columns]
    for k, i in enumerate(places):
        trace, name = shown.traces[i], names[start + k]
        ink = plot.ink(trace.role, palette)
        sign = glyphs.heavy if trace.heavy else glyphs.light
        text = "" if t is None else f" {reading.value_text(trace, t)}"
        rest = " " * (legend.widths[k] - 2 - len(name) - len(text) + _GAP)
        parts += [
            (f"{sign} ", ink, trace.heavy),
            (name, ink if trace.heavy else palette.muted, False),
            (f"{text}{rest}", ink, True),
        ]
    if legend.hidden and start <= len(legend.order) < start + columns:
        parts.append((f"and {legend.hidden} more", palette.muted, False))
    return parts
