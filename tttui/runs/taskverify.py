"""Verifying a session of a task by running it again."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.checkpoint import ENGINE, Checkpoint, read_generation
from tttui.artifacts.interventions import recorded
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.regular import open_to_read
from tttui.artifacts.tensorwriter import read_tensors
from tttui.artifacts.writer import LAST_SNAPSHOT
from tttui.engine.tensorstate import as_tensors
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.check import Check
from tttui.runs.start import start_checks
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskrun import MOVED, TaskRun, refuse_other_base
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskstepper import START_FILE
from tttui.tasks.base import Task

PART = 1 << 20
"""Bytes that are compared at a time."""


def replayed(
    directory: Path,
    into: Path,
    until: int | None = None,
    *,
    task: type[Task] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TaskRun:
    """Run a session again in the new directory `into`, up to step `until` or its last; returns the
    open run.

    `task` is what the person named. Raises RefusedInput where it cannot be run again.
    """
    meta = read_meta_of(directory)
    settings = TaskSettings.recorded(meta, directory, task)
    made = settings.task(settings.own, settings.conduct.seed, directory)
    start = directory / "session" / START_FILE
    begun = as_tensors(read_pt(start)) if start.exists() else None
    last = step_of(read_generation(directory, ENGINE))
    goal = last if until is None else until
    if goal > last:
        raise RefusedInput(f"--at {goal}: {directory} has run {last} steps so far")
    done = recorded(directory)
    moved = meta.get(MOVED) is True
    build_task_session(into, settings, task=made, begun=begun, interventions=done, moved=moved)
    run = TaskRun.open(into, task=task)
    try:
        refuse_other_base(directory, meta, run.learner)
    except BaseException:
        run.close("interrupted")
        raise
    while run.t < goal:
        run.advance_stretch(goal)
        if progress is not None:
            progress(run.t, goal)
    return run


def verify_task(
    directory: Path,
    *,
    task: type[Task] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Check]:
    """Verify a session; one Check per file. Raises RefusedInput if it cannot be run again."""
    checkpoint = read_generation(directory, ENGINE)
    problems = [
        Check(str(p.path.relative_to(directory)), False, p.reason) for p in checkpoint.problems
    ]
    with tempfile.TemporaryDirectory(prefix="tttui-verify-") as temporary:
        again = Path(temporary) / directory.name
        run = replayed(directory, again, task=task, progress=progress)
        items = run.task.item_losses
        run.close("interrupted")
        names = [n for n in checkpoint.sizes if n != LAST_SNAPSHOT and (n != items or items)]
        checks = [_compared(directory, again, name, checkpoint.sizes[name]) for name in names]
        checks.append(_weights(directory, again, checkpoint.weights_file))
        checks += _start(directory)
        return problems + checks


def _start(directory: Path) -> list[Check]:
    """Whether a session that started from a version has its weights."""
    path, weights = directory / "session" / START_FILE, None
    if path.exists():
        base = as_tensors(read_pt(path))["weights"]
        weights = {name: tensor.float().numpy() for name, tensor in base.items()}
    return start_checks(read_meta_of(directory), f"session/{START_FILE}", weights) or []


def _weights(directory: Path, again: Path, file: str) -> Check:
    """Whether the weights are those of the replay, which may keep them in the other form: other
    versions kept large ones as `.pt`."""
    name = f"session/{file}"
    if (again / name).exists():
        return _compared(directory, again, name, None)
    try:
        one, other = (read_tensors((place / name).with_suffix("")) for place in (directory, again))
    except TttuiError as error:
        return Check(name, False, str(error))
    names = [k for k in other if k not in one or not _equal(one[k].numbers(), other[k].numbers())]
    if names or len(one) != len(other):
        return Check(name, False, f"differs from its replay in {', '.join(names) or 'its names'}")
    return Check(name, True, f"{len(one)} tensors are those of its replay")


def _equal(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """To the bit, after widening."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _compared(directory: Path, again: Path, name: str, size: int | None) -> Check:
    """Whether a file holds the same bytes as its replay, up to the size at the checkpoint."""
    try:
        with open_to_read(directory / name) as one, open_to_read(again / name) as other:
            at = 0
            while size is None or at < size:
                length = PART if size is None else min(PART, size - at)
                a, b = one.read(length), other.read(length)
                if a != b:
                    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y),
                                min(len(a), len(b)))  # fmt: skip
                    return Check(name, False, f"differs from its replay from byte {at + same} on")
                if not a:
                    break
                at += len(a)
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror or error}")
    return Check(name, True, f"{at} bytes are those of its replay")


def step_of(checkpoint: Checkpoint) -> int:
    """The step that a session has reached. Raises TttuiError where it does not say."""
    step = checkpoint.step
    if step is None:
        raise TttuiError(f"{checkpoint.path}: does not say which step the session has reached")
    return step
