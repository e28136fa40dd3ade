"""Controls: losses of other predictors on the same steps as the session's two models."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.model.numbers import short
from tttui.model.schema import CONTROL
from tttui.model.steps import SeriesTable, Steps
from tttui.model.verdict import LEAST, Clause, Verdict

SO_FAR = " so far"
"""How the name of a control ends whose value is that of all steps up to its own."""


@dataclass(frozen=True, slots=True)
class Control:
    """The mean loss of a control, and that of both models over the same steps."""

    name: str
    loss: float
    frozen: float
    """NaN where the frozen model was not evaluated there."""
    adaptive: float
    count: int
    """Number of steps of the means."""
    last: int
    """The last of these steps."""
    so_far: bool
    """Whether it covers all steps up to the last."""

    @property
    def where(self) -> str:
        """`over 24 steps`, or `over all steps up to 351`."""
        if self.so_far:
            return f"over all steps up to {self.last}"
        return f"over {self.count} step{'s' * (self.count != 1)}"


def controls_of(steps: Steps, table: SeriesTable | None) -> tuple[Control, ...]:
    """The controls of a session that have a value, in the order of the file."""
    controls = list[Control]()
    for name in () if table is None else table.names:
        if not name.startswith(CONTROL):
            continue
        assert table is not None
        t, y = table.of(name)
        known = np.isin(t, steps.t) & np.isfinite(y)
        t, y = t[known], y[known]
        if not len(t):
            continue
        so_far = name.endswith(SO_FAR)
        rows = np.searchsorted(steps.t, t[-1:] if so_far else t)
        picked = slice(0, int(rows[0]) + 1) if so_far else rows
        frozen, adaptive = steps.frozen[picked], steps.adaptive[picked]
        with np.errstate(all="ignore"):
            controls.append(
                Control(
                    name.removeprefix(CONTROL).removesuffix(SO_FAR),
                    float(y[-1] if so_far else np.mean(y)),
                    float(np.mean(frozen)),
                    float(np.mean(adaptive)),
                    len(adaptive),
                    int(t[-1]),
                    so_far,
                )
            )
    return tuple(controls)


def with_controls(judged: Verdict, controls: Sequence[Control]) -> Verdict:
    """The verdict with a clause for each stretch of steps that has controls."""
    clauses = list[Clause]()
    for where in dict.fromkeys(control.where for control in controls):
        alike = [control for control in controls if control.where == where]
        named = ", ".join(f"{control.name} {short(control.loss)}" for control in alike)
        both = f"adaptive {short(alike[0].adaptive)}"
        if np.isfinite(alike[0].frozen):
            both = f"frozen {short(alike[0].frozen)}, {both}"
        clauses.append(Clause(f" {where[0].upper()}{where[1:]}: {both}, {named}.", LEAST))
    return replace(judged, clauses=(*judged.clauses, *clauses)) if clauses else judged
