"""The predictions of both models of a session after each byte of its document, recomputed.

The weights come from the session's files: those of the base from base_plastic.pt, those in force
at a step from the newest snapshot up to it. Only weights of the sizes of the decoder that ships
are used; what is frozen in a session is taken from that one.
"""

from collections.abc import Mapping

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.document import Document
from tttui.model.errors import TttuiError
from tttui.model.session import SessionData
from tttui.model.tensors import whole
from tttui.model.weights import index_at
from tttui.tasks.text.decoder import Decoder
from tttui.tasks.text.shipped import shipped

MOST = 5
"""Continuations of a model."""

LONGEST = 10
"""Bytes of a continuation."""

BEFORE = 10
"""The byte that stands before the document, as often as the model looks back: a newline."""


@dataclass(frozen=True, slots=True, eq=False)
class ContinuationRequest:
    """The byte at an offset of a session's document."""

    data: SessionData
    document: Document
    offset: int


@dataclass(frozen=True, slots=True)
class Likely:
    """One continuation: its first `item` bytes have this probability; the rest may follow."""

    text: bytes
    item: int
    share: float


@dataclass(frozen=True, slots=True)
class Expected:
    """The prediction of one model at a byte, or why it is unknown."""

    source: str = ""
    """Where its weights come from: `base`, or the step of their snapshot, `t 80`."""
    likely: tuple[Likely, ...] = ()
    """The most probable bytes, each with what follows it, or tokens."""
    came: float = np.nan
    """The probability of the one that came."""
    rank: int = 0
    """Its place among all, from 1 on."""
    why_not: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Continued:
    """The answer."""

    request: ContinuationRequest
    came: bytes
    """The byte or token itself."""
    frozen: Expected
    adaptive: Expected


class Reader:
    """Reads a session's weights and asks the decoder; for one thread at a time."""

    def __init__(self) -> None:
        self._base: tuple[object, Mapping[str, Floats] | str] = (None, "")
        self._held: tuple[tuple[object, int], Decoder | str] = ((None, -1), "")

    def close(self) -> None:
        """Nothing is held but memory."""

    def continued(self, request: ContinuationRequest) -> Continued:
        """What both models expect at a byte, or why that cannot be worked out."""
        try:
            return self._continued(request)
        except (TttuiError, OSError, ArithmeticError, LookupError, ValueError) as error:
            return _failed(request, f"cannot be worked out: {error}")
        except MemoryError:
            return _failed(request, "cannot be worked out: there is not enough memory")

    def _continued(self, request: ContinuationRequest) -> Continued:
        read = seen_before(request.document, request.offset)
        data = request.document.source.read(request.offset, request.offset + 1)
        came = data[0] if data else 0
        base = self._base_of(request.data)
        frozen = base if isinstance(base, str) else Decoder(base, _heads())
        return Continued(
            request,
            bytes([came]),
            _expected(frozen, "base", read, came),
            _expected(*self._in_force(request, base), read, came),
        )

    def _base_of(self, data: SessionData) -> Mapping[str, Floats] | str:
        """The weights of the base, or why they are not known."""
        if self._base[0] is not data.begun or data.begun is None:
            self._base = data.begun, _base(data)
        return self._base[1]

    def _in_force(
        self, request: ContinuationRequest, base: Mapping[str, Floats] | str
    ) -> tuple[Decoder | str, str]:
        """The model in force at the byte and the name of its weights, or why there is none."""
        data, t = request.data, request.document.step_of(request.offset)
        history = data.history
        if history is None or not len(history):
            problem = data.problem("history")
            why = "no snapshots of the weights are kept" if problem is None else problem.reason
            return f"weights_history.npy: {why}", ""
        i = index_at(history, t)
        if i is None:
            return f"the snapshots of the weights begin at step {int(history.t[0])}", ""
        key = (history.weights, i)
        if self._held[0][0] is not key[0] or self._held[0][1] != i:
            self._held = key, _snapshot(data, i, base)
        return self._held[1], data.transactions.snapshot_name(int(history.t[i]), t)


def _failed(request: ContinuationRequest, why: str) -> Continued:
    return Continued(request, b"", Expected(why_not=why), Expected(why_not=why))


def seen_before(document: Document, offset: int) -> list[int]:
    """The bytes that the model had read when it was asked for the one at an offset."""
    _, end = document.window(document.step_of(offset))
    begin = end - document.context - 1
    before = [BEFORE] * max(-begin, 0)
    return before + list(document.source.read(max(begin, 0), offset))


def _heads() -> int:
    return int(shipped()[0]["heads"])


def _base(data: SessionData) -> Mapping[str, Floats] | str:
    weights = dict(shipped()[1])
    plastic = [spec.name for spec in data.meta.schema.plastic]
    known = {} if data.begun is None else data.begun.specs
    if data.begun is None:
        problem = data.problem("base")
        return f"base_plastic.pt: {'is missing' if problem is None else problem.reason}"
    for name in plastic:
        if name not in known or name not in weights:
            return f"base_plastic.pt: has no {name} of this decoder"
        if known[name].shape != weights[name].shape:
            return _other_shape("base_plastic.pt", name, known[name].shape_text)
        try:
            read = np.asarray(whole(data.begun, name), dtype=np.float32)
            weights[name] = read.reshape(weights[name].shape)
        except TttuiError as error:
            return str(error)
    return weights


def _snapshot(data: SessionData, i: int, base: Mapping[str, Floats] | str) -> Decoder | str:
    """The decoder of a snapshot, or why there is none."""
    if isinstance(base, str):
        return base
    history, weights = data.history, dict(base)
    assert history is not None
    for spec in data.meta.schema.plastic:
        if spec.name not in history.weights:
            return f"weights_history.npy: has no {spec.name}"
        shape = history.specs[spec.name].shape
        if shape != weights[spec.name].shape:
            return _other_shape(
                "weights_history.npy", spec.name, history.specs[spec.name].shape_text
            )
        read = np.asarray(history.weights[spec.name][i], dtype=np.float32)
        weights[spec.name] = read.reshape(shape)
    return Decoder(weights, _heads())


def _other_shape(file: str, name: str, shape: str) -> str:
    return f"{file}: {name} has the shape {shape}, which is not that of the decoder that ships"


def _expected(model: Decoder | str, source: str, read: list[int], came: int) -> Expected:
    if isinstance(model, str):
        return Expected(why_not=model)
    with np.errstate(all="ignore"):
        probable, texts = model.continuations(read, MOST, LONGEST)
    if not np.isfinite(probable).all():
        return Expected(source, why_not=f"{source}: its weights give no numbers")
    likely = tuple(Likely(text, 1, float(probable[text[0]])) for text in texts)
    rank = 1 + int((probable > probable[came]).sum())
    return Expected(source, likely, float(probable[came]), rank)
