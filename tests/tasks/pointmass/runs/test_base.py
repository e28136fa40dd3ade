"""Where the base of a session comes from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tttui.artifacts.ptfile import write_pt
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import Pretraining, Settings
from tttui.tasks.pointmass.runs.base import cache_path, find_base, read_base, train_base

SHORT = replace(Settings(), pretraining=Pretraining(pretrain_steps=3, pretrain_seq=8))


@pytest.mark.parametrize("decay_init", ["spread", "equal"])
@pytest.mark.parametrize("env_mode", ["linear", "nonlinear"])
def test_the_default_settings_need_no_pretraining(
    tmp_path: Path, decay_init: str, env_mode: str
) -> None:
    chosen = Settings().updated({"decay_init": decay_init, "env_mode": env_mode})
    assert find_base(tmp_path, chosen) is not None


def test_a_trained_base_is_found_again_by_its_settings_alone(tmp_path: Path) -> None:
    made = train_base(tmp_path, SHORT)
    base = find_base(tmp_path, SHORT)
    assert base is not None
    assert base.sha256 == made.sha256
    other = replace(SHORT, pretraining=replace(SHORT.pretraining, pretrain_seed=1))
    assert find_base(tmp_path, other) is None


def test_a_damaged_base_in_the_cache_is_trained_again(tmp_path: Path) -> None:
    made = train_base(tmp_path, SHORT)
    cache_path(tmp_path, SHORT).write_bytes(b"half")
    assert find_base(tmp_path, SHORT) is None
    assert train_base(tmp_path, SHORT).sha256 == made.sha256


def test_settings_of_the_update_do_not_ask_for_another_base(tmp_path: Path) -> None:
    made = train_base(tmp_path, SHORT)
    base = find_base(tmp_path, SHORT.updated({"lr": 0.5, "momentum": 0.1, "chunk": 8, "seed": 9}))
    assert base is not None
    assert base.sha256 == made.sha256


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a_raw": np.full(32, np.nan, np.float32)}, "not finite"),
        ({"a_raw": np.full(32, -200.0, np.float32)}, "outside"),
        ({"B": np.zeros((2, 2), np.float32)}, r"B has shape \[2, 2\]"),
        ({"W_o": 3}, "W_o is missing"),
    ],
)
def test_a_base_with_wrong_weights_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    base = find_base(tmp_path, Settings())
    assert base is not None
    path = tmp_path / "base.pt"
    path.write_bytes(write_pt({"model_state": {**base.weights, **change}, "cfg": {}}))
    with pytest.raises(RefusedInput, match=said):
        read_base(path, Settings().model)
