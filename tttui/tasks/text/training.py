"""Skills of the tasks that read: `text`, byte by byte, and `hf`, token by token."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tttui.model.adaptation import Conduct
from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.setting import Group, setting_of
from tttui.model.training import TrainSettings
from tttui.runs.training import PreparedTraining, TaskTraining, TrainingRequest, refuse_other_base
from tttui.tasks.base import Task
from tttui.tasks.corpus import Corpus, Windows, check_data, evenly, read_corpus

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tttui.engine.trainer import Losses

VALIDATED = 128
"""Stretches of a validation at most, evenly over what is held out."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A module ready to be trained, and how texts become what it reads."""

    module: "nn.Module"
    plastic: Sequence[str]
    base_sha256: str
    base_source: str
    what: str
    """The base, in words."""
    settings: Mapping[str, Any]
    """Of the task."""
    ids: Callable[[Sequence[bytes]], Ints]
    """Documents, one after another, as the model reads them [n]."""
    losses: "Losses"


class LanguageTraining(TaskTraining):
    """What both have in common: texts, cut into stretches of as much as the model looks at."""

    own: ClassVar[Sequence[str]]
    """Settings of the task that count."""
    items: ClassVar[str]

    def groups(self) -> list[Group]:
        kind: type[Task] = self.task  # type: ignore[assignment]
        own = [setting_of(kind.settings_type, name) for name in self.own]
        plastic = setting_of(Conduct, "plastic")
        return [Group("Task", (*own, plastic))]

    def why_not(self, data: str, values: Mapping[str, Any]) -> str:
        if not data:
            return "name a text file, a directory of them, or JSON lines with a text each"
        return "" if Path(data).exists() else "there is no such file or directory"

    def check(self, request: TrainingRequest) -> str:
        from tttui.engine.device import check_device_name

        self._own(request)
        check_device_name(request.device)
        if why := self.why_not(request.data, request.values):
            raise RefusedInput(f"--data{f' {request.data}' if request.data else ''}: {why}")
        check_data(Path(request.data), request.include)
        return ""

    def ready(self, request: TrainingRequest) -> PreparedTraining:
        from tttui.engine.device import check_device
        from tttui.engine.trainer import TorchTrainer

        own, training = self._own(request), request.training
        check_device(request.device)
        corpus = read_corpus(
            Path(request.data),
            include=request.include,
            share=training.held_out,
            seed=training.seed,
        )
        made = self._made(request, own)
        refuse_other_base(request, made.base_sha256, made.what)
        learned, held_out = made.ids(corpus.learned), made.ids(corpus.held_out)
        length = int(min(own.context, len(learned) - 1))
        last = int(min(own.chunk, length))
        trainer = TorchTrainer(
            made.module.to(request.device),
            made.plastic,
            made.losses,
            Windows(learned, length, training.batch, training.seed),
            evenly(held_out, length, last, VALIDATED),
            last,
            training,
            self.items,
        )
        if request.begin is not None:
            try:
                trainer.put(request.begin.weights)
            except (KeyError, ValueError) as error:
                raise RefusedInput(
                    f"--from {request.begin.name}: its parameters are not those that are trained "
                    f"here: {error}"
                ) from error
        kind: type[Task] = self.task  # type: ignore[assignment]
        return PreparedTraining(
            trainer=trainer,
            base_sha256=made.base_sha256,
            base_source=made.base_source,
            task_settings=made.settings,
            settings={**asdict(kind.adaptation), "plastic": ",".join(self._patterns(request))},
            data_sha256=corpus.sha256,
            about_data=_about(corpus),
            notes=corpus.notes,
        )

    def _own(self, request: TrainingRequest) -> Any:
        """The settings of the task."""
        kind: type[Task] = self.task  # type: ignore[assignment]
        values = {name: request.values[name] for name in self.own if name in request.values}
        for name, value in values.items():
            setting_of(kind.settings_type, name).check(value)
        return kind.settings_type(**values)

    def _patterns(self, request: TrainingRequest) -> tuple[str, ...]:
        kind: type[Task] = self.task  # type: ignore[assignment]
        own = (kind.plastic,) if isinstance(kind.plastic, str) else tuple(kind.plastic)
        return Conduct(plastic=str(request.values.get("plastic") or "")).patterns or own

    @abstractmethod
    def _made(self, request: TrainingRequest, own: Any) -> Made:
        """The module, on the CPU."""


class TextTraining(LanguageTraining):
    """The small decoder that ships."""

    base_name = "text-base"
    defaults: ClassVar[TrainSettings] = TrainSettings(epochs=4, batch=16, lr=4e-3)
    own = ("chunk", "context", "scaled")
    items = "bytes"

    def check(self, request: TrainingRequest) -> str:
        super().check(request)
        from tttui.tasks.text.shipped import base_sha256

        refuse_other_base(request, base_sha256(), "the base that ships")
        return base_sha256()

    def _made(self, request: TrainingRequest, own: Any) -> Made:
        import torch
        from torch.nn import functional

        from tttui.tasks.text.model import ByteDecoder
        from tttui.tasks.text.shipped import BASE, base_sha256
        from tttui.tasks.text.task import BEFORE, BITS, base

        def ids(documents: Sequence[bytes]) -> Ints:
            joined = BEFORE * own.context + BEFORE.join(documents)
            return np.frombuffer(joined, dtype=np.uint8).astype(np.int64)

        def losses(model: Any, batch: "Tensor", last: int | None) -> "Tensor":
            logits = model(batch[:, :-1], last)
            targets = batch[:, -logits.shape[1] :]
            return BITS * functional.cross_entropy(logits.mT, targets, reduction="none")

        module = base()
        if request.from_nothing:
            torch.manual_seed(request.training.seed)
            module = ByteDecoder(module.shape)
        return Made(
            module=module,
            plastic=self._patterns(request),
            base_sha256=base_sha256(),
            base_source=BASE.name,
            what="the base that ships",
            settings={name: getattr(own, name) for name in self.own},
            ids=ids,
            losses=losses,
        )


class HfTraining(LanguageTraining):
    """A causal language model of a local directory: its adapters, norm layers, or what is named."""

    defaults: ClassVar[TrainSettings] = TrainSettings(epochs=1, batch=4, lr=5e-4)
    own = ("model", "chunk", "context", "rank", "alpha", "targets", "dtype")
    items = "tokens"

    def check(self, request: TrainingRequest) -> str:
        super().check(request)
        from tttui.tasks.hf.source import find_source

        find_source(self._own(request).model)
        return ""

    def _made(self, request: TrainingRequest, own: Any) -> Made:
        import inspect

        import torch
        from torch.nn import functional

        from tttui.tasks.hf.known import name_model
        from tttui.tasks.hf.network import load_tokenizer, made_plastic
        from tttui.tasks.hf.task import start_token

        source, known = name_model(own.model)
        tokenizer = load_tokenizer(source)
        start, always = start_token(tokenizer)
        with torch.random.fork_rng():
            torch.manual_seed(request.training.seed)
            model, plastic = made_plastic(source, own, self._patterns(request))
        vocabulary = model.get_input_embeddings().num_embeddings
        takes_last = "logits_to_keep" in inspect.signature(model.forward).parameters

        def ids(documents: Sequence[bytes]) -> Ints:
            tokens = [start]
            for document in documents:
                made = tokenizer(document.decode(errors="replace"), add_special_tokens=False)
                tokens += [*made["input_ids"], start]
            if max(tokens) >= vocabulary:
                raise RefusedInput(
                    f"--model {own.model}: its tokenizer makes a token {max(tokens)}, the model "
                    f"knows {vocabulary}"
                )
            return np.array(tokens, dtype=np.int64)

        def losses(model: Any, batch: "Tensor", last: int | None) -> "Tensor":
            seen = batch[:, :-1]
            if always:
                seen = torch.cat([torch.full_like(seen[:, :1], start), seen[:, 1:]], dim=1)
            count = last or seen.shape[1]
            options = {"logits_to_keep": count} if takes_last else {}
            logits = model(input_ids=seen, **options).logits[:, -count:].float()
            return functional.cross_entropy(logits.mT, batch[:, -count:], reduction="none")

        return Made(
            module=model,
            plastic=plastic,
            base_sha256=known,
            base_source=str(source.path),
            what=f"the model in {source.path}",
            settings={k: v for k, v in asdict(own).items() if k != "file"},
            ids=ids,
            losses=losses,
        )


def _about(corpus: Corpus) -> str:
    many = f"{corpus.documents} document{'s' if corpus.documents != 1 else ''}"
    size = sum(map(len, corpus.held_out))
    return f"{many}, {corpus.size / 1e3:,.0f} kB, {size / 1e3:,.0f} kB of them held out"
