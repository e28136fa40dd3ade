"""The range of the value axis: of everything in view, or of all but outliers."""

import math

import numpy as np

from tttui.draw import held
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.draw.scales import Scale
from tttui.model.arrays import Bools, Floats

Range = tuple[float, float, float]
"""Lowest and highest value, and the smallest one above 0 (NaN: none)."""

SHARE = 0.01
"""Part of the samples, at either end, that may be outliers."""

FEWEST = 8
"""Samples from which on single ones can be told as outliers."""

SAMPLED = 16_384
"""Samples that are looked at, evenly spread, to find the range of all."""

HEADROOM = 1.08
"""Beyond values on an axis from zero, which would else run along its edge."""

CLOSE = 0.1
"""What lies within this fraction of the value (on a log axis: of a decade) is no outlier."""


def of_plot(plot: Plot, axis: TimeAxis, log: bool) -> tuple[Range | None, bool]:
    """Range of what is drawn in the window (None: nothing finite), and whether it has samples.

    A threshold widens the scale only if it lies close; far ones are named at the edge.
    """
    lines = [trace for trace in plot.traces if trace.style != "held"]
    series = [s for trace in lines for s in (trace.series, trace.raw) if s is not None]
    if plot.band is not None:
        series += [plot.band.low, plot.band.high]
    held_ = [trace.series for trace in plot.held]
    if plot.robust:
        # an average carries an outlier on, the samples behind it do not
        ranges = [robust(samples(trace), axis, log) for trace in lines]
    else:
        ranges = [s.extent(axis.t0, axis.t1) for s in series]
    ranges += [held.extent(s, axis, plot.last) for s in held_]
    finite = [e for e in ranges if e is not None]
    if not finite:
        return None, any(s.at(axis.t1) is not None for s in (*series, *held_))
    low, high = min(e[0] for e in finite), max(e[1] for e in finite)
    if plot.from_zero or any(trace.style == "stems" for trace in lines):
        low, high = min(HEADROOM * low, 0.0), max(HEADROOM * high, 0.0)
    positive = float(np.fmin.reduce([e[2] for e in finite]))
    for line in plot.thresholds:
        span = high - low or abs(high)
        if high < line.value <= high + 0.5 * span:
            high = line.value
        elif low - 0.5 * span <= line.value < low:
            low = line.value
    return (low, high, positive), True


def samples(trace: Trace) -> Series:
    """The samples of a curve, also of one that shows their average."""
    return trace.series if trace.raw is None else trace.raw


def robust(series: Series, axis: TimeAxis, log: bool) -> Range | None:
    """The range of the samples in the window but for outliers.

    Outliers are among the outermost `SHARE` of the samples at either end and lie farther from the
    rest than the rest spreads: without them the range is less than half as wide. On a log axis
    that is judged in decades.
    """
    whole = series.extent(axis.t0, axis.t1)
    if whole is None:
        return None
    i, j = series.rows(axis.t0, axis.t1)
    window = series.y[i:j]
    y = window[:: max(1, -(-len(window) // SAMPLED))]
    with np.errstate(invalid="ignore", over="ignore"):
        known = math.isfinite(np.add.reduce(y)) and not (log and whole[0] <= 0)
    if not known:
        y = y[np.isfinite(y) & (y > 0) if log else np.isfinite(y)]
    if len(y) < FEWEST:
        return whole
    floor, ceiling = _fences(y, log)
    low, high, positive = whole
    if high > ceiling:
        high = float(window[window <= ceiling].max())
    if positive < floor:
        positive = float(window[window >= floor].min())
    if low < floor and not log:
        low = float(window[window >= floor].min())
    return low, high, positive


def _fences(y: Floats, log: bool) -> tuple[float, float]:
    """The values beyond which samples are outliers, of which y are some."""
    out = max(1, int(SHARE * len(y)))
    ordered = np.partition(y, [out, len(y) - 1 - out])
    ends = np.array([ordered[out], ordered[len(y) - 1 - out]])
    low, high = (np.log10(ends) if log else ends).tolist()
    margin = max(high - low, CLOSE * (1.0 if log else max(abs(low), abs(high))))
    floor, ceiling = low - margin, high + margin
    return (10.0**floor, 10.0**ceiling) if log else (floor, ceiling)


def beyond(series: Series, axis: TimeAxis, scale: Scale) -> tuple[int, int]:
    """How many samples in the window lie above the scale, and how many below it."""
    i, j = series.rows(axis.t0, axis.t1)
    y, envelope = series.y[i:j], series.on(axis)
    above = np.count_nonzero(y > scale.high) if np.fmax.reduce(envelope.high) > scale.high else 0
    below = np.count_nonzero(y < scale.low) if np.fmin.reduce(envelope.low) < scale.low else 0
    return int(above), int(below)


def cells_beyond(series: Series, axis: TimeAxis, scale: Scale) -> tuple[Bools, Bools]:
    """The cell columns [width] with a sample above the scale, and those with one below it."""
    envelope = series.on(axis)
    with np.errstate(invalid="ignore"):
        above, below = envelope.high > scale.high, envelope.low < scale.low
    return above[0::2] | above[1::2], below[0::2] | below[1::2]
