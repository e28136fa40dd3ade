"""Starting jobs: a directory with the request, then a process as soon as there is room."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tttui import __version__
from tttui.artifacts.atomic import write_error, write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.eventlog import tell
from tttui.artifacts.making import hidden_directory, remove_abandoned
from tttui.artifacts.mutex import locked
from tttui.artifacts.regular import folder_to_write
from tttui.artifacts.status_file import StatusFile
from tttui.lab.environment import kept_of
from tttui.lab.job import JOB, Job, jobs_folder, read_job
from tttui.lab.kinds import kind_of
from tttui.lab.launchers.local import most_jobs
from tttui.lab.ownership import SIGNATURE, sign
from tttui.lab.queue import LOCK, carried_on, dispatch_locked, enqueue
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.here import working_directory

VERSIONS = ("numpy", "torch")
"""Packages on which results depend, beside Python and tttui."""

GIT_S = 0.2
"""Seconds that git has to print the commit."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Who executes jobs: `local`, or `slurm` with options of its own (`partition` ...)."""

    name: str = "local"
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


LOCAL = Launcher()


def start(
    root: Path,
    kind: str,
    settings: Mapping[str, Any],
    *,
    command: Sequence[str],
    launcher: Launcher = LOCAL,
) -> Job:
    """Start one job, or queue it where there is no room; returns at once.

    `settings` are what its kind takes, checked by the caller; `command` are the words of the
    command line that asks for it, from `tttui` on. Raises TttuiError that names the cause; a job
    that was already made stays queued.
    """
    return start_all(root, kind, [settings], command=command, launcher=launcher)[0]


def start_all(
    root: Path,
    kind: str,
    settings: Sequence[Mapping[str, Any]],
    *,
    command: Sequence[str],
    launcher: Launcher = LOCAL,
) -> list[Job]:
    """Start several jobs of one kind, one for each of the `settings`; for Slurm as one array."""
    if launcher.name == "slurm":
        from tttui.lab.launchers.slurm import check_slurm

        check_slurm()
    else:
        most_jobs()
    collection = kind_of(kind).collection
    _folders(root)
    remove_abandoned(jobs_folder(root))
    group = str(uuid.uuid4()) if len(settings) > 1 else None
    jobs = []
    try:
        with locked(root / LOCK):
            for one in settings:
                request = _request(kind, one, command, launcher)
                jobs.append(_made(root, request, group))
            name = f"data:{collection}:queued"  # before any of them can begin
            tell(root, [(name, {"id": job.handle, "kind": kind}) for job in jobs], patience_s=0.5)
            if launcher.name == "slurm":
                from tttui.lab.launchers.slurm import submit

                submit(root, jobs, launcher)
            else:
                dispatch_locked(root)
    except OSError as error:
        raise write_error(jobs_folder(root), error) from error
    return [read_job(job.path) for job in jobs]


def _folders(root: Path) -> None:
    """Make the folders of jobs. Raises RefusedInput where they may not be made."""
    folder = jobs_folder(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for path in (folder.parent, folder):
            folder_to_write(path)
    except OSError as error:
        raise RefusedInput(
            f"{folder}: cannot be made for jobs: {error.strerror}; choose another --root"
        ) from error


def _made(root: Path, request: Mapping[str, Any], group: str | None) -> Job:
    """The directory of a new job, which appears as a whole; the lock of the queue is held."""
    handle = request["handle"]
    place = jobs_folder(root) / handle
    with hidden_directory(place) as building:
        content = json_bytes(request)
        write_whole(building / JOB, content)
        write_whole(building / SIGNATURE, sign(place, content))
        fields: dict[str, Any] = {"group": group} if group else {}
        if env := request["needs"]["env"]:
            fields["env"] = list(env)
        StatusFile(building, carried_on(fields, request)).write(state="queued", progress=0.0)
        enqueue(root, handle)
        building.rename(place)
    return read_job(place)


def _request(
    kind: str, settings: Mapping[str, Any], command: Sequence[str], launcher: Launcher
) -> dict[str, Any]:
    """job.json: what was asked, by whom, with what."""
    where = working_directory()
    return {
        "handle": str(uuid.uuid4()),
        "kind": kind,
        "command": list(command),
        "settings": dict(settings),
        "seed": settings.get("seed"),
        "needs": asdict(kind_of(kind).needs(settings)),
        "launcher": {"name": launcher.name, **launcher.options},
        "created_at": time.time(),
        "environment": kept_of(os.environ),
        "cwd": None if where is None else str(where),
        "host": socket.gethostname(),
        "git_commit": None if where is None else commit_of(where),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    versions = {"tttui": __version__, "python": sys.version.split()[0]}
    for name in VERSIONS:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def commit_of(where: Path) -> str | None:
    """The git commit that is checked out in a directory, if one is."""
    if not any(os.path.lexists(folder / ".git") for folder in (where, *where.parents)):
        return None
    words = ["git", "-C", str(where), "rev-parse", "--verify", "HEAD"]
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(words, capture_output=True, text=True, timeout=GIT_S, check=True)
        return done.stdout.strip() or None
    return None
