"""Torch checkpoints are data: exact both ways, and whatever else a file holds is refused."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
        found = theirs.numpy() if isinstance(theirs, torch.Tensor) else theirs
        return (
            isinstance(found, np.ndarray)
            and found.dtype == ours.dtype
            and found.shape == ours.shape
            and np.array_equal(found, ours)
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
    found = read_pt(path)
    assert np.array_equal(found["transposed"], np.arange(12.0).reshape(3, 4).T)
    assert np.array_equal(found["slice"], np.arange(4.0, 12.0))
    assert np.array_equal(found["parameter"], np.ones(2))
    assert np.array_equal(found["bfloat16"], [1.5, np.nan], equal_nan=True)
    assert found["rng"].dtype == np.uint8
    assert found["state"]["weight"].shape == (2, 2)
    assert found["dtype"] == "torch.float32"
    assert found["size"] == (2, 3)


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
