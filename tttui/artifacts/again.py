"""Second copies: what one file of a session repeats of another, from which that one can be
restored."""

import io
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint
from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.listed import unlisted
from tttui.artifacts.regular import blocks_of, read_bytes
from tttui.model.errors import TttuiError

EVENTS, EVENT_LIST = "update_events.jsonl", "update_events.json"
META, INTERVENTIONS = "session/meta.json", "interventions.jsonl"


def lines_again(directory: Path, checkpoint: Checkpoint) -> Iterator[bytes]:
    """The repaired content of update_events.jsonl in blocks: damaged lines up to the checkpoint
    come from update_events.json, later lines stay unchanged.

    Raises ValueError if the list does not match the checksums of the checkpoint.
    """
    size = 0
    for block in _at_checkpoint(directory, checkpoint):
        size += len(block)
        yield block
    yield from _there(directory / EVENTS, size, None)


def has_lines_again(directory: Path, checkpoint: Checkpoint) -> bool:
    """Whether `lines_again` can restore the lines."""
    try:
        return all(_at_checkpoint(directory, checkpoint))
    except (OSError, KeyError, TypeError, ValueError):
        return False


def _at_checkpoint(directory: Path, checkpoint: Checkpoint) -> Iterator[bytes]:
    sums = BlockChecksums.restored(checkpoint.checksums[EVENTS])
    own = _BlockPieces(_there(directory / EVENTS, 0, sums.size))
    repeated = _BlockPieces(unlisted(blocks_of(directory / EVENT_LIST)))
    for size, checksum in sums.blocks():
        mine, theirs = own.take(size), repeated.take(size)
        for piece in (mine, theirs, mine + theirs[len(mine) :]):
            if len(piece) == size and crc32(piece) == checksum:
                yield piece
                break
        else:
            raise ValueError("neither file holds what was written")


def _there(path: Path, begin: int, end: int | None) -> Iterator[bytes]:
    """Blocks of a file that may be missing."""
    try:
        yield from blocks_of(path, begin, end)
    except FileNotFoundError:
        return


class _BlockPieces:
    """Turns blocks of any size into pieces of a given size."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._ahead = blocks, b""

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        parts, have = [self._ahead], len(self._ahead)
        while have < size and (more := next(self._blocks, None)) is not None:
            parts.append(more)
            have += len(more)
        joined = b"".join(parts)
        self._ahead = joined[size:]
        return joined[:size]


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b""


def text_from_checkpoint(directory: Path, name: str, checkpoint: Checkpoint) -> bytes | None:
    """The undamaged text of meta.json or interventions.jsonl, from the copy in a checkpoint and
    lines appended to interventions.jsonl since; None if the copy may not match.
    """
    copy = checkpoint.copies.get(name, "").encode()
    if not copy:
        return None
    try:
        text = _read(directory / name)
    except OSError:
        return None
    if name == INTERVENTIONS:
        state = checkpoint.checksums.get(name)
        if state is None or BlockChecksums.restored(state).differing(io.BytesIO(copy)):
            return None
        return copy + text[len(copy) :]
    return copy if _is_damaged_copy(text, copy, directory / name) else None


def _is_damaged_copy(text: bytes, copy: bytes, path: Path) -> bool:
    """Whether a damaged text was probably this copy: both carry the same checksum, or differ only
    in it, or the text is no JSON object any more."""
    if json_checksum(copy) is not Carried.RIGHT:
        return False
    try:
        parse_object(text, path)
    except TttuiError:
        return True
    carried, same = (data[:64].split(b'"')[3:4] for data in (text, copy))
    return carried == same or text.split(b"\n", 2)[2:] == copy.split(b"\n", 2)[2:]
