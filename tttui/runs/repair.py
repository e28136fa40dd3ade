"""Repairing the files of a session from proved copies, without guessing.

All that is written is proved by a recorded checksum or hash, or follows from an intact file.
Nothing is recomputed: a resume does that. The session's lock is held meanwhile, and sessions of
other programs are never written.
"""

import os
from collections.abc import Callable
from itertools import chain

import numpy as np

from tttui.artifacts.again import (
    EVENT_LIST,
    EVENTS,
    has_lines_again,
    lines_again,
    text_from_checkpoint,
)
from tttui.artifacts.atomic import (
    refuse_links,
    sync_directory,
    write_all,
    write_error,
    write_whole,
)
from tttui.artifacts.check import Report, check_session, known
from tttui.artifacts.checkpoint import copies_of, sha256_of_parts
from tttui.artifacts.contents import history_dtype
from tttui.artifacts.findings import Action, Finding, Known
from tttui.artifacts.history import header, read_layout
from tttui.artifacts.layout import BASE, SHIPPED_BASES
from tttui.artifacts.listed import listed
from tttui.artifacts.lock import SessionLock
from tttui.artifacts.regular import blocks_of, open_regular, remove, sha256_of, stat_regular
from tttui.artifacts.session_events import tell_of_session
from tttui.artifacts.status_file import StatusFile
from tttui.artifacts.writer import HISTORY
from tttui.runs.saved import restored
from tttui.runs.tally import Tally


def repair(report: Report) -> Report:
    """Repair a native session as far as possible; the new report holds the rest.

    Raises SessionHeld where a process writes it, TttuiError where it cannot be written.
    """
    place = report.place
    if place.layout != "native" or not any(f.action for f in report.findings):
        return report
    findings = report.findings
    with SessionLock(place.path):
        refuse_links(place.path)
        # One repair can show, or make possible, the next: a base is known by meta.json.
        for _ in range(len(_REPAIRS)):
            report = check_session(place)
            session = known(place.path)
            repairable = [f for f in report.findings if f.action]
            if not [finding for finding in repairable if _do(session, finding)]:
                break
    tell_of_session(place.path, "repaired", found=len(findings))
    return check_session(place)


def _do(session: Known, finding: Finding) -> bool:
    """Carry out one repair; returns whether it was possible."""
    try:
        return _REPAIRS[finding.action](session, finding)
    except OSError as error:
        raise write_error(finding.path, error) from error


def _cut(session: Known, finding: Finding) -> bool:
    if finding.begin is None:
        return False
    if finding.path.name == HISTORY:
        return _cut_history(session, finding.begin)
    handle = open_regular(finding.path, os.O_RDWR)
    try:
        if os.fstat(handle).st_size > finding.begin:
            os.ftruncate(handle, finding.begin)
            os.fsync(handle)
    finally:
        os.close(handle)
    return True


def _cut_history(session: Known, begin: int) -> bool:
    """Other programs may have mapped it, so that it is not cut in place."""
    dtype, path = _dtype(session), session.path / HISTORY
    start = len(header(dtype, 0))
    count = (begin - start) // dtype.itemsize
    snapshots = blocks_of(path, start, start + count * dtype.itemsize)
    write_whole(path, chain([header(dtype, count)], snapshots))
    return True


def _header(session: Known, finding: Finding) -> bool:
    """It has the same length for every number of snapshots, so that it is written in place."""
    dtype = _dtype(session)
    size = stat_regular(finding.path).st_size
    count = (size - len(header(dtype, 0))) // dtype.itemsize
    if count < 0:
        return False
    handle = open_regular(finding.path, os.O_RDWR)
    try:
        write_all(handle, header(dtype, count), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
    return True


def _dtype(session: Known) -> "np.dtype[np.void]":
    newest = session.newest
    dtype = None if newest is None else history_dtype(newest, session.kept)
    return read_layout(session.path / HISTORY)[0] if dtype is None else dtype


def _lines(session: Known, finding: Finding) -> bool:
    if session.newest is None or not has_lines_again(session.path, session.newest):
        return False
    write_whole(finding.path, lines_again(session.path, session.newest))
    return True


def _list(session: Known, _finding: Finding) -> bool:
    path = session.path / EVENTS
    end = read = 0
    for block in blocks_of(path):
        end = read + block.rfind(b"\n") + 1 if b"\n" in block else end
        read += len(block)
    write_whole(session.path / EVENT_LIST, listed(blocks_of(path, 0, end)))
    return True


def _copy(session: Known, finding: Finding) -> bool:
    checkpoint, name = session.newest, finding.path.name
    if checkpoint is None:
        return False
    tally = Tally()
    try:
        tally.load(restored(checkpoint.engine)["tally"])
        files = copies_of(checkpoint.plastic, checkpoint.optim, tally.metrics(), checkpoint.dtypes)
        content = files[name]
    except (KeyError, TypeError, ValueError):
        return False
    expected = checkpoint.sha256.get(name)
    if expected is not None and sha256_of_parts(content) != expected:
        return False
    write_whole(finding.path, content)
    return True


def _text(session: Known, finding: Finding) -> bool:
    name = str(finding.path.relative_to(session.path))
    content = text_from_checkpoint(session.path, name, session.newest) if session.newest else None
    if content is None:
        return False
    write_whole(finding.path, content)
    return True


def _base(session: Known, finding: Finding) -> bool:
    """From the bases that tttui ships, the cache of the root, or another session there."""
    root = session.path.parent
    places = (
        *sorted(SHIPPED_BASES.glob("*.pt")),
        *root.glob(f"bases/*/{BASE}"),
        *root.glob(f"*/{BASE}"),
    )
    for path in places:
        try:
            if sha256_of(path) != session.meta.get("base_ckpt_hash"):
                continue
        except OSError:
            continue
        write_whole(finding.path, blocks_of(path))
        return True
    return False


def _status(session: Known, _finding: Finding) -> bool:
    """Write the certain keys: the progress, and whether the session is complete."""
    step = session.newest.step if session.newest is not None else None
    cfg = session.meta.get("run_cfg")
    total = cfg.get("steps") if isinstance(cfg, dict) else None
    if step is None or not isinstance(total, int):
        return False
    state = "completed" if step >= total else "interrupted"
    StatusFile(session.path).write(
        state=state, t=step, steps_total=total, device=session.meta.get("device")
    )
    return True


def _remove(_session: Known, finding: Finding) -> bool:
    remove(finding.path)
    sync_directory(finding.path.parent)
    return True


_REPAIRS: dict[Action, Callable[[Known, Finding], bool]] = {
    "text": _text,
    "base": _base,
    "cut": _cut,
    "header": _header,
    "lines": _lines,
    "list": _list,
    "copy": _copy,
    "status": _status,
    "remove": _remove,
}
