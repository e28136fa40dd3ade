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
