"""meta.json says everything that a run used, and gives it back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tttui.model.pointmass.configuration import configuration_of, settings_in
from tttui.model.pointmass.settings import PRESETS, Settings
from tttui.tasks.pointmass.runs.writer import model_signature, new_meta

KEYS = {
    "mu": 0.2,
    "env_mode": "nonlinear",
    "mu_min": 0.1,
    "mu_max": 0.4,
    "noise_std": 0.01,
    "action_std": 0.7,
    "dt": 0.5,
    "threshold_scale": 3.0,
    "static_mult": 1.5,
    "dynamic_mult": 0.75,
    "u_dim": 8,
    "n_state": 12,
    "decay_init": "equal",
    "chunk": 16,
    "buffer_len": 64,
    "lr": 0.01,
    "whiten": False,
    "pretrain_steps": 100,
    "seed": 7,
    "steps": 99,
    "device": "cuda:1",
    "checkpoint_s": 9.0,
    "history_mb": 3,
    "mu_schedule": ((100, 0.3), (200, 0.05)),
}


def meta_of(settings: Settings, mu: float = 0.1) -> dict[str, object]:
    """What a reader finds in the meta.json of a session with these settings."""
    meta = new_meta(settings, session_id="a", base_ckpt_hash="abc", mu=mu)
    document: dict[str, object] = json.loads(json.dumps(meta))
    return document


def test_every_setting_comes_back() -> None:
    settings = Settings().updated(KEYS)
    result = configuration_of(meta_of(settings, mu=0.2))
    assert result.settings == settings
    assert result.wrong == ()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_comes_back(preset: str) -> None:
    settings = Settings().with_preset(preset)
    assert settings_in(configuration_of(meta_of(settings))).plasticity == PRESETS[preset]


def test_every_setting_stands_somewhere_in_meta() -> None:
    text = json.dumps(new_meta(Settings(), session_id="a", base_ckpt_hash="abc", mu=0.1))
    assert not [name for name in Settings().flat() if f'"{name}"' not in text]


def test_the_drawn_friction_is_what_meta_says() -> None:
    assert settings_in(configuration_of(meta_of(Settings(), mu=0.17))).world.mu == 0.17


def test_unknown_and_missing_keys_are_fine() -> None:
    meta = meta_of(Settings()) | {"something_new": 1}
    del meta["env_cfg"], meta["run_cfg"]
    expected = replace(Settings(), world=replace(Settings().world, mu=0.1))
    assert settings_in(configuration_of(meta)) == expected


def test_a_foreign_session_ran_the_plain_loop() -> None:
    cfg = {"lr": 0.005, "chunk": 8, "buffer_len": 16, "adjust_lr_fn": None}
    result = settings_in(configuration_of({"mu": 0.1, "plasticity_cfg": cfg}))
    assert result.plasticity == replace(PRESETS["plain"], chunk=8, buffer_len=16, min_buffer=16)
    assert result.model.decay_init == "equal"


def test_the_signature_is_the_one_that_others_compute(foreign_data: Path) -> None:
    for path in foreign_data.rglob("meta.json"):
        meta = json.loads(path.read_text())
        signature = model_signature(meta["model_cfg"], meta["base_ckpt_hash"])
        assert signature == meta["model_signature"]
