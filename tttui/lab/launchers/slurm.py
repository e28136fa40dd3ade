"""Executing jobs by Slurm, through submitit (`pip install 'tttui[slurm]'`).

Slurm must see the run root under the same path on every node. Several jobs that are started
together are one array. What the files of a job cannot tell is asked of Slurm (`slurmstate`).
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

from tttui.artifacts.status_file import StatusFile
from tttui.lab.job import Job, read_request
from tttui.lab.launchers.local import needs_of
from tttui.lab.launchers.slurmstate import FOLDER, ask, id_of
from tttui.lab.queue import carried_on
from tttui.lab.starting import Launcher
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import absolute
from tttui.runs.child import environment

WARNING = signal.SIGUSR2
"""What submitit has Slurm send before the end of the time limit."""

WARNED_S = 90
"""Seconds before that end at most; a quarter of a short limit."""


class Execution:
    """The callable that submitit unpickles and calls on a node."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def __call__(self) -> int:
        from tttui.lab.worker import Stop, execute

        stops: list[Stop] = []

        def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            if number == WARNING or _time_is_over():
                stops.append(Stop("its time limit of Slurm ends, so it was saved before", "failed"))
            else:
                stops.append(Stop(f"its process was told to end (signal {number})"))

        for number in (signal.SIGTERM, signal.SIGINT, WARNING):
            signal.signal(number, note)
        return execute(Path(self.directory), lambda: stops[0] if stops else None)


def check_slurm() -> None:
    """Raise RefusedInput with the remedy if jobs cannot be submitted to Slurm from here."""
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
    """Submit queued jobs to Slurm, several as one array; writes its id to their status.json.

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
        complaint = " ".join(str(error).split())[-300:]
        for job in jobs:
            StatusFile(job.path, carried_on(job.raw, {})).write(
                state="failed", error=f"Slurm did not take it: {complaint}", ended_at=time.time()
            )
        raise TttuiError(f"Slurm did not take the job: {complaint}") from error
    for job, ticket in zip(jobs, tickets, strict=True):
        fields = carried_on(job.raw, {}) | {
            key: job.raw[key] for key in ("resume_from",) if key in job.raw
        }
        StatusFile(job.path, fields).write(state="queued", slurm_id=str(ticket.job_id))


def launcher_of(request: Mapping[str, Any]) -> Launcher:
    """The launcher that a job.json names."""
    raw = request.get("launcher")
    options = dict(raw) if isinstance(raw, dict) else {}
    return Launcher(str(options.pop("name", "local")), options)


def withdraw_from_slurm(jobs: Sequence[Job]) -> None:
    """Take jobs that wait out of Slurm's queue. Raises TttuiError where that fails."""
    if ids := [slurm_id for job in jobs if (slurm_id := id_of(job))]:
        ask(["scancel", *ids])


def _time_is_over() -> bool:
    """In a job: whether the end of its time limit has come."""
    end = os.environ.get("SLURM_JOB_END_TIME", "")
    return end.isdecimal() and time.time() >= int(end) - 1


@contextmanager
def _plain_environment() -> Iterator[None]:
    """Limit the environment for the nodes: nothing is imported from the current directory."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(before))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
