"""Tasks of the engine for any module, on one held-out stream after another. Imports torch."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.engine.tensorstate import as_tensors
from tttui.engine.torch_learner import TorchLearner
from tttui.lab.evaluation.contender import Contender, OnProgress, StreamOutcome
from tttui.lab.evaluation.streams import HeldOutStream
from tttui.model.errors import RefusedInput
from tttui.runs.runner import named_runner
from tttui.runs.taskbuild import base_id
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskstepper import new_learner
from tttui.tasks.base import Task


def one_by_one(
    contender: Contender, streams: Sequence[HeldOutStream], on_progress: OnProgress
) -> Iterator[StreamOutcome]:
    """A task of the engine for any module, stream by stream."""
    runner = named_runner(contender.task)
    with tempfile.TemporaryDirectory(prefix="tttui-stream-") as folder:
        for i, stream in enumerate(streams):
            values = {**contender.values, **stream.settings}
            if "file" in values and "begin" in stream.values:
                path = Path(folder, "part.txt")
                path.write_bytes(stream.part())
                values["file"] = str(path)
            settings = runner.choose(values)
            task, learner = new_learner(settings, None)
            _refuse_other_base(contender, base_id(task, learner))
            if contender.tensors is not None:
                learner.restore(_checked(contender, learner))
            steps = _steps(settings, task)
            adaptive, frozen, items, took = [], [], [], []
            commits = rollbacks = 0
            began = time.perf_counter()
            for t in range(steps):
                seen = learner.observe(task.batch(t))
                adaptive.append(seen.adaptive)
                frozen.append(np.nan if seen.frozen is None else seen.frozen)
                items.append(max(1, seen.losses.numel()))
                if seen.event is not None:
                    good = seen.event["status"] == "commit"
                    commits, rollbacks = commits + good, rollbacks + (not good)
                    took.append(seen.event.get("duration_ms", np.nan))
                on_progress(i * steps + t + 1, len(streams) * steps)
            yield StreamOutcome(
                np.array(adaptive),
                np.array(frozen),
                time.perf_counter() - began,
                commits,
                rollbacks,
                np.array(items, dtype=np.float64),
                np.array(took),
            )


def _refuse_other_base(contender: Contender, base: str) -> None:
    """Raise RefusedInput where the weights stand on another base than the task has here."""
    if contender.base_sha256 not in ("", base):
        theirs, here = (known.rpartition(":")[2][:12] for known in (contender.base_sha256, base))
        raise RefusedInput(
            f"{contender.name}: stands on the base {theirs}, the task has {here} here"
        )


def _steps(settings: TaskSettings, task: Task) -> int:
    """The number of steps: all of a document's part, else that of the settings."""
    limit, there = settings.conduct.steps, task.steps
    if there is not None:
        return int(there) if limit is None else min(int(there), int(limit))
    return 200 if limit is None else int(limit)


def _checked(contender: Contender, learner: TorchLearner) -> dict[str, Any]:
    """The weights as tensors on the learner's device. Raises RefusedInput naming what differs."""
    assert contender.tensors is not None
    tensors = {}
    for name, p in learner.plastic.items():
        value = contender.tensors.get(name)
        value = None if value is None else np.asarray(value)
        if value is None or tuple(value.shape) != tuple(p.shape):
            has = "is missing" if value is None else f"has shape {list(value.shape)}"
            raise RefusedInput(
                f"{contender.name}: {name} {has}, the model needs {list(p.shape)}; "
                "--set plastic=... chooses what is plastic"
            )
        tensors[name] = as_tensors({name: value})[name].to(p)
    return tensors
