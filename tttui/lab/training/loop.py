"""The loop of a training: metrics, validation, checkpoints, and the way back from a NaN."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from tttui.lab.context import Context
from tttui.lab.training.estimate import Pace, actual, expected
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import FinalFailure, TttuiError
from tttui.model.shell import command_line
from tttui.tasks.trainer import Took, Trainer

SAVE_S = 5.0
"""Seconds between two checkpoints, at the least: what a killed process loses."""

SAVING = 20
"""Between two checkpoints passes so many times what one takes to be written."""

POINTS = 5000
"""Rows of metrics, evenly over the steps."""

NAMED = 20
"""Epochs that keep a checkpoint of their own, evenly over all of them."""

RECENT = 50
"""Losses whose mean is the training loss at the end."""

ROLLBACKS = 3
"""Times that a training goes back from a loss that is not finite, with half the learning rate."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Validation and early stopping of a training."""

    validate_every: int
    """Steps."""
    patience: int = 0
    """Ends after this many validations without a better one; 0: never."""
    rollbacks: int = ROLLBACKS
    takes_best: bool = True
    """Whether the result is the best weights by validation; else the last ones."""


@dataclass(slots=True)
class TrainingState:
    """The state of a training, all of it stored in checkpoints."""

    train_before: float = math.nan
    """Loss of the first batch."""
    before: float = math.nan
    """Validation loss before the first step."""
    best: float = math.inf
    best_step: int = 0
    worse: int = 0
    """Validations since the best one."""
    last: float = math.nan
    """The newest validation loss."""
    recent: list[float] = field(default_factory=list[float])
    """Losses of the newest batches."""
    rollbacks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stopped: str = ""
    """Why it ended before its last step."""
    seconds: float = 0.0
    """Of all executions."""
    estimate: dict[str, Any] = field(default_factory=dict[str, Any])


class Loop:
    """One execution of a training, from the checkpoint of the job where there is one."""

    def __init__(
        self, context: Context, trainer: Trainer, plan: TrainingPlan, data: str = ""
    ) -> None:
        """`data` is the hash of the data, which a resumed job must find as they were."""
        self._context, self._trainer, self._plan, self._data = context, trainer, plan, data
        self.record = TrainingState()
        self._best: dict[str, Floats] = {}
        self._good: Mapping[str, Any] = {}
        """The state to which it goes back, as it was at a validation."""
        self._began = time.monotonic()
        self._pace = Pace()
        self._save_at = 0.0
        self._shown = math.nan
        """The newest loss in metrics.csv."""
        self._row_at = time.monotonic(), trainer.step
        self._every = -(-trainer.steps // POINTS)
        self._named_epochs, self._epochs_apart = named_epochs(trainer.steps, trainer.steps_an_epoch)

    @property
    def weights(self) -> dict[str, Floats]:
        """The weights that the training returns."""
        return self._best if self._plan.takes_best else self._trainer.weights()

    def run(self) -> None:
        """Train to the end. Raises FinalFailure where the loss stays NaN."""
        context, trainer, record = self._context, self._trainer, self.record
        if context.state is not None:
            self._load(context.state)
        else:
            context.doing("first validation")
            record.before = record.last = self._validation()
            if not math.isfinite(record.before):
                raise FinalFailure(
                    "the loss is not finite before the first step, whatever the learning rate: "
                    "look at the data, or begin with other weights"
                )
            self._improved()
            context.metrics(0, validation_loss=record.before)
        self._row_at = time.monotonic(), trainer.step
        self._save_at = time.monotonic() + SAVE_S
        while trainer.step < trainer.steps and not record.stopped:
            if context.asked_to_end:
                self._save()
            context.safe_point()
            for name, request in context.requested_checkpoints():
                self._save(name or f"step-{trainer.step}", request)
            began = time.monotonic()
            took = trainer.advance()
            self._pace.stepped(time.monotonic() - began)
            if not took.finite:
                self._go_back(f"the loss of step {trainer.step} is not finite", took.lr)
                continue
            self._note(took)
        self._tell(ended=True)

    def _note(self, took: Took) -> None:
        """Record a finite step, and validate and save when due."""
        trainer, record = self._trainer, self.record
        step, last = trainer.step, trainer.step == trainer.steps
        if math.isnan(record.train_before):
            record.train_before = took.loss
        record.recent = [*record.recent[1 - RECENT :], took.loss]
        due = step % self._plan.validate_every == 0 or last
        validation = self._validation() if due else math.nan
        if due and not math.isfinite(validation):
            self._go_back(f"the validation loss at step {step} is not finite", took.lr)
            return
        if step % self._every == 0 or due:
            row = {"loss": took.loss, "lr": took.lr, "grad_norm": took.gradient_norm}
            if due:
                row["validation_loss"] = validation
            self._context.metrics(step, **row, per_second=self._speed(step))
            self._shown = took.loss
        if not record.estimate and (self._pace.tells or 2 * step >= trainer.steps):
            cost = expected(trainer, self._pace, self._plan.validate_every, self._named_epochs)
            record.estimate = cost.asdict()
            self._tell()
        epoch, rest = divmod(step, trainer.steps_an_epoch)
        if due:
            self._judge(validation)
        self._context.progress(step, trainer.steps, self._words())
        if not rest and epoch % self._epochs_apart == 0 and not last:
            self._save(f"epoch-{epoch}")
        elif time.monotonic() >= self._save_at:
            self._save()

    def _words(self) -> str:
        """The current work in words, with the newest losses."""
        trainer, record = self._trainer, self.record
        epochs = -(-trainer.steps // trainer.steps_an_epoch)
        epoch = -(-trainer.step // trainer.steps_an_epoch)
        doing = f"step {trainer.step} of {trainer.steps}, epoch {epoch} of {epochs}, "
        return doing + f"loss {self._shown:.4g}, validation {record.last:.4g}"

    def _judge(self, validation: float) -> None:
        """Keep the weights if they are the best so far, else check for early stopping."""
        record, step = self.record, self._trainer.step
        record.last = validation
        self._good = self._trainer.state()
        if validation < record.best:
            self._improved()
            self._save("best")
        else:
            record.worse += 1
            if self._plan.patience and record.worse >= self._plan.patience:
                record.stopped = (
                    f"{record.worse} validations were no better than that at step "
                    f"{record.best_step}"
                )
                self._context.log.info("ends at step %d: %s", step, record.stopped)
                self._context.event("stopped_early", step=step, why=record.stopped)
        self._tell()

    def _improved(self) -> None:
        record, trainer = self.record, self._trainer
        record.best, record.best_step, record.worse = record.last, trainer.step, 0
        self._best, self._good = trainer.weights(), trainer.state()

    def _validation(self) -> float:
        began = time.monotonic()
        value = self._trainer.validate()
        self._pace.validated(time.monotonic() - began)
        return value

    def _go_back(self, why: str, lr: float) -> None:
        """Return to the last validation that was finite, with half the learning rate."""
        trainer, record, context = self._trainer, self.record, self._context
        step, slowed = trainer.step, trainer.slowed
        if len(record.rollbacks) >= self._plan.rollbacks:
            context.flush()
            tried = len(record.rollbacks)
            often = f", also after {tried} rollbacks with half the learning rate" if tried else ""
            raise FinalFailure(f"{why}{often}; {lower_rate(context.command, lr / 2)}")
        trainer.load(self._good)
        trainer.slowed = slowed
        trainer.slow_down()
        rollback = {"step": step, "to_step": trainer.step, "lr": lr, "lr_factor": trainer.slowed}
        record.rollbacks.append(rollback)
        record.recent = []
        self._good = trainer.state()
        context.log.warning("%s: back to step %d with half the learning rate", why, trainer.step)
        context.rewind(trainer.step)
        context.event("rollback", why=why, **rollback)
        self._save()
        self._tell()

    def _save(self, name: str | None = None, request: str = "") -> None:
        """Write a checkpoint; the event of a requested one names the request."""
        began = time.monotonic()
        trainer, record = self._trainer, self.record
        record.seconds += began - self._began
        self._began = began
        current = trainer.state()
        same = self._good.get("step") == trainer.step
        state = {
            "data": self._data,
            "trainer": current,
            "good": None if same else self._good,
            "best": self._best,
            "record": {name: getattr(record, name) for name in TrainingState.__slots__},
        }
        fields = {"asked": request} if request else {}
        self._context.save(state, step=trainer.step, name=name, **fields)
        now = time.monotonic()
        self._save_at = now + max(SAVE_S, SAVING * (now - began))

    def _load(self, state: Mapping[str, Any]) -> None:
        if state.get("data") != self._data:
            raise TttuiError(
                "the data are not those that the job began with; put them back, or start another"
            )
        try:
            self._trainer.load(state["trainer"])
            self._good = state["good"] or self._trainer.state()
            self._best = dict(state["best"])
            for name, value in state["record"].items():
                setattr(self.record, name, value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TttuiError(f"its checkpoint is of another training: {error!r}") from error

    def _tell(self, *, ended: bool = False) -> None:
        """Write results.json so far."""
        self._context.results(self.results(ended=ended))

    def results(self, *, ended: bool) -> dict[str, Any]:
        """What the training has come to so far."""
        record, trainer = self.record, self._trainer
        after = record.best if self._plan.takes_best else record.last
        results: dict[str, Any] = {
            "steps": trainer.step,
            "validation_loss_before": _number(record.before),
            "validation_loss": _number(after),
            "train_loss_before": _number(record.train_before),
            "train_loss": _number(sum(record.recent) / len(record.recent))
            if record.recent
            else None,
            "best_step": record.best_step,
            "rollbacks": record.rollbacks,
        }
        if record.stopped:
            results["stopped_early"] = record.stopped
        results["estimate"] = record.estimate
        if ended:
            seconds = record.seconds + time.monotonic() - self._began
            results["actual"] = actual(self._context.directory, seconds, trainer).asdict()
        return results

    def _speed(self, step: int) -> float:
        """Items a second since the last row."""
        now = time.monotonic()
        then, before = self._row_at
        self._row_at = now, step
        return float(f"{(step - before) * self._trainer.items_a_step / max(1e-9, now - then):.4g}")


def lower_rate(command: Sequence[str], lr: float) -> str:
    """The remedy for a training that needs a lower learning rate."""
    words = list(command)
    flag = "--pretrain-lr" if "pretrain" in words[:2] else "--lr"
    if flag in words:
        at = words.index(flag)
        del words[at : at + 2]
    again = command_line(*words, flag, f"{lr:.2g}")
    return f"start another with a lower rate (`{again}`), or look at the data there"


def named_epochs(steps: int, steps_an_epoch: int) -> tuple[int, int]:
    """How many epochs get a checkpoint of their own, and how far they are apart."""
    epochs = -(-steps // steps_an_epoch)
    apart = -(-epochs // NAMED)
    return epochs // apart, apart


def _number(value: float) -> float | None:
    """The number for JSON; None if it is not finite."""
    return value if math.isfinite(value) else None
