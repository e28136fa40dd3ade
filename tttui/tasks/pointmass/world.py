"""The world: a point mass in the plane whose friction mu is hidden.

z = [x, y, vx, vy] is observed, a = [ax, ay] is an acceleration. The observation is the state:
noise is added to z at every step and the world goes on from there, so that exact physics with
the true mu is the best that anyone can predict (mean squared error noise_std^2).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tttui.dynamics.backend import Array, namespace
from tttui.model.arrays import Floats
from tttui.model.pointmass.settings import Settings, World

Z_DIM, A_DIM = 4, 2


def friction(v: Array, mu: Array, world: World) -> Array:
    """The friction [..., 1] that acts on velocities v [..., 2] where the hidden one is mu [..., 1].

    In nonlinear mode it is static (larger) below a threshold speed and dynamic above.
    """
    if world.env_mode == "linear":
        return mu
    xp = namespace(v)
    speed = xp.sqrt(xp.sum(v * v, axis=-1, keepdims=True))
    static = xp.clip(mu * world.static_mult, None, 0.95)
    return xp.where(speed < mu * world.threshold_scale, static, mu * world.dynamic_mult)


def step(z: Array, a: Array, mu: Array, world: World) -> Array:
    """The noise-free next observation [..., 4] after action a [..., 2] at z [..., 4].

    `mu` [..., 1] is an array of the same kind as z.
    """
    xp = namespace(z)
    v = z[..., 2:]
    v = (1.0 - friction(v, mu, world)) * v + a
    return xp.concat([z[..., :2] + world.dt * v, v], axis=-1)


def roll(a: Array, mu: Array, world: World, *, z0: Array, noise: Array | None = None) -> Array:
    """Observations [..., n+1, 4] from z0 [..., 4] under actions a [..., n, 2] and mu [..., n].

    mu is given per step; `noise` [..., n, 4] is added to each new observation and carried on.
    Rolling the recorded actions under another mu gives the ghost of a session.
    """
    if isinstance(a, np.ndarray) and a.ndim == 2 and mu.dtype == np.float64:
        return _roll_one(a, mu, world, z0, noise)
    xp = namespace(a)
    z, out = z0, [z0]
    for t in range(a.shape[-2]):
        z = step(z, a[..., t, :], mu[..., t : t + 1], world)
        if noise is not None:
            z = z + noise[..., t, :]
        out.append(z)
    return xp.stack(out, axis=-2)


def _roll_one(a: Floats, mu: Floats, world: World, z0: Floats, noise: Floats | None) -> Floats:
    """`roll` of one world in plain floats, which is the same arithmetic many times as fast."""
    linear, dt = world.env_mode == "linear", float(world.dt)
    x, y, vx, vy = (float(value) for value in z0)
    out = np.empty((len(a) + 1, Z_DIM))
    out[0] = z0
    noisy = None if noise is None else noise.tolist()
    for t, ((ax, ay), m) in enumerate(zip(a.tolist(), mu.tolist(), strict=True)):
        if not linear:
            slow = math.sqrt(vx * vx + vy * vy) < m * world.threshold_scale
            m = min(m * world.static_mult, 0.95) if slow else m * world.dynamic_mult
        vx, vy = (1.0 - m) * vx + ax, (1.0 - m) * vy + ay
        x, y = x + dt * vx, y + dt * vy
        if noisy is not None:
            nx, ny, nvx, nvy = noisy[t]
            x, y, vx, vy = x + nx, y + ny, vx + nvx, vy + nvy
        out[t + 1] = x, y, vx, vy
    return out


class WorldStream:
    """One world as an endless stream of steps, the same however the calls are split.

    The hidden mu, the actions and the noise come from independent children of the seed: worlds
    of one seed see the same actions whatever their mode, mu and noise. Starts at rest at 0.
    """

    def __init__(self, settings: Settings) -> None:
        self.world = settings.world
        self.schedule = dict(settings.mu_schedule)
        draw, actions, noise = np.random.SeedSequence(settings.seed).spawn(3)
        drawn = np.random.default_rng(draw).uniform(self.world.mu_min, self.world.mu_max)
        self.mu = float(drawn if self.world.mu is None else self.world.mu)
        """The friction in force at the next step; the schedule may change it."""
        self._actions = np.random.default_rng(actions)
        self._noise = np.random.default_rng(noise)
        self._z = np.zeros(Z_DIM)
        self.t = 0
        """Steps taken so far."""

    def set_mu(self, mu: float) -> None:
        """Change the hidden friction from the next step on."""
        self.mu = float(mu)

    def advance(self, n: int) -> tuple[Floats, Floats, Floats]:
        """The next n steps: z [n+1, 4] (from the current one on), a [n, 2] float32, mu [n]."""
        a, mu, noise = self._draw(n)
        z = roll(a.astype(np.float64), mu, self.world, z0=self._z, noise=noise)
        self._z = z[-1]
        return z.astype(np.float32), a, mu

    def _draw(self, n: int) -> tuple[Floats, Floats, Floats]:
        mu = np.empty(n)
        for i in range(n):
            self.mu = mu[i] = float(self.schedule.get(self.t + i, self.mu))
        self.t += n
        a = self._actions.normal(0.0, self.world.action_std, (n, A_DIM)).astype(np.float32)
        # Drawn even where there is none, so that turning it on shifts nothing else.
        return a, mu, self._noise.normal(0.0, 1.0, (n, Z_DIM)) * self.world.noise_std

    def state(self) -> dict[str, np.ndarray]:
        """Everything that an exact continuation needs, as arrays."""
        return {
            "t": np.asarray(self.t),
            "z": self._z.copy(),
            "mu": np.asarray(self.mu),
            "actions": _words(self._actions),
            "noise": _words(self._noise),
        }

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a `state()` of a world with the same settings."""
        self.t = int(state["t"])
        self._z = np.asarray(state["z"], dtype=np.float64).copy()
        self.mu = float(state["mu"])
        _set_words(self._actions, state["actions"])
        _set_words(self._noise, state["noise"])


def advance_together(streams: Sequence[WorldStream], n: int) -> tuple[Floats, Floats, Floats]:
    """What `advance(n)` of each stream returns, stacked: z [S, n+1, 4], a [S, n, 2], mu [S, n].

    The streams must share their friction law.
    """
    a, mu, noise = (np.stack(rows) for rows in zip(*(s._draw(n) for s in streams), strict=True))
    start = np.stack([s._z for s in streams])
    z = roll(a.astype(np.float64), mu, streams[0].world, z0=start, noise=noise)
    for stream, last in zip(streams, z[:, -1], strict=True):
        stream._z = last.copy()
    return z.astype(np.float32), a, mu


_WORD = 64
_MASK = (1 << _WORD) - 1


def _words(generator: np.random.Generator) -> np.ndarray:
    """A PCG64 generator's state as uint64 [6]."""
    s: Any = generator.bit_generator.state
    state, inc = s["state"]["state"], s["state"]["inc"]
    words = [state >> _WORD, state & _MASK, inc >> _WORD, inc & _MASK]
    return np.array([*words, s["has_uint32"], s["uinteger"]], dtype=np.uint64)


def _set_words(generator: np.random.Generator, words: np.ndarray) -> None:
    w = [int(word) for word in words]
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": (w[0] << _WORD) | w[1], "inc": (w[2] << _WORD) | w[3]},
        "has_uint32": w[4],
        "uinteger": w[5],
    }
