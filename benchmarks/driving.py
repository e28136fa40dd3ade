"""Driving a live run: how soon it answers, how soon the screen shows it, and what the app costs it.

    python -m benchmarks.driving [--rounds 20] [--seconds 5] [--pairs 5] [--tab overview]
                                 [--many 1000] [--only-many]

The run is a process of its own and the app another one in a real pty, as people have them. The
speed of the engine with the app open is compared with its speed alone in alternating stretches
of the same run, so that a busy machine slows down both.
"""

import argparse
import itertools
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.live import in_background, status
from tests.terminal.harness import PtyProgram
from tttui.runs.control import Verb, ask

LONG = 10_000_000
"""Steps of a run that does not end by itself."""


def spread(what: str, values: Sequence[float], unit: str, target: str = "") -> None:
    """A line with median, 95th percentile and worst."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(
        f"{what:<44} median {statistics.median(ordered):6.1f}  p95 {p95:6.1f}  "
        f"worst {ordered[-1]:6.1f} {unit}  {target}",
        flush=True,
    )


def answered(directory: Path, verb: Verb, value: Any = None) -> float:
    """Milliseconds from asking to the answer in status.json."""
    began = time.perf_counter()
    id = ask(directory, verb, value)
    while all(a["id"] != id for a in status(directory).get("answers", [])):
        assert time.perf_counter() - began < 10, f"{verb} was not answered"
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000


def measure_answers(root: Path, rounds: int) -> None:
    """From a request to its answer, by scripts that steer: paused, and at full speed."""
    with in_background(root / "answers", steps=LONG) as run:
        for _ in range(rounds):
            answered(run, "step", 1)
        spread("paused, step 1 -> answer", [answered(run, "step", 1) for _ in range(rounds)], "ms")
        friction = itertools.cycle([0.1, 0.2])
        mu = [answered(run, "mu", next(friction)) for _ in range(rounds)]
        spread("paused, mu (recorded, synced) -> answer", mu, "ms")
        answered(run, "continue")
        pauses, others = [], []
        for _ in range(rounds):
            time.sleep(0.05)
            others.append(answered(run, "set", {"lr": 0.02}))
            pauses.append(answered(run, "pause"))
            answered(run, "continue")
        spread("at full speed, pause -> answer", pauses, "ms")
        spread("at full speed, set lr -> answer", others, "ms")


def all_answered(directory: Path, requests: Sequence[tuple[Verb, Any]]) -> tuple[float, float]:
    """Seconds for making many requests as fast as it goes, and from the first to all answers."""
    began = time.perf_counter()
    waiting = {ask(directory, *request) for request in requests}
    asked = time.perf_counter() - began
    while waiting := waiting - {a["id"] for a in status(directory).get("answers", [])}:
        assert time.perf_counter() - began < 600, f"{len(waiting)} were not answered"
        time.sleep(0.001)
    return asked, time.perf_counter() - began


MANY: dict[str, Sequence[tuple[Verb, Any]]] = {
    "pause and continue": [("pause", None), ("continue", None)],
    "speed": [("speed", 900.0), ("speed", 950.0)],
    "step 1": [("step", 1)],
    "mu (recorded, synced)": [("mu", 0.1), ("mu", 0.2)],
    "set lr (recorded, synced)": [("set", {"lr": 0.02}), ("set", {"lr": 0.01})],
}


def measure_many(root: Path, count: int) -> None:
    """Many requests at once to a paused run, beside as many that each wait for the one before."""
    for name, kinds in MANY.items():
        with in_background(root / name.split()[0], steps=LONG) as run:
            some = list(itertools.islice(itertools.cycle(kinds), 20))
            single = statistics.median(answered(run, *one) for one in some) / 1000
            asked, took = all_answered(run, list(itertools.islice(itertools.cycle(kinds), count)))
        print(
            f"{f'{count} at once, {name}':<44} {took:6.2f} s (asked in {asked:.2f})  "
            f"x{count * single / took:.0f} as fast as one after the other  <= 1 s",
            flush=True,
        )


def app(path: Path, tab: str) -> list[str]:
    return [sys.executable, "-m", "tttui", str(path), "--tab", tab]


def seen(program: PtyProgram, key: str, pattern: str) -> float:
    """Milliseconds from a key to the text on the screen."""
    wanted, began = re.compile(pattern), time.perf_counter()
    program.press(key)
    while not wanted.search(program.text()):
        assert time.perf_counter() - began < 10, f"{pattern!r} never came up\n{program.text()}"
        program.pump(0.05)
    return (program.read_at - began) * 1000


def cpu(pid: int, seconds: float, program: PtyProgram | None = None) -> float:
    """Percent of a core over some seconds, reading the app's screen meanwhile."""
    process, end = psutil.Process(pid), time.monotonic() + seconds
    before = process.cpu_times()
    while (left := end - time.monotonic()) > 0:
        if program is None:
            time.sleep(left)
        else:
            program.pump(min(left, 0.1))
    after = process.cpu_times()
    used: float = after.user + after.system - before.user - before.system
    return 100 * used / seconds


def measure_screen(root: Path, rounds: int, tab: str) -> None:
    """From a key to the screen that shows what the run did."""
    with (
        in_background(root / "screen", steps=LONG) as run,
        PtyProgram(app(run, tab), columns=120, rows=40) as program,
    ):
        program.wait_for("paused")
        program.settle(0.5)
        steps, pauses = [], []
        for _ in range(rounds):
            program.settle(1.2)
            t = int(status(run)["t"])
            steps.append(seen(program, "a", rf"(?<!\d){t}\b"))
        spread("key -> screen, one step of a paused run", steps, "ms", "<= 100 ms")
        ask(run, "speed", 200)
        for _ in range(rounds):
            program.settle(0.3, timeout=1.2)
            pauses.append(seen(program, "p", "● running"))
            program.settle(0.3, timeout=1.2)
            pauses.append(seen(program, "p", "‖ paused"))
        spread("key -> screen, pause and continue", pauses, "ms", "<= 100 ms")
        program.settle(6, timeout=8)
        print(f"{'paused: the engine':<44} {cpu(status(run)['pid'], 10):6.2f} % of a core  <= 1 %")
        print(f"{'paused: the app':<44} {cpu(program.pid, 10, program):6.2f} % of a core  <= 1 %")


def rates(directory: Path, seconds: float, program: PtyProgram | None) -> tuple[float, float]:
    """Steps a second of a live run, and steps a second of processor time, over some seconds."""
    process = psutil.Process(status(directory)["pid"])
    before, cpu_before = status(directory), process.cpu_times()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if program is None:
            time.sleep(left)
        else:
            program.pump(min(left, 0.1))
    after, cpu_after = status(directory), process.cpu_times()
    used = cpu_after.user + cpu_after.system - cpu_before.user - cpu_before.system
    steps = after["t"] - before["t"]
    return steps / (after["heartbeat_boottime"] - before["heartbeat_boottime"]), steps / used


def measure_cost(root: Path, seconds: float, pairs: int, tab: str) -> None:
    """The engine's speed with the app open, as a share of its speed alone."""
    wall, processor, busy = [], [], []
    with in_background(root / "cost", steps=LONG) as run:
        answered(run, "continue")
        for _ in range(pairs):
            alone = rates(run, seconds, None)
            with PtyProgram(app(run, tab), columns=120, rows=40) as program:
                program.wait_for("running")
                program.settle(0.3, timeout=3)
                cpu_before = program.process().cpu_times()
                watched = rates(run, seconds, program)
                cpu_after = program.process().cpu_times()
            used = cpu_after.user + cpu_after.system - cpu_before.user - cpu_before.system
            busy.append(100 * used / seconds)
            wall.append(watched[0] / alone[0])
            processor.append(watched[1] / alone[1])
            print(f"  alone {alone[0]:6.0f} steps/s, with the app {watched[0]:6.0f}", flush=True)
    what = f"engine with the app on {tab}"
    print(f"{what:<44} x{statistics.median(wall):.3f} of its speed alone  >= 0.90")
    print(f"{'  the same a second of processor time':<44} x{statistics.median(processor):.3f}")
    print(f"{'  the app meanwhile':<44} {statistics.median(busy):.1f} % of a core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tab", default="overview")
    parser.add_argument("--many", type=int, default=1000, metavar="REQUESTS")
    parser.add_argument("--only-many", action="store_true", help="leave the app out")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        measure_many(root, chosen.many)
        if chosen.only_many:
            return
        measure_answers(root, chosen.rounds)
        measure_screen(root, chosen.rounds, chosen.tab)
        measure_cost(root, chosen.seconds, chosen.pairs, chosen.tab)


if __name__ == "__main__":
    main()
