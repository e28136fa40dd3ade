"""A what-if beside what was recorded: a sentence, and a table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tttui.model import improvement
from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.numbers import count, short
from tttui.model.session import SessionData
from tttui.model.steps import Steps
from tttui.model.transactions import COMMIT, Transactions
from tttui.model.truth import value_text
from tttui.model.verdict import reason_words

if TYPE_CHECKING:
    from tttui.runs.whatif.result import WhatIfResult

LAST = improvement.WINDOW

ROUNDING = 1e-5
"""Relative difference of two means that rounding alone can make."""


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One row of the table."""

    name: str
    """`adaptive, last 100 steps`"""
    recorded: str
    changed: str
    difference: str = ""
    """`5 % better`; empty where neither is better."""
    numbers: tuple[float | None, float | None] = (None, None)
    """What the texts stand for, where that is a number."""


def sentence(result: "WhatIfResult") -> str:
    """One line on how the what-if compares, over the last 100 steps that both have."""
    if result.state == "failed":
        return f"what-if: {result.error}"
    if result.state == "replaying":
        return f"what-if: replaying to step {count(result.request.at)}, at {count(result.t)} so far"
    if not len(result.steps):
        return "what-if: nothing computed yet"
    lower = result.request.data.meta.loss.lower_is_better
    here, there = _common(result.request.data, result)
    far = "" if result.state == "done" else f" at step {count(result.t)} of {count(result.until)}"
    updates = _committed(result.transactions)
    if not len(here):
        mean = _mean(result.steps.adaptive[-LAST:])
        return f"what-if{far}: {short(mean)}, where nothing is recorded, {updates}"
    before, after = _scores(here, there, result)
    over = " of the whole document" if result.sizes else ""
    how = improvement.compared(before, after, lower=lower)[0].replace("frozen", "recorded")
    return f"what-if{far}: {short(after)} instead of {short(before)}{over} ({how}), {updates}"


def scores(result: "WhatIfResult") -> tuple[float, float] | None:
    """Mean adaptive loss, recorded and what-if, over the last 100 steps that both have (of
    documents in other steps: over all); None where there are none."""
    here, there = _common(result.request.data, result)
    return _scores(here, there, result) if len(here) else None


def compared(data: SessionData, result: "WhatIfResult") -> Sequence[ComparedLine]:
    """The table: both over the steps from the branch on that both have."""
    here, there = _common(data, result)
    if not len(here):
        return ()
    loss = data.meta.loss
    at = result.request.at
    windows = {f"from step {at} on" if at else "all steps": max(len(here), len(there))}
    if not result.sizes and len(here) > LAST:
        windows[f"last {LAST} steps"] = LAST
    later = 0 if data.meta.is_point_mass else 1
    recorded = _within(data.transactions, here, later)
    changed = _within(result.transactions, there, later)
    return (
        *_losses("adaptive", loss.lower_is_better, here.adaptive, there.adaptive, windows),
        *_losses("frozen", loss.lower_is_better, here.frozen, there.frozen, windows),
        _against_frozen(here, there, loss.lower_is_better),
        *_outcomes(recorded, changed),
        *_implied(data, result, here),
    )


def _scores(here: Steps, there: Steps, result: "WhatIfResult") -> tuple[float, float]:
    most = None if result.sizes else -LAST
    return _mean(here.adaptive[most:]), _mean(there.adaptive[most:])


def _common(data: SessionData, result: "WhatIfResult") -> tuple[Steps, Steps]:
    """The rows of both, recorded and what-if, at the steps that both have.

    Where the steps of one take in more, the rows at the same part of the stream.
    """
    recorded, changed = data.steps, result.steps
    if result.sizes is not None and len(recorded) and len(changed):
        old, new = result.sizes
        met = min((int(recorded.t[-1]) + 1) * old, (int(changed.t[-1]) + 1) * new)
        mine, theirs = np.flatnonzero(recorded.t * old < met), np.flatnonzero(changed.t * new < met)
        return _rows(recorded, mine, written=True), _rows(changed, theirs)
    if not len(recorded) or not len(changed):
        return Steps.empty(), Steps.empty()
    first, last = max(recorded.t[0], changed.t[0]), min(recorded.t[-1], changed.t[-1])
    here, there = (
        slice(*(int(i) for i in np.searchsorted(t, (first, last + 1))))
        for t in (recorded.t, changed.t)
    )
    if np.array_equal(recorded.t[here], changed.t[there]):
        return _rows(recorded, here, written=True), _rows(changed, there)
    common = np.intersect1d(recorded.t, changed.t, assume_unique=True, return_indices=True)
    return _rows(recorded, common[1], written=True), _rows(changed, common[2])


def _rows(steps: Steps, at: Ints | slice, *, written: bool = False) -> Steps:
    """Some rows; `written`: their losses are texts of float32, which they become again."""
    frozen, adaptive = steps.frozen[at], steps.adaptive[at]
    if written:
        frozen, adaptive = (x.astype(np.float32).astype(np.float64) for x in (frozen, adaptive))
    return Steps(
        steps.t[at],
        frozen,
        adaptive,
        steps.did_update[at],
        steps.update_ok[at],
        evaluated=None if steps.evaluated is None else steps.evaluated[at],
    )


def _within(events: Transactions, steps: Steps, later: int) -> Counter[str]:
    """How often the transactions of these steps ended in each status.

    Each is recorded at the step before which it happened; `later` is 1 where it belongs to the
    step before that.
    """
    first, stop = np.searchsorted(events.t, (steps.t[0] + later, steps.t[-1] + 1 + later))
    numbers = np.bincount(events.status[first:stop], minlength=len(events.statuses))
    return Counter({name: int(n) for name, n in zip(events.statuses, numbers, strict=True) if n})


def _mean(values: Floats) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.mean(values)) if len(values) else float("nan")


def _losses(
    name: str, lower: bool, before: Floats, after: Floats, windows: Mapping[str, int]
) -> Iterator[ComparedLine]:
    """A row for each of some windows, which reach back so many rows from the end."""
    for what, most in windows.items():
        pair = before[-most:], after[-most:]
        if name == "frozen":
            pair = pair[0][np.isfinite(pair[0])], pair[1][np.isfinite(pair[1])]
        a, b = map(_mean, pair)
        how = improvement.compared(a, b, lower=lower)[0].replace("frozen", "recorded")
        how = "" if abs(a - b) <= ROUNDING * abs(a) else how
        yield ComparedLine(f"{name}, {what}", short(a), short(b), how, (a, b))


def _against_frozen(here: Steps, there: Steps, lower: bool) -> ComparedLine:
    def text(steps: Steps) -> str:
        frozen, adaptive, n = improvement.last_means(steps)
        return improvement.compared(frozen, adaptive, lower=lower)[0] if n else "-"

    return ComparedLine(f"than frozen, last {min(LAST, len(here))} steps", text(here), text(there))


def _committed(events: Transactions) -> str:
    return f"{int((events.status == COMMIT).sum())} of {len(events)} committed"


def _outcomes(recorded: Counter[str], changed: Counter[str]) -> Iterator[ComparedLine]:
    def amount(counts: Counter[str]) -> str:
        return f"{counts['commit']} of {counts.total()}"

    yield ComparedLine("committed", amount(recorded), amount(changed))
    for name in sorted({*recorded, *changed} - {"commit"}):
        a, b = recorded[name], changed[name]
        yield ComparedLine(f"rolled back: {reason_words(name)}", str(a), str(b), "", (a, b))


def _implied(data: SessionData, result: "WhatIfResult", here: Steps) -> Iterator[ComparedLine]:
    """The hidden quantity that the newest weights imply, with the true one."""
    hidden = data.meta.schema.hidden
    if hidden is None:
        return
    last = int(here.t[-1])
    texts, values = [], []
    for events, truth in (
        (data.transactions, data.truth_at(last)),
        (result.transactions, result.truth_at(last)),
    ):
        values.append(events.implied_by(events.in_force(last)))
        texts.append(f"{value_text(values[-1])} ({value_text(truth)})")
    yield ComparedLine(
        f"implied {hidden.name} (true)", texts[0], texts[1], "", (values[0], values[1])
    )
