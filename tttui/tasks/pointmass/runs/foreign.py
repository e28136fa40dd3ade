"""Checks of a session that another program wrote.

Its updates cannot be replayed, but its files can be held against each other, its trajectory
against the physics, and the errors of its frozen model against its base.
"""

import math
from pathlib import Path

import numpy as np

from tttui.artifacts.layout import files_of
from tttui.artifacts.reader import SessionReader
from tttui.model.improvement import last_means
from tttui.model.pointmass.configuration import settings_in
from tttui.model.pointmass.settings import Settings
from tttui.model.session import Place, SessionData
from tttui.model.steps import Trajectory
from tttui.runs.check import Check
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.runs import compare
from tttui.tasks.pointmass.yardsticks import oracle

MEANS = 1e-6
"""Relative difference that sums in another order may have."""

RELATIVE, ABSOLUTE = 1e-2, 1e-8
"""Differences that squared errors of float32 predictions in another order may have."""

PHYSICS = 1e-6
"""Largest squared distance of a noise-free trajectory from the equations, in z units."""


def foreign_checks(place: Place) -> list[Check]:
    """The base, the signature and the metrics, then every run of a store (a flat one is one)."""
    readers = [SessionReader(place, run) for run in place.runs] or [SessionReader(place)]
    sessions = [reader.refresh() for reader in readers]
    newest = sessions[-1]
    files = files_of(place, newest.run)
    checks = [
        compare.base_hash(files.base.parent, newest.meta.raw),
        compare.signature(newest.meta.raw, str(files.meta.relative_to(place.path))),
        _metrics(newest, str(files.metrics.relative_to(place.path))),
    ]
    with np.errstate(all="ignore"):  # values that are not finite differ, and are named
        for reader, data in zip(readers, sessions, strict=True):
            checks += _run_checks(data, reader.trajectory())
    return checks


def _run_checks(data: SessionData, trajectory: Trajectory | None) -> list[Check]:
    folder = Path("runs", data.run) if data.run is not None else Path()
    rows = str(folder / "per_step.csv")
    checks = [_transactions(data, str(folder / "update_events.json"))]
    if trajectory is None:
        checks.append(Check(str(folder / "trajectory.json"), None, "is not there"))
        checks.append(Check(rows, None, "cannot be checked without a trajectory"))
        return checks
    recorded = data.meta.configuration
    if recorded.wrong:
        why = f"cannot be checked: meta.json: {'; '.join(recorded.wrong)}"
        return [*checks, Check(rows, None, why)]
    settings = settings_in(recorded)
    checks.append(_physics(data, trajectory, settings, str(folder / "trajectory.json")))
    checks.append(_frozen_model(data, trajectory, settings, rows))
    return checks


def _transactions(data: SessionData, name: str) -> Check:
    if not len(data.steps) or not len(data.transactions):
        return Check(name, None, "there are no rows or no transactions to compare")
    tried = set(data.steps.t[data.steps.did_update].tolist())
    events = set(data.transactions.t.tolist())
    if tried != events:
        t = min(tried ^ events)
        return Check(name, False, f"and per_step.csv disagree on whether t {t} had an update", t)
    ok = set(data.steps.t[data.steps.update_ok].tolist())
    committed = set(data.transactions.t[data.transactions.status == 0].tolist())
    if ok != committed:
        t = min(ok ^ committed)
        return Check(name, False, f"and per_step.csv disagree on whether t {t} was committed", t)
    return Check(name, True, f"{len(events)} transactions agree with per_step.csv")


def _physics(data: SessionData, trajectory: Trajectory, settings: Settings, name: str) -> Check:
    """Whether the recorded observations follow from the recorded actions and the recorded mu."""
    mu = data.meta.truth
    if mu is None or len(trajectory) < 2:
        return Check(name, None, "there is no mu or no step to check")
    friction = np.full(len(trajectory) - 1, mu)
    off = oracle(trajectory.z, trajectory.a[:-1], friction, settings.world)
    wrong = np.flatnonzero(~(off <= PHYSICS))
    if len(wrong):
        t = int(trajectory.t[wrong[0] + 1])
        return Check(name, False, f"does not follow from the step before at t {t} with mu {mu}", t)
    return Check(name, True, f"{len(trajectory)} steps follow the physics with mu {mu}")


def _frozen_model(
    data: SessionData, trajectory: Trajectory, settings: Settings, name: str
) -> Check:
    """Whether the errors of the frozen model are those of the base on this trajectory."""
    n = min(len(trajectory), len(data.steps)) - 1
    if data.base is None or n < 1 or "a_raw" not in data.base:
        return Check(name, None, "there is no base or no row to check")
    if not np.array_equal(trajectory.t[:n], data.steps.t[:n]):
        return Check(name, False, "and the trajectory hold different steps")
    learner = Learner(settings, data.base)
    z, a = (np.asarray(v, dtype=np.float32) for v in (trajectory.z[: n + 1], trajectory.a[:n]))
    replayed = learner.predict(z, a).baseline_mse
    same = np.isclose(replayed, data.steps.frozen[:n], rtol=RELATIVE, atol=ABSOLUTE)
    wrong = np.flatnonzero(~same)
    if len(wrong):
        i = int(wrong[0])
        t, recorded = int(data.steps.t[i]), float(data.steps.frozen[i])
        detail = f"differs at t {t}: the frozen error is {recorded:.6g}, replayed {replayed[i]:.6g}"
        return Check(name, False, detail, t)
    return Check(
        name, True, f"{n} errors of the frozen model replayed; the updates are another program's"
    )


def _metrics(data: SessionData, name: str) -> Check:
    if not len(data.steps) or "adaptive_mse_mean" not in data.metrics:
        return Check(name, None, "there are no rows or no metrics to compare")
    baseline, adaptive, _ = last_means(data.steps)
    computed = {
        "baseline_mse_mean": float(np.mean(data.steps.frozen)),
        "adaptive_mse_mean": float(np.mean(data.steps.adaptive)),
        "baseline_mse_last100_mean": baseline,
        "adaptive_mse_last100_mean": adaptive,
    }
    for key, value in computed.items():
        recorded = data.metrics.get(key)
        if isinstance(recorded, (int, float)) and not math.isclose(recorded, value, rel_tol=MEANS):
            return Check(name, False, f"{key} is {recorded}, the rows give {value}")
    return Check(name, True, "the means follow from per_step.csv")
