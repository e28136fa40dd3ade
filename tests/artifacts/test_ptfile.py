"""Torch checkpoints are data: exact both ways, and whatever else a file holds is refused."""

import io
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tttui.artifacts import ptfile, statepickle
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.errors import RefusedInput, TttuiError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
)
ARRAYS = hnp.arrays(
    st.sampled_from(["f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "?"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements={"allow_nan": False},
)
TREES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(ours: Any, theirs: Any) -> bool:
    """Equal values, types, dtypes and shapes; tensors stand for arrays."""
    if isinstance(ours, np.ndarray):
        result = theirs.numpy() if isinstance(theirs, torch.Tensor) else theirs
        return (
            isinstance(result, np.ndarray)
            and result.dtype == ours.dtype
            and result.shape == ours.shape
            and np.array_equal(result, ours)
        )
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, (list, tuple)):
        return (
            type(ours) is type(theirs)
            and len(ours) == len(theirs)
            and all(same(a, b) for a, b in zip(ours, theirs, strict=True))
        )
    return type(ours) is type(theirs) and bool(ours == theirs)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_torch_reads_what_was_written(tree: Any) -> None:
    assert same(tree, torch.load(io.BytesIO(write_pt(tree)), weights_only=True))


@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_reading_gives_back_what_was_written(
    tree: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pt") / "tree.pt"
    path.write_bytes(write_pt(tree))
    assert same(tree, read_pt(path))


def test_strides_survive(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    matrix = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    path.write_bytes(write_pt({"m": matrix}))
    assert torch.load(path, weights_only=True)["m"].stride() == (1, 2)
    assert read_pt(path)["m"].strides == matrix.strides


def test_equal_objects_give_equal_bytes() -> None:
    assert write_pt({"a": np.ones(3)}) == write_pt({"a": np.ones(3)})


def test_an_object_that_is_no_data_is_not_written() -> None:
    with pytest.raises(TypeError, match="object"):
        write_pt({"a": object()})


def test_what_torch_saves_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    shared = torch.arange(12.0)
    torch.save(
        {
            "transposed": shared.reshape(3, 4).T,
            "slice": shared[4:],
            "parameter": torch.nn.Parameter(torch.ones(2)),
            "bfloat16": torch.tensor([1.5, float("nan")], dtype=torch.bfloat16),
            "rng": torch.get_rng_state(),
            "state": torch.nn.Linear(2, 2).state_dict(),
            "dtype": torch.float32,
            "size": torch.Size([2, 3]),
        },
        path,
    )
    result = read_pt(path)
    assert np.array_equal(result["transposed"], np.arange(12.0).reshape(3, 4).T)
    assert np.array_equal(result["slice"], np.arange(4.0, 12.0))
    assert np.array_equal(result["parameter"], np.ones(2))
    assert np.array_equal(result["bfloat16"], [1.5, np.nan], equal_nan=True)
    assert result["rng"].dtype == np.uint8
    assert result["state"]["weight"].shape == (2, 2)
    assert result["dtype"] == "torch.float32"
    assert result["size"] == (2, 3)


def test_tensors_that_are_read_as_larger_ones_count_as_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(4000, dtype=torch.bfloat16)}, path)
    monkeypatch.setattr(ptfile, "LARGEST_CHECKPOINT", 16_000)
    assert read_pt(path)["a"].nbytes == 16_000
    monkeypatch.setattr(ptfile, "LARGEST_CHECKPOINT", 15_999)
    with pytest.raises(TttuiError, match="its tensors take more than 15999 bytes"):
        read_pt(path)


class Evil:
    def __reduce__(self) -> Any:
        return eval, ("1+1",)


def test_a_file_that_asks_for_code_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"a": Evil()}, path)
    with pytest.raises(RefusedInput, match=r"evil\.pt: asks for \w+\.eval"):
        read_pt(path)


def test_the_old_format_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(RefusedInput, match="before 1"):
        read_pt(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", pickle.dumps(1)])
def test_what_is_no_checkpoint_is_one_clear_error(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(data)
    with pytest.raises(TttuiError, match="x"):
        read_pt(path)


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 1000)
    with pytest.raises(RefusedInput, match="compressed"):
        read_pt(path)


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"a": torch.ones(1).expand(1 << 40)}, path)
    with pytest.raises(TttuiError, match="larger than the file"):
        read_pt(path)


def data_or_clear_error(path: Path) -> bool:
    """Whether reading gives data, or an error that names the file; any other error passes on."""
    try:
        read_pt(path)
    except TttuiError as error:
        return path.name in str(error)
    return True


REAL = write_pt({"model_state": {"W_u": np.ones((4, 6), np.float32)}, "cfg": {"dt": 1.0}})


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, len(REAL) - 1), value=st.integers(0, 255), truncate=st.booleans())
def test_a_spoiled_file_is_data_or_one_clear_error(
    position: int, value: int, truncate: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pt") / "x.pt"
    spoiled = REAL[:position] + bytes([value]) + (b"" if truncate else REAL[position + 1 :])
    path.write_bytes(spoiled)
    assert data_or_clear_error(path)


@settings(max_examples=150, deadline=None)
@given(program=st.binary(max_size=60))
def test_any_pickle_in_a_checkpoint_is_data_or_one_clear_error(
    program: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pt") / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
    assert data_or_clear_error(path)


def checkpoint(path: Path, program: bytes, **members: bytes) -> Path:
    """A checkpoint with this pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in members.items():
            archive.writestr(f"archive/data/{name}", content)
    return path


FLOATS = b"((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aX\x03\0\0\0cpuK\x01tQ"
"""The tensor function's arguments, up to a storage `a` of one float."""


def tensor(shape: int, stride: int) -> bytes:
    """The opcodes of a tensor with one axis over that storage."""
    axis = b"J" + struct.pack("<i", shape) + b"\x85J" + struct.pack("<i", stride) + b"\x85"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + FLOATS + b"K\0" + axis + b"\x89NtR"


BOMBS = {
    "a key of nested tuples, twice each": b"}(K\0q\0"
    + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(100))
    + b"Nu.",
    "a list that holds a list twice, again and again": b"]q\0"
    + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(100))
    + b"e.",
    "a device of such lists": b"ctorch\ndevice\n]q\0"
    + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(100))
    + b"\x85R.",
    "a list in itself": b"]q\0h\0a.",
    "lists in each other": b"]" * 5000 + b"a" * 4999 + b".",
    "bytes of a claimed size": b"\x96" + struct.pack("<Q", 1 << 62) + b"x.",
    "a text of a claimed size": b"X" + struct.pack("<I", 0xFFFFFFFF) + b"x.",
    "a long of a claimed size": b"\x8b" + struct.pack("<i", 1 << 30) + b"x.",
    "a memo of a claimed size": b"Nr" + struct.pack("<I", 0xFFFFFFF0) + b"Na.",
    "an element repeated": tensor(1 << 30, 0) + b".",
    "tensors of repeated elements": b"](" + tensor(1 << 17, 0) * 100 + b"e.",
    "a shape of huge numbers": b"ctorch._utils\n_rebuild_tensor_v2\n"
    + FLOATS
    + b"K\0("
    + (b"\x8a\xff" + b"\x7f" * 255) * 3000
    + b"t(tNtR.",
    "numbers whose hashes collide": b"}("
    + b"".join(
        b"\x8a\x0c" + (k * ((1 << 61) - 1)).to_bytes(12, "little") + b"N" for k in range(1, 30_000)
    )
    + b"u.",
    "copies of a text": b"(c_codecs\nencode\nq\0X"
    + struct.pack("<I", 100_000)
    + b"x" * 100_000
    + b"\x85q\x01"
    + b"h\0h\x01R" * 20_000
    + b"t.",
    "more opcodes than allowed": b"N" * 100_000 + b".",
}
"""Small programs that would take a plain interpreter all time or all memory."""


@pytest.mark.parametrize("name", BOMBS)
def test_a_checkpoint_costs_no_more_than_its_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statepickle, "MOST_STEPS", 100_000)
    path = checkpoint(tmp_path / "x.pt", BOMBS[name], a=b"\0\0\x80\x3f")
    tracemalloc.start()
    try:
        with pytest.raises(TttuiError, match=r"x\.pt: damaged or truncated checkpoint"):
            read_pt(path)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_an_object_that_is_referred_to_twice_is_read_twice(tmp_path: Path) -> None:
    shared, weight = {"betas": (0.9, 0.99)}, torch.ones(3)
    state = {"a": shared, "b": [shared, shared], "w": weight, "tied": weight}
    torch.save(state, tmp_path / "x.pt")
    result = read_pt(tmp_path / "x.pt")
    assert result["a"] == shared
    assert result["b"] == [shared, shared]
    assert np.array_equal(result["tied"], result["w"])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_that_torch_writes_binary_is_read(protocol: int, tmp_path: Path) -> None:
    state = OrderedDict(a=torch.arange(3), b=[1, -5, 300, 1 << 40, 0.5, "text", b"bytes", None])
    torch.save(state, tmp_path / "x.pt", pickle_protocol=protocol)
    result = read_pt(tmp_path / "x.pt")
    assert result["a"].tolist() == [0, 1, 2]
    assert result["b"] == state["b"]


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    names = [bytes([code]) for code in range(ord("a"), ord("z") + 1)]
    tensors = [tensor(1, 1).replace(b"\1\0\0\0a", b"\1\0\0\0" + name) for name in names]
    program = b"](" + b"".join(tensors) + b"e."
    plain = checkpoint(tmp_path / "x.pt", program, a=bytes(1_000_000)).read_bytes()
    end = plain.rfind(b"PK\x05\x06")
    size, begin = struct.unpack_from("<2L", plain, end + 12)
    entries = plain[begin:end]
    entry = entries[entries.rfind(b"PK\x01\x02") :]
    for name in names[1:]:
        entries += entry.replace(b"data/a", b"data/" + name)
    tail = plain[end : end + 12] + struct.pack("<2LH", len(entries), begin, 0)
    (tmp_path / "x.pt").write_bytes(plain[:begin] + entries + tail)
    assert size < len(entries)
    with pytest.raises(TttuiError, match="overlap"):
        read_pt(tmp_path / "x.pt")


def test_a_flipped_bit_in_a_tensor_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    content = bytearray(write_pt({"m": np.arange(1000, dtype=np.float32)}))
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(TttuiError, match="another checksum"):
        read_pt(path)


def test_an_archive_of_64_bits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    plain = write_pt({"m": np.arange(4, dtype=np.float32)})
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            with new.open(info.filename, "w", force_zip64=True) as member:
                member.write(old.read(info.filename))
    assert read_pt(path)["m"].tolist() == [0, 1, 2, 3]
