"""One description of a setting, and the one parser of its values."""

from dataclasses import dataclass

import pytest

from tttui.model.adaptation import Conduct
from tttui.model.errors import SettingError
from tttui.model.pointmass.settings import Plasticity, Settings, World
from tttui.model.setting import Setting, option, options, setting_of


@dataclass(frozen=True, slots=True)
class Own:
    """A task's."""

    count: int = option(3, "a count", minimum=1)
    limit: float | None = option(None, "a limit", above=0.0, absent="no limit")
    name: str = option("", "a name")
    path: str = option("-", "a document", file=True)
    on: bool = option(True, "a switch")


def test_the_kind_follows_from_the_annotation() -> None:
    assert [one.kind for one in options(Own)] == ["count", "number", "text", "file", "switch"]
    assert setting_of(Conduct, "steps").kind == "count"
    assert setting_of(Settings, "mu_schedule").kind == "list"


@pytest.mark.parametrize(
    ("setting", "typed", "value"),
    [
        (setting_of(Own, "count"), " 7 ", 7),
        (setting_of(Own, "limit"), "2", 2.0),
        (setting_of(Own, "on"), "off", False),
        (setting_of(World, "env_mode"), "nonlinear", "nonlinear"),
        (setting_of(Settings, "mu_schedule"), "0.3@200, 0.1@40", ((40, 0.1), (200, 0.3))),
    ],
)
def test_what_is_typed_becomes_a_value_of_the_settings_type(
    setting: Setting, typed: str, value: object
) -> None:
    assert setting.parsed(typed) == value
    assert type(setting.parsed(typed)) is type(value)


@pytest.mark.parametrize(
    ("setting", "typed", "said"),
    [
        (setting_of(Own, "count"), "1.5", "count: 1.5 is not a whole number"),
        (setting_of(Own, "count"), "0", "count: 0 is below the smallest allowed value 1"),
        (setting_of(Own, "limit"), "-", "limit: '-' is not a number"),
        (setting_of(Own, "on"), "perhaps", "on: 'perhaps' is neither true nor false"),
        (setting_of(Plasticity, "gate_norm"), "x", "gate_norm: 'x' is not one of whitened, raw"),
        (setting_of(Settings, "mu_schedule"), "0.3", "write MU@STEP, such as 0.3@200"),
        (setting_of(Settings, "mu_schedule"), "3@200", "needs a step >= 0 and 0 <= mu <= 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(setting: Setting, typed: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        setting.parsed(typed)


def test_a_value_reads_as_it_is_typed() -> None:
    for group in (World, Plasticity, Own):
        for one in options(group):
            if one.default not in (None, ""):
                assert one.parsed(one.text(one.default)) == one.default


def test_what_was_typed_becomes_words_of_a_command_line() -> None:
    assert setting_of(Own, "on").words("off") == ["--no-on"]
    assert setting_of(Settings, "mu_schedule").words("0.3@9 0.1@20") == [
        *("--mu-schedule", "0.3@9", "--mu-schedule", "0.1@20")
    ]
    assert setting_of(Own, "count").words("") == []
