"""The settings in a meta.json, whatever its values are."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tttui.model.pointmass.configuration import GROUPS, RUN, WORLD, configuration_of, settings_in
from tttui.model.pointmass.settings import Settings, World

ODD: list[Any] = [
    "abc",
    "0.5",
    "",
    True,
    None,
    math.nan,
    math.inf,
    -math.inf,
    -1,
    0,
    1e300,
    10**400,
    -(10**400),
    2.5,
    [],
    [1, 2],
    {},
    {"a": {"b": 1}},
    "\x00\n\x1b[31m",
    "x" * 1000,
]
"""What a program may have written for any key."""

KEYS = [
    *((group, name) for group, known in GROUPS.items() for name in known),
    *(("", name) for name in (*WORLD, *RUN, *GROUPS, "mu_schedule", "settings_changes")),
    ("run_cfg", "mu_schedule"),
]


def with_value(group: str, name: str, value: Any) -> dict[str, Any]:
    return {name: value} if not group else {group: {name: value}}


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_value_of_any_key_raises_and_what_is_left_are_settings(value: Any) -> None:
    for group, name in KEYS:
        result = configuration_of(with_value(group, name, value))
        assert settings_in(result).validate() == settings_in(result)
        assert all(len(text) < 200 for text in result.wrong)


@pytest.mark.parametrize(
    ("group", "name", "value", "reason"),
    [
        ("env_cfg", "dt", "abc", "env_cfg.dt is 'abc', not a number"),
        ("env_cfg", "dt", "1.0", "env_cfg.dt is '1.0', not a number"),
        ("env_cfg", "dt", math.nan, "env_cfg.dt is nan, not finite"),
        ("env_cfg", "dt", 10**400, "env_cfg.dt is 1" + "0" * 36 + "..., too large"),
        ("env_cfg", "noise_std", -1, "env_cfg.noise_std is -1, below the smallest allowed value 0"),
        ("model_cfg", "n_state", True, "model_cfg.n_state is True, not a whole number"),
        ("model_cfg", "dt", 0, "model_cfg.dt is 0, not above 0"),
        ("plasticity_cfg", "chunk", 2.5, "plasticity_cfg.chunk is 2.5, not a whole number"),
        ("plasticity_cfg", "nesterov", 1, "plasticity_cfg.nesterov is 1, neither true nor false"),
        ("pretraining_cfg", "decay_init", "odd", "decay_init is 'odd', not one of equal, spread"),
        ("run_cfg", "steps", [], "run_cfg.steps is [], not a whole number"),
        ("", "mu", 1.5, "mu is 1.5, above the largest allowed value 1"),
        ("", "env_mode", {}, "env_mode is {}, not one of linear, nonlinear"),
        ("", "seed", -1, "seed is -1, below the smallest allowed value 0"),
        ("", "model_cfg", [1], "model_cfg is [1], not an object of keys"),
        ("", "env_cfg", "x", "env_cfg is 'x', not an object of keys"),
        ("", "mu_schedule", 3, "mu_schedule is 3, not a list"),
        ("", "mu_schedule", [[9, 0.1], [1]], "mu_schedule[1] is [1], not a step and a friction"),
        ("", "mu_schedule", [[True, 0.1]], "mu_schedule[0] is [True, 0.1], not a step"),
        ("", "mu_schedule", [[5, 10**400]], "mu_schedule[0] is [5, 1000"),
        ("", "settings_changes", [{"t": "x"}], "settings_changes[0] is {'t': 'x'}, not a change"),
        (
            "",
            "settings_changes",
            [{"t": 5, "lr": "x"}],
            "settings_changes[0].lr is 'x', not a number",
        ),
        ("", "Plasticity_cfg", {}, "Plasticity_cfg is not read: the key is plasticity_cfg"),
        ("env_cfg", "DT", 2.0, "env_cfg.DT is not read: the key is dt"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(group: str, name: str, value: Any, reason: str) -> None:
    (wrong,) = configuration_of(with_value(group, name, value)).wrong
    assert reason in wrong


def test_what_is_wrong_has_its_default_and_the_rest_counts() -> None:
    meta = {"env_cfg": {"mu_min": "low", "mu_max": 0.4, "dt": -1}, "env_mode": "nonlinear"}
    result = configuration_of(meta)
    assert settings_in(result).world == World(env_mode="nonlinear", mu_max=0.4)
    assert result.recorded["env_cfg"] == {"mu_max": 0.4}


def test_whole_numbers_may_be_written_as_floats() -> None:
    result = configuration_of({"plasticity_cfg": {"chunk": 16.0}, "seed": 3.0})
    assert (settings_in(result).plasticity.chunk, settings_in(result).seed) == (16, 3)
    assert type(settings_in(result).plasticity.chunk) is int
    assert result.wrong == ()


def test_the_step_of_the_model_counts_where_the_world_says_none() -> None:
    for meta in ({"model_cfg": {"dt": 0.5}}, {"model_cfg": {"dt": 0.5}, "env_cfg": {"dt": "x"}}):
        settings = settings_in(configuration_of(meta))
        assert (settings.world.dt, settings.model.dt) == (0.5, 0.5)


def test_bounds_that_contradict_each_other_are_named() -> None:
    result = configuration_of({"env_cfg": {"mu_min": 0.5, "mu_max": 0.1}})
    assert result.wrong == ("env_cfg.mu_min is 0.5, above mu_max 0.1",)
    assert settings_in(result).world == World()


def test_changes_are_kept_without_those_that_are_wrong() -> None:
    result = configuration_of(
        {
            "mu_schedule": [[10, 0.1], "x", [20, 0.3]],
            "settings_changes": [{"t": 5, "lr": 0.1, "anchor": "x"}, {"lr": 1}],
        }
    )
    assert result.truth_changes == ((10, 0.1), (20, 0.3))
    assert result.settings_changes == ((5, {"lr": 0.1}),)


def test_keys_that_are_no_option_are_ignored() -> None:
    result = configuration_of({"x": [], "env_cfg": {"y": {}}, "plasticity_cfg": {"inner_steps": 6}})
    assert result.wrong == ()
    assert settings_in(result) == replace(Settings(), model=settings_in(result).model)
