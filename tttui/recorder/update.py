"""A transaction around an update that the user's loop makes."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tttui.recorder.values import scalar

if TYPE_CHECKING:
    from tttui.recorder.observer import Observer


class Update:
    """The block of `Recorder.update`: it commits at its end, unless it is rolled back.

    `pre_loss`, `post_loss`, `grad_norm` and `lr` may be set to numbers, or to tensors with one
    element. `optimizer` is put back with the weights, as it was when it was set here.
    """

    __slots__ = (
        "_began",
        "_optimizer",
        "_optimizer_state",
        "_recorder",
        "gates",
        "grad_norm",
        "lr",
        "post_loss",
        "pre_loss",
        "reason",
        "trained_on",
        "wanted_t",
    )

    def __init__(
        self, recorder: "Observer", t: int | None, trained_on: list[Any] | None, loss: Any
    ) -> None:
        self._recorder, self.wanted_t, self.trained_on = recorder, t, trained_on
        self._began = 0.0
        self.pre_loss: Any = loss
        self.post_loss: Any = None
        self.grad_norm: Any = None
        self.lr: Any = None
        self._optimizer: Any = None
        self._optimizer_state: Any = None
        self.reason: str | None = None
        """Why it is rolled back, in the user's words; None: it is not."""
        self.gates: list[dict[str, Any]] = []

    @property
    def optimizer(self) -> Any:
        """The optimizer of torch whose state is part of the transaction."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        self.keep(optimizer)

    def keep(self, optimizer: Any) -> None:
        """Copy the current state of the optimizer, if there is one."""
        if optimizer is not None:
            from tttui.recorder.optimizers import kept_state

            self._optimizer, self._optimizer_state = optimizer, kept_state(optimizer)

    def restore_optimizer(self) -> None:
        """Restore the state of the optimizer."""
        if self._optimizer is not None:
            self._optimizer.load_state_dict(self._optimizer_state)

    @property
    def duration_ms(self) -> float:
        """Milliseconds since the block began."""
        return (time.perf_counter() - self._began) * 1000

    def rollback(self, reason: str) -> None:
        """Undo it at the end of the block: weights, buffers and the optimizer that was given."""
        self.reason = str(reason)

    def gate(self, name: str, value: Any, limit: Any = None, *, at_least: Any = None) -> bool:
        """Let the update pass only where `value` is at most `limit` (or `at_least` so much).

        Returns whether it passes; NaN does not. The first gate that fails names the rollback.
        """
        number = scalar(value, f"gate {name}")
        above = at_least is None
        bound = scalar(limit if above else at_least, f"the limit of gate {name}")
        passed = number <= bound if above else number >= bound
        entry = {"name": str(name), "value": number, "limit": bound, "passed": passed}
        self.gates.append(entry if above else {**entry, "at_least": True})
        if not passed and self.reason is None:
            self.reason = str(name)
        return passed

    def figures(self) -> dict[str, float | None]:
        """The numbers of the event that were set."""
        figures: dict[str, float | None] = {}
        for name in ("pre_loss", "post_loss", "grad_norm", "lr"):
            value = getattr(self, name)
            if value is not None:
                figures[name] = scalar(value, name)
        figures["duration_ms"] = round(self.duration_ms, 3)
        return figures

    def __enter__(self) -> Self:
        self._recorder.begin_update(self)
        self._began = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.leave(self)
        self._recorder.finish_update(self, error)
