"""The estimated cost of a training, from its first steps, and the actual one."""

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.tasks.trainer import Trainer

PROBED, PROBED_S = 3, 0.5
"""Steps by which a training is judged, and the seconds that they take at the least."""

ROW_BYTES = 70
"""Of metrics.csv."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a whole training; `memory` and `device_memory` (GPU) are peaks in bytes."""

    seconds: float
    memory_bytes: int
    device_memory_bytes: int
    disk_bytes: int

    def asdict(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if k != "device_memory_bytes" or v}


@dataclass(slots=True)
class Pace:
    """How long the steps and validations of one execution took."""

    steps: int = 0
    seconds: float = 0.0
    validations: int = 0
    validation_seconds: float = 0.0
    first: float = 0.0
    """Seconds of the first step, which warms up and counts for itself alone."""

    def stepped(self, seconds: float) -> None:
        if not self.steps:
            self.first = seconds
        self.steps += 1
        self.seconds += seconds

    @property
    def tells(self) -> bool:
        """Whether enough steps were timed for an estimate."""
        return self.steps >= PROBED and self.seconds >= PROBED_S

    def validated(self, seconds: float) -> None:
        self.validations += 1
        self.validation_seconds += seconds

    def expected(self, steps: int, validations: int) -> float:
        """Estimated seconds of some steps and validations."""
        later = (self.seconds - self.first) / max(1, self.steps - 1)
        if self.steps == 1:
            later = self.first
        each = self.validation_seconds / max(1, self.validations)
        return self.first + later * max(0, steps - 1) + each * validations


def probe(trainer: Trainer, every: int, named: int) -> Cost:
    """Estimate the cost of a training from three or more real steps and one validation."""
    pace = Pace()
    began = time.monotonic()
    trainer.validate()
    pace.validated(time.monotonic() - began)
    while trainer.step < trainer.steps and not pace.tells:
        began = time.monotonic()
        trainer.advance()
        pace.stepped(time.monotonic() - began)
    return expected(trainer, pace, every, named)


def expected(trainer: Trainer, pace: Pace, every: int, named: int) -> Cost:
    """By the pace so far: a validation at the start and `every` so many steps, `named`
    checkpoints kept beside the two newest and the best."""
    steps = trainer.steps
    state = _bytes_of(trainer.state())
    weights = sum(w.nbytes for w in trainer.weights().values())
    checkpoints = (named + 3) * (state + weights)
    return Cost(
        seconds=pace.expected(steps, 1 + -(-steps // every)),
        memory_bytes=peak_memory() + 2 * (state + weights),
        device_memory_bytes=trainer.device_memory(),
        disk_bytes=checkpoints + weights + ROW_BYTES * min(steps, 5000),
    )


def actual(directory: Path, seconds: float, trainer: Trainer) -> Cost:
    """The actual cost of the job in a directory."""
    with os.scandir(directory) as entries:
        size = sum(e.stat().st_size for e in entries if e.is_file(follow_symlinks=False))
    return Cost(seconds, peak_memory(), trainer.device_memory(), size)


def peak_memory() -> int:
    """The peak memory of this process in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _bytes_of(state: Any) -> int:
    if isinstance(state, np.ndarray):
        return state.nbytes
    if isinstance(state, Mapping):
        return sum(map(_bytes_of, state.values()))
    if isinstance(state, (list, tuple)):
        return sum(map(_bytes_of, state))
    return 16
