"""Small real workloads of the engine, to measure and check a device.

All devices do the same: predicting, a transaction, a rollback, a resume and a batch are those of
the point mass, on numpy or on torch tensors. torch also rolls back and resumes a module, which
is what it does for the other tasks, and pretrains one: the decoder of the task `text`, small.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.dynamics.backend import on_host
from tttui.engine.device import torch_device
from tttui.model.adaptation import Conduct
from tttui.model.arrays import Floats, Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine.faults import BLOW_UP
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.engine.many import SessionBlock, worlds
from tttui.tasks.pointmass.pretraining import Training, initial_weights
from tttui.tasks.pointmass.runs.base import find_base

STEPS = 1024
"""Of the trajectory that is learned from, again and again."""

SIDE_BY_SIDE = {"cpu": 64, "cuda": 1024}
"""Sessions of a batch, by kind of device."""

CLOSE = 1e-3
"""By how much a batch may differ from one session, relative to the largest error."""

WINDOW, WINDOWS = 64, 8
"""Bytes of a training sequence of the small decoder, and how many make a batch."""


class Inexact(TttuiError):
    """Results that must be equal bit for bit differ."""


@dataclass(frozen=True, slots=True)
class Work:
    """A repeatable workload that is timed."""

    what: str
    """One repetition, for a person."""
    unit: str
    """What `amount` counts."""
    amount: float
    """Units in one repetition."""
    once: Callable[[], object]
    """One repetition; raises Inexact where it checks something."""
    prepare: Callable[[], object] = lambda: None
    """What comes before each repetition and is not timed."""


def predict(device: str, torch: bool) -> Work:
    """Both models predict a chunk of a session."""
    session = _Session(device, torch)
    return Work("32 steps of the point mass", "steps", 32, session.predict)


def adapt(device: str, torch: bool) -> Work:
    """One transaction of a session, on a chunk that it has not seen."""
    session = _Session(device, torch)
    return Work("a transaction of the point mass", "transactions", 1, session.adapt, session.next)


def rollback(device: str, torch: bool) -> Work:
    """A transaction whose gradients blow up: weights and momentum stay as they are."""
    session = _Session(device, torch)
    if not torch:
        return Work("a rollback of the point mass", "rollbacks", 1, session.roll_back, session.next)
    module = _Module(device)

    def both() -> None:
        session.roll_back()
        module.roll_back()

    what = "a rollback of the point mass and one of a module"
    return Work(what, "rollbacks", 2, both, session.next)


def resume(device: str, torch: bool) -> Work:
    """A new learner goes on from a saved state exactly as the one that saved it."""
    session = _Session(device, torch)
    if not torch:
        return Work("a resume of the point mass", "resumes", 1, session.resume, session.next)
    module = _Module(device)

    def both() -> None:
        session.resume()
        module.resume()

    return Work("a resume of the point mass and one of a module", "resumes", 2, both, session.next)


def batch(device: str, torch: bool) -> Work:
    """Many sessions learn side by side for a chunk; the first as one alone would."""
    count = SIDE_BY_SIDE[device.partition(":")[0]]
    many = _Batch(device, torch, count)
    what = f"32 steps and a transaction of {count} sessions of the point mass"
    return Work(what, "steps", 32.0 * count, many.once)


def pretrain(device: str, torch: bool) -> Work:
    """One step of pretraining: the point mass's base, or a small decoder of bytes."""
    if torch:
        module = _Module(device)
        what = f"a step on {WINDOWS} windows of {WINDOW} bytes of the task text, small"
        return Work(what, "steps", 1, module.train)
    training = Training(Settings())
    return Work("a step on 32 worlds of 128 steps of the point mass", "steps", 1, training.advance)


CAPABILITIES: Mapping[str, Callable[[str, bool], Work]] = {
    "predict": predict,
    "adapt": adapt,
    "pretrain": pretrain,
    "rollback": rollback,
    "resume": resume,
    "batch": batch,
}
"""What an engine may be able to do, with what finds it out."""


def _settings(device: str) -> Settings:
    return Settings().updated({"device": device, "steps": STEPS, "mu": 0.2, "probation": 0.0})


def _base(settings: Settings) -> Weights:
    """The base that ships, which fits these settings."""
    base = find_base(Path(), settings)
    return initial_weights(settings) if base is None else base.weights


class _Session:
    """One session of the point mass, which goes round on one trajectory."""

    def __init__(self, device: str, torch: bool) -> None:
        self._settings = _settings(device)
        self._torch = torch
        self._base = _base(self._settings)
        z, a, _ = worlds(self._settings, [0])
        self._z, self._a = z[0], a[0]
        self._chunks = _chunks()
        self._learner = self._new()
        self.next()

    def _new(self) -> Learner:
        return Learner(self._settings, self._base, torch=self._torch)

    def next(self) -> None:
        """Meet the next chunk."""
        self._t = self.predict(self._learner, next(self._chunks))

    def predict(self, learner: Learner | None = None, first: int | None = None) -> int:
        """Predict a chunk; returns the step after it."""
        first = next(self._chunks) if first is None else first
        z, a = self._z[first : first + 33], self._a[first : first + 32]
        seen = (self._learner if learner is None else learner).predict(z, a)
        if not np.isfinite(seen.adaptive_mse).all():
            raise TttuiError("the predictions are not finite")
        return first + 32

    def adapt(self, learner: Learner | None = None) -> None:
        event = (self._learner if learner is None else learner).update(self._t)
        if not np.isfinite(event["pre_loss"]):
            raise TttuiError("the loss of a transaction is not finite")

    def roll_back(self) -> None:
        before = {**_named(self._learner.weights), **_named(self._learner.optimizer, "momentum ")}
        event = self._learner.update(self._t, blow_up=BLOW_UP)
        if event["status"] == "commit":
            raise TttuiError("a transaction whose gradients blew up was committed")
        after = {**_named(self._learner.weights), **_named(self._learner.optimizer, "momentum ")}
        _equal(before, after, "the rollback")

    def resume(self) -> None:
        other = self._new()
        other.load(self._learner.state())
        first = next(self._chunks)
        for learner in (self._learner, other):
            learner.update(self._t)
            self.predict(learner, first)
        _equal(self._learner.state(), other.state(), "the resumed session")


class _Batch:
    """Many sessions side by side; the first one's errors are compared with those of one alone."""

    def __init__(self, device: str, torch: bool, count: int) -> None:
        self._settings, self._torch, self._count = _settings(device), torch, count
        self._base = _base(self._settings)
        z, a, _ = worlds(self._settings, range(count))
        self._z, self._a = z.astype(np.float32), a.astype(np.float32)
        self._begin()

    def _begin(self) -> None:
        self._alone = Learner(self._settings, self._base, torch=self._torch)
        self._block = None
        if self._settings.device == "cpu":
            self._many = Learner(
                self._settings, self._base, sessions=self._count, torch=self._torch
            )
        else:  # where chunks are recorded as graphs
            self._block = SessionBlock(self._settings, self._base, self._z, self._a)
        self._t = 0

    def once(self) -> None:
        if self._t >= STEPS:
            self._begin()
        t, self._t = self._t, self._t + 32
        if self._block is not None:
            self._block.advance()
            errors = self._block.frozen[0, t : t + 32] if t == 0 else None
        else:
            if self._many.due(t):
                self._many.transact(t)
            z, a = self._z[:, t : t + 33], self._a[:, t : t + 32]
            errors = self._many.predict(z, a).baseline_mse[0]
        if t == 0 and errors is not None:
            self._compare(errors)

    def _compare(self, errors: Floats) -> None:
        alone = self._alone.predict(self._z[0, :33], self._a[0, :32]).baseline_mse
        if float(np.max(np.abs(errors - alone))) > CLOSE * float(np.max(np.abs(alone))):
            raise TttuiError("a session of a batch has other errors than the same one alone")


class _Module:
    """A small decoder of bytes that learns, as the engine for any module makes it."""

    def __init__(self, device: str) -> None:
        import torch

        from tttui.engine.optimizers import new_optimizer
        from tttui.tasks.text.model import ByteDecoder, Shape

        torch_device(device)
        torch.set_num_threads(Conduct().threads)
        self._torch, self._device = torch, device
        random = torch.Generator().manual_seed(0)
        text = (b"the cat sat on the mat; " * 40)[: WINDOWS * (WINDOW + 1)]
        self._text = torch.frombuffer(bytearray(text), dtype=torch.uint8).long().to(device)
        self._text = self._text.view(WINDOWS, WINDOW + 1)
        self._shape = Shape(width=32, blocks=2, heads=2, hidden=64, positions=WINDOW)
        module = ByteDecoder(self._shape)
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(0.1 * torch.randn(p.shape, generator=random))
        self._state = {name: w.clone() for name, w in module.state_dict().items()}
        self._learner = self._new()
        self._trained = ByteDecoder(self._shape).to(device)
        self._trained.load_state_dict(self._state)
        self._params = list(self._trained.parameters())
        self._optimizer = new_optimizer("adamw", self._params, 1e-3)

    def _new(self) -> Any:
        from tttui.engine.torch_learner import adapt
        from tttui.tasks.text.model import ByteDecoder

        module = ByteDecoder(self._shape)
        module.load_state_dict(self._state)
        settings = {"lr": 1e-3, "optimizer": "adamw"}
        return adapt(module.to(self._device), loss=self._loss, settings=settings)

    def _loss(self, model: Any, text: Any) -> Any:
        logits = model(text[:, :-1]).flatten(0, 1)
        return self._torch.nn.functional.cross_entropy(logits, text[:, 1:].flatten())

    def train(self) -> None:
        from tttui.engine.optimizers import gradients

        loss = self._loss(self._trained, self._text)
        self._optimizer.zero_grad(set_to_none=True)
        norm = gradients(loss, self._params, 1.0, None)
        self._optimizer.step()
        if not np.isfinite(norm):  # which also waits for what the device does
            raise TttuiError("the gradients of a training step are not finite")

    def roll_back(self) -> None:
        learner = self._learner
        before = self._tensors(learner)
        learner.change({"grad_norm_max": 1e-12})
        event = learner.learn(self._text, 0)
        learner.change({"grad_norm_max": 1e12})
        if event["status"] == "commit":
            raise TttuiError("a transaction of a module that a gate forbids was committed")
        _equal(before, self._tensors(learner), "the rollback of a module")

    def resume(self) -> None:
        other = self._new()
        other.load_state_dict(self._learner.state_dict())
        for learner in (self._learner, other):
            learner.observe(self._text)
        _equal(self._tensors(self._learner), self._tensors(other), "the resumed module")

    def _tensors(self, learner: Any) -> dict[str, Any]:
        tensors = {name: on_host(p.detach()).copy() for name, p in learner.plastic.items()}
        for place, state in learner.state_dict()["optimizer"]["state"].items():
            for name, value in state.items():
                if hasattr(value, "cpu"):
                    tensors[f"{name} {place}"] = on_host(value).copy()
        return tensors


def _chunks() -> Iterator[int]:
    """First steps of chunks, round and round."""
    while True:
        yield from range(0, STEPS, 32)


def _named(weights: Weights, before: str = "") -> dict[str, Floats]:
    return {before + name: w for name, w in weights.items()}


def _equal(one: Mapping[str, Any], other: Mapping[str, Any], what: str) -> None:
    """Raise Inexact where some array is not the same, bit for bit."""
    for name, value in one.items():
        there = other.get(name)
        if there is None or np.asarray(value).tobytes() != np.asarray(there).tobytes():
            raise Inexact(f"{what} has other bits in {name}")
    if len(one) != len(other):
        raise Inexact(f"{what} holds other tensors")


def learns_in(device: str, dtype: str) -> None:
    """Take a gradient step in this dtype. Raises RuntimeError or TttuiError where it cannot be."""
    import torch

    from tttui.engine.optimizers import gradients, new_optimizer

    w = torch.nn.Parameter(torch.ones((4, 4), dtype=getattr(torch, dtype), device=device))
    optimizer = new_optimizer("adamw", [w], 1e-3)
    norm = gradients((w @ w).square().mean(), [w], 1.0, None)
    optimizer.step()
    if not np.isfinite(norm):
        raise TttuiError("its gradients are not finite")
