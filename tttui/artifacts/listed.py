"""update_events.json repeats the lines of update_events.jsonl as one list: both ways, in blocks.

Either may be large, so that neither is ever in memory as a whole.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tttui.artifacts.regular import blocks_of, open_to_read

BEGIN, NEXT, END = b"[", b",\n ", b"]\n"
"""What stands before the first line, in the place of a newline, and after the last line."""

AT_ONCE = 1 << 16
"""Empty lines that are written at a time."""


def listed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks of the list, from blocks of the lines."""
    yield BEGIN
    newlines = 0  # those that end the last line are none of the list
    for block in lines:
        text = block.rstrip(b"\n")
        if text:
            while newlines:
                n = min(newlines, AT_ONCE)
                yield NEXT * n
                newlines -= n
            yield text.replace(b"\n", NEXT)
        newlines += len(block) - len(text)
    yield END


def unlisted(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks of the lines, from blocks of the list."""
    begun, rest = False, b""
    for block in blocks:
        text, rest = rest + block, b""
        if not begun:
            text, begun = text.removeprefix(BEGIN), True
        for cut in (NEXT[:2], NEXT[:1], END, END[:1]):  # how it goes on tells what it is
            if text.endswith(cut):
                text, rest = text[: -len(cut)], cut
                break
        yield text.replace(NEXT, b"\n")
    yield rest.removesuffix(END) + b"\n"


def wrong_from(path: Path, lines: Path, end: int | None) -> int | None:
    """The byte from which on the list in `path` is not that of the `lines` up to byte `end`; None
    where it is. It may end before they do: it is written less often. Raises OSError."""
    size = path.stat().st_size
    with open_to_read(path) as file:
        file.seek(max(0, size - 3))
        tail = file.read(3)
    at, follows = _first_difference(blocks_of(path), listed(blocks_of(lines, 0, end)))
    if (at == size and not follows) or tail == BEGIN + END == tail[-size:]:
        return None
    shorter = at == size - len(END) and tail.endswith(END)
    return None if shorter and follows == NEXT else at


def _first_difference(blocks: Iterable[bytes], expected: Iterator[bytes]) -> tuple[int, bytes]:
    """The byte at which two texts differ, and the next three expected bytes."""
    at, ahead = 0, b""
    for block in blocks:
        while len(ahead) < len(block) + len(NEXT) and (more := next(expected, b"")):
            ahead += more
        if not ahead.startswith(block):
            n = min(len(block), len(ahead))
            a, b = (np.frombuffer(data, np.uint8, n) for data in (block, ahead))
            differing = np.flatnonzero(a != b)
            within = int(differing[0]) if len(differing) else n
            return at + within, ahead[within : within + len(NEXT)]
        ahead = ahead[len(block) :]
        at += len(block)
    return at, (ahead or next(expected, b""))[: len(NEXT)]
