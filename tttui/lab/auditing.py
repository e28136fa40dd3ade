"""Check the audit chain, and that registered files still match it.

The chain is checked line by line, and the first that does not fit is named. What stands at the
end is compared with audit.head.json, so that lines cut off there are told from changed ones.
Then every version, persona and result is compared with what the lines say of it.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import field, replace
from pathlib import Path
from typing import Literal

from tttui.artifacts.eventlog import LAB
from tttui.artifacts.mutex import locked
from tttui.artifacts.regular import open_regular, read_bytes, sha256_of
from tttui.lab.audit import NONE, AuditEntry, parsed, raw_lines, read_head
from tttui.lab.changing import LOCK, PATIENCE_S, settle
from tttui.lab.registry.finding import REMOVED
from tttui.lab.registry.names import is_version, named
from tttui.lab.registry.personas import DEPLOYED, ROLLED_BACK, read_personas
from tttui.lab.registry.registering import LONGEST_RESULT, MEASURED, REGISTERED
from tttui.lab.registry.version import (
    VERSION,
    base_path,
    numbers_of,
    read_version,
    skill_names,
    version_folder,
)
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

Trouble = Literal["changed", "missing", "cut off", "artifact"]


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One defect of the audit or of a registered file."""

    trouble: Trouble
    text: str
    line: int | None = None
    """Line number in the file, from 1."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of an audit check."""

    lines: int
    """Number of lines read."""
    digest: str
    """The hash of the last line, for a person to store elsewhere."""
    findings: tuple[AuditFinding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class _Walk:
    """The state of the chain up to the first line that does not fit."""

    last: AuditEntry | None = None
    linked: int = 0
    """Number of linked lines; only a following line can confirm the last one."""
    read: int = 0
    finding: AuditFinding | None = None
    unfinished: bool = False
    registered: dict[str, AuditEntry] = field(default_factory=dict[str, AuditEntry])
    """The change that registered each version that should exist."""
    personas: dict[str, AuditEntry] = field(default_factory=dict[str, AuditEntry])
    """The change that moved each persona last."""
    measured: dict[str, list[AuditEntry]] = field(default_factory=dict[str, list[AuditEntry]])

    def take(self, line: AuditEntry) -> None:
        """Record what should exist after this line."""
        self.last, self.linked = line, self.linked + 1
        line = replace(line, raw={}, before={}, moves=())  # there may be very many
        if line.action == REGISTERED:
            self.registered[line.subject] = line
        elif line.action == REMOVED:
            self.registered.pop(line.subject, None)
            self.measured.pop(line.subject, None)
        elif line.action == MEASURED:
            self.measured.setdefault(line.subject, []).append(line)
        elif line.action in (DEPLOYED, ROLLED_BACK):
            self.personas[line.subject] = line


def verify(root: Path) -> Verified:
    """Check the audit of a root and the files that it names. Changes nothing, except that it first
    completes a change that a crash interrupted. Raises TttuiError where it cannot be read."""
    settle(root)
    with _still(root):
        walk = _walk(root)
        findings, notes = [], list[str]()
        last = walk.last
        if walk.finding is not None:
            findings.append(_first(root, walk, walk.finding))
        else:
            end_findings, notes = _end(root, walk)
            findings += end_findings
        if not findings:
            findings += _artifacts(root, walk)
    findings += _weights(root)  # they may be large, and nobody has to wait meanwhile
    return Verified(walk.read, last.digest if last else NONE, tuple(findings), tuple(notes))


def _still(root: Path) -> AbstractContextManager[None]:
    """Lock the registry during the check, if it can be locked."""
    lock = root / LAB / LOCK
    with suppress(OSError):  # there is none, it may not be written, or it leads elsewhere
        os.close(open_regular(lock, os.O_RDWR))
        return locked(lock, PATIENCE_S)
    return nullcontext()


def _walk(root: Path) -> _Walk:
    walk, before = _Walk(), (0, NONE)
    waiting: AuditFinding | None = None
    """A line names another hash of the one before it; the next line decides which was changed."""
    for at, (raw, whole) in enumerate(raw_lines(root), start=1):
        if not whole:
            walk.unfinished = True
            break
        walk.read = at
        digest = hashlib.sha256(raw).hexdigest()
        try:
            line = parsed(raw)
        except ValueError as error:
            walk.finding = waiting or AuditFinding("changed", f"line {at} {error}", at)
            return walk
        if waiting is not None:
            if line.previous == before[1]:
                walk.finding = waiting
            else:
                walk.finding = AuditFinding("changed", f"line {at - 1} was changed", at - 1)
            return walk
        n, previous = before
        if line.n != n + 1:
            walk.finding = _gap(at, n, line.n)
            return walk
        if line.previous != previous:
            if at == 1:
                walk.finding = AuditFinding("changed", "line 1 follows a line that is not there", 1)
                return walk
            why = f"line {at - 1} was changed: line {at} has another hash of it"
            waiting = AuditFinding("changed", why, at - 1)
        walk.take(line)
        before = (line.n, digest)
    walk.finding = waiting
    return walk


def _first(root: Path, walk: _Walk, finding: AuditFinding) -> AuditFinding:
    """The first defect. Only the head tells a changed last line from a changed line before it."""
    head, last = read_head(root), walk.last
    ends = finding.line == walk.read - 1 == walk.linked - 1
    if not ends or last is None or head is None or head.lines != last.n:
        return finding
    if head.digest != last.digest:
        return AuditFinding("changed", f"line {walk.read} was changed", walk.read)
    return finding


def _gap(at: int, n: int, number: int) -> AuditFinding:
    if number <= n:
        return AuditFinding("changed", f"line {at} has the number {number} after {n}", at)
    missing = f"change {n + 1}" if number == n + 2 else f"changes {n + 1} to {number - 1}"
    return AuditFinding("missing", f"before line {at}: {missing} missing", at)


def _end(root: Path, walk: _Walk) -> tuple[list[AuditFinding], list[str]]:
    head, last = read_head(root), walk.last
    n, digest = (last.n, last.digest) if last else (0, NONE)
    if head is None:
        if not n and not walk.unfinished:
            return [], []
        return [], ["audit.head.json is missing: whether lines are cut off is not known"]
    if head.lines > n:
        missing = (
            f"change {head.lines}" if head.lines == n + 1 else f"changes {n + 1} to {head.lines}"
        )
        half = ", the last line is half one" if walk.unfinished else ""
        text = f"cut off after line {walk.read}: {missing} missing at the end{half}"
        return [AuditFinding("cut off", text, walk.read + 1)], []
    if head.lines == n and head.digest != digest:
        return [AuditFinding("changed", f"line {walk.read} was changed", walk.read)], []
    if head.lines + 1 < n:
        return [], [f"audit.head.json stops at change {head.lines}: it was put back, or kept"]
    if head.lines < n:
        return [], ["the last change is not completed yet: the next change completes it"]
    if walk.unfinished:
        return [], ["half a line at the end, of a change that was not made"]
    return [], []


def _artifacts(root: Path, walk: _Walk) -> Iterator[AuditFinding]:
    """Registered files that differ from their audit lines."""
    for name, line in walk.registered.items():
        yield from _version(root, name, line)
    yield from _unknown(root, walk.registered)
    for name, lines in walk.measured.items():
        for line in lines if name in walk.registered and is_version(name) else ():
            yield from _result(root, line)
    for name, line in walk.personas.items():
        yield from _persona(root, name, line)


def _version(root: Path, name: str, line: AuditEntry) -> Iterator[AuditFinding]:
    try:
        name_parts = named(name)
        version = read_version(root, name_parts.skill, name_parts.number or 0)
        path = version.path / VERSION
        if sha256_of(path) != line.after.get("version_sha256"):
            raise TttuiError(f"{path}: is not what was registered")
    except (TttuiError, OSError) as error:
        yield AuditFinding("artifact", f"{name} (change {line.n}): {error}")


def _weights(root: Path) -> Iterator[AuditFinding]:
    """Versions whose weights or stored base were changed."""
    bases: set[Path] = set()
    for skill in skill_names(root):
        for number in numbers_of(root, skill):
            try:
                version = read_version(root, skill, number)
            except TttuiError:
                continue  # the lines say what is wrong with it
            try:
                version.check()
            except TttuiError as error:
                if version.path.is_dir():  # it was not removed just now
                    yield AuditFinding("artifact", f"{version.name}: {error}")
            bases.add(base_path(root, version.base_sha256))
    for base in sorted(bases):
        try:
            if base.exists() and sha256_of(base) != base.stem:
                yield AuditFinding("artifact", f"{base}: was changed since it was kept")
        except OSError as error:
            yield AuditFinding("artifact", f"{base}: {error.strerror}")


def _unknown(root: Path, registered: dict[str, AuditEntry]) -> Iterator[AuditFinding]:
    for skill in skill_names(root):
        for number in numbers_of(root, skill):
            if f"{skill}@v{number}" not in registered:
                place = version_folder(root, skill, number)
                yield AuditFinding("artifact", f"{place}: no line of the audit registered it")


def _result(root: Path, line: AuditEntry) -> Iterator[AuditFinding]:
    name_parts = named(line.subject)  # it is registered, so it is a name
    folder = version_folder(root, name_parts.skill, name_parts.number or 0)
    path = folder.with_name(f"results-v{name_parts.number}") / f"{line.n:08}.json"
    try:
        digest = hashlib.sha256(read_bytes(path, 2 * LONGEST_RESULT)).hexdigest()
        why = "" if digest == line.after.get("sha256") else "was changed"
    except OSError as error:
        why = f"{error.strerror}"
    if why:
        yield AuditFinding("artifact", f"{path} (change {line.n}): {why}")


def _persona(root: Path, name: str, line: AuditEntry) -> Iterator[AuditFinding]:
    try:
        name_parts = named(name)
        persona = read_personas(root, name_parts.persona).get(name_parts.domain)
        now = None if persona is None else persona.current
        if now is None:
            raise RefusedInput("is missing")
        if (now.version, now.weights_sha256) != (
            line.after.get("version"),
            line.after.get("weights_sha256"),
        ):
            raise RefusedInput(f"points to {now.version}, not to {line.after.get('version')}")
    except TttuiError as error:
        yield AuditFinding("artifact", f"{name} (change {line.n}): {error}")
