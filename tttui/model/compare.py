"""Several sessions side by side: their numbers, what differs in their settings, and warnings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tttui.model.improvement import WINDOW, last_means
from tttui.model.session import Meta, Place, SessionData, SessionSummary
from tttui.model.steps import Trajectory
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
    """It counts something."""

    @property
    def best(self) -> int | None:
        """The session that does best; None where there is no telling."""
        known = [(v, i) for i, v in enumerate(self.values) if v is not None and np.isfinite(v)]
        if not self.better or len(known) < 2:
            return None
        return (min if self.better == "lower" else max)(known)[1]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same in all sessions; '-' where one does not record it."""

    group: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What is said about several sessions; all tuples are in their order."""

    sessions: tuple[SessionData, ...]
    names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    differences: tuple[Difference, ...]
    cautions: tuple["Caution", ...]
    transfer: Transfer | None = None
    """Computed only when asked for."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may mislead, with names and numbers."""
        return tuple(caution.full for caution in self.cautions)


@dataclass(frozen=True, slots=True)
class Caution:
    """What may mislead in a comparison."""

    full: str
    brief: str
    """In one short line."""


def compare(
    sessions: Sequence[SessionData], trajectories: Sequence[Trajectory | None]
) -> Comparison:
    """Compare sessions; their trajectories (None: not recorded) are checked against each other."""
    names = distinct_names([data.place for data in sessions], [data.run for data in sessions])
    cautions = [
        *_signature_warnings(sessions, names),
        *_length_warnings(sessions, names),
        *_trajectory_warnings(sessions, trajectories, names),
    ]
    return Comparison(
        tuple(sessions),
        names,
        metrics_of(sessions),
        with_mu(differences([data.meta for data in sessions]), sessions),
        tuple(cautions),
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
    ends = [last_means(data.steps) for data in sessions]
    baseline = [b if n else None for b, _, n in ends]
    adaptive = [a if n else None for _, a, n in ends]
    gains = [
        100 * (b - a) / b if a is not None and b else None
        for a, b in zip(adaptive, baseline, strict=True)
    ]
    found = [
        Metric("adaptive MSE", tuple(adaptive), "lower"),
        Metric(IMPROVEMENT, tuple(gains), "higher", "%"),
        Metric("frozen MSE", tuple(baseline)),
        Metric("adaptive MSE, whole run", tuple(map(_mean, sessions)), "lower"),
    ]
    shared = common_steps(sessions)
    if shared is not None and _spans(sessions)[1]:
        values = tuple(_mean(data, *shared) for data in sessions)
        found.append(Metric(f"adaptive MSE, t {shared[0]} to {shared[1]}", values, "lower"))
    counted = [n for _, _, n in ends]
    if len({n for n in counted if n}) > 1:
        found.append(Metric("steps in final errors", tuple(n or None for n in counted), whole=True))
    found.append(Metric("committed", tuple(map(_committed, sessions)), "", "%"))
    undone = [int(data.transactions.undone().sum()) for data in sessions]
    if any(undone):
        found.append(Metric("commits undone", tuple(undone), whole=True))
    found.append(Metric("implied mu error", tuple(map(_mu_error, sessions)), "lower"))
    return tuple(found)


def common_steps(sessions: Sequence[SessionData]) -> tuple[int, int] | None:
    """The first and the last step that all sessions with steps have; None where there is none."""
    spans, _ = _spans(sessions)
    if not spans:
        return None
    first, last = max(first for first, _ in spans), min(last for _, last in spans)
    return (first, last) if first <= last else None


def _spans(sessions: Sequence[SessionData]) -> tuple[list[tuple[int, int]], bool]:
    """First and last step of those that have any, and whether they differ."""
    spans = [(int(d.steps.t[0]), int(d.steps.t[-1])) for d in sessions if len(d.steps)]
    return spans, len(set(spans)) > 1


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


def _mu_error(data: SessionData) -> float | None:
    """How far the friction that the weights in force imply is from the true one."""
    events, truth = data.transactions, data.mu_now
    last = events.in_force(int(events.t[-1])) if len(events) else None
    if truth is None or last is None or not np.isfinite(events.implied_mu[last]):
        return None
    return abs(float(events.implied_mu[last]) - truth)


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
        "run_id",
        "run_dir",
    }
)
"""Keys of meta.json that name a session rather than set it up."""

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


def differences(metas: Sequence[Meta]) -> tuple[Difference, ...]:
    """Every recorded setting that differs, world first, then model, updates and the rest."""
    flat = [dict(_settings(meta)) for meta in metas]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    found: list[Difference] = []
    for group, name in keys:
        values = tuple(_text(settings.get((group, name))) for settings in flat)
        known = any((d.name, d.values) == (name, values) for d in found)  # recorded twice
        if len(set(values)) > 1 and not known:
            found.append(Difference(group, name, values))
    order = {group: i for i, group in enumerate(dict.fromkeys(GROUPS.values()))}
    return tuple(sorted(found, key=lambda d: order.get(d.group, len(order))))


def with_mu(found: Sequence[Difference], sessions: Sequence[SessionData]) -> tuple[Difference, ...]:
    """The differences, that of mu told by what is in force now and what was at first."""
    values = tuple(data.mu_text for data in sessions)
    rest = tuple(d for d in found if d.name not in ("mu", "mu_schedule"))
    return (Difference("world", "mu", values), *rest) if len(set(values)) > 1 else rest


def _settings(meta: Meta) -> Iterable[tuple[tuple[str, str], Any]]:
    for key, value in meta.raw.items():
        if key in IDENTITY:
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
    return str(value)


# Warnings


def _signature_warnings(sessions: Sequence[SessionData], names: Sequence[str]) -> Iterable[Caution]:
    known = [(data.meta.model_signature, name) for data, name in zip(sessions, names, strict=True)]
    unknown = [name for signature, name in known if signature is None]
    groups = _grouped((signature, name) for signature, name in known if signature is not None)
    if len(groups) > 1:
        yield Caution(
            f"Different model signatures: {_against(groups)}; their errors start from "
            "different weights.",
            "Different model signatures: errors start from different weights.",
        )
    if unknown:
        yield Caution(
            f"No model signature is recorded for {_list(unknown)}.",
            f"No model signature is recorded for {len(unknown)} of them.",
        )


def _length_warnings(sessions: Sequence[SessionData], names: Sequence[str]) -> Iterable[Caution]:
    if not _spans(sessions)[1]:
        return
    known = [
        (len(data.steps), name)
        for name, data in zip(names, sessions, strict=True)
        if len(data.steps)
    ]
    lengths = [f"{name} has {_count(n)}" for n, name in known]
    if len(known) > 3:
        (least, shortest), (most, longest) = min(known), max(known)
        lengths = [f"from {_count(least)} ({shortest}) to {most} ({longest})"]
    said = f"Different lengths: {_list(lengths)}"
    said += "; each mean is over the session's own steps"
    few = [f"{_count(n)} of {name}" for n, name in known if n < WINDOW]
    if few:
        said += f", the final one over only {_list(few)}"
    shared = common_steps(sessions)
    if shared is None:
        said += ". They have no step in common."
    else:
        said += f". All have the steps {shared[0]} to {shared[1]}."
    between = f"{min(known)[0]} to {_count(max(known)[0])}"
    yield Caution(said, f"Different lengths, {between}: each mean is over a session's own steps.")


def _count(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"


def _trajectory_warnings(
    sessions: Sequence[SessionData],
    trajectories: Sequence[Trajectory | None],
    names: Sequence[str],
) -> Iterable[Caution]:
    """Compares what was recorded, and where nothing was, the settings that shape it."""
    if len(sessions) < 2:
        return
    first, other, unknown = 0, list[str](), list[str]()
    for i in range(1, len(sessions)):
        here, there = trajectories[first], trajectories[i]
        if here is not None and there is not None:
            same = same_trajectory(here, there)
        else:
            same = same_world(sessions[first].meta, sessions[i].meta)
        if same is False:
            other.append(names[i])
        elif same is None:
            unknown.append(names[i])
    if other:
        yield Caution(
            f"Different trajectories: {_list(other)} saw other observations or actions than "
            f"{names[first]}; compare improvements rather than errors.",
            "Different trajectories: compare improvements rather than errors.",
        )
    if unknown:
        yield Caution(
            f"Whether {_list(unknown)} ran the trajectory of {names[first]} cannot be told: "
            "neither a trajectory nor a seed is recorded for both.",
            "Whether all ran the same trajectory cannot be told.",
        )


def same_trajectory(a: Trajectory, b: Trajectory) -> bool | None:
    """Whether both saw the same observations and actions at the steps that both have.

    None where they have no step in common.
    """
    _, at_a, at_b = np.intersect1d(a.t, b.t, return_indices=True)
    if not len(at_a):
        return None
    return bool(
        np.array_equal(a.z[at_a], b.z[at_b], equal_nan=True)
        and np.array_equal(a.a[at_a], b.a[at_b], equal_nan=True)
    )


def same_world(a: Meta, b: Meta) -> bool | None:
    """Whether seed and world settings say that both saw the same; None where they do not tell."""
    for x, y in ((a.mu, b.mu), (a.env_mode, b.env_mode), (a.seed, b.seed)):
        if x is not None and y is not None and x != y:
            return False
    if a.seed is None or b.seed is None or a.mu is None or b.mu is None:
        return None
    shaping = ("noise_std", "threshold_scale", "static_mult", "dynamic_mult", "dt", "action_std")
    for key in shaping:
        if a.env_cfg.get(key) != b.env_cfg.get(key):
            return False
    return bool(a.raw.get("mu_schedule") == b.raw.get("mu_schedule"))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, name in pairs:
        groups.setdefault(key, []).append(name)
    return groups


def _against(groups: Mapping[str, list[str]]) -> str:
    """`A and B against C`."""
    return " against ".join(_list(names) for names in groups.values())


def _list(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


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
