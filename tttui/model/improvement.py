"""How much lower the adaptive error is than the frozen one: estimate, interval, and words.

Errors of successive steps are correlated, so the confidence interval comes from a circular
block bootstrap over steps (Politis and Romano, 1992) of the paired errors of both models.

The words follow one rule wherever they stand: a difference of less than 99 % either way is a
percentage of the frozen error (`84 % better`, `12 % worse`), and a larger one the factor
between both errors (`120 times better`, `20 times worse`). Where no error is left there is no
factor: that is `100 % better`. `better` and `worse` stand instead of a sign.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.numbers import Forms, count_forms, forms, shrinking
from tttui.model.steps import Steps

WINDOW = 100
"""The last steps over which the final error is taken."""

MIN_STEPS = 20
"""Fewer learned steps than this are too few to tell."""

FACTOR_FROM = 99.0
"""Differences of at least so many percent are told as a factor."""

UNITS = (" %", "%", " times", "x")
"""Of percentages and factors, in full and short."""

RESAMPLES = 1000
BLOCK = 10

Tone = Literal["better", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Improvement:
    """How much lower the adaptive error is: (frozen - adaptive) / frozen, in percent."""

    percent: float
    """NaN if unknown; then `why_none` has the reason."""
    low: float
    high: float
    """Ends of the 95 % confidence interval, in percent; NaN where there is none, and then
    `why_no_interval` says why."""
    n: int
    """Number of averaged steps."""
    frozen: float
    adaptive: float
    """Mean errors over these steps."""
    why_none: str = ""
    why_no_interval: str = ""
    lower: bool = True
    """The lower error is the better one."""

    @property
    def tone(self) -> Tone:
        if self.low > 0:
            return "better"
        if self.high < 0:
            return "worse"
        return "unclear"

    @property
    def texts(self) -> Forms:
        """`84 % better`, from the fullest to the shortest."""
        return compared(self.frozen, self.adaptive, lower=self.lower)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of the interval, if there is one."""
        return None if self.why_no_interval else (self.low, self.high)

    @property
    def interval(self) -> Forms:
        """`79 to 88 % better`, from the fullest to the shortest; empty where there is none."""
        if self.why_no_interval:
            return ()
        if self.frozen < 0 or self.adaptive < 0:
            return _percents(self.low, self.high)
        return interval_texts(self.low, self.high, lower=self.lower)


def improvement(frozen: Floats, adaptive: Floats, *, lower: bool = True) -> Improvement:
    """Improvement of the mean over paired errors [n] with its 95 % interval; `lower`: the lower
    error is the better one.

    The interval resamples circular blocks of BLOCK steps with a fixed seed, so that the same
    file always gives the same numbers.
    """
    n, nan = len(frozen), float("nan")
    with np.errstate(invalid="ignore", over="ignore"):
        base = float(np.mean(frozen)) if n else nan
        adapt = float(np.mean(adaptive)) if n else nan
    why = _why_none(frozen, adaptive, base, adapt, lower=lower)
    if why:
        return Improvement(nan, nan, nan, n, base, adapt, why, why, lower)
    if base == 0:
        no_error = "both models make no error" if lower else "both are 0"
        return Improvement(0.0, nan, nan, n, base, adapt, "", no_error, lower)
    sign = 1.0 if lower else -1.0
    percent = sign * 100.0 * (base - adapt) / abs(base)
    if n < MIN_STEPS:
        few = f"{n} {'step' if n == 1 else 'steps'}, fewer than {MIN_STEPS}"
        return Improvement(percent, nan, nan, n, base, adapt, "", few, lower)
    low, high = sorted(sign * end for end in _bootstrap(frozen, adaptive))
    if not (np.isfinite(low) and np.isfinite(high)):
        few = "the frozen model makes too few errors" if lower else "frozen is 0 too often"
        return Improvement(percent, nan, nan, n, base, adapt, "", few, lower)
    return Improvement(percent, low, high, n, base, adapt, lower=lower)


def _why_none(frozen: Floats, adaptive: Floats, base: float, adapt: float, *, lower: bool) -> str:
    for name, errors in (("adaptive", adaptive), ("frozen", frozen)):
        why = why_no_mean(errors)
        if why:
            return f"{name}: {why}" if len(errors) else why
    if base == 0 and adapt > 0:
        return "the frozen model makes no error" if lower else "frozen is 0"
    with np.errstate(over="ignore", divide="ignore"):
        too_far = base != 0 and not np.isfinite(np.float64(100.0) * (base - adapt) / base)
    return "both errors are too far apart" if too_far else ""


def _bootstrap(frozen: Floats, adaptive: Floats) -> tuple[float, float]:
    """Ends of the 95 % interval in percent; not finite where resamples have no frozen error."""
    starts = _starts(len(frozen))
    sums = [_circular_block_sums(x.astype(np.float64), BLOCK) for x in (frozen, adaptive)]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        b, a = (s[starts].sum(axis=1) for s in sums)
        low, high = percentiles(100.0 * (b - a) / np.abs(b), (2.5, 97.5))
    return float(low), float(high)


@lru_cache(maxsize=4)
def _starts(n: int) -> Ints:
    """The first steps of the blocks [RESAMPLES, blocks] of n steps, the same ones every time."""
    return np.random.default_rng(0).integers(0, n, (RESAMPLES, -(-n // BLOCK)))


def _circular_block_sums(x: Floats, length: int) -> Floats:
    """Sum of the `length` values from each start on, wrapping round: [n] -> [n]."""
    total = np.concatenate([[0.0], np.cumsum(np.concatenate([x, x[: length - 1]]))])
    if len(x) < length:
        raise ValueError("a block is longer than the series")
    return np.asarray(total[length:] - total[:-length])


def percentiles(values: Floats, at: Sequence[float]) -> list[float]:
    """These percentiles of values [n], n >= 1, to the bit as np.percentile has them; that one
    imports numpy.ma, which takes longer than all else here. NaN where any value is."""
    ordered = np.sort(values)
    if np.isnan(ordered[-1]):
        return [float("nan") for _ in at]
    levels = []
    for percent in at:
        place = percent / 100 * (len(ordered) - 1)
        below = int(place)
        low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
        share, step = place - below, high - low
        levels.append(float(low + step * share if share < 0.5 else high - step * (1 - share)))
    return levels


# The last steps of a session


def last_means(steps: Steps) -> tuple[float, float, int]:
    """Mean errors (frozen, adaptive) over the last WINDOW steps there are, and their number.

    A step whose error is not finite makes its model's mean non-finite: nothing is skipped.
    """
    _, frozen, adaptive = steps.compared(WINDOW)
    n = len(frozen)
    if n == 0:
        return float("nan"), float("nan"), 0
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.mean(frozen)), float(np.mean(adaptive)), n


def final_improvement(steps: Steps, *, lower: bool = True) -> Improvement:
    """Improvement over the last WINDOW steps at which both models were evaluated."""
    _, frozen, adaptive = steps.compared(WINDOW)
    return improvement(frozen, adaptive, lower=lower)


# Words


def why_no_mean(errors: Floats) -> str:
    """Why the mean of errors [n] is no number, such as `1 of 100 steps is NaN`; else ''."""
    n = len(errors)
    if n == 0:
        return "no steps yet"
    nan, infinite = int(np.isnan(errors).sum()), int(np.isinf(errors).sum())
    if nan and infinite:
        return f"{nan} NaN and {infinite} infinite of {_steps(n)}"
    if nan or infinite:
        kind, k = ("NaN", nan) if nan else ("infinite", infinite)
        return f"{k} of {_steps(n)} {'is' if k == 1 else 'are'} {kind}"
    with np.errstate(over="ignore"):
        return "" if np.isfinite(np.mean(errors)) else "the errors are too large for a mean"


def why_texts(why: str) -> Forms:
    """A reason why there is no mean, from the fullest to the shortest text."""
    alone = why.removeprefix("adaptive: ").removeprefix("frozen: ")
    short = re.sub(r" steps? (is|are) ", " ", alone)
    return shrinking((why, alone, short, re.sub(r" of \d+ ", " ", short)))


def mean_texts(mean: float | None) -> Forms:
    """A mean error from the fullest to the shortest text; `-` where it is not known."""
    if mean is not None and np.isinf(mean):
        return ("diverged",)
    return ("NaN",) if mean is not None and np.isnan(mean) else forms(mean)


def compared(frozen: float | None, adaptive: float | None, *, lower: bool = True) -> Forms:
    """How the adaptive error compares with the frozen one, in words; `-` where one is unknown.

    `lower`: the lower one is the better one.
    """
    if frozen is None or adaptive is None:
        return ("-",)
    for name, value in (("adaptive", adaptive), ("frozen", frozen)):
        if np.isnan(value):
            return f"{name} is NaN", "NaN"
        if np.isinf(value):
            return f"{name} diverged", "diverged"
    if frozen == adaptive:
        return ("equal",)
    amounts, word = _amounts(frozen, adaptive, lower=lower)
    if frozen == 0:
        return f"{word}, frozen is 0", word
    return tuple(f"{amount} {word}" for amount in amounts)


def difference(percent: float | None, *, lower: bool = True) -> Forms:
    """An improvement in percent in words (positive: adaptive is better)."""
    if percent is None or not np.isfinite(percent):
        return ("-",)
    return compared(1.0, _adaptive(percent, lower=lower), lower=lower)


def _adaptive(percent: float, *, lower: bool) -> float:
    """The adaptive error at this improvement where the frozen one is 1."""
    return 1.0 - percent / 100.0 if lower else 1.0 + percent / 100.0


def _percents(low: float, high: float) -> Forms:
    """An interval in percent alone, where errors are negative and a factor says nothing."""
    texts = []
    for digits in (2, 1):
        ends = [forms(abs(end), digits)[0] for end in (low, high)]
        words = ["worse" if end < 0 else "better" for end in (low, high)]
        if words[0] == words[1]:
            some, more = ends if low >= 0 else ends[::-1]
            texts.append(f"{some} to {more} % {words[0]}")
        else:
            texts.append(f"{ends[0]} % {words[0]} to {ends[1]} % {words[1]}")
    return shrinking(texts)


def interval_texts(low: float, high: float, *, lower: bool = True) -> Forms:
    """An interval of improvements in percent: `79 to 88 % better`, `5 % worse to 12 % better`."""
    ends = (high, low) if high < 0 else (low, high)
    for digits in (2, 3, 4, 2):  # as many as tell both ends apart, if that is possible
        (some, word), (more, other) = (
            _amounts(1.0, _adaptive(p, lower=lower), digits, lower=lower) for p in ends
        )
        if some[0] != more[0] or word != other:
            break
    texts: list[str] = []
    for first, second in zip(some, more, strict=False):
        if word != other:
            texts.append(f"{first} {word} to {second} {other}")
        elif not texts or first != second:
            unit = next((u for u in UNITS if first.endswith(u) and second.endswith(u)), "")
            texts.append(f"{first.removesuffix(unit)} to {second} {word}")
    return shrinking(texts)


def _amounts(
    frozen: float, adaptive: float, digits: int | None = None, *, lower: bool = True
) -> tuple[Forms, str]:
    """`84 %` or `20 times` from the fullest to the shortest, and `better` or `worse`.

    `digits` are the significant ones (None: two, but a factor of a hundred or more is whole).
    """
    word = "better" if adaptive == frozen or (adaptive < frozen) == lower else "worse"
    with np.errstate(over="ignore", divide="ignore"):
        percent = float(100.0 * abs(np.float64(adaptive) - frozen) / abs(np.float64(frozen)))
    if percent < FACTOR_FROM or adaptive <= 0 or frozen <= 0:
        most = 100.0 if lower and frozen > 0 else np.inf
        numbers, spelt, short = forms(min(percent, most), digits or 2), " %", "%"
    else:
        numbers, spelt, short = _factor(frozen, adaptive, digits), " times", "x"
    return (f"{numbers[0]}{spelt}", *(f"{number}{short}" for number in numbers)), word


def _factor(frozen: float, adaptive: float, digits: int | None) -> Forms:
    with np.errstate(over="ignore"):
        factor = float(np.float64(max(frozen, adaptive)) / min(frozen, adaptive))
    if not np.isfinite(factor):
        return ("over 1e308",)
    if not 100 <= factor < 1e6:
        return forms(factor, digits or 2)
    return count_forms(round(factor) if digits is None else round(float(f"{factor:.{digits}g}")))


def _steps(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"
