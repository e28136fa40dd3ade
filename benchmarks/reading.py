"""How fast and how small reading is, beside numpy.loadtxt and csv on the same files.

    python -m benchmarks.reading [--rows 200000 1000000]

Every figure is a median of several runs in fresh processes where memory is measured; the ratios
are what counts, since both sides ran in the same minutes.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.rundirs import make_run
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary

REPEATS = 3

FIRST_ROWS = 50_000
"""Rows that a first chart is drawn from."""


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median wall time of a call."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


PEAK = """
import sys
from pathlib import Path
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
import tttui.artifacts.summary

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

(place,) = find_sessions([Path(sys.argv[1])])
before = peak()
reader = SessionReader(place)
data = reader.refresh()
loaded = peak()
reader.trajectory()
print(loaded - before, peak() - loaded)
"""


def peak_mb(path: Path) -> tuple[float, float]:
    """MB that loading adds to the peak of a fresh process: all but the trajectory, and it."""
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    )
    data, trajectory = run.stdout.split()
    return float(data), float(trajectory)


def with_csv(path: Path) -> None:
    """What a plain reader does: a list of floats for every column."""
    with path.open(newline="") as file:
        rows = csv.reader(file)
        width = len(next(rows))
        columns: list[list[float]] = [[] for _ in range(width)]
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                column.append(float(value))


def measure_run(root: Path, rows: int) -> None:
    """Load times of one long session."""
    place = make_run(root / f"run{rows}", steps=rows, chunk=32)
    path = place.path / "per_step.csv"
    first = seconds(lambda: SessionReader(place).refresh(budget_rows=FIRST_ROWS))
    everything = seconds(lambda: SessionReader(place).refresh())
    loadtxt = seconds(lambda: np.loadtxt(path, delimiter=",", skiprows=1), 1)
    plain = seconds(lambda: with_csv(path), 1)
    trajectory = seconds(lambda: SessionReader(place).trajectory(), 1)
    memory, trajectory_memory = peak_mb(place.path)
    print(f"{rows:>9} rows, {path.stat().st_size / 1e6:.0f} MB of per_step.csv")
    print(f"  first {FIRST_ROWS} rows with all other parts  {first * 1e3:8.1f} ms")
    print(f"  the whole session                      {everything * 1e3:8.1f} ms, {memory:.0f} MB")
    print(f"    beside numpy.loadtxt of per_step.csv {loadtxt / everything:8.1f} x faster")
    print(f"    beside csv and float()               {plain / everything:8.1f} x faster")
    print(f"  trajectory.csv, 16 columns             {trajectory * 1e3:8.1f} ms", end="")
    print(f", {trajectory_memory:.0f} MB")
    measure_appended(place.path, rows, everything)


def measure_appended(path: Path, rows: int, everything: float) -> None:
    """What 50 new rows and one event cost when the rest was read before."""
    (place,) = find_sessions([path])
    reader = SessionReader(place)
    reader.refresh()
    times = []
    for k in range(20):
        with (path / "per_step.csv").open("a") as file:
            file.writelines(f"{rows + 50 * k + i},0.001,0.0001,0,0\n" for i in range(50))
        with (path / "update_events.jsonl").open("a") as file:
            file.write(f'{{"t": {rows + 50 * k}, "status": "commit"}}\n')
        begun = time.perf_counter()
        reader.refresh()
        times.append(time.perf_counter() - begun)
    appended = statistics.median(times)
    print(f"  50 rows appended                       {appended * 1e3:8.3f} ms", end="")
    print(f" = 1/{everything / appended:.0f} of reading it all")
    idle = seconds(reader.refresh, 50)
    print(f"  nothing changed                        {idle * 1e3:8.3f} ms")


def measure_events(root: Path, count: int) -> None:
    """100 000 transactions with their statistics."""
    place = make_run(root / "events", steps=count * 8, chunk=8, trajectory=False, snapshots=False)
    lines = place.path / "update_events.jsonl"
    ours = seconds(lambda: SessionReader(place).refresh())
    theirs = seconds(lambda: [json.loads(line) for line in lines.open()], 1)
    memory, _ = peak_mb(place.path)
    print(f"{count} transactions ({lines.stat().st_size / 1e6:.0f} MB) and {count * 8} rows")
    print(f"  the whole session                      {ours * 1e3:8.1f} ms, {memory:.0f} MB")
    print(f"    beside json.loads of the events      {theirs / ours:8.1f} x faster")


def measure_many(root: Path, count: int) -> None:
    """Finding and summing up many sessions."""
    for i in range(count):
        make_run(root / "many" / f"group{i % 10}" / f"run{i}", steps=64, trajectory=False)
    found = seconds(lambda: find_sessions([root / "many"]))
    places = find_sessions([root / "many"])
    summaries = seconds(lambda: [read_summary(place) for place in places])
    print(f"{count} sessions")
    print(f"  found                                  {found * 1e3:8.1f} ms")
    print(f"  summed up for the table                {summaries * 1e3:8.1f} ms")


def measure_checkpoint(root: Path) -> None:
    """Checkpoints without torch."""
    small = make_run(root / "small", steps=64).path / "base_checkpoint.pt"
    large = make_run(root / "large", steps=64, shape=(4096, 4096), snapshots=False, chunk=0).path
    print(
        f"base checkpoint of 3 kB                  {seconds(lambda: read_pt(small)) * 1e3:8.2f} ms"
    )
    large_s = seconds(lambda: read_pt(large / "base_checkpoint.pt"))
    print(f"base checkpoint of 67 MB                 {large_s * 1e3:8.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[600, 200_000, 1_000_000])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=1000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for rows in chosen.rows:
            measure_run(root, rows)
        measure_events(root, chosen.events)
        measure_many(root, chosen.sessions)
        measure_checkpoint(root)


if __name__ == "__main__":
    main()
