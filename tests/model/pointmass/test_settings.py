"""Settings: one place for defaults, ranges and names."""

import json
import math
from typing import Any

import pytest

from tttui.model.errors import SettingError
from tttui.model.pointmass.settings import OWNER, PRESETS, Settings
from tttui.model.setting import options


def test_defaults_are_valid() -> None:
    assert Settings().validate() == Settings()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid(preset: str) -> None:
    Settings().with_preset(preset).validate()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mu", -0.1),
        ("mu", math.nan),
        ("chunk", 0),
        ("chunk", 1.5),
        ("chunk", True),
        ("lr", 0.0),
        ("lr", math.inf),
        ("noise_std", -1e-9),
        ("env_mode", "cubic"),
        ("nesterov", "yes"),
        ("steps", 0),
        ("device", ""),
        ("min_buffer", 500),
        ("mu_min", 0.9),
    ],
)
def test_an_impossible_setting_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Settings().updated({name: value}).validate()
    assert caught.value.name == name
    assert name in str(caught.value)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingError, match="friction: unknown setting"):
        Settings().updated({"friction": 0.1})


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(SettingError, match="stable, plain"):
        Settings().with_preset("fast")


def test_flat_settings_make_the_same_settings_again() -> None:
    changed = Settings().updated({"mu": 0.1, "chunk": 8, "dt": 0.5, "seed": 7, "lr": 0.1})
    flat = changed.flat()
    flat["mu_schedule"] = tuple(map(tuple, flat["mu_schedule"]))
    assert Settings().updated(flat) == changed


def test_dt_is_shared_by_world_and_model() -> None:
    changed = Settings().updated({"dt": 0.5})
    assert changed.world.dt == changed.model.dt == 0.5


def test_every_option_says_what_it_is() -> None:
    groups = (Settings().world, Settings().model, Settings().plasticity, Settings().pretraining)
    for group in (*groups, Settings()):
        for spec in options(group):
            assert spec.help
            assert spec.name in OWNER


def test_a_schedule_out_of_a_json_file_is_the_same_settings() -> None:
    chosen = Settings(mu_schedule=((300, 0.3),))
    known = Settings().updated(json.loads(json.dumps(chosen.flat())))
    assert known == chosen
    assert hash(known) == hash(chosen)
