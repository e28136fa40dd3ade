"""How much each setting matters: every knob a step up and a step down, all else equal."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tttui.model import improvement
from tttui.model.dataclass import dataclass
from tttui.runs.whatif.compared import scores
from tttui.runs.whatif.knob import Knob
from tttui.runs.whatif.knobs import knobs, refusal
from tttui.runs.whatif.live import PastStates
from tttui.runs.whatif.result import State, WhatIfRequest
from tttui.runs.whatif.whatif import WhatIf


@dataclass(frozen=True, slots=True)
class KnobTurn:
    """One knob changed by one coarse step."""

    name: str
    """The setting."""
    value: Any
    text: str
    """The value in words."""
    loss: float | None = None
    """Mean loss over the last steps; None where it is not computed (yet)."""
    percent: float | None = None
    """How much better that is than without the turn, in percent."""
    difference: str = ""
    """`5 % better` in words."""
    refused: str = ""
    """Why the engine does not compute it."""

    @property
    def effect(self) -> float:
        """The size of the difference, for sorting; 0 where there is none."""
        return 0.0 if self.percent is None else abs(self.percent)


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A row of the table: a knob, one step down and one step up."""

    knob: Knob
    value: Any
    """What it is at now."""
    turns: Sequence[KnobTurn]
    """Down and up; only one of switches, and of choices all others."""

    @property
    def effect(self) -> float:
        return max((turn.effect for turn in self.turns), default=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SensitivityResult:
    """The table as far as it is computed."""

    request: WhatIfRequest
    state: State
    done: int
    """Number of computed turns."""
    total: int
    loss: float | None = None
    """Mean loss over the last steps without any turn."""
    rows: Sequence[Sensitive] = ()
    """The largest effect first; knobs of which nothing is known yet last."""
    error: str = ""
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def sentence(self) -> str:
        """`lr matters most: 0.05 is 12 % better, 0.01 is 30 % worse`"""
        if self.state == "failed":
            return f"sensitivity: {self.error}"
        far = "" if self.state == "done" else f"{self.done} of {self.total} computed; "
        row = next((row for row in self.rows if row.effect > 0), None)
        if row is None:
            none = "" if self.state != "done" else "no setting makes a difference here"
            return f"sensitivity: {far.removesuffix('; ')}{none}"
        known = [f"{turn.text} is {turn.difference}" for turn in row.turns if turn.difference]
        return f"sensitivity: {far}{row.knob.label} matters most: {', '.join(known)}"


class Sensitivity:
    """A job for a worker: turns every knob by its own coarse step, from a what-if on.

    Its `result` is a SensitivityResult.
    """

    def __init__(self, request: WhatIfRequest, known: PastStates | None = None) -> None:
        """`request` is the what-if from which the knobs are turned, `known` as for WhatIf."""
        self.request, self._known = request, known if known is not None else PastStates()
        self._turns: list[tuple[Knob, KnobTurn]] = []
        self._error = refusal(request.data, request.at, request.changes)
        for knob in knobs(request.data, request.at):
            if not (self._error or knob.refused or knob.name in NO_TURNS):
                self._turns += [(knob, turn) for turn in _turns(knob, self._value(knob))]
        self._next = -1
        """Of the turns; -1 is the what-if without a turn."""
        self._loss: float | None = None
        self._whatif: WhatIf | None = None
        self._state: State = "failed" if self._error else "computing"
        self._began = time.monotonic()

    def work(self) -> bool:
        """Compute one stretch; whether there is more to do."""
        if self._state != "computing":
            return False
        if self._whatif is None:
            self._begin()
        elif not self._whatif.work():
            self._end(self._whatif)
        return self._state == "computing"

    def fail(self, error: BaseException) -> None:
        """End with an error, which `result` tells."""
        self._error, self._state = f"{type(error).__name__}: {error}", "failed"

    def result(self) -> SensitivityResult:
        """The table so far."""
        by_name: dict[str, tuple[Knob, list[KnobTurn]]] = {}
        for knob, turn in self._turns:
            by_name.setdefault(knob.name, (knob, []))[1].append(turn)
        rows = [Sensitive(k, self._value(k), tuple(turns)) for k, turns in by_name.values()]
        return SensitivityResult(
            self.request,
            self._state,
            max(self._next, 0),
            len(self._turns),
            self._loss,
            tuple(sorted(rows, key=lambda row: -row.effect)),
            self._error,
            time.monotonic() - self._began,
        )

    def _value(self, knob: Knob) -> Any:
        return self.request.changes.get(knob.name, knob.value)

    def _begin(self) -> None:
        request = self.request
        if self._next >= 0:
            knob, turn = self._turns[self._next]
            request = replace(request, changes={**request.changes, turn.name: turn.value})
            if why := refusal(request.data, request.at, request.changes):
                self._turns[self._next] = knob, replace(turn, refused=why)
                self._advance()
                return
        self._whatif = WhatIf(request, self._known)

    def _end(self, whatif: WhatIf) -> None:
        result = whatif.result()
        self._whatif = None
        both = scores(result)
        if self._next < 0:
            if result.state == "failed" or both is None:
                self._error, self._state = (
                    result.error or "nothing is recorded to compare",
                    "failed",
                )
                return
            self._loss = both[1]
        else:
            knob, turn = self._turns[self._next]
            self._turns[self._next] = knob, self._judged(turn, result.error, both)
        self._advance()

    def _judged(self, turn: KnobTurn, error: str, both: tuple[float, float] | None) -> KnobTurn:
        if error or both is None or self._loss is None:
            return replace(turn, refused=error)
        lower = self.request.data.meta.loss.lower_is_better
        how = improvement.compared(self._loss, both[1], lower=lower)[0]
        percent = None
        if self._loss and math.isfinite(both[1]):
            percent = 100.0 * (self._loss - both[1]) / abs(self._loss) * (1 if lower else -1)
        elif not math.isfinite(both[1]):
            percent = -math.inf
        return replace(turn, loss=both[1], percent=percent, difference=how)

    def _advance(self) -> None:
        self._next += 1
        if self._next >= len(self._turns):
            self._state = "done"


NO_TURNS = ("preset", "seed", "steps", "plastic")
"""Settings that are no question of more or less."""


def _turns(knob: Knob, value: Any) -> Sequence[KnobTurn]:
    if knob.kind == "choice":
        others = [choice for choice in knob.choices if choice not in (value, "")]
    elif knob.kind == "switch":
        others = [not value]
    else:
        turned = (knob.turned(value, ticks, coarse=True) for ticks in (-1, 1))
        others = [other for other in turned if other != value]
    return [KnobTurn(knob.name, other, knob.text(other)) for other in others]
