"""Every result of a contest is kept: one line a contender, in a file that only grows.

<root>/.lab/benchmarks.jsonl says what was measured, on which streams, by which code, torch and
machine. The same contender on the same streams is compared with its result before, stream by
stream, so that a regression is one of the code and not of the streams.
"""

import hashlib
import json
import os
import platform
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import tttui
from tttui.artifacts.atomic import write_all, write_error
from tttui.artifacts.checksum import plain
from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import decode, number
from tttui.artifacts.mutex import locked
from tttui.artifacts.regular import LARGEST_LIST, open_regular, read_bytes
from tttui.lab.evaluation.statistics import PairedComparison, fewest, paired
from tttui.lab.job import read_request
from tttui.lab.starting import commit_of
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

if TYPE_CHECKING:
    from tttui.lab.context import Context
    from tttui.lab.evaluation.contest import Contest

HISTORY, LOCK = "benchmarks.jsonl", "benchmarks.lock"

LEVEL = 0.99
"""Of the intervals that flag a regression: a history has many results, each a chance to err."""

SLOWER = 1.5
"""Times as slow as before from which on speed is flagged: on the same machine, which was not busy
with more than it has cores for at either time. Less is noise."""

Flag = Literal["", "worse", "better", "slower", "failing"]

LOSSES = ("whole", "last", "worst_tenth")
SPEEDS = ("steps_per_s", "latency_ms", "latency_p95_ms")


@dataclass(frozen=True, slots=True)
class Result:
    """One contender of one contest, as a line of the history has it."""

    time: float
    """Unix seconds."""
    job: str
    kind: str
    task: str
    contender: str
    version: str
    """The version of a skill that it started with; '' for the base."""
    setup: str
    """A hash of settings and weights."""
    streams_key: str
    by: str
    unit: str
    rank: int
    figures: Mapping[str, float | None]
    values: Floats
    """The loss that decides, of each stream; NaN where it diverged."""
    code: str
    """Version and git commit of tttui."""
    torch: str
    machine: str
    provider: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)

    @property
    def line(self) -> tuple[str, str, str]:
        """The key that results of the same contender and streams share."""
        return (self.task, self.contender, self.setup)


@dataclass(frozen=True, slots=True)
class Step:
    """A result with the previous one on the same streams."""

    result: Result
    before: Result | None = None
    compared: PairedComparison | None = None
    """Positive: better than before."""
    flags: tuple[Flag, ...] = ()

    @property
    def text(self) -> str:
        """`as before`, `12 % worse`, `1.7 times slower`; '' where there is nothing before."""
        changes = []
        if self.compared is not None:
            differs = self.compared.outcome in ("better", "worse")
            changes.append(self.compared.amount if differs else "as before")
        if "slower" in self.flags and self.before is not None:
            pace, old = (one.figures["steps_per_s"] for one in (self.result, self.before))
            assert pace
            assert old
            changes.append(f"{old / pace:.2g} times slower")
        if "failing" in self.flags:
            changes.append("fails now")
        return ", ".join(changes)


def keep(context: "Context", contest: "Contest", result: Mapping[str, Any], *, kind: str) -> None:
    """Add the results of a contest. Raises TttuiError where the disk does not take them."""
    setups = dict(zip([e.name for e in contest.entries], _setups(contest, context), strict=True))
    shared = {
        "kind": kind,
        "task": contest.task,
        "streams_key": result["streams_key"],
        "by": contest.by,
        "unit": result["unit"],
        "verdict": result["verdict"],
    }
    add(
        context,
        [
            {
                **shared,
                **{name: one[name] for name in ("version", "provider", "rank", "values", *LOSSES)},
                **{name: result["speeds"][one["name"]][name] for name in SPEEDS},
                "contender": one["name"],
                "setup": setups[one["name"]],
            }
            for one in result["contenders"]
        ],
    )


def keep_answers(context: "Context", result: Mapping[str, Any]) -> None:
    """Add the latencies of endpoints. Raises TttuiError like `keep`."""
    setup = hashlib.sha256(json.dumps(result["prompts"]).encode()).hexdigest()[:16]
    add(
        context,
        [
            {
                "kind": "benchmark",
                "task": "prompts",
                "contender": one["name"],
                "provider": one["name"],
                "version": "",
                "setup": one["identity"],
                "streams_key": setup,
                "by": "whole",
                "unit": "",
                "verdict": result["verdict"],
                "rank": one["rank"],
                "values": [answer["seconds"] for answer in one["answers"]],
                "whole": one["seconds"],
                "steps_per_s": one["tokens_per_s"],
                "latency_ms": None if one["first_s"] is None else 1e3 * one["first_s"],
                "errors": one["errors"],
            }
            for one in result["contenders"]
        ],
    )


def add(context: "Context", results: Sequence[Mapping[str, Any]]) -> None:
    """Add the lines of a job once, with time, code version and machine."""
    versions = read_request(context.directory).get("versions")
    torch = versions.get("torch", "") if isinstance(versions, Mapping) else ""
    commit = commit_of(Path(tttui.__file__).parent)
    about = {
        "time": round(time.time(), 3),
        "job": context.handle,
        "code": tttui.__version__ + (f" {commit[:9]}" if commit else ""),
        "torch": torch,
        "machine": machine(),
        "busy": _busy(),
    }
    lines = b"".join(
        json.dumps({**about, **one}, default=plain).encode() + b"\n" for one in results
    )
    folder = context.root / LAB
    path = folder / HISTORY
    try:
        with locked(folder / LOCK):
            if any(result.job == context.handle for result in read(context.root)):
                return  # before it was killed
            handle = open_regular(path, os.O_RDWR | os.O_CREAT)
            try:
                _append(handle, lines)
            finally:
                os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error


def _busy() -> bool:
    """Whether more processes run than there are cores, so that speeds mean little."""
    try:
        return os.getloadavg()[0] > (os.cpu_count() or 1)
    except OSError:
        return True


def machine() -> str:
    """The machine, on which speeds depend."""
    return f"{socket.gethostname()} {platform.machine()} {os.cpu_count()} cores"


def read(root: Path) -> list[Result]:
    """All results of a root in order of time; lines that are damaged are left out.

    Raises TttuiError where the file cannot be read.
    """
    path = root / LAB / HISTORY
    try:
        data = read_bytes(path, LARGEST_LIST)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror or error}") from error
    results = [result for line in data.split(b"\n") if (result := _result(line)) is not None]
    return sorted(results, key=lambda one: one.time)


def steps(results: Sequence[Result]) -> list[Step]:
    """Each result beside the newest one before it of the same contender on the same streams."""
    newest: dict[tuple[object, ...], Result] = {}
    rows = []
    for one in results:
        key = (*one.line, one.streams_key, one.by)
        rows.append(_step(one, newest.get(key)))
        newest[key] = one
    return rows


def _step(one: Result, before: Result | None) -> Step:
    if before is None:
        return Step(one)
    flags: list[Flag] = []
    compared = None
    if len(one.values) == len(before.values) >= fewest(1, LEVEL):
        unit = one.unit
        compared = paired(one.values, before.values, ratio=not unit, unit=unit, level=LEVEL)
        if compared.outcome in ("better", "worse"):
            flags.append("worse" if compared.outcome == "worse" else "better")
    pace, old = one.figures.get("steps_per_s"), before.figures.get("steps_per_s")
    quiet = all(r.raw.get("busy") is False for r in (one, before))
    if pace and old and quiet and one.machine == before.machine and old >= SLOWER * pace:
        flags.append("slower")
    if (number(one.raw.get("errors")) or 0) > (number(before.raw.get("errors")) or 0):
        flags.append("failing")
    return Step(one, before, compared, tuple(flags))


def _append(handle: int, lines: bytes) -> None:
    """Add whole lines, all or none, after the last whole one."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, 1 << 20, max(0, size - (1 << 20)))
    end = size if not tail or tail.endswith(b"\n") else size - len(tail) + tail.rfind(b"\n") + 1
    try:
        write_all(handle, lines, end)
    except OSError:
        os.ftruncate(handle, end)
        raise
    os.ftruncate(handle, end + len(lines))


def _setups(contest: "Contest", context: "Context") -> list[str]:
    hashes = []
    for entry, contender in zip(contest.entries, contest.contenders(context.root), strict=True):
        values = {k: v for k, v in contender.values.items() if k != "base"}
        text = json.dumps([contest.task, entry.version, values], sort_keys=True, default=str)
        hashes.append(hashlib.sha256(text.encode()).hexdigest()[:16])
    return hashes


def _result(line: bytes) -> Result | None:
    try:
        raw = decode(line)
    except ValueError:
        return None
    if not isinstance(raw, dict):
        return None
    when, values = number(raw.get("time")), raw.get("values")
    if when is None or not isinstance(values, list) or not isinstance(raw.get("contender"), str):
        return None

    def text(name: str) -> str:
        value = raw.get(name)
        return value if isinstance(value, str) else ""

    numbers = [number(v) for v in values]
    rank = raw.get("rank")
    return Result(
        time=when,
        job=text("job"),
        kind=text("kind"),
        task=text("task"),
        contender=text("contender"),
        version=text("version"),
        setup=text("setup"),
        streams_key=text("streams_key"),
        by=text("by"),
        unit=text("unit"),
        rank=rank if isinstance(rank, int) else 0,
        figures={name: number(raw.get(name)) for name in (*LOSSES, *SPEEDS)},
        values=np.array([np.nan if v is None else v for v in numbers], dtype=np.float64),
        code=text("code"),
        torch=text("torch"),
        machine=text("machine"),
        provider=text("provider"),
        raw=raw,
    )
