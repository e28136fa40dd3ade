"""How long 10 000 jobs take to be listed, and what a session's events cost its engine.

python -m benchmarks.jobs
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.eventlog import EventLog
from tttui.lab.job import jobs_folder
from tttui.lab.jobs import list_jobs

JOBS = 10_000
EVENTS = 2_000
REPEATS = 5


def median(measure: Callable[[], object]) -> float:
    """Median seconds of a call."""
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        measure()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def make(root: Path) -> None:
    """Directories of jobs that are complete."""
    for i in range(JOBS):
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
        print(f"{JOBS} jobs: listed in {listing:.2f} s, {listing / base:.1f} x reading their files")
        print(f"`tttui job list`: {command:.2f} s, {command / base:.1f} x")
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))

        def publish() -> None:
            for n in range(EVENTS):
                log.append("data:system:tick", n=n)

        print(f"events: {EVENTS / median(publish):,.0f} a second by one process")


if __name__ == "__main__":
    main()
