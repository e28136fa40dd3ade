"""Sessions of the task hf: stopped, resumed, verified, forked, sent, and asked what they expect."""

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.hfmodels import (
    CHUNK,
    create,
    document,
    losses,
    make_model,
    model,
    run_through,
    settings,
)
from tttui.cli.main import main
from tttui.model.errors import RefusedInput
from tttui.runs.taskfork import fork_task
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.taskverify import verify_task
from tttui.tasks.hf import known
from tttui.tasks.hf.expecting import serve
from tttui.tasks.hf.task import HfTask

__all__ = ["document", "model"]

SAME = (
    "per_step.csv",
    "update_events.jsonl",
    "scores.csv",
    "tokens.f16",
    "weights_history.npy",
    "session/plastic_state.pt",
    "session/engine_state.pt",
)
"""Files that must not depend on how a run was cut."""


def content(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in SAME}


@pytest.mark.parametrize("cuts", [(1,), (4, 5)])
def test_a_run_that_was_stopped_is_the_run_that_never_was(
    model: Path, document: Path, tmp_path: Path, cuts: Sequence[int]
) -> None:
    whole = run_through(tmp_path / "whole", model, document)
    run = create(tmp_path / "cut", model, document)
    for cut in cuts:
        run.advance(cut - run.t)
        run.close("interrupted")
        document.unlink(missing_ok=True)
        run, _ = resume_task(tmp_path / "cut")
    run.advance(run.steps_total - run.t)
    run.close("completed")
    assert content(tmp_path / "cut") == content(whole)


def test_a_session_is_verified_by_running_it_again(
    model: Path, document: Path, tmp_path: Path
) -> None:
    checks = verify_task(run_through(tmp_path / "a", model, document, steps=5))
    assert all(check.agrees for check in checks), checks


def test_a_fork_reads_what_is_left(model: Path, document: Path, tmp_path: Path) -> None:
    run_through(tmp_path / "a", model, document, steps=5)
    fork = fork_task(tmp_path / "a", tmp_path, name="b")
    left = len(fork.task.document)  # type: ignore[attr-defined]
    assert document.read_bytes()[-left:] == (tmp_path / "b" / "document.bin").read_bytes()
    assert fork.task.steps == HfTask(settings(model, document).own, 0).steps - 5
    fork.advance(1)
    fork.close("interrupted")
    frozen, adaptive = losses(tmp_path / "b")
    assert adaptive[0] < frozen[0]
    with pytest.raises(RefusedInput, match="--rank: a fork has the model and adapters"):
        fork_task(tmp_path / "a", tmp_path, name="c", changes={"rank": 2})


@pytest.fixture
def sent(model: Path, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session that stopped on another machine, where the person never named a model."""
    run = create(tmp_path / "runs" / "a", model, document)
    run.advance(3)
    run.close("interrupted")
    monkeypatch.setattr(known, "_named", {})
    shutil.rmtree(tmp_path / "state")
    return tmp_path / "runs" / "a"


def refused(*words: object, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_a_session_that_was_sent_loads_no_file_that_it_names(
    sent: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(sent)
    told = refused("resume", sent, capsys=capsys)
    assert f"a model that was in {model}" in told
    assert "name it with --model" in told
    assert content(sent) == before


def test_a_session_goes_on_with_its_model_elsewhere(
    sent: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.rename(tmp_path / "moved")
    assert main(["resume", str(sent), "--model", str(tmp_path / "moved"), "--quiet"]) == 0
    assert "runs/a: " in capsys.readouterr().out


@pytest.mark.parametrize("command", [["verify"], ["fork", "--name", "b"]])
def test_what_runs_it_again_is_told_the_model_as_well(
    command: list[str], sent: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command, str(sent), "--root", str(sent.parent), "--quiet"]
    assert "name it with --model" in refused(*words, capsys=capsys)
    assert main([*words, "--model", str(model)]) == 0


def test_a_session_goes_on_with_no_other_model(
    sent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_model(tmp_path / "other", "gpt2")
    told = refused("resume", sent, "--model", other, capsys=capsys)
    assert f"is not the model that {sent} was begun with" in told


def test_a_model_that_changed_since_is_refused(
    model: Path, document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create(tmp_path / "runs" / "a", model, document)
    run.close("interrupted")
    config = model / "config.json"
    config.write_text(config.read_text().replace("1e-06", "1e-05"))
    assert "was changed since the session began" in refused("resume", run.path, capsys=capsys)


def test_tokens_that_the_model_does_not_know_are_refused(sent: Path, model: Path) -> None:
    ids = np.fromfile(sent / "tokens.ids", dtype="<u4")
    ids[3] = 300
    ids.tofile(sent / "tokens.ids")
    known.name_model(str(model))
    with pytest.raises(RefusedInput, match="has a token 300, the model knows 300"):
        TaskRun.open(sent)


def test_a_process_with_the_model_tells_what_was_recorded(
    model: Path, document: Path, tmp_path: Path
) -> None:
    directory = run_through(tmp_path / "a", model, document, weights_every=1)
    number = 5 * CHUNK + 3
    recorded = np.fromfile(directory / "tokens.f16", "<f2").reshape(-1, 2)[number]
    asked = "".join(
        json.dumps({"directory": str(at), "number": number}) + "\n"
        for at in (directory, tmp_path / "gone", directory)
    )
    answers = io.StringIO()
    serve(io.StringIO(asked), answers)
    first, gone, again = map(json.loads, answers.getvalue().splitlines())
    assert first == again
    assert "gone" in gone["why_not"]
    for told, loss in zip((first["frozen"], first["adaptive"]), recorded, strict=True):
        assert -np.log(told["came"]) == pytest.approx(float(loss), abs=0.01)
        shares = [share for _, share, _ in told["likely"]]
        assert len(shares) == 5
        assert shares == sorted(shares, reverse=True)


def test_a_session_of_a_model_that_nobody_named_here_says_so(
    model: Path, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = run_through(tmp_path / "a", model, document)
    monkeypatch.setattr(known, "_named", {})
    known.models_path().unlink()  # type: ignore[union-attr]
    answers = io.StringIO()
    serve(io.StringIO(json.dumps({"directory": str(directory), "number": 0})), answers)
    assert "name it with --model" in json.loads(answers.getvalue())["why_not"]
