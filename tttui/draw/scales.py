"""Values to dot rows: linear and logarithmic, for any finite range."""

import math
from collections.abc import Sequence

import numpy as np

from tttui.draw import ticks
from tttui.draw.ticks import Tick
from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass

FAR = 1 << 20
"""Dot number for what lies infinitely far outside the scale."""

_LARGEST = 1e300
_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high` (low < high; both positive where `log`)."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def fit(cls, low: float, high: float, positive: float = math.nan, log: bool = False) -> "Scale":
        """A scale with round ends that holds low..high.

        `positive` is the smallest value above 0, the lower end of a logarithmic scale; without
        one (NaN) the scale is linear. Round ends keep the scale still while data arrive.
        """
        low, high = (min(max(end, -_LARGEST), _LARGEST) for end in (low, high))
        if log and positive > 0 and high > 0:
            low, high = max(min(positive, high), _SMALLEST), max(high, _SMALLEST)
            return cls(_round_down(low), _round_up(high), log=True)
        if low == high:
            margin = abs(low) / 2 or 1.0
            low, high = (0.0, 2 * high) if low > 0 else (low - margin, high + margin)
        high = max(high, low + _SMALLEST)
        if 0 < low < 0.4 * high:
            low = 0.0
        elif 0 > high > 0.4 * low:
            high = 0.0
        step = ticks.round_step(high - low, 20) or high - low
        lower, upper = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        if not lower < upper:
            lower, upper = low, high
        return cls(min(lower, low), max(upper, high))

    def with_room(self, named: Sequence[float], rows: int) -> "Scale":
        """The axis with a row of cells more at an end beyond which one of the `named` values
        lies: its name stands there, where no curve is."""
        above = any(value > self.high for value in named)
        below = any(value < self.low for value in named)
        inner = rows - above - below
        if not (above or below) or inner < 3:
            return self
        low, high = self.low, self.high
        if self.log:
            row = (high / low) ** (1 / inner)
            return Scale(low / row if below else low, high * row if above else high, log=True)
        row = (high / 2 - low / 2) / inner * 2
        scale = Scale(low - row if below else low, high + row if above else high)
        return scale if np.isfinite([scale.low, scale.high]).all() else self

    def position(self, values: Floats) -> Floats:
        """Values as fractions of the axis: 0 at `low`, 1 at `high`.

        NaN stays NaN; on a logarithmic axis zero and negative values are at -infinity, and what
        lies too far beyond an axis for a number is at infinity.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.log:
                low, high = math.log10(self.low), math.log10(self.high)
                logs = np.log10(np.where(values < 0, 0.0, values))
                return np.asarray((logs - low) / (high - low))
            # halves, because high - low may overflow
            return np.asarray((values / 2 - self.low / 2) / (self.high / 2 - self.low / 2))

    def dots(self, values: Floats, height: int) -> Ints:
        """Dot rows from the bottom, 0 .. height-1 inside the axis; values must not be NaN."""
        spot = _within(_within(self.position(values), FAR) * (height - 1), FAR)
        return np.rint(spot).astype(np.int64)

    def ticks(self, most: int) -> list[Tick]:
        """At most about `most` labelled ticks inside the axis, and on a log axis minor ones."""
        if self.log:
            return ticks.logarithmic(self.low, self.high, most)
        return ticks.linear(self.low, self.high, most)


def _within(values: Floats, reach: float) -> Floats:
    """The values clipped to -reach .. reach, without the detour of `np.clip`."""
    return np.asarray(np.minimum(np.maximum(values, -reach), reach))


def _round_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten below `value`."""
    power = math.floor(math.log10(value))
    for candidate in (f"5e{power}", f"2e{power}", f"1e{power}", f"5e{power - 1}"):
        if 0 < float(candidate) < value:
            return float(candidate)
    return value / 2 or value


def _round_up(value: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten above `value`."""
    power = math.floor(math.log10(value))
    for candidate in (f"1e{power}", f"2e{power}", f"5e{power}", f"1e{power + 1}", f"2e{power + 1}"):
        if float(candidate) > value:
            return float(candidate)
    return value * 2
