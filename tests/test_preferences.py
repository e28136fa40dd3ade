"""What a person prefers: read from one file, with every mistake named."""

import re
from pathlib import Path

import pytest

from tttui.app import open_app
from tttui.keys import COMMANDS, rebound
from tttui.model.errors import RefusedInput
from tttui.preferences import Preferences, config_path, read_preferences
from tttui.saved_views import views_path
from tttui.store import Store


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "config.toml") == Preferences()


@pytest.mark.parametrize(
    ("text", "fault"),
    [('theme = "lihgt"', "theme: 'lihgt'"), ('[keys]\nstep-forwrd = "b"', "keys.step-forwrd")],
)
def test_what_the_app_does_not_know_is_refused_with_the_file_that_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, fault: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "tttui" / "config.toml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(RefusedInput, match=re.escape(f"{path}: {fault}")):
        open_app(Store([tmp_path]))


def test_the_file_says_theme_mouse_and_keys(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "light"\nmouse = false\n[keys]\nstep-forward = "right,n"\n')
    preferences = read_preferences(path)
    assert (preferences.theme, preferences.mouse, preferences.keys) == (
        "light",
        False,
        {"step-forward": "right,n"},
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("theme = ", "config.toml"),
        ('colour = "red"', "colour"),
        ("mouse = 1", "mouse"),
        ("[keys]\nplay = 5", "keys.play"),
        ('[keys]\nplay = " "', "keys.play"),
    ],
)
def test_a_mistake_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(RefusedInput, match=named):
        read_preferences(path)


def test_the_file_lies_where_configurations_lie(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert config_path(env) == tmp_path / "tttui" / "config.toml"


def test_every_command_has_a_name_of_its_own() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)


def test_a_key_can_be_written_as_its_character() -> None:
    moved = rebound({"transaction-back": "u", "step-back": "["})
    (results,) = (command for command in moved if command.name == "step-back")
    assert results.keys == "left_square_bracket"


def test_other_keys_replace_the_ones_of_a_command() -> None:
    (results,) = (c for c in rebound({"step-forward": "right, )"}) if c.name == "step-forward")
    assert results.keys == "right,)"


@pytest.mark.parametrize(("name", "key"), [("step-back", "f"), ("follow", "[")])
def test_a_key_that_is_taken_is_refused(name: str, key: str) -> None:
    with pytest.raises(RefusedInput, match="already"):
        rebound({name: key})


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(RefusedInput, match="unknown command"):
        rebound({"fly": "f"})


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "light"\n', encoding="utf-8-sig")
    assert read_preferences(path).theme == "light"


def test_without_a_home_there_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tttui.model.here.Path.home", _no_home)
    assert config_path({}) is None
    assert views_path() is None
    assert read_preferences(config_path({})) == Preferences()


def _no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")
