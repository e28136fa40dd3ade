"""What reading with learning is compared with: more context, and compressors of the same bytes."""

import lzma
import zlib

CONTEXT_EVERY = 32
"""Steps between two windows that are predicted with twice the context as well: that costs some
one percent of the time."""

LARGEST = 4_000_000
"""Bytes up to which a document is compressed, which holds the run up for seconds at the end."""


def compress_now(t: int) -> bool:
    """Whether all up to step t is to be compressed: 4 to 8 times while it doubles, so that the
    time of it all is a few times that of the last one."""
    n = t + 1
    return n % (1 << max(n.bit_length() - 3, 5)) == 0


def compressed(content: bytes | bytearray | memoryview) -> tuple[float, float]:
    """Bits a byte of zlib, and of lzma without the container, which a short text pays for."""
    bits = 8.0 / len(content)
    size = 1 << max(len(content).bit_length(), 12)  # a larger dictionary only takes memory
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": size}]
    smallest = lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters)
    return bits * len(zlib.compress(content, 9)), bits * len(smallest)
