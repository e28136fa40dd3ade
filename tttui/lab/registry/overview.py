"""A registry at one moment, refreshed at the cost of what changed."""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.jsonfile import read_object
from tttui.lab.audit import audit_path, head_path
from tttui.lab.registry.names import is_name
from tttui.lab.registry.personas import TEST, Persona, personas_folder, read_personas
from tttui.lab.registry.registering import results_of
from tttui.lab.registry.version import (
    Version,
    folders_in,
    numbers_of,
    read_version,
    skill_names,
)
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.runs.start import STARTED_FROM

SESSION_META = Path("session", "meta.json")

MeasuredResult = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """Skills, versions and personas, and what started from them."""

    versions: tuple[Version, ...] = ()
    """All versions by skill, newest first."""
    personas: tuple[Persona, ...] = ()
    measured: Mapping[str, tuple[MeasuredResult, ...]] = field(
        default_factory=dict[str, tuple[MeasuredResult, ...]]
    )
    """The measurements of each version, by its name, oldest first: `time`, `key`, `result`."""
    sessions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The sessions that started from each version, by its name."""
    problems: tuple[str, ...] = ()
    """Damage, a sentence each."""
    known: bool = False
    """Whether it was read."""
    by_name: Mapping[str, Version] = field(default_factory=dict[str, Version])

    def tests(self, version: Version) -> tuple[MeasuredResult, ...]:
        """The results of tests of a version, oldest first."""
        results = self.measured.get(version.name, ())
        return tuple(one["result"] for one in results if one["key"] == TEST)

    def verdict(self, version: Version, baseline: str) -> str:
        """`better`, `worse` or `no difference` by the newest test against another one; ''
        where there is none."""
        tests = [one for one in self.tests(version) if one.get("baseline") == baseline]
        return str(tests[-1].get("verdict", "")) if tests else ""

    def used_by(self, version: Version) -> tuple[Persona, ...]:
        """The personas that point to a version."""
        return tuple(one for one in self.personas if one.current.version == version.name)

    def children(self, version: Version) -> tuple[Version, ...]:
        """The versions that were trained from this one or composed of it, by name."""
        children = (one for one in self.versions if version.name in one.parents)
        return tuple(sorted(children, key=lambda one: (one.skill, one.number)))

    def points(self, persona: Persona) -> str:
        """Why the version of a persona cannot be used; '' if it can."""
        use = persona.current
        version = self.by_name.get(use.version)
        if version is None:
            return "points nowhere: it is not there, or damaged"
        return "" if version.weights_sha256 == use.weights_sha256 else "points to other weights"


class RegistryReader:
    """Reads the registry of a root; changes nothing there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.value = Registry()
        self._seen: object = None
        self._started: dict[Path, tuple[object, str]] = {}
        """Of every session the state of its meta.json, and the version that it started from."""

    def refresh(self, *, sessions: bool = True) -> Registry:
        """The newest registry: the same object where nothing changed. With `sessions` also the
        sessions of the root, at one `stat` each."""
        seen = (_state(audit_path(self.root)), _state(head_path(self.root)))
        started = self._sessions() if sessions else self.value.sessions
        if self.value.known and seen == self._seen and started == self.value.sessions:
            return self.value
        self._seen = seen
        self.value = self._read(started)
        return self.value

    def _read(self, started: Mapping[str, tuple[str, ...]]) -> Registry:
        versions: list[Version] = []
        people: list[Persona] = []
        problems: list[str] = []
        try:
            for skill in skill_names(self.root):
                for number in reversed(numbers_of(self.root, skill)):
                    try:
                        versions.append(read_version(self.root, skill, number))
                    except TttuiError as error:
                        problems.append(str(error))
            for name in self._persona_names():
                try:
                    people += read_personas(self.root, name).values()
                except TttuiError as error:
                    problems.append(str(error))
        except TttuiError as error:
            problems.append(str(error))
        return Registry(
            tuple(versions),
            tuple(sorted(people, key=lambda one: (one.name, one.domain))),
            {one.name: tuple(results_of(self.root, one)) for one in versions},
            started,
            tuple(problems),
            True,
            {one.name: one for one in versions},
        )

    def _persona_names(self) -> list[str]:
        folder = personas_folder(self.root)
        folders_in(folder, self.root)
        try:
            names = os.listdir(folder)
        except OSError:
            return []
        return [name[:-5] for name in names if name.endswith(".json") and is_name(name[:-5])]

    def _sessions(self) -> Mapping[str, tuple[str, ...]]:
        sessions: dict[str, list[str]] = {}
        known = self._started
        self._started = {}
        for place in find_sessions([self.root]) if self.root.is_dir() else ():
            path = place.path / SESSION_META
            state, version = known.get(place.path, (None, ""))
            if state is None or state != _state(path):
                state, version = _state(path), _started_from(path)
            self._started[place.path] = (state, version)
            if version:
                sessions.setdefault(version, []).append(place.name)
        return {name: tuple(sorted(names)) for name, names in sessions.items()}


def _started_from(path: Path) -> str:
    try:
        start = read_object(path).get(STARTED_FROM)
    except (TttuiError, OSError):
        return ""
    version = start.get("version") if isinstance(start, dict) else None
    return version if isinstance(version, str) else ""


def _state(path: Path) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
