"""Cancelling, resuming and removing jobs; the runs of sessions, too."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tttui.artifacts.eventlog import EventLog, tell
from tttui.artifacts.lock import OnWait
from tttui.artifacts.mutex import locked
from tttui.artifacts.status import HeartbeatWatch
from tttui.artifacts.status_file import StatusFile
from tttui.artifacts.trash import move_to_trash
from tttui.lab import checkpoints
from tttui.lab.earlier import Earlier
from tttui.lab.job import Job, read_job, read_request, root_of
from tttui.lab.jobs import asked_of_launcher, list_jobs
from tttui.lab.kinds import kind_of
from tttui.lab.launchers.local import most_jobs
from tttui.lab.ownership import refuse_others
from tttui.lab.queue import LOCK, carried_on, dispatch, dispatch_locked, enqueue
from tttui.lab.sessions import session_job
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place
from tttui.model.shell import command_line
from tttui.runs.background import continue_in_background
from tttui.runs.control import ask, withdraw

PATIENCE_S = 30.0
"""Seconds within which a job reaches a safe point, unless something is wrong with it."""

LOOK_S = 0.02

START_S = 1.0
"""Seconds between two looks whether a job that is waited for has room now."""


def look_again(job: Job, watch: HeartbeatWatch | None = None) -> Job:
    """The same job as its files say it now."""
    if job.is_session:
        return session_job(job.path, watch) or job
    return asked_of_launcher(read_job(job.path, watch))


def cancel(job: Job, *, wait_s: float = PATIENCE_S) -> Job:
    """Stop a job at its next safe point, keeping its results; returns the ended job.

    Any number of processes may ask at once. A job that has ended already is returned as it is.
    Raises TttuiError where it does not answer; then nothing is killed.
    """
    return cancel_all([job], wait_s=wait_s)[0]


def cancel_all(jobs: Sequence[Job], *, wait_s: float = PATIENCE_S) -> list[Job]:
    """Cancel several jobs: asks all before it waits for one."""
    current = {job.path: job for job in jobs}
    for job in jobs:
        if job.is_session and job.state == "queued":
            word = f"session {job.handle} waits to be resumed"
            raise RefusedInput(f"{word}; there is nothing to cancel")
    for root in {root_of(job.path) for job in jobs if not job.is_session}:
        with locked(root / LOCK):
            ours = [read_job(p) for p, j in current.items() if not j.is_session]
            waiting = [j for j in ours if root_of(j.path) == root and j.state == "queued"]
            current |= {job.path: job for job in _withdrawn(waiting)}
    requests = {path: ask(path, "stop") for path, job in current.items() if not job.has_ended}
    deadline = time.monotonic() + wait_s
    watches = {path: HeartbeatWatch() for path in requests}
    try:
        while True:
            for path in requests:
                if not current[path].has_ended:
                    current[path] = look_again(current[path], watches[path])
            alive = [current[path] for path in requests if not current[path].has_ended]
            if not alive:
                return list(current.values())
            if time.monotonic() > deadline:
                raise TttuiError(_no_answer(alive[0], wait_s))
            time.sleep(LOOK_S)
    finally:
        for path, id in requests.items():
            withdraw(path, id)


def together(root: Path, job: Job) -> list[Job]:
    """The jobs that were started together with one, such as an array, and itself."""
    group = job.raw.get("group")
    if not isinstance(group, str):
        return [job]
    return [other for other in list_jobs(root, kind=job.kind) if other.raw.get("group") == group]


def checkpoint(job: Job, *, name: str | None = None, wait_s: float = PATIENCE_S) -> str:
    """Have a job that runs save a checkpoint now; returns its name once it is there.

    Raises RefusedInput where the job does not run or the name is none, TttuiError where it does
    not answer.
    """
    if job.is_session or job.state != "running":
        raise RefusedInput(f"job {job.short} is {job.detail}; only a job that runs can save one")
    if name is not None:
        checkpoints.path_of(job.path, name)
        if name in (checkpoints.LATEST, checkpoints.PREVIOUS):
            raise RefusedInput(f"{name!r} is the name of a checkpoint that is always there")
    events = EventLog(job.path)
    last = events.last()
    request = ask(job.path, "checkpoint", name)
    deadline = time.monotonic() + wait_s
    while True:
        now = look_again(job)
        for event in events.read(last):
            if event.fields.get("asked") == request:
                return str(event.fields.get("name"))
            last = event.seq
        if now.has_ended or time.monotonic() > deadline:
            withdraw(job.path, request)
            raise TttuiError(f"job {job.short} saved no checkpoint ({now.detail})")
        time.sleep(LOOK_S)


def resume(
    job: Job,
    *,
    checkpoint: str | None = None,
    replacing: Callable[[str], object] = lambda _said: None,
) -> Job:
    """Let a job that has ended go on from its last checkpoint, or from a named one; a job that
    has none begins again, without the parts that are finished.

    A complete job can resume from a named one if its kind allows; `replacing` first receives what
    that replaces (`lab.earlier`). Raises RefusedInput where it runs, is complete, has no such
    checkpoint, or is not this user's.
    """
    if job.is_session:
        if checkpoint is not None:
            raise RefusedInput("a session goes on from its last checkpoint; `tttui fork --at T`")
        _refuse_unless_ended(job)
        continue_in_background(job.path)
        return look_again(job)
    refuse_others(job.path)
    most_jobs()
    root = root_of(job.path)
    with locked(root / LOCK):
        job = look_again(job)
        if checkpoint is None or job.state != "completed":
            _refuse_unless_ended(job)
        request = read_request(job.path)
        kind = kind_of(request["kind"])
        fields = carried_on(job.raw, request) | {"gpus": [], "slurm_id": None}
        if checkpoint is not None:
            earlier = Earlier.of(job, kind, checkpoint)
            replacing(earlier.replaced)
            earlier.go_back()
            fields["progress"] = earlier.progress
        StatusFile(job.path, fields).write(
            state="queued", doing="", error=None, ended_at=None, resume_from=checkpoint
        )
        enqueue(root, job.handle, again=True)
        if job.launcher == "slurm":
            from tttui.lab.launchers.slurm import launcher_of, submit

            submit(root, [read_job(job.path)], launcher_of(request))
        else:
            dispatch_locked(root)
    _publish(job, request["kind"], "resumed")
    return read_job(job.path)


def remove(job: Job, root: Path, on_wait: OnWait | None = None) -> Path:
    """Move a job that has ended, or the session of a run, to the trash of its root.

    Returns where it lies now. Raises RefusedInput where it still runs.
    """
    if job.state in ("running", "queued", "stalled"):
        word = command_line("tttui", "job", "cancel", job.short)
        raise RefusedInput(f"job {job.short} is {job.state}; `{word}` ends it first")
    name = f"data:{collection_of(job)}:deleted"
    target = move_to_trash(Place(job.path, "native"), [root], on_wait)
    tell(root, [(name, {"id": job.handle, "trash": str(target)})])
    return target


def collection_of(job: Job) -> str:
    """The collection of the events of a job; of a kind that this version has not, `system`."""
    if job.is_session:
        return "sessions"
    with suppress(TttuiError):
        return kind_of(job.kind).collection
    return "system"


def wait_for(job: Job, seen: Callable[[Job], object], every_s: float = 0.1) -> Job:
    """Wait for the end of a job and return it; `seen` receives it at each look.

    Meanwhile starts queued jobs that have room, in place of killed processes.
    """
    watch, start_at = HeartbeatWatch(), 0.0
    while True:
        job = look_again(job, watch)
        seen(job)
        if job.has_ended or not job.path.is_dir():
            return job
        if job.state == "queued" and not job.is_session and time.monotonic() >= start_at:
            start_at = time.monotonic() + START_S
            with suppress(TttuiError, OSError):
                dispatch(root_of(job.path))
        time.sleep(every_s)


def _withdrawn(jobs: Sequence[Job]) -> list[Job]:
    """Cancel jobs that wait; the lock of the queue is held."""
    if any(job.launcher == "slurm" for job in jobs):
        from tttui.lab.launchers.slurm import withdraw_from_slurm

        withdraw_from_slurm([job for job in jobs if job.launcher == "slurm"])
    for job in jobs:
        fields = carried_on(job.raw, {})
        StatusFile(job.path, fields).write(state="cancelled", ended_at=time.time())
        _publish(job, job.kind, "cancelled")
    return [read_job(job.path) for job in jobs]


def _refuse_unless_ended(job: Job) -> None:
    if job.state == "completed":
        why = "there is nothing left to do"
        with suppress(TttuiError):
            if not kind_of(job.kind).only_once:
                why += " (--checkpoint NAME goes on from an earlier one)"
        raise RefusedInput(f"job {job.short} is complete; {why}")
    if job.state in ("queued", "running") and not (job.is_session and job.state == "queued"):
        watch = command_line("tttui", "job", "watch", job.short)
        raise RefusedInput(f"job {job.short} is {job.state} already; `{watch}` follows it")


def _publish(job: Job, kind: str, action: str) -> None:
    with suppress(TttuiError, OSError):
        name = f"data:{kind_of(kind).collection}:{action}"
        EventLog(job.path).append(name)
        tell(root_of(job.path), [(name, {"id": job.handle})])


def _no_answer(job: Job, wait_s: float) -> str:
    pid = job.raw.get("pid")
    remedy = f"; end it yourself with `kill {pid}`" if job.state == "stalled" and pid else ""
    return (
        f"job {job.short} did not reach a safe point within {wait_s:g} s ({job.detail}); it was "
        f"left alone{remedy}"
    )
