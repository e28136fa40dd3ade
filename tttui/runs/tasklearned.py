"""What a session of a task had learned: its plastic parameters at some step."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tttui.artifacts.checkpoint import ENGINE, read_generation
from tttui.artifacts.jsonfile import read_object, whole
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.tensorwriter import Stored
from tttui.engine.tensorstate import as_tensors
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.start import Learned
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import replayed, step_of
from tttui.tasks.base import Task


def learned_by(
    directory: Path, *, at: int | None = None, task: type[Task] | None = None
) -> Learned:
    """The plastic parameters in force at step `at`, by default the last. Raises RefusedInput."""
    meta = read_meta_of(directory)
    settings = TaskSettings.recorded(meta, directory, task)
    checkpoint = read_generation(directory, ENGINE)
    last = step_of(checkpoint)
    t = last if at is None else at
    if t == last:
        state = as_tensors(checkpoint.engine).get("learner")
        weights = state.get("weights") if isinstance(state, Mapping) else None
    else:
        weights = _replayed(directory, t, task)
    if not isinstance(weights, Mapping) or not weights:
        raise RefusedInput(f"{checkpoint.path}: holds no weights")
    own = {**asdict(settings.own), "seed": settings.conduct.seed}
    base, source = settings.task.base_of(meta)
    document = meta.get("document")
    return Learned(
        step=t,
        tensors={name: _stored(tensor) for name, tensor in weights.items()},
        task=settings.task.name,
        task_settings=own,
        settings={**asdict(settings.adaptation), "plastic": ",".join(settings.patterns)},
        base_sha256=base,
        base_source=source,
        base_content=None,
        seed=whole(meta.get("seed")),
        data=str(document.get("sha256", "")) if isinstance(document, Mapping) else "",
        meta=meta,
        metrics=_metrics(directory),
    )


def _replayed(directory: Path, t: int, task: type[Task] | None) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tttui-learned-") as temporary:
        run = replayed(directory, Path(temporary) / "again", t, task=task)
        weights: Mapping[str, Any] = run.learner.state_dict()["weights"]
        run.close("interrupted")
    return weights


def _stored(tensor: Any) -> Stored:
    wide = tensor.detach().cpu()
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Stored.narrowed((wide.float() if dtype == "bfloat16" else wide).numpy(), dtype)


def _metrics(directory: Path) -> Mapping[str, Any]:
    try:
        return read_object(directory / "session" / "metrics.json")
    except (OSError, TttuiError):
        return {}
