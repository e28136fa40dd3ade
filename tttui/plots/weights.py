"""Figures of the weights over the steps: norms, extremes, spectra."""

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Threshold, Trace
from tttui.model.spectrum import WARN_FACTOR, too_large
from tttui.model.statistics import Statistics

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


def weight_plot(measure: str, statistics: Statistics, last: int, why: str = "") -> Plot:
    """One figure of every matrix, each value held until the next snapshot and the newest one up
    to step `last`; `why` there is none."""
    names = statistics.matrices
    if measure == "change" and any(
        len(statistics.t) and _unchanging(statistics, name) for name in names
    ):
        measure = "fro"  # of what transactions recorded, or of weights that began as zeros
    curves = [statistics.column(name, measure) for name in names]
    if measure == "change":
        starts = [statistics.column(name, "fro")[:1] for name in names]
        curves = [100 * y / start for y, start in zip(curves, starts, strict=True)]
    lines = []
    for name, y in zip(names, curves, strict=True):
        if measure == "condition" and len(y) and (y > WARN_FACTOR * y[0]).any():
            lines.append(Threshold(f"{name}: {WARN_FACTOR:g} x start", WARN_FACTOR * float(y[0])))
    message = why or _pending(measure, statistics)
    t = statistics.t
    if message and not any(np.isfinite(y).any() for y in curves):
        t, curves = t[:0], [y[:0] for y in curves]
    progress = (
        f"statistics: {statistics.progress:.0%}" if statistics.progress < 1 and not why else ""
    )
    return Plot(
        MEASURES[measure],
        short=SHORT[measure],
        traces=tuple(
            Trace(name, Series(t, y), i, style="held")
            for i, (name, y) in enumerate(zip(names, curves, strict=True))
        ),
        thresholds=tuple(lines),
        last=last,
        message=message or "no finite values in view",
        corner=progress if measure in (*TELLING, "fro") and len(statistics.t) else "",
    )


def _unchanging(statistics: Statistics, matrix: str) -> bool:
    """Whether the change of this matrix has no meaning relative to its norm."""
    start = float(statistics.column(matrix, "fro")[0])
    return not start or bool(np.isnan(statistics.column(matrix, "change")).all())


def _pending(measure: str, statistics: Statistics) -> str:
    """Why there can be no value; '' if there may be some."""
    history = statistics.history
    if not len(statistics.t):
        if history is None:
            return "no snapshots yet" if statistics.progress == 1 else "working out ..."
        return f"statistics: {statistics.progress:.0%}"
    if history is None:
        return "not recorded of this parameter"
    if measure in ("condition", "effective_rank"):
        shapes = [
            W.shape[1:] for k in statistics.matrices if (W := history.weights.get(k)) is not None
        ]
        if shapes and all(too_large(*shape) for shape in shapes):
            return "too large for singular values here"
    return ""
