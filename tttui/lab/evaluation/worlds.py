"""The point mass on held-out worlds: many side by side, or one alone against the clock."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tttui.engine.device import check_device
from tttui.lab.evaluation.contender import Contender, OnProgress, StreamOutcome
from tttui.lab.evaluation.streams import HeldOutStream
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import Settings
from tttui.runs.runner import named_runner
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.engine.many import CPU_BLOCK, SessionBlock, worlds
from tttui.tasks.pointmass.engine.transaction import COMMIT
from tttui.tasks.pointmass.runs.base import chosen_base, find_base, shapes
from tttui.tasks.pointmass.world import WorldStream

ALONE = 320
"""Steps of one session against the clock."""


def side_by_side(
    contender: Contender, streams: Sequence[HeldOutStream], on_progress: OnProgress
) -> list[StreamOutcome]:
    """Let a contender learn in all worlds at once; see `contender.evaluate`."""
    runner = named_runner(contender.task)
    groups: dict[Settings, list[int]] = {}
    for i, stream in enumerate(streams):
        settings = runner.choose({**contender.values, **stream.settings})
        groups.setdefault(replace(settings, seed=0), []).append(i)
    outcomes: dict[int, StreamOutcome] = {}
    for settings, places in groups.items():
        check_device(settings.device)
        base, start = base_of(contender, settings), start_of(contender, settings)
        block = CPU_BLOCK if settings.device == "cpu" else len(places)
        for first in range(0, len(places), block):
            now = places[first : first + block]
            z, a, _ = worlds(settings, [streams[i].values.get("seed", 0) for i in now])
            began = time.perf_counter()
            crowd = SessionBlock(settings, base, z, a, start, torch=contender.torch)
            while crowd.advance():
                on_progress(
                    len(outcomes) * settings.steps + crowd.t * len(now),
                    len(streams) * settings.steps,
                )
            outcomes.update(zip(now, outcomes_of(crowd, time.perf_counter() - began), strict=True))
    on_progress(1, 1)
    return [outcomes[i] for i in range(len(streams))]


def outcomes_of(block: SessionBlock, seconds: float) -> list[StreamOutcome]:
    """The outcome of each world of a block; `seconds` is the time of the whole block."""
    status = block.status
    commits = [int(n) for n in (status == COMMIT).sum(axis=1)]
    return [
        StreamOutcome(adaptive, frozen, seconds / len(status), n, status.shape[1] - n)
        for adaptive, frozen, n in zip(block.adaptive, block.frozen, commits, strict=True)
    ]


def base_of(contender: Contender, settings: Settings) -> Weights:
    """The weights of the base. Raises RefusedInput if it is missing or another one."""
    if contender.values.get("base"):
        base = chosen_base(Path(contender.values["base"]), settings)
    else:
        there = find_base(contender.root, settings)
        if there is None:
            raise RefusedInput(
                "no base was trained with these settings; `tttui pretrain` with them trains it"
            )
        base = there
    if contender.base_sha256 not in ("", base.sha256):
        raise RefusedInput(
            f"belongs to the base {contender.base_sha256[:12]}, these settings have "
            f"{base.sha256[:12]}"
        )
    return base.weights


def start_of(contender: Contender, settings: Settings) -> Weights | None:
    """The plastic weights to begin with. Raises RefusedInput where they are of another model."""
    if contender.tensors is None:
        return None
    start = {}
    for name, shape in shapes(settings.model).items():
        if name not in PLASTIC:
            continue
        value = contender.tensors.get(name)
        value = None if value is None else np.asarray(value, dtype=np.float32)
        if value is None or value.shape != shape:
            has = "is missing" if value is None else f"has shape {list(value.shape)}"
            raise RefusedInput(f"{name} {has}, the model needs {list(shape)}")
        start[name] = value
    return start


def alone(contender: Contender, stream: HeldOutStream) -> tuple[float, Floats]:
    """Steps a second of one session by itself, and the milliseconds of each transaction."""
    values = {**contender.values, **stream.settings, "steps": ALONE}
    settings = named_runner(contender.task).choose(values)
    check_device(settings.device)
    start = start_of(contender, settings)
    base = base_of(contender, settings)
    learner = Learner(settings, base, start=start, torch=contender.torch)
    world, chunk, took = WorldStream(settings), settings.plasticity.chunk, list[float]()
    began = time.perf_counter()
    for t in range(0, ALONE, chunk):
        if learner.due(t):
            before = time.perf_counter()
            learner.update(t)
            took.append(1e3 * (time.perf_counter() - before))
        z, a, _ = world.advance(min(chunk, ALONE - t))
        learner.predict(z, a)
    return ALONE / (time.perf_counter() - began), np.array(took)
