"""What one file of a session says again of another, so that it can be restored and not guessed."""

import io
from pathlib import Path

import numpy as np

from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint
from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.regular import read_bytes
from tttui.model.errors import TttuiError

EVENTS, EVENT_LIST = "update_events.jsonl", "update_events.json"
META, INTERVENTIONS = "session/meta.json", "interventions.jsonl"


def listed(lines: bytes) -> bytes:
    """update_events.json: the lines of update_events.jsonl as one list."""
    return b"[" + lines.rstrip(b"\n").replace(b"\n", b",\n ") + b"]\n"


def wrong_from(content: bytes, lines: bytes) -> int | None:
    """The byte from which on a list of events is not that of the first of these lines; None
    where it is. It may end before they do: it is written less often."""
    expected = listed(lines)
    body = content.removesuffix(b"]\n")
    if content in (expected, b"[]\n"):
        return None
    if len(body) < len(content) and expected.startswith(body + b",\n "):
        return None
    n = min(len(content), len(expected))
    a, b = (np.frombuffer(data, np.uint8, n) for data in (content, expected))
    differing = np.flatnonzero(a != b)
    return int(differing[0]) if len(differing) else n


def lines_from_list(directory: Path, checkpoint: Checkpoint) -> bytes | None:
    """What update_events.jsonl held at a checkpoint: what of it is damaged or missing is taken
    from update_events.json. None where that does not have it; the checksums decide."""
    state = checkpoint.checksums.get(EVENTS)
    if state is None:
        return None
    sums = BlockChecksums.restored(state)
    try:
        content = read_bytes(directory / EVENT_LIST)
        lines = bytearray(_read(directory / EVENTS)[: sums.size])
    except OSError:
        return None
    repeated = content.removeprefix(b"[").removesuffix(b"]\n").replace(b",\n ", b"\n") + b"\n"
    lines += repeated[len(lines) : sums.size]
    for begin, end in sums.differing(io.BytesIO(lines)):
        lines[begin:end] = repeated[begin:end]
    right = len(lines) == sums.size and not sums.differing(io.BytesIO(lines))
    return bytes(lines) if right else None


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b""


def text_from_checkpoint(directory: Path, name: str, checkpoint: Checkpoint) -> bytes | None:
    """What meta.json or interventions.jsonl was before it was damaged, from the copy in a
    checkpoint; None where it may have been something else.

    Lines that were added to interventions.jsonl after the checkpoint are part of it.
    """
    copy = checkpoint.copies.get(name, "").encode()
    if not copy:
        return None
    try:
        found = _read(directory / name)
    except OSError:
        return None
    if name == INTERVENTIONS:
        state = checkpoint.checksums.get(name)
        if state is None or BlockChecksums.restored(state).differing(io.BytesIO(copy)):
            return None
        return copy + found[len(copy) :]
    return copy if _is_damaged_copy(found, copy, directory / name) else None


def _is_damaged_copy(found: bytes, copy: bytes, path: Path) -> bool:
    """Whether a text was this copy before it was damaged, as far as anybody can tell: they carry
    the same checksum, or are the same but for it, or the text is no object of keys any more."""
    if json_checksum(copy) is not Carried.RIGHT:
        return False
    try:
        parse_object(found, path)
    except TttuiError:
        return True
    carried, same = (data[:64].split(b'"')[3:4] for data in (found, copy))
    return carried == same or found.split(b"\n", 2)[2:] == copy.split(b"\n", 2)[2:]
