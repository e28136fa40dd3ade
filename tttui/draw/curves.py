"""A series as dots: the envelope of every dot column, joined into one line."""

from collections.abc import Sequence

import numpy as np

from tttui.draw import braille
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.scales import FAR, Scale
from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass

DENSE = 4
"""Samples in a dot column from which on minimum and maximum no longer read as one line."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A series on a time axis: per dot column what is drawn, in values; NaN where nothing is."""

    low: Floats
    high: Floats
    mean: Floats
    dense: bool = False
    """The columns hold so many samples that the envelope is an area rather than a line."""

    @property
    def middle(self) -> "Curve":
        """The means alone."""
        return Curve(self.mean, self.mean, self.mean)

    def without(self, columns: Ints) -> "Curve":
        """The curve with nothing in some dot columns."""
        low, high, mean = self.low.copy(), self.high.copy(), self.mean.copy()
        low[columns] = high[columns] = mean[columns] = np.nan
        return Curve(low, high, mean, self.dense)

    def halved(self) -> "Curve":
        """The curve with its dot columns joined in pairs, for one column a cell."""
        return Curve(
            np.fmin.reduce(self.low.reshape(-1, 2), axis=1),
            np.fmax.reduce(self.high.reshape(-1, 2), axis=1),
            by_cell(self.mean),
            self.dense,
        )


def stacked(curves: Sequence[Curve]) -> Curve:
    """Curves of one axis together: [curves, dot columns]."""
    low, high, mean = (
        np.stack(ends) for ends in zip(*((c.low, c.high, c.mean) for c in curves), strict=True)
    )
    return Curve(low, high, mean)


def trace(series: Series, axis: TimeAxis, log: bool = False) -> Curve:
    """The envelope of the series on the axis, interpolated where columns hold no sample.

    Between two neighbouring samples the line is straight (on a log scale in the logarithm);
    it is broken where a sample is NaN.
    """
    envelope = series.on(axis)
    low, high, mean = envelope.low, envelope.high, envelope.mean
    i, j = series.rows(axis.t0, axis.t1)
    if 0 < j - i < axis.dots and axis.t1 > axis.t0:
        i, j = max(0, i - 1), min(len(series), j + 1)
        t, y = series.t[i:j].astype(np.float64), series.y[i:j]
        low, high, mean = low.copy(), high.copy(), mean.copy()
        centres = axis.centres()
        between = envelope.count == 0
        inside = (centres >= t[0]) & (centres <= t[-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            values = (
                np.log10(np.where(y > 0, y, np.nan)) if log else np.where(np.isinf(y), np.nan, y)
            )
            filled = np.interp(centres, t, values, left=np.nan, right=np.nan)
            filled = 10.0**filled if log else filled
        # a column whose own sample is NaN must stay empty, unlike one without a sample
        own = np.zeros(axis.dots, dtype=np.bool_)
        at = axis.dot(t)
        own[at[(at >= 0) & (at < axis.dots)]] = True
        use = between & inside & ~own
        for target in (low, high, mean):
            target[use] = filled[use]
    return Curve(low, high, mean, dense(series, axis))


def dense(series: Series, axis: TimeAxis) -> bool:
    """Whether the columns hold so many samples that the envelope is an area, not a line."""
    count = series.on(axis).count
    return int(np.add.reduce(count)) >= DENSE * max(int(np.count_nonzero(count)), 1)


def raster(curve: Curve, scale: Scale, height: int, *, heavy: bool = False) -> Bools:
    """The curve as raised dots [height, dot columns]; of a `stacked` one, of each curve.

    Neighbouring columns are joined: a gap between their spans is split in the middle, half
    drawn in each. Values beyond the scale run into its edge. `heavy` makes the line two dots
    thick.
    """
    low, high = dots(curve, scale, height)
    drawn = high >= low
    if low.shape[-1] > 1:
        both = drawn[..., :-1] & drawn[..., 1:]
        up = np.where(both, np.maximum(low[..., 1:] - high[..., :-1] - 1, 0), 0)
        down = np.where(both, np.maximum(low[..., :-1] - high[..., 1:] - 1, 0), 0)
        low, high = low.copy(), high.copy()
        high[..., :-1] += up // 2
        low[..., :-1] -= down // 2
        high[..., 1:] += down - down // 2
        low[..., 1:] -= up - up // 2
    if heavy:
        thin = drawn & (high - low < 1)
        at_top = high >= height - 1
        high = np.where(thin & ~at_top, high + 1, high)
        low = np.where(thin & at_top, low - 1, low)
    return braille.spans(low, high, height)


def band(curve: Curve, scale: Scale, height: int) -> Bools:
    """The range of the curve as a screen of every other dot [height, dot columns]; its lowest and
    highest dots are all there."""
    low, high = dots(curve, scale, height)
    row, column = np.indices((height, len(low)))
    screen = (row + column) % 2 == 0
    inside: Bools = braille.spans(low, high, height) & screen
    return inside | extremes(curve, scale, height)


def stems(series: Series, axis: TimeAxis, scale: Scale, height: int, across: int) -> Bools:
    """Lines from zero to the extremes of every column [height, width * across]; columns without a
    sample stay empty. `across`: dots of a cell beside each other."""
    envelope = series.on(axis)
    low, high = np.fmin(envelope.low, 0.0), np.fmax(envelope.high, 0.0)
    empty = envelope.count == 0
    if across == 1:
        low = np.fmin.reduce(low.reshape(-1, 2), axis=1)
        high = np.fmax.reduce(high.reshape(-1, 2), axis=1)
        empty = empty.reshape(-1, 2).all(axis=1)
    bottom = np.where(empty, height, scale.dots(np.nan_to_num(low), height))
    top = np.where(empty, -1, scale.dots(np.nan_to_num(high), height))
    return braille.spans(bottom, top, height)


def by_cell(values: Floats) -> Floats:
    """Means of pairs of dot columns; NaN only where both are."""
    pairs = values.reshape(-1, 2)
    known = ~np.isnan(pairs)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.asarray(np.where(known, pairs, 0).sum(axis=1) / known.sum(axis=1))


def lone(y: Floats) -> Ints:
    """Where y [n] has a value and none beside it."""
    known = np.isfinite(y)
    joined = np.zeros_like(known)
    joined[1:] = known[:-1]
    joined[:-1] |= known[1:]
    return np.flatnonzero(known & ~joined)


def extremes(curve: Curve, scale: Scale, height: int) -> Bools:
    """The lowest and the highest dot of every column alone [height, dot columns]."""
    low, high = dots(curve, scale, height)
    return braille.spans(low, low, height) | braille.spans(high, high, height)


def dots(curve: Curve, scale: Scale, height: int) -> tuple[Ints, Ints]:
    """Lowest and highest dot of every column, clipped to the raster; high < low where empty."""
    empty = np.isnan(curve.low)

    def within(ends: Floats) -> Ints:
        found = scale.dots(np.where(empty, scale.low, ends), height)
        return np.minimum(np.maximum(found, 0), height - 1)

    low = within(curve.low)
    high = low if curve.high is curve.low else within(curve.high)
    return np.where(empty, FAR, low), np.where(empty, -FAR, high)
