"""A session of a task: its own past up to a step, and other settings from there on."""

from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tttui.artifacts.interventions import Intervention, in_order, recorded, without
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.ptfile import read_pt
from tttui.engine.tensorstate import as_tensors
from tttui.model.adaptation import LIVE, OF_NO_STEP
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskstepper import START_FILE
from tttui.tasks.base import Task

KEPT = ("file", "device", "threads")
"""Settings that a branch has as its session had them."""


@dataclass(frozen=True, slots=True, eq=False)
class TaskBranch:
    """Everything that determines the results of a session of a task, with the changes."""

    at: int
    settings: TaskSettings
    """Those of step 0; changes at a later step are among the interventions."""
    task: Task
    begun: Mapping[str, Any] | None
    """The learner's state that the session began with, where it is a fork."""
    interventions: tuple[Intervention, ...]
    base_version: str | None
    """The version of its first weights; None if other parameters are plastic."""
    sizes: tuple[int, int] | None = None
    """Items per step, before and now, if `chunk` changes."""
    past: Hashable = None
    """A key that branches with the same past share."""


def task_branch(
    directory: Path,
    *,
    at: int = 0,
    changes: Mapping[str, Any] | None = None,
    named: type[Task] | None = None,
) -> TaskBranch:
    """The branch of a session at step `at`; as `branch.branch`, for any task.

    `named` is the task that the person named, where it does not ship.
    """
    meta = read_meta_of(directory)
    before = TaskSettings.recorded(meta, directory, named)
    requested, done = dict(changes or {}), recorded(directory)
    values = _values(before)
    for name in requested:
        if name not in values:
            raise SettingError(name, f"the task {before.task.name} has no such setting")
        if name in KEPT and requested[name] != values[name]:
            raise SettingError(name, "stays what the session was begun with")
    interventions, sizes = list(without(done, requested, at)), None
    if at == 0:
        sizes = _sizes(values, requested)
        if sizes is not None:
            values["steps"] = None
        settings = TaskSettings.chosen(before.task, values | requested)
    else:
        settings, made = _changed_at(at, before, values, requested)
        interventions += made
    start, begun = directory / "session" / START_FILE, None
    if start.exists():
        begun = as_tensors(read_pt(start))
    same = settings.patterns == before.patterns
    if begun is not None and not same:
        raise RefusedInput("plastic: a fork has the plastic parameters of its parent")
    task = settings.task(settings.own, settings.conduct.seed, directory)
    if sizes is not None and before.conduct.steps is not None and "steps" not in requested:
        steps = -(-before.conduct.steps * sizes[0] // sizes[1])
        steps = steps if task.steps is None else min(steps, task.steps)
        settings = replace(settings, conduct=replace(settings.conduct, steps=steps))
    version = meta.get("base_version")
    changed = tuple((i.t, i.kind, repr(i.value)) for i in done)
    return TaskBranch(
        at,
        settings,
        task,
        begun,
        tuple(in_order(interventions)),
        str(version) if same else None,
        sizes,
        (str(directory), repr(values | {"steps": 0}), changed),
    )


def _sizes(values: Mapping[str, Any], requested: Mapping[str, Any]) -> tuple[int, int] | None:
    old, new = values.get("chunk"), requested.get("chunk")
    if not (isinstance(old, int) and isinstance(new, int)) or old == new or new < 1:
        return None
    return old, new


def _values(settings: TaskSettings) -> dict[str, Any]:
    """All settings of a session by flat name."""
    return {
        **asdict(settings.own),
        **asdict(settings.adaptation),
        **asdict(settings.conduct),
        "plastic": ",".join(settings.patterns),
    }


def _changed_at(
    at: int, before: TaskSettings, values: Mapping[str, Any], requested: Mapping[str, Any]
) -> tuple[TaskSettings, list[Intervention]]:
    """The settings of step 0, and the changes at step `at` as interventions."""
    whole = {name: value for name, value in requested.items() if name in OF_NO_STEP}
    other = {name: value for name, value in requested.items() if name not in whole}
    for name in other:
        if name not in LIVE:
            if other[name] == values[name]:
                continue
            raise RefusedInput(f"{name}: cannot change at step {at}; branch from the start (0)")
    live = {name: value for name, value in other.items() if name in LIVE}
    before.adaptation.updated(live).validate()
    conduct = replace(before.conduct, **whole).validate()
    made = [Intervention(at, "settings", live, known_at=at)] if live else []
    return replace(before, conduct=conduct), made
