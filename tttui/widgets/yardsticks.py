"""The yardsticks beside the session's own curves, as a table."""

import numpy as np

from tttui.draw import plot as plots
from tttui.draw import reading
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.draw.look import Look
from tttui.draw.numbers import short
from tttui.draw.plot import Plot, Trace
from tttui.model.improvement import WINDOW
from tttui.widgets.drawn import Drawn

NUMBER = 10
"""Columns of a number."""


class YardstickTable(Drawn):
    """Values of the curves of a chart at the cursor and at the end; hidden where there is none."""

    DEFAULT_CSS = "YardstickTable { display: none; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Plot | None = None
        self._t = 0

    def show_plot(self, shown: Plot | None, t: int) -> None:
        """The curves, read at step t; None: there are no yardsticks."""
        if (shown, t) == (self._shown, self._t):
            return
        if shown is not self._shown:
            self.display = shown is not None
            if shown is not None:
                self.styles.height = rows_of(shown) + 1
        self._shown, self._t = shown, t
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas = Canvas(height, width)
        if self._shown is not None:
            part = table(self._shown, self._t, width, self.look)
            for grid in ("char", "ink", "paper", "bold"):
                rows = min(part.rows, height)
                getattr(canvas, grid)[:rows] = getattr(part, grid)[:rows]
        return canvas


def rows_of(shown: Plot) -> int:
    """Rows that the table takes."""
    return len(shown.traces) + 3


def table(shown: Plot, t: int, width: int, look: Look) -> Canvas:
    """A row a curve, the best at the end first; all means are over the same steps."""
    palette, glyphs = look
    canvas = Canvas(rows_of(shown), width)
    first, last = _window(shown)
    means = [_mean(trace, first, last) for trace in shown.traces]
    label = max(width - 3 * NUMBER, 4)
    heads = (f"t {t}", f"mean {last - first + 1}", "adaptive")
    canvas.write(0, 0, fit("yardsticks", label, glyphs.ellipsis), palette.accent, bold=True)
    for k, head in enumerate(heads):
        canvas.write(0, label + k * NUMBER, head[:NUMBER].rjust(NUMBER), palette.muted)
    adaptive = means[shown.compare[0]] if shown.compare else np.nan
    order = sorted(range(len(means)), key=lambda i: (not np.isfinite(means[i]), means[i]))
    for row, i in enumerate(order, 1):
        trace = shown.traces[i]
        ink = plots.ink(trace.role, palette)
        own = shown.compare is not None and i == shown.compare[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = float(np.float64(adaptive) / means[i])
        sign = glyphs.heavy if trace.heavy else glyphs.light
        canvas.write(row, 0, f"{sign} ", ink, bold=trace.heavy)
        canvas.write(row, 2, fit(trace.name, label - 2, glyphs.ellipsis), palette.text, bold=own)
        numbers = (
            reading.value_text(trace, t, named=False),
            short(means[i]),
            "" if own or not np.isfinite(ratio) else f"{short(ratio)} x",
        )
        for k, text in enumerate(numbers):
            canvas.write(row, label + k * NUMBER, text.rjust(NUMBER), palette.text, bold=own)
    legend = (
        f"means of the errors themselves over t {first} to {last}; adaptive's as a multiple of each"
    )
    for row, line in enumerate(wrapped(legend, width)[:2], len(order) + 1):
        canvas.write(row, 0, line, palette.muted)
    return canvas


def _window(shown: Plot) -> tuple[int, int]:
    """The last WINDOW steps that all curves have."""
    known = [trace.series.t for trace in shown.traces if len(trace.series)]
    last = min(int(t[-1]) for t in known)
    first = max(max(int(t[0]) for t in known), last - WINDOW + 1)
    return min(first, last), last


def _mean(trace: Trace, first: int, last: int) -> float:
    """Of the samples themselves, whether or not their average is drawn."""
    series = trace.series if trace.raw is None else trace.raw
    start, stop = int(series.index(first)), int(series.index(last, after=True))
    with np.errstate(all="ignore"):
        return float(np.mean(series.y[start:stop])) if stop > start else np.nan
