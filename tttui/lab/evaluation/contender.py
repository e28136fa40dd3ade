"""Contenders: how each starts and how it learns, and what became of it on held-out streams."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tttui.lab.evaluation.streams import Stream
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput

LAST = 100
"""Steps at the end of a stream that count as what was learned (`last-100 loss`)."""

Told = Callable[[int, int], None]
"""Called with how many pieces of work are done and how many there are; may raise to end it."""


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """What is evaluated: where it starts and how it learns."""

    name: str
    task: str
    """What a person calls its task."""
    values: Mapping[str, Any]
    """Settings by name, where they differ from the task's defaults; those of the stream win."""
    tensors: Mapping[str, Any] | None = None
    """Plastic weights that it starts with, by name; those of the base where there are none."""
    root: Path = Path("runs")
    """Where bases are kept that were trained here."""
    base_sha256: str = ""
    """Of the base that the weights belong to; '' where that does not matter."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one contender on one stream. Losses are prequential: each step is scored
    before anything is learned from it."""

    adaptive: Floats
    """[steps]"""
    frozen: Floats
    """Of the base without learning [steps]; NaN where it was not scored."""
    seconds: float
    """That it took, a share of those of the streams that were computed side by side."""
    commits: int
    rollbacks: int
    items: Floats | None = None
    """How many items (bytes, tokens) each step counts for [steps]; all the same where None."""
    latency_ms: Floats | None = None
    """Of each transaction, where they were carried out one by one."""

    @property
    def whole(self) -> float:
        """Mean loss over the whole stream."""
        return self._mean(self.adaptive, len(self.adaptive))

    @property
    def last(self) -> float:
        """Mean loss over the last 100 steps."""
        return self._mean(self.adaptive, LAST)

    @property
    def frozen_whole(self) -> float:
        """Mean loss of the frozen base over the whole stream, where it was scored."""
        return self._mean(self.frozen, len(self.frozen), scored=True)

    @property
    def frozen_last(self) -> float:
        """The same over the last 100 steps."""
        return self._mean(self.frozen, LAST, scored=True)

    def _mean(self, losses: Floats, last: int, *, scored: bool = False) -> float:
        losses = np.asarray(losses, dtype=np.float64)[-last:]
        weights = np.ones(len(losses)) if self.items is None else self.items[-last:]
        if scored:
            there = ~np.isnan(losses)
            losses, weights = losses[there], weights[there]
        if not len(losses):
            return float("nan")
        with np.errstate(all="ignore"):
            return float((losses * weights).sum() / weights.sum())


def evaluate(
    contender: Contender, streams: Sequence[Stream], told: Told | None = None
) -> list[Outcome]:
    """Let a contender learn on every stream, each from its own start; one Outcome a stream.

    Those of the point mass are computed side by side, on the device of its settings. Raises
    RefusedInput where the contender and its task do not fit.
    """
    told = told or _nobody
    if _is_point_mass(contender):
        return _point_mass(contender, streams, told)
    return list(_one_by_one(contender, streams, told))


def _nobody(done: int, total: int) -> None:
    """Nobody is told."""


def check(contender: Contender, stream: Stream) -> None:
    """Raise RefusedInput, naming the contender, where it cannot be evaluated on a stream.

    Quick: for a command, before it starts a job.
    """
    from tttui.runs.runner import named_runner

    try:
        settings = named_runner(contender.task).choose({**contender.values, **stream.settings})
        if _is_point_mass(contender):
            _base_of(contender, settings)
            _start_of(contender, settings)
    except RefusedInput as error:
        raise RefusedInput(f"{contender.name}: {error}") from error


def _is_point_mass(contender: Contender) -> bool:
    from tttui.model.schema import POINT_MASS

    return contender.task == POINT_MASS


def _point_mass(contender: Contender, streams: Sequence[Stream], told: Told) -> list[Outcome]:
    import time
    from dataclasses import replace

    from tttui.engine.device import check_device
    from tttui.engine.many import CPU_BLOCK, Block, worlds
    from tttui.engine.transaction import COMMIT
    from tttui.runs.runner import named_runner

    runner = named_runner(contender.task)
    groups: dict[Any, list[int]] = {}
    for i, stream in enumerate(streams):
        settings = runner.choose({**contender.values, **stream.settings})
        groups.setdefault(replace(settings, seed=0), []).append(i)
    found: dict[int, Outcome] = {}
    for settings, places in groups.items():
        check_device(settings.device)
        base, start = _base_of(contender, settings), _start_of(contender, settings)
        block = CPU_BLOCK if settings.device == "cpu" else len(places)
        for first in range(0, len(places), block):
            now = places[first : first + block]
            z, a, _ = worlds(settings, [streams[i].values.get("seed", 0) for i in now])
            began = time.perf_counter()
            side_by_side = Block(settings, base, z, a, start)
            while side_by_side.advance():
                told(
                    len(found) * settings.steps + side_by_side.t * len(now),
                    len(streams) * settings.steps,
                )
            seconds = (time.perf_counter() - began) / len(now)
            status = side_by_side.status
            for row, i in enumerate(now):
                committed = int((status[row] == COMMIT).sum())
                found[i] = Outcome(
                    side_by_side.adaptive[row],
                    side_by_side.baseline[row],
                    seconds,
                    committed,
                    status.shape[1] - committed,
                )
    told(1, 1)
    return [found[i] for i in range(len(streams))]


def _base_of(contender: Contender, settings: Any) -> Any:
    """The weights of the base. Raises RefusedInput where there is none, or it is another one."""
    from tttui.runs.base import chosen_base, find_base

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


def _start_of(contender: Contender, settings: Any) -> dict[str, Floats] | None:
    """The plastic weights to begin with. Raises RefusedInput where they are of another model."""
    from tttui.model.arrays import PLASTIC
    from tttui.runs.base import shapes

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


def _one_by_one(contender: Contender, streams: Sequence[Stream], told: Told) -> Iterator[Outcome]:
    """A task of the engine for any module, stream by stream."""
    import tempfile
    import time

    from tttui.engine.tensorstate import as_tensors
    from tttui.runs.runner import named_runner
    from tttui.runs.taskstepper import new_learner

    runner = named_runner(contender.task)
    with tempfile.TemporaryDirectory(prefix="tttui-stream-") as folder:
        for i, stream in enumerate(streams):
            values = {**contender.values, **stream.settings}
            if "file" in values and "begin" in stream.values:
                path = Path(folder, "part" + Path(values["file"]).suffix)
                path.write_bytes(stream.part())
                values["file"] = str(path)
            settings = runner.choose(values)
            began = time.perf_counter()
            task, learner = new_learner(settings, None)
            if contender.tensors is not None:
                learner.restore(_checked(contender, learner, as_tensors))
            steps = _steps(settings, task)
            adaptive, frozen, items, took = [], [], [], []
            commits = rollbacks = 0
            for t in range(steps):
                seen = learner.observe(task.batch(t))
                adaptive.append(seen.adaptive)
                frozen.append(np.nan if seen.frozen is None else seen.frozen)
                items.append(max(1, seen.losses.numel()))
                if seen.event is not None:
                    good = seen.event["status"] == "commit"
                    commits, rollbacks = commits + good, rollbacks + (not good)
                    took.append(seen.event.get("duration_ms", np.nan))
                told(i * steps + t + 1, len(streams) * steps)
            yield Outcome(
                np.array(adaptive),
                np.array(frozen),
                time.perf_counter() - began,
                commits,
                rollbacks,
                np.array(items, dtype=np.float64),
                np.array(took),
            )


def _steps(settings: Any, task: Any) -> int:
    """Of a document all of it that the stream is, else as many as the settings say."""
    wanted, there = settings.conduct.steps, task.steps
    if there is not None:
        return int(there) if wanted is None else min(int(there), int(wanted))
    return 200 if wanted is None else int(wanted)


def _checked(contender: Contender, learner: Any, as_tensors: Callable[[Any], Any]) -> Any:
    """The weights as tensors on the learner's device. Raises RefusedInput naming what differs."""
    assert contender.tensors is not None
    found = {}
    for name, p in learner.plastic.items():
        value = contender.tensors.get(name)
        value = None if value is None else np.asarray(getattr(value, "values", value))
        if value is None or tuple(value.shape) != tuple(p.shape):
            has = "is missing" if value is None else f"has shape {list(value.shape)}"
            raise RefusedInput(
                f"{contender.name}: {name} {has}, the model needs {list(p.shape)}; "
                "--set plastic=... chooses what is plastic"
            )
        found[name] = as_tensors({name: value})[name].to(p)
    return found
