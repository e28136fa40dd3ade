"""The request of a what-if and its result so far, both immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.session import SessionData
from tttui.model.steps import Steps
from tttui.model.transactions import Transactions
from tttui.model.truth import TruthChanges, value_at
from tttui.model.verdict import Verdict, verdict
from tttui.runs.whatif.compared import ComparedLine, compared, sentence
from tttui.runs.whatif.knobs import in_words

State = Literal["replaying", "computing", "done", "failed"]
"""`replaying`: on its way through the session's past to the step of the branch."""


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfRequest:
    """What would have become of a session with other settings from some step on?"""

    data: SessionData
    """The recorded session, as its reader gave it; it is compared with."""
    at: int = 0
    """The step to branch from: 0 is the start; before it nothing is changed."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings by flat name, as `knobs.changes` gives them. `steps` is how far to go (as far as is
    recorded without it); `preset`, of the point mass, stands before all others."""

    def end(self, planned: int) -> int:
        """The step at which it ends: as far as is recorded, or as far as `steps` says.

        `planned` are the steps of the session, where it has not begun. Raises RefusedInput where
        nothing is left.
        """
        recorded = self.data.steps_done
        end = planned if "steps" in self.changes or not recorded else recorded
        if self.at > recorded:
            raise RefusedInput(f"at {self.at}: the session has run {recorded} steps so far")
        if end <= self.at:
            raise RefusedInput(f"steps: {end} are over at step {self.at} already")
        return end


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfResult:
    """A what-if as far as it is computed. Its arrays never change."""

    request: WhatIfRequest
    state: State
    t: int
    """The step that is computed next; while `replaying` the one that the replay has reached."""
    until: int
    """The step at which it ends."""
    steps: Steps = field(default_factory=Steps.empty)
    """Losses at the steps at .. t-1, in the unit of the session; empty while `replaying`."""
    transactions: Transactions = field(default_factory=Transactions.empty)
    """Those of the same steps; `records` holds whole events."""
    first_truth: float | None = None
    """The true hidden quantity at step 0; None where the task has none."""
    truth_changes: TruthChanges = ()
    sizes: tuple[int, int] | None = None
    """How much a step takes in, recorded and here, where that differs (another `chunk` of a
    document); then the steps of both are not the same ones."""
    notes: Sequence[str] = ()
    """What has to be known beside the numbers, a line each."""
    error: str = ""
    """Why it `failed`, one line for a person."""
    seconds: float = 0.0
    """Time since the request was taken on."""
    lines: Sequence[ComparedLine] = ()
    """Recorded beside what-if, for a table (`compared.ComparedLine`)."""

    @property
    def sentence(self) -> str:
        """`what-if: 1.05e-4 instead of 1.11e-4 (5 % better), 47 of 49 committed`, or how far it
        is, or why there is none."""
        return sentence(self)

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def changed_words(self) -> str:
        """`lr 0.005 instead of 0.02 from step 320 on`"""
        request = self.request
        words = in_words(request.data, request.at, request.changes) or "nothing is changed"
        return f"{words} from step {request.at} on" if request.at else words

    @property
    def verdict(self) -> Verdict:
        """Whether it adapts: adaptive against frozen, as for a session."""
        return verdict(self.as_session())

    def truth_at(self, t: int) -> float | None:
        """The true hidden quantity at step t, beside `transactions.implied()`."""
        return value_at(self.first_truth, self.truth_changes, t)

    def as_session(self) -> SessionData:
        """The steps from the branch on as a session, for all that explains one (`verdict`)."""
        data = self.request.data
        meta = data.meta
        if self.first_truth is not None:
            meta = replace(meta, truth=self.first_truth)
        return replace(
            data,
            meta=meta,
            metrics={},
            steps=self.steps,
            transactions=self.transactions,
            history=None,
            truth_set=self.truth_changes,
        )

    def with_lines(self) -> "WhatIfResult":
        """The same with the comparison worked out."""
        return replace(self, lines=compared(self.request.data, self))
