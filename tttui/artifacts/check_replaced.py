"""Checking the files of a session that are replaced as a whole."""

from pathlib import Path

from tttui.artifacts.again import META, text_from_checkpoint
from tttui.artifacts.checkpoint import (
    ENGINE,
    LARGE,
    METRICS,
    OPTIM,
    PLASTIC,
    PREVIOUS,
    NoCheckpoint,
)
from tttui.artifacts.checksum import Carried, json_checksum, pt_checksum
from tttui.artifacts.findings import FROM_A_COPY, Action, Finding, Known
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.regular import open_to_read, read_bytes, sha256_of
from tttui.artifacts.safetensors import SafeTensors
from tttui.model.errors import TttuiError

STATUS, BASE = "status.json", "base_checkpoint.pt"
TENSORS = ("session/start_state.pt", "pretraining_state.pt")
"""Files of tensors that nothing repeats; not every session has them."""

CHANGED = "was changed after it was written: it does not have the checksum that it carries"
LACKS = "lacks the checksum that it was written with"


def replaced_files(session: Known) -> list[Finding]:
    """The findings of checkpoints, JSON texts, base and tensors."""
    findings = [*_checkpoints(session), *_texts(session), *_base(session)]
    seen = {finding.path for finding in findings}
    findings += [finding for finding in _copies(session) if finding.path not in seen]
    carrying = _should_carry(session)
    for name in TENSORS:
        findings += _tensor(session, name, carrying, "")
    return findings


def _checkpoints(session: Known) -> list[Finding]:
    findings = []
    folder = session.path / "session"
    error, path = session.errors.get(ENGINE), folder / ENGINE
    # Before it is built, a session that waits for its base has neither rows nor a checkpoint.
    built = session.meta.get("base_ckpt_hash") or (session.path / "per_step.csv").exists()
    if error is not None and (built or not isinstance(error, NoCheckpoint)):
        newest = session.newest
        remedy = (
            f"{FROM_A_COPY}, or fork the session"
            if newest is None
            else f"`tttui resume {session.path}` goes on from {newest}"
        )
        findings.append(Finding(path, _reason(error, path), *_extent(path), remedy=remedy))
    error, path = session.errors.get(PREVIOUS), folder / PREVIOUS
    if error is not None and not isinstance(error, NoCheckpoint):
        finding = Finding(path, _reason(error, path), *_extent(path))
        findings.append(finding.repaired_by("remove", session.path))
    return findings


def _texts(session: Known) -> list[Finding]:
    """The files that are JSON objects."""
    findings = []
    actions: dict[str, Action] = {
        META: _text(session),
        STATUS: "status" if session.newest is not None else "",
        f"session/{METRICS}": _copy(session),
    }
    for name, action in actions.items():
        path = session.path / name
        reason = _wrong_text(path, _should_carry(session))
        if reason == "" or (reason is None and name != META):
            continue
        finding = Finding(path, reason or "is missing", *_extent(path))
        findings.append(finding.repaired_by(action, session.path))
    return findings


def _text(session: Known) -> Action:
    newest = session.newest
    known = newest is not None and text_from_checkpoint(session.path, META, newest) is not None
    return "text" if known else ""


def _wrong_text(path: Path, carrying: bool) -> str | None:
    """The defect of a JSON object; '': none, None: the file is missing."""
    try:
        content = read_bytes(path)
        parse_object(content, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except TttuiError as error:
        return _reason(error, path)
    return _by_checksum(json_checksum(content), carrying)


def _by_checksum(carried: Carried, carrying: bool) -> str:
    if carried is Carried.WRONG:
        return CHANGED
    return LACKS if carried is Carried.NONE and carrying else ""


def _should_carry(session: Known) -> bool:
    """Whether the version that wrote this session put checksums into its files."""
    if session.newest is not None:
        return bool(session.newest.checksums)
    try:
        content = read_bytes(session.path / META)
    except OSError:
        return False
    return json_checksum(content) is not Carried.NONE


def _base(session: Known) -> list[Finding]:
    path, recorded = session.path / BASE, session.meta.get("base_ckpt_hash")
    if not isinstance(recorded, str):  # it waits for its base, or meta.json is a finding already
        return []
    try:
        digest = sha256_of(path)
    except OSError as error:
        reason = "is missing"
        if not isinstance(error, FileNotFoundError):
            reason = f"cannot be read: {error.strerror or error}"
        return [Finding(path, reason).repaired_by("base", session.path)]
    if digest == recorded:
        return []
    reason = f"has the sha256 {digest[:12]}, but meta.json names {recorded[:12]}"
    return [Finding(path, reason, *_extent(path)).repaired_by("base", session.path)]


def _copies(session: Known) -> list[Finding]:
    """Check the files that repeat the newest checkpoint."""
    newest, findings, action = session.newest, list[Finding](), _copy(session)
    known = newest.sha256 if newest and newest.path.name == ENGINE else {}
    for name in (PLASTIC, LARGE, OPTIM, METRICS):
        path = session.path / "session" / name
        expected = known.get(name)
        other = {PLASTIC: LARGE, LARGE: PLASTIC}.get(name)
        if expected is None and other in known:
            if path.exists():
                reason = f"repeats nothing: {ENGINE} goes with {other}"
                findings.append(
                    Finding(path, reason, *_extent(path)).repaired_by("remove", session.path)
                )
            continue
        if expected is None:
            if name != METRICS:
                findings += _tensor(session, f"session/{name}", _should_carry(session), action)
            continue
        try:
            same = sha256_of(path) == expected
            carried = Carried.NONE if same else _carried(path)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            reason = "is missing" if missing else f"cannot be read: {error.strerror or error}"
            findings.append(Finding(path, reason).repaired_by(action, session.path))
            continue
        if not same:
            killed = f"is of another moment than {ENGINE}, as a killed process leaves it"
            reason = killed if carried is Carried.RIGHT else CHANGED
            if name == LARGE:
                reason = f"has another sha256 than {ENGINE} was written with"
            finding = Finding(path, reason, *_extent(path))
            findings.append(finding.repaired_by(action, session.path))
    return findings


def _carried(path: Path) -> Carried:
    """The verdict of the checksum in a file; safetensors have none. Raises OSError."""
    if path.suffix == ".safetensors":
        return Carried.NONE
    if path.suffix == ".json":
        return json_checksum(read_bytes(path))
    with open_to_read(path) as file:
        return pt_checksum(file)


def _copy(session: Known) -> Action:
    """The repair of copies, if the newest checkpoint can be read."""
    return "copy" if ENGINE in session.checkpoints else ""


def _tensor(session: Known, name: str, carrying: bool, action: Action) -> list[Finding]:
    path = session.path / name
    try:
        if path.suffix == ".safetensors":
            file = SafeTensors(path)
            file.close()
            reason = f"is damaged ({file.wrong[0]})" if file.wrong else ""
        else:
            carried = _carried(path)
            read_pt(path)
            reason = _by_checksum(carried, carrying)
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except TttuiError as error:
        reason = _reason(error, path)
    if not reason:
        return []
    return [Finding(path, reason, *_extent(path)).repaired_by(action, session.path)]


def _extent(path: Path) -> tuple[int | None, int | None]:
    """The byte range of a whole file; empty if it is missing."""
    try:
        size = path.stat().st_size
    except OSError:
        return None, None
    return (0, size) if size else (None, None)


def _reason(error: TttuiError, path: Path) -> str:
    if isinstance(error, NoCheckpoint):
        return "is missing"
    return str(error).removeprefix(f"{path}: ")
