"""A learner for any torch module: score by frozen and adaptive weights, learn in transactions.

    learner = tttui.adapt(model, plastic="*.down_proj.weight", loss=loss)
    for batch in stream:
        seen = learner.observe(batch)

Every transaction ends in a commit, or in a rollback that leaves everything as it was, bit for
bit. The frozen twin is a gate as well: where the last scores are worse than the frozen model's,
the learner returns to weights that were not, and halves its learning rate.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tttui.engine.frozen_twin import FrozenTwin, Loss, Randomness, score_quietly
from tttui.engine.gates import Gate, Gates, Passed, status_of
from tttui.engine.moments import (
    Moments,
    Restorable,
    copied,
    load_optimizer,
    optimizer_state,
)
from tttui.engine.optimizers import gradients, new_optimizer
from tttui.engine.parameters import Plastic, chosen, content_hash
from tttui.model.adaptation import Adaptation
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

RECOVERY = 8
"""Windows of scores no worse than frozen after which a halved learning rate is doubled again."""

MakeOptimizer = Callable[[list[Tensor]], Optimizer]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The result of one batch."""

    t: int
    adaptive: float
    frozen: float | None
    """None where the frozen model was not scored."""
    version: str
    """Hash of the weights that made the score."""
    losses: Tensor
    """Of the items of the batch, or the one loss."""
    frozen_losses: Tensor | None
    event: Mapping[str, Any] | None
    """The transaction that followed, as update_events.jsonl has it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """A score, with the state from which learning from its batch starts."""

    batch: Any
    losses: Tensor
    loss: float
    random: list[Tensor]


def adapt(
    module: nn.Module,
    plastic: Plastic = "*",
    *,
    loss: Loss,
    settings: Adaptation | Mapping[str, Any] | None = None,
    optimizer: MakeOptimizer | None = None,
    gates: Mapping[str, tuple[Gate, float]] | None = None,
    also: Sequence[Restorable] = (),
    scales: Mapping[str, Tensor] | None = None,
) -> "TorchLearner":
    """Let a module learn from what it meets.

    `plastic` names the parameters that may change: patterns such as `*.down_proj.weight`, or a
    function of a name and a parameter. `loss(model, batch)` gives one number or the losses of
    the items. `optimizer` makes one of the plastic parameters, where the settings' is not
    wanted. `gates` name further numbers that must not exceed their limit after a step, each a
    function of the module. `also` is rolled back as well. `scales` are factors of SGD's steps,
    by the name of a parameter and of its shape, or of one that is broadcast to it. Raises
    RefusedInput.
    """
    if not isinstance(settings, Adaptation):
        settings = Adaptation().updated(settings or {})
    return TorchLearner(
        module, plastic, loss, settings.validate(), optimizer, gates or {}, also, scales or {}
    )


class TorchLearner:
    """See `adapt`, which makes one."""

    def __init__(
        self,
        module: nn.Module,
        plastic: Plastic,
        loss: Loss,
        settings: Adaptation,
        optimizer: MakeOptimizer | None,
        gates: Mapping[str, tuple[Gate, float]],
        also: Sequence[Restorable],
        scales: Mapping[str, Tensor],
    ) -> None:
        self.module, self.settings, self._loss_function = module, settings, loss
        self.plastic: dict[str, nn.Parameter] = chosen(module, plastic)
        self._device = next(iter(self.plastic.values())).device
        self.twin = FrozenTwin(module, self.plastic)
        self._learns = {name: p.requires_grad for name, p in module.named_parameters()}
        for name, p in module.named_parameters():
            p.requires_grad_(name in self.plastic)
        params: list[Tensor] = list(self.plastic.values())
        self.optimizer = optimizer(params) if optimizer else self._own_optimizer(params)
        self._makes_optimizer = optimizer
        self._scales = None
        if scales and settings.optimizer == "sgd" and optimizer is None:
            self._scales = [
                scales.get(name, torch.ones(())).to(p).expand_as(p).contiguous()
                for name, p in self.plastic.items()
            ]
        self._randomness = Randomness(p.device for p in module.parameters())
        self._moments = Moments(module, self.plastic, self.optimizer, self._randomness, also)
        self._also = also
        self._gates = Gates(settings, gates)
        self.t = 0
        """Batches that were scored."""
        self._recent: deque[tuple[float, float]] = deque(maxlen=max(1, settings.frozen_window))
        """The newest scores of both, adaptive first, by weights since the last return."""
        self._good = self._slower = 0
        """Scores that were no worse than frozen since the last return; how often the learning
        rate is halved."""
        self._trusted: tuple[int, dict[str, Tensor]] | None = None
        """Weights that were no worse than frozen, and the step that they scored last."""
        self._version = ""
        self.base_version = content_hash(self.twin.base)
        """The version of the weights that the frozen twin has."""

    def _own_optimizer(self, params: list[Tensor]) -> Optimizer:
        s = self.settings
        return new_optimizer(
            s.optimizer, params, s.lr, momentum=s.momentum, weight_decay=s.weight_decay
        )

    @property
    def lr(self) -> float:
        """The learning rate in force."""
        return float(self.optimizer.param_groups[0]["lr"])

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rates of all groups."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["lr"] * factor

    def change(self, values: Mapping[str, Any]) -> None:
        """Change some of the settings from here on. Raises SettingError."""
        before, self.settings = self.settings, self.settings.updated(values).validate()
        self._gates.settings = self.settings
        if self.settings.lr != before.lr:
            self.scale_lr(self.settings.lr / before.lr)
        for name in ("momentum", "weight_decay"):
            for group in self.optimizer.param_groups if name in values else ():
                if name in group:
                    group[name] = values[name]

    @property
    def before(self) -> Mapping[str, Tensor]:
        """The plastic weights that the last transaction began with; valid until the next one."""
        return self._moments.weights

    @property
    def version(self) -> str:
        """A hash of the plastic weights, 16 hexadecimal digits."""
        if not self._version:
            self._version = content_hash(self.plastic)
        return self._version

    def observe(self, batch: Any) -> Observation:
        """Score a batch by both models, then learn from it."""
        t = self.t
        frozen = self._score_frozen(batch) if t % self.settings.frozen_every == 0 else None
        version = self.version
        scored = self._score(batch)
        adaptive, losses = scored.loss, scored.losses.detach()
        frozen_mean = None if frozen is None else float(frozen.float().mean())
        self.t = t + 1
        event = self._return_if_worse(adaptive, frozen_mean)
        if event is None:
            event = self._learn(scored, t)
        return Observation(t, adaptive, frozen_mean, version, losses, frozen, event)

    def score(self, batch: Any) -> Observation:
        """Only score a batch, where its label is to come: `learn` follows when it has come."""
        t = self.t
        frozen = self._score_frozen(batch) if t % self.settings.frozen_every == 0 else None
        version = self.version
        with torch.no_grad():
            losses = self._loss(self.module, batch)
        adaptive = float(losses.float().mean())
        frozen_mean = None if frozen is None else float(frozen.float().mean())
        self.t = t + 1
        event = self._return_if_worse(adaptive, frozen_mean)
        return Observation(t, adaptive, frozen_mean, version, losses, frozen, event)

    def learn(self, batch: Any, trained_on: int) -> Mapping[str, Any]:
        """Learn from a batch that was scored at step `trained_on`; returns the transaction."""
        return self._learn(self._score(batch), trained_on)

    def restore(self, weights: Mapping[str, Tensor] | None = None) -> None:
        """Load weights: the given ones, or those of the base. The optimizer state is reset."""
        source = self.twin.base if weights is None else weights
        with torch.no_grad():
            for name, parameter in self.plastic.items():
                parameter.copy_(source[name])
        rates = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.state.clear()
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._recent.clear()
        self._version = ""

    def close(self) -> None:
        """Let the module's parameters require gradients as they did before."""
        for name, p in self.module.named_parameters():
            p.requires_grad_(self._learns[name])

    def state_dict(self) -> dict[str, Any]:
        """All that an exact continuation needs, beside the module as it was at the start."""
        return {
            "t": self.t,
            "weights": {name: p.detach().clone() for name, p in self.plastic.items()},
            "optimizer": optimizer_state(self.optimizer),
            "buffers": {name: copied(b) for name, b in self.module.named_buffers()},
            "frozen_buffers": copied(self.twin.buffers),
            "random": self._randomness.state(),
            "recent": [list(pair) for pair in self._recent],
            "trusted": None if self._trusted is None else [*copied(self._trusted)],
            "pace": [self._good, self._slower],
            "also": [copied(one.state_dict()) for one in self._also],
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`. Raises KeyError or ValueError where it is another module's."""
        if int(state["t"]) < 0:
            raise ValueError(f"the state is of step {state['t']}")
        if set(state["weights"]) != set(self.plastic):
            raise ValueError("the state is of a module with other plastic parameters")
        for name, parameter in self.plastic.items():
            if state["weights"][name].shape != parameter.shape:
                raise ValueError(f"the state has {name} in another shape")
            parameter.copy_(state["weights"][name])
        if "optimizer" in state:  # else it begins anew
            load_optimizer(self.optimizer, state["optimizer"])
        for name, buffer in self.module.named_buffers():
            buffer.copy_(state["buffers"][name])
        for name, buffer in self.twin.buffers.items():
            buffer.copy_(state["frozen_buffers"][name])
        self._randomness.load(state["random"])
        self._recent.clear()
        self._recent.extend((float(a), float(f)) for a, f in state["recent"])
        trusted = state["trusted"]
        self._trusted = None if trusted is None else (int(trusted[0]), copied(trusted[1]))
        for one, saved in zip(self._also, state["also"], strict=True):
            one.load_state_dict(saved)
        self._good, self._slower = (int(count) for count in state["pace"])
        self.t = int(state["t"])
        self._version = ""

    def _loss(self, model: Any, batch: Any) -> Tensor:
        with self._autocast():
            return self._loss_function(model, batch)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.settings.autocast == "full":
            return nullcontext()
        return torch.autocast(self._device.type, getattr(torch, self.settings.autocast))

    def _score_frozen(self, batch: Any) -> Tensor:
        with self._randomness.replayed(self._randomness.state()):
            return self.twin.score(self._loss, batch)

    def _score(self, batch: Any) -> _Scored:
        random = self._randomness.state()
        with torch.enable_grad():
            losses = self._loss(self.module, batch)
        if not losses.requires_grad:
            raise RefusedInput(
                "the loss does not depend on any plastic parameter; "
                f"they are {', '.join(list(self.plastic)[:4])}"
            )
        return _Scored(batch, losses, float(losses.detach().float().mean()), random)

    def _return_if_worse(self, adaptive: float, frozen: float | None) -> dict[str, Any] | None:
        """Keep or roll back the weights in force, by the newest scores of both models."""
        window = self.settings.frozen_window
        if frozen is None or window == 0:
            return None
        self._recent.append((adaptive, frozen))
        broken = not math.isfinite(adaptive) and math.isfinite(frozen)
        if len(self._recent) < window and not broken:
            return None
        count = len(self._recent)
        live, base = (sum(scores) / count for scores in zip(*self._recent, strict=True))
        if live <= base + 1e-6 * abs(base):
            self._good += 1
            if live < base and self._good % window == 0:
                self._trusted = self.t - 1, self._copies()
            if self._good % (RECOVERY * window) == 0 and self._slower:
                self._slower -= 1
                self.scale_lr(2.0)
            return None
        if not math.isfinite(base) and not broken:
            return None  # what comes in is broken, not what was learned
        to_t, trusted = (0, None) if self._trusted is None else self._trusted
        self._trusted = None  # where these fail as well, only the base is left
        self.restore(trusted)
        self.scale_lr(0.5)
        self._slower, self._good = self._slower + 1, 0
        return {
            "t": self.t,
            "status": "rollback_live_regression",
            "to_t": to_t,
            "live_mse": live,
            "live_frozen_mse": base,
            "live_steps": count,
            "lr": self.lr,
            "why": "restore",
            "gates": [{"name": "frozen", "value": live, "limit": base, "passed": False}],
            "version": self.version,
        }

    def _copies(self) -> dict[str, Tensor]:
        return {name: p.detach().clone() for name, p in self.plastic.items()}

    def _learn(self, scored: _Scored, trained_on: int) -> dict[str, Any]:
        """Carry out one transaction; its event has the step from which it is in force."""
        began = time.perf_counter()
        before = self.version
        self._moments.take()
        checks = Passed()
        checks.add("pre_loss", scored.loss)
        losses, norm, after = scored.losses, None, None
        for i in range(self.settings.inner_steps if checks.good else 0):
            if i:
                losses = self._loss(self.module, scored.batch)
            self.optimizer.zero_grad(set_to_none=True)
            norm = gradients(
                losses, list(self.plastic.values()), self.settings.grad_clip, self._scales
            )
            self._gates.gradient(checks, norm)
            if not checks.good:
                break
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if checks.good:
            after = self._after(scored, checks)
        if not checks.good:
            self._moments.restore()
        else:
            self._version = ""
        return {
            "t": self.t,
            "status": status_of(checks),
            "pre_loss": scored.loss,
            "post_loss": after,
            "grad_norm": norm,
            "lr": self.lr,
            "inner_steps": self.settings.inner_steps,
            "duration_ms": round(1e3 * (time.perf_counter() - began), 3),
            "why": "gradient",
            "gates": checks.asdicts(),
            "trained_on": [trained_on],
            "version_before": before,
            "version": self.version,
        }

    def _after(self, scored: _Scored, checks: Passed) -> float | None:
        """Check the gates on the weights after the step; returns the loss there."""
        self._gates.weights(checks, list(self.plastic.values()))
        after = None
        if self.settings.remeasure and checks.good:
            with self._randomness.replayed(scored.random):
                losses = score_quietly(self.module, self._loss, scored.batch)
            after = float(losses.float().mean())
            self._gates.loss(checks, scored.loss, after)
        if checks.good:
            self._gates.check_named(checks, self.module)
        return after
