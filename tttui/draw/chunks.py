"""A series by chunks: the mean of each as a line, its lowest and highest sample as a band."""

import numpy as np

from tttui.draw import curves
from tttui.draw.axis import TimeAxis
from tttui.draw.curves import Curve
from tttui.draw.envelope import Series
from tttui.draw.scales import Scale
from tttui.model.arrays import Floats

FEWEST = 2
"""Chunks in view from which on their means are a line; of fewer, the samples are."""


def width(series: Series, axis: TimeAxis, chunk: int) -> int:
    """Steps of a chunk where its mean is a point of the line; 0 where dot columns hold more
    steps than a chunk, or too few chunks are in view."""
    pitch = (axis.t1 - axis.t0) / max(axis.dots - 1, 1)
    if chunk <= max(pitch, 1) or not len(series):
        return 0
    first, last = _reach(series, axis, chunk)
    return chunk if last - first + 1 >= FEWEST else 0


def note(series: Series, axis: TimeAxis, chunk: int) -> str:
    """The meaning of a point of the line, in words."""
    steps = width(series, axis, chunk)
    if not steps and curves.dense(series, axis):
        steps = max(round((axis.t1 - axis.t0) / max(axis.dots - 1, 1)), 2)
    return f"means of {steps} steps, min to max behind" if steps else ""


def _reach(series: Series, axis: TimeAxis, chunk: int) -> tuple[int, int]:
    """The first and the last chunk in view."""
    origin, end = float(series.t[0]), float(series.t[-1])
    return (
        int(max(axis.t0 - origin, 0) // chunk),
        int((min(axis.t1, end) - origin) // chunk),
    )


def by_chunk(series: Series, axis: TimeAxis, chunk: int, scale: Scale) -> Curve | None:
    """Per dot column the range and the mean of its chunk: stairs, a tread for every chunk.

    Chunks are counted from the first step of the series, so that they begin where updates are
    tried, and their means do not depend on the window. What lies beyond the scale is in neither
    (it has marks of its own): a chunk whose mean does breaks the line. None where there is no
    `width` for it.
    """
    if not width(series, axis, chunk):
        return None
    pitch = (axis.t1 - axis.t0) / max(axis.dots - 1, 1)
    origin, end = float(series.t[0]), float(series.t[-1])
    first, last = _reach(series, axis, chunk)
    edges = origin + chunk * np.arange(first, last + 2, dtype=np.float64)
    low, high, mean = _summaries(series, edges, scale)
    dots = axis.centres()
    own = np.clip(((dots - origin) // chunk).astype(np.int64) - first, 0, len(mean) - 1)
    outside = (dots < origin - pitch / 2) | (dots > end + pitch / 2) | _missing(series, axis)
    low, high, mean = (np.where(outside, np.nan, values[own]) for values in (low, high, mean))
    return Curve(low, high, mean, dense=True)


def _summaries(series: Series, edges: Floats, scale: Scale) -> tuple[Floats, Floats, Floats]:
    """Lowest and highest sample inside the scale, and the mean of the finite ones, per chunk."""
    at = series.index(edges)
    start, stop = at[:-1], at[1:]
    low, high, mean = (np.full(len(start), np.nan) for _ in range(3))
    own = np.flatnonzero(stop > start)
    if not len(own):
        return low, high, mean
    y, at = series.y[start[0] : stop[-1]], start[own] - start[0]
    finite = np.isfinite(y)
    with np.errstate(invalid="ignore"):
        inside = np.where((y >= scale.low) & (y <= scale.high), y, np.nan)
    low[own], high[own] = np.fmin.reduceat(inside, at), np.fmax.reduceat(inside, at)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        total = np.add.reduceat(np.where(finite, y, 0.0), at)
        means = total / np.add.reduceat(finite, at, dtype=np.int64)
    mean[own] = np.where((means >= scale.low) & (means <= scale.high), means, np.nan)
    return low, high, mean


def _missing(series: Series, axis: TimeAxis) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The dot columns whose samples are all NaN."""
    gap = np.zeros(axis.dots, dtype=np.bool_)
    at = axis.dot(series.missing(axis.t0, axis.t1))
    if len(at):
        gap[np.clip(at, 0, axis.dots - 1)] = True
        gap &= series.on(axis).count == 0
    return gap
