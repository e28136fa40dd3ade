"""Running sums of a session of any task, from which metrics.json is made."""

from collections import deque
from typing import Any

import numpy as np

from tttui.model.improvement import WINDOW, improvement


class Tally:
    """Sums of both losses and counts of the updates.

    Means of the frozen loss, and whatever compares both, are over the steps that have both.
    """

    def __init__(self) -> None:
        self.rows = self.pairs = 0
        self.adaptive_sum = self.frozen_sum = self.paired_sum = 0.0
        self.last: deque[float] = deque(maxlen=WINDOW)
        """The last adaptive losses."""
        self.last_pairs: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        """The last (frozen, adaptive) losses of steps that have both."""
        self.attempted = self.committed = 0

    def add_step(self, frozen: float | None, adaptive: float) -> None:
        """Count one step; `frozen` is None where it was not evaluated."""
        self.rows += 1
        self.adaptive_sum += adaptive
        self.last.append(adaptive)
        if frozen is not None:
            self.pairs += 1
            self.frozen_sum += frozen
            self.paired_sum += adaptive
            self.last_pairs.append((frozen, adaptive))

    def add_event(self, status: str) -> None:
        self.attempted += 1
        self.committed += status == "commit"

    def metrics(self, *, lower_is_better: bool = True) -> dict[str, Any]:
        """The content of metrics.json; what cannot be told is null."""
        if not self.rows:
            return {"notes": "no step was recorded yet"}
        pairs = np.array(self.last_pairs, dtype=np.float64).reshape(-1, 2)
        judged = improvement(pairs[:, 0], pairs[:, 1])
        mean_of_last = float(np.mean(self.last))
        told = len(pairs) > 0 and lower_is_better
        return {
            "baseline_mse_mean": self.frozen_sum / self.pairs if self.pairs else None,
            "adaptive_mse_mean": self.adaptive_sum / self.rows,
            "adaptive_mse_mean_where_frozen": self.paired_sum / self.pairs if self.pairs else None,
            "baseline_mse_last100_mean": judged.baseline if len(pairs) else None,
            "adaptive_mse_last100_mean": judged.adaptive if len(pairs) else mean_of_last,
            "steps_with_frozen": self.pairs,
            "updates_attempted": self.attempted,
            "updates_committed": self.committed,
            "updates_rolled_back": self.attempted - self.committed,
            "improvement_percent": judged.percent if told else None,
            "improvement_ci95": [judged.low, judged.high] if told else None,
        }
