"""Making the directory of a session of a task: all files of step 0, then a rename."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.intervention_writer import record
from tttui.artifacts.interventions import Intervention
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.recording import BASE
from tttui.artifacts.task_writer import TaskWriter
from tttui.artifacts.tensorwriter import Stored, write_tensors
from tttui.engine.device import check_device
from tttui.engine.tensorstate import as_arrays, as_tensors
from tttui.engine.torch_learner import TorchLearner
from tttui.model.errors import RefusedInput
from tttui.model.schema import CONTROL
from tttui.runs.creating import Origin, new_session, parent_keys
from tttui.runs.start import StartWeights
from tttui.runs.tally import Tally
from tttui.runs.taskrun import (
    MEGABYTE,
    MOVED,
    checkpoint_state,
    kept_of,
    metrics_of,
    plastic_of,
    widened,
)
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskstepper import START_FILE, TaskStepper, load_start, new_learner
from tttui.tasks.base import Task

ENDLESS_STEPS = 600
"""Steps where the task has no end and nobody says how many."""

KEPT_SHARE = 8
"""Parts of the history's budget that one snapshot may take."""


def build_task_session(
    directory: Path,
    settings: TaskSettings,
    *,
    task: Task | None = None,
    begun: Mapping[str, Any] | None = None,
    origin: Origin | None = None,
    interventions: Sequence[Intervention] = (),
    whole: bool = False,
    moved: bool = True,
    start: StartWeights | None = None,
) -> Task:
    """Make the directory of a new session, complete with its first checkpoint.

    `task` is an instance made before; with `whole` a stream is read to its end first. A fork has
    `begun` with this state of the learner, or with the weights of `start`; `moved` is `MOVED`.
    Returns the task. Raises RefusedInput where the session may not be made, or the task cannot
    begin; nothing is left behind then.
    """
    check_device(settings.conduct.device)
    task, learner = new_learner(settings, None, task)
    if whole:
        task.take_in(wait=True)
    steps = steps_of(task, settings)
    if start is not None:
        begun = _begun_with(start, task, learner)

    def fill(building: Path) -> None:
        meta = {**settings.meta(directory.name, steps), MOVED: moved}
        _fill(building, meta, settings, steps, task, learner, begun, origin)
        for intervention in interventions:
            record(building, intervention)

    new_session(directory, fill, origin)
    return task


def steps_of(task: Task, settings: TaskSettings) -> int | None:
    """The steps that the session will run; None if unknown yet.

    Raises RefusedInput if there are fewer than asked for.
    """
    steps, there = settings.conduct.steps, task.steps
    if task.arriving:
        return steps
    if steps is None:
        return ENDLESS_STEPS if there is None else there
    if there is not None and steps > there:
        raise RefusedInput(f"steps: {steps} are more than there are, {there}; leave --steps out")
    return steps


def _fill(
    building: Path,
    keys: Mapping[str, Any],
    settings: TaskSettings,
    steps: int | None,
    task: Task,
    learner: TorchLearner,
    begun: Mapping[str, Any] | None,
    origin: Origin | None,
) -> None:
    meta = {**keys, **described(learner)}
    meta |= {"base_version": learner.base_version, **task.keep(building)}
    if task.arriving:
        meta["arriving"] = task.arriving
    budget = settings.conduct.history_mb * MEGABYTE
    meta["kept"] = names = _names_for_history(learner, budget)
    writer = TaskWriter(
        building,
        history_bytes=budget,
        items=task.item_losses,
        fixed=task.kept_files,
        yardsticks=[CONTROL + name for name in task.yardsticks],
    )
    try:
        weights, dtypes = plastic_of(learner), widened(learner)
        base = {k: Stored.narrowed(W, dtypes.get(k, "float32")) for k, W in weights.items()}
        write_tensors(building / BASE, base)
        if origin is not None:
            meta["parent_session_id"] = origin.parent_session_id
            meta["root_session_id"] = origin.root_session_id or meta["root_session_id"]
            meta |= {"forked_at_t": origin.forked_at_t, **parent_keys(origin)}
        if begun is not None:
            load_start(learner, begun, building)
            start = pt_bytes(write_pt(as_arrays(learner.state_dict())))
            write_whole(building / "session" / START_FILE, start, parents=True)
        writer.begin(meta)
        writer.snapshot(0, kept_of(learner, names))
        tally = Tally()
        engine = checkpoint_state(TaskStepper(task, learner, weights_at=lambda _: {}), tally)
        writer.checkpoint(engine, plastic_of(learner), widened(learner), metrics_of(tally))
        device = settings.conduct.device
        writer.status(state="queued", t=0, steps_total=steps, device=device)
        writer.finish()
    finally:
        writer.close()


def base_id(task: Task, learner: TorchLearner) -> str:
    """The identity of the base: the task's own hash, else the version of its plastic weights."""
    return task.base_sha256 or f"version:{learner.base_version}"


def _begun_with(start: StartWeights, task: Task, learner: TorchLearner) -> dict[str, Any] | None:
    """The state of a learner that begins with other weights. Raises RefusedInput."""
    start.refuse_other_base(base_id(task, learner))
    if not start.tensors:
        return None
    start.refuse_other_shapes({name: tuple(p.shape) for name, p in learner.plastic.items()})
    state = learner.state_dict()
    weights = as_tensors(dict(start.tensors))
    return state | {"weights": {k: weights[k].to(p.dtype) for k, p in learner.plastic.items()}}


def _names_for_history(learner: TorchLearner, budget: int) -> list[str]:
    """The plastic parameters that the history holds: the first ones that fit the budget."""
    names, size = list[str](), 0
    for name, p in learner.plastic.items():
        if size + 4 * p.numel() <= budget // KEPT_SHARE:
            names.append(name)
            size += 4 * p.numel()
    if not names:
        raise RefusedInput(
            f"history_mb: {budget // MEGABYTE} is too little for any of the plastic parameters"
        )
    return names


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
