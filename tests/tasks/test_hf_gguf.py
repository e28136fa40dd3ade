"""The task hf on a model in one GGUF file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.extra import needed
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.hf.task import HfTask

needed("transformers")
needed("peft")
gguf = needed("gguf")
tokenizers = needed("tokenizers")

WIDTH, HIDDEN, BLOCKS, HEADS = 32, 64, 2, 2


def write_model(path: Path) -> None:
    """A tiny Llama with random weights, whose tokens are bytes."""
    tokens = _byte_names()
    made: Any = gguf.GGUFWriter(path, "llama")
    made.add_context_length(64)
    made.add_embedding_length(WIDTH)
    made.add_feed_forward_length(HIDDEN)
    made.add_block_count(BLOCKS)
    made.add_head_count(HEADS)
    made.add_head_count_kv(HEADS)
    made.add_layer_norm_rms_eps(1e-5)
    made.add_rope_dimension_count(WIDTH // HEADS)
    made.add_rope_freq_base(10_000.0)
    made.add_vocab_size(len(tokens))
    made.add_tokenizer_model("gpt2")
    made.add_token_list(tokens)
    made.add_token_merges(["a b"])
    made.add_bos_token_id(0)
    made.add_eos_token_id(0)
    draw = np.random.default_rng(0)
    for name, shape in _shapes(len(tokens)).items():
        weights = draw.normal(0.0, 0.1, shape) if len(shape) == 2 else np.ones(shape)
        made.add_tensor(name, weights.astype(np.float32))
    made.write_header_to_file()
    made.write_kv_data_to_file()
    made.write_tensors_to_file()
    made.close()


def _byte_names() -> list[str]:
    return ["<s>", *sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()), "ab"]


def _shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (tokens, WIDTH)}
    for i in range(BLOCKS):
        shapes |= {f"blk.{i}.attn_{one}.weight": (WIDTH, WIDTH) for one in "qkv"}
        shapes |= {
            f"blk.{i}.attn_output.weight": (WIDTH, WIDTH),
            f"blk.{i}.ffn_gate.weight": (HIDDEN, WIDTH),
            f"blk.{i}.ffn_up.weight": (HIDDEN, WIDTH),
            f"blk.{i}.ffn_down.weight": (WIDTH, HIDDEN),
            f"blk.{i}.attn_norm.weight": (WIDTH,),
            f"blk.{i}.ffn_norm.weight": (WIDTH,),
        }
    return shapes | {"output_norm.weight": (WIDTH,), "output.weight": (tokens, WIDTH)}


def test_a_gguf_file_is_read_and_its_session_resumed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path / "tiny.gguf")
    document = tmp_path / "document.txt"
    document.write_text("a cab, a cab, a cab! " * 10)
    given = {"model": str(tmp_path), "file": str(document), "chunk": 16, "context": 48}
    settings = TaskSettings.chosen(HfTask, {**given, "lr": 0.01, "threads": 1})
    task = build_task_session(tmp_path / "a", settings)
    assert isinstance(task, HfTask)
    assert task.source.path == tmp_path / "tiny.gguf"
    run = TaskRun.open(tmp_path / "a")
    run.advance(4)
    run.close("interrupted")
    run, until = resume_task(tmp_path / "a")
    run.advance(until - run.t)
    run.close("completed")
    rows = np.loadtxt(tmp_path / "a" / "per_step.csv", delimiter=",", skiprows=1)
    assert rows[-1, 2] < rows[-1, 1]
    assert capfd.readouterr() == ("", "")
