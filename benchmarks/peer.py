"""Beside the nearest peer: W&B LEET, a compiled terminal app for experiment logs.

    python -m benchmarks.peer --wandb PATH/TO/bin/wandb [--steps 600 200000] [--size 200x50]

wandb is not one of our requirements: install it into a virtual environment of its own. Both
programs show the same two curves, in turns, in the same minutes; LEET reads its own log of them.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from benchmarks.terminal import app, median, start_times, window
from tests.rundirs import make_run
from tests.terminal.harness import PtyProgram

LOG = """
import csv, sys, wandb
rows = csv.DictReader(open(sys.argv[1]))
quiet = wandb.Settings(x_disable_stats=True, console="off")
with wandb.init(mode="offline", project="peer", dir=sys.argv[2], settings=quiet) as run:
    for row in rows:
        run.log({name: float(row[name]) for name in ("baseline_mse", "adaptive_mse")})
"""


def logged(wandb: Path, run: Path, folder: Path) -> Path:
    """The same errors as LEET wants them; returns the directory of its run."""
    folder.mkdir()
    python = wandb.parent / "python"
    subprocess.run(
        [python, "-c", LOG, run / "per_step.csv", folder], check=True, capture_output=True
    )
    return next((folder / "wandb").glob("offline-run-*"))


def rest(command: list[str], ready: str, size: tuple[int, int]) -> tuple[float, float, float]:
    """Bytes a second and percent of a core while nothing happens, and megabytes, all loaded."""
    with PtyProgram(command, columns=size[0], rows=size[1]) as program:
        program.wait_for(ready, 300)
        program.settle(1.0)
        sent, cpu = window(program, 5)
        processes = [program.process(), *program.process().children(recursive=True)]
        memory = sum(process.memory_info().rss for process in processes) / 1e6
        program.press("q")
    return sent, cpu, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wandb", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[600, 200_000])
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    columns, rows = (int(part) for part in given.size.split("x"))
    size = (columns, rows)
    print(f"{'':34}{'tttui':>10}{'LEET':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as root:
        for steps in given.steps:
            run = make_run(Path(root) / f"run{steps}", steps=steps, chunk=max(32, steps // 20_000))
            peer = logged(given.wandb, run.path, Path(root) / f"peer{steps}")
            theirs = [str(given.wandb), "leet", "run", str(peer)]
            ours = app(run.path)
            last = rf"(?<!\d){steps - 1}\b"
            found: dict[str, tuple[list[float], list[float]]] = {
                "first chart, ms": ([], []),
                "all loaded, ms": ([], []),
            }
            for _ in range(given.rounds):
                for name, mine, other in (
                    ("first chart, ms", "frozen MSE", "[⠀-⣿]{3}"),
                    ("all loaded, ms", last, "State: Finished"),
                ):
                    found[name][0].extend(start_times(ours, mine, size, 1))
                    found[name][1].extend(start_times(theirs, other, size, 1))
            figures = {name: (median(a), median(b)) for name, (a, b) in found.items()}
            names = ("idle, B/s", "idle, % of a core", "memory, MB")
            mine_at_rest = rest(ours, last, size)
            figures.update(
                zip(
                    names,
                    zip(mine_at_rest, rest(theirs, "State: Finished", size), strict=True),
                    strict=True,
                )
            )
            print(f"\n{steps} steps, {given.size}")
            for name, (a, b) in figures.items():
                ratio = f"x{a / b:.2f}" if b > 0.05 else ""
                print(f"{name:<34}{a:>10.1f}{b:>10.1f}{ratio:>8}")


if __name__ == "__main__":
    main()
