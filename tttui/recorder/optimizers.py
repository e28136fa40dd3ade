"""Counting the steps of torch optimizers, whoever owns them."""

import copy
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from tttui.recorder.changes import StepsSeen
from tttui.recorder.values import WarnsOnce


class OptimizerSteps:
    """Counts the steps of all optimizers until it is closed."""

    def __init__(
        self, plastic: Callable[[], Mapping[str, Any]], others: Mapping[str, Any], warn: WarnsOnce
    ) -> None:
        """`others`: parameters of the model that are not plastic; warns if an optimizer steps them,
        since the frozen twin shares them."""
        self._plastic, self._warn = plastic, warn
        self._others = {id(p): name for name, p in others.items()}
        self._ours: weakref.WeakKeyDictionary[Optimizer, bool] = weakref.WeakKeyDictionary()
        self._steps = StepsSeen()
        seen = weakref.WeakMethod(self._see)

        def hook(optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
            see = seen()
            if see is not None:
                see(optimizer)

        self._handle = register_optimizer_step_post_hook(hook)

    def taken(self) -> StepsSeen:
        """The steps since the last call."""
        steps, self._steps = self._steps, StepsSeen()
        return steps

    def close(self) -> None:
        self._handle.remove()

    def _see(self, optimizer: Optimizer) -> None:
        ours = self._ours.get(optimizer)
        if ours is None:
            known = {id(x) for x in self._plastic().values()}
            groups = optimizer.param_groups
            ours = any(id(p) in known for group in groups for p in group["params"])
            self._ours[optimizer] = ours
            also = [
                self._others[id(p)] for g in groups for p in g["params"] if id(p) in self._others
            ]
            if also:
                self._warn("others", lambda: _also_learned(also))
        if ours:
            self._steps.ours += 1
            rate = optimizer.param_groups[0].get("lr")
            self._steps.lr = float(rate) if isinstance(rate, (int, float)) else None
        else:
            self._steps.others += 1


def kept_state(optimizer: Optimizer) -> Mapping[str, Any]:
    """A copy of the state of an optimizer, to be given back by `load_state_dict`."""
    return copy.deepcopy(optimizer.state_dict())


def _also_learned(names: Sequence[str]) -> str:
    more = f" and {len(names) - 1} others" if len(names) > 1 else ""
    return (
        f"tttui.Recorder: {names[0]}{more} of the model is stepped by an optimizer but is not "
        "plastic: it is not versioned, not put back, and the frozen twin follows it; name it in "
        "plastic=..., or keep it out of the optimizer"
    )
