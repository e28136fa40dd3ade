"""Forks of sessions that other programs wrote, whatever is in their files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import base_of, settings
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.arrays import PLASTIC
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.build import started_with
from tttui.tasks.pointmass.runs.foreign import foreign_checks
from tttui.tasks.pointmass.runs.fork import fork


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A flat session whose last step is after its last commit, with a base that is stable."""
    place = make_run(tmp_path / "theirs", steps=200, layout="flat")
    (place.path / "base_checkpoint.pt").write_bytes(base_of(settings()).content)
    return place


def meta(place: Place, change: Callable[[dict[str, Any]], object]) -> None:
    path = place.path / "session" / "meta.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def optimizer(place: Place, state: object) -> None:
    path = place.path / "session" / "optim_state.pt"
    path.write_bytes(write_pt({"state": state, "param_groups": []}))


SHAPES = {"W_u": (16, 6), "B": (32, 16), "W_o": (4, 32)}
BUFFERS = {i: {"momentum_buffer": np.ones(SHAPES[k], np.float32)} for i, k in enumerate(PLASTIC)}


@pytest.mark.parametrize("key", ["mu", "env_mode", "model_cfg", "plasticity_cfg"])
def test_a_key_that_a_fork_needs_is_named(tmp_path: Path, place: Place, key: str) -> None:
    meta(place, lambda value: value.pop(key))
    with pytest.raises(RefusedInput, match=rf"theirs: meta.json: it lacks {key}$"):
        fork(place, tmp_path)


def test_a_key_that_is_given_need_not_be_there(tmp_path: Path, place: Place) -> None:
    meta(place, lambda value: value.pop("mu"))
    run = fork(place, tmp_path, changes={"mu": 0.2})
    run.close("interrupted")
    assert run.settings.world.mu == 0.2


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("mu", "0.1", "mu is '0.1', not a number"),
        ("mu", float("nan"), "mu is nan, not finite"),
        ("env_mode", "cubic", "env_mode is 'cubic', not one of linear, nonlinear"),
        ("env_cfg", {"dt": "abc"}, "env_cfg.dt is 'abc', not a number"),
        ("model_cfg", [], r"model_cfg is \[\], not an object of keys"),
        ("model_cfg", {"n_state": 10**9}, "n_state is 1000000000, above the largest"),
        ("plasticity_cfg", {"chunk": 1e300}, "plasticity_cfg.chunk is 1000.*, above the largest"),
    ],
)
def test_a_value_that_no_session_can_have_is_named(
    tmp_path: Path, place: Place, key: str, value: object, reason: str
) -> None:
    meta(place, lambda known: known.__setitem__(key, value))
    with pytest.raises(RefusedInput, match=rf"theirs: meta.json: .*{reason}"):
        fork(place, tmp_path)


def test_the_momentum_of_the_parent_goes_on(tmp_path: Path, place: Place) -> None:
    optimizer(place, BUFFERS)
    run = fork(place, tmp_path)
    run.close("interrupted")
    begun = started_with(run.path)
    assert begun is not None
    assert all(np.array_equal(begun[1][k], np.ones(SHAPES[k])) for k in PLASTIC)
    assert run.notices == ()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, "holds no momentum for W_u, B, W_o"),
        ({i: {"exp_avg": np.ones(2, np.float32)} for i in range(3)}, "holds no momentum for"),
        ({i: {"momentum_buffer": None} for i in range(3)}, "the momentum of W_u is no tensor"),
        (
            {**BUFFERS, 1: {"momentum_buffer": np.ones((2, 2), np.float32)}},
            r"the momentum of B has the shape \[2, 2\], B has \[32, 16\]",
        ),
        (
            {**BUFFERS, 2: {"momentum_buffer": np.full((4, 32), np.nan, np.float32)}},
            "the momentum of W_o holds values that are not finite",
        ),
        ([1, 2, 3], "holds no momentum for"),
        (None, "holds no momentum for"),
    ],
)
def test_another_optimizer_is_a_fresh_one_and_that_is_told(
    tmp_path: Path, place: Place, state: object, reason: str
) -> None:
    optimizer(place, state)
    run = fork(place, tmp_path)
    run.close("interrupted")
    begun = started_with(run.path)
    assert begun is not None
    assert not any(begun[1][k].any() for k in PLASTIC)
    (told,) = run.notices
    assert told.endswith("; the fork begins with a fresh optimizer")
    with pytest.raises(TttuiError, match=reason):
        raise TttuiError(told)


def test_an_optimizer_that_is_not_there_is_a_fresh_one(tmp_path: Path, place: Place) -> None:
    (place.path / "session" / "optim_state.pt").unlink()
    run = fork(place, tmp_path)
    run.close("interrupted")
    assert run.notices == ()


ODD: dict[str, object] = {
    "rank": np.zeros((2, 2, 2), np.float32),
    "shape": np.zeros((3, 3), np.float32),
    "whole numbers": np.zeros((16, 6), np.int64),
    "complex": np.zeros((16, 6), np.complex64),
    "empty": np.zeros((0, 6), np.float32),
    "nan": np.full((16, 6), np.nan, np.float32),
    "no tensor": "W_u",
    "nothing": None,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("file", ["base_checkpoint.pt", "session/plastic_state.pt"])
@pytest.mark.filterwarnings("error")
def test_an_odd_tensor_is_named_by_fork_and_never_ends_verify(
    tmp_path: Path, place: Place, file: str, odd: str
) -> None:
    path = place.path / file
    state = read_pt(path)
    (state["model_state"] if file.startswith("base") else state)["W_u"] = ODD[odd]
    path.write_bytes(write_pt(state))
    with pytest.raises(RefusedInput, match=r"W_u"):
        fork(place, tmp_path)
    assert foreign_checks(place)


def test_a_wrapped_model_with_all_its_files_is_forked(tmp_path: Path, place: Place) -> None:
    path = place.path / "session" / "plastic_state.pt"
    plain = read_pt(path)
    path.write_bytes(write_pt({f"module._orig_mod.{k}": v for k, v in plain.items()}))
    base = place.path / "base_checkpoint.pt"
    saved = read_pt(base)
    state = {f"_orig_mod.{k}": v for k, v in saved["model_state"].items()}
    base.write_bytes(write_pt({**saved, "model_state": state}))
    run = fork(place, tmp_path, changes={"steps": 40})
    run.advance(40)
    run.close("completed")
    begun = started_with(run.path)
    assert begun is not None
    assert all(np.array_equal(begun[0][k], plain[k]) for k in PLASTIC)
