"""The frozen twin: the model as it was when the recorder was made, beside the one that adapts."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tttui.model.errors import RecorderError


class Twins:
    """Modules with the base's plastic weights and buffers of their own.

    What is not plastic they share with the model, so that only buffers and the base are in memory
    twice; the structure (train or eval, `track_running_stats`) is their own, so nothing that is
    done to the model reaches them, and running them changes nothing of the model. `frozen` is the
    model as it was when this was made. A control is the model as it is configured when it is
    first asked for, with the base's weights: what is gained without any learning.
    """

    def __init__(self, model: nn.Module, base: Mapping[str, Tensor]) -> None:
        self._model = model
        parameters = dict(model.named_parameters())
        self._base = {
            id(parameters[name]): nn.Parameter(value, requires_grad=False)
            for name, value in base.items()
            if name in parameters
        }
        self._frozen = self._copied()
        self._controls: dict[str, nn.Module] = {}

    def frozen(self, function: Callable[[Any], Any]) -> Any:
        """Call a function with the frozen twin."""
        return _without_gradients(self._frozen, function)

    def control(self, name: str, function: Callable[[Any], Any]) -> Any:
        """Call a function with the control of this name, whose buffers persist between calls."""
        if name not in self._controls:
            self._controls[name] = self._copied()
        return _without_gradients(self._controls[name], function)

    def _copied(self) -> nn.Module:
        shared = {id(p): p for p in self._model.parameters()}
        try:
            return copy.deepcopy(self._model, memo={**shared, **self._base})
        except Exception as error:  # whatever the parts of a module raise when they are copied
            raise RecorderError(
                f"the frozen twin cannot be made: {type(self._model).__name__} cannot be copied "
                f"({error}); give the frozen loss yourself: s.frozen(value)"
            ) from error


def _without_gradients(twin: nn.Module, function: Callable[[Any], Any]) -> Any:
    """Call without gradients, and leave the random number generators unchanged."""
    devices = sorted({p.device.index for p in twin.parameters() if p.device.type == "cuda"})
    with torch.no_grad(), torch.random.fork_rng(devices):
        return function(twin)
