"""A version names the content: equal exactly where names, shapes and bits are."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.artifacts.contenthash import CHUNK, SMALL, multipliers, tensor_digest, version_of


def test_a_small_tensor_is_hashed_by_all_its_bytes() -> None:
    array = np.arange(100, dtype=np.float32)
    assert tensor_digest(array) == hashlib.sha256(array.tobytes()).digest()


@pytest.mark.parametrize("extra", [0, 1, 3, 7, 8, 8 * CHUNK - 1])
def test_a_large_tensor_is_hashed_as_the_page_says(extra: int) -> None:
    raw = np.random.default_rng(0).integers(0, 256, SMALL + 8 * CHUNK + extra, dtype=np.uint8)
    words = np.frombuffer(raw.tobytes() + b"\0" * (-len(raw) % 8), dtype="<u8")
    sums = []
    for i in range(0, len(words), CHUNK):
        part = [int(x) for x in words[i : i + CHUNK]]
        pairs = zip(part, multipliers().tolist(), strict=False)
        sums.append(sum((x ^ (x >> 32)) * w for x, w in pairs) % (1 << 64))
    expected = hashlib.sha256(np.array(sums, dtype="<u8").tobytes()).digest()
    assert tensor_digest(raw) == expected


@given(st.integers(0, 40_000 * 32 - 1), st.integers(0, 40_000 * 32 - 1))
def test_one_or_two_flipped_bits_show(first: int, second: int) -> None:
    array = np.zeros(40_000, dtype=np.uint32)
    before = tensor_digest(array)
    array[first // 32] ^= 1 << (first % 32)
    one = tensor_digest(array)
    assert one != before
    array[second // 32] ^= 1 << (second % 32)
    assert (tensor_digest(array) == before) == (first == second)


def test_two_changed_signs_show() -> None:
    array = np.ones(40_000, dtype=np.float32)
    before = tensor_digest(array)
    for i in (1, 4001):
        array[i] = -1
        assert tensor_digest(array) != before


def test_names_shapes_and_order_belong_to_a_version() -> None:
    a, b = ("a", "float32", (2, 3), b"1"), ("b", "float32", (6,), b"2")
    versions = {
        version_of(parts)
        for parts in (
            [a, b],
            [b, a],
            [a],
            [("a", "float32", (3, 2), b"1"), b],
            [("c", "float32", (2, 3), b"1"), b],
        )
    }
    assert len(versions) == 5
    assert all(len(version) == 16 for version in versions)


def test_strides_do_not_matter() -> None:
    array = np.random.default_rng(0).standard_normal((300, 200))
    assert tensor_digest(np.asfortranarray(array)) == tensor_digest(array)
