"""World and learner, step by step, bit for bit the same however the run was cut.

The last bits of a matrix product can depend on how many steps it covers. So the models always
compute whole stretches, up to the next update or planned intervention, and rows are only
*revealed* up to where a caller stops. What is saved in the middle of a stretch is the state at
its start and how many rows were revealed; continuing computes the same stretch again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tttui.artifacts.interventions import Intervention, in_order
from tttui.model.arrays import Bools, Floats, Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import LIVE_SETTINGS, Settings, refuse_too_large
from tttui.tasks.pointmass.engine.faults import BLOW_UP, Fault, corrupted, sudden_mu
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream


@dataclass(frozen=True, slots=True, eq=False)
class SteppedRows:
    """Steps t .. t+n-1 as they happened: observations and targets, actions, errors, predictions.

    `z` [n, 4] and `a` [n, 2] are what was known when each step was predicted, `mu` [n] the
    friction in force; errors [n]; predictions of the next observation [n, 4].
    """

    t: int
    z: Floats
    a: Floats
    mu: Floats
    baseline_mse: Floats
    adaptive_mse: Floats
    baseline_pred: Floats
    adaptive_pred: Floats
    did_update: bool
    """Whether an update was tried just before the first of these rows."""
    update_ok: bool

    def __len__(self) -> int:
        return len(self.a)

    def flags(self) -> tuple[Bools, Bools]:
        """did_update and update_ok of every row, [n] each."""
        flags = np.zeros((2, len(self)), dtype=np.bool_)
        if len(self):
            flags[:, 0] = self.did_update, self.update_ok
        return flags[0], flags[1]

    def part(self, first: int, last: int) -> "SteppedRows":
        """Rows `first` to `last`, counted from this stretch's start."""
        cut = slice(first, last)
        return SteppedRows(
            t=self.t + first,
            z=self.z[cut],
            a=self.a[cut],
            mu=self.mu[cut],
            baseline_mse=self.baseline_mse[cut],
            adaptive_mse=self.adaptive_mse[cut],
            baseline_pred=self.baseline_pred[cut],
            adaptive_pred=self.adaptive_pred[cut],
            did_update=self.did_update and first == 0,
            update_ok=self.update_ok and first == 0,
        )


class Stepper:
    """The deterministic core of a session: no files, no clock.

    `on_event` receives each transaction's record; `on_weights` the step, the weights whenever
    they changed, and the step that they are from. Both are called before the rows that follow
    are returned.
    `weights_at` looks up the weights that were in force at a step (for `rollback`).
    `before` is the learner of another session of the same base, as for `Learner`.
    """

    def __init__(
        self,
        settings: Settings,
        base: Weights,
        *,
        start: Weights | None = None,
        base_t: int = 0,
        before: Learner | None = None,
        interventions: Sequence[Intervention] = (),
        on_event: Callable[[dict[str, Any]], None],
        on_weights: Callable[[int, Weights, int], None],
        weights_at: Callable[[int], Weights] | None = None,
    ) -> None:
        self.settings = settings
        self.base = base
        self.world = WorldStream(settings)
        self.learner = Learner(settings, base, start=start, base_t=base_t, before=before)
        self.t = 0
        """Rows revealed so far, the step that is predicted next."""
        self._on_event, self._on_weights, self._weights_at = on_event, on_weights, weights_at
        self._interventions = in_order(interventions)
        self._applied = 0
        self._stretch: SteppedRows | None = None
        self._at_start: dict[str, Any] = {}
        self._update_tried: int | None = None
        self._update_ok = False
        self._blow_up = False
        self._mu_changes: list[tuple[int, float]] = []

    @property
    def mu_changes(self) -> tuple[tuple[int, float], ...]:
        """Steps and frictions of the changes that interventions made."""
        return tuple(self._mu_changes)

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        return tuple(self._interventions)

    def advance(self, limit: int) -> SteppedRows | None:
        """Reveal rows up to step `limit`, at most to the end of a stretch; None at the limit."""
        if self.t >= limit:
            return None
        self._intervene()
        if self._stretch is None:
            self._begin()
        stretch = self._stretch
        assert stretch is not None
        stop = min(limit, stretch.t + len(stretch))
        if self._applied < len(self._interventions):
            stop = min(stop, self._interventions[self._applied].t)
        rows = stretch.part(self.t - stretch.t, stop - stretch.t)
        self.t = stop
        if stop == stretch.t + len(stretch):
            self._stretch = None
        return rows

    def apply(self, intervention: Intervention) -> None:
        """Make a change that takes effect now, or plan one for a later step.

        The caller has checked (`check`) and recorded it.
        """
        if not intervention.planned:
            self._intervene()
        known = [*self._interventions, intervention]
        self._interventions = in_order(known)
        if not intervention.planned:
            self._intervene()

    def check(self, intervention: Intervention) -> None:
        """Raise RefusedInput or SettingError when `apply` could not carry it out."""
        if intervention.t < self.t:
            raise RefusedInput(
                f"an intervention at step {intervention.t} comes too late: "
                f"the session is at step {self.t}"
            )
        if intervention.kind == "mu":
            mu = intervention.value
            if isinstance(mu, bool) or not isinstance(mu, (int, float)) or not 0 <= mu <= 1:
                raise RefusedInput(f"mu: {mu!r} is not a friction between 0 and 1")
        elif intervention.kind == "settings":
            self._changed(intervention.value).validate()
        elif intervention.kind == "update" and not intervention.planned and self.t == 0:
            raise RefusedInput("there is nothing to learn from before the first step")
        elif intervention.kind == "rollback" and self._weights_at is not None:
            self._weights_at(int(intervention.value))

    def state(self) -> dict[str, Any]:
        """All that an exact continuation needs, arrays and plain values only."""
        if self._stretch is not None:
            at = {**self._at_start, "t": self._stretch.t, "revealed": self.t - self._stretch.t}
        else:
            at = {**self._snapshot(), "t": self.t, "revealed": 0}
        return {
            **at,
            "computing": self._stretch is not None,
            "applied": self._applied,
            "update_tried": -1 if self._update_tried is None else self._update_tried,
            "update_ok": self._update_ok,
            "blow_up": self._blow_up,
            "mu_changes": np.array(self._mu_changes, dtype=np.float64).reshape(-1, 2),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from `state()`, with the settings that its interventions left."""
        self._applied = int(state["applied"])
        for done in self._interventions[: self._applied]:
            if done.kind == "settings":
                self.settings = self._changed(done.value)
        self._rebuild(state["world"], state["learner"])
        self._update_tried = int(state["update_tried"]) if state["update_tried"] >= 0 else None
        self._update_ok, self._blow_up = bool(state["update_ok"]), bool(state["blow_up"])
        self._mu_changes = [(int(t), float(mu)) for t, mu in np.asarray(state["mu_changes"])]
        self.t, self._stretch = int(state["t"]), None
        if state["computing"]:
            self._compute()
            self.t += int(state["revealed"])

    def _snapshot(self) -> dict[str, Any]:
        return {"world": self.world.state(), "learner": self.learner.state()}

    def _rebuild(self, world: Mapping[str, Any], learner: Mapping[str, Any]) -> None:
        self.world = WorldStream(self.settings)
        self.world.load(dict(world))
        self.learner = Learner(self.settings, self.base, before=self.learner)
        self.learner.load(learner)

    def _stretch_end(self) -> int:
        """The next update's step, or that of an intervention which is already known."""
        chunk = self.settings.plasticity.chunk
        end = self.t + chunk - self.t % chunk
        for coming in self._interventions[self._applied :]:
            if coming.known_at <= self.t < coming.t:
                end = min(end, coming.t)
        return end

    def _begin(self) -> None:
        if self._update_tried != self.t and self.learner.due(self.t):
            self._update()
        self._compute()

    def _update(self) -> None:
        blow_up, self._blow_up = (BLOW_UP if self._blow_up else 1.0), False
        event = self.learner.update(self.t, blow_up=blow_up)
        self._update_tried, self._update_ok = self.t, event["status"] == "commit"
        if self._update_ok or "to_t" in event:
            self._on_weights(self.t, self.learner.weights, event.get("to_t", self.t))
        self._on_event(event)

    def _compute(self) -> None:
        """Compute the stretch that starts at t; its rows are revealed later."""
        self._at_start = self._snapshot()
        n = self._stretch_end() - self.t
        z, a, mu = self._observe(n)
        predicted = self.learner.predict(z, a)
        self._stretch = SteppedRows(
            self.t,
            z[:-1],
            a,
            mu,
            predicted.baseline_mse,
            predicted.adaptive_mse,
            predicted.baseline_pred,
            predicted.adaptive_pred,
            did_update=self._update_tried == self.t,
            update_ok=self._update_tried == self.t and self._update_ok,
        )

    def _observe(self, n: int) -> tuple[Floats, Floats, Floats]:
        z, a, mu = self.world.advance(n)
        faults = [
            Fault(i.value, i.t)
            for i in self._interventions
            if i.kind == "fault" and i.known_at <= self.t
        ]
        chunk = self.settings.plasticity.chunk
        return corrupted(z, self.t, faults, chunk=chunk, seed=self.settings.seed), a, mu

    def _cut(self) -> None:
        """End the stretch under way at t: go back to its start and compute only that far."""
        if self._stretch is None:
            return
        start, self._stretch = self._stretch.t, None
        self.world.load(self._at_start["world"])
        self.learner.load(self._at_start["learner"])
        stop, self.t = self.t, start
        z, a, _ = self._observe(stop - start)
        self.learner.predict(z, a)
        self.t = stop

    def _intervene(self) -> None:
        while (
            self._applied < len(self._interventions)
            and self._interventions[self._applied].t <= self.t
        ):
            self._cut()
            intervention = self._interventions[self._applied]
            self._applied += 1
            self._take_effect(intervention)

    def _take_effect(self, intervention: Intervention) -> None:
        value = intervention.value
        if intervention.kind == "mu":
            self._set_mu(float(value))
        elif intervention.kind == "settings":
            self.settings = self._changed(value)
            self._rebuild(self.world.state(), self.learner.state())
        elif intervention.kind == "update":
            self._update()
        elif intervention.kind == "rollback":
            self._restore(int(value))
        elif value == "mu":
            world = self.settings.world
            self._set_mu(sudden_mu(self.world.mu, world.mu_min, world.mu_max))
        elif value == "gradient":
            self._blow_up = True

    def _set_mu(self, mu: float) -> None:
        self.world.set_mu(mu)
        self._mu_changes.append((self.t, mu))

    def _restore(self, to_t: int) -> None:
        if self._weights_at is None:
            raise RefusedInput("a session without a history of weights cannot return to a step")
        self.learner.restore(self._weights_at(to_t), to_t)
        self._on_weights(self.t, self.learner.weights, to_t)

    def _changed(self, values: Mapping[str, Any]) -> Settings:
        fixed = [name for name in values if name not in LIVE_SETTINGS]
        if fixed:
            raise RefusedInput(
                f"{', '.join(fixed)}: cannot change in a session that has begun; "
                "fork it or start a new one"
            )
        settings = self.settings.updated(values)
        refuse_too_large(settings)
        return settings
