"""What one file of a session says again of another, so that it can be restored and not guessed."""

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
    """Blocks of what update_events.jsonl held at a checkpoint: what of it is damaged or missing is
    taken from update_events.json; what was appended since follows as it is.

    Raises ValueError where the list does not have it, by the checksums of the checkpoint.
    """
    size = 0
    for block in _at_checkpoint(directory, checkpoint):
        size += len(block)
        yield block
    yield from _there(directory / EVENTS, size, None)


def has_lines_again(directory: Path, checkpoint: Checkpoint) -> bool:
    """Whether `lines_again` gives them."""
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
    """Blocks of any size, taken in pieces of a wanted one."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._ahead = blocks, b""

    def take(self, size: int) -> bytes:
        """The next bytes; fewer where there are no more."""
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
