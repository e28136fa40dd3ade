"""What a recorder does: it looks at the weights, names what changed, and writes it down."""

import math
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tttui.artifacts.tensorfile import Tensors
from tttui.model.errors import RecorderError
from tttui.recorder.changes import Steps, kind_of_change
from tttui.recorder.journal import MOST_NAMES, Journal
from tttui.recorder.modules import Module
from tttui.recorder.score import CONTROL, Score
from tttui.recorder.sources import Getter, Sources, weights_meta
from tttui.recorder.tensors import Tensor
from tttui.recorder.update import Update
from tttui.recorder.values import WarnsOnce, status_of_reason
from tttui.recorder.watched import Watched

BASE = "base"
"""What `rollback` goes back to."""


class Observer:
    """The state of a recorder between two calls."""

    def __init__(
        self,
        journal: Journal,
        *,
        model: Module | None,
        sources: Sources,
        weights: Watched | None,
        buffers: Watched | None,
        base: Mapping[str, Tensor],
        optimizer: Any,
        frozen_every: int,
    ) -> None:
        self.journal, self.files = journal, journal.files
        self.weights, self.sources = weights, sources
        self.frozen_every = frozen_every
        self._model, self._optimizer = model, optimizer
        self._buffers, self._base = buffers, base
        self._base_buffers = buffers.copies() if buffers is not None else {}
        self._twins: Any = None
        self._optimizer_steps: Any = None
        self._inside: Score | Update | None = None
        self._forward_depth = 0
        self._scores = 0
        self._controls: set[str] = set()
        """Columns that meta.json was told of."""
        self._sure_t = -1
        """The last step before which the contents of all weights were compared."""
        self._buffers_noted = False
        self._warn = WarnsOnce()
        self._base_optimizer: Any = None
        if "torch" in sys.modules and weights is not None:
            self._watch_optimizers()
        if model is not None:
            from tttui.recorder.twin import Twins

            self._twins = Twins(model, base)

    @property
    def t(self) -> int:
        """The step that was scored last."""
        return self.journal.t

    def go_on(self, version: str | None) -> None:
        """Weights that are not those with which a continued session ended are an event, and
        warned of."""
        self._sure_t = self.t
        weights = self.weights
        if weights is None or version in (None, weights.version()):
            return
        self._warn(
            "resumed",
            lambda: (
                f"tttui.Recorder: the weights are not those that {self.files.writer.directory} "
                f"ended with (version {version}, now {weights.version()}); that is recorded"
            ),
        )
        event = {
            "status": "commit",
            "outside": True,
            "why": "resumed with other weights",
            "version_before": version,
            "version": weights.version(),
        }
        self.journal.event(self.journal.event_t(), event, weights, weights.names)

    def add_state(self, getter: Getter) -> None:
        """Watch more tensors, which are no parameters."""
        self._check_free()
        if self.t >= 0:
            raise RecorderError("state(...) comes after the first step: call it before")
        self.sources.add(getter)
        if self.weights is None:
            self.weights = Watched(self.sources)
        else:
            self.weights.add(self.sources)
        self._base = {**self._base, **self.weights.copies()}
        self.journal.add_weights(self.weights, weights_meta(self.weights))

    def plastic(self) -> Tensors:
        """The plastic weights as they were last seen."""
        return {} if self.weights is None else self.weights.stored()

    def close(self) -> None:
        """See a last time what changed, and let go of what is not the recorder's."""
        if not self.files.closed:
            with suppress(RecorderError):  # a shape that changed: the session has ended anyway
                self.notice(self.journal.event_t(), full=True)
        if self._optimizer_steps is not None:
            self._optimizer_steps.close()

    # -- steps ----------------------------------------------------------------------------------

    def begin_score(self, score: Score) -> None:
        """Stamp the version that makes the prediction."""
        self._enter(score)
        self._check_t(score.t)
        self.notice(score.t)
        if self.weights is not None:
            score.version = self.weights.version()

    def finish_score(
        self, score: Score, loss: float, frozen: float | None, series: dict[str, float]
    ) -> None:
        """Write the step; weights that changed inside make its version unsure."""
        if self.notice(score.t + 1):
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
        """A step of which only numbers are known; its version is that of the weights now, unless
        they were changed by nobody knows when."""
        self._check_free()
        self._check_t(t)
        unsure = self.notice(t)
        version = None if unsure or self.weights is None else self.weights.version()
        self._step(t, loss, frozen, series, version)

    def _step(
        self,
        t: int,
        loss: float,
        frozen: float | None,
        series: dict[str, float],
        version: str | None,
    ) -> None:
        if math.isnan(loss):
            self._warn("nan", lambda: f"tttui.Recorder: the loss of step {t} is NaN")
        self.journal.step(t, loss, frozen, series, version)

    def frozen_is_due(self) -> bool:
        return self._scores % self.frozen_every == 0

    def twins_for(self, caller: str) -> Any:
        if self._twins is None:
            raise RecorderError(
                f"{caller} of a function needs the module: Recorder(path, model, ...); "
                "or give it the loss as a number"
            )
        return self._twins

    # -- updates --------------------------------------------------------------------------------

    def begin_update(self, update: Update) -> None:
        self._enter(update)
        self.notice(self.t + 1)
        if self.weights is not None:
            update.version_before = self.weights.version()
        if self._optimizer is not None:
            update.optimizer = self._optimizer
        self._steps_taken()

    def finish_update(self, update: Update, error: BaseException | None) -> None:
        """Find out what has changed; keep it, or put it back."""
        if error is not None and update.reason is None:
            update.reason = f"{type(error).__name__}: {error}"
            status = "rollback_exception"
        elif update.reason is not None:
            status = status_of_reason(update.reason)
        else:
            status = "commit"
        steps = self._steps_taken()
        event: dict[str, Any] = {"status": status, **update.figures()}
        if steps.lr is not None:
            event.setdefault("lr", steps.lr)
        if update.gates:
            event["gates"] = update.gates
        if update.reason is not None:
            event["reason"] = update.reason
        if update.trained_on is not None:
            event["trained_on"] = update.trained_on
        t = self.journal.event_t(update.wanted_t)
        names = [] if self.weights is None else self.weights.changed(full=True)
        buffers = [] if self._buffers is None else self._buffers.changed(full=True)
        if status == "commit":
            announced = update.pre_loss is not None or update.trained_on is not None
            self._commit(t, event, names, buffers, steps, update.version_before, announced)
        else:
            self._undo(t, event, names, buffers, update)

    def rollback(self, to: str, why: str) -> None:
        """Put the base back, of everything that is watched."""
        self._check_free()
        if to != BASE:
            raise RecorderError(f"rollback(to={to!r}): the weights that are kept are {BASE!r}")
        t = self.journal.event_t()
        weights = self._needed_weights()
        self.notice(t)
        before = weights.version()
        refused = weights.put_back(self._base, weights.names)
        if self._buffers is not None:
            self._buffers.changed(full=False)
            self._buffers.put_back(self._base_buffers, self._buffers.names)
        if self._base_optimizer is not None:
            self._optimizer.load_state_dict(self._base_optimizer)
        self._steps_taken()
        event = {
            "status": status_of_reason(why),
            "reason": why,
            "why": "reset",
            "to": BASE,
            "to_t": -1,
            "version_before": before,
            "version": weights.version(),
            "restored": not refused,
        }
        self.journal.event(t, event, weights, weights.names)

    # -- models that adapt inside forward -------------------------------------------------------

    def forward_begins(self) -> None:
        """A wrapped model is called; inside a score it may learn from what it is shown."""
        self._forward_depth += 1
        if self._forward_depth == 1 and isinstance(self._inside, Score):
            self.notice(self._inside.t)
            if self.weights is not None:
                self._inside.version = self.weights.version()
            self._steps_taken()

    def forward_ended(self) -> None:
        self._forward_depth -= 1
        score = self._inside
        if self._forward_depth or not isinstance(score, Score) or self.weights is None:
            return
        names = self.weights.changed(full=True)
        if not names:
            return
        steps = self._steps_taken()
        event: dict[str, Any] = {
            "status": "commit",
            "inside": "forward",
            "inner_steps": steps.ours,
            "trained_on": [score.t],
            "lr": steps.lr,
        }
        version = self.weights.version()
        self._commit(score.t + 1, event, names, [], steps, version, announced=True)
        if steps.ours > 1:
            score.version = None  # which of its steps made the prediction cannot be seen

    # -- what was not announced -----------------------------------------------------------------

    def notice(self, t: int, *, full: bool = False) -> bool:
        """See whether weights or buffers changed outside of an update; then that is an event of
        step t. Returns whether weights did."""
        weights = self.weights
        if weights is None:
            return False
        names = weights.changed(full=full)
        buffers: list[str] = []
        if self._buffers is not None:
            buffers = self._buffers.changed_if_cheap()
        if not names:
            if weights.compared:
                self._sure_t = self.t
            if buffers:
                self._notice_buffers(t, buffers)
            return False
        event: dict[str, Any] = {"status": "commit", "outside": True}
        if weights.late:
            event["after"] = self._sure_t
        before = weights.version()
        self._commit(t, event, names, buffers, self._steps_taken(), before, announced=False)
        self._sure_t = self.t
        return True

    def _notice_buffers(self, t: int, buffers: list[str]) -> None:
        assert self._buffers is not None
        self._buffers.take(buffers)
        if not self._buffers_noted:  # statistics move with every batch: the first time is told
            self._buffers_noted = True
            event = {
                "status": "commit",
                "outside": True,
                "why": "buffers",
                "buffers": buffers[:MOST_NAMES],
            }
            self.journal.event(t, event, None, [])

    # -- events ---------------------------------------------------------------------------------

    def _commit(
        self,
        t: int,
        event: dict[str, Any],
        names: list[str],
        buffers: list[str],
        steps: Steps,
        before: str | None,
        announced: bool,
    ) -> None:
        weights = self.weights
        figures: dict[str, dict[str, float]] = {}
        if weights is not None and names:
            known = [name for name in names if name in self._base]
            kind = kind_of_change(known, weights, self._base, steps, announced=announced)
            event["why"] = kind
            figures = self.journal.figures(weights, names)
            weights.take(names)
        elif buffers:
            event["why"] = "buffers"
        if buffers and self._buffers is not None:
            event["buffers"] = buffers[:MOST_NAMES]
            self._buffers.take(buffers)
        if weights is not None:
            event["version_before"], event["version"] = before, weights.version()
        if figures:
            event["weights"] = figures
        self.journal.event(t, event, weights, names)

    def _undo(
        self,
        t: int,
        event: dict[str, Any],
        names: list[str],
        buffers: list[str],
        update: Update,
    ) -> None:
        refused: list[str] = []
        if self.weights is not None:
            refused = self.weights.put_back(None, names)
            self.weights.take(refused)
        if self._buffers is not None:
            self._buffers.put_back(None, buffers)
        update.restore_optimizer()
        if self.weights is not None:
            event["version_before"] = update.version_before
            event["version"] = self.weights.version()
            event["restored"] = not refused
            if refused:
                first = refused[0]
                self._warn(
                    "refused",
                    lambda: (
                        f"tttui.Recorder: {first} cannot be put back: it is no "
                        "tensor that can be written in place"
                    ),
                )
        self.journal.event(t, event, self.weights, refused)

    # -- the rest -------------------------------------------------------------------------------

    def leave(self, inside: Score | Update) -> None:
        if self._inside is inside:
            self._inside = None

    def _enter(self, inside: Score | Update) -> None:
        self._check_free()
        self._inside = inside

    def _check_free(self) -> None:
        if self.files.closed and self.files.broken is None:
            raise RecorderError(f"{self.files.writer.directory}: this recorder is closed")
        if self._inside is not None:
            what = "a score" if isinstance(self._inside, Score) else "an update"
            raise RecorderError(f"{what} is still open: end its `with` block first")

    def _check_t(self, t: int) -> None:
        if t <= self.t:
            self._inside = None
            raise RecorderError(
                f"step {t} comes after step {self.t}, but steps only go up; a loop that starts "
                "again is a session of its own"
            )

    def _needed_weights(self) -> Watched:
        if self.weights is None:
            raise RecorderError("there are no weights to put back: give the recorder plastic=...")
        return self.weights

    def _watch_optimizers(self) -> None:
        from tttui.recorder.optimizers import OptimizerSteps, kept_state

        plastic = self.sources()
        own = {} if self._model is None else dict(self._model.named_parameters())
        others = {name: p for name, p in own.items() if name not in plastic}
        self._optimizer_steps = OptimizerSteps(self.sources, others, self._warn)
        if self._optimizer is not None:
            self._base_optimizer = kept_state(self._optimizer)

    def _steps_taken(self) -> Steps:
        return Steps() if self._optimizer_steps is None else self._optimizer_steps.taken()
