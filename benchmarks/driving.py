"""Driving a live run: how soon it answers, how soon the screen shows it, and what the app costs it.

    python -m benchmarks.driving [--rounds 20] [--steps 20000] [--pairs 5] [--tab overview]

The run is a process of its own and the app another one in a real pty, as people have them. The
speed of the engine with the app open is compared with its speed alone in alternating pairs of
the same run, so that a busy machine slows down both.
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
from tttui.engine.control import Verb, ask

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
    while not any(a["id"] == id for a in status(directory).get("answers", [])):
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
    return 100 * (after.user + after.system - before.user - before.system) / seconds


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
            steps.append(seen(program, "a", rf"\b{t} / {t}\b"))
        spread("key -> screen, one step of a paused run", steps, "ms", "<= 100 ms")
        ask(run, "speed", 200)
        for _ in range(rounds):
            program.settle(0.3, timeout=1.2)
            pauses.append(seen(program, "p", "● running"))
            program.settle(0.3, timeout=1.2)
            pauses.append(seen(program, "p", "‖ paused"))
        spread("key -> screen, pause and continue", pauses, "ms", "<= 100 ms")
        program.settle(1.5, timeout=4)
        print(f"{'paused: the engine':<44} {cpu(status(run)['pid'], 10):6.2f} % of a core  <= 1 %")
        print(f"{'paused: the app':<44} {cpu(program.pid, 10, program):6.2f} % of a core  <= 1 %")


def seconds_of(directory: Path, steps: int, tab: str | None) -> float:
    """Seconds that a run takes from `continue` to its end, with the app on a tab or alone."""
    with in_background(directory, steps=steps) as run:
        program = None
        if tab is not None:
            program = PtyProgram(app(run, tab), columns=120, rows=40)
            program.wait_for("paused")
            program.settle(0.5)
        answered(run, "continue")
        began = time.time()
        while status(run).get("state") not in ("completed", "failed"):
            if program is None:
                time.sleep(0.1)
            else:
                program.pump(0.1)
        took = float(status(run)["heartbeat_at"]) - began
        if program is not None:
            program.kill()
        return took


def measure_cost(root: Path, steps: int, pairs: int, tab: str) -> None:
    """The engine's speed with the app open, as a share of its speed alone."""
    ratios = []
    for i in range(pairs):
        alone = seconds_of(root / f"alone{i}", steps, None)
        watched = seconds_of(root / f"watched{i}", steps, tab)
        ratios.append(alone / watched)
        print(
            f"  alone {steps / alone:7.0f} steps/s, with the app {steps / watched:7.0f} steps/s, "
            f"ratio {ratios[-1]:.3f}",
            flush=True,
        )
    ratio = statistics.median(ratios)
    print(f"{f'engine with the app on {tab}':<44} x{ratio:.3f} of its speed alone  >= 0.90")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tab", default="overview")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        measure_answers(root, chosen.rounds)
        measure_screen(root, chosen.rounds, chosen.tab)
        measure_cost(root, chosen.steps, chosen.pairs, chosen.tab)


if __name__ == "__main__":
    main()
