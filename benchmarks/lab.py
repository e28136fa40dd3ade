"""The lab in a real pty: how long until it is there, keys, bytes and processor time.

    python -m benchmarks.lab [--jobs 10000] [--live 10] [--size 120x40] [--rounds 4]

The root has a dozen skills, many jobs that have ended, and some live ones, which this process
plays as workers write them: a heartbeat each half second, ten rows of metrics a second, progress.
The baseline is the smallest Textual app, measured in the same run.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.jobs import make as make_ended
from benchmarks.terminal import (
    Table,
    app,
    latencies,
    measure_bare,
    median,
    p95,
    pty_program,
    window,
)
from tests.jobdirs import make_job
from tests.lab.genome.test_composing import skill
from tests.rundirs import make_run, status_of_process
from tttui.panes.lab.base import VIEWS

KEYS = {
    "dashboard": ("w",),
    "jobs": ("down", "up", "v", "m"),
    "training": ("down", "up"),
    "matrix": ("right", "left"),
    "models": ("down", "up"),
    "genome": ("right", "left", "down", "up"),
    "system": ("w",),
}
"""Keys that change something in a view; of the others, those that go to the next one and back."""

BEAT_S = 0.5

SKILLS = 12


class Players(threading.Thread):
    """Live jobs: writes what their workers would write, until it is told to end."""

    def __init__(self, root: Path, n: int) -> None:
        super().__init__(daemon=True)
        self._ended = threading.Event()
        now = time.time()
        kinds = ("train", "pretrain", "benchmark", "sweep")
        self._jobs = [
            make_job(
                root,
                900_000 + i,
                kind=kinds[i % len(kinds)],
                state="running",
                created=now - i,
                progress=0.0,
                metrics={"loss": [1.0], "lr": [0.01], "grad_norm": [1.0]},
                log=["2026-01-01 00:00:00,000 INFO    began"],
            )
            for i in range(n)
        ]
        self._step = 1

    def end(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(BEAT_S):
            for i, job in enumerate(self._jobs):
                self._beat(job, i)

    def _beat(self, job: Path, i: int) -> None:
        rows = []
        for _ in range(int(10 * BEAT_S)):
            self._step += i == 0
            loss = (1 + i / 10) / self._step**0.5
            rows.append(f"{self._step},{loss!r},0.01,{1 / self._step!r}\n")
        with (job / "metrics.csv").open("a") as file:
            file.writelines(rows)
        path = job / "status.json"
        status = json.loads(path.read_text())
        share = min(1.0, self._step / 20_000)
        doing = f"step {self._step} of 20000, loss {loss:.3g}"
        left = (20_000 - self._step) / 10
        status |= status_of_process("running")
        status |= {"progress": share, "doing": doing, "seconds_left": left}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(status))
        with suppress(OSError):
            new.replace(path)


def measure(
    table: Table,
    root: Path,
    size: tuple[int, int],
    rounds: int,
    state: str,
    jobs: int,
    views: list[str],
) -> None:
    for view in views:
        command = app(root, "--lab", view)
        with pty_program(command, columns=size[0], rows=size[1]) as program:
            program.wait_for(r"\d running" if state == "live" else "idle", 60)
            name = f"{state}: {view}"
            table.line(
                f"{name}: start to what is going on",
                1000 * (program.read_at - program.started),
                "ms",
                "",
                "start",
            )
            program.wait_for(f"{jobs} jobs", 60)
            window(program, 4)  # all jobs are read, the first drawing is over
            sent, cpu = window(program, 10)
            table.line(f"{name}: bytes", sent, "B/s", "0" if state == "idle" else "a few KB/s")
            table.line(f"{name}: cpu", cpu, "%", "<= 1" if state == "idle" else "<= 10")
            times, sent = latencies(program, KEYS.get(view, ("tab", "shift+tab")), rounds)
            table.line(
                f"{name}: key to changed screen, median", median(times), "ms", "<= 25", "key"
            )
            table.line(f"{name}: key to changed screen, p95", p95(times), "ms", "<= 50", "key")
            table.line(f"{name}: bytes a key, median", sent, "B")
            memory = program.process().memory_info().rss / 1e6
            table.line(f"{name}: memory", memory, "MB", "", "memory")
            program.press("q")
            program.wait_exit()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--live", type=int, default=10)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--views", nargs="*", default=[view.name for view in VIEWS])
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    columns, _, rows = args.size.partition("x")
    size = int(columns), int(rows)
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "runs"
        os.environ["XDG_STATE_HOME"] = str(Path(name) / "state")
        make_run(root / "example", steps=600)
        for i in range(SKILLS):
            skill(root, f"skill-{i}", i)
        measure_bare(table, size, args.rounds)
        make_ended(root, args.jobs)
        print(f"\n{args.jobs} jobs that have ended, nothing runs, {args.size}")
        measure(table, root, size, args.rounds, "idle", args.jobs, args.views)
        players = Players(root, args.live)
        players.start()
        print(f"\nthe same and {args.live} live jobs")
        try:
            measure(table, root, size, args.rounds, "live", args.jobs + args.live, args.views)
        finally:
            players.end()


if __name__ == "__main__":
    main()
