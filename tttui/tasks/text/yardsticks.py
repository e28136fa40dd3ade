"""What reading with learning is compared with: more context, and compressors of the same bytes."""

import lzma
import zlib

CONTEXT_EVERY = 16
"""Steps between two windows that are predicted with twice the context as well: that costs some
two percent of the time."""

LARGEST = 4_000_000
"""Bytes up to which a document is compressed, which holds the run up for seconds at the end."""

RAW = ({"id": lzma.FILTER_LZMA2, "preset": 6},)
"""lzma without a container, as a file of a few kilobytes would be told apart by its headers."""


def compress_now(t: int) -> bool:
    """Whether all up to step t is to be compressed: 4 to 8 times while it doubles, so that the
    time of it all is a few times that of the last one."""
    n = t + 1
    return n % (1 << max(n.bit_length() - 3, 4)) == 0


def compressed(content: bytes | bytearray | memoryview) -> tuple[float, float]:
    """Bits a byte of zlib and lzma."""
    bits = 8.0 / len(content)
    smallest = lzma.compress(content, format=lzma.FORMAT_RAW, filters=RAW)
    return bits * len(zlib.compress(content, 9)), bits * len(smallest)
