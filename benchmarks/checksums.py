"""What the checksums cost a run, and how fast sessions are checked.

    python -m benchmarks.checksums [--steps 20000] [--rows 200000] [--sessions 100]

The cost is the time spent on them as a share of the same run's, in CPU time, so that a busy
machine changes neither; the checks are beside reading the same bytes from the page cache.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import base_of, settings
from tttui.artifacts import checkpoint, history_writer
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.check import check_session
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.writer import RunWriter

ROUNDS = 3


class Meter:
    """CPU seconds spent in some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, owner: Any, name: str) -> None:
        work: Callable[..., Any] = getattr(owner, name)

        @wraps(work)
        def timed(*args: Any, **options: Any) -> Any:
            began = time.thread_time()
            try:
                return work(*args, **options)
            finally:
                self.seconds += time.thread_time() - began

        setattr(owner, name, timed)


def run_cost(steps: int) -> dict[str, tuple[float, float]]:
    """CPU seconds by part, and their share of the run, median of rounds."""
    meters = {name: Meter() for name in ("checksums", "in checkpoints", "previous checkpoint")}
    meters["checksums"].watch(BlockChecksums, "add")
    meters["checksums"].watch(history_writer, "crc32")
    meters["in checkpoints"].watch(RunWriter, "_checksums")
    meters["in checkpoints"].watch(checkpoint, "pt_bytes")
    meters["previous checkpoint"].watch(checkpoint, "_keep_previous")
    shares: dict[str, list[float]] = {name: [] for name in meters}
    spent: dict[str, list[float]] = {name: [] for name in meters}
    chosen = settings(steps=steps, checkpoint_s=2.0)
    for _ in range(ROUNDS):
        for meter in meters.values():
            meter.seconds = 0.0
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            run = SessionRun.create(Path(folder) / "a", chosen, base_of(chosen))
            run.advance(steps)
            run.close("completed")
            whole = time.process_time() - began
        for name, meter in meters.items():
            shares[name].append(meter.seconds / whole)
            spent[name].append(meter.seconds)
    return {
        name: (statistics.median(spent[name]), statistics.median(shares[name])) for name in meters
    }


def seconds(work: Callable[[], object]) -> float:
    """Median wall time."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def read_all(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_file():
            path.read_bytes()


def check_all(places: list[Place]) -> None:
    for place in places:
        assert not check_session(place).findings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--sessions", type=int, default=100)
    args = parser.parse_args()
    print(f"a run of {args.steps} steps | CPU s, median | share of the run")
    for name, (spent, share) in run_cost(args.steps).items():
        print(f"{name:28s} | {spent:8.4f} | {share:8.3%}")
    print("checking | s, median | times reading the same bytes")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        name = f"one session of {args.rows} steps"
        report(name, root / "large", [make_run(root / "large" / "a", steps=args.rows)])
        name = f"{args.sessions} sessions of 600 steps"
        small = [root / "small" / f"s{i}" for i in range(args.sessions)]
        report(name, root / "small", [make_run(path, seed=i) for i, path in enumerate(small)])


def report(name: str, root: Path, places: list[Place]) -> None:
    """One line of the second table."""
    checked = seconds(lambda: check_all(places))
    print(f"{name:28s} | {checked:8.3f} | {checked / seconds(lambda: read_all(root)):6.1f}")


if __name__ == "__main__":
    main()
