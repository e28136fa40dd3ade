"""Loading a model and its tokenizer, and getting it ready to learn."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from fnmatch import fnmatchcase
from io import StringIO
from typing import Any

import torch
from torch import nn

from tttui.model.errors import RefusedInput
from tttui.tasks.hf import LORA, NORMS
from tttui.tasks.hf.library import library, transformers
from tttui.tasks.hf.source import ModelSource

ADAPTER = ".lora_"
"""In the names of the parameters of an adapter."""


def load_tokenizer(source: ModelSource) -> Any:
    """Raises RefusedInput where there is none that can be used."""
    return _loaded(source, transformers().AutoTokenizer)


def load_model(source: ModelSource, dtype: str) -> nn.Module:
    """The model as it lies on disk, for evaluation. Raises RefusedInput."""
    kind = transformers().AutoModelForCausalLM
    options: dict[str, Any] = {"dtype": "auto" if dtype == "stored" else dtype}
    if not source.gguf:
        options["use_safetensors"] = True
    # One is named, since config.json could name code of a kernel that is fetched.
    try:
        model = _loaded(source, kind, attn_implementation="sdpa", **options)
    except RefusedInput as error:
        if "scaled_dot_product_attention" not in str(error):
            raise
        model = _loaded(source, kind, attn_implementation="eager", **options)
    model.config.use_cache = False
    ready: nn.Module = model.eval()
    return ready


def _loaded(source: ModelSource, kind: Any, **options: Any) -> Any:
    if source.gguf:
        library("gguf")
        options |= {"gguf_file": source.gguf}
    # Their progress bars and advice are for people who program with them.
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        try:
            return kind.from_pretrained(
                str(source.directory), local_files_only=True, trust_remote_code=False, **options
            )
        except Exception as error:  # whatever a library makes of a damaged file
            why = " ".join(str(error).split()) or type(error).__name__
            raise RefusedInput(f"--model {source.path}: cannot be loaded: {why[:300]}") from error


def made_plastic(source: ModelSource, own: Any, words: Sequence[str]) -> tuple[Any, list[str]]:
    """A model ready to learn, by the settings `own` of the task hf, and the patterns of its
    plastic parameters. Draws random numbers. Raises RefusedInput."""
    model: Any = load_model(source, own.dtype)
    most = getattr(model.config, "max_position_embeddings", None)
    if isinstance(most, int) and own.context > most:
        raise RefusedInput(
            f"context: {own.context} is above the {most} tokens that the model can look at"
        )
    if LORA in words:
        targets = [part.strip() for part in own.targets.split(",") if part.strip()]
        add_adapters(model, own.rank, own.alpha, targets)
    return model, plastic_names(model, words)


def add_adapters(model: nn.Module, rank: int, alpha: float, targets: Sequence[str]) -> None:
    """Put a pair of plastic matrices beside linear layers, which compute what they did before.

    `targets` are patterns of their names, whole or from a dot on; the layer that gives the logits
    is none of them. Raises RefusedInput.
    """
    peft = library("peft")
    linear = list(_linear(model))
    chosen = [
        name
        for name in linear
        if any(fnmatchcase(f".{name}", f"*.{pattern}") for pattern in targets)
    ]
    if not chosen:
        some = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
        raise RefusedInput(f"--targets {','.join(targets)}: no linear layer is called that: {some}")
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=chosen, lora_dropout=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on layers that hold their weights transposed
        peft.inject_adapter_in_model(config, model)
    for name, parameter in model.named_parameters():
        if ADAPTER in name:  # steps are too small for 16 bits
            parameter.data = parameter.data.float()
    model.eval()


def _linear(model: Any) -> Iterator[str]:
    """Names of the linear layers, without the one that gives the logits."""
    logits = model.get_output_embeddings()
    for name, module in model.named_modules():
        linear = isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
        if linear and module is not logits:
            yield name


def plastic_names(model: nn.Module, words: Sequence[str]) -> list[str]:
    """Patterns of the plastic parameters, with the words for adapters and norm layers spelt out."""
    names: list[str] = []
    for word in words:
        if word == LORA:
            names += [name for name, _ in model.named_parameters() if ADAPTER in name]
        elif word == NORMS:
            names += _norms(model)
        else:
            names.append(word)
    return names


def _norms(model: nn.Module) -> list[str]:
    names = [
        f"{path}.{name}"
        for path, module in model.named_modules()
        if "norm" in type(module).__name__.lower()
        for name, _ in module.named_parameters(recurse=False)
    ]
    if not names:
        raise RefusedInput("--plastic norms: the model has no norm layers with parameters")
    return names


def rounded_away(model: nn.Module, plastic: Sequence[str]) -> bool:
    """Whether plastic parameters have 16 bits, in which small steps vanish."""
    return any(
        p.dtype in (torch.bfloat16, torch.float16)
        for name, p in model.named_parameters()
        if any(fnmatchcase(name, pattern) for pattern in plastic)
    )
