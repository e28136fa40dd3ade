"""Continuing a session of a task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.lock import OnWait
from tttui.artifacts.meta import read_meta_of
from tttui.engine.device import check_device
from tttui.model.adaptation import LIVE
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import Settings
from tttui.runs.owned import go_on
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.base import Task


def resume_task(
    directory: Path,
    *,
    task: type[Task] | None = None,
    more_steps: int | None = None,
    changes: Mapping[str, Any] | None = None,
    override: bool = False,
    on_wait: OnWait | None = None,
) -> tuple[TaskRun, int]:
    """Take a session; returns it with the step up to which it runs.

    `task` is what the person named, for a task that does not ship. `more_steps` counts from
    where it stands. Raises RefusedInput where nothing is left to do, or where `changes` contradict
    the history and `override` does not allow it.
    """
    settings = TaskSettings.recorded(read_meta_of(directory), directory, task)
    changed = _changed(directory, settings, changes or {}, override)
    check_device(settings.conduct.device)
    run = TaskRun.open(directory, task=task, on_wait=on_wait)

    def change() -> None:
        if changed:
            run.intervene("settings", changed)

    return go_on(run, more_steps, change, most=run.task.steps)


def _changed(
    directory: Path, settings: TaskSettings, changes: Mapping[str, Any], override: bool
) -> dict[str, Any]:
    """The changes that differ from the settings that the session was begun with."""
    differing: dict[str, Any] = {}
    plain = Settings().flat()
    for name, value in changes.items():
        flag = "--" + name.replace("_", "-")
        if name not in LIVE:
            why = "is an option of the point mass" if name in plain else "cannot change"
            raise RefusedInput(f"{flag} {value}: {why}; {directory} is of {settings.task.name!r}")
        before = getattr(settings.adaptation, name)
        if value == before:
            continue
        if not override:
            raise RefusedInput(
                f"{flag} {value}: {directory} was begun with {before}; "
                "add --override to change it from here on, or leave the option out"
            )
        differing[name] = value
    return differing
