"""What trains weights on data, step by step; one for numpy and one for torch."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Took:
    """What one step of a training was like."""

    loss: float
    """Of its batch, before the step."""
    lr: float
    gradient_norm: float
    """Of all gradients together, before they are clipped."""

    @property
    def finite(self) -> bool:
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)


class Trainer(ABC):
    """One training: the same weights however it was cut into executions.

    Where a step meets a loss or a gradient that is not finite, the weights may be spoilt: whoever
    drives it goes back to a `state()`, with `slow_down`.
    """

    items: ClassVar[str]
    """What a step learns from: `bytes`, `tokens`, `steps`."""

    steps: int
    """In all."""
    steps_an_epoch: int
    items_a_step: int
    step: int = 0
    """Taken so far."""
    slowed: float = 1.0
    """Factor of the learning rate."""

    def slow_down(self) -> None:
        """Halve the learning rate from here on."""
        self.slowed *= 0.5

    def device_memory(self) -> int:
        """The most bytes of a GPU that were held at once."""
        return 0

    @abstractmethod
    def advance(self) -> Took:
        """Take one step."""

    @abstractmethod
    def validate(self) -> float:
        """The loss on the data that were held out, the same whenever the weights are."""

    @abstractmethod
    def weights(self) -> dict[str, Floats]:
        """Copies of the weights that are trained, by name."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything that an exact continuation needs, `slowed` among it."""

    @abstractmethod
    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state()`. Raises KeyError, TypeError or ValueError where it is none."""


def cosine(lr: float, step: int, steps: int) -> float:
    """A learning rate that falls from `lr` at step 0 to 0 at `steps`, on half a cosine."""
    return lr * 0.5 * (1.0 + math.cos(math.pi * step / steps))
