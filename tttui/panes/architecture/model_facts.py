"""Facts for the Architecture tab, derived from the files and from the step at the cursor."""

import numpy as np

from tttui.dynamics import ssm
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.session import SessionData
from tttui.panes.view import View
from tttui.tasks.pointmass.hidden import CompleteWeights, world_of
from tttui.tasks.pointmass.live_state import LiveModel, LiveState
from tttui.tasks.pointmass.stability import Stability, stability

Key = tuple[object, ...]
"""What something was derived from."""


def same(old: Key, new: Key) -> bool:
    """Whether two values are the same: arrays by identity, numbers by value."""
    return len(old) == len(new) and all(
        a is b or (isinstance(b, int) and a == b) for a, b in zip(old, new, strict=True)
    )


def shapes_of(data: SessionData) -> tuple[dict[str, tuple[int, ...]], str]:
    """The shapes of all weights that some file holds, and which files."""
    shapes: dict[str, tuple[int, ...]] = {}
    sources = []
    for source, weights in (
        ("base_checkpoint.pt", data.base),
        ("plastic_state.pt", data.weights),
    ):
        new = {k: v.shape for k, v in (weights or {}).items() if k not in shapes}
        if new:
            shapes |= new
            sources.append(source)
    if data.history is not None:
        new = {k: v.shape[1:] for k, v in data.history.weights.items() if k not in shapes}
        if new:
            shapes |= new
            sources.append("weights_history.npy")
    ordered = {k: shapes[k] for k in (*PLASTIC, "a_raw") if k in shapes}
    return ordered, " and ".join(sources)


def decays_of(data: SessionData) -> tuple[Stability | None, float, str]:
    """The decays of the base, the length of a step, and why they are not known."""
    step = world_of(data).dt if data.meta.raw else data.base_cfg.get("dt", 1.0)
    a_raw = None if data.base is None else data.base.get("a_raw")
    if a_raw is None:
        problem = data.problem("base")
        return None, step, problem.reason if problem is not None else "the base has no a_raw"
    return stability(a_raw, step), step, ""


def live_of(view: View, model: LiveModel | str) -> LiveState | str:
    """The hidden state at the cursor, or why it cannot be computed."""
    if isinstance(model, str):
        return model
    if view.data.history is None:
        return "this session keeps no history of its weights"
    if view.trajectory is None:
        problem = view.data.problem("trajectory")
        return problem.reason if problem is not None else "the trajectory is being read"
    return model.state(view.trajectory, view.timeline.cursor)


def learned_dynamics(weights: CompleteWeights | str) -> Floats | str:
    """The effective map of the weights, or why there is none."""
    if isinstance(weights, str):
        return weights
    try:
        with np.errstate(all="ignore"):
            return ssm.effective_dynamics(weights.weights, weights.dt)
    except np.linalg.LinAlgError:
        return "the weights are not finite"


def fitted_at(view: View, model: LiveModel | str) -> Floats | str:
    """The map that the predictions amount to at the cursor, or why there is none."""
    if isinstance(model, str):
        return model
    if view.trajectory is None:
        problem = view.data.problem("trajectory")
        return problem.reason if problem is not None else "the trajectory is being read"
    return model.fitted(view.trajectory, view.timeline.cursor)


def true_dynamics(friction: float, dt: float) -> Floats:
    """The world's map z -> z' [4, 4] without action, at a friction (`tasks.pointmass.world`)."""
    keep = 1.0 - friction
    A = np.eye(4)
    A[0, 2] = A[1, 3] = dt * keep
    A[2, 2] = A[3, 3] = keep
    return A
