"""The score of one step: losses of the adaptive model, the frozen twin and controls."""

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tttui.model.errors import RecorderError
from tttui.recorder.values import scalar

if TYPE_CHECKING:
    from tttui.recorder.observer import Observer

CONTROL = "control:"
"""How the names of the curves of controls begin."""

Judge = Callable[[Any], Any]
"""Gets a module to be called like the model, gives a loss."""


class Score:
    """The block of `Recorder.score`; the row is written at its end.

    Functions are called at once, without gradients, at every `frozen_every`-th score. Losses are
    numbers, or tensors with one element, of any library; those on a GPU are fetched at the end.
    """

    def __init__(self, recorder: "Observer", t: int) -> None:
        self.t = t
        self._recorder = recorder
        self._loss: Any = None
        self._frozen: Any = None
        self._series: dict[str, Any] = {}
        self.version: str | None = None
        """Of the weights that make the prediction; None where there are none, or that is unsure."""

    def loss(self, value: Any) -> None:
        """The loss of the adaptive model."""
        self._loss = value

    def frozen(self, judge: Judge | Any) -> None:
        """The loss of the frozen twin: a function of it, or the number itself."""
        if not callable(judge):
            self._frozen = judge
        elif self._recorder.frozen_is_due():
            self._frozen = self._recorder.twins_for("s.frozen").frozen(judge)

    def control(self, name: str, judge: Judge | Any) -> None:
        """The loss of a model that is configured like this one but has the base's weights; the
        curve is called `control:NAME`."""
        column = f"{CONTROL}{name}"
        if not callable(judge):
            self._series[column] = judge
        elif self._recorder.frozen_is_due():
            twins = self._recorder.twins_for("s.control")
            self._series[column] = twins.control(name, judge)

    def record(self, **series: Any) -> None:
        """Other values of this step, each a curve of its own."""
        self._series.update({name: x for name, x in series.items() if x is not None})

    def __enter__(self) -> Self:
        self._recorder.begin_score(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.leave(self)
        if kind is not None:
            return
        if self._loss is None:
            raise RecorderError(f"the score of step {self.t} has no loss: call s.loss(value)")
        self._recorder.finish_score(
            self,
            scalar(self._loss, "the loss"),
            None if self._frozen is None else scalar(self._frozen, "the frozen loss"),
            {name: scalar(value, name) for name, value in self._series.items()},
        )
