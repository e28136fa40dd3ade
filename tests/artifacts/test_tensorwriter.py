"""Weights of any size and dtype come back as they were written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tttui.artifacts import tensorwriter
from tttui.artifacts.tensorwriter import Stored, read_tensors, write_tensors
from tttui.model.errors import TttuiError

BF16 = Stored("bfloat16", np.array([[0x3F80, 0xC000], [0x7FC0, 0x0001]], dtype=np.uint16))
TENSORS = {
    "a.weight": Stored.of(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "b": Stored.of(np.array(2.5)),
    "half": Stored.of(np.ones(3, dtype=np.float16)),
    "brain": BF16,
    "empty": Stored.of(np.zeros((0, 4), np.float32)),
}


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 0)


def test_small_weights_are_a_checkpoint_of_torch(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "w", TENSORS)
    assert path == tmp_path / "w.pt"
    result = torch.load(path, weights_only=True)
    assert list(result) == list(TENSORS)
    assert result["brain"].dtype == torch.float32
    assert np.array_equal(result["brain"].numpy(), BF16.numbers(), equal_nan=True)


@pytest.mark.usefixtures("everything_is_large")
def test_large_weights_are_safetensors_that_its_library_reads(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "w", TENSORS)
    assert path == tmp_path / "w.safetensors"
    result = load_file(path)
    assert sorted(result) == sorted(TENSORS)
    assert result["brain"].dtype == torch.bfloat16
    assert np.array_equal(result["brain"].view(torch.uint16).numpy(), BF16.array)
    assert result["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tuple(result["empty"].shape) == (0, 4)


@pytest.mark.usefixtures("everything_is_large")
def test_safetensors_come_back_bit_by_bit(tmp_path: Path) -> None:
    tensors = read_tensors(write_tensors(tmp_path / "w", TENSORS).with_suffix(""))
    for name, stored in TENSORS.items():
        assert tensors[name].dtype == stored.dtype
        assert tensors[name].array.tobytes() == stored.array.tobytes()
        assert tensors[name].shape == stored.shape


def test_the_file_of_the_other_size_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tensors(tmp_path / "w", TENSORS)
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 0)
    write_tensors(tmp_path / "w", TENSORS)
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        (1 << 60).to_bytes(8, "little"),
        b"\x02" + b"\0" * 7 + b"{}"[:1],
        b"\x02" + b"\0" * 7 + b"[]",
        b"\x0f" + b"\0" * 7 + b'{"a":{"dtype":1',
    ],
)
def test_damaged_safetensors_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(TttuiError, match=r"w\.safetensors: (has no whole header|its header )"):
        read_tensors(tmp_path / "w")


@pytest.mark.usefixtures("everything_is_large")
def test_cut_off_safetensors_are_named(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "w", TENSORS)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(TttuiError, match="lies outside of the file"):
        read_tensors(tmp_path / "w")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "session").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(TttuiError, match="nothing is written through links"):
        write_tensors(tmp_path / "session" / "plastic_state", TENSORS)
