"""Registering weights as a version of a skill, and later measurements of it."""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tttui import __version__
from tttui.artifacts.atomic import sync_directory, write_error, write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.contenthash import content_of
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.making import LOCK as MADE
from tttui.artifacts.making import hidden_directory, remove_abandoned
from tttui.artifacts.regular import folder_to_write, read_bytes
from tttui.artifacts.schema import LONGEST_NAME, MOST_TENSORS
from tttui.artifacts.tensorwriter import SAFETENSORS, Stored, StreamedTensors
from tttui.lab import audit
from tttui.lab.changing import LockedRegistry, changing
from tttui.lab.registry.names import check_name, named
from tttui.lab.registry.version import (
    VERSION,
    WEIGHTS,
    BaseRef,
    Version,
    VersionType,
    base_path,
    folders_in,
    numbers_of,
    read_version,
    registry_folder,
    skills_folder,
    version_folder,
)
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.shell import command_line

REGISTERED, MEASURED = "models:registered", "models:measured"

LONGEST_RESULT = 1 << 20
"""Bytes of what `record_result` keeps."""

MOST_RESULTS = 1000
"""Results of a version that are read, the newest."""


def register(
    root: Path,
    skill: str,
    tensors: Mapping[str, np.ndarray[Any, Any] | Stored],
    *,
    task: str,
    task_settings: Mapping[str, Any],
    settings: Mapping[str, Any],
    base: BaseRef,
    origin: Mapping[str, Any],
    results: Mapping[str, Any] | None = None,
    command: Sequence[str],
    type: VersionType = "skill",
) -> Version:
    """Store weights as the next version of a skill, immutable from then on.

    `settings` say how it learns, `task_settings` all else, both by name and as JSON. `origin`
    says where the weights come from: `kind` (`session`, `job` ...), `id`, `path`, `step`,
    `seed`, `data` (a hash), `parents` (names of versions, the first the nearest). `command` are
    the words that the person typed. Raises RefusedInput for weights that the skill cannot have,
    TttuiError where the disk does not take them; nothing is registered then.
    """
    check_name(skill, "a skill")
    stored = _checked(skill, tensors)
    place = skills_folder(root) / skill / "version"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in (root / ".lab", registry_folder(root), skills_folder(root), place.parent):
            folder_to_write(folder)
        with hidden_directory(place) as building:
            weights = _write_weights(building, stored)
            with changing(root) as changes:
                remove_abandoned(place.parent)
                number = _next_number(root, skill)
                refuse_other_line(root, skill, task, base.sha256, type)
                _keep_base(root, base)
                record = {
                    "schema_version": 1,
                    "skill": skill,
                    "number": number,
                    "type": type,
                    "task": task,
                    "base": {"sha256": base.sha256, "source": base.source},
                    "task_settings": dict(task_settings),
                    "settings": dict(settings),
                    "origin": dict(origin),
                    "results": dict(results or {}),
                    "weights": weights,
                    "created_at_unix": round(time.time(), 3),
                    "tttui_version": __version__,
                    "command": command_line(*command),
                }
                _write_record(building, record)
                _commit(changes, building, skill, number, record, command)
    except OSError as error:
        raise write_error(place.parent, error) from error
    return read_version(root, skill, number)


def record_result(
    root: Path, version: Version, key: str, result: Mapping[str, Any], *, command: Sequence[str]
) -> None:
    """Store a measurement beside its version; the audit records its hash.

    Deploying reads the results of the key `test`: `baseline` (the name of a version, or `base`),
    `verdict` (`better`, `worse` or `no difference`) and `sentence`. Raises TttuiError.
    """
    check_name(key, "a result")
    data = json_bytes({"time": round(time.time(), 3), "key": key, "result": dict(result)})
    if len(data) > LONGEST_RESULT:
        raise RefusedInput(
            f"a result of {len(data)} bytes is too long; {LONGEST_RESULT} is the most"
        )
    with changing(root) as changes:
        read_version(root, version.skill, version.number)
        target = f"registry/skills/{version.skill}/results-v{version.number}"
        target += f"/{changes.next_n:08}.json"
        plain = {k: v for k, v in result.items() if isinstance(v, str | int | float)}
        short = {k: v[:200] if isinstance(v, str) else v for k, v in list(plain.items())[:20]}
        changes.commit(
            MEASURED,
            version.name,
            before={},
            after={"key": key, "sha256": hashlib.sha256(data).hexdigest(), **short},
            moves=[(changes.prepare(data), target)],
            command=command,
        )


def results_of(root: Path, version: Version) -> list[Mapping[str, Any]]:
    """The measurements of a version in order of time: `time`, `key`, `result`. Skips damaged
    ones."""
    folder = skills_folder(root) / version.skill / f"results-v{version.number}"
    folders_in(folder, root)
    results: list[Mapping[str, Any]] = []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    for name in names[-MOST_RESULTS:]:
        with suppress(OSError, TttuiError):
            raw = parse_object(read_bytes(folder / name, 2 * LONGEST_RESULT), folder / name)
            if isinstance(raw.get("key"), str) and isinstance(raw.get("result"), dict):
                results.append(raw)
    return results


def _checked(skill: str, tensors: Mapping[str, np.ndarray[Any, Any] | Stored]) -> dict[str, Stored]:
    if not tensors:
        raise RefusedInput(f"skill {skill}: there are no weights to register")
    if len(tensors) > MOST_TENSORS:
        raise RefusedInput(f"skill {skill}: {len(tensors)} tensors are more than {MOST_TENSORS}")
    stored: dict[str, Stored] = {}
    for name, value in tensors.items():
        one = value if isinstance(value, Stored) else Stored.of(value)
        if not 0 < len(name) <= LONGEST_NAME or one.dtype not in SAFETENSORS:
            raise RefusedInput(f"skill {skill}: {name[:40]!r} of {one.dtype} cannot be kept")
        numbers = one.numbers()
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            raise RefusedInput(
                f"skill {skill}: {name} holds values that are not finite; choose an earlier step"
            )
        stored[name] = one
    return stored


def _write_weights(building: Path, tensors: Mapping[str, Stored]) -> dict[str, Any]:
    """Write the weights; returns what version.json says of them."""
    total, size = hashlib.sha256(), 0

    def hashed() -> Iterator[bytes | memoryview]:
        nonlocal size
        for part in StreamedTensors(tensors):
            total.update(part)
            size += len(part)
            yield part

    write_whole(building / WEIGHTS, hashed())
    return {
        "sha256": total.hexdigest(),
        "bytes": size,
        "content": content_of({name: one.numbers() for name, one in tensors.items()}),
        "tensors": {
            name: {"dtype": one.dtype, "shape": list(one.shape)} for name, one in tensors.items()
        },
    }


def _next_number(root: Path, skill: str) -> int:
    """The next number; those of removed versions are not used again."""
    taken = numbers_of(root, skill)
    for line in audit.lines(root):
        if line.action == REGISTERED and line.subject.startswith(f"{skill}@v"):
            taken.append(named(line.subject).number or 0)
    return max(taken, default=0) + 1


def refuse_other_line(
    root: Path, skill: str, task: str, base_sha256: str, type: VersionType = "skill"
) -> None:
    """Raise RefusedInput where a skill has weights of another task, or over another base.

    '' is an unknown base.
    """
    numbers = numbers_of(root, skill)
    if not numbers:
        return
    before = read_version(root, skill, numbers[-1])
    why = ""
    if before.task != task:
        why = f"is of the task {before.task}, these weights are of {task}"
    elif before.type != type:
        why = f"is a {before.type}, this is a {type}"
    elif type == "skill" and base_sha256 not in ("", before.base_sha256):
        why = (
            f"stands on the base {_short(before.base_sha256)}, these weights on "
            f"{_short(base_sha256)}"
        )
    if why:
        raise RefusedInput(f"skill {skill}: {before.name} {why}; choose another --skill")


def _short(sha256: str) -> str:
    return sha256.rpartition(":")[2][:12]


def _keep_base(root: Path, base: BaseRef) -> None:
    if base.content is None:
        return
    if hashlib.sha256(base.content).hexdigest() != base.sha256:
        raise RefusedInput(f"base {_short(base.sha256)}: its content has another sha256")
    path = base_path(root, base.sha256)
    folder_to_write(path.parent)
    if not os.path.lexists(path):
        write_whole(path, base.content)
        path.chmod(0o444)


def _write_record(building: Path, record: Mapping[str, Any]) -> None:
    try:
        data = json_bytes(record)
    except (TypeError, ValueError) as error:
        raise TttuiError(f"{building.parent.name}: cannot be written as JSON: {error}") from error
    write_whole(building / VERSION, data)
    for name in (VERSION, WEIGHTS):
        (building / name).chmod(0o444)
    (building / MADE).unlink(missing_ok=True)
    sync_directory(building)


def _commit(
    changes: LockedRegistry,
    building: Path,
    skill: str,
    number: int,
    record: Mapping[str, Any],
    command: Sequence[str],
) -> None:
    data = (building / VERSION).read_bytes()
    target = version_folder(changes.root, skill, number)
    moves = [tuple(str(p.relative_to(changes.folder)) for p in (building, target))]
    changes.commit(
        REGISTERED,
        f"{skill}@v{number}",
        before={},
        after={
            "version_sha256": hashlib.sha256(data).hexdigest(),
            "weights_sha256": record["weights"]["sha256"],
            "base_sha256": record["base"]["sha256"],
            "task": record["task"],
            "from": str(record["origin"].get("id", ""))[:200],
        },
        moves=[(moves[0][0], moves[0][1])],
        command=command,
    )
