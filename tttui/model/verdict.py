"""The verdict on whether adaptation works: one sentence of ranked clauses.

Where there is little room the least important clauses are left out first, which a mark says; the
statement itself is never among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.model.improvement import (
    MIN_STEPS,
    WINDOW,
    Improvement,
    Tone,
    final_improvement,
    improvement,
)
from tttui.model.numbers import short, whole_until
from tttui.model.session import Meta, SessionData
from tttui.model.truth import value_text

if TYPE_CHECKING:  # of few sessions
    from tttui.model.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the verdict, with the space or the sign that stands before it."""

    text: str
    rank: int = 0
    """0 is always said; of the others the highest is left out first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "does test-time training work here?"."""

    clauses: Sequence[Clause]
    tone: Tone
    improvement: Improvement | None = None

    @classmethod
    def plain(cls, sentence: str, tone: Tone, result: Improvement | None = None) -> "Verdict":
        """A verdict of one clause that is never left out."""
        return cls((Clause(sentence),), tone, result)

    @property
    def sentence(self) -> str:
        return "".join(clause.text for clause in self.clauses)

    def shortened(self, fits: Callable[[str], bool], mark: str) -> str:
        """The fullest version that fits; `mark` stands at its end where something is left out."""
        for most in sorted({clause.rank for clause in self.clauses}, reverse=True):
            texts = [clause.text for clause in self.clauses if clause.rank <= most]
            text = "".join(texts)
            if len(texts) < len(self.clauses):
                text += f" {mark}"
            if fits(text):
                return text
        least = text.removesuffix(f" {mark}")
        end = len(least)
        while (end := least.rfind(" ", 0, max(end, 0))) > 0:
            text = f"{least[:end]} {mark}"
            if whole_until(least, end) == end and fits(text):
                return text
        return mark if fits(mark) else ""


LEAST = 9
"""The rank of what is left out first."""


def with_ledger(judged: Verdict, ledger: "Ledger | None") -> Verdict:
    """The verdict with a clause on whether the scores came before the learning.

    Scores after learning make every comparison worthless: then that clause comes first, and the
    verdict is no success.
    """
    if ledger is None or not ledger.steps:
        return judged
    sentence = f"{ledger.sentence[0].upper()}{ledger.sentence[1:]}."
    if ledger.answer == "violated":
        clauses = (Clause(f"{sentence} "), *judged.clauses)
        return replace(judged, clauses=clauses, tone="worse")
    return replace(judged, clauses=(*judged.clauses, Clause(f" {sentence}", LEAST)))


def verdict(data: SessionData, implied: float | None = None) -> Verdict:
    """Judge a session by its records; every clause states only what its numbers show.

    `implied` is the hidden quantity that the newest weights imply, if no transaction records it.
    """
    steps, attempted, committed = data.steps, data.attempted, data.committed
    if len(steps) == 0:
        why = data.problem("steps")
        reason = why.reason if why else "no step was recorded."
        return Verdict.plain(f"There is nothing to judge yet: {reason}", "unclear")
    if data.loading:
        sentence = f"No verdict yet: {data.read_percent} of the session has been read."
        return Verdict.plain(sentence, "unclear")
    lower = data.meta.loss.lower_is_better
    result = final_improvement(steps, lower=lower)
    counted = f"{committed} of {attempted} transactions committed"
    if steps.never_evaluated:
        return _alone(data, counted)
    if result.why_none:
        return _without_a_number(data, result, counted)
    first = int(np.argmax(steps.update_ok)) if steps.update_ok.any() else len(steps)
    if committed == 0 and not data.meta.is_point_mass:
        first = 0  # what changed the model was not recorded as a transaction
        counted = counted if attempted else "no update recorded"
    learned = len(steps) - first
    if steps.evaluated is not None:
        learned = int(steps.evaluated[first:].sum())
    if committed == 0 and _same_model(data):
        never = _never_changed(attempted, len(steps), data.meta)
        return Verdict.plain(never, "unclear", result)
    if result.frozen == result.adaptive == 0:
        none = "neither model makes an error" if lower else f"both have {data.meta.loss.name} 0"
        return Verdict.plain(
            f"Nothing to compare: {none} over the last {result.n} steps.", "unclear", result
        )
    compares = f"daptive is {_than_frozen(result.texts[0])}"
    over = Clause(_over(data, result), 1)
    means = Clause(f" ({short(result.frozen)} -> {short(result.adaptive)})", 6)
    if learned < MIN_STEPS or result.n < MIN_STEPS:
        few = f": {len(steps)} recorded, {learned} since the first commit"
        if steps.evaluated is not None or not committed:
            since = " since the first commit" if committed else ""
            few = f": both models were evaluated at {learned} of {len(steps)}{since}"
        so_far = Clause("; so far a" + compares, 1)
        clauses = (Clause("Too few steps to tell"), Clause(few, 2), so_far, over, Clause("."))
        return Verdict(clauses, "unclear", result)
    tone = result.tone
    lead = "Test-time training makes things worse here. " if tone == "worse" else ""
    if tone == "unclear":
        start = Clause("No clear difference: a" + compares)
        chance = f", but the 95 % CI ({_first(result.interval)}) includes zero"
        if result.why_no_interval:
            chance = f", without a confidence interval: {result.why_no_interval}"
        body = [start, over, Clause(chance, 3), Clause(f"; {counted}", 4), Clause(".")]
    else:
        inside = _first(result.interval).removesuffix(f" {tone}")
        body = [
            Clause(f"{lead}A{compares}"),
            *((means,) if "times" in compares else ()),
            over,
            Clause(f" (95 % CI {inside})", 3),
            Clause(f", with {counted}", 4),
            Clause("."),
        ]
    body += _mostly_rolled_back(data)
    if data.meta.is_point_mass:
        body += _implied_sentence(data, implied)
    return Verdict(tuple(body), tone, result)


def _same_model(data: SessionData) -> bool:
    """Whether a session without a commit has one model, not two: others than the point mass may
    learn without saying so."""
    _, frozen, adaptive = data.steps.compared()
    return data.meta.is_point_mass or bool(np.array_equal(frozen, adaptive, equal_nan=True))


def _over(data: SessionData, result: Improvement) -> str:
    """Which steps the comparison rests on."""
    text = f" over the last {result.n} steps"
    if data.steps.evaluated is None:
        return text
    return f"{text} at which frozen was evaluated"


def _alone(data: SessionData, counted: str) -> Verdict:
    """The verdict on a session whose frozen model was never evaluated: the course of its loss."""
    loss, adaptive = data.meta.loss, data.steps.adaptive
    clauses = [Clause("Nothing to compare with: the frozen model was never evaluated.")]
    n = min(WINDOW, len(adaptive) // 2)
    with np.errstate(all="ignore"):
        ends = (float(np.mean(adaptive[:n])), float(np.mean(adaptive[-n:]))) if n else (np.nan,)
    if np.isfinite(ends).all():
        begun, ended = map(short, ends)
        unit = f" {loss.unit}" if loss.unit and loss.label != loss.name else ""
        clauses.append(
            Clause(
                f" Adaptive's {loss.name} went from {begun} (first {n} steps) to {ended}{unit} "
                f"(last {n}).",
                1,
            )
        )
    if data.attempted:
        clauses.append(Clause(f" {counted[:1].upper()}{counted[1:]}.", 2))
    return Verdict(tuple(clauses), "unclear", final_improvement(data.steps))


def reason_words(status: str) -> str:
    """`rollback_grad_norm` -> `gradient norm`: how people name the gate."""
    return {
        "rollback_loss_regression": "loss regression",
        "rollback_grad_norm": "gradient norm",
        "rollback_state_norm": "state norm",
        "rollback_non_finite": "a non-finite value",
        "rollback_live_regression": "live regression",
    }.get(status, status.removeprefix("rollback_").replace("_", " "))


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""


def _than_frozen(compared: str) -> str:
    """`84 % better` -> `84 % better than frozen`."""
    return f"{compared} {'to' if compared == 'equal' else 'than'} frozen"


def _without_a_number(data: SessionData, result: Improvement, counted: str) -> Verdict:
    """Why there is no improvement to tell, what ended badly first."""
    t, frozen, adaptive = data.steps.compared()
    over = _over(data, result)
    noun = "error" if data.meta.is_point_mass else data.meta.loss.name
    updates = Clause(f" {counted[:1].upper()}{counted[1:]}.", 2)
    for name, errors in (("frozen", frozen), ("adaptive", adaptive)):
        if np.isnan(errors).all():
            why = f"no {name} curve"
            lead = Clause(f"Nothing to compare: there is {why}.")
            return Verdict((lead, updates), "unclear", replace(result, why_none=why))
    if not np.isfinite(adaptive[-1]) and np.isfinite(frozen[-1]):
        known = np.flatnonzero(np.isfinite(adaptive))
        since = int(known[-1]) + 1 if len(known) else 0
        diverged = bool(np.isinf(adaptive[since:]).any())
        problem = f"diverged: its {noun} is infinite"
        problem = problem if diverged else f"broke down: its {noun} is NaN"
        lead = Clause(f"Adaptive {problem} since step {int(t[since])}.")
        return Verdict((lead, updates), "worse", result)
    if np.isfinite(result.frozen) and np.isfinite(result.adaptive):
        compares = _than_frozen(_first(result.texts))
        if result.frozen == 0 and result.lower:
            compares = "worse than frozen, which makes no error"
        elif result.frozen == 0:
            compares = "better than frozen, which has 0"
        tone: Tone = "better" if compares.startswith("better") else "worse"
        return Verdict((Clause(f"Adaptive is {compares}{over}."), updates), tone, result)
    clauses = [Clause(f"No mean to compare ({result.why_none}).")]
    last = slice(len(frozen) - result.n, None)
    both = np.isfinite(adaptive[last]) & np.isfinite(frozen[last])
    rest = improvement(frozen[last][both], adaptive[last][both], lower=result.lower)
    if rest.n and not rest.why_none:
        compares = _than_frozen(rest.texts[0])
        clauses.append(Clause(f" Over the other {rest.n} steps adaptive is {compares}.", 1))
    return Verdict((*clauses, updates), "unclear", result)


def _never_changed(attempted: int, n: int, meta: Meta) -> str:
    tried = (
        f"None of {attempted} transactions was committed"
        if attempted
        else "No transaction was tried"
    )
    same = "adaptive and frozen are the same model"
    if meta.begins_with_version:
        same = f"adaptive is still {meta.started_from}"
    elif meta.parent_session_id is not None:
        same = "adaptive is still the model that it was forked from"
    return f"{tried} in {n} steps, so {same}."


def _mostly_rolled_back(data: SessionData) -> list[Clause]:
    if data.committed * 2 >= data.attempted:
        return []
    reasons = [(k, v) for k, v in data.transactions.counts().items() if k != "commit"]
    name, count = max(reasons, key=lambda item: item[1], default=("", 0))
    own = data.transactions.reasons.get(name)
    words = f'"{own}"' if own else reason_words(name)
    why = f", most often for {words} ({count})" if name else ""
    return [Clause(" Most transactions were rolled back", 2), Clause(why, 5), Clause(".", 2)]


def _implied_sentence(data: SessionData, implied: float | None) -> list[Clause]:
    events, hidden = data.transactions, data.meta.schema.hidden
    recorded = events.implied_by(events.in_force(int(data.steps.t[-1])))
    value = implied if recorded is None else recorded
    if hidden is None or value is None or not np.isfinite(value):
        return []
    much = f"{hidden.highest:g} or more" if value >= hidden.highest else value_text(value)
    truth = "not recorded" if data.truth_now is None else data.truth_text
    sentence = f" The newest weights imply {hidden.name} {much}; the truth is {truth}."
    return [Clause(sentence, 7)]
