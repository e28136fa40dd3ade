"""Running sums of a session, from which metrics.json is made without reading any file."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.improvement import WINDOW, improvement
from tttui.model.transactions import IMPLIED

KEPT_COMMITS = 8
"""A rollback returns to the commit before at most; by hand one may go back further."""


class Tally:
    """Sums of both errors, the last errors themselves, and counts of the updates.

    Rows are added one by one, so that the sums do not depend on how the run was cut.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.baseline_sum = self.adaptive_sum = 0.0
        self.last: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self.attempted = self.committed = 0
        self.commits: deque[tuple[int, float]] = deque(maxlen=KEPT_COMMITS)
        """Step of the newest commits that are still in force, and what their weights imply."""

    @property
    def implied(self) -> float | None:
        """The hidden quantity that the weights in force imply; None where it is not known."""
        return self.commits[-1][1] if self.commits else None

    def add_rows(self, baseline: Floats, adaptive: Floats) -> None:
        """Add the errors [n] of n steps."""
        for b, a in zip(baseline.tolist(), adaptive.tolist(), strict=True):
            self.baseline_sum += b
            self.adaptive_sum += a
            self.last.append((b, a))
        self.rows += len(baseline)

    def add_event(self, event: Mapping[str, Any]) -> None:
        """Count one transaction."""
        self.attempted += 1
        if event["status"] == "commit":
            self.committed += 1
            if event.get(IMPLIED) is not None:
                self.commits.append((int(event["t"]), float(event[IMPLIED])))
        if "to_t" in event:
            self.return_to(int(event["to_t"]))

    def return_to(self, t: int) -> None:
        """Forget the commits after step t, whose weights are no longer in force."""
        while self.commits and self.commits[-1][0] > t:
            self.commits.pop()

    def last_errors(self) -> tuple[Floats, Floats]:
        """The last errors of both models, [n] each with n <= 100."""
        pairs = np.array(self.last, dtype=np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def percent_better(self) -> float | None:
        """The improvement of the mean over the last steps in percent, None before any step."""
        if not self.last:
            return None
        baseline, adaptive = self.last_errors()
        mean = float(baseline.mean())
        return 100.0 * (mean - float(adaptive.mean())) / mean if mean > 0 else None

    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json; empty before the first step."""
        if not self.rows:
            return {"notes": "no step was run yet"}
        baseline, adaptive = self.last_errors()
        judged = improvement(baseline, adaptive)
        return {
            "baseline_mse_mean": self.baseline_sum / self.rows,
            "adaptive_mse_mean": self.adaptive_sum / self.rows,
            "baseline_mse_last100_mean": judged.frozen,
            "adaptive_mse_last100_mean": judged.adaptive,
            "updates_attempted": self.attempted,
            "updates_committed": self.committed,
            "updates_rolled_back": self.attempted - self.committed,
            "improvement_percent": judged.percent,
            "improvement_ci95": [judged.low, judged.high],
            IMPLIED: self.implied,
        }

    def state(self) -> dict[str, Any]:
        """All of it, as arrays and plain values."""
        return {
            "rows": self.rows,
            "baseline_sum": self.baseline_sum,
            "adaptive_sum": self.adaptive_sum,
            "last": np.array(self.last, dtype=np.float64).reshape(-1, 2),
            "attempted": self.attempted,
            "committed": self.committed,
            "commits": np.array(self.commits, dtype=np.float64).reshape(-1, 2),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from `state()`."""
        self.rows = int(state["rows"])
        self.baseline_sum = float(state["baseline_sum"])
        self.adaptive_sum = float(state["adaptive_sum"])
        self.last.clear()
        self.last.extend((float(b), float(a)) for b, a in np.asarray(state["last"]))
        self.attempted = int(state["attempted"])
        self.committed = int(state["committed"])
        self.commits.clear()
        self.commits.extend((int(t), float(value)) for t, value in np.asarray(state["commits"]))
