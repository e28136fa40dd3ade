"""How long a what-if takes, as ratios to what `tttui run` itself computes, measured beside it.

python -m benchmarks.whatif [--rounds N] [--text]
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.model.pointmass.settings import Settings
from tttui.model.session import SessionData
from tttui.runs.whatif.live import PastStates
from tttui.runs.whatif.luck import Seeds
from tttui.runs.whatif.result import WhatIfRequest
from tttui.runs.whatif.sensitivity import Sensitivity
from tttui.runs.whatif.whatif import WhatIf
from tttui.runs.whatif.worker import WhatIfJob, WhatIfWorker
from tttui.tasks.pointmass.runs.base import find_base
from tttui.tasks.pointmass.runs.session import SessionRun

STEPS = 600
TEXT_BYTES = 24_000

TICK_S = 0.001
"""How long the thread sleeps that stands for the interface."""

PATIENCE_S = 600.0


def recorded(directory: Path, steps: int) -> tuple[SessionData, float]:
    """A session of the point mass, and the seconds in which it was computed and written."""
    settings = Settings().updated({"noise_std": 0.01, "seed": 5, "steps": steps}).validate()
    base = find_base(directory.parent, settings)
    assert base is not None
    run = SessionRun.create(directory, settings, base)
    began = time.perf_counter()
    run.advance(steps)
    took = time.perf_counter() - began
    run.close("completed")
    return read(directory), took


def recorded_text(directory: Path) -> tuple[SessionData, float]:
    """A session of the task text over the beginning of a module of the standard library."""
    from tttui.runs.taskbuild import build_task_session
    from tttui.runs.taskrun import TaskRun
    from tttui.runs.tasksettings import TaskSettings
    from tttui.tasks.text.task import TextTask

    document = directory.parent / "argparse.py"
    document.write_bytes(Path(argparse.__file__).read_bytes()[:TEXT_BYTES])
    build_task_session(directory, TaskSettings.chosen(TextTask, {"file": str(document)}))
    run = TaskRun.open(directory)
    began = time.perf_counter()
    run.advance(run.steps_total)
    took = time.perf_counter() - began
    run.close("completed")
    return read(directory), took


def read(directory: Path) -> SessionData:
    return SessionReader(find_sessions([directory])[0]).refresh()


def until_done(job: WhatIfJob[Any]) -> float:
    """Seconds until a worker has published the last result of a job."""
    worker: WhatIfWorker[Any] = WhatIfWorker(lambda _: None)
    began = time.perf_counter()
    worker.ask(job)
    assert worker.wait(PATIENCE_S)
    took = time.perf_counter() - began
    error = job.result().error
    assert not error, error
    worker.close()
    return took


def to_stop(make: Callable[[], WhatIfJob[Any]], after_s: float) -> float:
    """Seconds from `ask` in the middle of a job to the first work on the new one."""
    worker: WhatIfWorker[Any] = WhatIfWorker(lambda _: None)
    worker.ask(make())
    time.sleep(after_s)
    first = First()
    began = time.perf_counter()
    worker.ask(first)
    assert first.begun.wait(PATIENCE_S)
    took = first.at - began
    worker.close()
    return took


class First:
    """A job that notes when it is begun."""

    def __init__(self) -> None:
        self.begun, self.at = threading.Event(), 0.0

    def work(self) -> bool:
        self.at = time.perf_counter()
        self.begun.set()
        return False

    def result(self) -> None:
        return None

    def fail(self, error: BaseException) -> None:
        raise AssertionError(error)


def waits(job: WhatIfJob[Any]) -> np.ndarray[Any, Any]:
    """By how many seconds another thread that sleeps TICK_S each time is late, while a job runs."""
    worker: WhatIfWorker[Any] = WhatIfWorker(lambda _: None)
    late = []
    worker.ask(job)
    while worker.busy:
        began = time.perf_counter()
        time.sleep(TICK_S)
        late.append(time.perf_counter() - began - TICK_S)
    worker.close()
    return np.array(late)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--text", action="store_true", help="a session of the task text as well")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tttui-whatif-") as temporary:
        runs = Path(temporary)
        data, _ = recorded(runs / "warm", STEPS)
        took, first, again, middle, stops, late = ([] for _ in range(6))
        for i in range(args.rounds):
            data, seconds = recorded(runs / f"run{i}", STEPS)
            took.append(seconds)
            known = PastStates()
            changes = {"lr": 0.005 + i / 1000}
            first.append(until_done(WhatIf(WhatIfRequest(data, 0, changes), known)))
            again.append(
                until_done(WhatIf(WhatIfRequest(data, 0, changes | {"inner_steps": 5}), known))
            )
            until_done(WhatIf(WhatIfRequest(data, STEPS // 2, changes), known))
            middle.append(until_done(WhatIf(WhatIfRequest(data, STEPS // 2, {"lr": 0.01}), known)))
            late.append(waits(WhatIf(WhatIfRequest(data, 0, {"steps": 4 * STEPS}), known)))
            longer = WhatIfRequest(data, 0, {"steps": 20_000})
            stops += [
                to_stop(lambda: WhatIf(longer, known), 0.05 + j / 500)  # noqa: B023
                for j in range(10)
            ]
        run_s = median(took)
        print(f"{STEPS} steps of the point mass; `tttui run` computes and writes them in 1.00 x")
        for name, times in (
            ("the first what-if of a session, all read", first),
            ("another one from the start", again),
            (f"another one from step {STEPS // 2}, half the steps", middle),
        ):
            print(f"  {median(times) / run_s:5.2f} x  {1e3 * median(times):6.0f} ms  {name}")
        print(
            f"  {1e3 * median(stops):12.1f} ms  until the next one is begun, in the middle of one"
        )
        print(f"  {1e3 * max(stops):12.1f} ms  the longest of {len(stops)}")
        all_late = np.concatenate(late)
        print(
            f"  {1e3 * np.median(all_late):12.1f} ms  by which another thread is late meanwhile, "
            f"{1e3 * np.quantile(all_late, 0.99):.1f} ms at 99 %"
        )
        long, seconds = recorded(runs / "long", 20_000)
        asked = WhatIfRequest(long, 0, {"lr": 0.01})
        print(f"20 000 steps: {until_done(WhatIf(asked)) / seconds:.2f} x")
        request = WhatIfRequest(data, 0, {"lr": 0.005})
        print(f"32 other seeds, both settings: {until_done(Seeds(request)) / run_s:.1f} x")
        print(f"sensitivity of all settings: {until_done(Sensitivity(request)) / run_s:.1f} x")
        if args.text:
            text, seconds = recorded_text(runs / "text")
            known = PastStates()
            until_done(WhatIf(WhatIfRequest(text, 0, {"lr": 0.05}), known))
            ratio = until_done(WhatIf(WhatIfRequest(text, 0, {"lr": 0.1}), known)) / seconds
            print(f"text of {TEXT_BYTES} bytes: {ratio:.2f} x")


if __name__ == "__main__":
    main()
