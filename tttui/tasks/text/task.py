"""Reading a document byte by byte, and learning from it on the way (Krause et al. 2018)."""

import argparse
import lzma
import math
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tttui.artifacts.appending import AppendedFile
from tttui.artifacts.atomic import write_whole
from tttui.model.adaptation import Adaptation
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.tasks.base import Task
from tttui.tasks.text.document import (
    DOCUMENT,
    LARGEST,
    STDIN,
    empty,
    fingerprint,
    size_of,
    stored_document,
    take_in,
    why_not_read,
)
from tttui.tasks.text.settings import TextSettings
from tttui.tasks.text.shipped import base_sha256, shipped, step_scales
from tttui.tasks.text.stream import Arriving, arriving

if TYPE_CHECKING:  # what computes is imported when it does
    from torch import Tensor

    from tttui.tasks.text.model import ByteDecoder

BEFORE = b"\n"
"""What stands before the document, as often as the model looks back."""

WIDE, ZLIB, LZMA = "twice the context", "zlib so far", "lzma so far"

BITS = 1.0 / math.log(2.0)


@dataclass(frozen=True, slots=True, eq=False)
class ByteWindow:
    """A stretch of the document, of which the last bytes are to be predicted."""

    seen: "Tensor"
    """[1, length], each the byte before the one in `next` at its place."""
    next: "Tensor"
    """[count]"""


class TextTask(Task):
    """A small model reads a document (`--file PATH`) byte by byte and learns from it."""

    name = "text"
    loss_name = "bits per byte"
    unit = "bits"
    settings_type = TextSettings
    trained_by = "tttui.tasks.text.training:TextTraining"
    version = "2"
    adaptation: ClassVar[Adaptation] = Adaptation(lr=0.07, grad_clip=6.0, frozen_window=32)
    plastic = "*"
    item_losses = "tokens.f16"
    kept_files = (DOCUMENT,)
    first = ("file", "chunk", "context", "steps", "lr", "plastic", "seed")
    bytes_of_weights = 2_760_000
    demo = {"file": argparse.__file__, "steps": 1000}
    yardsticks = (WIDE, ZLIB, LZMA)

    settings: TextSettings

    def __init__(self, settings: TextSettings, seed: int, directory: Path | None = None) -> None:
        super().__init__(settings, seed, directory)
        self.truncated = False
        """The document is longer than what is read of it."""
        self._stream: Arriving | None = None
        self._file: AppendedFile | None = None
        if directory is not None:
            self.document = stored_document(directory)
            return
        self._stream = arriving(settings.file)
        if self._stream is None:
            self.document, self.truncated = take_in(settings.file)
        else:
            self.document = bytearray(self._stream.start())

    document: bytes | bytearray
    """As far as it has come."""

    @classmethod
    def wrong(cls, values: Mapping[str, Any]) -> Mapping[str, str]:
        why = why_not_read(values["file"]) if "file" in values else ""
        return {"file": why} if why else {}

    @classmethod
    def steps_with(cls, values: Mapping[str, Any]) -> int | None:
        there = -(-size_of(values["file"]) // values["chunk"])
        return min(there, values["steps"] or there) or None

    @property
    def steps(self) -> int:
        whole = len(self.document) // self.settings.chunk
        return whole if self.arriving else -(-len(self.document) // self.settings.chunk)

    @property
    def arriving(self) -> str:
        return "" if self._stream is None or self._stream.ended else self._stream.name

    def take_in(self, *, wait: bool = False) -> bool:
        """The document grows, in memory and beside the session's files."""
        if self._stream is None or self._stream.ended:
            return False
        came = self._stream.rest() if wait else self._stream.take()
        self.truncated = self._stream.truncated
        if self.directory is not None:
            if self._file is None:
                self._file = AppendedFile(self.directory / DOCUMENT)
                self._file.reopen(len(self.document))
            self._file.add(came)
            self._file.flush()
        self.document += came
        if self._stream.ended and not self.document:
            raise empty(self._stream.name)
        return bool(came)

    def model(self) -> "ByteDecoder":
        return base()

    def scales(self) -> Mapping[str, "Tensor"]:
        if not self.settings.scaled:
            return {}
        import torch

        return {name: torch.from_numpy(scale) for name, scale in step_scales().items()}

    def batch(self, t: int) -> ByteWindow:
        return self._window(t, self.settings.context)

    def measured(self, t: int) -> Mapping[str, float]:
        """The frozen base with twice the context, and compressors on all that was read."""
        losses = dict[str, float]()
        wide = 2 * self.settings.context
        if t % CONTEXT_EVERY == 0 and wide <= self._frozen.shape.positions:
            import torch

            with torch.no_grad():
                losses[WIDE] = float(self.loss(self._frozen, self._window(t, wide)).mean())
        end = (t + 1) * self.settings.chunk
        if compress_now(t) and end <= min(len(self.document), LARGEST_COMPRESSED):
            losses[ZLIB], losses[LZMA] = compressed(self.document[:end])
        return losses

    @cached_property
    def _frozen(self) -> "ByteDecoder":
        return base()

    def _window(self, t: int, context: int) -> ByteWindow:
        import torch

        chunk = self.settings.chunk
        begin = t * chunk
        end = min(begin + chunk, len(self.document))
        first = end - context - 1
        stretch = BEFORE * max(-first, 0) + self.document[max(first, 0) : end]
        tokens = torch.frombuffer(bytearray(stretch), dtype=torch.uint8).long()
        return ByteWindow(tokens[None, :-1], tokens[begin - end :])

    def loss(self, model: Any, batch: ByteWindow) -> "Tensor":
        """Bits of each byte of the window."""
        from torch.nn import functional

        logits = model(batch.seen, len(batch.next))[0]
        return BITS * functional.cross_entropy(logits, batch.next, reduction="none")

    def forked(self, settings: TextSettings, seed: int, t: int) -> "TextTask":
        """Reads another document, where one is named, or what was left of this one."""
        if settings.file != self.settings.file:
            return TextTask(settings, seed)
        rest = self.document[t * self.settings.chunk :]
        if not rest:
            raise RefusedInput(
                "the document was read to its end; name another with --file, or an earlier "
                "step with --at"
            )
        made = TextTask(settings, seed, self.directory)
        made.document = rest
        return made

    @classmethod
    def base_of(cls, meta: Mapping[str, Any]) -> tuple[str, str]:  # noqa: ARG003
        return base_sha256(), "text (ships with tttui)"

    @property
    def base_sha256(self) -> str:
        return base_sha256()

    @property
    def notes(self) -> Sequence[str]:
        if not self.truncated:
            return ()
        return (f"only the first {LARGEST // 1_000_000} MB of {self.settings.file} are read",)

    def keep(self, directory: Path) -> Mapping[str, Any]:
        write_whole(directory / DOCUMENT, bytes(self.document))
        return self.arrived()

    def arrived(self) -> Mapping[str, Any]:
        about: dict[str, Any] = {
            "name": "standard input"
            if self.settings.file == STDIN
            else Path(self.settings.file).name
        }
        if not self.arriving:
            about["bytes"] = len(self.document)
            about["sha256"] = fingerprint(self.document)
            about["truncated"] = self.truncated
        return {"document": about}


def base() -> "ByteDecoder":
    """The shipped decoder, in float32; made without drawing random numbers."""
    import torch

    from tttui.tasks.text.model import ByteDecoder, Shape

    shape, weights = shipped()
    with torch.device("meta"):
        model = ByteDecoder(Shape(**shape))
    tensors = {k: torch.from_numpy(v.copy()) for k, v in weights.items()}
    model.load_state_dict(tensors, assign=True)
    return model


CONTEXT_EVERY = 32
"""Steps between two windows that are predicted with twice the context as well: that costs some
one percent of the time."""

LARGEST_COMPRESSED = 4_000_000
"""Bytes up to which a document is compressed, which holds the run up for seconds at the end."""


def compress_now(t: int) -> bool:
    """Whether all up to step t is to be compressed: 4 to 8 times while it doubles, so that the
    time of it all is a few times that of the last one."""
    n = t + 1
    return n % (1 << max(n.bit_length() - 3, 5)) == 0


def compressed(content: bytes | bytearray | memoryview) -> tuple[float, float]:
    """Bits a byte of zlib, and of lzma without the container, which a short text pays for."""
    bits = 8.0 / len(content)
    size = 1 << max(len(content).bit_length(), 12)  # a larger dictionary only takes memory
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": size}]
    smallest = lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters)
    return bits * len(zlib.compress(content, 9)), bits * len(smallest)
