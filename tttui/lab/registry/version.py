"""A version of a skill: an immutable directory, with its measurements beside it.

<root>/.lab/registry/skills/<skill>/v<N>/
    version.json         task, base, settings, origin, results, and the sha256 of the weights
    weights.safetensors  the plastic weights (of a base: all of its weights)
<root>/.lab/registry/skills/<skill>/results-v<N>/<line of the audit>.json
<root>/.lab/registry/bases/<sha256>.pt   the bases that versions of the point mass stand on

The line of the audit that registered a version has the sha256 of its version.json.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import number, parse_object, whole
from tttui.artifacts.regular import LARGEST_OBJECT, NotRegular, read_bytes, sha256_of
from tttui.artifacts.tensorwriter import Stored
from tttui.artifacts.tensorwriter import read_tensors as read_stored
from tttui.lab.registry.names import is_name, version_number
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

VERSION, WEIGHTS = "version.json", "weights.safetensors"

VersionType = Literal["skill", "base"]

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BaseRef:
    """The base that weights stand on.

    `sha256` is for the point mass that of the base's file (`Base.sha256`), for text that of the
    base that ships, for hf the model's fingerprint.
    """

    sha256: str
    source: str = ""
    """Its location, for people."""
    content: bytes | None = None
    """The content of a small file, stored once, so that sessions can start from the version."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version. Reading its weights checks them against the sha256 that it was given."""

    skill: str
    number: int
    path: Path
    type: VersionType
    task: str
    base_sha256: str
    base_source: str
    task_settings: Mapping[str, Any]
    """Settings of the task, its model and its base, by name."""
    settings: Mapping[str, Any]
    """Settings of learning, by name."""
    origin: Mapping[str, Any]
    """Session or job (`kind`, `id`, `path`), `step`, `seed`, `data`, `parents`."""
    results: Mapping[str, Any]
    """Measurements at registration."""
    created_at: float
    """Unix seconds."""
    weights_sha256: str
    content: str
    """A hash of names, dtypes, shapes and elements: equal where weights are (`contenthash`)."""
    shapes: Mapping[str, tuple[int, ...]]
    bytes: int
    command: str = ""

    @property
    def name(self) -> str:
        return f"{self.skill}@v{self.number}"

    @property
    def parents(self) -> tuple[str, ...]:
        """The versions that it was trained from or composed of, by name."""
        parents = self.origin.get("parents")
        return tuple(p for p in parents if isinstance(p, str)) if isinstance(parents, list) else ()

    @property
    def weights_path(self) -> Path:
        return self.path / WEIGHTS

    def check(self) -> None:
        """Raise TttuiError naming the file where a byte of the weights was changed."""
        path = self.weights_path
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read: {_why(error)}") from error
        if digest != self.weights_sha256:
            raise TttuiError(
                f"{path}: was changed since {self.name} was registered (its sha256 is "
                f"{digest[:12]}, version.json says {self.weights_sha256[:12]}); register the "
                "weights again from where they came"
            )

    def stored(self) -> dict[str, Stored]:
        """The weights in their own dtypes, by name. Raises TttuiError where they were changed."""
        self.check()
        return read_stored(self.weights_path.with_suffix(""))

    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """The weights as numpy computes with them (bfloat16 as float32), by name.

        Raises TttuiError where they were changed.
        """
        return {name: one.numbers() for name, one in self.stored().items()}


def registry_folder(root: Path) -> Path:
    return root / LAB / "registry"


def skills_folder(root: Path) -> Path:
    return registry_folder(root) / "skills"


def base_path(root: Path, sha256: str) -> Path:
    """The path of a stored base. An invalid hash gives a path that never exists."""
    name = sha256 if _HASH.fullmatch(sha256) else "none"
    return registry_folder(root) / "bases" / f"{name}.pt"


def folders_in(folder: Path, upto: Path) -> list[str]:
    """The names of the directories in a folder; no part of its path below `upto` may be a link.

    Raises RefusedInput that names a link.
    """
    part = folder
    while part != upto:
        if part.is_symlink():
            raise RefusedInput(f"{part}: is a link: put what it leads to in its place")
        part = part.parent
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RefusedInput(f"{folder}: cannot be read: {error.strerror}") from error


def skill_names(root: Path) -> list[str]:
    return [name for name in folders_in(skills_folder(root), root) if is_name(name)]


def numbers_of(root: Path, skill: str) -> list[int]:
    """The numbers of the existing versions, ascending."""
    numbers = (version_number(name) for name in folders_in(skills_folder(root) / skill, root))
    return sorted(n for n in numbers if n is not None)


def version_folder(root: Path, skill: str, number: int) -> Path:
    return skills_folder(root) / skill / f"v{number}"


def read_version(root: Path, skill: str, number: int) -> Version:
    """Read a version. Raises TttuiError that names the file and the defect."""
    folder = version_folder(root, skill, number)
    folders_in(folder, root)
    path = folder / VERSION
    try:
        data = read_bytes(path, LARGEST_OBJECT)
    except OSError as error:
        raise TttuiError(f"{path}: {_why(error)}") from error
    if json_checksum(data) is not Carried.RIGHT:
        raise TttuiError(f"{path}: was changed since the version was registered")
    return _version(folder, skill, number, parse_object(data, path))


def _version(folder: Path, skill: str, n: int, raw: Mapping[str, Any]) -> Version:
    path = folder / VERSION
    if raw.get("skill") != skill or whole(raw.get("number")) != n:
        raise TttuiError(f"{path}: is of {raw.get('skill')}@v{raw.get('number')}, not of its place")
    base, weights = _table(raw, "base", path), _table(raw, "weights", path)
    created, size = number(raw.get("created_at_unix")), whole(weights.get("bytes"))
    texts = [raw.get("task"), base.get("sha256"), weights.get("sha256"), weights.get("content")]
    if created is None or size is None or not all(isinstance(text, str) for text in texts):
        raise TttuiError(f"{path}: does not say task, base, weights and date")
    task, sha256, own, content = map(str, texts)
    return Version(
        skill=skill,
        number=n,
        path=folder,
        type="base" if raw.get("type") == "base" else "skill",
        task=task,
        base_sha256=sha256,
        base_source=str(base.get("source", "")),
        task_settings=_table(raw, "task_settings", path),
        settings=_table(raw, "settings", path),
        origin=_table(raw, "origin", path),
        results=_table(raw, "results", path),
        created_at=created,
        weights_sha256=own,
        content=content,
        shapes=_shapes(weights, path),
        bytes=size,
        command=str(raw.get("command", "")),
    )


def _table(raw: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    table = raw.get(key)
    if not isinstance(table, dict):
        raise TttuiError(f"{path}: {key} is no table")
    return table


def _shapes(weights: Mapping[str, Any], path: Path) -> Mapping[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, tensor in _table(weights, "tensors", path).items():
        axes = tensor.get("shape") if isinstance(tensor, dict) else None
        sizes = [whole(axis) for axis in axes] if isinstance(axes, list) else [None]
        if any(size is None or size < 0 for size in sizes):
            raise TttuiError(f"{path}: {name[:40]!r} has no shape")
        shapes[name] = tuple(size for size in sizes if size is not None)
    return shapes


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    return f"{'' if isinstance(error, NotRegular) else 'cannot be read: '}{error.strerror}"
