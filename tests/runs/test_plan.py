"""What a launch form holds: checks, the command line, the estimate."""

from pathlib import Path

import pytest

from tttui.model.pointmass.settings import OWNER
from tttui.model.session import Place
from tttui.model.status import Status
from tttui.runs.plan import LaunchPlan, measured_speed
from tttui.runs.runner import named_runner
from tttui.tasks.find import SHIPPED, find_task


def plan(tmp_path: Path, **typed: str) -> LaunchPlan:
    return LaunchPlan("run", tmp_path, typed)


def test_the_form_has_every_setting_that_can_vary() -> None:
    own = {"task", "name", "preset", "base", "speed_limit", "paused", "fault"}
    assert set(plan(Path()).names) == set(OWNER) - {"obs_dim", "act_dim", "z_dim"} | own


@pytest.mark.parametrize(
    ("name", "typed", "wrong"),
    [
        ("steps", "many", "'many' is not a whole number"),
        ("steps", "0", "0 is below the smallest allowed value 1"),
        ("steps", "1.5", "1.5 is not a whole number"),
        ("mu", "nan", "nan is not finite"),
        ("mu", "1e400", "inf is not finite"),
        ("whiten", "maybe", "'maybe' is neither true nor false"),
        ("name", "../up", "is a path"),
        ("preset", "wild", "not one of stable, plain"),
        ("device", "abacus", "choose cpu, cuda or cuda:N"),
        ("paused", "perhaps", "neither true nor false"),
        ("speed_limit", "0", "not above 0"),
        ("mu_min", "0.9", "is above mu_max"),
        ("device", "cuda:x", "choose cpu, cuda or cuda:N"),
        ("mu_schedule", "0.3", "write MU@STEP"),
        ("mu_schedule", "3@200", "needs a step >= 0 and 0 <= mu <= 1"),
        ("fault", "warm@3", "unknown kind 'warm'"),
        ("fault", "disk@3", "choose another"),
    ],
)
def test_every_field_is_checked(tmp_path: Path, name: str, typed: str, wrong: str) -> None:
    assert wrong in plan(tmp_path, **{name: typed}).problems()[name]


def test_what_is_typed_becomes_options(tmp_path: Path) -> None:
    words = plan(
        tmp_path, name="a", lr="0.01", whiten="off", nesterov="on", paused="on", steps=" "
    ).words()
    assert words[:3] == ["run", "--root", str(tmp_path)]
    assert words[3:] == ["--name", "a", "--lr", "0.01", "--paused", "--nesterov", "--no-whiten"]


def test_lists_become_one_option_each(tmp_path: Path) -> None:
    words = plan(tmp_path, mu_schedule="0.3@200, 0.1@400", fault="nan@20 mu@60").words()
    assert words[3:] == [
        *("--mu-schedule", "0.3@200", "--mu-schedule", "0.1@400"),
        *("--fault", "nan@20", "--fault", "mu@60"),
    ]


def test_a_fork_cannot_begin_after_its_parents_end(tmp_path: Path) -> None:
    forked = LaunchPlan("fork", tmp_path, {"at": "65"}, Place(tmp_path / "a", "native"), last=64)
    assert "has run 64 steps" in forked.problems()["at"]


def test_a_base_that_has_to_be_trained_first_is_in_the_estimate(tmp_path: Path) -> None:
    told = plan(tmp_path, pretrain_steps="4000").estimate(None, None)
    assert told.startswith("no base fits: pretraining 4000 steps first, 2")
    assert "pretraining" not in plan(tmp_path).estimate(None, None)


def test_a_preset_changes_the_defaults(tmp_path: Path) -> None:
    assert plan(tmp_path).defaults()["lr"] == "0.02"
    assert plan(tmp_path, preset="plain").defaults()["lr"] == "0.005"
    assert plan(tmp_path).defaults()["mu"] == "random"


def test_resuming_asks_only_for_what_can_change(tmp_path: Path) -> None:
    resumed = LaunchPlan("resume", tmp_path, {"steps": "5"}, Place(tmp_path / "a", "native"))
    assert resumed.names == ("steps", "speed_limit", "paused")
    assert resumed.words() == ["resume", str(tmp_path / "a"), "--steps", "5"]


def test_the_estimate_counts_with_what_was_measured(tmp_path: Path) -> None:
    told = plan(tmp_path, steps="20000").estimate(1000.0, 500.0)
    assert told.startswith("20000 steps: about 20 s at 1000 steps/s")
    assert "10 MB on disk" in told
    assert "at 10 steps/s" in plan(tmp_path, speed_limit="10").estimate(1000.0, None)
    assert "not known" in plan(tmp_path).estimate(None, None)
    assert plan(tmp_path, steps="0").estimate(1000.0, None) == ""


def test_speeds_of_runs_that_were_slowed_down_do_not_count() -> None:
    fast = Status("completed", "completed", steps_per_second=3000.0)
    slow = Status("running", "running", steps_per_second=50.0, speed_limit=50.0)
    assert measured_speed([fast, slow, None]) == 3000.0
    assert measured_speed([slow]) is None


def test_what_people_change_most_comes_first_and_is_known() -> None:
    for task in map(find_task, SHIPPED):
        assert set(task.first) <= set(task.all_settings()), task.name


def test_the_estimate_of_a_text_counts_its_windows_and_its_snapshots(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(b"x" * 6400)
    text = plan(tmp_path).with_typed("task", "text").with_typed("file", str(path))
    assert text.problems() == {}
    assert text.estimate(10.0, None).startswith("100 steps: about 10 s at 10 steps/s")
    assert "39.4 MB on disk" in text.estimate(10.0, None)
    assert text.words()[3:] == ["--task", "text", "--file", str(path)]


def test_a_fork_takes_a_preset_or_the_parents_options(tmp_path: Path) -> None:
    parent = named_runner("pointmass").flat({"lr": 0.5, "mu": 0.1})
    forked = LaunchPlan("fork", tmp_path, {}, Place(tmp_path / "a", "native"), like=parent)
    assert forked.defaults()["lr"] == "0.5"
    assert forked.with_typed("preset", "plain").defaults()["lr"] == "0.005"
    assert forked.with_typed("preset", "plain").defaults()["mu"] == "0.1"
    assert "base" not in forked.names
    assert "pretrain_steps" not in forked.names
