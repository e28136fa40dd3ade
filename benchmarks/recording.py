"""What a Recorder costs: of a step, of an import, of an update of 10^5 to 10^8 parameters.

    python -m benchmarks.recording [--smallest 1e5 --largest 1e8 --only-updates]

Every number stands beside a baseline of the same run. Times are CPU seconds, of torch and numpy on
one thread, so that a busy machine changes them and their ratios little.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy and torch are imported

import argparse
import copy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import nn

import tttui

STEP_S = 0.010
"""Seconds of a step of which a recorder may take one percent."""

WIDTHS = {1e5: (224, 2), 1e6: (707, 2), 1e7: (1118, 8), 1e8: (2041, 24)}
"""Parameters -> width and number of square layers."""


def best(act: Callable[[], object], times: int, rounds: int = 7) -> float:
    """Seconds of one call: the best of several rounds, since others use the machine as well."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(times):
            act()
        found.append((time.process_time() - begun) / times)
    return min(found)


def steps(folder: Path) -> None:
    counter = iter(range(1 << 40))
    norms = nn.ModuleList([nn.BatchNorm2d(128) for _ in range(20)])

    def empty() -> None:
        f"{next(counter)},{1.0!r},{1.0!r}\n".encode()

    base = best(empty, 20_000)
    print(f"one formatted line, nothing else            {base * 1e6:8.1f} us")
    cases: dict[str, tuple[tttui.Recorder, Callable[[tttui.Recorder], None]]] = {}

    def plain(rec: tttui.Recorder) -> None:
        rec.step(next(counter), adaptive=1.0, frozen=1.1)

    def with_series(rec: tttui.Recorder) -> None:
        rec.step(next(counter), adaptive=1.0, frozen=1.1, a=1.0, b=2.0, c=3.0)

    def score(rec: tttui.Recorder) -> None:
        with rec.score(next(counter)) as s:
            s.loss(1.0)

    parameters = dict(norms.named_parameters())
    cases["step, numbers only"] = tttui.Recorder(folder / "plain"), plain
    cases["step, three series"] = tttui.Recorder(folder / "series"), with_series
    cases["step, 40 norm weights (5 120 numbers)"] = (
        tttui.Recorder(folder / "norms", plastic=parameters),
        plain,
    )
    cases["score, 40 norm weights, 60 buffers"] = tttui.Recorder(folder / "score", norms), score
    for name, (rec, act) in cases.items():
        cost = best(lambda rec=rec, act=act: act(rec), 2000)  # type: ignore[misc]
        rec.close()
        print(f"{name:<43} {cost * 1e6:8.1f} us  {cost / STEP_S:6.2%} of a step of 10 ms")


def imports() -> None:
    """CPU seconds of the import alone, in a new process."""

    def spent(statement: str) -> float:
        code = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
        runs = [
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            for _ in range(9)
        ]
        return min(float(run.stdout) for run in runs)

    recorder, numpy = spent("from tttui import Recorder"), spent("import numpy")
    print(f"import of Recorder                          {recorder * 1e3:8.1f} ms")
    print(f"  (import numpy, for comparison             {numpy * 1e3:8.1f} ms)")


def updates(folder: Path, smallest: float, largest: float, batches: list[int]) -> None:
    """One update: forward, backward and a step of Adam on a batch of so many rows.

    The updates without a recorder are those of a twin: a recorder notices every change of its
    own model, also one outside of its blocks.
    """
    for count, (width, layers) in WIDTHS.items():
        if not smallest <= count <= largest:
            continue
        model = nn.Sequential(*(nn.Linear(width, width, bias=False) for _ in range(layers)))
        real = sum(p.numel() for p in model.parameters())
        for rows in batches:
            bare = updates_of(copy.deepcopy(model), rows)
            update = updates_of(model, rows)
            with tttui.Recorder(
                folder / f"{real}-{rows}", plastic=dict(model.named_parameters())
            ) as rec:

                def recorded(
                    rec: tttui.Recorder = rec, update: Callable[[], None] = update
                ) -> None:
                    with rec.update(trained_on=0):
                        update()

                bare()
                recorded()
                pairs = []
                for _ in range(7 if count >= 1e7 else 25):
                    begun = time.process_time()
                    bare()
                    between = time.process_time()
                    recorded()
                    pairs.append((between - begun, time.process_time() - between))
                alone, watched = median(a for a, _ in pairs), median(b for _, b in pairs)
                ratio = watched / alone - 1
            print(
                f"update of {real:>11,} parameters, batch {rows:>4}:  bare {alone * 1e3:9.1f} ms, "
                f"recorded {watched * 1e3:9.1f} ms  {ratio:+7.1%}",
                flush=True,
            )


def updates_of(model: nn.Module, rows: int) -> Callable[[], None]:
    """A function that makes one update of a model."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)
    x = torch.randn(rows, next(model.parameters()).shape[1])

    def update() -> None:
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    return update


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", type=float, default=1e5, help="parameters of an update")
    parser.add_argument("--largest", type=float, default=1e8)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 512], help="rows of an update")
    parser.add_argument("--only-updates", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not given.only_updates:
            imports()
            steps(Path(folder))
        updates(Path(folder), given.smallest, given.largest, given.batch)


if __name__ == "__main__":
    main()
