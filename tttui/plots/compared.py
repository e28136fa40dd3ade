"""The errors of several sessions over one axis."""

from dataclasses import replace

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.model.compare import SCALED_LOSS, Comparison, loss_scales, losses_differ
from tttui.model.steps import Steps
from tttui.plots.errors import averaged, curve, span_note


def compared_errors(comparison: Comparison | None, smooth: bool, message: str = "") -> Plot:
    """The adaptive errors of all sessions over one axis, and the frozen ones that differ.

    Losses of different units have no axis in common: each is divided by the mean of its own
    frozen model, and sessions without one are left out.
    """
    if comparison is None:
        return Plot(title="losses of the marked sessions", message=message)
    mixed, scales = losses_differ(comparison.sessions), loss_scales(comparison.sessions)
    adaptive: list[Trace] = []
    frozen_curves: list[tuple[Steps, int, list[int], float]] = []
    for i, (data, name) in enumerate(zip(comparison.sessions, comparison.names, strict=True)):
        steps, chunk, scale = data.steps, averaged(data), scales[i]
        if not len(steps) or scale is None:
            continue
        series = Series(steps.t, steps.adaptive / scale)
        higher = " (higher is better)" if mixed and not data.meta.loss.lower_is_better else ""
        trace = curve(f"{i + 1} {name}{higher}", series, i, smooth, heavy=True, chunk=chunk)
        adaptive.append(replace(trace, tag=str(i + 1) if i < 9 else ""))
        if steps.never_evaluated:
            continue
        shared = next((which for x, _, which, _ in frozen_curves if _same_frozen(steps, x)), None)
        if shared is None:
            frozen_curves.append((steps, chunk, [i + 1], scale))
        else:
            shared.append(i + 1)
    frozen: list[Trace] = []
    for steps, chunk, which, scale in frozen_curves:
        t, y, _ = steps.compared()
        name = f"frozen {', '.join(map(str, which))}"
        trace = curve(name, Series(t, y / scale), "frozen", smooth, chunk=chunk)
        frozen.append(replace(trace, dashed=len(frozen) % 2 == 1))
    return Plot(
        title=SCALED_LOSS if mixed else comparison.sessions[0].meta.loss.label,
        traces=(*frozen, *adaptive),
        legend=True,
        robust=True,
        note=span_note(smooth),
        message="no frozen losses to compare with" if mixed else "no steps recorded yet",
    )


def _same_frozen(a: Steps, b: Steps) -> bool:
    """Whether both frozen curves are one and the same."""
    return np.array_equal(a.t, b.t) and np.array_equal(a.frozen, b.frozen, equal_nan=True)
