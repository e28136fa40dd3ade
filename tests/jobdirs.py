"""Directories of jobs as a worker leaves them, of any state, without executing anything."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.rundirs import status_of_process
from tttui.artifacts.eventlog import EventLog, events_below
from tttui.lab.job import jobs_folder


def handle_of(number: int) -> str:
    """The handle of the n-th job."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)))


def make_job(
    root: Path,
    number: int,
    *,
    kind: str = "pretrain",
    state: str = "completed",
    created: float = 0.0,
    progress: float | None = 1.0,
    doing: str = "",
    seconds_left: float | None = None,
    error: str | None = None,
    command: Sequence[str] = ("tttui", "pretrain"),
    settings: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Sequence[float]] | None = None,
    results: Mapping[str, Any] | None = None,
    checkpoints: Sequence[str] = (),
    log: Sequence[str] = (),
    events: Sequence[str] = (),
    group: str | None = None,
) -> Path:
    """The directory of a job; `running` is this process, `metrics` are columns by step 1, 2 ..."""
    handle = handle_of(number)
    directory = jobs_folder(root) / handle
    directory.mkdir(parents=True)
    request = {"kind": kind, "handle": handle, "command": list(command), "created_at": created}
    request |= {"settings": dict(settings or {}), "launcher": {"name": "local"}}
    (directory / "job.json").write_text(json.dumps(request))
    status = {
        "kind": kind,
        "command": " ".join(command),
        "created_at": created,
        "started_at": None if state == "queued" else created + 1,
        "ended_at": created + 60 if state in ("completed", "failed", "cancelled") else None,
        "launcher": "local",
        "progress": progress,
        "doing": doing,
        "seconds_left": seconds_left,
        "error": error,
        **({"group": group} if group else {}),
    }
    live = state in ("running", "crashed", "stalled")
    whole = status_of_process(state) if live else {"state": state}
    (directory / "status.json").write_text(json.dumps({**whole, **status}))
    if metrics:
        rows = zip(*metrics.values(), strict=True)
        lines = [",".join(("t", *metrics))]
        lines += [",".join(map(repr, (t, *row))) for t, row in enumerate(rows, 1)]
        (directory / "metrics.csv").write_text("\n".join(lines) + "\n")
    if results is not None:
        (directory / "results.json").write_text(json.dumps(results))
    for name in checkpoints:
        (directory / f"checkpoint-{name}.pt").write_bytes(b"")
    if log:
        (directory / "run.log").write_text("\n".join(log) + "\n")
    for name in events:
        EventLog(directory).append(name)
        events_below(root).append(name, id=handle)
    return directory
