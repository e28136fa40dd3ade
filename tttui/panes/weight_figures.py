"""What the Weights tab draws and says, from the weights and their statistics."""

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.numbers import short
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.draw.prose import Prose
from tttui.model.arrays import Floats, Weights
from tttui.model.parts import moved, sentences
from tttui.model.session import SessionData
from tttui.model.spectrum import WARN_FACTOR, spectrum
from tttui.model.statistics import Statistics
from tttui.model.weights import Held, has_history

MEASURES = {
    "fro": "Frobenius norm",
    "max_abs": "largest |w|",
    "mean": "mean",
    "std": "standard deviation",
    "condition": "condition number",
    "effective_rank": "effective rank",
}

SHORT = {
    "fro": "|W|",
    "max_abs": "max |w|",
    "mean": "mean",
    "std": "std",
    "condition": "cond",
    "effective_rank": "rank",
}
"""The same for narrow charts."""

TOP_PARTS = 6
"""Rows and columns that are listed as bars."""


def stat_plot(measure: str, found: Statistics, last: int, why: str) -> Plot:
    """One statistic of the matrices over time, the newest value held up to the last step."""
    t = found.t
    traces = []
    for i, name in enumerate(found.matrices):
        y: Floats = found.column(name, measure)
        at = t
        if len(t) and last > int(t[-1]):
            at, y = np.append(t, last), np.append(y, y[-1])
        traces.append(Trace(name, Series(at, y), i))
    lines = []
    for name in found.matrices if measure == "condition" else ():
        y = found.column(name, measure)
        if len(y) and (y > WARN_FACTOR * y[0]).any():
            lines.append(Threshold(f"{name}: {WARN_FACTOR:g} x start", WARN_FACTOR * float(y[0])))
    return Plot(
        title=MEASURES[measure],
        traces=tuple(traces),
        thresholds=tuple(lines),
        message=why or "the snapshots are being read",
    )


def conditions(start: Held | None) -> dict[str, float]:
    """The condition numbers of the weights at the start, where they are finite."""
    found = {}
    for name, matrix in (start.matrices if start is not None else {}).items():
        shown = spectrum(matrix)
        if shown is not None and np.isfinite(shown.condition):
            found[name] = shown.condition
    return found


def no_history(data: SessionData) -> str:
    """Why there is nothing to show over time, and the remedy; empty where there is something."""
    if has_history(data):
        return ""
    problem = data.problem("history")
    why = problem.reason if problem is not None else "no snapshot of the weights is recorded"
    why = f"Not there: {why}."
    if data.place.layout != "native":
        why += " A session that tttui forks from this one records its weights after every commit."
    return why


def write_moved(prose: Prose, change: Weights, before: Weights | None) -> None:
    """Which inputs, units, states and predictions changed most: sentences, then bars."""
    palette = prose.palette
    for name, text in sentences(change, before):
        prose.say(f"{name} {text}.")
    for name, axis in (("W_u", 1), ("W_o", 0), ("B", 0), ("B", 1)):
        if name not in change:
            continue
        found = moved(name, change[name], axis)[:TOP_PARTS]
        top = found[0].change or 1.0
        prose.head(f"{name}, {'rows' if axis == 0 else 'columns'}")
        for part in found:
            value = f"{short(part.change):>8} {100 * part.share:3.0f} %"
            prose.bar(part.phrase, part.change / top, value, palette.accent, 18)
