"""A new session of a task from the weights, and the optimizer, that another had at some step."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tttui.artifacts.checkpoint import ENGINE, read_generation
from tttui.artifacts.meta import read_meta_of
from tttui.engine.tensorstate import as_tensors
from tttui.model.errors import RefusedInput
from tttui.model.here import absolute
from tttui.runs.creating import Origin
from tttui.runs.naming import free_directory, make_in, named_directory
from tttui.runs.start import StartWeights, inherited
from tttui.runs.taskbranch import task_branch
from tttui.runs.taskbuild import build_task_session, steps_of
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import replayed, step_of
from tttui.tasks.base import Task

OF_THE_OPTIMIZER = ("optimizer", "lr", "momentum", "weight_decay")
"""Settings with which an optimizer begins anew."""


def fork_task(
    directory: Path,
    root: Path,
    *,
    at: int | None = None,
    name: str | None = None,
    changes: Mapping[str, Any] | None = None,
    task: type[Task] | None = None,
    start: StartWeights | None = None,
) -> TaskRun:
    """Make, and hold, a new session that starts with what `directory` had learned at step `at`,
    or with the weights of `start`.

    Without `at` that is its last step. It has the parent's settings with `changes` on top, and
    the parent's seed plus one; a text session reads what was left of the document, unless another
    is named. Raises RefusedInput where that is not possible.
    """
    meta = read_meta_of(directory)
    before = TaskSettings.recorded(meta, directory, task)
    changes = dict(changes or {})
    values = {
        **asdict(before.own),
        **asdict(before.adaptation),
        **asdict(before.conduct),
        "plastic": ",".join(before.patterns),
        "seed": before.conduct.seed + 1,
        "steps": None,
    }
    settings = TaskSettings.chosen(before.task, values | changes)
    if settings.patterns != before.patterns:
        raise RefusedInput("--plastic: a fork has the plastic parameters of its parent")
    checkpoint = read_generation(directory, ENGINE)
    t = step_of(checkpoint) if at is None else at
    parent = before.task(before.own, before.conduct.seed, directory)
    made = parent.forked(settings.own, settings.conduct.seed, t)
    origin = _origin(directory, meta, t)
    if start is not None:
        origin = replace(origin, started_from=start.recorded)
        learned: Any = {}
    elif t == step_of(checkpoint):
        learned = as_tensors(checkpoint.engine).get("learner")
    else:
        learned = _replayed_state(directory, t, task)
    if not isinstance(learned, Mapping):
        raise RefusedInput(f"{checkpoint.path}: does not hold what a fork begins with")
    state = {**learned, "t": 0, "recent": [], "trusted": None, "pace": [0, 0]}
    if any(key in changes for key in OF_THE_OPTIMIZER):
        state.pop("optimizer", None)

    def make(path: Path) -> TaskRun:
        build_task_session(
            path,
            settings,
            task=made,
            begun=state,
            origin=origin,
            whole=True,
            start=start,
        )
        return TaskRun.open(path, task=task)

    return make_in(name, lambda: _place(directory, root, name), make)


def fork_task_with_past(
    directory: Path,
    root: Path,
    *,
    at: int,
    name: str | None = None,
    changes: Mapping[str, Any] | None = None,
    task: type[Task] | None = None,
) -> TaskRun:
    """Make, and hold, a session that is its parent up to step `at`, with changes from there on.

    As `fork.fork_with_past`, for any task; it reads the same document again.
    """
    reached = step_of(read_generation(directory, ENGINE))
    if at > reached:
        raise RefusedInput(f"--at {at}: {directory} has run {reached} steps so far")
    chosen = task_branch(directory, at=at, changes=changes, named=task)
    steps = steps_of(chosen.task, chosen.settings)
    if steps is not None and at >= steps:
        raise RefusedInput(f"--at {at}: nothing is left to run of {steps} steps")
    origin = replace(_origin(directory, read_meta_of(directory), at), shares_past=True)

    def make(path: Path) -> TaskRun:
        build_task_session(
            path,
            chosen.settings,
            task=chosen.task,
            begun=chosen.begun,
            origin=origin,
            interventions=chosen.interventions,
        )
        return TaskRun.open(path, task=task)

    return make_in(name, lambda: _place(directory, root, name), make)


def _origin(directory: Path, meta: Mapping[str, Any], t: int) -> Origin:
    parent = str(meta.get("session_id") or directory.name)
    root = str(meta.get("root_session_id") or directory.name)
    return Origin(parent, root, t, str(absolute(directory)), started_from=inherited(meta, parent))


def _place(directory: Path, root: Path, name: str | None) -> Path:
    """Where the fork goes: the name that the person gave, or one from the parent's."""
    if name is None:
        return free_directory(root, directory.name, "-fork")
    return named_directory(root, name)


def _replayed_state(directory: Path, t: int, task: type[Task] | None) -> dict[str, Any]:
    """The state of the learner at a step that no checkpoint holds."""
    with tempfile.TemporaryDirectory(prefix="tttui-fork-") as temporary:
        run = replayed(directory, Path(temporary) / "parent", t, task=task)
        state = run.learner.state_dict()
        run.close("interrupted")
    return state
