"""Personas: names that point to versions, per domain, with the history of each.

<root>/.lab/registry/personas/<name>.json has, for each domain, every move in order of time. A
deployment puts a version on top; rolling back takes off what lies above one that was in use.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.checksum import Carried, json_bytes, json_checksum
from tttui.artifacts.jsonfile import number, parse_object, whole
from tttui.artifacts.regular import LARGEST_OBJECT, read_bytes
from tttui.lab.changing import LockedRegistry, changing, settle
from tttui.lab.registry.names import (
    DEFAULT,
    called,
    check_name,
    is_name,
    named,
    persona_name,
    version_number,
)
from tttui.lab.registry.registering import results_of
from tttui.lab.registry.version import Version, folders_in, read_version, registry_folder
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.shell import command_line

DEPLOYED, ROLLED_BACK = "personas:deployed", "personas:rolled_back"

TEST = "test"
"""The key of results that say how a version does against another one."""


@dataclass(frozen=True, slots=True)
class Move:
    """A version that a persona was given, and when."""

    version: str
    weights_sha256: str
    time: float
    """Unix seconds."""
    line: int
    """Of the audit."""
    rolled_back: bool = False
    forced: str = ""
    """Why it needed --force."""

    @property
    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Persona:
    """One persona in one domain."""

    name: str
    domain: str
    moves: tuple[Move, ...]
    """The newest last; never empty."""

    @property
    def called(self) -> str:
        """`@helper`, or `@helper/DOMAIN`."""
        return called(self.name, self.domain)

    @property
    def current(self) -> Move:
        return self.moves[-1]

    @property
    def stack(self) -> tuple[Move, ...]:
        """The versions to which a rollback can return; the one in use is last."""
        stack: list[Move] = []
        for move in self.moves:
            if move.rolled_back:
                while stack and stack[-1].version != move.version:
                    stack.pop()
                stack = [*stack[:-1], move]
            else:
                stack.append(move)
        return tuple(stack)


def personas_folder(root: Path) -> Path:
    return registry_folder(root) / "personas"


def personas(root: Path) -> list[Persona]:
    """All personas in all domains, by name. Raises TttuiError naming a damaged file."""
    settle(root)
    folder = personas_folder(root)
    folders_in(folder, root)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    known = [
        persona
        for name in names
        if name.endswith(".json") and is_name(name[:-5])
        for persona in read_personas(root, name[:-5]).values()
    ]
    return sorted(known, key=lambda one: (one.name, one.domain != DEFAULT, one.domain))


def read_personas(root: Path, name: str) -> dict[str, Persona]:
    """A persona by domain, empty where there is none of that name. Raises TttuiError."""
    path = personas_folder(root) / f"{name}.json"
    folders_in(path.parent, root)
    try:
        data = read_bytes(path, LARGEST_OBJECT)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
    if json_checksum(data) is not Carried.RIGHT:
        raise TttuiError(
            f"{path}: was changed since it was written; `tttui audit` says what it pointed to, "
            "deploy that again after moving this file away"
        )
    domains = parse_object(data, path).get("domains")
    by_domain: dict[str, Persona] = {}
    for domain, entries in (domains if isinstance(domains, dict) else {}).items():
        moves = tuple(_move(entry, path) for entry in entries) if isinstance(entries, list) else ()
        if not moves or not is_name(domain):
            raise TttuiError(f"{path}: the domain {domain[:40]!r} points to no version")
        by_domain[domain] = Persona(name, domain, moves)
    return by_domain


def find_persona(root: Path, name: str, domain: str = DEFAULT) -> Persona:
    """Raises RefusedInput where there is none, with those that there are."""
    by_domain = read_personas(root, name)
    if domain in by_domain:
        return by_domain[domain]
    if by_domain:
        known = ", ".join(one.called for one in by_domain.values())
        raise RefusedInput(
            f"{called(name, domain)}: there is none in this domain; there is {known}"
        )
    others = ", ".join(one.called for one in personas(root)[:8])
    hint = f"there is {others}" if others else "there are none yet"
    raise RefusedInput(
        f"there is no persona {called(name, domain)} under {root}; {hint}; "
        "`tttui model deploy` makes one"
    )


def version_in_use(root: Path, persona: Persona) -> Version:
    """The version that a persona points to. Raises RefusedInput where it points nowhere."""
    use = persona.current
    words = ["tttui", "model", "rollback", "--persona", persona.name]
    words += [] if persona.domain == DEFAULT else ["--domain", persona.domain]
    remedy = f"deploy another, or go back with `{command_line(*words)}`"
    target = named(use.version)
    try:
        if target.number is None:
            raise TttuiError("names no version")
        version = read_version(root, target.skill, target.number)
    except TttuiError as error:
        raise RefusedInput(
            f"{persona.called} points to {use.version}, which cannot be used ({error}); {remedy}"
        ) from error
    if version.weights_sha256 != use.weights_sha256:
        raise RefusedInput(
            f"{persona.called} points to {use.version} with the sha256 "
            f"{use.weights_sha256[:12]}, but the one there has {version.weights_sha256[:12]}; "
            f"{remedy}"
        )
    return version


def deploy(
    root: Path,
    version: Version,
    name: str,
    *,
    domain: str = DEFAULT,
    force: bool = False,
    command: Sequence[str],
) -> Persona:
    """Point a persona to a version, atomically.

    Raises RefusedInput if it is worse than the one in use or was never tested against it (unless
    `force`, which the audit records), TttuiError for damaged weights.
    """
    name = persona_name(name)
    check_name(domain, "a domain")
    version.check()
    with changing(root) as changes:
        version = read_version(root, version.skill, version.number)
        before = read_personas(root, name).get(domain)
        why = ""
        if before is not None:
            if before.current.version == version.name:
                raise RefusedInput(f"{before.called} points to {version.name} already")
            why = why_not(root, version, before)
        if why and not force:
            raise RefusedInput(f"{why}; --force deploys it all the same, which the audit names")
        return _put(changes, DEPLOYED, name, domain, version, forced=why, command=command)


def why_not(root: Path, version: Version, persona: Persona) -> str:
    """Why a version may not replace the one that a persona has in use; '' if it may.

    The one in use is identified by its hash; the newest test against it counts.
    """
    use = persona.current.version
    tests = [
        one["result"]
        for one in results_of(root, version)
        if one["key"] == TEST and one["result"].get("baseline") == use
    ]
    if not tests:
        test = command_line("tttui", "model", "test", version.name, "--baseline", use)
        return (
            f"{version.name} was never tested against {use}, which {persona.called} has in use: "
            f"`{test}` does"
        )
    verdict, sentence = tests[-1].get("verdict"), tests[-1].get("sentence")
    if verdict == "worse":
        reason = f" ({sentence})" if isinstance(sentence, str) and sentence else ""
        return f"{version.name} is worse than {use}, which {persona.called} has in use{reason}"
    return ""


def rollback(
    root: Path, name: str, *, domain: str = DEFAULT, to: str | None = None, command: Sequence[str]
) -> Persona:
    """Point a persona to its previous version, or to an earlier one.

    `to` is `v1` (of the skill in use) or `walker@v1`. Raises RefusedInput where there is none.
    """
    name = persona_name(name)
    with changing(root) as changes:
        persona = find_persona(root, name, domain)
        target = _target(persona, to)
        version = version_in_use(root, Persona(name, domain, (target,)))
        version.check()
        return _put(changes, ROLLED_BACK, name, domain, version, forced="", command=command)


def _target(persona: Persona, to: str | None) -> Move:
    earlier = persona.stack[:-1]
    if not earlier:
        raise RefusedInput(
            f"{persona.called} points to {persona.current.version} and had no version before; "
            "`tttui model deploy` moves it"
        )
    if to is None:
        return earlier[-1]
    target = to
    if version_number(to) is not None:
        target = f"{named(persona.current.version).skill}@{to}"
    for move in reversed(earlier):
        if move.version == target:
            return move
    known = ", ".join(dict.fromkeys(move.version for move in reversed(earlier)))
    raise RefusedInput(f"--to {to}: {persona.called} can go back to {known}")


def _put(
    changes: LockedRegistry,
    action: str,
    name: str,
    domain: str,
    version: Version,
    *,
    forced: str,
    command: Sequence[str],
) -> Persona:
    """Write the file of a persona with one move more, and the line of the audit."""
    everything = read_personas(changes.root, name)
    before = everything.get(domain)
    move = Move(
        version.name,
        version.weights_sha256,
        round(time.time(), 3),
        changes.next_n,
        action == ROLLED_BACK,
        forced,
    )
    made = Persona(name, domain, (*(before.moves if before else ()), move))
    content = {
        "name": name,
        "domains": {
            key: [one.fields for one in persona.moves]
            for key, persona in {**everything, domain: made}.items()
        },
    }
    changes.commit(
        action,
        made.called,
        before=_use(before.current) if before else {},
        after=_use(move),
        moves=[(changes.prepare(json_bytes(content)), f"registry/personas/{name}.json")],
        forced=forced,
        command=command,
    )
    return made


def _use(move: Move) -> Mapping[str, Any]:
    return {"version": move.version, "weights_sha256": move.weights_sha256}


def _move(raw: Any, path: Path) -> Move:
    fields = raw if isinstance(raw, dict) else {}
    version, sha256, forced = (fields.get(key) for key in ("version", "weights_sha256", "forced"))
    at, line = number(fields.get("time")), whole(fields.get("line"))
    texts = isinstance(version, str) and isinstance(sha256, str) and isinstance(forced, str)
    if not texts or at is None or line is None:
        raise TttuiError(f"{path}: holds a move without version, hash, time or line")
    with suppress(RefusedInput):
        if named(str(version)).number is not None:
            back = fields.get("rolled_back") is True
            return Move(str(version), str(sha256), at, line, back, str(forced))
    raise TttuiError(f"{path}: {str(version)[:40]!r} is no version")
