"""The task hf on a tiny model that is made here: what it computes, keeps, and goes on from."""

import io
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.tasks.extra import needed
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.cli.main import main
from tttui.lab.registry import BaseRef, register
from tttui.model.errors import RefusedInput
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskfork import fork_task
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import verify_task
from tttui.runs.training import Begin, TrainingRequest
from tttui.tasks.hf import known, library
from tttui.tasks.hf.expecting import serve
from tttui.tasks.hf.task import HfTask
from tttui.tasks.hf.tokens import bytes_of
from tttui.tasks.text.training import HfTraining

needed("transformers")
needed("peft")
tokenizers = needed("tokenizers")
transformers = library.transformers()

LINE = "def add(self, name, value): self.names[name] = value  # é €\n"
DOCUMENT = LINE * 12
CHUNK = 16

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


def tokenizer(kind: str) -> Any:
    """One of bytes as GPT-2 has it, or one of words, which knows no spaces."""
    if kind == "bytes":
        made = tokenizers.Tokenizer(tokenizers.models.BPE())
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=["<s>"],
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    else:
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="<unk>"))
        made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        trainer = tokenizers.trainers.WordLevelTrainer(
            special_tokens=["<s>", "<unk>"], show_progress=False
        )
    made.train_from_iterator([LINE], trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>")


def network(kind: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    if kind == "gpt2":
        made = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=2, n_positions=64)
        )
    else:
        made = transformers.LlamaForCausalLM(
            transformers.LlamaConfig(
                vocab_size=300,
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=64,
            )
        )
    return made.to(dtype)


def make_model(
    directory: Path,
    kind: str = "llama",
    words: str = "bytes",
    dtype: torch.dtype = torch.float32,
) -> Path:
    network(kind, dtype).save_pretrained(directory)
    tokenizer(words).save_pretrained(directory)
    return directory


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.py"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model")


def settings(model: Path, document: Path, **values: Any) -> TaskSettings:
    given = {"model": str(model), "file": str(document), "chunk": CHUNK, "context": 48}
    given |= {"rank": 4, "lr": 0.01, "weights_every": 2, "checkpoint_s": 1e6, "threads": 1}
    return TaskSettings.chosen(HfTask, given | values)


def create(directory: Path, model: Path, document: Path, **values: Any) -> TaskRun:
    build_task_session(directory, settings(model, document, **values))
    return TaskRun.open(directory)


def run_through(directory: Path, model: Path, document: Path, **values: Any) -> Path:
    run = create(directory, model, document, **values)
    run.advance(run.steps_total)
    run.close("completed")
    return directory


def meta_of(directory: Path) -> Any:
    return json.loads((directory / "session" / "meta.json").read_text())


def losses(directory: Path) -> Any:
    """Frozen and adaptive, by step."""
    rows = np.loadtxt(directory / "per_step.csv", delimiter=",", skiprows=1, ndmin=2)
    return rows[:, 1:3].T


def content(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in SAME}


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


def test_names_of_tokens_are_the_bytes_that_they_stand_for() -> None:
    made = tokenizer("bytes")
    for token in made("def add é €\n", add_special_tokens=False)["input_ids"]:
        assert bytes_of(made, token)
    joined = b"".join(bytes_of(made, token) for token in made("a é €\n")["input_ids"])
    assert joined == "a é €\n".encode()


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
