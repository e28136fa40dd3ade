"""status.json, and the state of the process that wrote it.

Clocks of two machines are never compared: whether a run elsewhere lives shows in its heartbeat,
which moves or does not while somebody looks (`HeartbeatWatch`).
"""

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import number, read_object, whole
from tttui.artifacts.processes import Process, boottime
from tttui.model.ages import duration_text
from tttui.model.errors import TttuiError
from tttui.model.session import Problem
from tttui.model.status import BaseTraining, State, Status

STALE_S = 15.0
"""A heartbeat that has not moved for so long says that the run no longer answers."""

WRITTEN_STATES: dict[str, State] = {
    "queued": "queued",
    "running": "running",
    "paused": "paused",
    "completed": "completed",
    "failed": "failed",
    "interrupted": "interrupted",
}


TEXTS = ("host", "device", "command", "error", "last_command", "last_error", "waits_for")
"""Keys of status.json that are texts, and fields of `Status` of the same names."""


def read_status(path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """The keys of status.json; raises TttuiError for damage."""
    raw = read_object(path)
    state = raw.get("state")
    problems = []
    if not isinstance(state, str) or state not in WRITTEN_STATES:
        shown = str(state)[:30]
        problems.append(Problem("status", path, f"has {shown!r} for state, which is no state"))
    return raw, problems


class HeartbeatWatch:
    """Observes by the local clock whether the heartbeat of one run changes."""

    def __init__(self) -> None:
        self._beat: tuple[object, ...] | None = None
        self._since = 0.0
        self.moved = False
        """It has moved since somebody first looked."""

    def still_for(self, raw: Mapping[str, Any]) -> float:
        """Seconds for which the heartbeat has not changed while observed."""
        now, beat = time.monotonic(), _beat(raw)
        if beat != self._beat:
            self.moved = self._beat is not None
            self._beat, self._since = beat, now
        return now - self._since


def _beat(raw: Mapping[str, Any]) -> tuple[object, ...]:
    """The value that changes with every heartbeat; older files have no counter."""
    return tuple(str(raw.get(key)) for key in ("beat", "heartbeat_at", "host", "pid"))


def status_of(directory: Path, watch: HeartbeatWatch | None = None) -> Status | None:
    """The status of the run in a directory; None without a status file.

    Callers that poll keep a `watch`.
    """
    try:
        raw = read_status(directory / "status.json")[0]
    except (TttuiError, OSError):
        return None
    return derive_status(raw, time.time(), watch)


def derive_status(
    raw: Mapping[str, Any], now: float, watch: HeartbeatWatch | None = None
) -> Status:
    """The state of a run, derived from its last status.json.

    A run that counts as live is crashed when its process is gone (where that can be seen), and
    stalled when its heartbeat has not moved for STALE_S: by the clock that both processes share,
    else as seen by `watch`. (A paused process that is there may well be silent.) A queued one
    waits to be resumed and needs no process, unless its base is being pretrained. `now`, in
    Unix seconds, is only for telling how long ago a process of an older version crashed.
    """
    status = as_written(raw)
    if not status.live or status.state == "queued":
        return replace(status, detail=f"{status.state}: {status.error}") if status.error else status
    process, watch = Process.of(raw), watch or HeartbeatWatch()
    known, seen = _since_beat(status), watch.still_for(raw)
    silent = seen if known is None else known
    if process.pid is None and process.is_here:
        if silent > STALE_S:
            detail = "crashed: it does not report and left no process to ask"
            return replace(status, state="crashed", detail=detail)
        return status
    if not process.is_here:
        if silent > STALE_S:
            since = f" {ago(silent)}" if known is not None else ""
            watched = "" if known is not None else f" in {duration_text(seen)}"
            detail = f"stalled{since}: no heartbeat from {process.where}{watched}"
            return replace(status, state="stalled", detail=detail)
        unsure = "" if known is not None or watch.moved else ", no heartbeat seen yet"
        detail = f"{status.detail or status.state} on {process.where}{unsure}"
        return replace(status, detail=detail)
    if not process.runs():
        age = heartbeat_age(status, now)
        when = "" if age is None else f" {ago(age)}"
        base = status.pretraining
        where = "" if base is None else f", it was pretraining at {base}"
        detail = f"crashed{when}: process {status.pid} is gone{where}"
        return replace(status, state="crashed", detail=detail)
    status = replace(status, runs_here=True)
    if status.state in ("running", "pretraining") and silent > STALE_S:
        detail = f"stalled {ago(silent)}: process {status.pid} is there but does not report"
        return replace(status, state="stalled", detail=detail)
    if status.state == "running" and status.waits_for:
        status = replace(status, detail=f"waiting for {status.waits_for}")
    return status


def as_written(raw: Mapping[str, Any]) -> Status:
    """The keys of status.json; for a planned session also the progress of its base."""
    written = raw.get("state")
    known = WRITTEN_STATES.get(written) if isinstance(written, str) else None
    texts: dict[str, Any] = {name: _text(raw.get(name)) for name in TEXTS}
    status = Status(
        written=str(written),
        state=known or "unknown",
        pid=whole(raw.get("pid")),
        t=whole(raw.get("t")),
        steps_total=whole(raw.get("steps_total")),
        steps_per_second=_speed(raw.get("steps_per_second")),
        started_at=number(raw.get("started_at")),
        heartbeat_at=number(raw.get("heartbeat_at")),
        heartbeat_boottime=(
            number(raw.get("heartbeat_boottime")) if Process.of(raw).shares_clock else None
        ),
        speed_limit=number(raw.get("speed_limit")),
        answers=_answers(raw.get("answers")),
        pretraining=_training(raw.get("pretraining")),
        **texts,
    )
    base = status.pretraining
    if status.state == "queued" and base is not None:
        left = base.seconds_left
        eta = "" if left is None else f", {duration_text(left)} left"
        detail = str(base) if base.waits_for is not None else f"pretraining {base}{eta}"
        return replace(status, state="pretraining", detail=detail)
    if base is not None and not status.error:
        return replace(status, detail=f"{status.state} while pretraining at {base}")
    return status


def heartbeat_age(status: Status, now: float) -> float | None:
    """Seconds since the last heartbeat, for a person; `now` is in Unix seconds.

    Exact if both processes share a boot clock; else by the time of day, which may be off if clocks
    differ, but never below 0.
    """
    known = _since_beat(status)
    if known is None and status.heartbeat_at is not None:
        known = max(0.0, now - status.heartbeat_at)
    return known


def last_heard(status: Status) -> str:
    """`, its last sign of life was 12 s ago`; empty where that cannot be known."""
    known = _since_beat(status)
    return "" if known is None else f", its last sign of life was {ago(known)}"


def _since_beat(status: Status) -> float | None:
    then = status.heartbeat_boottime
    return None if then is None else max(0.0, boottime() - then)


def ago(seconds: float) -> str:
    """`12 s ago`, `3 min ago`, `2 h ago`, `5 days ago`."""
    return f"{duration_text(seconds)} ago"


def _speed(value: Any) -> float | None:
    """A finite number from 0 on; a damaged file can hold any other."""
    speed = number(value)
    return speed if speed is not None and 0.0 <= speed < math.inf else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _training(value: Any) -> BaseTraining | None:
    raw = value if isinstance(value, dict) else {}
    step, steps = whole(raw.get("step")), whole(raw.get("steps"))
    if step is None or steps is None:
        return None
    waits_for = raw.get("waits_for")
    return BaseTraining(
        step,
        steps,
        number(raw.get("loss")),
        _speed(raw.get("steps_per_second")),
        waits_for if isinstance(waits_for, str) else None,
    )


def _answers(value: Any) -> Mapping[str, str]:
    """The answers to the last requests, by request id."""
    entries = value if isinstance(value, list) else []
    return {
        entry["id"]: _text(entry.get("error")) or ""
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }
