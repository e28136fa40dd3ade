"""The hidden friction at a step: the true one, the weights in force, and the law in numbers."""

import math

import numpy as np

from tttui.model.arrays import PLASTIC, Floats, Ints, Weights
from tttui.model.dataclass import dataclass
from tttui.model.pointmass.configuration import settings_in
from tttui.model.pointmass.settings import World
from tttui.model.session import SessionData
from tttui.model.steps import Trajectory
from tttui.model.weights import weights_in_force, why_no_weights
from tttui.tasks.pointmass import identify, world


def world_of(data: SessionData) -> World:
    """The world of a session; defaults where nothing is recorded, or something that cannot be."""
    return settings_in(data.meta.configuration).world


def mu_at(data: SessionData, trajectory: Trajectory | None, t: int) -> float | None:
    """The friction in force at step t: as recorded, else as scheduled; None where unknown."""
    if trajectory is not None and trajectory.mu is not None:
        i = row_at(trajectory, t)
        if i is not None and math.isfinite(trajectory.mu[i]):
            return float(trajectory.mu[i])
    return data.truth_at(t)


def mu_column(data: SessionData, trajectory: Trajectory) -> Floats | None:
    """The friction in force at every row of the trajectory [n]; None where it is unknown."""
    recorded = trajectory.mu
    if recorded is not None and np.isfinite(recorded).all():
        return recorded
    first = data.truth_at(0)
    if first is None:
        return None
    column = np.full(len(trajectory), first)
    for at, mu in data.truth_changes:
        column[trajectory.t >= at] = mu
    return column


def row_at(trajectory: Trajectory, t: int) -> int | None:
    """The row of the newest step at or before t."""
    i = int(np.searchsorted(trajectory.t, t, side="right")) - 1
    return i if i >= 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class CompleteWeights:
    """The weights in force at a step, complete with a_raw."""

    t: int | None
    """The step from which they are in force; None for those of the newest checkpoint."""
    weights: Weights
    dt: float

    @property
    def name(self) -> str:
        return "weights of the last checkpoint" if self.t is None else f"weights since t {self.t}"


def in_force(data: SessionData, t: int) -> CompleteWeights | str:
    """The weights in force at step t, or the reason why there are none."""
    a_raw = None if data.base is None else data.base.get("a_raw")
    if a_raw is None:
        why = data.problem("base")
        return f"no decays: {why.reason}" if why is not None else "the base has no a_raw"
    weights_held = weights_in_force(data, t)
    if weights_held is None:
        return why_no_weights(data)
    since = None
    if weights_held.index is not None and data.history is not None:
        since = int(data.history.t[weights_held.index])
    weights = {**weights_held.matrices, "a_raw": np.asarray(a_raw)}
    if not fits(weights):
        return "these weights are not those of a model of this world (their shapes differ)"
    return CompleteWeights(since, weights, world_of(data).dt)


def fits(weights: Weights) -> bool:
    """The matrices can be multiplied and take [z, a] to z."""
    if any(name not in weights or weights[name].ndim != 2 for name in PLASTIC):
        return False
    W_u, B, W_o, a_raw = (weights[name] for name in (*PLASTIC, "a_raw"))
    sizes = (W_u.shape[1], B.shape[1], W_o.shape, a_raw.shape)
    return sizes == (6, W_u.shape[0], (4, B.shape[0]), (B.shape[0],))


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """The friction that weights imply: their error [101] over identify.MU_GRID, and its minimum."""

    mu: float
    curve: Floats


def implied(snapshot: CompleteWeights, law: World) -> Implied:
    """The friction whose world the weights predict best (`tasks.pointmass.identify`)."""
    curve = identify.error_curve(snapshot.weights, law)
    return Implied(identify.implied_mu(snapshot.weights, law), curve)


@dataclass(frozen=True, slots=True)
class Regime:
    """Which friction acts on a velocity."""

    name: str
    """`linear`, `static` or `dynamic`."""
    friction: float
    speed: float
    threshold: float
    static: float
    dynamic: float


def regime(z: Floats, mu: float, law: World) -> Regime:
    """The friction that acts at z [4] where the hidden one is mu."""
    v = np.asarray(z[2:], dtype=np.float64)
    acting = float(world.friction(v[None], np.array([[mu]]), law)[0, 0])
    speed, threshold = float(np.hypot(*v)), mu * law.threshold_scale
    static, dynamic = min(mu * law.static_mult, 0.95), mu * law.dynamic_mult
    name = "linear"
    if law.env_mode == "nonlinear":
        name = "static" if speed < threshold else "dynamic"
    return Regime(name, acting, speed, threshold, static, dynamic)


def prediction_of(trajectory: Trajectory, model: str, rows: Ints) -> Floats | None:
    """The predictions [k, 4] of a model (`frozen`, `adaptive`) for some rows [k].

    A row of the file holds the prediction of the next observation; here it stands beside the
    observation that it is about. NaN for the first row and after a gap in t.
    """
    predicted = trajectory.frozen if model == "frozen" else trajectory.adaptive
    if predicted is None:
        return None
    before = np.maximum(rows - 1, 0)
    known = (rows > 0) & (trajectory.t[rows] - trajectory.t[before] == 1)
    return np.where(known[:, None], predicted[before], np.nan)
