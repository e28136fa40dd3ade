"""Integrity checks of session files, without replaying the session (`verify` does that).

A native session is checked by the checksums of its newest checkpoint and of the files that carry
one, and by the structure of what has none; a foreign one as far as its readers understand it.
Nothing is written.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.again import META
from tttui.artifacts.atomic import TEMPORARY
from tttui.artifacts.check_growing import growing_files
from tttui.artifacts.check_replaced import replaced_files
from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, Checkpoint, read_generation
from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.findings import FROM_A_COPY, Finding, Known
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.layout import BASE
from tttui.artifacts.making import abandoned
from tttui.artifacts.meta import UNKNOWN_META, assumed_meta, read_meta
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.regular import read_bytes
from tttui.artifacts.status import status_of
from tttui.artifacts.wholefile import read_part
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.session import Place

LOOKS = 3
"""How often a live session is looked at before something counts as damage: files that belong
together are replaced one after the other."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check of one session."""

    place: Place
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """The parts that were not checked, and why."""


def check_session(place: Place, *, seconds: float | None = None) -> Report:
    """Check one session, for at most about `seconds` (None: without limit)."""
    if place.layout != "native":
        return _foreign(place, "written by another program, without checksums")
    meta, _ = read_part(place.path / META, "meta", read_meta)
    if meta is not None and meta.schema.recorder is not None:
        return _foreign(place, "written by a recorder, without checksums")
    if meta is None and assumed_meta(place) is UNKNOWN_META:
        checked = _foreign(place, "without meta.json nobody knows what the model is")
        damaged_meta = Finding(place.path / META, "is missing or damaged", remedy=FROM_A_COPY)
        others = [finding for finding in checked.findings if finding.path != damaged_meta.path]
        return replace(checked, findings=(damaged_meta, *others))
    deadline = None if seconds is None else time.monotonic() + seconds
    status = status_of(place.path)
    live = status is not None and status.steerable
    report = _native(place, live, deadline)
    for _ in range(LOOKS - 1):
        if not live or not report.findings:
            break
        again = set(_native(place, live, deadline).findings)
        report = replace(report, findings=tuple(f for f in report.findings if f in again))
    return report


def check_root(root: Path) -> list[Finding]:
    """Check files outside sessions: directories of killed processes, damaged bases in the cache."""
    reason = "a killed process left it of a session that it was making"
    remedy = "`tttui fsck --repair` and every new session there remove it"
    findings = [
        Finding(path, reason, None, None, "leftover", remedy, "remove") for path in abandoned(root)
    ]
    for path in sorted(root.glob(f"bases/*/{BASE}")):
        try:
            read_pt(path)
        except TttuiError as error:
            text = str(error).removeprefix(f"{path}: ")
            findings.append(Finding(path, text, remedy="it is trained again when it is needed"))
    return findings


def known(path: Path, *, live: bool = False) -> Known:
    """What a native session records about its own files."""
    checkpoints: dict[str, Checkpoint] = {}
    errors: dict[str, TttuiError] = {}
    for name in (ENGINE, PREVIOUS):
        try:
            checkpoints[name] = read_generation(path, name)
        except TttuiError as error:
            errors[name] = error
    newest = checkpoints.get(ENGINE) or checkpoints.get(PREVIOUS)
    copy = newest.copies.get(META, "") if newest is not None else ""
    return Known(path, live, checkpoints, errors, _meta(path / META, copy.encode()))


def _meta(path: Path, copy: bytes) -> Mapping[str, Any]:
    """meta.json, or its copy if it is damaged."""
    try:
        content = read_bytes(path)
    except OSError:
        content = copy
    for one in (content, copy):
        try:
            if json_checksum(one) is not Carried.WRONG:
                return parse_object(one, path)
        except TttuiError:
            continue
    return {}


def _native(place: Place, live: bool, deadline: float | None) -> Report:
    session = known(place.path, live=live)
    findings = replaced_files(session)
    findings += growing_files(session, findings, deadline)
    if not live:
        findings += _leftovers(place.path)
    notes = []
    if session.newest is not None and not session.newest.checksums:
        notes.append("no checksums, as an older version wrote it: only its structure was checked")
    if deadline is not None and time.monotonic() > deadline:
        notes.append("checked only in part, for lack of time; `tttui fsck` checks all of it")
    return Report(place, tuple(findings), tuple(notes))


def _foreign(place: Place, whose: str) -> Report:
    """The problems of the readers; a foreign session has no checksums."""
    findings: list[Finding] = []
    for run in place.runs or (None,):
        reader = SessionReader(place, run)
        reader.refresh()
        reader.trajectory()
        reader.series()
        for problem in reader.refresh().problems:
            finding = Finding(problem.path, problem.reason, remedy=FROM_A_COPY)
            of_another = problem.part == "metrics" and run is not None and run != place.runs[-1]
            if not (problem.missing or of_another or finding in findings):
                findings.append(finding)
    return Report(place, tuple(findings), (f"{whose}: only its structure was checked",))


def _leftovers(path: Path) -> list[Finding]:
    reason, remedy = "a killed process left it", f"`tttui fsck --repair {path}` removes it"
    return [
        Finding(left, reason, None, None, "leftover", remedy, "remove")
        for folder in (path, path / "session")
        for left in sorted(folder.glob(f".*{TEMPORARY}"))
    ]
