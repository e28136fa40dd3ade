"""Texts of the cards of the Overview: values and notes, from the fullest to the shortest."""

import numpy as np

from tttui.draw.numbers import count, forms
from tttui.model.arrays import Floats
from tttui.model.improvement import WINDOW, Improvement, why_no_mean, why_texts
from tttui.model.numbers import Forms, shrinking
from tttui.model.schema import Hidden
from tttui.model.session import SessionData
from tttui.model.truth import since_text, value_text
from tttui.widgets.cards import Tone


def error_texts(name: str, errors: Floats, *, every: bool = True) -> tuple[Forms, Forms]:
    """Value and note of the card of a model's error: the mean over the last steps, or why none.

    Not `every`: they are those at which both models were evaluated.
    """
    last = errors[-WINDOW:]
    why = why_no_mean(last)
    if not why:
        n = len(last)
        if not every:
            return forms(float(np.mean(last))), (f"last {n} compared", f"last {n}")
        return forms(float(np.mean(last))), (f"last {n} step{'' if n == 1 else 's'}", f"last {n}")
    if not len(errors) and not every:
        return ("-",), ("never evaluated", "no value")
    if len(errors) and np.isnan(last).all() and np.isnan(errors).all():
        return ("-",), (f"no {name} curve", "no curve")
    return (("diverged",) if np.isinf(last).any() else ("-",)), why_texts(why)


def improvement_texts(
    result: Improvement | None, *, alone: bool = False
) -> tuple[Forms, Forms, Tone]:
    """Value, interval and tone of the improvement's card; why there is none of either.

    `alone`: the frozen model was never evaluated.
    """
    if result is not None and result.n == 0 and alone:
        return ("-",), ("frozen was never evaluated", "no frozen"), "neutral"
    if result is None or result.n == 0:
        return ("-",), ("no steps yet", "no steps"), "neutral"
    if result.why_none:
        diverged = np.isinf(result.adaptive)
        value = ("diverged",) if diverged else ("-",)
        return value, why_texts(result.why_none), "bad" if diverged else "neutral"
    if result.why_no_interval:
        return result.texts, (f"no CI: {result.why_no_interval}", "no CI"), "neutral"
    if result.low == result.high == 0:
        return result.texts, (f"at each of {result.n} steps", "each step"), "warn"
    tones: dict[str, Tone] = {"better": "good", "worse": "bad", "unclear": "warn"}
    inside = [text.removesuffix(f" {result.tone}") for text in result.interval]
    ends = shrinking([*(f"95 % CI {t}" for t in inside), *(f"CI {t}" for t in inside)])
    unclear = ("no clear difference", "unclear") if result.tone == "unclear" else ()
    return result.texts, (*ends, *unclear), tones[result.tone]


def transaction_texts(data: SessionData) -> tuple[Forms, Forms, Tone]:
    """How many transactions were committed, how many not, and whether that is good."""
    committed, attempted = data.committed, data.attempted
    if not attempted:
        return ("-",), ("no transaction yet", "none yet"), "neutral"
    rolled = attempted - committed
    value = (f"{count(committed)} / {count(attempted)}", f"{committed}/{attempted}")
    note = (f"{count(rolled)} rolled back", f"{rolled} back")
    return value, note, "good" if committed > rolled else "bad"


def hidden_texts(
    data: SessionData, hidden: Hidden, cursor: int, newest: float | None
) -> tuple[Forms, Forms]:
    """The true hidden quantity, and what weights imply: those in force at the cursor, or where
    transactions do not tell that, the `newest`; it says which."""
    now, first = data.truth_now, data.meta.truth
    since = since_text(now, first)
    value = shrinking((since, since.replace("(", "").replace(")", ""), value_text(now)))
    events = data.transactions
    last, steps = events.in_force(cursor), data.steps.t
    at_end = len(steps) > 0 and last == events.in_force(int(steps[-1]))
    implied = events.implied_by(last)
    if implied is not None:
        return value, _implied_texts(hidden.implied_text(implied), None if at_end else cursor, data)
    if newest is not None and np.isfinite(newest):
        if at_end:
            return value, _implied_texts(hidden.implied_text(newest), None, data)
        return value, (f"implied {hidden.name} is known at the end only", "implied: at end")
    native = data.place.layout == "native"
    return value, ("implied: not yet",) if native else ("implied: not recorded", "not recorded")


def _implied_texts(shown: str, t: int | None, data: SessionData) -> Forms:
    """What weights imply: those in force at step t, or the newest ones (None)."""
    if t is None:
        return f"newest implied: {shown}", f"newest {shown}"
    true = data.truth_at(t)
    then = (
        (f"implied at t {t}: {shown} (true: {value_text(true)})",) if true != data.truth_now else ()
    )
    return (*then, f"implied at t {t}: {shown}", f"at t {t}: {shown}")
