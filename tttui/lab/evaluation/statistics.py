"""Paired comparisons that hold their level: few streams, heavy tails, many contenders.

Two contenders on the same streams give one difference a stream. Where neither is better, each
difference is as likely as its negative, whatever the distribution of the losses is, so that the
signed ranks have a distribution that is known exactly for every n. An interval is that of the
Hodges-Lehmann estimate (1963): two order statistics of the means of all pairs of differences,
chosen by the exact distribution of Wilcoxon's signed-rank statistic. It covers the centre of
symmetric differences with at least its level; one stream on which something diverges moves it by
one rank. A Student interval promises that for normal differences only, a bootstrap for many.

The number of streams is fixed before the first one is computed: who adds streams until a
difference shows finds one everywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np

from tttui.model import improvement
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.numbers import forms

LEVEL = 0.95

EXACT = 300
"""Differences up to which the distribution is counted; beyond it is normal to many digits."""

FAR = 1e9
"""Stands for a difference without bound: one of the two diverged."""

ComparisonOutcome = Literal["better", "worse", "no difference", "too few"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate of the centre of paired differences, with its interval."""

    estimate: float
    """The Hodges-Lehmann estimate: the median of the means of all pairs of differences."""
    low: float
    high: float
    """Ends of the interval; NaN where there are too few differences for one."""
    n: int
    level: float = LEVEL

    @property
    def outcome(self) -> ComparisonOutcome:
        """`better`, `worse` or `no difference`, if positive differences are better."""
        if math.isnan(self.low):
            return "too few"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference"


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """A contender against a baseline on the same streams; positive differences: it is better."""

    interval: Interval
    wins: int
    """Streams on which the contender is better."""
    losses: int
    """Streams on which it is worse; on the others both are equal."""
    ratio: bool = True
    """Differences are logarithms of ratios; otherwise they have the unit of the loss."""
    unit: str = ""
    lower: bool = True
    """The lower value is the better one."""

    @property
    def n(self) -> int:
        return self.interval.n

    @property
    def difference(self) -> float:
        """The estimate: in percent of the baseline, or in the unit of the loss."""
        return self._shown(self.interval.estimate)

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the interval, as `difference`."""
        return self._shown(self.interval.low), self._shown(self.interval.high)

    @property
    def outcome(self) -> ComparisonOutcome:
        return self.interval.outcome

    @property
    def turned(self) -> "PairedComparison":
        """The baseline against the contender."""
        i = self.interval
        turned = replace(i, estimate=-i.estimate, low=-i.high, high=-i.low)
        return replace(self, interval=turned, wins=self.losses, losses=self.wins)

    @property
    def amount(self) -> str:
        """`12 % better`, `0.031 bits worse`"""
        estimate = self.interval.estimate
        if math.isinf(estimate):
            return f"{'better' if estimate > 0 else 'worse'} without limit"
        if self.ratio:
            return improvement.difference(self.difference, lower=self.lower)[0]
        if estimate == 0:
            return "equal"
        return f"{self._in_unit(estimate)} {'better' if estimate > 0 else 'worse'}"

    @property
    def between(self) -> str:
        """`8 to 15 % better`; '' where there is no interval."""
        low, high = self.interval.low, self.interval.high
        if math.isnan(low):
            return ""
        if low == high == 0:
            return "0"
        if self.ratio:
            return improvement.interval_texts(*self.ends, lower=self.lower)[0]
        words = ["worse" if end < 0 else "better" for end in (low, high)]
        if words[0] != words[1]:
            return f"{self._in_unit(low)} {words[0]} to {self._in_unit(high)} {words[1]}"
        near, far = sorted((low, high), key=abs)
        return f"{forms(abs(near), 2)[0]} to {self._in_unit(far)} {words[0]}"

    def verdict(self, contender: str, baseline: str, streams: str = "held-out streams") -> str:
        """The comparison in a sentence."""
        won = f"better on {self.wins} of {self.n} {streams}"
        if self.outcome == "too few":
            few = f"{self.n} {streams} are too few to tell a difference from chance"
            return f"{contender} against {baseline}: {self.amount}, {won}; {few}"
        level = f"{100 * self.interval.level:.3g} % interval"
        if self.outcome == "no difference":
            equal = f" ({level} {self.between})" if self.between != "0" else ""
            return f"no difference between {contender} and {baseline}{equal}, {won}"
        return f"{contender} is {self.amount} than {baseline} ({level} {self.between}), {won}"

    def document(self) -> dict[str, object]:
        """For results.json and `--json`; differences in percent of the baseline or the unit."""
        low, high = self.ends
        return {
            "difference": self.difference,
            "low": low,
            "high": high,
            "unit": "%" if self.ratio else self.unit,
            "level": self.interval.level,
            "n": self.n,
            "wins": self.wins,
            "losses": self.losses,
            "outcome": self.outcome,
        }

    def _shown(self, difference: float) -> float:
        """Positive is better, in percent of the baseline or in the unit."""
        if not self.ratio:
            return difference
        sign = 1.0 if self.lower else -1.0
        with np.errstate(over="ignore"):
            return float(sign * -100.0 * np.expm1(np.float64(-sign * difference)))

    def _in_unit(self, value: float) -> str:
        return f"{forms(abs(value), 2)[0]} {self.unit}".rstrip()


def interval(differences: Sequence[float] | Floats, level: float = LEVEL) -> Interval:
    """The exact interval of paired differences [n], of which none is NaN; infinite ones count by
    their sign. Where n is too small for the level its ends are NaN."""
    d = np.clip(np.asarray(differences, dtype=np.float64), -FAR, FAR)
    n = len(d)
    if not n:
        return Interval(math.nan, math.nan, math.nan, 0, level)
    rows, columns = np.triu_indices(n)
    means = np.sort((d[rows] + d[columns]) / 2)
    estimate = _unbounded(improvement.percentiles(means, [50.0])[0])
    k = critical(n, level)
    if k is None:
        return Interval(estimate, math.nan, math.nan, n, level)
    return Interval(estimate, _unbounded(means[k]), _unbounded(means[-1 - k]), n, level)


def paired(
    contender: Sequence[float] | Floats,
    baseline: Sequence[float] | Floats,
    lower_is_better: bool = True,
    *,
    ratio: bool = True,
    unit: str = "",
    level: float = LEVEL,
) -> PairedComparison:
    """Compare values [n] of a contender and of a baseline, stream by stream.

    `ratio`: both are positive and compared by the logarithm of their ratio, as errors are that
    differ by orders of magnitude from stream to stream; otherwise by their difference. Values that
    are not finite are worse than all finite ones. Raises ValueError where the lengths differ, or
    values that are negative are to have a ratio.
    """
    a, b = np.asarray(contender, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} values cannot be paired with {len(b)}")
    if ratio and (min(a.min(initial=0.0), b.min(initial=0.0)) < 0):
        raise ValueError("negative values have no ratio")
    worst = np.inf if lower_is_better else -np.inf
    a, b = (np.where(np.isfinite(x), x, worst) for x in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        better = np.log(b) - np.log(a) if ratio else b - a
    better = np.where(a == b, 0.0, better if lower_is_better else -better)
    better = np.where(np.isnan(better), 0.0, better)  # both 0, or both diverged
    wins, losses = int((better > 0).sum()), int((better < 0).sum())
    return PairedComparison(interval(better, level), wins, losses, ratio, unit, lower_is_better)


def fewest(comparisons: int = 1, level: float = LEVEL) -> int:
    """The fewest streams with which one of `comparisons` comparisons can show a difference."""
    n = 1
    while critical(n, simultaneous(comparisons, level)) is None:
        n += 1
    return n


def simultaneous(comparisons: int, level: float = LEVEL) -> float:
    """The level of each interval, so that all hold together with `level` (Bonferroni)."""
    return 1.0 - (1.0 - level) / max(1, comparisons)


@lru_cache(maxsize=64)
def critical(n: int, level: float) -> int | None:
    """The largest k with P(signed ranks <= k) <= (1 - level) / 2 of n differences; None: no such.

    The interval goes from the (k+1)-th smallest to the (k+1)-th largest of the means.
    """
    tail = (1.0 - level) / 2
    if n > EXACT:
        from statistics import NormalDist

        centre, spread = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(centre + spread * NormalDist().inv_cdf(tail) - 0.5)
    below = np.cumsum(_signed_ranks(n))
    k = int(np.searchsorted(below, tail * (1 + 1e-9), side="right")) - 1
    return k if k >= 0 else None


def _signed_ranks(n: int) -> Floats:
    """P(T = t) of the sum T of the ranks of the positive differences among n, for t from 0."""
    share = np.zeros(n * (n + 1) // 2 + 1)
    share[0] = 1.0
    for rank in range(1, n + 1):
        with_rank = np.zeros_like(share)
        with_rank[rank:] = share[:-rank]
        share = (share + with_rank) / 2
    return share


def _unbounded(value: float) -> float:
    """A difference that was cut at FAR, or the mean of such a one and another, has no bound."""
    return math.copysign(math.inf, value) if abs(value) > FAR / 4 else float(value)
