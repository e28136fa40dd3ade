"""Several sessions side by side: their numbers, what differs in their settings, and warnings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.improvement import last_means
from tttui.model.session import Meta, Place, SessionData, SessionSummary
from tttui.model.steps import Trajectory
from tttui.model.transactions import COMMIT

SAME_MU = 1e-3
"""Frictions closer than this are the same world for the transfer matrix."""

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of every session, in their order; None where a session has none."""

    name: str
    values: tuple[float | None, ...]
    better: Better = ""
    """Which direction is good; '' where neither is."""
    unit: str = ""

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
class Transfer:
    """Errors [i, j] of the weights of session i, frozen, in the world of session j."""

    sessions: tuple[int, ...]
    """Numbers of the compared sessions that could be tested, in the order of the rows."""
    errors: Floats
    steps: int
    missing: tuple[str, ...] = ()
    """Why other sessions are left out."""

    @property
    def winners(self) -> tuple[int, ...]:
        """For every world the row whose weights predict it best (-1: none is finite)."""
        out = []
        for column in self.errors.T:
            known = np.isfinite(column)
            out.append(int(np.nanargmin(np.where(known, column, np.nan))) if known.any() else -1)
        return tuple(out)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What is said about several sessions; all tuples are in their order."""

    sessions: tuple[SessionData, ...]
    names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]
    transfer: Transfer | None = None
    """Computed only when asked for."""


def compare(
    sessions: Sequence[SessionData], trajectories: Sequence[Trajectory | None]
) -> Comparison:
    """Compare sessions; their trajectories (None: not recorded) are checked against each other."""
    names = distinct_names([data.place for data in sessions], [data.run for data in sessions])
    warnings = [
        *_signature_warnings(sessions, names),
        *_trajectory_warnings(sessions, trajectories, names),
    ]
    return Comparison(
        tuple(sessions),
        names,
        metrics_of(sessions),
        differences([data.meta for data in sessions]),
        tuple(warnings),
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
    """The final numbers; errors are means over the last 100 steps (or all, if fewer)."""
    ends = [last_means(data.steps) for data in sessions]
    baseline = [b if n else None for b, _, n in ends]
    adaptive = [a if n else None for _, a, n in ends]
    gains = [
        100 * (b - a) / b if a is not None and b else None
        for a, b in zip(adaptive, baseline, strict=True)
    ]
    return (
        Metric("adaptive MSE", tuple(adaptive), "lower"),
        Metric("improvement", tuple(gains), "higher", "%"),
        Metric("frozen MSE", tuple(baseline), "lower"),
        Metric("adaptive MSE, whole run", tuple(map(_whole_mean, sessions)), "lower"),
        Metric("committed", tuple(map(_committed, sessions)), "", "%"),
        Metric("implied mu error", tuple(map(_mu_error, sessions)), "lower"),
    )


def _whole_mean(data: SessionData) -> float | None:
    with np.errstate(all="ignore"):  # infinities are shown as such
        return float(np.mean(data.steps.adaptive)) if len(data.steps) else None


def _committed(data: SessionData) -> float | None:
    events = data.transactions
    if len(events):
        return 100 * float(np.mean(events.status == COMMIT))
    tried = int(data.steps.did_update.sum())
    return 100 * float(data.steps.update_ok.sum()) / tried if tried else None


def _mu_error(data: SessionData) -> float | None:
    """How far the friction that the newest committed weights imply is from the true one."""
    events, truth = data.transactions, data.mu_now
    known = np.flatnonzero(np.isfinite(events.implied_mu) & (events.status == COMMIT))
    if truth is None or not len(known):
        return None
    return abs(float(events.implied_mu[known[-1]]) - truth)


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
    found = []
    for group, name in keys:
        values = tuple(_text(settings.get((group, name))) for settings in flat)
        if len(set(values)) > 1:
            found.append(Difference(group, name, values))
    order = {group: i for i, group in enumerate(dict.fromkeys(GROUPS.values()))}
    return tuple(sorted(found, key=lambda d: order.get(d.group, len(order))))


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


def _signature_warnings(sessions: Sequence[SessionData], names: Sequence[str]) -> Iterable[str]:
    known = [(data.meta.model_signature, name) for data, name in zip(sessions, names, strict=True)]
    unknown = [name for signature, name in known if signature is None]
    groups = _grouped((signature, name) for signature, name in known if signature is not None)
    if len(groups) > 1:
        yield (
            f"Different model signatures: {_against(groups)}; their errors start from "
            "different weights."
        )
    if unknown:
        yield f"No model signature is recorded for {_list(unknown)}."


def _trajectory_warnings(
    sessions: Sequence[SessionData],
    trajectories: Sequence[Trajectory | None],
    names: Sequence[str],
) -> Iterable[str]:
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
        yield (
            f"Different trajectories: {_list(other)} saw other observations or actions than "
            f"{names[first]}; compare improvements rather than errors."
        )
    if unknown:
        yield (
            f"Whether {_list(unknown)} ran the trajectory of {names[first]} cannot be told: "
            "neither a trajectory nor a seed is recorded for both."
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
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
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


def transfer_sentence(found: Transfer, names: Sequence[str], mus: Sequence[float | None]) -> str:
    """What the matrix says: memory of each world's own mu, or a general improvement."""
    n = len(found.sessions)
    if n < 2:
        return "Mark two or more sessions whose weights and mu are recorded."
    known = [mus[i] or 0.0 for i in found.sessions]
    if max(known) - min(known) < SAME_MU:
        return "All these worlds have the same mu, so the matrix says nothing about memory."
    # weights of another session with the same mu remember it just as well
    won = [w >= 0 and abs(known[w] - known[j]) < SAME_MU for j, w in enumerate(found.winners)]
    wins = sum(won)
    if wins == n:
        return (
            f"The diagonal wins in all {n} worlds: every session's weights predict their own "
            "world best, so they remember its mu."
        )
    lost = [
        f"{names[found.sessions[w]]} does better in the world of {names[found.sessions[j]]}"
        for j, w in enumerate(found.winners)
        if w >= 0 and not won[j]
    ]
    head = f"The diagonal wins in {wins} of {n} worlds"
    told = f": {'; '.join(lost[:2])}" if lost else ""
    return f"{head}{told}. Part of what was learned is general, not memory of mu."
