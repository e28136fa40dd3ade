"""Error curves as the smoothing key has them: as recorded, or behind their averages."""

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import End, Role, Trace
from tttui.draw.smoothing import SPAN, exponential
from tttui.model.improvement import percentiles
from tttui.model.session import SessionData

LOG_SPREAD = 20.0
"""Errors that spread over more than this factor open on a logarithmic axis."""


def curve(
    name: str,
    series: Series,
    role: Role,
    smooth: bool,
    heavy: bool = False,
    end: End = "ended",
    chunk: int = 0,
) -> Trace:
    """The series (by chunks of so many steps, if any), or its exponential average with the series
    itself still visible behind it.

    Curves of one chart are averaged alike, or not at all: only then do they compare.
    """
    if not smooth:
        return Trace(name, series, role, heavy, end=end, chunk=chunk)
    average = Series(series.t, exponential(series.y, SPAN))
    return Trace(name, average, role, heavy, raw=series, end=end)


def span_note(smooth: bool) -> str:
    """What the averages are, said beside a chart that has them."""
    return f"average, span {SPAN}" if smooth else ""


def spreads_far(data: SessionData) -> bool:
    """The errors span so many decades that a linear axis would hide most of them."""
    errors = np.concatenate([data.steps.baseline[-2000:], data.steps.adaptive[-2000:]])
    errors = errors[np.isfinite(errors) & (errors > 0)]
    if len(errors) < 2:
        return False
    low, high = percentiles(errors, (5, 95))
    return bool(high > LOG_SPREAD * low)
