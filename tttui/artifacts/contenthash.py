"""Versions of weights: hashes of their content, equal exactly where names and elements are.

A version is the beginning of a sha256 over name, dtype, shape and digest of every tensor in
order. The digest of a tensor of up to SMALL bytes is the sha256 of its bytes (little endian).
Of a larger one it is the sha256 of its chunk sums: the bytes, filled up with zeros, are words x
of 64 bits, and every CHUNK of them has the sum of (x ^ (x >> 32)) * w modulo 2^64, with fixed odd
multipliers w. That is several times as fast as sha256, one pass in the cache, and needs only what a
GPU computes with as well, so that weights need not be copied to be named. It tells apart what
differs by accident; it is no proof against somebody who looks for a collision.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

SMALL = 1 << 16
"""Bytes of a tensor up to which all of it goes through sha256."""

CHUNK = 1 << 14
"""Words of 64 bits that have one sum."""

DIGITS = 16
"""Hexadecimal digits of a version."""


@lru_cache(maxsize=1)
def multipliers() -> np.ndarray[Any, np.dtype[np.uint64]]:
    """The odd multipliers w [CHUNK] of the sums, by splitmix64 of 1, 2, ..."""
    with np.errstate(over="ignore"):
        z = np.arange(1, CHUNK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z ^ (z >> np.uint64(31))) | np.uint64(1)


def tensor_digest(array: np.ndarray[Any, Any]) -> bytes:
    """The digest of one tensor in host memory, whatever its dtype is."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    if raw.nbytes <= SMALL:
        return hashlib.sha256(raw.data).digest()
    sums = ChunkSums()
    sums.add(raw)
    return sums.digest()


class ChunkSums:
    """The digest of a tensor of more than SMALL bytes that is read part by part."""

    def __init__(self) -> None:
        self._sums: list[int] = []
        self._scratch = np.empty(CHUNK, dtype=np.uint64)

    def add(self, raw: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Take the next bytes; all parts but the last are whole chunks."""
        whole = raw.nbytes // 8
        words = raw[: whole * 8].view(np.uint64)
        self._sums += [_sum(words[i : i + CHUNK], self._scratch) for i in range(0, whole, CHUNK)]
        if rest := raw[whole * 8 :].tobytes():
            last = np.frombuffer(rest.ljust(8, b"\0"), dtype=np.uint64)
            if whole % CHUNK:
                mixed = int(last[0] ^ (last[0] >> np.uint64(32)))
                weighed = mixed * int(multipliers()[whole % CHUNK])
                self._sums[-1] = (self._sums[-1] + weighed) % (1 << 64)
            else:
                self._sums.append(_sum(last, self._scratch))

    def digest(self) -> bytes:
        return digest_of_sums(np.array(self._sums, dtype=np.uint64))


def digest_of_sums(sums: np.ndarray[Any, np.dtype[np.uint64]]) -> bytes:
    """The digest of a large tensor from its chunk sums [n], which may come from a GPU."""
    return hashlib.sha256(sums.astype("<u8").tobytes()).digest()


def version_of(parts: Iterable[tuple[str, str, tuple[int, ...], bytes]]) -> str:
    """The version of weights from the name, dtype, shape and digest of each, in order."""
    total = hashlib.sha256()
    for name, dtype, shape, digest in parts:
        total.update(repr((name, dtype, tuple(shape))).encode(errors="surrogatepass"))
        total.update(digest)
    return total.hexdigest()[:DIGITS]


def content_of(arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """The version of weights in float32, whatever the order of their names and their dtypes."""
    wide = {k: np.asarray(a, np.float32) for k, a in arrays.items()}
    return version_of(
        (name, wide[name].dtype.name, wide[name].shape, tensor_digest(wide[name]))
        for name in sorted(wide)
    )


def _sum(
    words: np.ndarray[Any, np.dtype[np.uint64]], scratch: np.ndarray[Any, np.dtype[np.uint64]]
) -> int:
    mixed = np.right_shift(words, np.uint64(32), out=scratch[: len(words)])
    np.bitwise_xor(mixed, words, out=mixed)
    np.multiply(mixed, multipliers()[: len(words)], out=mixed)
    return int(np.add.reduce(mixed))
