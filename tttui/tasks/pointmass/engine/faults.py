"""Faults that a run injects on purpose (`--fault KIND@STEP`): for tests, and for learning to read
the screens. Each ends in a rollback (or in a clean stop) with the session healthy afterwards.
"""

import errno
from collections.abc import Sequence

import numpy as np

from tttui.artifacts.interventions import Intervention
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass

BLOW_UP = 1e9
"""Factor on the gradient: no gate lets this pass."""

GARBAGE_STD = 30.0
"""Standard deviation of the garbage that a bad chunk consists of, far outside any trajectory."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault."""

    kind: str
    step: int

    def intervention(self, known_at: int = 0) -> Intervention:
        return Intervention(t=self.step, kind="fault", value=self.kind, known_at=known_at)


def planned_faults(faults: Sequence[Fault]) -> list[Intervention]:
    """The faults that are recorded with the session."""
    return [fault.intervention() for fault in faults if fault.kind != "disk"]


def disk_fault(faults: Sequence[Fault]) -> int | None:
    """The step at which the disk is simulated as full; None: never."""
    return min((fault.step for fault in faults if fault.kind == "disk"), default=None)


def corrupted(z: Floats, start: int, faults: Sequence[Fault], *, chunk: int, seed: int) -> Floats:
    """Observations z [n+1, 4] of steps start..start+n as the models see them.

    A pure function of the step, so that two stretches that share an observation agree on it.
    """
    stop = start + len(z)
    out = z
    for fault in faults:
        length = {"nan": 1, "chunk": chunk}.get(fault.kind, 0)
        first, last = max(start, fault.step), min(stop, fault.step + length)
        if first >= last:
            continue
        if out is z:
            out = z.copy()
        if fault.kind == "nan":
            out[first - start : last - start] = np.nan
        else:
            garbage = np.random.default_rng([seed, fault.step]).normal(0.0, GARBAGE_STD, (chunk, 4))
            out[first - start : last - start] = garbage[first - fault.step : last - fault.step]
    return out


def sudden_mu(mu: float, low: float, high: float) -> float:
    """The end of the range [low, high] that is farther from the present friction."""
    return high if abs(high - mu) >= abs(mu - low) else low


def disk_full() -> OSError:
    """The error of the operating system for a full disk."""
    return OSError(errno.ENOSPC, "No space left on device")
