"""Background sessions, shown among the jobs.

They are executed by `runs` and keep their own directory; nothing of them is copied.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.status import HeartbeatWatch, derive_status
from tttui.lab.job import SESSION, STATUS, Job, JobState
from tttui.model.errors import TttuiError
from tttui.model.status import State, Status
from tttui.runs.background import OUTPUT

STATE: Mapping[State, JobState] = {
    "pretraining": "running",
    "paused": "running",
    "interrupted": "cancelled",
}
"""What a job's state is called where a session's has another name."""


def background_runs(root: Path) -> Iterator[Job]:
    """The sessions directly below the root that a process in the background ran or runs."""
    try:
        with os.scandir(root) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return
    for name in names:
        if os.path.lexists(root / name / OUTPUT) and (job := session_job(root / name)):
            yield job


def session_job(directory: Path, watch: HeartbeatWatch | None = None) -> Job | None:
    """The run of the session in a directory; None where there is no status.json."""
    try:
        raw = read_object(directory / STATUS)
    except (TttuiError, OSError):
        return None
    return _as_job(directory, raw, derive_status(raw, time.time(), watch))


def _as_job(directory: Path, raw: Mapping[str, Any], status: Status) -> Job:
    state: JobState = STATE.get(status.state) or status.state  # type: ignore[assignment]
    done, total, left = status.t, status.steps_total, None
    doing = f"step {done} of {total}" if done is not None and total else ""
    if status.pretraining is not None:
        doing, left = f"pretraining {status.pretraining}", status.pretraining.seconds_left
        done, total = status.pretraining.step, status.pretraining.steps
    elif status.state == "running" and status.steps_per_second and done is not None and total:
        left = max(0, total - done) / status.steps_per_second
    ended = status.heartbeat_at if state in ("completed", "failed", "cancelled") else None
    return Job(
        handle=directory.name,
        kind=SESSION,
        path=directory,
        state=state,
        detail="paused" if status.state == "paused" else status.detail or state,
        progress=min(1.0, done / total) if done is not None and total else None,
        doing=doing,
        seconds_left=left,
        command=status.command or "",
        created_at=status.started_at,
        started_at=status.started_at,
        ended_at=ended,
        error=status.error,
        raw=raw,
    )
