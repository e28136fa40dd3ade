"""How long 10 000 jobs take to be listed, and commands until the handle of their job is there; how
many events a second several processes write, and what events and samples cost a session.

python -m benchmarks.jobs
"""

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.tasks.pointmass.runs.sessions import create, settings
from tttui.artifacts import sampling
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.eventlog import EventLog
from tttui.lab.events import read
from tttui.lab.job import jobs_folder
from tttui.lab.jobs import JobList, list_jobs

JOBS = 10_000
EVENTS = 2_000
WRITERS = range(4)
STEPS = 6_000
REPEATS = 5


STARTS = (
    ("pretrain", "--pretrain-steps", "3", "--pretrain-seq", "8", "--force", "--quiet"),
    ("sweep", "start", "--set", "lr=0.01,0.04", "--seeds", "2", "--steps", "4", "--quiet"),
    ("bench", "run", "--presets", "stable,plain", "--seeds", "8", "--quiet"),
    ("provider", "test", "numpy"),
    ("train", "start", "--skill", "s", "--mu", "0.3", "--steps", "3"),
)
"""Commands that start a job; none of those is executed while they are timed."""


def run(*words: str) -> bytes:
    """What a command of the shell prints."""
    whole = [sys.executable, "-m", "tttui", *words]
    env = {**os.environ, "TTTUI_JOBS": "1"}
    return subprocess.run(whole, capture_output=True, check=True, env=env).stdout


def starts() -> None:
    """Print how long commands take until their handle is there, and how much of a processor."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        long = ("pretrain", "--pretrain-steps", "1000000", "--force", "--root", folder)
        directory = jobs_folder(Path(folder)) / run(*long).decode().strip()
        pid = json.loads((directory / "status.json").read_bytes())["pid"]
        os.kill(pid, signal.SIGSTOP)  # it takes the only place, and no time
        try:
            for words in (("--version",), *STARTS):
                more = ("--root", folder) if len(words) > 1 else ()
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                took = median(lambda words=words, more=more: run(*words, *more))  # type: ignore[misc]
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                name = " ".join(words[:2] if words[1:2] != ("--pretrain-steps",) else words[:1])
                print(f"`tttui {name}`: {took:.2f} s, {cpu / REPEATS:.2f} s of a processor")
        finally:
            os.kill(pid, signal.SIGKILL)


def median(measure: Callable[[], object]) -> float:
    """Median seconds of a call."""
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        measure()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def make(root: Path, n: int = JOBS) -> None:
    """Directories of jobs that are complete."""
    for i in range(n):
        folder = jobs_folder(root) / str(uuid.uuid4())
        folder.mkdir(parents=True)
        status = {
            "kind": "pretrain",
            "state": "completed",
            "command": "tttui pretrain --pretrain-steps 2000",
            "created_at": 1.7e9 + i,
            "started_at": 1.7e9 + i,
            "ended_at": 1.7e9 + i + 60,
            "progress": 1.0,
            "doing": "step 2000 of 2000, loss 0.02",
            "pid": 4242,
            "host": "somewhere",
        }
        (folder / "status.json").write_bytes(json_bytes(status))
        (folder / "job.json").write_bytes(json_bytes({"kind": "pretrain", "settings": {}}))


def read_all(root: Path) -> None:
    """What nobody can be faster than: open and read every status.json."""
    for entry in os.scandir(jobs_folder(root)):
        (jobs_folder(root) / entry.name / "status.json").read_bytes()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        base = median(lambda: read_all(root))
        listing = median(lambda: list_jobs(root))
        words = [sys.executable, "-m", "tttui", "job", "list", "--root", folder]
        command = median(lambda: subprocess.run(words, capture_output=True, check=True))
        jobs = JobList(root)
        jobs.refresh()
        again = median(jobs.refresh)
        print(f"{JOBS} jobs: listed in {listing:.2f} s, {listing / base:.1f} x reading their files")
        print(f"listed again, when nothing has changed: {again:.2f} s, {again / base:.1f} x")
        print(f"`tttui job list`: {command:.2f} s, {command / base:.1f} x")
    starts()
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))

        def publish() -> None:
            for n in range(EVENTS):
                log.append("data:system:tick", n=n)

        print(f"events: {EVENTS / median(publish):,.0f} a second by one process")
    with tempfile.TemporaryDirectory() as folder:
        several(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        of_a_session(Path(folder))


WRITE = """
import sys
from pathlib import Path
from tttui.lab.events import publish
for n in range(int(sys.argv[2])):
    publish(Path(sys.argv[1]), "system", "tick", n=n)
"""


def several(root: Path) -> None:
    """Events by WRITERS processes at once, all of which a reader must get, each once."""
    words = [sys.executable, "-c", WRITE, str(root)]
    idle = median(lambda: [p.wait() for p in [subprocess.Popen([*words, "0"]) for _ in WRITERS]])
    begin = time.perf_counter()
    for process in [subprocess.Popen([*words, str(EVENTS)]) for _ in WRITERS]:
        process.wait()
    took = time.perf_counter() - begin - idle
    numbers = [event.seq for event in read(root)]
    assert numbers == list(range(1, len(WRITERS) * EVENTS + 1)), "a gap, or one twice"
    print(
        f"events: {len(numbers) / took:,.0f} a second by {len(WRITERS)} processes, read without "
        "a gap and each once"
    )


def of_a_session(root: Path) -> None:
    """The speed of whole sessions with and without what tells of them, in turns."""
    chosen = settings(steps=STEPS)

    def run(samples_s: float | None) -> float:
        sampling.EVERY_S = samples_s or 1e9
        here = root / uuid.uuid4().hex
        made = create(here / "a", chosen)
        if samples_s is None:
            made._events.due = lambda now: False  # type: ignore[method-assign]  # noqa: ARG005
        begin = time.process_time()
        made.advance(STEPS)
        took = time.process_time() - begin
        made.close("completed")
        return STEPS / took

    run(None)
    rates = [(run(None), run(2.0), run(0.05)) for _ in range(REPEATS)]
    bare, usual, often = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"a session without events and samples: {bare:,.0f} steps a CPU second")
    print(f"  events each second, samples every 2 s:    {usual / bare:.3f} x")
    print(f"  40 times as many samples, every 0.05 s:  {often / bare:.3f} x")


if __name__ == "__main__":
    main()
