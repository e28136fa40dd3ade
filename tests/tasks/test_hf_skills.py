"""Adapters of a model of one's own become a skill that sessions start from."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.hfmodels import CHUNK, LINE, document, make_model, meta_of, model
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.cli.main import main
from tttui.lab.registry import BaseRef, register
from tttui.model.errors import RefusedInput
from tttui.runs.training import Begin, TrainingRequest
from tttui.tasks.hf import known
from tttui.tasks.hf.task import HfTask
from tttui.tasks.text.training import HfTraining

__all__ = ["document", "model"]


def test_adapters_trained_on_chats_become_a_skill_that_a_session_starts_from(
    model: Path, document: Path, tmp_path: Path
) -> None:
    said = [{"messages": [{"role": "user", "content": f"{i} {LINE}" * 3}]} for i in range(12)]
    chats = tmp_path / "chats.jsonl"
    chats.write_text("\n".join(map(json.dumps, said)))
    root = tmp_path / "runs"
    values = {"model": str(model), "chunk": CHUNK, "context": 48, "rank": 4}
    training = HfTraining.defaults.updated({"steps": 16, "lr": 0.03, "warmup": 1})
    asked = TrainingRequest(root, values, training, str(chats))
    whole, cut = HfTraining(HfTask).ready(asked), HfTraining(HfTask).ready(asked)
    before = whole.trainer.validate()
    for step in range(16):
        whole.trainer.advance()
        if step == 6:
            cut.trainer.load(read_pt(written(tmp_path, whole.trainer.state())))
    assert whole.trainer.validate() < before - 0.1
    for _ in range(9):
        cut.trainer.advance()
    ours, theirs = cut.trainer.weights(), whole.trainer.weights()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    register(
        root,
        "chat",
        theirs,
        task="hf",
        task_settings=whole.task_settings,
        settings=whole.settings,
        base=BaseRef(whole.base_sha256),
        origin={},
        command=(),
    )
    words = ("--root", str(root), "--file", str(document), "--name", "a", "--quiet")
    assert main(["run", "--from", "chat", *words]) == 0
    assert meta_of(root / "a")["started_from"]["version"] == "chat@v1"
    other = make_model(tmp_path / "other", kind="gpt2")
    begin = Begin("chat@v1", whole.base_sha256, theirs)
    asked = replace(asked, values={**values, "model": str(other)}, begin=begin)
    with pytest.raises(RefusedInput, match="--from chat@v1: stands on the base sha256:"):
        HfTraining(HfTask).ready(asked)


def written(folder: Path, state: Mapping[str, Any]) -> Path:
    """A state as a checkpoint has it."""
    path = folder / "state.pt"
    path.write_bytes(write_pt(dict(state)))
    return path


def test_adapters_that_one_session_learned_are_a_skill_that_others_start_from(
    model: Path, document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ("--root", str(tmp_path / "runs"))
    words = ("--file", str(document), "--chunk", "16", "--context", "32", "--threads", "1")
    first = ("run", "--task", "hf", "--model", str(model), "--rank", "2", "--name", "a", "--quiet")
    assert main((*first, *words, *root)) == 0
    assert main(("model", "register", "a", "--skill", "reader", *root)) == 0
    again = ("run", "--from", "reader", "--name", "b", "--quiet", "--steps", "3")
    assert main((*again, *words, *root)) == 0
    assert main(("verify", "b", *root)) == 0
    assert "holds the weights of reader@v1" in capsys.readouterr().out
    first_loss, second_loss = (
        float((tmp_path / "runs" / n / "per_step.csv").read_text().splitlines()[1].split(",")[2])
        for n in ("a", "b")
    )
    assert second_loss < first_loss
    path = known.models_path()
    assert path is not None
    path.unlink()
    known._named.clear()
    assert main(("run", "--from", "reader", "--name", "c", *words, *root)) == 2
    assert "a registry does not choose files to load" in capsys.readouterr().err
    other = make_model(tmp_path / "other", kind="gpt2")
    named = ("--model", str(other), "--name", "d")
    assert main(("run", "--from", "reader", *named, *words, *root)) == 2
    assert "reader@v1 stands on the base" in capsys.readouterr().err
