"""Finding versions by name, and what depends on one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.jsonfile import read_object
from tttui.lab.changing import changing, settle
from tttui.lab.job import Job, read_request
from tttui.lab.queue import active_jobs
from tttui.lab.registry.names import named
from tttui.lab.registry.personas import find_persona, personas, version_in_use
from tttui.lab.registry.version import (
    Version,
    numbers_of,
    read_version,
    skill_names,
    version_folder,
)
from tttui.model.errors import RefusedInput, TttuiError

REMOVED = "models:removed"

STARTED_FROM = "started_from"
"""Key of meta.json: the version that a session started from, with its hash."""


def versions(
    root: Path, skill: str | None = None, problems: list[str] | None = None
) -> list[Version]:
    """The versions of a skill, or of all, by name and number.

    Damaged versions are left out and reported in `problems`; without it they raise TttuiError.
    """
    settle(root)
    read: list[Version] = []
    for name in skill_names(root) if skill is None else [skill]:
        for number in numbers_of(root, name):
            try:
                read.append(read_version(root, name, number))
            except TttuiError as error:
                if problems is None:
                    raise
                problems.append(str(error))
    return read


def resolve(root: Path, name: str) -> Version:
    """The version called `walker` (the newest), `walker@v2`, `@helper` or `@helper/DOMAIN`.

    Raises RefusedInput with what there is, TttuiError where its description is damaged. Its
    weights are checked when they are read.
    """
    settle(root)
    parsed = named(name)
    if parsed.persona:
        return version_in_use(root, find_persona(root, parsed.persona, parsed.domain))
    there = numbers_of(root, parsed.skill)
    if not there:
        known = skill_names(root)
        hint = f"there is {', '.join(known[:8])}" if known else "there are none yet"
        raise RefusedInput(
            f"there is no skill {parsed.skill!r} under {root}; {hint}; `tttui model register` "
            "makes one"
        )
    number = there[-1] if parsed.number is None else parsed.number
    if number not in there:
        known = [f"v{n}" for n in there]
        more = f" and {len(known) - 8} more" if len(known) > 8 else ""
        raise RefusedInput(
            f"{parsed.skill} has no v{number}; there is {', '.join(known[-8:])}{more}"
        )
    return read_version(root, parsed.skill, number)


def dependents(root: Path, version: Version) -> list[str]:
    """The personas, versions, sessions and live jobs that depend on a version, a few words each."""
    names: list[str] = []
    for persona in personas(root):
        if persona.current.version == version.name:
            names.append(f"persona {persona.called}")
        elif [move.version for move in persona.stack[-2:-1]] == [version.name]:
            names.append(f"persona {persona.called}, which would roll back to it")
    for other in versions(root, problems=[]):
        if version.name in other.parents:
            how = "composed of" if other.origin.get("kind") == "genome" else "trained from"
            names.append(f"{other.name}, {how} it")
    names += [f"session {name}" for name in sessions_from(root, version)]
    names += [f"job {job.short} ({job.kind}), which has not ended" for job in _jobs(root, version)]
    return names


def _jobs(root: Path, version: Version) -> Iterator[Job]:
    """The jobs that wait or run and whose settings name a version."""
    for job in active_jobs(root):
        try:
            settings = read_request(job.path)["settings"]
        except TttuiError:
            continue
        waiting = [settings]
        while waiting:
            value = waiting.pop()
            if value == version.name:
                yield job
                break
            if isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value


def sessions_from(root: Path, version: Version) -> list[str]:
    """The sessions of a root that started from a version, by name."""
    names: list[str] = []
    for place in find_sessions([root]) if root.is_dir() else ():
        if place.layout != "native":
            continue
        try:
            start = read_object(place.path / "session" / "meta.json").get(STARTED_FROM)
        except (TttuiError, OSError):
            continue
        if (
            isinstance(start, dict)
            and start.get("version") == version.name
            and start.get("weights_sha256") == version.weights_sha256
        ):
            names.append(place.name)
    return names


def remove(root: Path, version: Version, *, command: Sequence[str]) -> Path:
    """Move a version out of the registry; returns where it lies now.

    Its number is not given again. Raises RefusedInput naming what depends on it.
    """
    with changing(root) as changes:
        version = read_version(root, version.skill, version.number)
        if needed := dependents(root, version):
            some = "; ".join(needed[:5]) + (f"; and {len(needed) - 5} more" if needed[5:] else "")
            raise RefusedInput(f"{version.name} is needed by {some}")
        folder = version_folder(root, version.skill, version.number)
        source = str(folder.relative_to(changes.folder))
        target = f"registry/removed/{version.skill}-v{version.number}"
        moves = [(source, target)]
        results = folder.with_name(f"results-v{version.number}")
        if results.is_dir():
            moves.append((str(results.relative_to(changes.folder)), f"{target}-results"))
        changes.commit(
            REMOVED,
            version.name,
            before={"weights_sha256": version.weights_sha256},
            after={},
            moves=moves,
            command=command,
        )
    return changes.folder / target
