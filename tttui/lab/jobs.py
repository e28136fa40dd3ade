"""Listing and finding jobs, and reading the results of one."""

import gc
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import parse_object, read_object
from tttui.artifacts.regular import NotRegular, read_below
from tttui.artifacts.status import HeartbeatWatch
from tttui.lab.job import RESULTS, SESSION, STATUS, Job, jobs_folder, read_job, with_status
from tttui.lab.sessions import background_runs, session_job
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.shell import command_line

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

SHOWN = 5
"""Handles that an error names."""

_Mark = tuple[int, int, int, int]
"""Of a file: another one of the same name has another."""


def list_jobs(root: Path, *, state: str | None = None, kind: str | None = None) -> list[Job]:
    """The jobs of a root, and its sessions that run in the background; the newest first.

    Damaged ones are listed with their problems. Callers that poll keep a `JobList`.
    """
    return JobList(root).refresh(state=state, kind=kind)


class JobList:
    """Lists the jobs of a root repeatedly; reads ended jobs once. For one thread.

    Watch `jobs_folder(root)` and the root to learn when to look again
    (`artifacts.watch.Watcher`).
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._ended: dict[str, tuple[_Mark, Job]] = {}
        self._watches: dict[str, HeartbeatWatch] = {}

    def refresh(self, *, state: str | None = None, kind: str | None = None) -> list[Job]:
        """The jobs now, newest first, filtered by state or kind."""
        jobs: list[Job] = []
        if kind != SESSION:
            with _without_collecting():
                jobs += self._jobs()
        if kind in (None, SESSION):
            jobs += background_runs(self._root)
        chosen = [
            job
            for job in jobs
            if (state is None or job.state == state) and kind in (None, job.kind)
        ]
        return sorted(chosen, key=lambda job: (-(job.created_at or 0.0), job.handle))

    def _jobs(self) -> Iterator[Job]:
        names, folder = handles(self._root), jobs_folder(self._root)
        if not names:
            self._ended.clear()
            return
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            ended: dict[str, tuple[_Mark, Job]] = {}
            for name in names:
                mark, job = self._look(opened, folder, name)
                if mark is not None and job.has_ended and job.state != "crashed":
                    ended[name] = mark, job
                yield job
            self._ended = ended
        finally:
            os.close(opened)

    def _look(self, opened: int, folder: Path, name: str) -> tuple["_Mark | None", Job]:
        """A job and the stamp of its status file; None if it is damaged."""
        path = f"{name}/{STATUS}"
        try:
            there = os.stat(path, dir_fd=opened, follow_symlinks=False)
            mark = there.st_ino, there.st_mtime_ns, there.st_ctime_ns, there.st_size
            known = self._ended.get(name)
            if known is not None and known[0] == mark:
                return known
            raw = parse_object(read_below(opened, path, there), folder)
        except (TttuiError, OSError):
            return None, asked_of_launcher(read_job(folder / name))
        job = Job(name, "unknown", folder / name)
        if raw.get("state") != "running":
            return mark, asked_of_launcher(with_status(job, raw))
        watch = self._watches.setdefault(name, HeartbeatWatch())
        return mark, asked_of_launcher(with_status(job, raw, watch))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Switch the garbage collector off: it would scan ten thousand new jobs again and again, which
    takes longer than reading them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def asked_of_launcher(job: Job) -> Job:
    """The job completed from Slurm, if Slurm executes it."""
    if job.launcher != "slurm" or (job.has_ended and job.state != "crashed"):
        return job
    from tttui.lab.launchers.slurmstate import judged

    return judged(job)


def handles(root: Path) -> list[str]:
    """The UUIDs of the jobs of a root, in no order. Raises RefusedInput if the folder cannot be
    read."""
    folder = jobs_folder(root)
    try:
        if folder.is_symlink() or folder.parent.is_symlink():
            raise NotRegular(folder, "is a link: put what it leads to in its place")
        with os.scandir(folder) as entries:
            return [e.name for e in entries if UUID.fullmatch(e.name) and not e.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RefusedInput(f"{folder}: {error.strerror}") from error


def find_job(root: Path, handle: str) -> Job:
    """The job of this handle or unique prefix, or the background run of a session by its name.

    Raises RefusedInput where there is none, or more than one.
    """
    known = handles(root)
    prefix = handle.strip().lower()
    exact = [name for name in known if name == prefix]
    matches = exact or [name for name in known if prefix and name.startswith(prefix)]
    session = None
    if handle and "/" not in handle and not handle.startswith("."):
        session = session_job(root / handle)
    if session is not None and not exact:
        return session
    if len(matches) == 1:
        return asked_of_launcher(read_job(jobs_folder(root) / matches[0]))
    if matches:
        some = ", ".join(sorted(matches)[:SHOWN]) + (" ..." if len(matches) > SHOWN else "")
        raise RefusedInput(
            f"{handle} is the beginning of {len(matches)} jobs; say more of it: {some}"
        )
    listing = command_line(
        "tttui", "job", "list", *(() if str(root) == "runs" else ("--root", root))
    )
    raise RefusedInput(f"there is no job {handle!r} under {root}; `{listing}` lists them")


def results(job: Job) -> Mapping[str, Any]:
    """results.json; of a session its metrics. Raises RefusedInput where there are none yet."""
    path = job.path / "session" / "metrics.json" if job.is_session else job.path / RESULTS
    try:
        return read_object(path)
    except FileNotFoundError:
        more = "" if job.has_ended else "; `tttui job watch` tells when there are"
        raise RefusedInput(f"job {job.short} is {job.state} and has no results{more}") from None
    except (TttuiError, OSError) as error:
        raise TttuiError(str(error)) from error
