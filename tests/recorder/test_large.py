"""Weights that are too large for a `.pt` file or for the history."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import events, history, meta
from tttui.artifacts import tensorwriter
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.tensorwriter import read_tensors
from tttui.model.errors import RecorderError
from tttui.model.parameters import inventory
from tttui.model.session import Place


def test_large_weights_are_stored_as_safetensors_and_their_statistics(tmp_path: Path) -> None:
    weights = {
        "large": torch.zeros(2300, 2000, dtype=torch.float32),
        "brain": torch.ones(64, 8, dtype=torch.bfloat16),
    }
    with tttui.Recorder(tmp_path / "a", plastic=weights, history_mb=1) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update(trained_on=[0]):
            weights["large"] += 2
            weights["brain"] += 1
    base = read_tensors(tmp_path / "a" / "base_plastic")
    last = read_tensors(tmp_path / "a" / "session" / "plastic_state")
    assert (tmp_path / "a" / "session" / "plastic_state.safetensors").is_file()
    assert last["brain"].dtype == base["brain"].dtype == "bfloat16"
    assert not base["large"].array.any()
    assert (last["large"].array == 2).all()
    assert meta(tmp_path / "a")["kept"] == ["brain"]
    assert history(tmp_path / "a").dtype.names == ("t", "brain")
    said = events(tmp_path / "a")[0]["weights"]["large"]
    assert said["top_sv"] == pytest.approx(2 * (2300 * 2000) ** 0.5, rel=1e-3)
    assert said["delta_fro"] == said["fro"] == pytest.approx(2 * (2300 * 2000) ** 0.5, rel=1e-4)


def test_the_base_comes_back_from_safetensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 0)
    weight = torch.full((3, 4), 0.1, dtype=torch.bfloat16)
    first = weight.clone()
    with tttui.Recorder(tmp_path / "a", plastic={"w": weight}) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update():
            weight += 1
    with tttui.Recorder(tmp_path / "a", plastic={"w": weight}, resume=True) as rec:
        rec.rollback(to="base", why="again")
    assert torch.equal(weight, first)


def test_what_the_history_keeps_can_be_chosen(tmp_path: Path) -> None:
    weights = {name: np.zeros(100, np.float32) for name in ("a.norm", "b.norm", "c")}
    with tttui.Recorder(tmp_path / "a", plastic=weights, keep="*norm"):
        pass
    assert meta(tmp_path / "a")["kept"] == ["a.norm", "b.norm"]
    with pytest.raises(RecorderError, match="keep='x' matches no plastic tensor"):
        tttui.Recorder(tmp_path / "b", plastic=weights, keep="x")


def test_names_that_a_history_cannot_hold_are_left_out_of_it(tmp_path: Path) -> None:
    weights = {name: np.zeros(2, np.float32) for name in ("t", "ü", "w", "s")}
    weights["s"] = np.zeros((), np.float32)
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update():
            for name in weights:
                weights[name] += 1
    assert meta(tmp_path / "a")["kept"] == ["w", "s"]
    assert history(tmp_path / "a")["s"].tolist() == [[0], [1]]
    assert set(events(tmp_path / "a")[0]["weights"]) == {"t", "ü", "w", "s"}


def test_a_thousand_weights_keep_to_the_longest_header(tmp_path: Path) -> None:
    weights = {f"layers.{i}.norm.weight": np.zeros(4, np.float32) for i in range(1000)}
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
    kept = meta(tmp_path / "a")["kept"]
    assert 50 < len(kept) < 1000
    assert len(history(tmp_path / "a").dtype.names or ()) == len(kept) + 1


class Immutable:
    """An array as JAX has them: nobody can write into it."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self._values.flags.writeable = False
        self.shape, self.dtype = values.shape, values.dtype

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return self._values

    def reshape(self, *shape: int) -> np.ndarray:
        return self._values.reshape(*shape)


def test_weights_that_cannot_be_written_are_versioned_and_not_put_back(tmp_path: Path) -> None:
    state = {"w": Immutable(np.zeros((2, 3), np.float32))}
    with tttui.Recorder(tmp_path / "a", plastic=lambda: state) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update():
            state["w"] = Immutable(np.ones((2, 3), np.float32))
        u = rec.update()
        u.__enter__()
        state["w"] = Immutable(np.full((2, 3), 2, np.float32))
        u.rollback("no")
        with pytest.warns(RuntimeWarning, match="w cannot be put back"):
            u.__exit__(None, None, None)
    first, second = events(tmp_path / "a")
    assert first["version"] != first["version_before"]
    assert second["restored"] is False
    assert second["version"] != second["version_before"]


def test_how_far_weights_moved_since_the_start_is_told_without_snapshots(tmp_path: Path) -> None:
    weights = {"w": np.ones((4, 5), np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights, history_mb=1e-6) as rec:
        for t, change in enumerate((3, -1)):
            rec.step(t, adaptive=1.0)
            with rec.update():
                weights["w"] += change
        rec.step(2, adaptive=1.0)
    assert meta(tmp_path / "a")["kept"] == []
    known = inventory(SessionReader(Place(tmp_path / "a", "native")).refresh(), 2)
    assert known.moved[0] == pytest.approx(2 * 20**0.5)
    assert known.since[0] == pytest.approx(20**0.5)
