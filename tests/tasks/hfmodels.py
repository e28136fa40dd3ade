"""Tiny models of one's own with their tokenizers, and sessions of them, made in a moment."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tasks.extra import needed
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.hf import library
from tttui.tasks.hf.task import HfTask

needed("transformers")
needed("peft")
tokenizers = needed("tokenizers")
transformers = library.transformers()

LINE = "def add(self, name, value): self.names[name] = value  # é €\n"
DOCUMENT = LINE * 12
CHUNK = 16


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
