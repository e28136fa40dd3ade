"""Commands on sessions of any model: their own words, and refusals that say why."""

import json
from pathlib import Path

import pytest

from tests.recorded import make_recorded, small_module
from tests.rundirs import make_run
from tttui.cli.main import main


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return make_recorded(
        tmp_path / "root" / "demo", steps=640, model=small_module(), frozen_every=8
    ).path


def out(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 0
    return capsys.readouterr().out


def test_show_speaks_of_the_task_and_its_loss(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = out(capsys, "show", str(session))
    assert "over the last 80 steps at which frozen was evaluated" in said
    assert "loss          cross-entropy (nats), lower is better" in said
    assert "parameters    3 learn, with 420 elements" in said
    assert "frozen        evaluated at 80 of 640 steps" in said
    assert "rollback_recall_0_8  (recall < 0.8)" in said
    assert "mu" not in said.split()
    assert "problems" not in said


def test_show_as_a_document_names_the_loss(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads(out(capsys, "show", str(session), "--json"))
    assert (said["task"], said["loss"], said["unit"]) == ("recorded", "cross-entropy", "nats")
    assert said["lower_is_better"] is True
    assert said["problems"] == []
    assert said["findings"] == []


def test_a_list_of_several_tasks_has_columns_for_them(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(session.parent / "mass", steps=64)
    lines = out(capsys, "ls", str(session.parent)).splitlines()
    assert lines[0].split()[:4] == ["session", "state", "task", "loss"]
    assert "recorded   cross-entropy (nats)" in lines[1]
    assert "pointmass  MSE" in lines[2]


def test_nothing_is_damaged(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing is damaged" in out(capsys, "fsck", str(session))


def test_damage_is_found(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = session / "session" / "plastic_state.pt"
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["fsck", str(session)]) == 1
    assert "plastic_state.pt" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [("resume",), ("verify",), ("fork", "--name", "other")],
    ids=lambda words: words[0],
)
def test_only_its_own_program_goes_on_with_a_recorded_session(
    session: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main([words[0], str(session), *words[1:]]) == 2
    assert "a recorder wrote it; only its own program goes on with it" in capsys.readouterr().err


def test_different_losses_are_warned_of(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = make_recorded(session.parent / "other", loss="accuracy").path
    assert main(["compare", str(session), str(other)]) == 0
    said = capsys.readouterr()
    assert "Different losses: cross-entropy (nats) for demo, accuracy for other" in said.err
    assert "kept" not in said.out
    assert "nats" in said.out
    assert "*" not in said.out  # none is the best


def test_transfer_is_refused_where_no_two_sessions_have_a_world(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(session.parent / "mass", steps=40).path
    assert main(["compare", str(session), str(other), "--transfer"]) == 2
    said = capsys.readouterr()
    assert "Transfer takes two sessions of the point mass" in said.err
    assert "demo is of the task recorded." in said.err
    assert not said.out


def test_a_named_parameter_is_exported(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "w.csv"
    words = ("export", str(session), "--what", "weights", "--parameter", "conv.kernel")
    out(capsys, *words, "--out", str(target))
    rows = target.read_text().splitlines()
    assert len(rows) == 1 + 4 * 27
    assert rows[1].startswith("conv.kernel,")


def test_a_parameter_that_there_is_not_is_refused(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(session), "--what", "weights", "--parameter", "nothing"]
    assert main([*words, "--out", str(tmp_path / "w.csv")]) == 2
    assert "nothing: demo has no such parameter" in capsys.readouterr().err
