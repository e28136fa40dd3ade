"""Versions, personas and differences in words and as JSON."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.cli.output import number, table
from tttui.lab.registry import (
    Persona,
    Version,
    dependents,
    resolve,
    results_of,
    versions,
)
from tttui.lab.registry.difference import VersionDifference
from tttui.lab.registry.personas import TEST
from tttui.model.errors import TttuiError
from tttui.runs.start import short

if TYPE_CHECKING:
    from tttui.lab.job import Job
    from tttui.model.session import Place

SHOWN = 4
"""Figures of a line."""


def job_of(root: Path, run: str) -> "Job | None":
    """The named job; None for a session or an unknown name."""
    from tttui.lab.jobs import find_job, handles

    handle = run.strip().lower()
    if not any(name.startswith(handle) for name in handles(root)) or (root / run).is_dir():
        return None
    return find_job(root, run)


def session_of(root: Path, run: str) -> "Place":
    """The named session. Raises RefusedInput."""
    from tttui.cli.places import find_run

    return find_run(root, run)


def listed(root: Path, skill: str | None = None) -> tuple[list[Version], list[str]]:
    """The readable versions, and the problems of the others."""
    problems: list[str] = []
    return versions(root, skill, problems), problems


def day(at: float) -> str:
    """`2026-11-28 10:12`; the number for a time outside the calendar."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"


def figures(results: Mapping[str, Any]) -> str:
    """The first few results: `mse 0.02, wins 8`."""
    numbers = {k: v for k, v in results.items() if isinstance(v, int | float)}
    return ", ".join(f"{k} {number(float(v))}" for k, v in list(numbers.items())[:SHOWN])


def tests(root: Path, version: Version) -> str:
    """The newest test: `better than walker@v1`."""
    results = [one["result"] for one in results_of(root, version) if one["key"] == TEST]
    if not results:
        return ""
    verdict, baseline = results[-1].get("verdict"), results[-1].get("baseline")
    return f"as good as {baseline}" if verdict == "no difference" else f"{verdict} than {baseline}"


def in_use(personas: Sequence[Persona], *of: Version) -> str:
    """The personas that point to one of some versions."""
    names = {version.name for version in of}
    return ", ".join(one.called for one in personas if one.current.version in names) or "-"


def state_of(root: Path, persona: Persona) -> str:
    """`ok`, or why the version of a persona cannot be used."""
    try:
        resolve(root, persona.called)
    except TttuiError as error:
        return str(error)
    return "forced" if persona.current.forced else "ok"


def persona_document(root: Path, persona: Persona) -> dict[str, Any]:
    """A persona for `--json`."""
    return {
        "persona": persona.called,
        "name": persona.name,
        "domain": persona.domain,
        "version": persona.current.version,
        "since_unix": persona.current.time,
        "before": persona.stack[-2].version if persona.stack[1:] else None,
        "state": state_of(root, persona),
        "moves": [move.fields for move in persona.moves],
    }


def about(
    root: Path, version: Version, *, versions: int | None = None, whole: bool = False
) -> dict[str, Any]:
    """A version for `--json`; `whole` with all tensors and what depends on it."""
    document: dict[str, Any] = {
        "version": version.name,
        "skill": version.skill,
        "number": version.number,
        "type": version.type,
        "task": version.task,
        "created_at_unix": version.created_at,
        "base_sha256": version.base_sha256,
        "base": version.base_source,
        "weights_sha256": version.weights_sha256,
        "bytes": version.bytes,
        "origin": dict(version.origin),
        "settings": dict(version.settings),
        "task_settings": dict(version.task_settings),
        "results": dict(version.results),
        "measured": list(results_of(root, version)),
        "command": version.command,
        "path": str(version.path),
    }
    if versions is not None:
        document["versions"] = versions
    if whole:
        document["tensors"] = {name: list(shape) for name, shape in version.shapes.items()}
        document["needed_by"] = dependents(root, version)
    return document


def described(root: Path, version: Version) -> list[str]:
    """`tttui model show`."""
    origin = version.origin
    at = f" at step {origin['step']}" if isinstance(origin.get("step"), int) else ""
    sizes = sum(math.prod(shape) for shape in version.shapes.values())
    lines = [
        f"version     {version.name} ({version.type} of the task {version.task})",
        f"registered  {day(version.created_at)} by `{version.command}`",
        f"from        {origin.get('kind', 'unknown')} {origin.get('id', '')}{at}",
        f"base        {short(version.base_sha256)} {version.base_source}".rstrip(),
        f"weights     {len(version.shapes)} tensors, {sizes:,} numbers, sha256 "
        f"{version.weights_sha256[:12]}, as they were registered",
        f"path        {version.path}",
    ]
    if version.parents:
        lines.append(f"parents     {', '.join(version.parents)}")
    if data := origin.get("data"):
        lines.append(f"data        {str(data)[:12]}, seed {origin.get('seed')}")
    if version.settings:
        lines.append(f"learns by   {_pairs(version.settings)}")
    if version.results:
        lines.append(f"results     {_pairs(version.results)}")
    for one in results_of(root, version):
        sentence = one["result"].get("sentence") or _pairs(one["result"])
        lines.append(f"{one['key']:<11} {day(float(one.get('time', 0)))}  {sentence}")
    needed = dependents(root, version)
    lines.append(f"needed by   {'; '.join(needed) if needed else 'nothing'}")
    return lines


def difference_lines(one: Version, other: Version, difference: VersionDifference) -> list[str]:
    """`tttui model diff`."""
    lines = [f"{one.name} -> {other.name}: weights changed by {100 * difference.relative:.3g} %"]
    if not difference.same_base:
        lines.append("they stand on different bases, so weights differ by more than was learned")
    rows = [
        (
            change.name,
            "x".join(map(str, change.shape)) or "1",
            number(change.before),
            number(change.after),
            number(change.change),
            f"{100 * change.relative:.3g} %",
        )
        for change in difference.parameters
    ]
    headers = ("parameter", "shape", one.name, other.name, "change", "relative")
    lines += ["", *table(headers, rows, right={1, 2, 3, 4, 5})]
    lines += [f"{name}: {why}" for name, why in difference.only]
    for what, pairs in (("setting", difference.settings), ("result", difference.results)):
        if pairs:
            rows_of = [(name, _value(a), _value(b)) for name, a, b in pairs]
            lines += ["", *table((what, one.name, other.name), rows_of, right=set())]
        else:
            lines += ["", f"no {what} differs"]
    return lines


def difference_document(
    one: Version, other: Version, difference: VersionDifference
) -> dict[str, Any]:
    """A difference for `--json`."""
    return {
        "from": one.name,
        "to": other.name,
        "relative": difference.relative,
        "same_base": difference.same_base,
        "parameters": [
            {
                "name": change.name,
                "shape": list(change.shape),
                "before": change.before,
                "after": change.after,
                "change": change.change,
                "relative": change.relative,
            }
            for change in difference.parameters
        ],
        "only": dict(difference.only),
        "settings": {name: [a, b] for name, a, b in difference.settings},
        "results": {name: [a, b] for name, a, b in difference.results},
    }


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else str(value)[:60]
