"""Training the plastic parameters of a module on batches of token sequences."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tttui.engine.moments import load_optimizer, optimizer_state
from tttui.engine.optimizers import gradients, new_optimizer
from tttui.engine.parameters import Plastic, chosen
from tttui.engine.tensorstate import as_arrays, as_tensors
from tttui.model.arrays import Floats, Ints
from tttui.model.training import TrainSettings
from tttui.tasks.corpus import Windows
from tttui.tasks.trainer import Took, Trainer, cosine

AT_ONCE = 16
"""Sequences of a validation that are computed together."""

Losses = Callable[[Any, Tensor, int | None], Tensor]
"""Losses [batch, last] of a module on stretches [batch, length + 1], of their last places only
(None: of all)."""


class TorchTrainer(Trainer):
    """Steps of SGD, AdamW or Muon; the learning rate rises, then falls on a cosine to 0."""

    def __init__(
        self,
        module: nn.Module,
        plastic: Plastic,
        losses: Losses,
        windows: Windows,
        held_out: Ints,
        last: int,
        settings: TrainSettings,
        items: str,
    ) -> None:
        """`held_out` [n, length + 1] are windows whose `last` positions are validated.

        The module lies on its device already. Raises RefusedInput where nothing is plastic.
        """
        torch.set_num_threads(settings.threads)
        self.items = items  # type: ignore[misc]
        self._module, self._losses, self._windows = module, losses, windows
        self._held_out, self._last, self.settings = held_out, last, settings
        self._plastic = chosen(module, plastic)
        for name, p in module.named_parameters():
            p.requires_grad_(name in self._plastic)
        self._params: list[Tensor] = list(self._plastic.values())
        self._device = self._params[0].device
        self._optimizer = new_optimizer(
            settings.optimizer,
            self._params,
            settings.lr,
            momentum=0.9 if settings.optimizer == "sgd" else 0.95,
            weight_decay=settings.weight_decay,
        )
        self._rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self.steps_an_epoch = windows.an_epoch
        self.steps = settings.length(windows.an_epoch)
        self.items_a_step = settings.batch * windows.length

    def advance(self) -> Took:
        s = self.settings
        rise = min(1.0, (self.step + 1) / max(1, min(s.warmup, self.steps // 2)))
        share = self.slowed * rise * cosine(1.0, self.step, self.steps)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        batch = self._on_device(self._windows.batch(self.step))
        self._optimizer.zero_grad(set_to_none=True)
        losses = self._losses(self._module, batch, None)
        loss = float(losses.detach().float().mean())
        norm = gradients(losses, self._params, s.grad_clip, None)
        if math.isfinite(loss) and math.isfinite(norm):
            self._optimizer.step()
        self.step += 1
        return Took(loss, s.lr * share, norm)

    @torch.no_grad()
    def validate(self) -> float:
        total = 0.0
        for begin in range(0, len(self._held_out), AT_ONCE):
            part = self._on_device(self._held_out[begin : begin + AT_ONCE])
            total += float(self._losses(self._module, part, self._last).double().sum())
        return total / (len(self._held_out) * self._last)

    @torch.no_grad()
    def put(self, weights: Mapping[str, Floats]) -> None:
        """Load the start weights. Raises KeyError or ValueError if they do not fit."""
        if set(weights) != set(self._plastic):
            raise ValueError("the weights have other names than the plastic parameters")
        for name, p in self._plastic.items():
            if tuple(weights[name].shape) != tuple(p.shape):
                raise ValueError(f"{name} has another shape")
            p.copy_(torch.from_numpy(weights[name].copy()))

    def weights(self) -> dict[str, Floats]:
        return {name: _floats(p) for name, p in self._plastic.items()}

    def state(self) -> dict[str, Any]:
        weights = {name: p.detach().clone() for name, p in self._plastic.items()}
        return {
            "step": self.step,
            "slowed": self.slowed,
            "weights": as_arrays(weights),
            "optimizer": as_arrays(optimizer_state(self._optimizer)),
        }

    @torch.no_grad()
    def load(self, state: Mapping[str, Any]) -> None:
        weights = as_tensors(state["weights"])
        for name, p in self._plastic.items():
            if weights[name].shape != p.shape:
                raise ValueError(f"{name} has another shape")
            p.copy_(weights[name])
        load_optimizer(self._optimizer, as_tensors(state["optimizer"]))
        for one in self._optimizer.state.values():
            for key, value in one.items():
                if isinstance(value, Tensor) and value.ndim:
                    one[key] = value.to(self._device)
        self.step, self.slowed = int(state["step"]), float(state["slowed"])

    def device_memory(self) -> int:
        if self._device.type != "cuda":
            return 0
        return int(torch.cuda.max_memory_allocated(self._device))

    def _on_device(self, ids: Ints) -> Tensor:
        return torch.from_numpy(ids.astype("int64")).to(self._device)


def _floats(parameter: Tensor) -> Floats:
    array: Floats = parameter.detach().float().cpu().numpy().copy()
    return array
