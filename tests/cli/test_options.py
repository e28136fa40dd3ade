"""Where settings come from, and what is said when one is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tttui.cli.options import read_config, typed_values, values_from
from tttui.cli.run import command as run_command
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.pointmass.settings import OWNER, PRESETS, Settings
from tttui.tasks.pointmass.runs.runner import PointMassRunner
from tttui.tasks.pointmass.task import PointMass

SPECS = PointMass.all_settings()


def settings_from(
    values: Mapping[str, Any], *, config: Path | None = None, preset: str | None = None
) -> Settings:
    """The settings that the command line makes of options, a file and a preset."""
    runner = PointMassRunner(PointMass)
    return runner.choose(values_from(runner, {**values, "preset": preset}, config))


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_options_win_over_the_file_which_wins_over_the_preset(tmp_path: Path) -> None:
    path = config(tmp_path, "lr = 0.004\nchunk = 16\n")
    settings = settings_from({"chunk": 8}, config=path, preset="plain")
    assert (settings.plasticity.chunk, settings.plasticity.lr) == (8, 0.004)
    assert settings.plasticity.inner_steps == 1


def test_a_preset_in_the_file_is_used_unless_one_is_given(tmp_path: Path) -> None:
    path = config(tmp_path, 'preset = "plain"\n')
    assert settings_from({}, config=path).plasticity == PRESETS["plain"]
    assert settings_from({}, config=path, preset="stable").plasticity == PRESETS["stable"]


def test_settings_in_tables_named_as_their_groups_are_read(tmp_path: Path) -> None:
    path = config(tmp_path, "[world]\nmu = 1\n[plasticity]\nnesterov = false\n")
    settings = settings_from({}, config=path)
    assert isinstance(settings.world.mu, float)
    assert settings.plasticity.nesterov is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chnk = 3\n", "unknown setting 'chnk'; did you mean 'chunk'"),
        ("chunk = \n", "is not valid TOML"),
        ('preset = "best"\n', "not one of stable, plain"),
        ("chunk = 0\n", "chunk: 0 is below"),
        ('chunk = "many"\n', "is not a whole number"),
        ("mu_schedule = 3\n", "MU@STEP"),
        ("nesterov = 1\n", "neither true nor false"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = config(tmp_path, text)
    with pytest.raises(RefusedInput, match=said) as caught:
        settings_from({}, config=path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read"):
        read_config(tmp_path / "no.toml", PointMass)


def test_a_schedule_in_the_file_is_sorted_by_step(tmp_path: Path) -> None:
    path = config(tmp_path, 'mu_schedule = ["0.3@200", "0.1@100"]\n')
    assert settings_from({}, config=path).mu_schedule == ((100, 0.1), (200, 0.3))


def test_a_value_outside_its_range_names_the_option() -> None:
    with pytest.raises(SettingError, match="noise_std"):
        settings_from({"noise_std": float("nan")})


def test_only_what_was_typed_counts_as_given() -> None:
    assert typed_values({"mu": None, "chunk": 8, "mu_schedule": None}) == {"chunk": 8}


def test_a_schedule_entry_is_mu_at_step() -> None:
    assert SPECS["mu_schedule"].parsed("0.3@200") == ((200, 0.3),)


def test_every_setting_that_can_vary_has_an_option_in_the_help() -> None:
    text = CliRunner().invoke(run_command, ["--help"]).output
    fixed = {"obs_dim", "act_dim", "z_dim"}
    missing = [n for n in OWNER if n not in fixed and "--" + n.replace("_", "-") not in text]
    assert missing == []


def test_the_help_tells_default_unit_and_range() -> None:
    text = " ".join(CliRunner().invoke(run_command, ["--help"]).output.split())
    assert (
        "standard deviation of the process noise that every step adds to z [default 0; at least 0]"
        in text
    )
    assert SPECS["chunk"].help in text


def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("lr = 0.004\n", encoding="utf-8-sig")
    assert settings_from({}, config=path).plasticity.lr == 0.004
