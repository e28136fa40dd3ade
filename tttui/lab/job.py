"""A job as its directory describes it: `<root>/.lab/jobs/<uuid>/`.

job.json       what was asked: kind, command, settings, versions, commit, seed
status.json    its state, how far it is, who executes it, a heartbeat
events.jsonl   what happened to it, numbered
metrics.csv    its curves; system.csv: what it used of the machine
run.log        what it said; run.out: what its process printed
results.json   what came of it, so far; results-N.json: before it went on from an earlier checkpoint
parts.jsonl    its finished parts
checkpoint-NAME.pt   from where it goes on
"""

import time
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import number, parse_object, read_object
from tttui.artifacts.regular import LARGEST_OBJECT, read_bytes
from tttui.artifacts.sampling import SYSTEM as SYSTEM
from tttui.artifacts.status import HeartbeatWatch, derive_status
from tttui.lab.environment import missing
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.shell import command_line

JOB, STATUS, RESULTS, METRICS, LOG, PARTS, OUTPUT = (
    "job.json",
    "status.json",
    "results.json",
    "metrics.csv",
    "run.log",
    "parts.jsonl",
    "run.out",
)

JobState = Literal[
    "queued", "running", "completed", "failed", "cancelled", "crashed", "stalled", "unknown"
]
"""The last three are derived, never written."""

STATES: tuple[str, ...] = get_args(JobState)

ENDED = ("completed", "failed", "cancelled", "crashed")
"""States in which nothing more happens by itself."""

SESSION = "session"
"""The kind of a session's run, which is shown among the jobs."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job, or the run of a session, at one moment; unknown values are None."""

    handle: str
    """Its UUID; of a session the name of its directory."""
    kind: str
    path: Path
    state: JobState = "unknown"
    detail: str = ""
    """For a person: `crashed 3 min ago: process 4242 is gone`."""
    progress: float | None = None
    """From 0 to 1."""
    doing: str = ""
    """What it does now: `step 300 of 600, loss 0.02`."""
    seconds_left: float | None = None
    command: str = ""
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    launcher: str = "local"
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """All keys of status.json."""
    problems: tuple[str, ...] = ()
    """What is damaged, a sentence each with the file's name."""

    @property
    def is_session(self) -> bool:
        return self.kind == SESSION

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def fails_again(self) -> bool:
        """It failed in a way that resuming would only repeat."""
        return self.state == "failed" and self.raw.get("final") is True

    @property
    def short(self) -> str:
        """The handle as lists show it."""
        return self.handle if self.is_session else self.handle[:8]


def jobs_folder(root: Path) -> Path:
    return root / LAB / "jobs"


def root_of(directory: Path) -> Path:
    """The run root of a job's directory."""
    return directory.parent.parent.parent


def job_command(job: Job, verb: str, *more: str, group: str = "job") -> str:
    """`tttui job <verb> <handle>`, or of another `group` of commands; with `--root` where that is
    not the usual one."""
    root = job.path.parent if job.is_session else root_of(job.path)
    where = () if root == Path("runs") else ("--root", str(root))
    return command_line("tttui", group, verb, job.short, *where, *more)


def read_job(directory: Path, watch: HeartbeatWatch | None = None) -> Job:
    """Read the job in a directory; damage is among its problems.

    Never raises. Callers that poll keep a `watch`.
    """
    job = Job(directory.name, "unknown", directory)
    try:
        raw = parse_object(read_bytes(directory / STATUS, LARGEST_OBJECT), directory / STATUS)
    except (TttuiError, OSError) as error:
        return _from_request(job, f"{STATUS}: {_reason(error, directory / STATUS)}")
    return with_status(job, raw, watch)


def with_status(job: Job, raw: Mapping[str, Any], watch: HeartbeatWatch | None = None) -> Job:
    """The job updated from status.json and from its process."""
    written, error = raw.get("state"), _text(raw.get("error")) or None
    state = _state(written)
    detail: str = state
    if written == "running":
        status = derive_status(raw, time.time(), watch)
        state = _state(status.state)
        detail = status.detail or state
    elif state == "unknown":
        detail = f"{STATUS} has {str(written)[:30]!r} for state, which is no state"
    elif error:
        detail = f"{state}: {error}"
    elif state == "queued" and (names := missing(raw.get("env"))):
        detail = f"queued for whoever has {' and '.join(names)} set"
    progress = number(raw.get("progress"))
    left = number(raw.get("seconds_left"))
    return Job(
        job.handle,
        path=job.path,
        kind=_text(raw.get("kind")) or "unknown",
        state=state,
        detail=detail,
        progress=progress if progress is not None and 0.0 <= progress <= 1.0 else None,
        doing=_text(raw.get("doing")),
        seconds_left=left if left is not None and left >= 0 and state == "running" else None,
        command=_text(raw.get("command")),
        created_at=number(raw.get("created_at")),
        started_at=number(raw.get("started_at")),
        ended_at=number(raw.get("ended_at")),
        error=error,
        launcher=_text(raw.get("launcher")) or "local",
        raw=raw,
    )


def read_request(directory: Path) -> Mapping[str, Any]:
    """job.json. Raises TttuiError naming the file and the remedy."""
    path = directory / JOB
    try:
        raw = read_object(path)
        if isinstance(raw.get("kind"), str) and isinstance(raw.get("settings"), dict):
            return raw
        reason = "has no kind, or no settings"
    except (TttuiError, OSError) as error:
        reason = _reason(error, path)
    raise TttuiError(
        f"{path}: {reason}, so the job cannot be executed; start it anew, and remove this one "
        f"with `{command_line('tttui', 'job', 'rm', directory.name)}`"
    )


def _from_request(job: Job, problem: str) -> Job:
    """The job from job.json alone, if status.json is damaged."""
    try:
        raw = read_object(job.path / JOB)
    except (TttuiError, OSError) as error:
        also = f"{JOB}: {_reason(error, job.path / JOB)}"
        return replace(job, detail=problem, problems=(problem, also))
    words = raw.get("command")
    return replace(
        job,
        kind=_text(raw.get("kind")) or "unknown",
        command=command_line(*map(str, words)) if isinstance(words, list) else "",
        created_at=number(raw.get("created_at")),
        detail=problem,
        problems=(problem,),
    )


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return str(error).removeprefix(f"{path}: ")


def _state(value: Any) -> JobState:
    return cast(JobState, value) if value in STATES else "unknown"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
