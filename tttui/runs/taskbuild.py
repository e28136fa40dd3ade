"""Making the directory of a session of a task: everything of its step 0, then one rename."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.recording import BASE
from tttui.artifacts.task_writer import TaskWriter
from tttui.artifacts.tensorwriter import Stored, write_tensors
from tttui.engine.device import check_device
from tttui.engine.tensorstate import as_arrays
from tttui.engine.torch_learner import TorchLearner
from tttui.model.errors import RefusedInput
from tttui.runs.build import new_session
from tttui.runs.tally import Tally
from tttui.runs.taskrun import (
    MEGABYTE,
    START_FILE,
    checkpoint_state,
    kept_of,
    load_start,
    metrics_of,
    new_learner,
    plastic_of,
)
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.base import Task

ENDLESS_STEPS = 600
"""Steps where the task has no end and nobody says how many."""

KEPT_SHARE = 8
"""Parts of the history's budget that one snapshot may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Begin:
    """What a fork begins with, and where it comes from."""

    state: Mapping[str, Any]
    """Of the learner, at step 0 of the fork."""
    parent_session_id: str
    root_session_id: str
    forked_at_t: int
    parent_path: str


def build_task_session(
    directory: Path,
    settings: TaskSettings,
    *,
    task: Task | None = None,
    begin: Begin | None = None,
) -> Task:
    """Make the directory of a new session, complete with its first checkpoint.

    `task` is used where it is made already. Returns it. Raises RefusedInput where the session
    may not be made, or the task cannot begin; nothing is left behind then.
    """
    check_device(settings.conduct.device)
    task, learner = new_learner(settings, None, task)
    steps = steps_of(task, settings)

    def fill(building: Path) -> None:
        _fill(building, directory.name, settings, steps, task, learner, begin)

    new_session(directory, fill)
    return task


def steps_of(task: Task, settings: TaskSettings) -> int:
    """How many steps the session is to run. Raises RefusedInput where there are not so many."""
    wanted, there = settings.conduct.steps, task.steps
    if wanted is None:
        return ENDLESS_STEPS if there is None else there
    if there is not None and wanted > there:
        raise RefusedInput(f"steps: {wanted} are more than there are, {there}; leave --steps out")
    return wanted


def _fill(
    building: Path,
    name: str,
    settings: TaskSettings,
    steps: int,
    task: Task,
    learner: TorchLearner,
    begin: Begin | None,
) -> None:
    meta = {**settings.meta(name, steps), **described(learner)}
    meta |= {"base_version": learner.base_version, **task.keep(building)}
    budget = settings.conduct.history_mb * MEGABYTE
    meta["kept"] = kept = _kept(learner, budget)
    writer = TaskWriter(
        building, history_bytes=budget, items=task.item_losses, fixed=task.kept_files
    )
    try:
        base = {name: Stored.of(w) for name, w in plastic_of(learner).items()}
        write_tensors(building / BASE, base)
        if begin is not None:
            meta["parent_session_id"] = begin.parent_session_id
            meta["root_session_id"] = begin.root_session_id
            meta |= {"forked_at_t": begin.forked_at_t, "parent_path": begin.parent_path}
            load_start(learner, begin.state, building)
            start = pt_bytes(write_pt(as_arrays(learner.state_dict())))
            write_whole(building / "session" / START_FILE, start, parents=True)
        writer.begin(meta)
        writer.snapshot(0, kept_of(learner, kept))
        tally = Tally()
        engine = checkpoint_state(learner, tally, 0, [0, 0])
        writer.checkpoint(engine, plastic_of(learner), {}, metrics_of(tally))
        device = settings.conduct.device
        writer.status(state="queued", t=0, steps_total=steps, device=device)
        writer.finish()
    finally:
        writer.close()


def _kept(learner: TorchLearner, budget: int) -> list[str]:
    """The plastic parameters that the history holds: in order, as far as the budget goes."""
    kept, size = list[str](), 0
    for name, p in learner.plastic.items():
        if size + 4 * p.numel() <= budget // KEPT_SHARE:
            kept.append(name)
            size += 4 * p.numel()
    if not kept:
        raise RefusedInput(
            f"history_mb: {budget // MEGABYTE} is too little for any of the plastic parameters"
        )
    return kept


def described(learner: TorchLearner) -> dict[str, Any]:
    """Plastic parameters and the tree of modules, as meta.json has them."""
    plastic = [
        {"name": name, "shape": list(p.shape), "dtype": str(p.dtype).removeprefix("torch.")}
        for name, p in learner.plastic.items()
    ]
    return {"plastic": plastic, "model": list(_modules(learner))}


def _modules(learner: TorchLearner) -> Iterator[dict[str, Any]]:
    module: nn.Module
    for path, module in learner.module.named_modules():
        own = [
            {
                "name": name,
                "shape": list(p.shape),
                "dtype": str(p.dtype).removeprefix("torch."),
                "plastic": f"{path}.{name}".removeprefix(".") in learner.plastic,
            }
            for name, p in module.named_parameters(recurse=False)
        ]
        yield {"path": path, "type": type(module).__name__, "parameters": own}
