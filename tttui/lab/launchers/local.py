"""Executing jobs on this machine, at most as many at a time as it has cores and GPUs for.

`TTTUI_JOBS` in the environment sets how many at most.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_error
from tttui.artifacts.jsonfile import whole
from tttui.artifacts.processes import Process, process_keys
from tttui.artifacts.regular import open_regular
from tttui.artifacts.status_file import StatusFile
from tttui.lab.environment import asked_environment, environment_of, gpus_in
from tttui.lab.job import OUTPUT, Job
from tttui.model.errors import RefusedInput
from tttui.model.here import absolute
from tttui.runs.child import start_tttui

MOST = "TTTUI_JOBS"

children: list["subprocess.Popen[bytes]"] = []
"""Processes that this one started, so that those which ended are not left as zombies."""


class Room:
    """The free cores and GPUs of this machine."""

    def __init__(self, running: Sequence[Job]) -> None:
        here = [
            job.raw for job in running if job.launcher == "local" and Process.of(job.raw).is_here
        ]
        self._count = len(here)
        self._cores = sum(whole(raw.get("cores")) or 1 for raw in here)
        used = {gpu for raw in here for gpu in raw.get("gpus") or () if isinstance(gpu, int)}
        self._used_gpus = used
        self._most = most_jobs()

    def takes(self, request: Mapping[str, Any]) -> bool:
        """Whether a job can begin now; one that needs more than the machine has begins alone."""
        if self._count >= self._most:
            return False
        if not self._count:
            return True
        cores, gpus = needs_of(request)
        fits = self._cores + cores <= all_cores()
        return fits and (not gpus or len(self._free_gpus(request)) >= gpus)

    def start(self, job: Job, request: Mapping[str, Any]) -> None:
        """Start the process of a queued job, and write down that it runs."""
        cores, gpus_needed = needs_of(request)
        gpus = self._free_gpus(request)[:gpus_needed] if gpus_needed else []
        for child in children[:]:
            if child.poll() is not None:
                children.remove(child)
        process = start_worker(job.path, environment_of(os.environ, request, cores, gpus))
        children.append(process)
        carried = {key: value for key, value in job.raw.items() if key not in ("pid", "error")}
        StatusFile(job.path, carried | process_keys(process.pid)).write(
            state="running",
            doing="starting",
            error=None,
            cores=cores,
            gpus=gpus,
            started_at=job.started_at or time.time(),
        )
        self._count += 1
        self._cores += cores
        self._used_gpus |= set(gpus)

    def _free_gpus(self, request: Mapping[str, Any]) -> list[int]:
        env = asked_environment(os.environ, request)
        return [gpu for gpu in gpus_in(env) if gpu not in self._used_gpus]


def needs_of(request: Mapping[str, Any]) -> tuple[int, int]:
    """The cores and GPUs that a job asked for in its job.json."""
    needs = request.get("needs")
    raw: Mapping[str, Any] = needs if isinstance(needs, dict) else {}
    return max(1, whole(raw.get("cores")) or 1), max(0, whole(raw.get("gpus")) or 0)


def all_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def most_jobs() -> int:
    """The most jobs at a time. Raises RefusedInput if TTTUI_JOBS is no number above 0."""
    text = os.environ.get(MOST, "").strip()
    if not text:
        return all_cores()
    if not text.isdecimal() or int(text) < 1:
        raise RefusedInput(f"{MOST}={text[:20]!r} is no whole number above 0; unset it or set one")
    return int(text)


def start_worker(directory: Path, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """A process of its own, without a terminal, that executes the job in a directory."""
    path = directory / OUTPUT
    try:
        handle = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as error:
        raise write_error(path, error) from error
    words = ["job", "execute", str(absolute(directory))]
    with os.fdopen(handle, "ab") as output:
        return start_tttui(words, output=output, messages=output, cwd=absolute(directory), env=env)
