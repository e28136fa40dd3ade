"""Checking the growing files of a session: by checksums, and after those by structure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tttui.artifacts.again import (
    EVENT_LIST,
    EVENTS,
    INTERVENTIONS,
    has_lines_again,
    text_from_checkpoint,
)
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint
from tttui.artifacts.contents import differing, grown, history_dtype
from tttui.artifacts.findings import Action, Finding, Known
from tttui.artifacts.listed import wrong_from
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.regular import blocks_of, open_to_read, stat_regular
from tttui.artifacts.steps_csv import LOSSES, TRAJECTORY_HEADER
from tttui.artifacts.structure import (
    HALF,
    ZEROS,
    wrong_changes,
    wrong_events,
    wrong_rows,
    wrong_snapshots,
)
from tttui.artifacts.writer import HISTORY, STEPS, STEPS_HEADER, TRAJECTORY
from tttui.model.errors import TttuiError

Structure = Callable[[Path, int], list[Finding]]

STRUCTURES: dict[str, Structure] = {
    STEPS: lambda path, intact: wrong_rows(path, STEPS_HEADER, intact=intact),
    TRAJECTORY: lambda path, intact: wrong_rows(path, TRAJECTORY_HEADER, intact=intact),
    EVENTS: lambda path, intact: wrong_events(path, intact=intact),
    INTERVENTIONS: lambda path, intact: wrong_changes(path),  # noqa: ARG005
    LOSSES: lambda path, intact: wrong_rows(path, b"step,loss\n", intact=intact, gaps=True),
}

HEADER_BYTES = 1024
"""Bytes within which the header of a history ends."""


def growing_files(
    session: Known, earlier: Sequence[Finding], deadline: float | None
) -> list[Finding]:
    """The findings of growing files, up to the `deadline`; `earlier` are those of the other
    files."""
    new: list[Finding] = []
    for name in (*STRUCTURES, HISTORY):
        changed = _changed(session, name, deadline)
        new += changed
        if deadline is None or time.monotonic() < deadline:
            new += _wrong_records(session, name, changed)
    known = session.newest.checksums if session.newest is not None else {}
    for name in known:
        if name not in STRUCTURES and name != HISTORY:  # of a task: known by their checksums only
            new += _changed(session, name, deadline)
    if not any(finding.path == session.path / EVENT_LIST for finding in earlier):
        new += _event_list(session, [f for f in new if f.path == session.path / EVENTS])
    return new


def _changed(session: Known, name: str, deadline: float | None) -> list[Finding]:
    """Ranges that differ from the checksums of the newest checkpoint."""
    newest = session.newest
    if newest is None:
        return _changed_losses(session) if name == LOSSES else []
    if name not in newest.checksums and name not in grown(newest):
        return []
    stride, kept = session.stride, session.kept
    wrong = differing(session.path, newest, name, stride=stride, kept=kept, deadline=deadline)
    return [_with_remedy(session, name, _narrowed(name, finding)) for finding in wrong]


def _narrowed(name: str, finding: Finding) -> Finding:
    """The finding narrowed to the first line of a changed range that is no record, if there is
    one."""
    if finding.begin is None or finding.end is None or name not in STRUCTURES:
        return finding
    try:
        lines = STRUCTURES[name](finding.path, 0)
    except OSError:
        return finding
    for line in lines:
        if finding.begin <= (line.begin or 0) < finding.end:
            return replace(finding, reason=f"{finding.reason} ({line.place}: {line.reason})")
    return finding


def _with_remedy(session: Known, name: str, finding: Finding) -> Finding:
    newest, previous = session.newest, session.previous
    if newest is None:
        return finding.repaired_by("", session.path)
    if name == EVENTS and has_lines_again(session.path, newest):
        return finding.repaired_by("lines", session.path)
    if name == INTERVENTIONS:
        copy = text_from_checkpoint(session.path, name, newest)
        return finding.repaired_by("" if copy is None else "text", session.path)
    if (
        name in grown(newest)
        and previous is not None
        and not differing(session.path, previous, name, stride=session.stride, kept=session.kept)
    ):
        again = f"`tttui resume {session.path}` computes it again from {previous}"
        return replace(finding, remedy=again)
    return finding.repaired_by("", session.path)


def _changed_losses(session: Known) -> list[Finding]:
    """Check the losses of a base in training, by the checksums in its state."""
    path = session.path / LOSSES
    try:
        sums = BlockChecksums.restored(read_pt(session.path / "pretraining_state.pt")["losses"])
        with open_to_read(path) as file:
            wrong = sums.differing(file)
    except (TttuiError, OSError, KeyError, TypeError, ValueError):
        return []  # there is no state, or it is a finding of its own
    remedy = f"`tttui resume {session.path}` begins the pretraining anew"
    reason = "not what was written there: the checksum differs"
    return [Finding(path, reason, begin, end, remedy=remedy) for begin, end in wrong]


def _wrong_records(session: Known, name: str, changed: Sequence[Finding]) -> list[Finding]:
    path, newest = session.path / name, session.newest
    try:
        size = path.stat().st_size
        if name == HISTORY:
            dtype = None if newest is None else history_dtype(newest, session.kept)
            wrong = wrong_snapshots(path, dtype)
        else:
            state = newest.checksums.get(name) if newest is not None else None
            wrong = STRUCTURES[name](path, 0 if state is None else min(size, int(state["size"])))
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        return [] if changed else [Finding(path, reason).repaired_by("", session.path)]
    judged = []
    for finding in _joined(wrong):
        begin = finding.begin or 0
        if any(f.begin is None or f.begin <= begin < (f.end or size) for f in changed):
            continue
        action = _repair_of(newest, name, finding, size)
        torn = action == "cut" and finding.end == size
        if not (session.live and action == "cut"):
            finding = replace(finding, kind="torn") if torn else finding
            judged.append(finding.repaired_by(action, session.path))
    return judged


def _joined(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with adjacent ranges joined, whatever their reasons."""
    joined: list[Finding] = []
    for finding in findings:
        if joined and joined[-1].end == finding.begin:
            reason = f"{joined[-1].reason}, then {finding.reason}"
            finding = replace(joined.pop(), end=finding.end, reason=reason)
        joined.append(finding)
    return joined


def _repair_of(newest: Checkpoint | None, name: str, finding: Finding, size: int) -> Action:
    """The repair of invalid records: those after the checkpoint are computed again, and so is an
    end without records."""
    begin = finding.begin or 0
    ends = finding.end == size
    if name == HISTORY:
        if begin < HEADER_BYTES:
            return "header" if newest is not None and newest.checksums else ""
        empty = ZEROS in finding.reason or HALF in finding.reason
        return "cut" if ends and (empty or (newest is not None and newest.checksums)) else ""
    if newest is None:
        return "cut" if ends else ""
    return "cut" if begin >= newest.sizes.get(name, 0) else ""


def _event_list(session: Known, wrong: Sequence[Finding]) -> list[Finding]:
    """Check that update_events.json repeats the lines, except for `wrong` ones."""
    path, lines = session.path / EVENT_LIST, session.path / EVENTS
    end = min((f.begin or 0 for f in wrong if f.kind == "torn"), default=None)
    try:
        size = stat_regular(lines).st_size
        begin = wrong_from(path, lines, end)
        if begin is None:
            return []
        newlines = sum(block.count(b"\n") for block in blocks_of(path, 0, begin))
        length = path.stat().st_size
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        return [Finding(path, reason).repaired_by("", session.path)]
    in_lines = begin - 1 - 2 * newlines
    damaged = [f for f in wrong if f.kind == "damaged"]
    if any(f.begin is None or f.begin <= in_lines < (f.end or size) for f in damaged):
        return []  # the lines are what is damaged there
    finding = Finding(path, f"differs from {EVENTS}", begin, length)
    return [finding.repaired_by("" if damaged else "list", session.path)]
