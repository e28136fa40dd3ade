"""A new session from the weights, and the optimizer, that another had at some step."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.checkpoint import ENGINE, read_checkpoint
from tttui.artifacts.contents import differing
from tttui.artifacts.history import read_history
from tttui.artifacts.interventions import recorded
from tttui.artifacts.layout import BASE, files_of
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.parent import recorded_parent
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.writer import HISTORY
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import absolute
from tttui.model.pointmass.configuration import configuration_of
from tttui.model.pointmass.settings import Model, Settings
from tttui.model.session import Place, SessionData
from tttui.runs.check import Check
from tttui.runs.creating import Origin
from tttui.runs.naming import free_directory, make_in, named_directory
from tttui.runs.saved import step_reached
from tttui.runs.start import StartWeights, inherited, start_checks
from tttui.tasks.pointmass.engine.stepper import Stepper
from tttui.tasks.pointmass.runs.base import Base, read_base, shapes
from tttui.tasks.pointmass.runs.branch import branch
from tttui.tasks.pointmass.runs.build import (
    START_FILE,
    Begun,
    fresh,
    momentum_of,
    new_stepper,
    started_with,
)
from tttui.tasks.pointmass.runs.planned import is_planned
from tttui.tasks.pointmass.runs.recorded import FOREIGN, NATIVE, settings_of
from tttui.tasks.pointmass.runs.session import SessionRun


@dataclass(frozen=True, slots=True, eq=False)
class ForkPoint:
    """The state of a session at the step where it is forked."""

    t: int
    weights: Weights
    momentum: Weights
    notices: tuple[str, ...] = ()
    """Damaged or unusable files, a line each."""


def fork(
    place: Place,
    root: Path,
    *,
    at: int | None = None,
    name: str | None = None,
    run: str | None = None,
    preset: str | None = None,
    changes: Mapping[str, Any] | None = None,
    start: StartWeights | None = None,
) -> SessionRun:
    """Make, and hold, a new session that starts with the weights in force at step `at`, or with
    those of `start`.

    Without `at` that is the last step of the parent (in a store: of its run `run`). The parent
    may be foreign; it is only read. The new session has the parent's settings and world, with
    `preset` and `changes` on top, and the parent's seed plus one: on the trajectory that its
    weights were fitted to, a session would only prove its memory.
    Raises RefusedInput where the parent does not hold what is needed.
    """
    data, before, base, parent = parent_at(place, at=at, run=run, changes=changes)
    settings = _settings(data, before, parent.t, preset, changes or {})
    begun: Begun | None = Begun(parent.weights, parent.momentum)
    origin = _origin(data, parent.t)
    if start is not None:
        begun = begun_with(start, base, settings.model)
        origin = replace(origin, started_from=start.recorded)

    def make(path: Path) -> SessionRun:
        return SessionRun.create(path, settings, base, begun=begun, origin=origin)

    made = make_in(name, lambda: _directory(place, root, name), make)
    made.notices = parent.notices
    return made


def parent_at(
    place: Place,
    *,
    at: int | None = None,
    run: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> tuple[SessionData, Settings, Base, ForkPoint]:
    """A session with its first settings and base, and what it had learned at step `at`.

    `changes` are settings that it need not have. Raises RefusedInput as `fork`.
    """
    _refuse_without_weights(place)
    if run is not None and run not in place.runs:
        known = ", ".join(place.runs) or "none"
        raise RefusedInput(f"{place.path} has no run {run!r}; its runs are: {known}")
    data = SessionReader(place, run).refresh()
    missing = data.problem("meta")
    if missing is not None and not data.meta.raw:
        raise RefusedInput(f"{missing.path}: {missing.reason}; without it nothing can be forked")
    before = _settings_before(data, changes or {})
    base = read_base(files_of(place, data.run).base, before.model)
    parent = _native(data, before, at) if place.layout == "native" else _foreign(data, at)
    _check_shapes(place, parent.weights, before.model)
    return data, before, base, parent


def begun_with(start: StartWeights, base: Base, model: Model) -> Begun | None:
    """What a session begins with that starts from other weights; None for the base's own.

    Raises RefusedInput where they do not fit.
    """
    start.refuse_other_base(base.sha256)
    if not start.tensors:
        return None
    sizes = shapes(model)
    start.refuse_other_shapes({name: sizes[name] for name in PLASTIC})
    weights = {k: np.array(start.tensors[k], np.float32) for k in PLASTIC}
    return Begun(weights, fresh(weights))


def fork_with_past(
    place: Place,
    root: Path,
    *,
    at: int,
    name: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> SessionRun:
    """Make, and hold, a new session that is its parent up to step `at`, with changes from there on.

    It is at step 0 and computes its parent's past again, on the same trajectory, with all that
    somebody changed there. `changes` are as for `branch`; with `at` 0 they are its settings from
    the start. Raises RefusedInput or SettingError where that is not possible.
    """
    _refuse_without_weights(place)
    if place.layout != "native":
        raise RefusedInput(
            f"{place.path}: another program wrote it, so its past cannot be computed again; "
            "fork it without --with-past"
        )
    data = SessionReader(place).refresh()
    if at > data.steps_done:
        raise RefusedInput(f"--at {at}: {place.path} has run {data.steps_done} steps so far")
    chosen = branch(place.path, at=at, changes=changes)
    if at >= chosen.settings.steps:
        raise RefusedInput(
            f"--at {at}: nothing is left to run of {chosen.settings.steps} steps; "
            "say how many with --steps"
        )
    origin = replace(_origin(data, at), shares_past=True)

    def make(path: Path) -> SessionRun:
        return SessionRun.create(
            path,
            chosen.settings,
            chosen.base,
            begun=chosen.begun,
            origin=origin,
            interventions=chosen.interventions,
        )

    return make_in(name, lambda: _directory(place, root, name), make)


def _refuse_without_weights(place: Place) -> None:
    if place.base_only:
        raise RefusedInput(
            f"{place.path} holds a base and no session; start one with "
            f"`tttui run --base {place.path / 'base_checkpoint.pt'}`"
        )
    if is_planned(place.path):
        raise RefusedInput(
            f"{place.path} waits for its base and has no weights yet; start another session "
            "with `tttui run`"
        )


def _origin(data: SessionData, t: int) -> Origin:
    place = data.place
    parent = (data.meta.session_id if place.layout != "flat" else None) or place.name
    root = data.meta.root_session_id or parent
    path = str(absolute(place.path))
    return Origin(parent, root, t, path, started_from=inherited(data.meta.raw, parent))


def _directory(place: Place, root: Path, name: str | None) -> Path:
    """Where the fork goes: the name that the person gave, or one from the parent's."""
    if name is None:
        return free_directory(root, place.name, "-fork")
    return named_directory(root, name)


def _settings_before(data: SessionData, changes: Mapping[str, Any]) -> Settings:
    """The settings that the parent began with; what is changed anyway need not be there."""
    needed = NATIVE if data.place.layout == "native" else FOREIGN
    return settings_of(
        data.meta.raw, data.place.path, [key for key in needed if changes.get(key) is None]
    )


def _settings(
    data: SessionData, before: Settings, t: int, preset: str | None, changes: Mapping[str, Any]
) -> Settings:
    for when, values in configuration_of(data.meta.raw).settings_changes:
        if when <= t:
            before = before.updated(values)
    mu = before.world.mu
    for when, value in configuration_of(data.meta.raw).truth_changes:
        mu = value if when <= t else mu
    native = data.place.layout == "native"
    settings = replace(
        before,
        world=replace(before.world, mu=mu),
        seed=before.seed + 1 if native else before.seed,
        mu_schedule=(),
    )
    if preset is not None:
        settings = settings.with_preset(preset)
    return settings.updated(changes).validate()


def _native(data: SessionData, settings: Settings, at: int | None) -> ForkPoint:
    directory = data.place.path
    checkpoint = read_checkpoint(directory)
    problems = [p for p in checkpoint.problems if p.path.name == ENGINE]
    notices = tuple(f"{p.path}: {p.reason}" for p in problems)
    last = step_reached(checkpoint.engine, checkpoint.path)
    t = last if at is None else at
    if t > last:
        raise RefusedInput(
            "; ".join((f"--at {t}: {directory} has run {last} steps so far", *notices))
        )
    try:
        history, problem = read_history(directory / HISTORY)
        steps = history.t[history.t <= last]
        complete = problem is None and data.meta.raw.get("history_stride", 1) == 1
        complete = complete and not differing(directory, checkpoint, HISTORY, stride=1)
        complete = complete and all(name in history.weights for name in PLASTIC)
    except (OSError, TttuiError):
        steps, complete = np.empty(0, dtype=np.int64), False
    if t == last or (complete and not (steps > t).any()):
        return ForkPoint(
            t,
            _plastic(checkpoint.plastic, checkpoint.path),
            momentum_of(checkpoint.optim, checkpoint.path),
            notices,
        )
    known = np.flatnonzero(steps <= t)
    if complete and len(known) and settings.plasticity.momentum_reset:
        # The optimizer forgets before every transaction, so there is nothing to carry over.
        weights = {k: np.array(history.weights[k][known[-1]], np.float32) for k in PLASTIC}
        return ForkPoint(t, weights, fresh(weights), notices)
    learner = replay_to(directory, t).learner
    if complete and len(known):
        recorded = {k: np.array(history.weights[k][known[-1]]) for k in PLASTIC}
        if not all(np.array_equal(recorded[k], learner.weights[k]) for k in PLASTIC):
            raise RefusedInput(
                f"--at {t}: the optimizer of that step is not recorded, and replaying "
                f"{directory} here gives other weights than it recorded; fork at its last step, "
                f"{last}"
            )
    return ForkPoint(t, learner.weights, learner.optimizer, notices)


def _foreign(data: SessionData, at: int | None) -> ForkPoint:
    """The last weights, the only ones that foreign layouts keep."""
    last = int(data.steps.t[-1]) + 1 if len(data.steps) else 0
    t = last if at is None else at
    if t > last:
        raise RefusedInput(f"--at {t}: {data.place.path} has run {last} steps")
    commits = data.transactions.t[data.transactions.status == 0]
    if len(commits) and int(commits[-1]) >= t:
        raise RefusedInput(
            f"--at {t}: {data.place.path} keeps only its last weights, which are in force from "
            f"step {int(commits[-1]) + 1} on"
        )
    path = files_of(data.place, data.run).weights
    problem = data.problem("weights")
    if data.weights is None or any(name not in data.weights for name in PLASTIC):
        raise RefusedInput(f"{path}: {problem.reason if problem else 'holds no weights'}")
    weights = _plastic(data.weights, path)
    momentum, notices = _foreign_momentum(path.with_name("optim_state.pt"), weights)
    return ForkPoint(t, weights, momentum, notices)


def _plastic(weights: Mapping[str, Any], path: Path) -> Weights:
    """The plastic matrices in float32. Raises RefusedInput naming the file and the matrix."""
    for name in PLASTIC:
        value = weights.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim != 2:
            raise RefusedInput(f"{path}: {name} is no matrix of numbers")
    return {name: np.asarray(weights[name], dtype=np.float32) for name in PLASTIC}


def _foreign_momentum(path: Path, weights: Weights) -> tuple[Weights, tuple[str, ...]]:
    """The momentum that another program's optimizer had; none where it is another optimizer.

    Returns it with a notice. Raises TttuiError where the file is damaged.
    """
    if not path.exists():
        return fresh(weights), ()
    optim = read_pt(path)
    try:
        return momentum_of(optim, path, weights), ()
    except TttuiError as error:
        return fresh(weights), (f"{error}; the fork begins with a fresh optimizer",)


def _check_shapes(place: Place, weights: Weights, model: Model) -> None:
    for name in PLASTIC:
        shape = shapes(model)[name]
        if weights[name].shape != shape:
            raise RefusedInput(
                f"{place.path}: {name} has shape {list(weights[name].shape)}, "
                f"its meta.json says {list(shape)}"
            )
        if not np.isfinite(weights[name]).all():
            raise RefusedInput(f"{place.path}: {name} holds values that are not finite")


def fork_origin(directory: Path, meta: Mapping[str, Any]) -> list[Check]:
    """For a fork: whether it began with the weights that its parent has at the step it names."""
    begun = started_with(directory)
    name = f"session/{START_FILE}"
    started = start_checks(meta, name, begun.weights if begun is not None else None)
    if started is not None:
        return started
    if begun is None or meta.get("shares_past") is True:
        return []
    parent, t = recorded_parent(directory, meta.get("parent_path")), meta.get("forked_at_t")
    if parent is None or not isinstance(t, int):
        who = meta.get("parent_session_id")
        return [Check(name, None, f"the parent {who} is not there beside it")]
    try:
        data = SessionReader(parent).refresh()
        settings = _settings_before(data, {})
        then = _native(data, settings, t) if data.place.layout == "native" else _foreign(data, t)
    except TttuiError as error:
        return [Check(name, None, f"the parent's weights at step {t} are not known: {error}")]
    if all(np.array_equal(then.weights[k], begun[0][k]) for k in PLASTIC):
        return [Check(name, True, f"holds the weights of {parent.name} at step {t}")]
    return [Check(name, False, f"does not hold the weights of {parent.name} at step {t}", t)]


def replay_to(directory: Path, t: int) -> Stepper:
    """The stepper of a native session at step t, from its base, seed, settings, interventions.

    The update that is tried just before step t is included.
    """
    settings = settings_of(read_meta_of(directory), directory)
    start = started_with(directory)
    base = read_base(directory / BASE, settings.model).weights
    snapshots: list[tuple[int, Weights]] = [(0, start[0] if start else base)]

    def weights_at(step: int) -> Weights:
        steps = np.array([when for when, _ in snapshots])
        return snapshots[int(np.searchsorted(steps, step, side="right")) - 1][1]

    stepper = new_stepper(
        settings,
        base,
        start,
        interventions=recorded(directory),
        on_event=lambda event: None,  # noqa: ARG005
        on_weights=lambda step, weights, from_t: snapshots.append((step, weights)),  # noqa: ARG005
        weights_at=weights_at,
    )
    # Revealing one step more is what makes the update before step t happen.
    while stepper.advance(t + 1) is not None:
        pass
    return stepper
