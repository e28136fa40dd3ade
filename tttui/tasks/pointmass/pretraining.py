"""The base: weights trained on worlds of random friction, which every session starts from."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tttui.dynamics import muon, ssm
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass import world
from tttui.tasks.trainer import Took, Trainer, cosine

SPREAD = (0.01, 0.6)
"""Range of the frozen decays of `spread`; wider ones (0.02 to 0.98) were worse than `equal`."""

MOMENTUM, NS_STEPS = 0.95, 5
"""Muon's own constants in pretraining."""

EPOCH = 100
"""Steps that count as an epoch: the worlds never repeat."""

HELD_OUT = 8192
"""Steps of the worlds of a validation, which are drawn apart from those of the training."""

Ranges = Sequence[tuple[float, float]]
"""Frictions: each world's is drawn from one of these ranges, all equally likely."""

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


def training_batch(
    settings: Settings, rng: np.random.Generator, frictions: Ranges = ()
) -> tuple[Floats, Floats]:
    """Inputs x [seq, batch, 6] and targets y [seq, batch, 4]: noise-free worlds, from rest.

    Their frictions are drawn from `frictions`, or from [mu_min, mu_max].
    """
    p, w = settings.pretraining, settings.world
    if frictions:
        low, high = np.array(frictions)[rng.integers(len(frictions), size=p.pretrain_batch)].T
        mu = rng.uniform(low, high)[:, None]
    else:
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
    (flat, u, h), E = _forward(weights, decays, x, y)
    dP = E * (2.0 / E.size)
    dH = (dP @ weights["W_o"]).reshape(seq, batch, -1)
    for t in range(seq - 1, 0, -1):
        dH[t - 1] += decays * dH[t]
    dv = dH.reshape(seq * batch, -1)
    du = dv @ weights["B"]
    gradients: Weights = {"W_u": du.T @ flat, "B": dv.T @ u, "W_o": dP.T @ h}
    return float(np.mean(E * E)), gradients


def _forward(
    weights: Weights, decays: Floats, x: Floats, y: Floats
) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """Inputs, projected inputs and hidden states, and the errors of the predictions, each
    [seq x batch, size]."""
    seq, batch, _ = x.shape
    flat = x.reshape(seq * batch, -1)
    u = flat @ weights["W_u"].T
    H = (u @ weights["B"].T).reshape(seq, batch, -1)
    for t in range(1, seq):
        H[t] += decays * H[t - 1]
    h = H.reshape(seq * batch, -1)
    return (flat, u, h), h @ weights["W_o"].T - y.reshape(seq * batch, -1)


class Training(Trainer):
    """The training of one base, or of a skill, step by step.

    Muon, frictions drawn from [mu_min, mu_max], learning rate on a cosine to 0. A skill begins
    with the weights `start`, on worlds of some `frictions`.
    """

    items = "steps"

    def __init__(
        self, settings: Settings, start: Weights | None = None, frictions: Ranges = ()
    ) -> None:
        self.settings, self._frictions = settings, frictions
        p = settings.pretraining
        self.steps, self.steps_an_epoch = p.pretrain_steps, min(EPOCH, p.pretrain_steps)
        self.items_a_step = p.pretrain_batch * p.pretrain_seq
        weights = start or initial_weights(settings)
        self._weights = {name: w.copy() for name, w in weights.items()}
        decays = ssm.decay(self._weights["a_raw"], settings.model.dt)
        self._decays = decays.astype(np.float32)
        self._rng = np.random.default_rng([p.pretrain_seed, 1])
        self._momentum = {name: np.zeros_like(self._weights[name]) for name in PLASTIC}
        self._held_out: tuple[Floats, Floats] | None = None

    @property
    def done(self) -> bool:
        return self.step >= self.steps

    def weights(self) -> Weights:
        return {name: w.copy() for name, w in self._weights.items()}

    def advance(self) -> Took:
        x, y = training_batch(self.settings, self._rng, self._frictions)
        lr = self.slowed * cosine(self.settings.pretraining.pretrain_lr, self.step, self.steps)
        weights = self._weights
        with np.errstate(over="ignore", invalid="ignore"):
            loss, gradients = loss_and_gradients(weights, self._decays, x, y)
            squares = [float(np.sum(np.square(g))) for g in gradients.values()]
            for name in PLASTIC:
                self._momentum[name], ahead = muon.momentum_step(
                    self._momentum[name], gradients[name], MOMENTUM, True
                )
                direction = muon.direction(ahead, None, NS_STEPS)
                weights[name] = (weights[name] - lr * direction).astype(np.float32)
        self.step += 1
        return Took(loss, lr, math.sqrt(sum(squares)))

    def validate(self) -> float:
        """Mean squared one-step error on worlds of the same frictions."""
        if self._held_out is None:
            rng = np.random.default_rng([self.settings.pretraining.pretrain_seed, 3])
            worlds = max(1, HELD_OUT // self.settings.pretraining.pretrain_seq)
            many = self.settings.updated({"pretrain_batch": worlds})
            self._held_out = training_batch(many, rng, self._frictions)
        with np.errstate(over="ignore", invalid="ignore"):
            E = _forward(self._weights, self._decays, *self._held_out)[1]
            return float(np.mean(E * E))

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "weights": self.weights(),
            "momentum": dict(self._momentum),
            "generator": json.dumps(self._rng.bit_generator.state),
            "slowed": self.slowed,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = json.loads(state["generator"])
        self._weights = {name: np.array(state["weights"][name]) for name in self._weights}
        self._momentum = {name: np.array(state["momentum"][name]) for name in PLASTIC}
        self.step = int(state["step"])
        self.slowed = float(state.get("slowed", 1.0))


def pretrain(settings: Settings, progress: Callable[[int, float], None] | None = None) -> Weights:
    """Train a base in one go.

    `progress(step, loss)` is called after every step. Deterministic for equal settings.
    """
    training = Training(settings)
    while not training.done:
        loss = training.advance().loss
        if progress is not None:
            progress(training.step, loss)
    return training.weights()
