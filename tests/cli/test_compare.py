"""`tttui compare`: several sessions side by side, as a table and as JSON."""

import json
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.cli.main import main


@pytest.fixture(autouse=True)
def _two_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "a", steps=200, mu=0.1)
    make_run(tmp_path / "runs" / "b", steps=200, seed=3, mu=0.2)


def test_the_table_has_numbers_and_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a", "b"]) == 0
    out = capsys.readouterr().out
    assert "adaptive MSE" in out
    assert "*" in out
    differing = out.split("settings that differ")[1]
    assert ["world", "mu", "0.1", "0.2"] in [line.split() for line in differing.splitlines()]


def test_different_trajectories_are_warned_about_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["compare", "a", "b"])
    caught = capsys.readouterr()
    assert "warning: Different trajectories" in caught.err
    assert "warning" not in caught.out


def test_json_holds_the_numbers_settings_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a", "b", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [s["name"] for s in document["sessions"]] == ["a", "b"]
    adaptive = next(m for m in document["metrics"] if m["name"] == "adaptive MSE")
    assert len(adaptive["values"]) == 2
    assert adaptive["best"] in ("a", "b")
    assert document["warnings"]


def test_one_session_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a"]) == 2
    assert "two or more" in capsys.readouterr().err


def test_a_session_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_equal_settings_are_said_to_be_equal(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("runs/c"), steps=200, mu=0.1)
    assert main(["compare", "a", "c"]) == 0
    assert "No recorded setting differs" in capsys.readouterr().out


def test_the_transfer_matrix_has_a_row_for_the_base_and_a_conclusion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", "a", "b", "--transfer"]) == 0
    out = capsys.readouterr().out
    assert "The diagonal wins in" in out
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert lines["frozen base"].count("(1 x)") == 2
    assert "a, mu 0.1" in lines
    assert "b, mu 0.2" in lines


def test_a_session_without_commits_is_left_out_of_the_transfer_matrix(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_run(Path("runs/new"), steps=20, mu=0.3)
    assert main(["compare", "a", "b", "new", "--transfer", "--json"]) == 0
    tested = json.loads(capsys.readouterr().out)["transfer"]
    assert tested["worlds"] == ["a", "b"]
    assert tested["mu"] == [0.1, 0.2]
    assert tested["left_out"] == [
        "new has no commit in force; its weights are those that it began with"
    ]
    assert len(tested["frozen_base"]) == 2
    assert tested["errors"]["a"][0] / tested["frozen_base"][0] == pytest.approx(
        tested["times_frozen_base"]["a"][0]
    )


def test_sessions_of_different_lengths_are_compared_over_common_steps_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_run(Path("runs/short"), steps=20, mu=0.1)
    main(["compare", "a", "short"])
    caught = capsys.readouterr()
    assert "warning: Different lengths" in caught.err
    assert "adaptive MSE, t 0 to 19" in caught.out


def test_an_improvement_says_in_a_word_which_way_it_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["compare", "a", "b"])
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("improvement"))
    assert line.count("better") + line.count("worse") == 2
