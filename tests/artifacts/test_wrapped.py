"""Weights of models in wrappers (torch.compile, DataParallel) are read under their own names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.drawnrun import content
from tests.rundirs import make_run
from tttui.artifacts.history import record_dtype
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.reader import SessionReader
from tttui.model.arrays import PLASTIC
from tttui.model.pointmass.settings import Model
from tttui.model.weights import snapshot
from tttui.tasks.pointmass.runs.base import read_base

WRAPPERS = ("_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module.", "module.module.")


def wrapped(state: dict[str, Any], wrapper: str) -> dict[str, Any]:
    return {f"{wrapper}{name}": value for name, value in state.items()}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_weights_and_base_of_a_wrapped_model_are_read(tmp_path: Path, wrapper: str) -> None:
    place = make_run(tmp_path / "a", steps=64, layout="flat")
    plain = SessionReader(place).refresh()
    assert plain.weights is not None
    assert plain.base is not None
    weights, base = (
        place.path / "session" / "plastic_state.pt",
        place.path / "base_checkpoint.pt",
    )
    weights.write_bytes(write_pt(wrapped(read_pt(weights), wrapper)))
    saved = read_pt(base)
    base.write_bytes(write_pt({**saved, "model_state": wrapped(saved["model_state"], wrapper)}))
    data = SessionReader(place).refresh()
    assert data.weights is not None
    assert data.base is not None
    assert data.weights.keys() == plain.weights.keys()
    assert all(np.array_equal(data.weights[k], plain.weights[k]) for k in PLASTIC)
    assert all(np.array_equal(data.base[k], plain.base[k]) for k in (*PLASTIC, "a_raw"))
    assert [p.reason for p in data.problems] == [p.reason for p in plain.problems]
    assert np.array_equal(read_base(base, Model()).weights["a_raw"], plain.base["a_raw"])


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_history_of_a_wrapped_model_is_read(tmp_path: Path, wrapper: str) -> None:
    place = make_run(tmp_path / "a", steps=64)
    made = content(64).weights(1)
    records = np.zeros(2, dtype=record_dtype({wrapper + k: W.shape for k, W in made.items()}))
    records["t"] = [0, 32]
    for name, matrix in made.items():
        records[wrapper + name][1] = matrix
    np.save(place.path / "weights_history.npy", records)
    history = SessionReader(place).refresh().history
    assert history is not None
    shown = snapshot(history, 1).matrices
    assert all(np.array_equal(shown[k], made[k]) for k in PLASTIC)


def test_a_plain_name_goes_before_a_wrapped_one(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64, layout="flat")
    path = place.path / "session" / "plastic_state.pt"
    state = read_pt(path)
    path.write_bytes(write_pt({"module.W_u": state["W_u"] + 1, **state}))
    weights = SessionReader(place).refresh().weights
    assert weights is not None
    assert np.array_equal(weights["W_u"], state["W_u"])
