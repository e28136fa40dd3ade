"""audit.jsonl: every change of the registry, its personas and genomes, a line each.

    {"n": 17, "time": 1732780000.1, "user": "ada", "host": "lab1",
     "command": "tttui model deploy walker@v2 --persona helper", "action": "personas:deployed",
     "subject": "@helper", "before": {...}, "after": {...}, "moves": [...], "previous": "9f2c..."}

`previous` is the sha256 of the line before, without its newline; of the first line 64 zeros.
audit.head.json says how many lines there are and has the hash of the last one, so that missing
lines at the end are detected too. The chain shows damage and careless edits; who can write all of
these files can also write a new chain, so keep the hash that `tttui audit --verify` prints where
they cannot.
"""

import getpass
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from tttui.artifacts.checksum import json_bytes, plain
from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import decode, number, read_object, whole
from tttui.artifacts.regular import LARGEST_TABLE, blocks_of
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.shell import command_line

AUDIT, HEAD = "audit.jsonl", "audit.head.json"

LONGEST = 1 << 16
"""Bytes of a line; ours have some hundreds."""

NONE = "0" * 64
"""What the first line carries for the hash of the line before."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of the registry; `before` and `after` describe its subject, or are empty."""

    n: int
    """Counts from 1."""
    time: float
    """Unix seconds."""
    user: str
    host: str
    command: str
    action: str
    """`<collection>:<what happened>`, as the event of the change is called."""
    subject: str
    """The version or persona that changed: `walker@v2`, `@helper`."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    moves: Sequence[tuple[str, str]] = ()
    """Renames of the change: from and to, paths below `<root>/.lab`."""
    previous: str = NONE
    forced: str = ""
    """Why it needed --force; '' if it did not."""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)
    digest: str = ""
    """The sha256 of the line."""


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines there are, and the hash of the last one."""

    lines: int
    digest: str

    def content(self) -> bytes:
        return json_bytes({"lines": self.lines, "sha256": self.digest})


def audit_path(root: Path) -> Path:
    return root / LAB / AUDIT


def head_path(root: Path) -> Path:
    return root / LAB / HEAD


def read_head(root: Path) -> Head | None:
    """The content of audit.head.json; None if it is missing or damaged."""
    try:
        raw = read_object(head_path(root))
    except (TttuiError, OSError):
        return None
    lines, digest = whole(raw.get("lines")), raw.get("sha256")
    if lines is None or lines < 0 or not isinstance(digest, str) or len(digest) != len(NONE):
        return None
    return Head(lines, digest)


def raw_lines(root: Path) -> Iterator[tuple[bytes, bool]]:
    """The lines of the log without their newlines, and whether each has one.

    A line longer than LONGEST is cut. Raises TttuiError where the file cannot be read.
    """
    path, rest = audit_path(root), b""
    try:
        for block in blocks_of(path, limit=LARGEST_TABLE):
            *whole_ones, rest = (rest + block).split(b"\n")
            yield from ((line, True) for line in whole_ones)
            rest = rest[: 2 * LONGEST]
    except FileNotFoundError:
        return
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
    if rest:
        yield rest, False


def parsed(line: bytes) -> AuditEntry:
    """Parse a line of the log. Raises ValueError that names the defect."""
    if len(line) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} bytes")
    raw = decode(line)
    if not isinstance(raw, dict):
        raise ValueError("is no object of keys")
    n, at = whole(raw.get("n")), number(raw.get("time"))
    if n is None or n < 1 or at is None:
        raise ValueError("has no number, or no time")
    texts = {key: raw.get(key, "") for key in ("user", "host", "command", "action", "subject")}
    texts |= {"previous": raw.get("previous"), "forced": raw.get("forced", "")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise ValueError(f"{key} is no text")
    before, after = raw.get("before"), raw.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        raise ValueError("does not say what was before and after")
    moves = raw.get("moves", [])
    pairs = isinstance(moves, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair)
        for pair in moves
    )
    if not pairs:
        raise ValueError("moves are no pairs of paths")
    return AuditEntry(
        n=n,
        time=at,
        before=before,
        after=after,
        moves=tuple((str(a), str(b)) for a, b in moves),
        raw=raw,
        digest=hashlib.sha256(line).hexdigest(),
        **texts,
    )


def written(
    n: int,
    previous: str,
    *,
    command: Sequence[str],
    action: str,
    subject: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    moves: Sequence[tuple[str, str]],
    forced: str,
) -> bytes:
    """Format a new line, with its newline. Raises TttuiError if it is too long."""
    record: dict[str, Any] = {
        "n": n,
        "time": round(time.time(), 3),
        "user": _user(),
        "host": socket.gethostname(),
        "command": command_line(*command),
        "action": action,
        "subject": subject,
        "before": before,
        "after": after,
        "moves": [list(pair) for pair in moves],
    }
    if forced:
        record["forced"] = forced
    record["previous"] = previous
    line = json.dumps(record, default=plain).encode()
    if len(line) > LONGEST:
        raise TttuiError(f"a line of {len(line)} bytes is too long for the audit ({LONGEST})")
    return line + b"\n"


def lines(root: Path) -> Iterator[AuditEntry]:
    """The readable lines, in order; `lab.auditing` reports the others."""
    for line, _ in raw_lines(root):
        try:
            yield parsed(line)
        except ValueError:
            continue


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user of a container may have no name
        return str(os.getuid())
