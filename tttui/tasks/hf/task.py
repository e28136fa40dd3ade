"""Reading a document token by token with a model of one's own, and learning on the way."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from tttui.artifacts.atomic import write_whole
from tttui.model.adaptation import Adaptation
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.setting import option
from tttui.tasks.base import Task
from tttui.tasks.hf import LORA
from tttui.tasks.hf.known import model_of, name_model, recorded_model
from tttui.tasks.hf.library import transformers, versions
from tttui.tasks.hf.source import ModelSource
from tttui.tasks.hf.tokens import LARGEST, Tokens, text_of, tokenized
from tttui.tasks.text.document import (
    DOCUMENT,
    fingerprint,
    size_of,
    stored_document,
    take_in,
    why_not_read,
)

if TYPE_CHECKING:  # what computes is imported when it does
    from torch import Tensor, nn

BYTES_A_TOKEN = 4
"""Of a text, for an estimate."""

Precision = Literal["stored", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class HfSettings:
    """Which model reads what, how much of it at a time, and the size of its adapters."""

    model: str = option(".", "directory of the model on this machine, or its .gguf file", file=True)
    file: str = option("-", "the document, UTF-8 text; - is standard input", file=True)
    chunk: int = option(
        64,
        "tokens that are predicted before the model learns from them",
        minimum=1,
        maximum=65_536,
    )
    context: int = option(
        256,
        "tokens that the model looks at, those of the chunk among them",
        minimum=2,
        maximum=1_048_576,
    )
    rank: int = option(8, "rank of the adapters of --plastic lora", minimum=1, maximum=1024)
    alpha: float = option(
        16.0, "what the adapters add is multiplied by this, divided by the rank", above=0.0
    )
    targets: str = option("*", "linear layers that get adapters, patterns with commas between")
    dtype: Precision = option(
        "stored",
        "precision in which the model's own weights are held",
        choices=("stored", "float32", "bfloat16", "float16"),
    )

    def __post_init__(self) -> None:
        if self.context <= self.chunk:
            raise RefusedInput(f"context: {self.context} is not above the chunk of {self.chunk}")


@dataclass(frozen=True, slots=True, eq=False)
class TokenWindow:
    """A stretch of the document, of which the last tokens are to be predicted."""

    seen: "Tensor"
    """[1, length], each the token before the one in `next` at its place."""
    next: "Tensor"
    """[count]"""


class HfTask(Task):
    """A causal language model from a local directory reads a text and learns from it."""

    name = "hf"
    loss_name = "nats per token"
    unit = "nats"
    settings_type = HfSettings
    trained_by = "tttui.tasks.text.training:HfTraining"
    adaptation: ClassVar[Adaptation] = Adaptation(optimizer="adamw", lr=1e-3)
    plastic = LORA
    base_setting = "model"
    item_losses = "tokens.f16"
    first = ("model", "file", "chunk", "context", "steps", "plastic", "lr", "dtype", "device")
    memory_mb = 1200

    settings: HfSettings

    def __init__(self, settings: HfSettings, seed: int, directory: Path | None = None) -> None:
        super().__init__(settings, seed, directory)
        transformers()
        self.source: ModelSource
        self.truncated = False
        """The document is longer than what is read of it."""
        self._notes: list[str] = []
        self._takes_last = False
        if directory is None:
            from tttui.tasks.hf.network import load_tokenizer

            self.source, self.fingerprint = name_model(settings.model)
            tokenizer = load_tokenizer(self.source)
            self.start, self.always = start_token(tokenizer)
            self._read(tokenizer)
        else:
            recorded = recorded_model(directory)
            self.fingerprint, self.start = recorded["fingerprint"], recorded["start_token"]
            self.always = recorded["start_always"] is True
            try:
                self.source = model_of(self.fingerprint, recorded["path"])
            except RefusedInput as error:
                raise RefusedInput(f"{directory}: {error}") from None
            document = stored_document(directory)
            self._take(document, Tokens.stored(directory, len(document)))

    def _read(self, tokenizer: Any) -> None:
        """Take in the document that the settings name."""
        file = self.settings.file
        content, more = take_in(file)
        self.truncated = more or len(content) > LARGEST
        text = text_of(content[:LARGEST], file)
        self._take(text.encode(), tokenized(text, tokenizer, self.source.path))
        if self.truncated:
            self._notes.append(f"only the first {LARGEST // 1_000_000} MB of {file} are read")

    def _take(self, document: bytes, tokens: Tokens) -> None:
        import torch

        self.document, self.tokens = document, tokens
        self._padded = torch.from_numpy(np.concatenate([[self.start], tokens.ids]))

    @property
    def steps(self) -> int:
        return -(-len(self.tokens.ids) // self.settings.chunk)

    def model(self) -> "nn.Module":
        from tttui.tasks.hf.network import made_plastic

        return self._fitting(made_plastic(self.source, self.settings, ())[0])

    def _fitting(self, model: Any) -> "nn.Module":
        """The model, which must know the tokens of the document. Raises RefusedInput."""
        takes = inspect.signature(model.forward).parameters
        self._takes_last = "logits_to_keep" in takes
        known = model.get_input_embeddings().num_embeddings
        largest = int(self._padded.max())
        if largest >= known:
            raise RefusedInput(f"the document has a token {largest}, the model knows {known}")
        ready: nn.Module = model
        return ready

    @classmethod
    def base_here(cls, sha256: str) -> str:
        return str(model_of(sha256, "").path)

    @classmethod
    def wrong(cls, values: Mapping[str, Any]) -> Mapping[str, str]:
        problems: dict[str, str] = {}
        if "model" in values and not Path(values["model"]).exists():
            problems["model"] = "there is no such directory or file"
        if "file" in values and (why := why_not_read(values["file"], text=True)):
            problems["file"] = why
        return problems

    @classmethod
    def steps_with(cls, values: Mapping[str, Any]) -> int | None:
        there = -(-size_of(values["file"]) // (values["chunk"] * BYTES_A_TOKEN))
        return min(there, values["steps"] or there) or None

    def prepared(self, plastic: Sequence[str]) -> tuple["nn.Module", Sequence[str]]:
        """The model, with adapters where they are wanted."""
        import torch

        from tttui.tasks.hf.network import made_plastic, rounded_away

        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            made, names = made_plastic(self.source, self.settings, plastic)
        model = self._fitting(made)
        if rounded_away(model, names):
            self._notes.append(
                "plastic parameters have 16 bits, in which small steps vanish; "
                "--dtype float32 holds the model in 32"
            )
        return model, names

    def batch(self, t: int) -> TokenWindow:
        chunk, context = self.settings.chunk, self.settings.context
        begin = t * chunk
        end = min(begin + chunk, len(self._padded) - 1)
        first = max(0, end - context)
        seen = self._padded[first:end].clone()
        if self.always:
            seen[0] = self.start
        return TokenWindow(seen[None], self._padded[begin + 1 : end + 1])

    def loss(self, model: Any, batch: TokenWindow) -> "Tensor":
        """Nats of each token of the window."""
        from torch.nn import functional

        device = model.get_input_embeddings().weight.device
        count = len(batch.next)
        options = {"logits_to_keep": count} if self._takes_last else {}
        logits = model(input_ids=batch.seen.to(device), **options).logits[0, -count:]
        return functional.cross_entropy(logits.float(), batch.next.to(device), reduction="none")

    def forked(self, settings: HfSettings, seed: int, t: int) -> "HfTask":
        """Reads another document, where one is named, or what was left of this one."""
        for name in ("model", "rank", "alpha", "targets", "dtype"):
            if getattr(settings, name) != getattr(self.settings, name):
                raise RefusedInput(f"--{name}: a fork has the model and adapters of its parent")
        made = HfTask(settings, seed, self.directory)
        if settings.file != self.settings.file:
            from tttui.tasks.hf.network import load_tokenizer

            made._read(load_tokenizer(self.source))
            return made
        rest = self.tokens.after(t * self.settings.chunk)
        if rest is None:
            raise RefusedInput(
                "the document was read to its end; name another with --file, or an earlier "
                "step with --at"
            )
        made._take(self.document[-int(rest.offsets[-1]) :], rest)
        return made

    @property
    def base_sha256(self) -> str:
        return self.fingerprint

    @property
    def notes(self) -> Sequence[str]:
        return tuple(self._notes)

    def keep(self, directory: Path) -> Mapping[str, Any]:
        write_whole(directory / DOCUMENT, self.document)
        self.tokens.keep(directory)
        return {
            "document": {
                "name": Path(self.settings.file).name,
                "bytes": len(self.document),
                "sha256": fingerprint(self.document),
                "truncated": self.truncated,
                "tokens": len(self.tokens.ids),
            },
            "base_model": {
                "path": str(self.source.path),
                "fingerprint": self.fingerprint,
                "bytes": self.source.size,
                "start_token": self.start,
                "start_always": self.always,
                "libraries": versions(),
            },
        }


def start_token(tokenizer: Any) -> tuple[int, bool]:
    """The token before the first one, and whether the model is used to it at every beginning."""
    for token in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            head = tokenizer("a")["input_ids"][:1]
            return int(token), head == [token]
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    return (int(newline[-1]) if newline else 0), False
