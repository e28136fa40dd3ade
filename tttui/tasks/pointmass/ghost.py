"""The ghost: the path of the same actions in a world with another friction."""

import math
from itertools import accumulate

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass
from tttui.model.pointmass.settings import World
from tttui.model.steps import Trajectory
from tttui.tasks.pointmass import world

LONGEST = 10_000
"""Steps that a ghost is followed for: what came before the window has nothing to do with it, and
after so many steps the two paths have nothing in common."""


NO_START = "no finite position in view to start a ghost from"


@dataclass(frozen=True, slots=True, eq=False)
class Ghost:
    """The path of the same actions under another friction, over the steps t [n]."""

    mu: float
    t: Ints
    true: Floats
    """Observed positions [n, 2]."""
    path: Floats
    """Positions [n, 2] of the ghost, which starts where the true path does."""

    @property
    def distance(self) -> Floats:
        """Between both positions [n]."""
        with np.errstate(invalid="ignore", over="ignore"):
            away = self.path - self.true
            return np.asarray(np.hypot(away[:, 0], away[:, 1]))


def usual_friction(mu: float | None) -> float:
    """The default friction of a ghost: twice the true one."""
    return round(min(2 * mu, 0.5), 2) if mu else 0.1


def follow(
    trajectory: Trajectory,
    mu_true: Floats | None,
    mu: float,
    law: World,
    window: tuple[int, int],
) -> Ghost | str:
    """The ghost with friction mu from the first finite observation of a window of steps on, or
    why there is none. `mu_true` is the friction in force at every row of the trajectory."""
    i = int(np.searchsorted(trajectory.t, window[0]))
    j = min(int(np.searchsorted(trajectory.t, window[1], "right")), i + LONGEST)
    z: Floats = trajectory.z[i:j].astype(np.float64)
    a: Floats = trajectory.a[i:j].astype(np.float64)
    start = np.flatnonzero(np.isfinite(z).all(axis=1))
    if len(start) == 0 or j - i < 2:
        return NO_START
    first = int(start[0])
    z, t = z[first:], trajectory.t[i + first : j]
    a = np.nan_to_num(a[first:-1], nan=0.0, posinf=0.0, neginf=0.0)
    added: Floats = np.zeros((len(a), 4))
    if mu_true is not None:
        added = disturbances(z, a, mu_true[i + first : j - 1].astype(np.float64), law)
    return Ghost(mu, t, z[:, :2], ghost(z[0], a, added, mu, law)[:, :2])


def disturbances(z: Floats, a: Floats, mu: Floats, law: World) -> Floats:
    """The noise added to every new observation [n, 4] beyond exact physics with the true mu [n].

    z is [n+1, 4], a [n, 2]. Where an observation is not finite, nothing was added.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        added = z[1:] - world.step(z[:-1], a, mu[:, None], law)
    return np.where(np.isfinite(added).all(axis=1, keepdims=True), added, 0.0)


def ghost(z0: Floats, a: Floats, added: Floats, mu: float, law: World) -> Floats:
    """Observations [n+1, 4] from z0 [4] under actions a [n, 2] where the friction is mu.

    `added` [n, 4] (`disturbances`) is carried over, so that a ghost with the true friction is
    the true path and its distance from it is the work of the friction alone. The law is that of
    `world.roll`, one step after the other in plain numbers: ten times faster for one world.
    """
    if law.env_mode == "linear":
        v = _linear(z0[2:], a + added[:, 2:], mu)
    else:
        v = _nonlinear(z0[2:], a, added[:, 2:], mu, law)
    # The disturbance of a velocity comes after the position has moved with it.
    moved = law.dt * (v[1:] - added[:, 2:]) + added[:, :2]
    p = np.concatenate([z0[None, :2], z0[:2] + np.cumsum(moved, axis=0)])
    return np.concatenate([p, v], axis=1)


def _linear(v0: Floats, push: Floats, mu: float) -> Floats:
    keep = 1.0 - mu
    columns = [
        list(accumulate(push[:, k].tolist(), lambda v, p: keep * v + p, initial=float(v0[k])))
        for k in (0, 1)
    ]
    return np.array(columns).T


def _nonlinear(v0: Floats, a: Floats, added: Floats, mu: float, law: World) -> Floats:
    slow = mu * law.threshold_scale
    static = 1.0 - min(mu * law.static_mult, 0.95)
    dynamic = 1.0 - mu * law.dynamic_mult
    vx, vy = float(v0[0]), float(v0[1])
    out = [(vx, vy)]
    for px, py in (a + added).tolist():
        keep = static if math.hypot(vx, vy) < slow else dynamic
        vx, vy = keep * vx + px, keep * vy + py
        out.append((vx, vy))
    return np.array(out)
