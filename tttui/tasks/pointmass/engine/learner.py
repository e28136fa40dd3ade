"""The frozen baseline and the adaptive model on one trajectory, or on many side by side.

On the CPU it runs on numpy and never imports torch, many sessions with a leading axis [sessions];
elsewhere the same mathematics runs on torch tensors.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tttui.dynamics import ssm
from tttui.dynamics.backend import (
    Array,
    is_off,
    namespace,
    on_host,
    product_of,
    side_by_side,
    surely,
    total,
    where_matrices,
)
from tttui.dynamics.replay import Anchor, Replay, learn, transitions
from tttui.engine.device import torch_device
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine import transaction as gates
from tttui.tasks.pointmass.pretraining import experience

BLOCK = 64
"""Longest stretch that is filtered in one piece."""

COUNTERS = ("steps", "fresh")
"""Parts of the state that are numbers on the host, the same for all sessions."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Errors and predictions of both models over n steps, float32, with any leading axis.

    An error is NaN where the observation that it is measured against is not finite.
    """

    baseline_mse: Floats
    """[..., n]"""
    adaptive_mse: Floats
    """[..., n]"""
    baseline_pred: Floats
    """[..., n, 4]"""
    adaptive_pred: Floats
    """[..., n, 4]"""


class Learner:
    """Predicts every step before it learns from it; `update` is one transaction.

    An observation that is not finite never reaches the state: the last finite one is held, and
    the transitions that it touches do not count, neither for learning nor for probation. The next
    transaction then ends in `rollback_non_finite`, and learning goes on with what counts.
    """

    def __init__(
        self,
        settings: Settings,
        base: Weights,
        *,
        start: Weights | None = None,
        base_t: int = 0,
        sessions: int | None = None,
        before: "Learner | None" = None,
        torch: bool = False,
        each: Mapping[str, Array] | None = None,
    ) -> None:
        """`base` holds W_u, B, W_o and a_raw; `start` the plastic weights to begin with, where
        `base_t` stands for the base's, which then are not those of step 0.

        `before` is the learner that this one takes over from with changed settings: what does not
        depend on those is not worked out again. `torch`: on tensors, on the CPU as well. `each`:
        values [S] of settings of `many.EACH`. Raises TttuiError where the device is not there.
        """
        self.settings, self.p = settings, settings.plasticity
        self.sessions = sessions
        self._base_t: int = base_t if before is None else before._base_t
        self.base = {k: np.asarray(v, dtype=np.float32) for k, v in base.items()}
        self.lead = () if sessions is None else (sessions,)
        on_numpy = settings.device == "cpu" and not torch
        where: tuple[Any, Any] = ("cpu", namespace(np.empty(0)))
        self._device, self._xp = where if on_numpy else torch_device(settings.device)
        self.p = replace(self.p, **{k: self._array(v) for k, v in (each or {}).items()})
        self._memory: ssm.Memory
        self._frozen: dict[str, Array]
        self._frozen_Q: Array
        self._anchor: Anchor | None
        if before is not None and self._shares_base(before):
            self._memory = before._memory
            self._frozen, self._frozen_Q = before._frozen, before._frozen_Q
        else:
            decays = ssm.decay(self.base["a_raw"], settings.model.dt)
            self._memory = ssm.Memory(decays, BLOCK, self._array)
            self._frozen = {k: self._array(self.base[k]) for k in PLASTIC}
            self._frozen_Q = self._readout(self._frozen)
        if not self.p.stored_state:
            decays = ssm.decay(self.base["a_raw"], settings.model.dt)
            self._older = ssm.Fading(decays, self.p.buffer_len, self._array)
        if before is not None and self._shares_experience(before):
            self._anchor = before._anchor
        else:
            self._anchor = self._experience()
        begin = self.base if start is None else start
        self._s = self._fresh({k: np.asarray(begin[k], dtype=np.float32) for k in PLASTIC})

    def _array(self, value: Any, lead: bool = False) -> Array:
        """A numpy value on the learner's device, repeated for every session if `lead`."""
        value = np.asarray(value, order="C")
        if lead:
            value = np.array(np.broadcast_to(value, (*self.lead, *value.shape)))
        return self._xp.asarray(value, device=self._device)

    def _fresh(self, start: Weights) -> dict[str, Array]:
        n, T = self.settings.model.n_state, self.p.buffer_len
        zero = {
            "F": (6, n),  # filtered inputs so far
            "held": (4,),  # last finite observation
            "buffer_Z": (6 * self._memory.r, T + 1),  # before the first row, then after each
            "buffer_x": (6, T),
            "buffer_y": (4, T),
            "buffer_w": (T,),  # 1 where a row counts
            "live": (2,),  # summed errors since the last transaction: frozen, adaptive
        }
        s = {k: self._array(np.zeros(v, dtype=np.float32), lead=True) for k, v in zero.items()}
        for k in PLASTIC:
            s[k] = self._array(start[k], lead=True)
            s["trusted_" + k] = self._array(start[k], lead=True)
            s["momentum_" + k] = self._array(np.zeros_like(start[k]), lead=True)
            s["trusted_momentum_" + k] = self._array(np.zeros_like(start[k]), lead=True)
        s["broken"] = self._array(np.asarray(False), lead=True)
        s["since"] = self._array(np.asarray(0), lead=True)  # step of the weights in force
        s["trusted_since"] = self._array(np.asarray(0), lead=True)
        s["expected"] = self._array(np.asarray(np.inf), lead=True)  # loss that was left
        s["steps"] = np.asarray(0)
        s["fresh"] = np.asarray(0)  # steps since the last transaction
        return s

    # -- predicting ---------------------------------------------------------------------------

    def predict(self, z: Floats, a: Floats) -> Stretch:
        """Predict n steps with both models, one after the other; nothing is learned.

        z [..., n+1, 4] are the observations from the current one on, a [..., n, 2] the actions.
        """
        z, a = np.asarray(z, dtype=np.float32), np.asarray(a, dtype=np.float32)
        return Stretch(*(on_host(v) for v in self.forecast(self._array(z), self._array(a))))

    @np.errstate(over="ignore", invalid="ignore")
    def forecast(self, z: Array, a: Array) -> tuple[Array, Array, Array, Array]:
        """`predict` from and to arrays on the device: errors and predictions, as in `Stretch`."""
        s, xp, n = self._s, self._xp, a.shape[-2]
        x, y, valid, s["held"] = transitions(z, a, s["held"])
        Z, s["F"] = self._memory.filter(x, s["F"])
        multiply, following = product_of(Z), z[..., 1:, :].mT
        adaptive, baseline = multiply(self._readout(s), Z), multiply(self._frozen_Q, Z)
        errors = [total((p - following) ** 2, axis=-2) / z.shape[-1] for p in (baseline, adaptive)]
        counted = [total(xp.where(valid, e, 0.0), axis=-1) for e in errors]
        s["live"] = s["live"] + side_by_side(counted)
        s["broken"] = s["broken"] | ~xp.all(valid, axis=-1)
        for name, new in (("Z", Z), ("x", x), ("y", y), ("w", xp.astype(valid, Z.dtype))):
            old = s["buffer_" + name]
            s["buffer_" + name] = xp.concat([old, new], axis=-1)[..., -old.shape[-1] :]
        self._keep(s)
        s["steps"], s["fresh"] = s["steps"] + n, s["fresh"] + n
        return errors[0], errors[1], baseline.mT, adaptive.mT

    def _shares_experience(self, other: "Learner") -> bool:
        """Whether another learner has the same `_experience`."""
        mine, theirs = self.settings, other.settings
        return (
            self._shares_base(other)
            and (mine.world, mine.pretraining) == (theirs.world, theirs.pretraining)
            and is_off(self.p.anchor) == is_off(other.p.anchor)
        )

    def _shares_base(self, other: "Learner") -> bool:
        """Whether the frozen model is the same, on the same device."""
        mine, theirs = self.settings, other.settings
        return (mine.model, mine.device) == (theirs.model, theirs.device) and all(
            self.base[name] is other.base[name] for name in self.base
        )

    def _experience(self) -> Anchor | None:
        """The base's training data condensed into one average row; None without an anchor."""
        if is_off(self.p.anchor):
            return None
        x = experience(self.settings)
        rest = np.zeros((*x.shape[:-1], self.settings.model.n_state), dtype=np.float32)
        Z, _ = self._memory.filter(self._array(x), self._array(rest))
        x = self._array(x.astype(np.float64))
        return Anchor.of(x, Z, self._frozen, self._memory.U)

    def _readout(self, weights: Mapping[str, Array]) -> Array:
        return ssm.readout(self._memory.U32, weights["W_o"], weights["B"] @ weights["W_u"])

    # -- learning -----------------------------------------------------------------------------

    def due(self, t: int) -> bool:
        """Whether a transaction is tried just before step t is predicted."""
        p = self.p
        seen = min(int(self._s["steps"]), p.buffer_len)
        return t > 0 and t % p.chunk == 0 and seen >= p.min_buffer

    def replay(self) -> Replay:
        """The buffer as the next transaction sees it."""
        s = self._s
        Z = s["buffer_Z"][..., 1:]
        if not self.p.stored_state:
            # From h = 0 at the first row: take away what is left of older inputs.
            Z = Z - self._older.faded(s["buffer_Z"][..., 0])
        return Replay.of(s["buffer_x"], Z, s["buffer_y"], s["buffer_w"], self._memory.U)

    def update(self, t: int, *, blow_up: float = 1.0) -> Any:
        """One transaction before step t; its event record (many sessions: a list of them).

        `blow_up` multiplies the gradients: a fault that the gates must catch.
        """
        began = time.perf_counter()
        before = self.weights
        live = self._live_errors()
        result = {k: on_host(v) for k, v in self.transact(t, blow_up).items()} | live
        after = self.weights
        events = []
        for i in [...] if self.sessions is None else range(self.sessions):
            event = gates.record(
                t,
                {k: v[i] for k, v in result.items()},
                {k: w[i] for k, w in before.items()},
                {**{k: w[i] for k, w in after.items()}, "a_raw": self.base["a_raw"]},
                self.settings,
            )
            event["duration_ms"] = 1e3 * (time.perf_counter() - began)
            events.append(event)
        return events[0] if self.sessions is None else events

    @np.errstate(all="ignore")
    def transact(self, t: Any, blow_up: float = 1.0) -> dict[str, Array]:
        """The transaction itself, as arrays [...] on the device; `update` makes the record of it.

        t is the step, a number or an array on the device.

        Keys: status (index of STATUSES), stepped, to_t, pre_loss, post_loss, grad_norm,
        pre_max_h, post_max_h, lr.
        """
        s, p, xp = self._s, self.p, self._xp
        failed, distrusted = self._probation()
        s["buffer_w"] = self._still_true()
        momentum = {k: s["momentum_" + k] for k in PLASTIC}
        outcome = learn(s, momentum, self.replay(), p, anchor=self._anchor, blow_up=blow_up)
        early = gates.before(outcome, s["broken"], p)
        status = xp.where(early == gates.COMMIT, gates.after(outcome, p), early)
        status = xp.where(failed, gates.LIVE, status)
        commit = status == gates.COMMIT
        to_t = xp.where(distrusted, self._base_t, s["trusted_since"])
        new: dict[str, Array] = {}
        for k in PLASTIC:
            for key, tried, last_resort in (
                (k, outcome.weights[k], self._frozen[k]),
                ("momentum_" + k, outcome.momentum[k], xp.zeros_like(momentum[k])),
            ):
                trusted = where_matrices(distrusted, last_resort, s["trusted_" + key])
                new["trusted_" + key] = where_matrices(failed, trusted, s[key])
                new[key] = where_matrices(commit, tried, new["trusted_" + key])
        new["trusted_since"] = xp.where(failed, to_t, s["since"])
        new["since"] = xp.where(commit, t, new["trusted_since"])
        new["expected"] = xp.where(commit, outcome.post_loss, outcome.pre_loss)
        new["expected"] = xp.where(failed, xp.inf, new["expected"])
        new["live"] = xp.zeros_like(s["live"])
        new["broken"] = xp.zeros_like(s["broken"])
        new["fresh"] = np.asarray(0)
        self._keep(new)
        return {
            "status": status,
            "stepped": (early == gates.COMMIT) & ~failed,
            "to_t": to_t,
            "pre_loss": outcome.pre_loss,
            "post_loss": outcome.post_loss,
            "grad_norm": outcome.grad_norm,
            "pre_max_h": outcome.pre_max_h,
            "post_max_h": outcome.post_max_h,
            "lr": outcome.lr,
        }

    def _live_errors(self) -> dict[str, Any]:
        """What probation compares: mean errors [...] on the unseen steps since the last
        transaction, and the number of those that count."""
        s, xp, T = self._s, self._xp, self.p.buffer_len
        fresh = int(s["fresh"])
        rows = xp.sum(s["buffer_w"][..., T - min(fresh, T) :], axis=-1)
        steps = on_host(rows) + max(fresh - T, 0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            means = on_host(s["live"]) / steps[..., None]
        return {"live_frozen": means[..., 0], "live": means[..., 1], "live_steps": steps}

    def _probation(self) -> tuple[Array, Array]:
        """Whether the weights in force fail probation, and whether the trusted ones would too."""
        s, p, xp, T = self._s, self.p, self._xp, self.p.buffer_len
        failed = gates.worse_than_frozen(s["live"], p)
        if surely(~failed):
            return failed, failed
        n = min(int(s["fresh"]), T)
        trusted = self._readout({k: s["trusted_" + k] for k in PLASTIC})
        E = trusted @ s["buffer_Z"][..., T + 1 - n :] - s["buffer_y"][..., T - n :]
        errors = xp.sum(xp.mean(E * E, axis=-2) * s["buffer_w"][..., T - n :], axis=-1)
        instead = gates.worse_than_frozen(side_by_side((s["live"][..., 0], errors)), p)
        return failed, failed & instead

    def _still_true(self) -> Array:
        """The rows' weights, without those of a world that the last steps show to be gone."""
        s, p, xp = self._s, self.p, self._xp
        first = p.buffer_len - min(int(s["fresh"]), p.buffer_len)
        if is_off(p.forget):
            return s["buffer_w"]
        old, new = s["buffer_w"][..., :first], s["buffer_w"][..., first:]
        live = s["live"][..., 1] / xp.sum(new, axis=-1).clip(min=1.0)
        changed = live > p.forget * s["expected"]
        return xp.concat([xp.where(changed[..., None], 0.0, old), new], axis=-1)

    def restore(self, weights: Weights, t: int) -> None:
        """Put earlier plastic weights in force, those of step t; they count as trusted.

        The momentum starts again from zero; buffer and filtered inputs stay.
        """
        s, xp = self._s, self._xp
        new: dict[str, Array] = {}
        for k in PLASTIC:
            new[k] = new["trusted_" + k] = self._array(np.float32(weights[k]), lead=True)
            new["momentum_" + k] = new["trusted_momentum_" + k] = xp.zeros_like(s[k])
        new["since"] = new["trusted_since"] = xp.zeros_like(s["since"]) + t
        new["live"] = xp.zeros_like(s["live"])
        self._keep(new)

    # -- what there is ------------------------------------------------------------------------

    @property
    def weights(self) -> Weights:
        """Copies of the plastic weights in force, float32 numpy."""
        return {k: np.array(on_host(self._s[k])) for k in PLASTIC}

    @property
    def optimizer(self) -> Weights:
        """Copies of Muon's momentum buffers, shaped as the weights."""
        return {k: np.array(on_host(self._s["momentum_" + k])) for k in PLASTIC}

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the state that an exact continuation needs."""
        return {k: np.array(on_host(v)) for k, v in self._s.items()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a `state()` of a learner with the same settings and base.

        Raises TttuiError naming what is missing or has another shape.
        """
        for k, old in self._s.items():
            if k not in state:
                raise TttuiError(f"engine state: {k} is missing")
            if tuple(state[k].shape) != tuple(old.shape):
                raise TttuiError(
                    f"engine state: {k} has shape {tuple(state[k].shape)}, "
                    f"these settings need {tuple(old.shape)}"
                )
        for k in self._s:
            self._keep({k: np.array(state[k]) if k in COUNTERS else self._array(state[k])})

    # -- for recorded chunks (see `many`) -----------------------------------------------------

    def on_device(self, value: Floats) -> Array:
        """A float32 array where this learner computes."""
        return self._array(np.asarray(value, dtype=np.float32))

    def tensors(self) -> dict[str, Array]:
        """The state's own tensors, which `settle` writes to."""
        return {k: v for k, v in self._s.items() if k not in COUNTERS}

    def settle(self, tensors: Mapping[str, Array]) -> None:
        """Write the state into these tensors of `tensors` and go on with them."""
        for k, old in tensors.items():
            old.copy_(self._s[k])
            self._s[k] = old

    def count(self, steps: int) -> None:
        """Set the counters as after so many steps that end a chunk."""
        self._s["steps"], self._s["fresh"] = np.asarray(steps), np.asarray(self.p.chunk)

    def _keep(self, new: Mapping[str, Array]) -> None:
        # One memory layout whatever made the values: the same bits must give the same products.
        for k, v in new.items():
            own = isinstance(v, (np.ndarray, np.generic))
            self._s[k] = np.asarray(v, order="C") if own else v.contiguous()
