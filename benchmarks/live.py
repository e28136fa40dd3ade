"""Live sessions with the app open in a real pty: how long, how much memory, how fast.

    python -m benchmarks.live soak [--steps 20000] [--rate 400] [--size 200x50]
    python -m benchmarks.live many [--sessions 20] [--steps 600] [--rate 20]
    python -m benchmarks.live kill [--rounds 30] [--seed 1]

`soak` drives one session for many steps and steers it meanwhile: memory has to stay flat.
`many` runs many sessions in the background and looks at all of them. `kill` kills the run, the
app or both at random moments and compares what is left with a session that nobody disturbed.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.live import end, state, status
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tests.terminal.harness import PtyProgram
from tttui.artifacts.status import status_of
from tttui.runs.control import ask

TTTUI = (sys.executable, "-m", "tttui")

PATIENCE_S = 120.0

SAMPLE_S = 0.5
"""Seconds between two looks at how far a run is."""


def tttui(*words: str | Path) -> str:
    """What a command prints; raises where it fails."""
    command = [*TTTUI, *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Meter:
    """CPU time and bytes since it was begun, and the memory now, of an app in a pty."""

    def __init__(self, app: PtyProgram) -> None:
        self.app, self.process = app, app.process()
        self.begin()

    def begin(self) -> None:
        self._cpu, self._sent, self._began = self._used(), self.app.bytes, time.monotonic()

    def _used(self) -> float:
        times = self.process.cpu_times()
        used: float = times.user + times.system
        return used

    def read(self) -> str:
        took = time.monotonic() - self._began
        cpu, sent = self._used() - self._cpu, self.app.bytes - self._sent
        return (
            f"{megabytes(self.process):6.1f} MB  {100 * cpu / took:5.1f} %  {sent / took:7.0f} B/s"
        )


def megabytes(process: psutil.Process) -> float:
    rss: int = process.memory_info().rss
    return rss / 1e6


@contextmanager
def app_on(path: Path, size: tuple[int, int], *options: str) -> Iterator[PtyProgram]:
    with PtyProgram([*TTTUI, str(path), *options], columns=size[0], rows=size[1]) as app:
        yield app
        app.press("q")
        app.wait_exit()


def reading_until(app: PtyProgram, condition: Callable[[], bool], every: float = SAMPLE_S) -> None:
    """Read what the app writes until something holds, looked at every so many seconds."""
    due = time.monotonic()
    deadline = due + PATIENCE_S
    while True:
        now = time.monotonic()
        if now >= due:
            if condition():
                return
            due = now + every
        if now > deadline:
            raise AssertionError(f"nothing came of it; the screen:\n{app.text()}")
        app.pump(max(0.0, min(due - now, 0.1)))


def reading_for(app: PtyProgram, seconds: float) -> None:
    until = time.monotonic() + seconds
    reading_until(app, lambda: app.status is not None or time.monotonic() > until, 0.02)


def has_come_to(path: Path, t: int) -> bool:
    return int(status(path)["t"]) >= t


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def steer(app: PtyProgram, keys: tuple[str, ...], done: str) -> None:
    """Choose in the dialog of the run; `done` is what the app says then."""
    app.press("d")
    app.wait_for("Drive ")
    app.press(*keys)
    app.wait_for(done)


STEERING: dict[int, tuple[str, Callable[[PtyProgram], None]]] = {
    10: ("pause, 3 steps, continue", lambda app: pause_and_go_on(app)),
    30: ("another step size", lambda app: steer(app, ("s", *"lr 0.01", "enter"), "Done: .*lr")),
    45: ("another friction", lambda app: steer(app, ("m", *"0.3", "enter"), "Done: .*0.3")),
    60: ("back to older weights", lambda app: roll_back(app)),
    80: ("an update now", lambda app: steer(app, ("u",), "Done: .*update")),
}
"""Percent of the run -> what a person does then."""


def pause_and_go_on(app: PtyProgram) -> None:
    app.press("p")
    app.wait_for("paused")
    for _ in range(3):
        app.press("a")
        app.wait_for("Done: .*step")
    app.settle(1.0)
    app.wait_for("paused")
    app.press("p")
    app.wait_for("soak .*running")


def roll_back(app: PtyProgram) -> None:
    app.press(*["["] * 20)
    steer(app, ("b",), "Done: .*roll")
    app.press("end")


def soak(steps: int, rate: float, size: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "soak"
        words = ["--steps", str(steps), "--noise-std", "0.01", "--speed-limit", f"{rate:g}"]
        tttui("run", "--root", folder, "--name", "soak", *words, "--detach")
        try:
            with app_on(path, size) as app:
                app.wait_for("soak .*running")
                _soak(app, path, steps)
        finally:
            end(path)
        print(tttui("verify", path).splitlines()[-1])


def _soak(app: PtyProgram, path: Path, steps: int) -> None:
    engine, meter, todo = psutil.Process(status(path)["pid"]), Meter(app), dict(STEERING)
    print("   run   engine         app    app CPU    app bytes")
    for percent in range(5, 100, 5):
        reading_until(app, partial(has_come_to, path, steps * percent // 100))
        print(f"  {percent:3d} %  {megabytes(engine):6.1f} MB  {meter.read()}", flush=True)
        if percent in todo:
            what, do = todo.pop(percent)
            do(app)
            print(f"         {what}", flush=True)
        meter.begin()
    reading_until(app, lambda: state(path) == "completed")
    app.wait_for("soak .*completed")
    print(f"  100 %             {meter.read()}")
    meter.begin()
    reading_for(app, 5)
    print(f"  after             {meter.read()}")


def many(sessions: int, steps: int, rate: float, size: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [root / f"s{n:02d}" for n in range(sessions)]
        words = ["--root", folder, "--steps", str(steps), "--noise-std", "0.01", "--detach"]
        try:
            with app_on(root, size, "--tab", "sessions") as app:
                app.wait_for("No session found")
                began, meter = time.monotonic(), Meter(app)
                for seed, path in enumerate(paths):
                    own = ("--name", path.name, "--seed", str(seed))
                    process = subprocess.Popen(
                        [*TTTUI, "run", *words, *own, "--paused", "--speed-limit", f"{rate:g}"],
                        stdout=subprocess.DEVNULL,
                    )
                    reading_until(app, partial(has_ended, process), 0.05)
                print(f"started {sessions} in {time.monotonic() - began:.1f} s; app {meter.read()}")
                began = time.monotonic()
                for path in paths:
                    ask(path, "continue")
                reading_until(app, lambda: listed(root, "running") == sessions)
                print(f"all listed as running after {time.monotonic() - began:.1f} s")
                _look_at_many(app, paths)
                reading_until(app, lambda: listed(root, "completed") == sessions)
                print(f"all completed after {time.monotonic() - began:.1f} s")
        finally:
            for path in paths:
                end(path)
        agree = sum("agrees with its replay" in tttui("verify", path) for path in paths)
        print(f"{agree} of {sessions} agree with their replay")


def listed(root: Path, wanted: str) -> int:
    """How many sessions `tttui ls` lists in this state."""
    rows = json.loads(tttui("ls", "--root", root, "--json"))
    return sum(row["state"] == wanted for row in rows)


def _look_at_many(app: PtyProgram, paths: list[Path]) -> None:
    engines = [psutil.Process(status(path)["pid"]) for path in paths]
    memory = [megabytes(engine) for engine in engines]
    print(f"engines: {sum(memory):.0f} MB in all, {max(memory):.1f} MB the largest")
    for path in paths:
        app.wait_for(path.name)
    meter, times = Meter(app), list[float]()
    for key in ("down", "up", "1", "6") * 5:
        before, pressed = app.text(), time.perf_counter()
        app.press(key)
        while app.text() == before and time.perf_counter() - pressed < 1:
            app.pump(0.05)
        times.append((app.read_at - pressed) * 1000)
        reading_for(app, 0.3)
    print(f"app: {meter.read()}; a key takes {statistics.median(times):.0f} ms, at most", end=" ")
    print(f"{max(times):.0f} ms; load average {os.getloadavg()[0]:.1f}")


def kill(rounds: int, seed: int, size: tuple[int, int]) -> None:
    chosen = settings(steps=100 * rounds, checkpoint_s=0.1)
    moments = random.Random(seed)
    counts = dict.fromkeys(("run", "app", "both"), 0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        whole, path = run_through(root / "whole", chosen), root / "runs" / "one"
        path.parent.mkdir()
        create(path, chosen).close("interrupted")
        for _ in range(rounds):
            what = moments.choice(tuple(counts))
            counts[what] += 1
            _kill_once(path, what, moments.uniform(0.0, 0.8), size)
        tttui("resume", path, "--quiet")
        print(", ".join(f"{n} kills of {what}" for what, n in counts.items()), end=": ")
        print("not equal: " + ", ".join(wrong) if (wrong := same(whole, path)) else "no trace")


def _kill_once(path: Path, what: str, after_s: float, size: tuple[int, int]) -> None:
    """Resume in the background from the app's own command line, and kill."""
    resume = [*TTTUI, "resume", str(path), "--quiet", "--speed-limit", "50"]
    with (
        PtyProgram([*TTTUI, str(path.parent)], columns=size[0], rows=size[1]) as app,
        psutil.Popen(resume, stdout=subprocess.DEVNULL, start_new_session=True) as run,
    ):
        reading_for(app, 0.5 + after_s)  # from the first imports to the middle of a run
        if what in ("app", "both") and app.status is None:
            app.process().kill()
        if what == "app":
            beat = status(path).get("heartbeat_at")
            deadline = time.monotonic() + PATIENCE_S
            while status(path).get("heartbeat_at") == beat:  # the run goes on
                assert time.monotonic() < deadline
                time.sleep(0.02)
        run.kill()
    found = status_of(path)
    assert found is not None
    assert found.state in ("crashed", "interrupted"), found.state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    of_soak, of_many, of_kill = (kinds.add_parser(kind) for kind in ("soak", "many", "kill"))
    for one in (of_soak, of_many, of_kill):
        one.add_argument("--size", default="200x50")
    of_soak.add_argument("--steps", type=int, default=20_000)
    of_soak.add_argument("--rate", type=float, default=400)
    of_many.add_argument("--sessions", type=int, default=20)
    of_many.add_argument("--steps", type=int, default=600)
    of_many.add_argument("--rate", type=float, default=20)
    of_kill.add_argument("--rounds", type=int, default=30)
    of_kill.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    columns, rows = (int(part) for part in given.size.split("x"))
    match given.kind:
        case "soak":
            soak(given.steps, given.rate, (columns, rows))
        case "many":
            many(given.sessions, given.steps, given.rate, (columns, rows))
        case "kill":
            kill(given.rounds, given.seed, (columns, rows))


if __name__ == "__main__":
    main()
