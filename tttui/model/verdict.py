"""Is adaptation working? One sentence from the numbers, with its uncertainty.

Errors of successive steps are correlated, so the confidence interval comes from a circular
block bootstrap over steps (Politis and Romano, 1992) of the paired errors of both models.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.session import SessionData
from tttui.model.steps import Steps

WINDOW = 100
"""The last steps over which the final error is taken."""

MIN_STEPS = 20
"""Fewer learned steps than this are too few to tell."""

HIGHEST_MU = 0.5
"""The largest friction of the worlds in which weights are tested for the one that they imply:
with this answer they imply it or a larger one."""

RESAMPLES = 1000
BLOCK = 10

Tone = Literal["better", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Improvement:
    """How much lower the adaptive error is: (baseline - adaptive) / baseline, in percent."""

    percent: float
    low: float
    high: float
    """Ends of the 95 % confidence interval, in percent; NaN where there are too few steps."""
    n: int
    """Steps that were averaged."""
    baseline: float
    adaptive: float
    """Mean squared errors over these steps."""

    @property
    def tone(self) -> Tone:
        if self.low > 0:
            return "better"
        if self.high < 0:
            return "worse"
        return "unclear"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "is TTT working here?"."""

    sentence: str
    tone: Tone
    improvement: Improvement | None = None


def last_means(steps: Steps) -> tuple[float, float, int]:
    """Mean errors (baseline, adaptive) over the last WINDOW steps there are, and their number.

    A step whose error is not finite makes its model's mean non-finite: nothing is skipped.
    """
    n = min(WINDOW, len(steps))
    if n == 0:
        return float("nan"), float("nan"), 0
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.mean(steps.baseline[-n:])), float(np.mean(steps.adaptive[-n:])), n


def improvement(baseline: Floats, adaptive: Floats) -> Improvement:
    """Improvement of the mean over paired errors [n] with its 95 % interval.

    The interval resamples circular blocks of BLOCK steps with a fixed seed, so that the same
    file always gives the same numbers.
    """
    n = len(baseline)
    nan = float("nan")
    if n == 0:
        return Improvement(nan, nan, nan, 0, nan, nan)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        base, adapt = float(np.mean(baseline)), float(np.mean(adaptive))
        percent = 100.0 * (base - adapt) / base if base > 0 else (0.0 if adapt == base else nan)
        if n < MIN_STEPS or not np.isfinite(percent) or not base > 0:
            return Improvement(percent, nan, nan, n, base, adapt)
        rng = np.random.default_rng(0)
        blocks = -(-n // BLOCK)
        starts = rng.integers(0, n, (RESAMPLES, blocks))
        sums = [_circular_block_sums(x.astype(np.float64), BLOCK) for x in (baseline, adaptive)]
        b, a = (s[starts].sum(axis=1) for s in sums)
        low, high = np.percentile(100.0 * (b - a) / b, [2.5, 97.5])
    return Improvement(percent, float(low), float(high), n, base, adapt)


def _circular_block_sums(x: Floats, length: int) -> Floats:
    """Sum of the `length` values from each start on, wrapping round: [n] -> [n]."""
    total = np.concatenate([[0.0], np.cumsum(np.concatenate([x, x[: length - 1]]))])
    if len(x) < length:
        raise ValueError("a block is longer than the series")
    return np.asarray(total[length:] - total[:-length])


def final_improvement(steps: Steps) -> Improvement:
    """Improvement over the last WINDOW steps there are."""
    n = min(WINDOW, len(steps))
    return improvement(steps.baseline[len(steps) - n :], steps.adaptive[len(steps) - n :])


def percent_text(value: float) -> str:
    """A percentage with as many digits as tell something: 84, 99.7, 99.98, -1 240."""
    magnitude = abs(value)
    if not np.isfinite(value):
        return str(value)
    if 99.0 <= value < 100.0:
        digits = min(4, max(1, int(np.ceil(-np.log10(max(1e-4, 100.0 - value))))))
        return f"{np.floor(value * 10**digits) / 10**digits:.{digits}f}"
    if magnitude >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if magnitude >= 10 else f"{value:.1f}"


def verdict(data: SessionData, implied: float | None = None) -> Verdict:
    """Judge a session by what was recorded; every clause says only what its numbers show.

    `implied` is the friction that the newest weights imply, where no transaction tells it.
    """
    steps, events = data.steps, data.transactions
    attempted = len(events) or int(steps.did_update.sum())
    committed = int((events.status == 0).sum()) if len(events) else int(steps.update_ok.sum())
    if len(steps) == 0:
        why = data.problem("steps")
        return Verdict(
            "There is nothing to judge yet: " + (why.reason if why else "no step was recorded."),
            "unclear",
        )
    result = final_improvement(steps)
    tone = result.tone
    updates = f"{committed} of {attempted} updates committed"
    if not np.isfinite(result.percent):
        return Verdict(_non_finite(result) + f" {_capital(updates)}.", "worse", result)
    first = int(np.argmax(steps.update_ok)) if steps.update_ok.any() else len(steps)
    learned = len(steps) - first
    if committed == 0:
        forked = data.meta.parent_session_id is not None
        return Verdict(_never_changed(attempted, len(steps), forked), "unclear", result)
    if learned < MIN_STEPS or result.n < MIN_STEPS:
        return Verdict(
            f"Too few steps to tell: {len(steps)} recorded, {learned} since the first commit; "
            f"so far adaptive is {_compare(result)} over the last {result.n} steps.",
            "unclear",
            result,
        )
    if tone == "unclear":
        body = (
            f"No clear difference: adaptive is {_compare(result)} over the last {result.n} steps, "
            f"but the 95 % CI ({percent_text(result.low)} to {percent_text(result.high)}) "
            f"includes zero; {updates}."
        )
    else:
        body = (
            f"Adaptive is {_compare(result)} over the last {result.n} steps "
            f"({_interval(result)}), with {updates}."
        )
        if tone == "worse":
            body = "Test-time training makes things worse here. " + body
    parts = [body]
    if attempted and committed < attempted / 2:
        name, count = max(
            ((k, v) for k, v in events.counts().items() if k != "commit"),
            key=lambda item: item[1],
            default=("", 0),
        )
        why_back = f", most often for {reason_words(name)} ({count})" if name else ""
        parts.append(f"Most updates were rolled back{why_back}.")
    parts.extend(_mu_sentence(data, implied))
    return Verdict(" ".join(parts), tone, result)


def reason_words(status: str) -> str:
    """`rollback_grad_norm` -> `gradient norm`: how people name the gate."""
    return {
        "rollback_loss_regression": "loss regression",
        "rollback_grad_norm": "gradient norm",
        "rollback_state_norm": "state norm",
        "rollback_non_finite": "a non-finite value",
        "rollback_live_regression": "live regression",
    }.get(status, status.removeprefix("rollback_").replace("_", " "))


def _compare(result: Improvement) -> str:
    if _in_multiples(result):
        times = _times(result.adaptive / result.baseline)
        return f"{times} times worse than frozen ({result.baseline:.3g} -> {result.adaptive:.3g})"
    word = "better" if result.percent >= 0 else "worse"
    return f"{percent_text(abs(result.percent))} % {word} than frozen"


def _interval(result: Improvement) -> str:
    """The confidence interval in the words of `_compare`, from its low to its high end."""
    if _in_multiples(result):
        least, most = (_times(1 - end / 100) for end in (result.high, result.low))
        return f"95 % CI {least} to {most} times"
    low, high = sorted((abs(result.low), abs(result.high)))
    return f"95 % CI {percent_text(low)} to {percent_text(high)}"


def _in_multiples(result: Improvement) -> bool:
    """An error that is more than doubled is told as a multiple: percentages mislead there."""
    return result.adaptive > 2 * result.baseline


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}".replace(",", " ")


def _non_finite(result: Improvement) -> str:
    if not np.isfinite(result.adaptive) and np.isfinite(result.baseline):
        return f"Adaptive broke down: its error over the last {result.n} steps is not finite."
    if not np.isfinite(result.baseline):
        return f"The frozen model's error over the last {result.n} steps is not finite."
    return "Both models predict without any error, so there is nothing to compare."


def _never_changed(attempted: int, n: int, forked: bool) -> str:
    tried = f"None of {attempted} updates was committed" if attempted else "No update was tried"
    same = (
        "adaptive is still the model that it was forked from"
        if forked
        else "adaptive and frozen are the same model"
    )
    return f"{tried} in {n} steps, so {same}."


def _mu_sentence(data: SessionData, implied: float | None) -> list[str]:
    events = data.transactions
    last = events.in_force(int(data.steps.t[-1]))
    told = last is not None and np.isfinite(events.implied_mu[last])
    value = float(events.implied_mu[last]) if told and last is not None else implied
    if value is None or not np.isfinite(value):
        return []
    truth = data.mu_now
    said = "mu 0.5 or more" if value >= HIGHEST_MU else f"mu {value:.4f}"
    if truth is None:
        return [f"The weights imply {said}; the truth is not recorded."]
    return [f"The weights imply {said}, the truth is {truth:.4f}."]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
