"""The gates of a transaction of any module, each written so that a NaN fails it."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tttui.model.adaptation import Adaptation

Gate = Callable[[nn.Module], float]


class Passed:
    """The gates that a transaction met so far; the first that failed decides."""

    def __init__(self) -> None:
        self._met: list[tuple[str, float, float, bool]] = []
        self.failed = ""
        """The name of the gate that stopped it, '' where none did."""

    @property
    def good(self) -> bool:
        return not self.failed

    def add(self, name: str, value: float, limit: float = math.inf) -> None:
        """`value` must be finite and not above `limit`."""
        passed = math.isfinite(value) and value <= limit
        self._met.append((name, value, limit, passed))
        if not passed and self.good:
            self.failed = name if math.isfinite(value) else "non_finite"

    def asdicts(self) -> list[dict[str, Any]]:
        """The gates that have a limit, as update_events.jsonl has them."""
        return [
            {"name": name, "value": value, "limit": limit, "passed": passed}
            for name, value, limit, passed in self._met
            if math.isfinite(limit) or not passed
        ]


class Gates:
    """The gates of the settings, and those that the user named."""

    def __init__(self, settings: Adaptation, named: Mapping[str, tuple[Gate, float]]) -> None:
        self.settings, self._named = settings, named

    def gradient(self, passed: Passed, norm: float) -> None:
        passed.add("grad_norm", norm, self.settings.grad_norm_max)

    def loss(self, passed: Passed, before: float, after: float) -> None:
        passed.add("loss_regression", after, before + self.settings.rollback_tol * abs(before))

    @torch.no_grad()
    def weights(self, passed: Passed, tensors: list[Tensor]) -> None:
        """Check that the plastic weights are finite."""
        # Of the kinds of norm the euclidean one is fast.
        norms = torch._foreach_norm([p.detach() for p in tensors])
        passed.add("weights", float(torch.stack([n.float() for n in norms]).max()))

    def check_named(self, passed: Passed, module: nn.Module) -> None:
        for name, (gate, limit) in self._named.items():
            with torch.no_grad():
                passed.add(name, float(gate(module)), limit)


def status_of(passed: Passed) -> str:
    """`commit`, or `rollback_` and the gate that failed, in letters and digits."""
    if passed.good:
        return "commit"
    return "rollback_" + re.sub(r"[^a-z0-9]+", "_", passed.failed.lower()).strip("_")
