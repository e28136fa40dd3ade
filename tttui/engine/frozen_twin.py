"""The frozen twin: a module as it was, at the cost of its plastic parameters and buffers only."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

Loss = Callable[[Any, Any], Tensor]
"""The loss of a model on a batch: one number, or the losses of its items, whose mean counts."""


class _LossOfModule(nn.Module):
    """Calls a loss with a module, so that `functional_call` reaches whatever the loss calls."""

    def __init__(self, module: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.module = module
        self.loss = loss

    def forward(self, batch: Any) -> Tensor:
        return self.loss(self.module, batch)


class FrozenTwin:
    """Scores batches by the weights that a module had when the twin was taken.

    Its buffers are its own: batch statistics that it collects never reach the adaptive model.
    What is not plastic is shared, never copied.
    """

    def __init__(self, module: nn.Module, plastic: Iterable[str]) -> None:
        self._module = module
        parameters = dict(module.named_parameters())
        self.base = {name: parameters[name].detach().clone() for name in plastic}
        self.buffers = {name: b.detach().clone() for name, b in module.named_buffers()}

    @torch.no_grad()
    def score(self, loss: Loss, batch: Any) -> Tensor:
        """The loss of the frozen model."""
        return self._call(loss, batch, self.buffers)

    def _call(self, loss: Loss, batch: Any, buffers: Mapping[str, Tensor]) -> Tensor:
        # A module that was given other buffers since has no place for those.
        there = {name for name, _ in self._module.named_buffers()}
        own = {name: b for name, b in buffers.items() if name in there}
        tensors = {f"module.{name}": tensor for name, tensor in (self.base | own).items()}
        value: Tensor = functional_call(_LossOfModule(self._module, loss), tensors, (batch,))
        return value


@torch.no_grad()
def score_quietly(module: nn.Module, loss: Loss, batch: Any) -> Tensor:
    """The loss of a module as it is, leaving its buffers alone."""
    buffers = {f"module.{name}": b.clone() for name, b in module.named_buffers()}
    if not buffers:
        return loss(module, batch)
    value: Tensor = functional_call(_LossOfModule(module, loss), buffers, (batch,))
    return value


class Randomness:
    """The generators that a forward pass draws from: that of the CPU, and of the devices used."""

    def __init__(self, devices: Iterable[torch.device]) -> None:
        self._cuda = sorted({d.index or 0 for d in devices if d.type == "cuda"})

    def state(self) -> list[Tensor]:
        """The state for `load`."""
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(i) for i in self._cuda)]

    def load(self, state: list[Tensor]) -> None:
        torch.set_rng_state(state[0])
        for i, one in zip(self._cuda, state[1:], strict=True):
            torch.cuda.set_rng_state(one, i)

    @contextmanager
    def replayed(self, state: list[Tensor]) -> Iterator[None]:
        """Repeat the draws since `state`, and afterwards restore the current state."""
        now = self.state()
        self.load(state)
        try:
            yield
        finally:
            self.load(now)
