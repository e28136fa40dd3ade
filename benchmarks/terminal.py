"""The app in a real pty: start, load, key latency, bytes and memory, tab by tab.

    python -m benchmarks.terminal [--steps 600 200000 1000000] [--size 200x50] [--rounds 5]

The baseline is the smallest Textual app that shows a counter and moves it by a key, measured
in the same run: ratios compare with what the toolkit costs by itself.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.rundirs import make_run
from tests.terminal.harness import PtyProgram
from tttui.keys.command import TABS

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    BINDINGS = [("right", "more", "more"), ("q", "quit", "quit")]
    n = 0
    def compose(self):
        yield Static("ready 0")
    def action_more(self):
        self.n += 1
        self.query_one(Static).update(f"ready {self.n}")
Bare().run()
"""

KEYS = ("left", "right", "[", "]", "+", "-", "l")

IDLE_KEYS = {"sessions": ("+", "-", "l")}
"""Keys that change nothing on a tab: what moves after them is the clock of the ages."""


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))] if values else float("nan")


class Table:
    """Prints one line a figure, with its ratio to the baseline where there is one."""

    def __init__(self) -> None:
        self.baseline: dict[str, float] = {}

    def line(self, what: str, value: float, unit: str, target: str = "", base: str = "") -> None:
        ratio = f"x{value / self.baseline[base]:.2f}" if base in self.baseline else ""
        print(f"{what:<52} {value:>10.1f} {unit:<7} {ratio:>7}  {target}", flush=True)


def pty_program(command: Sequence[str], *, columns: int, rows: int) -> PtyProgram:
    """As an installed program starts: with compiled modules, also where the shell forbids them."""
    env = {"PYTHONDONTWRITEBYTECODE": ""}
    return PtyProgram(command, columns=columns, rows=rows, env=env)


def app(path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "tttui", str(path), *options]


def start_times(command: Sequence[str], ready: str, size: tuple[int, int], n: int) -> list[float]:
    times = []
    for _ in range(n + 1):  # the first start compiles what is not compiled yet
        with pty_program(command, columns=size[0], rows=size[1]) as program:
            program.wait_for(ready, 60)
            times.append((program.read_at - program.started) * 1000)
            program.settle(0.1)
            program.press("q")
            program.wait_exit()
    return times[1:]


def latencies(program: PtyProgram, keys: Sequence[str], rounds: int) -> tuple[list[float], float]:
    """Milliseconds of every press that changed the screen, and the median of its bytes."""
    times, sent = [], []
    for _ in range(rounds):
        for key in keys:
            before = program.bytes
            took = program.latency(key, timeout=1.0)
            program.settle(0.1)
            sent.append(program.bytes - before)
            if took is not None:
                times.append(took * 1000)
    return times, median(sent)


def window(program: PtyProgram, seconds: float) -> tuple[float, float]:
    """Bytes a second to the terminal, and percent of a core, over some seconds."""
    process = program.process()
    cpu, sent, began = process.cpu_times(), program.bytes, time.monotonic()
    while time.monotonic() - began < seconds:
        program.pump(0.1)
    after = process.cpu_times()
    used = after.user + after.system - cpu.user - cpu.system
    return (program.bytes - sent) / seconds, 100 * used / seconds


def measure_bare(table: Table, size: tuple[int, int], rounds: int) -> None:
    command = [sys.executable, "-c", BARE]
    table.baseline["start"] = median(start_times(command, "ready 0", size, 5))
    with pty_program(command, columns=size[0], rows=size[1]) as program:
        program.wait_for("ready 0")
        times, _ = latencies(program, ["right"], rounds * len(KEYS))
        table.baseline["key"] = median(times)
        table.baseline["memory"] = program.process().memory_info().rss / 1e6
        program.press("q")
    for name, unit in (("start", "ms"), ("key", "ms"), ("memory", "MB")):
        table.line(f"bare Textual app: {name}", table.baseline[name], unit)


def measure(table: Table, root: Path, steps: int, size: tuple[int, int], rounds: int) -> None:
    place = make_run(root / f"steps{steps}", steps=steps, chunk=max(32, steps // 20_000))
    last = rf"(?<!\d){steps - 1}\b"
    print(f"\n{steps} steps, {size[0]}x{size[1]}")
    ready = median(start_times(app(place.path), "frozen MSE", size, 3))
    loaded = median(start_times(app(place.path), last, size, 3))
    table.line("start to useful screen", ready, "ms", "first chart < 1 s", "start")
    table.line("all loaded", loaded, "ms", "200 000: < 2 s; 1 000 000: < 8 s", "start")
    for tab in TABS:
        with pty_program(app(place.path, "--tab", tab), columns=size[0], rows=size[1]) as program:
            program.wait_for(last, 60)
            program.settle(1.0, 30)
            sent, cpu = window(program, 5)  # before any key: a note goes after some seconds
            table.line(f"{tab}: idle, bytes", sent, "B/s", "0")
            table.line(f"{tab}: idle, cpu", cpu, "%", "<= 1")
            keys = [key for key in KEYS if key not in IDLE_KEYS.get(tab, ())]
            times, sent = latencies(program, keys, rounds)
            table.line(f"{tab}: key to changed screen, median", median(times), "ms", "<= 25", "key")
            table.line(f"{tab}: key to changed screen, p95", p95(times), "ms", "<= 50", "key")
            table.line(f"{tab}: bytes a key, median", sent, "B")
            memory = program.process().memory_info().rss / 1e6
            target = "<= 120 small, <= 180 at 200 000"
            table.line(f"{tab}: memory", memory, "MB", target, "memory")
            program.press("q")
            program.wait_exit()


def measure_text(table: Table, root: Path, size: tuple[int, int]) -> None:
    print("\na text, 50 windows of 64 bytes a second, followed")
    command = [sys.executable, "-m", "tttui", "run", "--task", "text", "--file", argparse.__file__]
    command += ["--root", str(root), "--name", "text", "--speed-limit", "50", "--threads", "1"]
    reader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (root / "text" / "per_step.csv").exists():
            time.sleep(0.1)
        options = ("--tab", "text", "--follow")
        with pty_program(app(root / "text", *options), columns=size[0], rows=size[1]) as program:
            program.wait_for("running", 30)
            window(program, 5)
            sent, cpu = window(program, 20)
            table.line("text: bytes", sent, "B/s", "<= 3000")
            table.line("text: cpu", cpu, "%", "<= 10")
            program.press("f", "home")
            program.settle(1.0)
            _, sent = latencies(program, ["down"] * size[1], 1)
            table.line("text: bytes a row down, median", sent, "B")
            program.press("q")
            program.wait_exit()
    finally:
        reader.terminate()
        reader.wait()


def measure_live(table: Table, root: Path, size: tuple[int, int], rounds: int) -> None:
    print("\nlive, 50 rows a second")
    command = [sys.executable, "-m", "tttui", "run", "--root", str(root), "--name", "live"]
    command += ["--steps", "6000", "--noise-std", "0.01", "--speed-limit", "50"]
    writer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (root / "live" / "per_step.csv").exists():
            time.sleep(0.1)
        with pty_program(app(root / "live"), columns=size[0], rows=size[1]) as program:
            program.wait_for("running", 30)
            window(program, 15)
            sent, cpu = window(program, 20)
            table.line("live: bytes", sent, "B/s", "<= 3000")
            table.line("live: cpu", cpu, "%", "<= 10")
            times, _ = latencies(program, ("left", "right"), rounds)
            table.line("live: key to changed screen, median", median(times), "ms", "<= 25", "key")
            program.press("q")
            program.wait_exit()
    finally:
        writer.terminate()
        writer.wait()


def measure_whatif(table: Table, root: Path, size: tuple[int, int], rounds: int) -> None:
    """A knob is held down: 30 turns a second, each of which computes 600 steps anew."""
    print("\nwhat if, 600 steps")
    command = [sys.executable, "-m", "tttui", "run", "--root", str(root), "--name", "asked"]
    subprocess.run([*command, "--noise-std", "0.01", "--quiet"], check=True, capture_output=True)
    with pty_program(app(root / "asked"), columns=size[0], rows=size[1]) as program:
        program.wait_for(r"(?<!\d)599\b", 60)
        program.settle(1.0, 30)
        program.press("W")
        program.wait_for("instead of", 30)
        program.settle(1.0, 30)
        times = []
        for _ in range(rounds):
            for key in ("right", "left") * 15:
                took = program.latency(key, timeout=1.0)
                if took is not None:
                    times.append(took * 1000)
                program.pump(max(0.0, 1 / 30 - (took or 0)))
        table.line("knob held down: key to changed screen, median", median(times), "ms", "<= 25")
        table.line("knob held down: key to changed screen, p95", p95(times), "ms", "<= 50")
        program.settle(1.0, 30)
        whole = []
        for key in ("right", "left") * rounds:
            began = time.monotonic()
            program.press(key)
            program.settle(0.4, 10)
            whole.append((program.read_at - began) * 1000)
        table.line("turn to the whole new curve, median", median(whole), "ms", "<= 300")
        program.press("escape")
        program.settle(1.0, 30)
        program.press("q")
        program.wait_exit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="*", default=[600, 200_000, 1_000_000])
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-live", action="store_true")
    parser.add_argument("--no-whatif", action="store_true")
    given = parser.parse_args()
    columns, rows = (int(part) for part in given.size.split("x"))
    size = (columns, rows)
    table = Table()
    print(f"load average {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        measure_bare(table, size, given.rounds)
        for steps in given.steps:
            measure(table, Path(folder), steps, size, given.rounds)
        if not given.no_live:
            measure_text(table, Path(folder), size)
            measure_live(table, Path(folder), size, given.rounds)
        if not given.no_whatif:
            measure_whatif(table, Path(folder), size, given.rounds)


if __name__ == "__main__":
    main()
