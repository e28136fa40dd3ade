"""What reading with plastic weights gains: `python -m benchmarks.text [KILOBYTES] [VARIANT ...]`.

Bits per byte over documents of ten kinds: the frozen base, the adaptive model with several
plastic sets, optimizers and chunks, the frozen base with twice the context, and what zlib and
lzma make of the same bytes. `better` is the share of windows that the adaptive model predicted
better than the frozen one; where it loses over a whole document the line says so. Speeds are
bytes a second of CPU time of one thread, yardsticks as a session measures them and all.

The variant `shorter training` is the default over a base that was trained for 100 s only, made
here: what a base has not learned yet of its own domain it learns while it reads.
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.text_documents import SIZE, documents
from tttui.engine.threads import let_threads_sleep
from tttui.tasks.text.task import compressed

if TYPE_CHECKING:
    from tttui.tasks.text.task import TextTask

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "shorter training": {},
    "a third of the step": {"lr": 0.023},
    "same step for all weights": {"scaled": False},
    "gate over 8 windows": {"frozen_window": 8},
    "down projections": {"plastic": "*.down_proj.weight", "lr": 0.2},
    "norms": {"plastic": "*norm.weight", "lr": 0.2},
    "down projections, Muon": {
        "plastic": "*.down_proj.weight", "optimizer": "muon", "lr": 0.03, "momentum": 0.9,
    },
    "AdamW": {"optimizer": "adamw", "lr": 5e-4},
    "chunks of 32": {"chunk": 32, "context": 96, "lr": 0.05},
    "chunks of 96": {"chunk": 96, "context": 160},
}  # fmt: skip

SHORTER = "shorter training"

SHORTER_S = 100.0

THREADS = 1


@dataclass(frozen=True, slots=True)
class Read:
    """One document, read once."""

    frozen: float
    adaptive: float
    better: float
    """Share of windows."""
    bytes_per_second: float


def read(path: Path, values: Mapping[str, Any], kind: "type[TextTask] | None" = None) -> Read:
    """Read a document with some settings changed, or by another kind of the task."""
    from tttui.runs.tasksettings import TaskSettings
    from tttui.runs.taskstepper import new_learner
    from tttui.tasks.text.task import TextTask

    given = {"file": str(path), "threads": THREADS, **values}
    task, learner = new_learner(TaskSettings.chosen(kind or TextTask, given), None)
    frozen = adaptive = 0.0
    size = better = 0
    began = time.process_time()
    for t in range(task.steps or 0):
        seen = learner.observe(task.batch(t))
        task.measured(t)
        count = len(seen.losses)
        frozen += count * (seen.frozen or 0.0)
        adaptive += count * seen.adaptive
        better += seen.adaptive <= (seen.frozen or 0.0)
        size += count
    took = time.process_time() - began
    return Read(frozen / size, adaptive / size, better / (task.steps or 1), size / took)


def with_context(path: Path, context: int) -> float:
    """Bits a byte of the frozen base with so many bytes before it."""
    import torch

    from tttui.tasks.text.settings import TextSettings
    from tttui.tasks.text.task import TextTask

    task = TextTask(TextSettings(str(path), 64, context), 0)
    model = task.model()
    with torch.no_grad():
        parts = [task.loss(model, task.batch(t)) for t in range(task.steps)]
    return float(torch.cat(parts).mean())


def shorter() -> "type[TextTask]":
    """The task with a base that was trained for SHORTER_S seconds."""
    from benchmarks.text_base import train
    from tttui.tasks.text.model import ByteDecoder
    from tttui.tasks.text.task import TextTask

    trained = train(SHORTER_S)

    class Shorter(TextTask):
        def model(self) -> ByteDecoder:
            return deepcopy(trained)

    return Shorter


def main() -> None:
    let_threads_sleep()
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    wanted = [word for word in sys.argv[1:] if not word.isdigit()] or list(VARIANTS)
    if unknown := [word for word in wanted if word not in VARIANTS]:
        sys.exit(f"{unknown[0]}: there is no such variant; there are {', '.join(VARIANTS)}")
    found = documents(int(numbers[0]) * 1000 if numbers else SIZE)
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in found}
        for name, content in found.items():
            paths[name].write_bytes(content)
        print(f"{'bits per byte':<16}{'frozen':>8}{'256 ctx':>8}{'zlib':>7}{'lzma':>7}")
        for name, path in paths.items():
            frozen, wide = with_context(path, 128), with_context(path, 256)
            small = compressed(found[name])
            print(f"{name:<16}{frozen:8.2f}{wide:8.2f}{small[0]:7.2f}{small[1]:7.2f}", flush=True)
        for label in wanted:
            values = VARIANTS[label]
            kind = shorter() if label == SHORTER else None
            print(f"\n{label}: {', '.join(f'{k} {v}' for k, v in values.items()) or 'as shipped'}")
            for name, path in paths.items():
                told(name, read(path, values, kind))


def told(name: str, result: Read) -> None:
    gain = 1.0 - result.adaptive / result.frozen
    lost = "" if result.adaptive <= result.frozen else "  LOSES"
    print(
        f"{name:<16}{result.frozen:7.2f} -> {result.adaptive:5.2f}  {gain:+6.1%}  "
        f"better {result.better:6.1%}  {result.bytes_per_second:6.0f} bytes/s{lost}",
        flush=True,
    )


if __name__ == "__main__":
    main()
