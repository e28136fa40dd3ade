"""Executing jobs by Slurm, through submitit (`pip install 'tttui[slurm]'`).

Slurm must see the run root under the same path on every node. Several jobs that are started
together are one array. What the files of a job cannot tell, such as that it waits for a node or
that Slurm ended it at its time limit, is asked of `squeue`.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

from tttui.artifacts.eventlog import LAB
from tttui.artifacts.status_file import StatusFile
from tttui.lab.job import Job, read_request
from tttui.lab.launchers.local import needs_of
from tttui.lab.queue import carried_on
from tttui.lab.starting import Launcher
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import absolute
from tttui.runs.child import environment

FOLDER = f"{LAB}/slurm"
"""What submitit writes: the submitted calls, what the processes printed."""

ASK_S = 10.0
"""Seconds that a command of Slurm has."""

FRESH_S = 2.0
"""Seconds for which an answer of Slurm is not asked for again."""

WARNING = signal.SIGUSR2
"""What submitit has Slurm send before the end of the time limit."""

WARNED_S = 90
"""Seconds before that end at most; a quarter of a short limit."""

WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SUSPENDED")

SAID = {
    "TIMEOUT": "Slurm ended it at its time limit",
    "DEADLINE": "Slurm ended it at its deadline",
    "OUT_OF_MEMORY": "Slurm ended it, since it took more memory than it may",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node could not be started",
    "PREEMPTED": "Slurm ended it to make room for another",
}

_asked: dict[str, tuple[float, str, str]] = {}
"""Slurm's id -> when it was asked for (monotonic), its state, the reason."""


class Execution:
    """What runs on a node: submitit unpickles and calls it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def __call__(self) -> int:
        from tttui.lab.worker import Stop, execute

        asked: list[Stop] = []

        def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            if number == WARNING or _time_is_over():
                asked.append(Stop("its time limit of Slurm ends, so it was saved before", "failed"))
            else:
                asked.append(Stop(f"its process was told to end (signal {number})"))

        for number in (signal.SIGTERM, signal.SIGINT, WARNING):
            signal.signal(number, note)
        return execute(Path(self.directory), lambda: asked[0] if asked else None)


def check_slurm() -> None:
    """Raise RefusedInput where jobs cannot be given to Slurm from here, with the remedy."""
    if shutil.which("sbatch") is None:
        raise RefusedInput(
            "--launcher slurm: there is no sbatch on this machine; start the job on a login node "
            "of the cluster, or leave --launcher out"
        )
    try:
        import submitit  # noqa: F401
    except ImportError:
        raise RefusedInput(
            "--launcher slurm needs submitit; install it with: pip install 'tttui[slurm]'"
        ) from None


def submit(root: Path, jobs: Sequence[Job], launcher: Launcher) -> None:
    """Hand queued jobs to Slurm, several as one array; their status.json gets its id.

    Raises TttuiError with what Slurm complained of; the jobs are then failed.
    """
    import submitit

    cores, gpus = needs_of(read_request(jobs[0].path))
    folder = absolute(root) / FOLDER / jobs[0].handle
    more = dict(launcher.options.get("more") or {})
    limit = launcher.options.get("time_limit")
    try:
        executor = submitit.SlurmExecutor(folder=folder)
        executor.update_parameters(
            job_name=f"tttui-{jobs[0].kind}",
            cpus_per_task=cores,
            nodes=1,
            ntasks_per_node=1,
            stderr_to_stdout=True,
            array_parallelism=max(1, len(jobs)),
            **({"gpus_per_node": gpus} if gpus else {}),
            **({"partition": p} if (p := launcher.options.get("partition")) else {}),
            **({"time": limit} if limit else {}),
            signal_delay_s=min(WARNED_S, 15 * limit) if limit else WARNED_S,
            **({"additional_parameters": more} if more else {}),
        )
        # What sbatch complains of, submitit also prints.
        with _plain_environment(), redirect_stderr(StringIO()):
            if len(jobs) == 1:
                tickets = [executor.submit(Execution(str(absolute(jobs[0].path))))]
            else:
                with executor.batch():
                    tickets = [executor.submit(Execution(str(absolute(j.path)))) for j in jobs]
    except Exception as error:  # submitit raises kinds of its own, sbatch anything
        said = " ".join(str(error).split())[-300:]
        for job in jobs:
            StatusFile(job.path, carried_on(job.raw, {})).write(
                state="failed", error=f"Slurm did not take it: {said}", ended_at=time.time()
            )
        raise TttuiError(f"Slurm did not take the job: {said}") from error
    for job, ticket in zip(jobs, tickets, strict=True):
        kept = carried_on(job.raw, {}) | {
            key: job.raw[key] for key in ("resume_from",) if key in job.raw
        }
        StatusFile(job.path, kept).write(state="queued", slurm_id=str(ticket.job_id))


def launcher_of(request: Mapping[str, Any]) -> Launcher:
    """The launcher that a job.json names."""
    raw = request.get("launcher")
    options = dict(raw) if isinstance(raw, dict) else {}
    return Launcher(str(options.pop("name", "local")), options)


def withdraw_from_slurm(job: Job) -> None:
    """Take a job that waits out of Slurm's queue. Raises TttuiError where that fails."""
    if slurm_id := _id_of(job):
        _ask(["scancel", slurm_id])


def judged(job: Job) -> Job:
    """The job with what Slurm knows of it and its files cannot tell. Never raises."""
    slurm_id = _id_of(job)
    if job.launcher != "slurm" or slurm_id is None:
        return job
    if job.state not in ("queued", "crashed", "stalled"):
        return job
    try:
        state, reason = _state_of(slurm_id)
    except TttuiError as error:
        return replace(job, detail=f"{job.detail}; Slurm cannot be asked: {error}")
    known = f"Slurm's job {slurm_id}"
    if state in WAITING:
        why = f": {reason}" if reason not in ("", "None") else ""
        return replace(job, state="queued", detail=f"queued, {known} waits{why}")
    if state in ("RUNNING", "COMPLETING"):
        return replace(job, detail=f"{job.detail}; {known} is {state.lower()}")
    if state.startswith("CANCELLED"):
        return replace(job, state="cancelled", detail=f"cancelled: {known} was cancelled")
    if state in SAID:
        return replace(job, state="failed", detail=f"failed: {SAID[state]}", error=SAID[state])
    if job.state == "queued":
        why = f"{known} ended as {state}" if state else f"{known} is no longer known to it"
        return replace(job, state="failed", detail=f"failed: {why}, and never began", error=why)
    return job


def _time_is_over() -> bool:
    """In a job: whether the end of its time limit has come."""
    end = os.environ.get("SLURM_JOB_END_TIME", "")
    return end.isdecimal() and time.time() >= int(end) - 1


def _state_of(slurm_id: str) -> tuple[str, str]:
    """Slurm's state of a job and its reason; empty where it knows none."""
    known = _asked.get(slurm_id)
    if known is not None and time.monotonic() - known[0] < FRESH_S:
        return known[1], known[2]
    words = ["squeue", "--noheader", "--states=all", "--array", "--format=%T|%r", "--jobs"]
    try:
        state, _, reason = _ask([*words, slurm_id]).partition("\n")[0].strip().partition("|")
    except TttuiError as error:
        if "Invalid job id" not in str(error):
            raise
        state = reason = ""  # it has forgotten it
    _asked[slurm_id] = time.monotonic(), state, reason
    return state, reason


def _ask(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=ASK_S, check=False, errors="replace"
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TttuiError(f"{words[0]} cannot be asked: {error}") from error
    if done.returncode:
        raise TttuiError(f"{words[0]}: {' '.join(done.stderr.split())[:300]}")
    return done.stdout


def _id_of(job: Job) -> str | None:
    found = job.raw.get("slurm_id")
    # It goes into a command line, and may come from anybody's file.
    if isinstance(found, str) and found.replace("_", "").isdecimal() and found.isascii():
        return found
    return None


@contextmanager
def _plain_environment() -> Iterator[None]:
    """What sbatch hands on to the nodes: nothing that is imported from where it is started."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(before))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
