"""Large tensors are shown by blocks, and nothing extreme in them is lost."""

import numpy as np
import pytest

from tttui.model import tensors
from tttui.model.schema import TensorSpec, matrix_shape
from tttui.model.tensors import Changed, Loaded, condensed, figures, whole


@pytest.mark.parametrize(
    ("shape", "matrix"),
    [((), (1, 1)), ((7,), (1, 7)), ((3, 4), (3, 4)), ((2, 3, 4, 5), (2, 60)), ((2, 0, 3), (2, 0))],
)
def test_every_tensor_is_a_matrix(shape: tuple[int, ...], matrix: tuple[int, int]) -> None:
    assert matrix_shape(shape) == matrix
    assert TensorSpec("w", shape).flattened == (len(shape) > 2)


@pytest.mark.parametrize("shape", [(17, 23), (1, 1000), (400, 3), (7,), (5, 4, 30)])
def test_a_condensed_element_is_the_extreme_of_its_block(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "CONDENSED", 50)
    monkeypatch.setattr(tensors, "AT_ONCE", 100)
    loaded = Loaded.of({"w": np.random.default_rng(0).normal(size=shape).astype(np.float32)})
    W, small = whole(loaded, "w"), condensed(loaded, "w")
    result, (down, across) = small
    assert result.size <= 100
    for i, j in np.ndindex(*result.shape):
        block = W[i * down : (i + 1) * down, j * across : (j + 1) * across]
        assert result[i, j] == block.reshape(-1)[np.abs(block).argmax()]


def test_a_change_is_read_where_both_have_the_tensor() -> None:
    after = Loaded.of({"a": np.ones((2, 2)), "b": np.ones(3), "c": np.ones(1)})
    before = Loaded.of({"a": np.full((2, 2), 0.25), "b": np.ones(4)})
    change = Changed(after, before)
    assert list(change.specs) == ["a"]
    assert (whole(change, "a") == 0.75).all()


def test_figures_are_those_of_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "AT_ONCE", 8)
    W = np.random.default_rng(1).normal(size=(9, 4))
    known = figures(Loaded.of({"w": W}), "w")
    assert known.fro == pytest.approx(np.linalg.norm(W))
    assert known.max_abs == pytest.approx(np.abs(W).max())
    assert known.mean == pytest.approx(W.mean())
    assert known.std == pytest.approx(W.std())
