"""The recorder's work at each call: scores, updates, models that adapt inside forward."""

import math
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from tttui.model.errors import RecorderError
from tttui.recorder.earlier import COMMIT
from tttui.recorder.journal import Journal
from tttui.recorder.modules import Module
from tttui.recorder.observed import Observed
from tttui.recorder.score import CONTROL, Score
from tttui.recorder.sources import Getter
from tttui.recorder.update import Update
from tttui.recorder.values import status_of_reason

BASE = "base"
"""What `rollback` goes back to."""


class Observer:
    """The state of a recorder between two calls."""

    def __init__(
        self, journal: Journal, observed: Observed, model: Module | None, frozen_every: int
    ) -> None:
        self.journal, self.files, self.observed = journal, journal.files, observed
        self._frozen_every = frozen_every
        self._inside: Score | Update | None = None
        self._forward_depth = 0
        self._scores = 0
        self._controls: set[str] = set()
        """Columns that meta.json was told of."""
        self._twins: Any = None
        self._no_twins: RecorderError | None = None
        observed.watch_optimizers(model)
        if model is not None:
            from tttui.recorder.twin import Twins

            try:
                self._twins = Twins(model, observed.base)
            except RecorderError as error:  # whoever asks for the twin is told
                self._no_twins = error

    @property
    def t(self) -> int:
        """The step that was scored last."""
        return self.journal.t

    def add_state(self, getter: Getter) -> None:
        """Watch further tensors that are no parameters."""
        self._check_free()
        if self.t >= 0:
            raise RecorderError("state(...) comes after the first step: call it before")
        self.observed.add(getter)

    def close(self) -> None:
        """Record the last changes, and release hooks and references."""
        if not self.files.closed:
            with suppress(RecorderError):  # a shape that changed: the session has ended anyway
                self.observed.notice(self.journal.event_t(), full=True)
        self.observed.close()

    # -- steps ----------------------------------------------------------------------------------

    def begin_score(self, score: Score) -> None:
        """Note the version that makes the prediction."""
        self._check_free()
        self._check_t(score.t)
        self.observed.notice(score.t)
        score.version = self.observed.version
        self._inside = score

    def finish_score(
        self, score: Score, loss: float, frozen: float | None, series: dict[str, float]
    ) -> None:
        """Write the step; its version is unknown if the weights changed inside the block."""
        if self.observed.notice(score.t + 1, quick=True):
            score.version = None
        for name in series:
            if name.startswith(CONTROL) and name not in self._controls:
                self._controls.add(name)
                self.journal.control(name.removeprefix(CONTROL))
        self._step(score.t, loss, frozen, series, score.version)
        self._scores += 1

    def plain_step(
        self, t: int, loss: float, frozen: float | None, series: dict[str, float]
    ) -> None:
        """Record a step from numbers alone; its version is that of the weights now, unless they
        changed at an unknown time."""
        self._check_free()
        self._check_t(t)
        unsure = self.observed.notice(t)
        self._step(t, loss, frozen, series, None if unsure else self.observed.version)

    def _step(
        self,
        t: int,
        loss: float,
        frozen: float | None,
        series: dict[str, float],
        version: str | None,
    ) -> None:
        if math.isnan(loss):
            self.observed.warn("nan", lambda: f"tttui.Recorder: the loss of step {t} is NaN")
        self.journal.step(t, loss, frozen, series, version)

    def frozen_is_due(self) -> bool:
        return self._scores % self._frozen_every == 0

    def twins_for(self, caller: str) -> Any:
        if self._no_twins is not None:
            raise self._no_twins
        if self._twins is None:
            raise RecorderError(
                f"{caller} of a function needs the module: Recorder(path, model, ...); "
                "or give it the loss as a number"
            )
        return self._twins

    # -- updates --------------------------------------------------------------------------------

    def begin_update(self, update: Update) -> None:
        self._check_free()
        self.observed.notice(self.journal.event_t(), eager=True)
        update.keep(self.observed.optimizer)
        self.observed.steps_taken()
        self._inside = update

    def finish_update(self, update: Update, error: BaseException | None) -> None:
        """Find the changes, and commit or undo them. An error of the recorder never hides an
        exception of the block."""
        event: dict[str, Any] = {"status": "commit"}
        if error is not None and update.reason is None:
            update.reason = f"{type(error).__name__}: {error}"
            event["status"] = "rollback_exception"
        elif update.reason is not None:
            event["status"] = status_of_reason(update.reason)
        if update.reason is not None:
            update.restore_optimizer()
        if error is None:
            self._finish(update, event)
        else:
            with suppress(RecorderError):
                self._finish(update, event)

    def _finish(self, update: Update, event: dict[str, Any]) -> None:
        observed = self.observed
        names, buffers = observed.differences()
        if update.reason is not None:
            event["reason"] = update.reason
        if update.gates:
            event["gates"] = update.gates
        if update.trained_on is not None:
            event["trained_on"] = update.trained_on
        wrong: RecorderError | None = None
        try:
            event |= update.figures()
        except RecorderError as error:  # said when the weights are in order
            wrong = error
        t, steps = self.journal.event_t(update.wanted_t), observed.steps_taken()
        if update.reason is None:
            announced = update.pre_loss is not None or update.trained_on is not None
            observed.commit(t, event, names, buffers, steps, announced=announced)
        else:
            observed.undo(t, event, names, buffers)
        if wrong is not None:
            raise wrong

    def rollback(self, to: str | int, why: str) -> None:
        """Restore the base with all watched state, or earlier weights."""
        self._check_free()
        event = {"status": status_of_reason(why), "reason": why, "why": "reset", "to": to}
        if to == BASE:
            self.observed.back_to_base(event | {"to_t": -1})
            return
        if to != COMMIT and (isinstance(to, bool) or not isinstance(to, int) or to < 0):
            raise RecorderError(
                f"rollback(to={to!r}): weights are known as {BASE!r}, {COMMIT!r} or by a step"
            )
        self.observed.back_to(to, event)

    # -- models that adapt inside forward -------------------------------------------------------

    def forward_begins(self) -> None:
        """A call of a wrapped model begins; inside a score it may learn from its input."""
        self._forward_depth += 1
        if self._forward_depth == 1 and isinstance(self._inside, Score):
            self.observed.notice(self._inside.t, eager=True)
            self._inside.version = self.observed.version
            self.observed.steps_taken()

    def forward_ended(self) -> None:
        self._forward_depth -= 1
        score = self._inside
        if self._forward_depth or not isinstance(score, Score):
            return
        names, buffers = self.observed.differences()
        if not names:
            return
        steps = self.observed.steps_taken()
        event = {
            "status": "commit",
            "inside": "forward",
            "inner_steps": steps.ours,
            "trained_on": [score.t],
        }
        self.observed.commit(score.t + 1, event, names, buffers, steps, announced=True)
        if steps.ours > 1:
            score.version = None  # which of its steps made the prediction cannot be seen

    # -- the rest -------------------------------------------------------------------------------

    def leave(self, inside: Score | Update) -> None:
        if self._inside is inside:
            self._inside = None

    def _check_free(self) -> None:
        if self.files.closed and self.files.broken is None:
            raise RecorderError(f"{self.files.writer.directory}: this recorder is closed")
        if self._inside is not None:
            what = "a score" if isinstance(self._inside, Score) else "an update"
            raise RecorderError(f"{what} is still open: end its `with` block first")

    def _check_t(self, t: int) -> None:
        if t <= self.t:
            raise RecorderError(
                f"step {t} comes after step {self.t}, but steps only go up; a loop that starts "
                "again is a session of its own"
            )


Adapting = TypeVar("Adapting", bound=Callable[..., Any])


def wrapped(observer: "Observer", model: Adapting) -> Adapting:
    """Wrap a model so that the observer is notified before and after each call."""
    if hasattr(model, "register_forward_pre_hook"):
        module = cast(Any, model)
        module.register_forward_pre_hook(lambda *_: observer.forward_begins())
        module.register_forward_hook(lambda *_: observer.forward_ended(), always_call=True)
        return model

    @wraps(model)
    def call(*args: Any, **kwargs: Any) -> Any:
        observer.forward_begins()
        try:
            return model(*args, **kwargs)
        finally:
            observer.forward_ended()

    return cast(Adapting, call)
