"""`tttui ledger` on what a recorder wrote: a loop that trains before it scores is caught."""

import json
from pathlib import Path

import pytest
import torch

import tttui
from tests.recorder.sessions import batch, learn, loss_of, small_model
from tttui.cli.main import main


def record(
    directory: Path, *, train_first: bool = False, tell: bool = True, steps: int = 5
) -> None:
    """Score and learn `steps` times; with `train_first` the other way round."""
    model, x = small_model(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rec = tttui.Recorder(directory, model)

    def score(t: int) -> None:
        with rec.score(t) as s:
            s.loss(loss_of(model(x)))

    def update(t: int) -> None:
        with rec.update(trained_on=[t] if tell else None):
            learn(model, optimizer, x)

    with rec:
        for t in range(steps):
            for act in (update, score) if train_first else (score, update):
                act(t)


def ledger(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["ledger", str(path), *options])
    return code, capsys.readouterr().out


def test_a_loop_that_scores_first_is_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "a")
    code, out = ledger(capsys, tmp_path / "a")
    assert code == 0
    assert "all 5 scores were made by weights that had not learned from the step yet" in out


def test_a_loop_that_trains_first_is_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "a", train_first=True)
    code, out = ledger(capsys, tmp_path / "a", "--json")
    said = json.loads(out)
    assert code == 1
    assert said["answer"] == "violated"
    assert said["violated"] == 5
    assert said["first_violation"]["t"] == 0


def test_updates_that_do_not_say_what_they_learned_from_cannot_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "a", tell=False)
    code, out = ledger(capsys, tmp_path / "a", "--json")
    said = json.loads(out)
    assert (code, said["answer"]) == (3, "unknown")
    assert (said["clean"], said["unknown"], said["first_unknown"]) == (1, 4, 1)


def test_numbers_alone_cannot_be_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        rec.step(0, adaptive=1.0)
    code, out = ledger(capsys, tmp_path / "a")
    assert code == 3
    assert "there is no scores.csv" in out


def test_training_outside_of_an_update_cannot_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, x = small_model(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with tttui.Recorder(tmp_path / "a", model) as rec:
        for t in range(3):
            with rec.score(t) as s:
                s.loss(loss_of(model(x)))
            learn(model, optimizer, x)
    code, out = ledger(capsys, tmp_path / "a")
    assert code == 3
    assert "does not say what it was trained on" in out


def test_a_model_that_adapts_inside_forward_scores_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, x = small_model(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def adapting(x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = model(x)
        learn(model, optimizer, x)
        return output

    rec = tttui.Recorder(tmp_path / "a", model)
    predict = rec.wrap(adapting)
    with rec:
        for t in range(4):
            with rec.score(t) as s:
                s.loss(loss_of(predict(x)))
    assert ledger(capsys, tmp_path / "a")[0] == 0


def test_damage_is_named_and_never_counts_as_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "a")
    scores = tmp_path / "a" / "scores.csv"
    lines = scores.read_text().splitlines()
    scores.write_text("\n".join([*lines[:3], "2,not a version", *lines[4:]]) + "\n")
    code = main(["ledger", str(tmp_path / "a")])
    out, err = capsys.readouterr()
    assert code == 3
    assert "4 of 5 scores are provably made before learning" in out
    assert "1 lines are no scores" in err
