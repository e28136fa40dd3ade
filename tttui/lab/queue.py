"""The queue of jobs; any process that looks at it starts those that have room, without a daemon.

`<root>/.lab/active/` has an empty file for each job that waits (`q-<time>-<uuid>`) or runs
(`r-...`), so that nobody looks through ten thousand that have ended. It is only an index: what
is true stands in the directories of the jobs. Whoever starts a job, finishes one or gives a
command takes the lock on `<root>/.lab/queue.lock` for a moment and starts what has room.
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import LAB
from tttui.artifacts.mutex import locked
from tttui.artifacts.status_file import StatusFile
from tttui.lab.environment import missing
from tttui.lab.job import Job, jobs_folder, read_job, read_request
from tttui.lab.ownership import is_own
from tttui.model.errors import TttuiError
from tttui.model.shell import command_line

LOCK = f"{LAB}/queue.lock"
ACTIVE = f"{LAB}/active"

KEPT = ("kind", "command", "created_at", "launcher", "slurm_id", "gpus", "group", "env")
"""Keys of status.json that stay as they are while a job is executed."""

_MARK = re.compile(r"([qr])-(\d{20})-([0-9a-f-]{36})")


def enqueue(root: Path, handle: str, *, again: bool = False) -> None:
    """Add a job to the queue, perhaps `again`; requires the lock."""
    folder = root / ACTIVE
    folder.mkdir(exist_ok=True)
    for mark, known in _marks(root) if again else ():
        if known == handle:
            mark.unlink(missing_ok=True)
    (folder / f"q-{time.time_ns():020}-{handle}").touch()


def active_jobs(root: Path) -> list[Job]:
    """The jobs that wait or run, at the cost of those alone."""
    jobs = [read_job(jobs_folder(root) / handle) for _, handle in _marks(root)]
    return [job for job in jobs if not job.has_ended]


def dispatch(root: Path) -> list[str]:
    """Start the jobs that have room on this machine; returns their handles.

    Raises TttuiError where the lock is held too long, or the disk takes nothing.
    """
    if not (root / ACTIVE).is_dir():
        return []
    with locked(root / LOCK):
        return dispatch_locked(root)


def dispatch_locked(root: Path) -> list[str]:
    """`dispatch` for a caller that holds the lock."""
    from tttui.lab.launchers.local import Room

    waiting: list[tuple[Path, Job]] = []
    running: list[Job] = []
    for mark, handle in _marks(root):
        job = read_job(jobs_folder(root) / handle)
        if job.state == "queued" and job.launcher == "local":
            waiting.append((mark, job))
        elif job.state in ("running", "stalled"):
            running.append(job)
        elif not (job.state == "queued" and job.path.is_dir()):
            mark.unlink(missing_ok=True)  # it has ended, or its maker was killed before it began
    if not waiting:
        return []
    room, started = Room(running), list[str]()
    for mark, job in waiting:
        if not is_own(job.path):
            continue
        try:
            request = read_request(job.path)
        except TttuiError as error:
            fail(job, str(error))
            continue
        if missing(job.raw.get("env")):
            continue  # somebody who has the keys set starts it
        if not room.takes(request):
            break  # in their order: a large job is not passed for ever by small ones
        with suppress(OSError):
            mark.rename(mark.with_name("r" + mark.name[1:]))
        room.start(job, request)
        started.append(job.handle)
    return started


def active(root: Path) -> list[str]:
    """The handles of the jobs that wait or run, and of some that have just ended."""
    return [handle for _, handle in _marks(root)]


def fail(job: Job, error: str) -> None:
    """Write down that a job cannot be executed, also on a full disk. Raises TttuiError."""
    StatusFile(job.path, carried_on(job.raw, {})).write(
        last=True, state="failed", error=error, ended_at=time.time()
    )


def carried_on(status: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The lasting fields of status.json; from job.json if status.json is damaged."""
    words, launcher = request.get("command"), request.get("launcher")
    known: dict[str, Any] = {
        "kind": request.get("kind"),
        "command": command_line(*map(str, words)) if isinstance(words, list) else "",
        "created_at": request.get("created_at"),
        "launcher": launcher.get("name") if isinstance(launcher, dict) else None,
    }
    names = ("progress", "doing", "started_at", *KEPT)
    return known | {key: status[key] for key in names if key in status}


def _marks(root: Path) -> list[tuple[Path, str]]:
    """The index files with the handles of their jobs, oldest first."""
    folder = root / ACTIVE
    try:
        matches = [match for name in os.listdir(folder) if (match := _MARK.fullmatch(name))]
    except OSError:
        return []
    return [(folder / m[0], m[3]) for m in sorted(matches, key=lambda match: match[2])]
