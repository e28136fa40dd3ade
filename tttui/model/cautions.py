"""Cautions about a comparison of sessions: other models, lengths or trajectories."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.model.improvement import WINDOW
from tttui.model.session import Meta, SessionData
from tttui.model.steps import Trajectory


@dataclass(frozen=True, slots=True)
class Caution:
    """A caution about a comparison."""

    full: str
    brief: str
    """In one short line."""


def cautions(
    sessions: Sequence[SessionData],
    trajectories: Sequence[Trajectory | None],
    names: Sequence[str],
) -> tuple[Caution, ...]:
    """The cautions about a comparison of these sessions."""
    return (
        *_loss_warnings(sessions, names),
        *_signature_warnings(sessions, names),
        *_length_warnings(sessions, names),
        *_trajectory_warnings(sessions, trajectories, names),
    )


def _loss_warnings(sessions: Sequence[SessionData], names: Sequence[str]) -> Iterable[Caution]:
    metas = [data.meta for data in sessions]
    losses = _grouped((m.loss.label, name) for m, name in zip(metas, names, strict=True))
    tasks = _grouped((m.schema.task.name, name) for m, name in zip(metas, names, strict=True))
    if len({meta.loss.comparable for meta in metas}) > 1:
        yield Caution(
            f"Different losses: {_groups_text(losses)}; their values do not compare, "
            "and none is named the best.",
            "Different losses: their values do not compare.",
        )
    if len(tasks) > 1:
        yield Caution(
            f"Different tasks: {_groups_text(tasks)}; the models do different things, "
            "and none is named the best.",
            "Different tasks: the models do different things.",
        )


def _signature_warnings(sessions: Sequence[SessionData], names: Sequence[str]) -> Iterable[Caution]:
    if not all(data.meta.is_point_mass for data in sessions):
        return  # only the point mass has one
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
    if not spans(sessions)[1]:
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
    text = f"Different lengths: {_list(lengths)}"
    text += "; each mean is over the session's own steps"
    few = [f"{_count(n)} of {name}" for n, name in known if n < WINDOW]
    if few:
        text += f", the final one over only {_list(few)}"
    shared = common_steps(sessions)
    if shared is None:
        text += ". They have no step in common."
    else:
        text += f". All have the steps {shared[0]} to {shared[1]}."
    between = f"{min(known)[0]} to {_count(max(known)[0])}"
    yield Caution(text, f"Different lengths, {between}: each mean is over a session's own steps.")


def _count(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"


def _trajectory_warnings(
    sessions: Sequence[SessionData],
    trajectories: Sequence[Trajectory | None],
    names: Sequence[str],
) -> Iterable[Caution]:
    """Cautions about different trajectories, by the records or, without them, by the settings."""
    if len(sessions) < 2 or not all(data.meta.is_point_mass for data in sessions):
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
    """Whether both have the same observations and actions at common steps; None without common
    steps.
    """
    _, at_a, at_b = np.intersect1d(a.t, b.t, return_indices=True)
    if not len(at_a):
        return None
    return bool(
        np.array_equal(a.z[at_a], b.z[at_b], equal_nan=True)
        and np.array_equal(a.a[at_a], b.a[at_b], equal_nan=True)
    )


def same_world(a: Meta, b: Meta) -> bool | None:
    """Whether seed and world settings give the same trajectory; None if unknown."""
    for x, y in ((a.truth, b.truth), (a.env_mode, b.env_mode), (a.seed, b.seed)):
        if x is not None and y is not None and x != y:
            return False
    if a.seed is None or b.seed is None or a.truth is None or b.truth is None:
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


def _groups_text(groups: Mapping[str, list[str]]) -> str:
    """`accuracy for A and B, MSE for C`."""
    return ", ".join(f"{key} for {_list(names)}" for key, names in groups.items())


def _list(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def common_steps(sessions: Sequence[SessionData]) -> tuple[int, int] | None:
    """The first and the last step that all sessions with steps have; None where there is none."""
    known, _ = spans(sessions)
    if not known:
        return None
    first, last = max(first for first, _ in known), min(last for _, last in known)
    return (first, last) if first <= last else None


def spans(sessions: Sequence[SessionData]) -> tuple[list[tuple[int, int]], bool]:
    """First and last step of those that have any, and whether they differ."""
    known = [(int(d.steps.t[0]), int(d.steps.t[-1])) for d in sessions if len(d.steps)]
    return known, len(set(known)) > 1
