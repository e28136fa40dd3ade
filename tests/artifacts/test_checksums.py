"""Checksums find every flipped bit, and do not depend on how a file came about."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.artifacts.blocks import BLOCK, BlockChecksums
from tttui.artifacts.checksum import Carried, json_bytes, json_checksum, pt_bytes, pt_checksum
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.ptfile import read_pt, write_pt

WHOLE = st.integers(-(2**63), 2**63 - 1)
OBJECTS = st.dictionaries(st.text(max_size=5), WHOLE | st.text(max_size=5), max_size=4)

TENSORS: dict[str, Any] = {"a": np.arange(40.0), "b": {"c": 3}}


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(value=OBJECTS)
def test_an_object_is_what_it_was_without_the_checksum(
    value: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_bytes(json_bytes(value))
    expected = {k: v for k, v in value.items() if k != "checksum"}
    assert read_object(path) == expected
    assert next(iter(json.loads(path.read_bytes()))) == "checksum"
    assert json_checksum(path.read_bytes()) is Carried.RIGHT


def test_a_checksum_of_another_program_is_kept(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"checksum": "md5:12", "a": 1}')
    assert read_object(tmp_path / "x.json") == {"checksum": "md5:12", "a": 1}


def test_no_flipped_bit_of_an_object_is_right() -> None:
    data = json_bytes({"mu": 0.25, "name": "a", "none": None})
    assert all(
        json_checksum(flipped(data, bit)) is not Carried.RIGHT for bit in range(8 * len(data))
    )


def test_no_flipped_bit_of_a_tensor_file_is_right() -> None:
    data = pt_bytes(write_pt(TENSORS))
    assert pt_checksum(io.BytesIO(data)) is Carried.RIGHT
    assert all(
        pt_checksum(io.BytesIO(flipped(data, bit))) is not Carried.RIGHT
        for bit in range(8 * len(data))
    )


def test_torch_reads_a_tensor_file_with_a_checksum(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "x.pt"
    path.write_bytes(pt_bytes(write_pt(TENSORS)))
    loaded = torch.load(path, weights_only=True)
    assert np.array_equal(loaded["a"].numpy(), TENSORS["a"])
    assert loaded["b"] == {"c": 3}
    assert np.array_equal(read_pt(path)["a"], TENSORS["a"])


def test_files_without_a_checksum_have_none() -> None:
    assert json_checksum(b'{"a": 1}') is Carried.NONE
    assert json_checksum(b"") is Carried.NONE
    assert pt_checksum(io.BytesIO(write_pt(TENSORS))) is Carried.NONE
    assert pt_checksum(io.BytesIO()) is Carried.NONE


CONTENT = np.random.default_rng(0).bytes(3 * BLOCK + 100)


def sums_of(*parts: bytes) -> BlockChecksums:
    sums = BlockChecksums()
    for part in parts:
        sums.add(part)
    return sums


@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=6).map(sorted))
def test_checksums_do_not_depend_on_how_a_file_grew(cuts: list[int]) -> None:
    ends = [*cuts, len(CONTENT)]
    parts = [CONTENT[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
    sums = BlockChecksums()
    for part in parts:
        sums.add(part)
        sums = BlockChecksums.restored(sums.state())
    whole = sums_of(CONTENT).state()
    assert sums.size == len(CONTENT)
    assert sums.state()["crc32"].tolist() == whole["crc32"].tolist()


@pytest.mark.parametrize("at", [0, BLOCK - 1, BLOCK, 2 * BLOCK + 5, 3 * BLOCK + 99])
def test_a_changed_byte_is_found_in_its_block(at: int) -> None:
    sums, changed = sums_of(CONTENT), flipped(CONTENT, 8 * at + 3)
    ((begin, end),) = sums.differing(io.BytesIO(changed))
    assert begin <= at < end
    assert end - begin <= BLOCK
    assert sums.differing(io.BytesIO(CONTENT)) == []


def test_adjacent_blocks_are_one_stretch_and_what_is_missing_differs() -> None:
    sums = sums_of(CONTENT)
    assert sums.differing(io.BytesIO(CONTENT[: BLOCK + 10])) == [(BLOCK, len(CONTENT))]


def test_what_is_appended_to_damage_does_not_make_it_right() -> None:
    sums = sums_of(CONTENT[: BLOCK + 10])
    damaged = flipped(CONTENT, 8 * (BLOCK + 2))
    with io.BytesIO(damaged) as file:
        sums.add_file(file, len(CONTENT))
        assert sums.differing(file) == [(BLOCK, 2 * BLOCK)]


@pytest.mark.parametrize(
    "state",
    [
        {"block": BLOCK, "size": 5, "crc32": np.zeros(2, np.int32)},
        {"block": 512, "size": 5, "crc32": np.zeros(1, np.int32)},
    ],
)
def test_checksums_of_another_kind_are_refused(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="another kind"):
        BlockChecksums.restored(state)
