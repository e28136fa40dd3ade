"""Why a transaction ended as it did, in plain English, with this session's own thresholds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.session import SessionData
from tttui.model.setting import float_of
from tttui.model.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Gate:
    """How close a transaction came to a threshold. `share` is value / limit (1 is the limit)."""

    name: str
    value: float
    limit: float
    recorded: bool | None = None
    """Whether it passed, if recorded: a gate of the user may be a lower limit."""

    @property
    def share(self) -> float:
        return self.value / self.limit if self.limit else float("inf")

    @property
    def passed(self) -> bool:
        return self.value <= self.limit if self.recorded is None else self.recorded


def number(value: float | None, more: int = 0) -> str:
    """A number as it stands in sentences: 0.0890, 25.0, 1.20e-05; with `more` digits if asked."""
    if value is None:
        return "not recorded"
    magnitude = abs(value)
    if magnitude != magnitude or magnitude == float("inf") or value == 0:
        return str(value)
    if magnitude < 1e-3 or magnitude >= 1e5:
        return f"{value:.{2 + more}e}"
    return f"{value:.{(1 if magnitude >= 10 else 4) + more}f}"


def distinct_texts(value: float | None, limit: float | None) -> tuple[str, str]:
    """Both numbers as text, with enough digits to show which is larger."""
    for more in range(12):
        texts = number(value, more), number(limit, more)
        if value is None or value == limit or texts[0] != texts[1]:
            break
    return texts


STANDARD = {"grad_norm": "gradient norm", "loss_regression": "loss after"}
"""Gates of every task's transactions, as they are recorded and as they are called."""

NUMBERS = ("pre_loss", "grad_norm", "post_loss", "pre_max_h", "post_max_h")
"""The numbers that may be non-finite."""


def gates(event: Transaction, plasticity: Mapping[str, Any]) -> list[Gate]:
    """The numeric gates that this transaction met, those with both a value and a threshold: as
    they were recorded, else by its numbers and the settings."""
    numeric = []
    recorded = {STANDARD.get(gate.name, gate.name) for gate in event.gates}

    def add(name: str, value: float | None, limit: float | None) -> None:
        if value is not None and limit is not None and name not in recorded:
            numeric.append(Gate(name, value, limit))

    tol = threshold(plasticity, "rollback_tol")
    add("gradient norm", event.grad_norm, threshold(plasticity, "grad_norm_max"))
    if event.pre_loss is not None and tol is not None:
        add("loss after", event.post_loss, (1 + tol) * event.pre_loss)
    h = event.post_max_h if event.post_max_h is not None else event.pre_max_h
    add("state norm", h, threshold(plasticity, "state_norm_max"))
    factor = threshold(plasticity, "probation")
    if event.live_frozen_mse is not None and factor:
        add("live error", event.live_mse, factor * event.live_frozen_mse)
    for gate in event.gates:
        if gate.value is not None and gate.limit is not None:
            name = STANDARD.get(gate.name, gate.name)
            numeric.append(Gate(name, gate.value, gate.limit, gate.passed))
    return numeric


def threshold(plasticity: Mapping[str, Any], key: str) -> float | None:
    """A number of plasticity_cfg, or None where it is absent or no number."""
    value = plasticity.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float_of(value)


def explain(event: Transaction, plasticity: Mapping[str, Any], undone_at: int | None = None) -> str:
    """One or two sentences with the numbers and the thresholds of this session.

    `undone_at` is the step at which a commit was taken back.
    """
    text = _explain(event, plasticity)
    if undone_at is None:
        return text
    return f"{text} Undone at t {undone_at}, where earlier weights were restored."


def _explain(event: Transaction, plasticity: Mapping[str, Any]) -> str:
    pre, post = event.pre_loss, event.post_loss
    tol = threshold(plasticity, "rollback_tol")
    match event.status:
        case "commit":
            return _explain_commit(pre, post, tol, bool(gates(event, plasticity)))
        case "rollback_loss_regression":
            if pre is None or tol is None:
                return (
                    f"Rolled back because post_loss ({number(post)}) exceeded the allowed rise "
                    f"over pre_loss ({number(pre)}); the tolerance is not recorded."
                )
            after, allowed = distinct_texts(post, pre * (1 + tol))
            return (
                f"Rolled back because post_loss ({after}) exceeded pre_loss x "
                f"{_factor(1 + tol)} ({allowed})."
            )
        case "rollback_grad_norm":
            norm, most = distinct_texts(event.grad_norm, threshold(plasticity, "grad_norm_max"))
            return (
                f"Rolled back because grad_norm ({norm}) exceeded the threshold ({most}); "
                "no step was taken."
            )
        case "rollback_state_norm":
            h = event.post_max_h if event.post_max_h is not None else event.pre_max_h
            size, most = distinct_texts(h, threshold(plasticity, "state_norm_max"))
            return (
                f"Rolled back because the replayed state norm ({size}) exceeded the "
                f"threshold ({most})."
            )
        case "rollback_non_finite":
            return _explain_non_finite(event)
        case "rollback_live_regression":
            return _explain_live(event, threshold(plasticity, "probation"))
        case other if other.startswith("rollback") and (event.reason or event.gates):
            return _explain_own(event)
        case other:
            return f"Ended as {other!r}, a status that tttui does not know."


def _explain_own(event: Transaction) -> str:
    """Explain a rollback for a reason recorded by the user's code."""
    words = event.reason or event.status.removeprefix("rollback").strip("_").replace("_", " ")
    text = f"Rolled back: {words}." if words else "Rolled back."
    failed = [gate for gate in event.gates if not gate.passed]
    for gate in failed[:3]:
        value, limit = distinct_texts(gate.value, gate.limit)
        text += f" {gate.name} ({value}) did not pass its gate ({limit})."
    return text


def _explain_live(event: Transaction, factor: float | None) -> str:
    live, frozen = event.live_mse, event.live_frozen_mse
    times = f"{factor:g} x the frozen model's" if factor else "what was allowed"
    unseen = "the unseen steps"
    if event.live_steps is not None:
        many = event.live_steps != 1
        unseen = f"the {event.live_steps} unseen steps" if many else "the one unseen step"
    reason = f"the live error on {unseen} since the last transaction"
    if live is not None and frozen is not None and factor:
        now, allowed = distinct_texts(live, factor * frozen)
        reason += f" ({now}) exceeded {times} ({factor:g} x {number(frozen)} = {allowed})."
    else:
        reason += f" exceeded {times}."
    if event.to_t is None:
        return f"Rolled back because {reason}"
    where = f"those of step {event.to_t}" if event.to_t else "the first ones"
    where = "those of the base" if event.to_t < 0 else where
    return f"Rolled back because {reason} The weights went back to {where}."


def _factor(value: float) -> str:
    """`1.20`; more digits only where there are more."""
    return max(f"{value:.2f}", f"{value:g}", key=len)


def _explain_non_finite(event: Transaction) -> str:
    where = [k for k in NUMBERS if _odd(event, k)]
    if where:
        reason = f"a value was not finite in {', '.join(where)}"
    elif event.post_loss is None:
        reason = "something that was observed since the last transaction was not finite"
    else:
        reason = "the step led to weights that are not finite"
    taken = "" if event.post_loss is not None else " No step was taken."
    return f"Rolled back because {reason}; the weights are untouched.{taken}"


def _explain_commit(pre: float | None, post: float | None, tol: float | None, gated: bool) -> str:
    if pre is None or post is None or not pre > 0:
        return "Committed: every gate passed." if gated else "Committed; no gate was recorded."
    change = 100 * (post - pre) / pre
    if change <= 0:
        passed = " and every gate passed." if gated else "; no gate was recorded."
        return f"Committed: the loss {_fell(-change)}{passed}"
    inside = f": inside the tolerance of {100 * tol:g} %" if tol is not None else ""
    return f"Committed although the loss rose by {change:.2g} %{inside}."


def _fell(percent: float) -> str:
    """A decrease in percent, with two digits below one percent, never 0."""
    if percent == 0:
        return "stayed the same"
    if percent < 0.001:
        return "fell by less than 0.001 %"
    small = f"{percent:.2g}" if percent >= 0.01 else f"{percent:.3f}"
    shown = small if percent < 1 else f"{percent:.0f}" if percent < 99.5 else f"{percent:.2f}"
    return f"fell by {shown} %"


def _odd(event: Transaction, key: str) -> bool:
    value = getattr(event, key)
    return value is not None and (value != value or abs(value) == float("inf"))


def limits(data: SessionData, key: str) -> Floats:
    """A number of plasticity_cfg for every transaction [n]; NaN where it is not recorded."""
    first = threshold(data.meta.plasticity_cfg, key)
    thresholds = np.full(len(data.transactions), np.nan if first is None else first)
    for at, values in data.settings_changes:
        if key in values:
            value = threshold(values, key)
            thresholds[data.transactions.t >= at] = np.nan if value is None else value
    return thresholds
