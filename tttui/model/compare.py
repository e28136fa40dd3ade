"""Several sessions side by side: their numbers, what differs in their settings, and warnings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tttui.model.cautions import Caution, cautions, common_steps, spans
from tttui.model.dataclass import dataclass
from tttui.model.improvement import WINDOW, difference, last_means
from tttui.model.numbers import Forms
from tttui.model.schema import Hidden
from tttui.model.session import Meta, Place, SessionData, SessionSummary
from tttui.model.steps import Steps, Trajectory
from tttui.model.transactions import COMMIT
from tttui.model.transfer import Transfer

Better = Literal["lower", "higher", ""]

IMPROVEMENT = "improvement"
"""The metric that is positive where adaptive is better than frozen, in percent."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of every session, in their order; None where a session has none."""

    name: str
    values: tuple[float | None, ...]
    better: Better = ""
    """Which direction is good; '' where neither is."""
    unit: str = ""
    whole: bool = False
    """Whether it is a count."""
    units: tuple[str, ...] = ()
    """The unit of each value, if losses differ."""
    lower: tuple[bool, ...] = ()
    """For an improvement: whether a lower loss is better, by session."""

    def words(self, i: int) -> Forms:
        """An improvement in words."""
        return difference(self.values[i], lower=self.lower[i] if self.lower else True)

    @property
    def best(self) -> int | None:
        """The index of the best session; None if undecided."""
        known = [(v, i) for i, v in enumerate(self.values) if v is not None and np.isfinite(v)]
        if not self.better or len(known) < 2:
            return None
        return (min if self.better == "lower" else max)(known)[1]


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting that differs between sessions; '-' if a session does not record it."""

    group: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A comparison of several sessions; all tuples are in their order."""

    sessions: tuple[SessionData, ...]
    names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    differences: tuple[SettingDifference, ...]
    cautions: tuple[Caution, ...]
    transfer: Transfer | None = None
    """Computed only when asked for."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The cautions in full, with names and numbers."""
        return tuple(caution.full for caution in self.cautions)


def compare(
    sessions: Sequence[SessionData], trajectories: Sequence[Trajectory | None]
) -> Comparison:
    """Compare sessions; their trajectories (None: not recorded) are checked against each other."""
    names = distinct_names([data.place for data in sessions], [data.run for data in sessions])
    return Comparison(
        tuple(sessions),
        names,
        metrics_of(sessions),
        with_truth(differences([data.meta for data in sessions]), sessions),
        cautions(sessions, trajectories, names),
    )


def distinct_names(places: Sequence[Place], runs: Sequence[str | None]) -> tuple[str, ...]:
    """The shortest names that tell the sessions apart: name, run, then more of the path."""
    names = [place.name for place in places]
    if len(set(names)) < len(names):
        names = [
            f"{name} / {run}" if run and names.count(name) > 1 else name
            for name, run in zip(names, runs, strict=True)
        ]
    longest = max((len(place.path.parts) for place in places), default=0)
    depth = 2
    while len(set(names)) < len(names) and depth <= longest:
        names = [
            "/".join(place.path.parts[-depth:]) if names.count(name) > 1 else name
            for name, place in zip(names, places, strict=True)
        ]
        depth += 1
    return tuple(names)


def metrics_of(sessions: Sequence[SessionData]) -> tuple[Metric, ...]:
    """The final numbers; errors are means over the last 100 steps (or all, if fewer).

    Where the sessions have not the same steps, there is a mean over those that all have, and the
    number of steps behind the final errors.
    """
    loss, mixed = sessions[0].meta.loss, losses_differ(sessions)
    alike = not mixed and len({data.meta.schema.task.name for data in sessions}) == 1
    better: Better = "" if not alike else "lower" if loss.lower_is_better else "higher"
    units = tuple(data.meta.loss.unit or data.meta.loss.name for data in sessions) if mixed else ()
    ends = [_ends(data.steps) for data in sessions]
    frozen = [
        b if n and not data.steps.never_evaluated else None
        for (b, _, n), data in zip(ends, sessions, strict=True)
    ]
    adaptive = [a if n else None for _, a, n in ends]
    signs = [1 if data.meta.loss.lower_is_better else -1 for data in sessions]
    gains = [
        sign * 100 * (b - a) / abs(b) if a is not None and b else None
        for sign, a, b in zip(signs, adaptive, frozen, strict=True)
    ]
    name = "loss" if mixed else loss.name
    metrics = [
        Metric(f"adaptive {name}", tuple(adaptive), better, units=units),
        Metric(
            IMPROVEMENT,
            tuple(gains),
            "higher" if alike else "",
            "%",
            lower=tuple(sign > 0 for sign in signs),
        ),
        Metric(f"frozen {name}", tuple(frozen), units=units),
        Metric(f"adaptive {name}, whole run", tuple(map(_mean, sessions)), better, units=units),
    ]
    shared = common_steps(sessions)
    if shared is not None and spans(sessions)[1]:
        values = tuple(_mean(data, *shared) for data in sessions)
        title = f"adaptive {name}, t {shared[0]} to {shared[1]}"
        metrics.append(Metric(title, values, better, units=units))
    counted = [n for _, _, n in ends]
    if len({n for n in counted if n}) > 1:
        metrics.append(
            Metric("steps in final errors", tuple(n or None for n in counted), whole=True)
        )
    metrics.append(Metric("committed", tuple(map(_committed, sessions)), "", "%"))
    undone = [int(data.transactions.undone().sum()) for data in sessions]
    if any(undone):
        metrics.append(Metric("commits undone", tuple(undone), whole=True))
    hidden = _hidden(sessions)
    if hidden is not None:
        errors = tuple(map(_implied_error, sessions))
        metrics.append(Metric(f"implied {hidden.name} error", errors, "lower"))
    return tuple(metrics)


def _hidden(sessions: Sequence[SessionData]) -> Hidden | None:
    """The hidden quantity of the first of the sessions that has one."""
    return next(filter(None, (data.meta.schema.hidden for data in sessions)), None)


def losses_differ(sessions: Sequence[SessionData]) -> bool:
    """Whether the numbers of these sessions are of different losses or units."""
    return len({data.meta.loss.comparable for data in sessions}) > 1


SCALED_LOSS = "loss / mean frozen loss"
"""What stands over one axis where the losses themselves have different units."""


def loss_scales(sessions: Sequence[SessionData]) -> tuple[float | None, ...]:
    """What each session's losses are divided by, to stand over one axis.

    1 where all have the same loss, else the mean of its own frozen losses; None without one.
    """
    if not losses_differ(sessions):
        return (1.0,) * len(sessions)
    return tuple(_frozen_mean(data.steps) for data in sessions)


def _frozen_mean(steps: Steps) -> float | None:
    frozen = steps.compared()[1]
    frozen = frozen[np.isfinite(frozen)]
    mean = float(np.mean(frozen)) if len(frozen) else 0.0
    return mean if mean > 0 else None


def _ends(steps: Steps) -> tuple[float, float, int]:
    """As `last_means`; without a frozen error the adaptive one of the last steps."""
    if not steps.never_evaluated:
        return last_means(steps)
    last = steps.adaptive[-WINDOW:]
    with np.errstate(all="ignore"):
        return float("nan"), float(np.mean(last)), len(last)


def _mean(data: SessionData, first: int | None = None, last: int | None = None) -> float | None:
    """The mean adaptive error over the steps first..last, or over all."""
    t, y = data.steps.t, data.steps.adaptive
    start = 0 if first is None else int(np.searchsorted(t, first))
    stop = len(t) if last is None else int(np.searchsorted(t, last, "right"))
    with np.errstate(all="ignore"):  # infinities are shown as such
        return float(np.mean(y[start:stop])) if stop > start else None


def _committed(data: SessionData) -> float | None:
    events = data.transactions
    if len(events):
        return 100 * float(np.mean(events.status == COMMIT))
    tried = int(data.steps.did_update.sum())
    return 100 * float(data.steps.update_ok.sum()) / tried if tried else None


def _implied_error(data: SessionData) -> float | None:
    """The distance of the implied value from the true one."""
    events, truth = data.transactions, data.truth_now
    implied = events.implied_by(events.in_force(int(events.t[-1]))) if len(events) else None
    return None if truth is None or implied is None else abs(implied - truth)


# Settings

IDENTITY = frozenset(
    {
        "schema_version",
        "session_id",
        "created_at_unix",
        "last_run_at_unix",
        "parent_session_id",
        "root_session_id",
        "parent_path",
        "forked_at_t",
        "shares_past",
        "run_id",
        "run_dir",
    }
)
"""Keys of meta.json that name a session rather than set it up."""

LISTS = frozenset({"plastic", "kept", "model", "series", "controls"})
"""Keys that describe a model or files, at length."""

GROUPS = {
    "env_cfg": "world",
    "mu": "world",
    "env_mode": "world",
    "mu_schedule": "world",
    "model_cfg": "model",
    "plasticity_cfg": "updates",
    "pretraining_cfg": "base",
    "base_ckpt_hash": "base",
    "model_signature": "base",
}


def differences(metas: Sequence[Meta]) -> tuple[SettingDifference, ...]:
    """Every recorded setting that differs, world first, then model, updates and the rest."""
    flat = [dict(_settings(meta)) for meta in metas]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    differing: list[SettingDifference] = []
    for group, name in keys:
        values = tuple(_text(settings.get((group, name))) for settings in flat)
        known = any((d.name, d.values) == (name, values) for d in differing)  # recorded twice
        if len(set(values)) > 1 and not known:
            differing.append(SettingDifference(group, name, values))
    order = {group: i for i, group in enumerate(dict.fromkeys(GROUPS.values()))}
    return tuple(sorted(differing, key=lambda d: order.get(d.group, len(order))))


def with_truth(
    settings: Sequence[SettingDifference], sessions: Sequence[SessionData]
) -> tuple[SettingDifference, ...]:
    """The differences, that of the hidden quantity told by its present and its first value."""
    hidden = _hidden(sessions)
    if hidden is None:
        return tuple(settings)
    values = tuple(data.truth_text for data in sessions)
    rest = tuple(d for d in settings if d.name not in (hidden.name, f"{hidden.name}_schedule"))
    if len(set(values)) == 1:
        return rest
    return (SettingDifference("world", hidden.name, values), *rest)


def _settings(meta: Meta) -> Iterable[tuple[tuple[str, str], Any]]:
    for key, value in meta.raw.items():
        if key in IDENTITY or key in LISTS:
            continue
        if key == "task":
            yield ("task", "task"), meta.schema.task.name
            for name, inner in meta.schema.task.settings.items():
                yield ("task", str(name)), inner
            continue
        if key == "loss":
            yield ("task", "loss"), meta.loss.label
            continue
        group = GROUPS.get(key, "run")
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield (group, str(name)), inner
        else:
            yield (group, key), value


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and len(value) == 64:
        return value[:10]
    if isinstance(value, list | tuple) and not any(isinstance(v, list | dict) for v in value):
        return ", ".join(map(_text, value))
    if isinstance(value, Mapping) and not any(isinstance(v, list | dict) for v in value.values()):
        return ", ".join(f"{name} {_text(v)}" for name, v in value.items())
    return str(value)


def compatible(summaries: Sequence[SessionSummary], index: int) -> tuple[list[int], list[int]]:
    """The other sessions of the same model as one, and those of them with the same base file.

    Sessions without a recorded signature are compatible with none.
    """
    own = summaries[index].meta
    if own.model_signature is None:
        return [], []
    same = [
        i
        for i, summary in enumerate(summaries)
        if i != index and summary.meta.model_signature == own.model_signature
    ]
    based = [i for i in same if summaries[i].meta.base_ckpt_hash == own.base_ckpt_hash]
    return same, based
