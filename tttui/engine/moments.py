"""Saved moments that a learner restores bit for bit: weights, optimizer, buffers, randomness."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tttui.engine.frozen_twin import Randomness


class Restorable(Protocol):
    """Other state that an update changes and a rollback restores: a schedule, a buffer."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


def optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    """A copy of an optimizer's state, by the index of each parameter.

    Not its `state_dict`, whose loading would round float32 states to bfloat16 parameters.
    """
    places = {p: i for i, p in enumerate(_parameters_of(optimizer))}
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    state = {places[p]: copied(dict(one)) for p, one in optimizer.state.items()}
    return {"state": state, "groups": copied(groups)}


def load_optimizer(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    """Restore a state of `optimizer_state`; leaves the parameters unchanged."""
    params = _parameters_of(optimizer)
    optimizer.state.clear()
    for place, one in saved["state"].items():
        optimizer.state[params[place]] = copied(one)
    for group, values in zip(optimizer.param_groups, saved["groups"], strict=True):
        group.update(copied(values))


def _parameters_of(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def copied(value: Any) -> Any:
    """A deep copy of a nested state of tensors."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(copied(one) for one in value)
    return value


class Moments:
    """Holds the last saved moment.

    Copies all buffers, since batch statistics are written without torch's version counter.
    """

    def __init__(
        self,
        module: nn.Module,
        plastic: Mapping[str, Tensor],
        optimizer: Optimizer,
        randomness: Randomness,
        also: Sequence[Restorable],
    ) -> None:
        self._module, self._optimizer, self._randomness = module, optimizer, randomness
        self._also = also
        self._plastic = [p.detach() for p in plastic.values()]
        self.weights = {name: torch.empty_like(p) for name, p in plastic.items()}
        """The plastic weights of the moment."""
        self._buffers: dict[str, tuple[Tensor, Tensor]] = {}
        """The buffer, and what it held then."""
        self._optim: dict[str, Any] = {}
        self._random: list[Tensor] = []
        self._others: list[dict[str, Any]] = []

    @torch.no_grad()
    def take(self) -> None:
        """Save the current moment in place of the previous one."""
        torch._foreach_copy_(list(self.weights.values()), self._plastic)
        self._optim = optimizer_state(self._optimizer)
        self._buffers = {n: (b, b.detach().clone()) for n, b in self._module.named_buffers()}
        self._random = self._randomness.state()
        self._others = [copied(one.state_dict()) for one in self._also]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the saved moment."""
        torch._foreach_copy_(self._plastic, list(self.weights.values()))
        load_optimizer(self._optimizer, self._optim)
        for name, (buffer, copy) in self._buffers.items():
            buffer.copy_(copy)
            owner, _, last = name.rpartition(".")
            setattr(self._module.get_submodule(owner), last, buffer)
        self._randomness.load(self._random)
        for one, state in zip(self._also, self._others, strict=True):
            one.load_state_dict(state)
