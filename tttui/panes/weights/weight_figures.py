"""What the Weights tab draws and says, from the weights and their statistics."""

import numpy as np

from tttui.draw.numbers import short
from tttui.draw.plot import Threshold
from tttui.draw.prose import Prose
from tttui.draw.step_chart import StairPlot, Stairs
from tttui.model.session import SessionData
from tttui.model.spectrum import WARN_FACTOR, too_large
from tttui.model.statistics import Statistics
from tttui.model.weights import has_history
from tttui.panes.weights.weights_at import Movement

MEASURES = {
    "change": "change since the start, %",
    "fro": "Frobenius norm",
    "max_abs": "largest |w|",
    "mean": "mean",
    "std": "standard deviation",
    "condition": "condition number",
    "effective_rank": "effective rank",
}

SHORT = {
    "change": "change %",
    "fro": "|W|",
    "max_abs": "max |w|",
    "mean": "mean",
    "std": "std",
    "condition": "cond",
    "effective_rank": "rank",
}
"""The same for narrow charts."""

TELLING = ("change", "condition")
"""The charts that tell how far the statistics are: one of each region."""


def stat_plot(measure: str, found: Statistics, last: int, why: str) -> StairPlot:
    """One statistic of the matrices over time, the newest value in force up to step `last`."""
    names = found.matrices
    if measure == "change" and any(len(found.t) and _unchanging(found, name) for name in names):
        measure = "fro"  # of what transactions recorded, or of weights that began as zeros
    curves = tuple(found.column(name, measure) for name in names)
    if measure == "change":
        starts = [found.column(name, "fro")[:1] for name in names]
        curves = tuple(100 * y / start for y, start in zip(curves, starts, strict=True))
    lines = []
    for name, y in zip(names, curves, strict=True):
        if measure == "condition" and len(y) and (y > WARN_FACTOR * y[0]).any():
            lines.append(Threshold(f"{name}: {WARN_FACTOR:g} x start", WARN_FACTOR * float(y[0])))
    message = why or _pending(measure, found)
    progress = f"statistics: {found.progress:.0%}" if found.progress < 1 and not why else ""
    return StairPlot(
        MEASURES[measure],
        SHORT[measure],
        Stairs(found.t, names, curves),
        tuple(lines),
        last,
        message,
        progress if measure in (*TELLING, "fro") and len(found.t) else "",
    )


def _unchanging(found: Statistics, matrix: str) -> bool:
    """A change of this matrix cannot be told as a part of its norm."""
    start = float(found.column(matrix, "fro")[0])
    return not start or bool(np.isnan(found.column(matrix, "change")).all())


def _pending(measure: str, found: Statistics) -> str:
    """What is said where no value is there."""
    history = found.history
    if not len(found.t):
        if history is None:
            return "no snapshots yet" if found.progress == 1 else "working out ..."
        return f"statistics: {found.progress:.0%}"
    if history is None:
        return "not recorded of this parameter"
    if measure in ("condition", "effective_rank"):
        shapes = [W.shape[1:] for k in found.matrices if (W := history.weights.get(k)) is not None]
        if shapes and all(too_large(*shape) for shape in shapes):
            return "too large for singular values here"
    return "no finite values in view"


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


def write_moved(prose: Prose, movement: Movement) -> None:
    """Which inputs, units, states and predictions changed most: sentences, then bars."""
    palette = prose.palette
    for name, text in movement.sentences:
        prose.say(f"{name} {text}.")
    for name, axis, parts in movement.lists:
        top = parts[0].change or 1.0
        prose.head(f"{name}, {'rows' if axis == 0 else 'columns'}")
        for part in parts:
            value = f"{short(part.change):>8} {part.percent:>5}"
            prose.bar(part.phrase, part.change / top, value, palette.accent, 18)
