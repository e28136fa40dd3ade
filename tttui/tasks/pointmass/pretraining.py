"""The base: weights trained on worlds of random friction, which every session starts from."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tttui.dynamics import muon, ssm
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.settings import Settings
from tttui.tasks.pointmass import world

SPREAD = (0.01, 0.6)
"""Range of the frozen decays of `spread`; wider ones (0.02 to 0.98) were worse than `equal`."""

MOMENTUM, NS_STEPS = 0.95, 5
"""Muon's own constants in pretraining."""

CFG_WORLD = (
    "env_mode",
    "mu_min",
    "mu_max",
    "action_std",
    "dt",
    "threshold_scale",
    "static_mult",
    "dynamic_mult",
)
"""The world's options that influence pretraining (it is noise-free, its frictions are drawn)."""


def base_cfg(settings: Settings) -> dict[str, Any]:
    """All that a base depends on, by flat option names; one is reused only where this matches."""
    flat = settings.flat()
    names = [*_names(settings.model), *CFG_WORLD, *_names(settings.pretraining)]
    return {name: flat[name] for name in names}


def _names(group: Any) -> list[str]:
    return list(type(group).__dataclass_fields__)


def initial_weights(settings: Settings) -> Weights:
    """Untrained weights (W_u, B, W_o, a_raw), float32, from `pretrain_seed` and `decay_init`."""
    m = settings.model
    rng = np.random.default_rng([settings.pretraining.pretrain_seed, 0])

    def uniform(rows: int, cols: int) -> Floats:
        return rng.uniform(-1.0, 1.0, (rows, cols)) / math.sqrt(cols)

    weights = {
        "W_u": uniform(m.u_dim, m.z_dim + m.act_dim),
        "B": uniform(m.n_state, m.u_dim),
        "W_o": uniform(m.z_dim, m.n_state),
    }
    if m.decay_init == "spread":
        decays = np.linspace(*SPREAD, m.n_state)
    else:
        decays = np.full(m.n_state, 0.5)
    weights["a_raw"] = ssm.raw_decay(decays, m.dt)
    return {name: w.astype(np.float32) for name, w in weights.items()}


def training_batch(settings: Settings, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Inputs x [seq, batch, 6] and targets y [seq, batch, 4]: noise-free worlds, from rest."""
    p, w = settings.pretraining, settings.world
    mu = rng.uniform(w.mu_min, w.mu_max, (p.pretrain_batch, 1))
    a = rng.normal(0.0, w.action_std, (p.pretrain_batch, p.pretrain_seq, 2))
    z = world.roll(a, np.repeat(mu, p.pretrain_seq, axis=1), w, z0=np.zeros((len(a), 4)))
    x = np.concatenate([z[:, :-1], a], axis=-1)
    return tuple(np.ascontiguousarray(v.swapaxes(0, 1), dtype=np.float32) for v in (x, z[:, 1:]))  # type: ignore[return-value]


def experience(settings: Settings) -> Floats:
    """Inputs [batch, 6, seq] like those that the base was trained on, the same at every call."""
    rng = np.random.default_rng([settings.pretraining.pretrain_seed, 2])
    return np.ascontiguousarray(np.moveaxis(training_batch(settings, rng)[0], 0, 2))


def loss_and_gradients(
    weights: Weights, decays: Floats, x: Floats, y: Floats
) -> tuple[float, Weights]:
    """Mean squared one-step error over a batch from h = 0, and its gradients.

    x [seq, batch, 6], y [seq, batch, 4]; decays float32 [n_state].
    """
    seq, batch, _ = x.shape
    flat = x.reshape(seq * batch, -1)
    u = flat @ weights["W_u"].T
    H = (u @ weights["B"].T).reshape(seq, batch, -1)
    for t in range(1, seq):
        H[t] += decays * H[t - 1]
    h = H.reshape(seq * batch, -1)
    E = h @ weights["W_o"].T - y.reshape(seq * batch, -1)
    dP = E * (2.0 / E.size)
    dH = (dP @ weights["W_o"]).reshape(seq, batch, -1)
    for t in range(seq - 1, 0, -1):
        dH[t - 1] += decays * dH[t]
    dv = dH.reshape(seq * batch, -1)
    du = dv @ weights["B"]
    gradients: Weights = {"W_u": du.T @ flat, "B": dv.T @ u, "W_o": dP.T @ h}
    return float(np.mean(E * E)), gradients


class Training:
    """The training of one base, step by step: the same base however it was cut.

    Muon, frictions drawn from [mu_min, mu_max], learning rate on a cosine to 0.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.step = 0
        """Steps taken."""
        self.weights = initial_weights(settings)
        decays = ssm.decay(self.weights["a_raw"], settings.model.dt)
        self._decays = decays.astype(np.float32)
        self._rng = np.random.default_rng([settings.pretraining.pretrain_seed, 1])
        self._momentum = {name: np.zeros_like(self.weights[name]) for name in PLASTIC}
        self._gradients: Weights = {}

    @property
    def lr(self) -> float:
        """The learning rate of the last step; before the first one that of the first."""
        p = self.settings.pretraining
        return _cosine(p.pretrain_lr, max(0, self.step - 1), p.pretrain_steps)

    @property
    def gradient_norm(self) -> float:
        """Of all gradients of the last step together; NaN before the first one."""
        squares = [float(np.sum(np.square(g))) for g in self._gradients.values()]
        return math.sqrt(sum(squares)) if squares else math.nan

    @property
    def done(self) -> bool:
        return self.step >= self.settings.pretraining.pretrain_steps

    def advance(self) -> float:
        """Take one step; returns the loss before it."""
        p, weights = self.settings.pretraining, self.weights
        x, y = training_batch(self.settings, self._rng)
        loss, gradients = loss_and_gradients(weights, self._decays, x, y)
        self._gradients = gradients
        lr = _cosine(p.pretrain_lr, self.step, p.pretrain_steps)
        for name in PLASTIC:
            self._momentum[name], ahead = muon.momentum_step(
                self._momentum[name], gradients[name], MOMENTUM, True
            )
            direction = muon.direction(ahead, None, NS_STEPS)
            weights[name] = (weights[name] - lr * direction).astype(np.float32)
        self.step += 1
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that an exact continuation needs."""
        return {
            "step": self.step,
            "weights": dict(self.weights),
            "momentum": dict(self._momentum),
            "generator": json.dumps(self._rng.bit_generator.state),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state()`. Raises KeyError, TypeError or ValueError where it is none."""
        self._rng.bit_generator.state = json.loads(state["generator"])
        self.weights = {name: np.array(state["weights"][name]) for name in self.weights}
        self._momentum = {name: np.array(state["momentum"][name]) for name in PLASTIC}
        self.step = int(state["step"])


def _cosine(lr: float, step: int, steps: int) -> float:
    return lr * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def pretrain(settings: Settings, progress: Callable[[int, float], None] | None = None) -> Weights:
    """Train a base in one go.

    `progress(step, loss)` is called after every step. Deterministic for equal settings.
    """
    training = Training(settings)
    while not training.done:
        loss = training.advance()
        if progress is not None:
            progress(training.step, loss)
    return training.weights
