"""The task hf on a tiny model that is made here: what it computes, what learns, what is kept."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.tasks.hfmodels import (
    CHUNK,
    create,
    document,
    losses,
    make_model,
    meta_of,
    model,
    run_through,
    settings,
    tokenizer,
    transformers,
)
from tttui.cli.main import main
from tttui.model.errors import RefusedInput
from tttui.runs.taskbuild import build_task_session
from tttui.tasks.hf.task import HfTask
from tttui.tasks.hf.tokens import bytes_of

__all__ = ["document", "model"]


def test_the_command_reads_a_document_and_prints_its_verdict(
    model: Path, document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(model), "--file", str(document), "--plastic", "lora"]
    words += [
        "--chunk",
        "16",
        "--context",
        "48",
        "--lr",
        "0.01",
        "--threads",
        "1",
        "--root",
        str(tmp_path / "runs"),
    ]
    assert main(["run", "--task", "hf", "--name", "a", "--quiet", *words]) == 0
    out, err = capsys.readouterr()
    assert "runs/a: " in out
    assert err == ""
    assert meta_of(tmp_path / "runs" / "a")["loss"] == {
        "name": "nats per token",
        "unit": "nats",
        "lower_is_better": True,
    }


def test_the_model_learns_what_is_repeated(model: Path, document: Path, tmp_path: Path) -> None:
    frozen, adaptive = losses(run_through(tmp_path / "a", model, document))
    late = len(frozen) // 2
    assert adaptive[late:].mean() < frozen[late:].mean() - 0.2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_the_frozen_model_is_the_one_without_adapters(
    kind: str, dtype: torch.dtype, document: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "model", kind, dtype=dtype)
    frozen, adaptive = losses(run_through(tmp_path / "a", model, document, steps=4))
    assert adaptive[0] == frozen[0]
    assert adaptive[3] != frozen[3]
    plain = transformers.AutoModelForCausalLM.from_pretrained(model, dtype="auto").eval()
    task = HfTask(settings(model, document).own, 0)
    for t in range(4):
        window = task.batch(t)
        with torch.no_grad():
            logits = plain(input_ids=window.seen).logits[0, -CHUNK:].float()
        assert float(functional.cross_entropy(logits, window.next)) == pytest.approx(
            frozen[t], rel=1e-5 if dtype == torch.float32 else 1e-2
        )


def test_pairs_of_adapters_are_plastic_and_the_rest_stays(
    model: Path, document: Path, tmp_path: Path
) -> None:
    run = create(tmp_path / "a", model, document)
    before = {n: p.clone() for n, p in run.learner.module.named_parameters()}
    run.advance(5)
    names = set(run.learner.plastic)
    assert {name.replace(".lora_A.", ".lora_B.") for name in names if ".lora_A." in name} == {
        name for name in names if ".lora_B." in name
    }
    assert len(names) == 2 * 2 * 7
    moved = {n for n, p in run.learner.module.named_parameters() if not torch.equal(p, before[n])}
    assert moved == names
    run.close("interrupted")
    assert [one["name"] for one in meta_of(run.path)["plastic"]] == list(run.learner.plastic)


def test_adapters_go_where_the_patterns_say_and_nowhere_else(
    model: Path, document: Path, tmp_path: Path
) -> None:
    run = create(tmp_path / "a", model, document, targets="q_proj, *.1.mlp.up_proj")
    run.close("interrupted")
    assert {name.partition(".lora_")[0] for name in run.learner.plastic} == {
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
    }
    with pytest.raises(RefusedInput, match=r"--targets qkv: no linear layer .*down_proj"):
        create(tmp_path / "b", model, document, targets="qkv")


def test_adapters_of_a_model_in_16_bits_have_32(document: Path, tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", dtype=torch.bfloat16)
    run_through(tmp_path / "a", model, document, steps=2)
    assert {one["dtype"] for one in meta_of(tmp_path / "a")["plastic"]} == {"float32"}


def test_without_peft_norm_layers_learn_and_adapters_say_what_to_install(
    model: Path, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    create(tmp_path / "a", model, document, plastic="norms").close("interrupted")
    with pytest.raises(RefusedInput, match=r"needs peft, which is missing: pip install 'tttui"):
        create(tmp_path / "b", model, document)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("kind", "count"), [("llama", 5), ("gpt2", 10)])
def test_norm_layers_learn_without_adapters(
    kind: str, count: int, document: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "model", kind)
    run = create(tmp_path / "a", model, document, plastic="norms")
    run.advance(4)
    run.close("interrupted")
    assert len(run.learner.plastic) == count
    assert all("norm" in n or ".ln_" in n for n in run.learner.plastic)
    frozen, adaptive = losses(run.path)
    assert adaptive[3] != frozen[3]


def test_small_steps_that_vanish_in_16_bits_are_told(document: Path, tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", dtype=torch.bfloat16)
    task = build_task_session(tmp_path / "a", settings(model, document, plastic="norms"))
    assert any("--dtype float32" in line for line in task.notes)
    held = settings(model, document, plastic="norms", dtype="float32")
    assert build_task_session(tmp_path / "b", held).notes == ()


@pytest.mark.parametrize("words", ["bytes", "words"])
def test_the_places_of_the_tokens_are_kept_with_their_losses(
    words: str, document: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "model", words=words)
    run_through(tmp_path / "a", model, document)
    read = (tmp_path / "a" / "document.bin").read_bytes()
    ids, offsets = (
        np.fromfile(tmp_path / "a" / f"tokens.{name}", dtype="<u4") for name in ("ids", "offsets")
    )
    pieces = [read[a:b] for a, b in pairwise(offsets.tolist())]
    assert b"".join(pieces) == read == document.read_bytes()
    assert len(pieces) == len(ids) == meta_of(tmp_path / "a")["document"]["tokens"]
    known_words = transformers.AutoTokenizer.from_pretrained(model)
    for i, piece in enumerate(pieces[:30]):
        said = known_words.convert_ids_to_tokens(int(ids[i]))
        assert len(said) == len(piece) if words == "bytes" else said == piece.decode().strip()
    pairs = np.fromfile(tmp_path / "a" / "tokens.f16", dtype="<f2").reshape(-1, 2)
    assert len(pairs) == len(ids)
    assert pairs[:CHUNK].mean(0) == pytest.approx(losses(tmp_path / "a")[:, 0], rel=1e-2)


def test_every_token_is_predicted_once_from_those_before_it(model: Path, document: Path) -> None:
    task = HfTask(settings(model, document).own, 0)
    read = [task.start, *task.tokens.ids.tolist()]
    at = 0
    for t in range(task.steps):
        window = task.batch(t)
        end = at + len(window.next)
        assert window.next.tolist() == read[at + 1 : end + 1]
        assert window.seen[0].tolist() == read[max(0, end - 48) : end]
        at = end
    assert at == len(task.tokens.ids)


def test_a_model_that_cannot_be_loaded_is_refused_in_a_line(
    model: Path, document: Path, tmp_path: Path
) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(RefusedInput, match="cannot be loaded"):
        create(tmp_path / "a", model, document)
    assert not (tmp_path / "a").exists()


def test_a_context_beyond_the_models_is_refused(
    model: Path, document: Path, tmp_path: Path
) -> None:
    with pytest.raises(RefusedInput, match="context: 65 is above the 64 tokens"):
        create(tmp_path / "a", model, document, context=65)


def test_names_of_tokens_are_the_bytes_that_they_stand_for() -> None:
    made = tokenizer("bytes")
    for token in made("def add é €\n", add_special_tokens=False)["input_ids"]:
        assert bytes_of(made, token)
    joined = b"".join(bytes_of(made, token) for token in made("a é €\n")["input_ids"])
    assert joined == "a é €\n".encode()
