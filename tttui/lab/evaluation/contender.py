"""Contenders: how each starts and learns, and its outcome on held-out streams."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.lab.evaluation.streams import HeldOutStream
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.schema import POINT_MASS

LAST = 100
"""Steps at the end of a stream that count as what was learned (`last-100 loss`)."""

OnProgress = Callable[[int, int], None]
"""Called with how many pieces of work are done and how many there are; may raise to end it."""


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """What is evaluated: where it starts and how it learns."""

    name: str
    task: str
    """The name of its task, as a person types it."""
    values: Mapping[str, Any]
    """Settings by name, where they differ from the task's defaults; those of the stream win."""
    tensors: Mapping[str, Any] | None = None
    """Plastic weights that it starts with, by name; those of the base where there are none."""
    root: Path = Path("runs")
    """Where bases are kept that were trained here."""
    base_sha256: str = ""
    """The sha256 of the base that the weights need; '' for any."""
    torch: bool = False
    """Computed by torch on the CPU as well, where the task has another engine too."""

    @property
    def is_point_mass(self) -> bool:
        return self.task == POINT_MASS


@dataclass(frozen=True, slots=True, eq=False)
class StreamOutcome:
    """The outcome of one contender on one stream. Losses are prequential: each step is scored
    before anything is learned from it."""

    adaptive: Floats
    """[steps]"""
    frozen: Floats
    """Of the base without learning [steps]; NaN where it was not scored."""
    seconds: float
    """Compute time; streams computed side by side share it evenly."""
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
    contender: Contender, streams: Sequence[HeldOutStream], on_progress: OnProgress | None = None
) -> list[StreamOutcome]:
    """Let a contender learn on every stream, each from its own start; one StreamOutcome a stream.

    Those of the point mass are computed side by side, on the device of its settings. Raises
    RefusedInput where the contender and its task do not fit.
    """
    if contender.is_point_mass:
        from tttui.lab.evaluation.worlds import side_by_side

        return side_by_side(contender, streams, on_progress or _nobody)
    from tttui.lab.evaluation.onebyone import one_by_one

    return list(one_by_one(contender, streams, on_progress or _nobody))


def _nobody(done: int, total: int) -> None:
    """Report no progress."""


def check(contender: Contender, stream: HeldOutStream) -> None:
    """Raise RefusedInput, naming the contender, where it cannot be evaluated on a stream.

    Quick: for a command, before it starts a job.
    """
    from tttui.runs.runner import named_runner

    try:
        settings = named_runner(contender.task).choose({**contender.values, **stream.settings})
        if contender.is_point_mass:
            from tttui.lab.evaluation.worlds import base_of, start_of

            base_of(contender, settings)
            start_of(contender, settings)
    except RefusedInput as error:
        raise RefusedInput(f"{contender.name}: {error}") from error
