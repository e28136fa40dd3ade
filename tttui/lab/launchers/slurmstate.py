"""The state of a job in Slurm, also after Slurm has forgotten it.

Its controller forgets a job minutes after the end (`MinJobAge`). So the first process that asks
stores the final state in the job's directory (slurm.json). If none asked in time, the accounting is
asked (`sacct`, if the cluster has it), else the message that Slurm wrote into the job's output.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.regular import open_to_read
from tttui.lab.job import Job, root_of
from tttui.model.errors import TttuiError

FOLDER = f"{LAB}/slurm"
"""What submitit writes: the submitted calls, what the processes printed."""

KEPT = "slurm.json"
"""In the directory of a job: how Slurm's last job for it ended."""

ASK_S = 10.0
"""Seconds that a command of Slurm has."""

FRESH_S = 2.0
"""Seconds for which an answer of Slurm is not asked for again."""

TAIL = 1 << 14
"""Bytes at the end of a job's output in which Slurm's own last words are looked for."""

WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SUSPENDED")
RUNNING = ("RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "STOPPED", "RESIZING")

SAID = {
    "TIMEOUT": "Slurm ended it at its time limit",
    "DEADLINE": "Slurm ended it at its deadline",
    "OUT_OF_MEMORY": "Slurm ended it, since it took more memory than it may",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node could not be started",
    "PREEMPTED": "Slurm ended it to make room for another",
}

_LAST_WORDS = (
    (re.compile(rb"CANCELLED AT \S+ DUE TO TIME LIMIT"), "TIMEOUT"),
    (re.compile(rb"CANCELLED AT \S+ DUE TO NODE FAILURE"), "NODE_FAIL"),
    (re.compile(rb"CANCELLED AT \S+ DUE TO PREEMPTION"), "PREEMPTED"),
    (re.compile(rb"oom[_-]kill"), "OUT_OF_MEMORY"),
    (re.compile(rb"slurmstepd\S* error: .*CANCELLED AT "), "CANCELLED"),
)
"""What the output of a job ends with where Slurm ended it, and the state that this stands for."""

_UNAVAILABLE = re.compile(r"DOWN|DRAIN|NotAvail|Unavailable", re.IGNORECASE)
"""Reasons of a job that waits for nodes that are out of service."""

_answers: dict[tuple[str, ...], tuple[float, str]] = {}
"""Command -> when it was asked (monotonic), what it said."""


def judged(job: Job) -> Job:
    """The job completed by what Slurm knows beyond its files. Never raises."""
    slurm_id = id_of(job)
    if job.launcher != "slurm" or slurm_id is None:
        return job
    if job.state not in ("queued", "crashed", "stalled"):
        return job
    try:
        state, reason = _state_of(job, slurm_id)
    except TttuiError as error:
        return replace(job, detail=f"{job.detail}; Slurm cannot be asked: {error}")
    known = f"Slurm's job {slurm_id}"
    if state in WAITING:
        return replace(job, state="queued", detail=f"queued, {known} waits{_why(reason)}")
    if state in RUNNING:
        return replace(job, detail=f"{job.detail}; {known} is {state.lower()}")
    if state == "CANCELLED":
        return replace(job, state="cancelled", detail=f"cancelled: {known} was cancelled")
    if state in SAID:
        failure = SAID[state]
        return replace(job, state="failed", detail=f"failed: {failure}", error=failure)
    if job.state == "queued":
        why = f"{known} ended as {state}" if state else f"{known} is no longer known to it"
        return replace(job, state="failed", detail=f"failed: {why}, and never began", error=why)
    if job.state == "stalled":
        why = f"ended as {state}" if state else "is no longer known to it"
        return replace(job, state="crashed", detail=f"crashed: {known} {why}")
    return job


def id_of(job: Job) -> str | None:
    """Slurm's id of a job; None where it has none."""
    slurm_id = job.raw.get("slurm_id")
    # It goes into a command line, and may come from anybody's file.
    if isinstance(slurm_id, str) and slurm_id.replace("_", "").isdecimal() and slurm_id.isascii():
        return slurm_id
    return None


def ask(words: Sequence[str]) -> str:
    """The output of a Slurm command. Raises TttuiError with its message."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=ASK_S, check=False, errors="replace"
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TttuiError(f"{words[0]} cannot be asked: {error}") from error
    if done.returncode:
        raise TttuiError(f"{words[0]}: {' '.join(done.stderr.split())[:300]}")
    return done.stdout


def _state_of(job: Job, slurm_id: str) -> tuple[str, str]:
    """Slurm's state of a job and its reason; empty where Slurm has forgotten it."""
    ended = _stored_end(job.path, slurm_id)
    if ended is not None:
        return ended, ""
    answer = _mine().get(slurm_id) or _single(slurm_id)
    if answer is None:
        answer = _accounted(slurm_id) or _last_words(job, slurm_id), ""
    state, reason = answer
    if state not in WAITING and state not in RUNNING:
        with suppress(TttuiError, OSError):  # somebody else's job: who owns it keeps it
            write_whole(job.path / KEPT, json_bytes({"slurm_id": slurm_id, "state": state}))
    return state, reason


def _stored_end(directory: Path, slurm_id: str) -> str | None:
    try:
        raw = read_object(directory / KEPT)
    except (TttuiError, OSError):
        return None
    state = raw.get("state")
    return state if raw.get("slurm_id") == slurm_id and isinstance(state, str) else None


def _mine() -> dict[str, tuple[str, str]]:
    """State and reason of this user's jobs, by id: one question for all of them."""
    text = _recently("squeue", f"--user={os.getuid()}", *_FORMAT)
    rows = (line.strip().split("|", 2) for line in text.splitlines())
    return {row[0]: (row[1].partition(" ")[0], row[2]) for row in rows if len(row) == 3}


_FORMAT = ("--noheader", "--states=all", "--array", "--format=%i|%T|%r")


def _single(slurm_id: str) -> tuple[str, str] | None:
    """State and reason of one job, also another user's; None if Slurm does not know it."""
    try:
        line = _recently("squeue", *_FORMAT, "--jobs", slurm_id).partition("\n")[0]
    except TttuiError as error:
        if "Invalid job id" not in str(error):
            raise
        return None
    row = line.strip().split("|", 2)
    return (row[1].partition(" ")[0], row[2]) if len(row) == 3 else None


def _accounted(slurm_id: str) -> str:
    """The state that the accounting has of a job; '' where there is none."""
    words = ("sacct", "--noheader", "--allocations", "--parsable2", "--format=State", "--jobs")
    try:
        line = _recently(*words, slurm_id).partition("\n")[0]
    except TttuiError:
        return ""
    return line.strip().partition(" ")[0]


def _last_words(job: Job, slurm_id: str) -> str:
    """Slurm's message in the output of a job that it ended; '' if there is none."""
    try:
        for output in (root_of(job.path) / FOLDER).glob(f"*/{slurm_id}_*_log.out"):
            with open_to_read(output) as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
                tail = file.read(TAIL)
            for pattern, state in _LAST_WORDS:
                if pattern.search(tail):
                    return state
    except OSError:
        pass
    return ""


def _why(reason: str) -> str:
    """Why a job waits: Slurm's reason, and the reason given when the node was drained."""
    if reason in ("", "None"):
        return ""
    nodes_text = ""
    if _UNAVAILABLE.search(reason):
        with suppress(TttuiError):
            text = _recently("sinfo", "--noheader", "--list-reasons", "--format=%E|%N")
            rows = (line.strip().rpartition("|") for line in text.splitlines())
            nodes_text = "; ".join(f"{nodes}: {why}" for why, _, nodes in rows if why)
    return f": {reason}" + (f" ({nodes_text})" if nodes_text else "")


def _recently(*words: str) -> str:
    """The output of a Slurm command, cached for a few seconds."""
    known = _answers.get(words)
    if known is not None and time.monotonic() - known[0] < FRESH_S:
        return known[1]
    answer = ask(words)
    for old in [w for w, (at, _) in _answers.items() if time.monotonic() - at > FRESH_S]:
        del _answers[old]
    _answers[words] = time.monotonic(), answer
    return answer
