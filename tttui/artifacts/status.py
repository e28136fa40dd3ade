"""status.json, and what is true now about the process that wrote it."""

import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import number, read_object, whole
from tttui.model.ages import duration_text
from tttui.model.errors import TttuiError
from tttui.model.session import BaseTraining, Problem, State, Status

STALE_S = 15.0
"""A heartbeat older than this says that the run no longer answers."""

WRITTEN_STATES: dict[str, State] = {
    "queued": "queued",
    "running": "running",
    "paused": "paused",
    "completed": "completed",
    "failed": "failed",
    "interrupted": "interrupted",
}


def read_status(path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """The keys of status.json; raises TttuiError for damage."""
    raw = read_object(path)
    state = raw.get("state")
    problems = []
    if not isinstance(state, str) or state not in WRITTEN_STATES:
        shown = str(state)[:30]
        problems.append(Problem("status", path, f"has {shown!r} for state, which is no state"))
    return raw, problems


def status_of(directory: Path, now: float) -> Status | None:
    """What the run in a directory is doing at the Unix time `now`; None where nothing says it."""
    try:
        return derive_status(read_status(directory / "status.json")[0], now)
    except (TttuiError, OSError):
        return None


def derive_status(raw: Mapping[str, Any], now: float) -> Status:
    """What a run is doing at the Unix time `now`, from what it wrote last.

    A run that counts as live is crashed when its process is gone (same host) and stalled when
    its heartbeat is older than STALE_S (on this host only while it says that it is running,
    since a paused process may well be silent). A queued one waits to be resumed and needs no
    process, unless its base is being pretrained.
    """
    written = raw.get("state")
    known = WRITTEN_STATES.get(written) if isinstance(written, str) else None
    status = Status(
        written=str(written),
        state=known or "unknown",
        pid=whole(raw.get("pid")),
        host=_text(raw.get("host")),
        device=_text(raw.get("device")),
        t=whole(raw.get("t")),
        steps_total=whole(raw.get("steps_total")),
        steps_per_second=number(raw.get("steps_per_second")),
        started_at=number(raw.get("started_at")),
        heartbeat_at=number(raw.get("heartbeat_at")),
        command=_text(raw.get("command")),
        error=_text(raw.get("error")),
        speed_limit=number(raw.get("speed_limit")),
        last_command=_text(raw.get("last_command")),
        last_error=_text(raw.get("last_error")),
        answers=_answers(raw.get("answers")),
        pretraining=_training(raw.get("pretraining")),
    )
    base = status.pretraining
    if status.state == "queued" and base is not None:
        left = base.seconds_left
        eta = "" if left is None else f", {duration_text(left)} left"
        status = replace(status, state="pretraining", detail=f"pretraining {base}{eta}")
    elif base is not None and not status.error:
        status = replace(status, detail=f"{status.state} while pretraining at {base}")
    if not status.live or status.state == "queued":
        return replace(status, detail=f"{status.state}: {status.error}") if status.error else status
    beat = status.heartbeat_at
    silent = None if beat is None else max(0.0, now - beat)
    if status.host is not None and status.host != socket.gethostname():
        if silent is not None and silent > STALE_S:
            where = f"no heartbeat from {status.host}"
            return replace(status, state="stalled", detail=f"stalled {ago(silent)}: {where}")
        return replace(status, detail=f"{status.detail or status.state} on {status.host}")
    if status.pid is not None and not process_runs(
        status.pid, number(raw.get("process_started_at"))
    ):
        when = "" if silent is None else f" {ago(silent)}"
        where = "" if base is None else f", it was pretraining at {base}"
        detail = f"crashed{when}: process {status.pid} is gone{where}"
        return replace(status, state="crashed", detail=detail)
    if status.state in ("running", "pretraining") and silent is not None and silent > STALE_S:
        if status.pid is None:
            detail = f"crashed {ago(silent)}: it left no process to ask"
            return replace(status, state="crashed", detail=detail)
        detail = f"stalled {ago(silent)}: process {status.pid} is there but does not report"
        return replace(status, state="stalled", detail=detail)
    return status


def process_runs(pid: int, started_at: float | None) -> bool:
    """Whether a process of this host runs that has the id and, where known, the start time.

    `started_at` is in Unix seconds; a second of difference is rounding, more is another
    process that got the same id.
    """
    import psutil  # only asked for runs that say they are live

    if pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return started_at is None or abs(process.create_time() - started_at) < 2.0
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OverflowError, ValueError, OSError):
        return False


def own_process() -> dict[str, Any]:
    """pid, process_started_at (Unix seconds) and host of this process, as status.json has them."""
    return dict(_process(os.getpid()))


@lru_cache(maxsize=1)
def _process(pid: int) -> Mapping[str, Any]:
    import psutil  # costs 15 ms, which only writers pay

    started_at = psutil.Process(pid).create_time()
    return {"pid": pid, "process_started_at": started_at, "host": socket.gethostname()}


def ago(seconds: float) -> str:
    """`12 s ago`, `3 min ago`, `2 h ago`, `5 days ago`."""
    return f"{duration_text(seconds)} ago"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _training(value: Any) -> BaseTraining | None:
    raw = value if isinstance(value, dict) else {}
    step, steps = whole(raw.get("step")), whole(raw.get("steps"))
    if step is None or steps is None:
        return None
    return BaseTraining(step, steps, number(raw.get("loss")), number(raw.get("steps_per_second")))


def _answers(value: Any) -> Mapping[str, str]:
    """What became of the last requests, by their id."""
    found = value if isinstance(value, list) else []
    return {
        entry["id"]: _text(entry.get("error")) or ""
        for entry in found
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }
