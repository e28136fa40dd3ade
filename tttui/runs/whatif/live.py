"""A session computed in memory, stretch by stretch, and what one what-if keeps for the next."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

from tttui.model.ages import size_text
from tttui.model.arrays import Bools, Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.numbers import count
from tttui.model.truth import TruthChanges


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The steps that were computed at one go, t .. t+n-1."""

    t: int
    frozen: Floats
    """Losses of the frozen model [n]; NaN where it was not scored."""
    adaptive: Floats
    """Losses of the adaptive model [n]."""
    did_update: Bools
    update_ok: Bools
    events: Sequence[Mapping[str, Any]] = ()
    """The transactions that ended meanwhile, as update_events.jsonl has them."""

    def __len__(self) -> int:
        return len(self.adaptive)


class Live(Protocol):
    """A session computed in memory; nothing is written."""

    until: int
    """The step at which it ends."""
    sizes: tuple[int, int] | None
    """Items per step, recorded and here, if they differ."""
    first_truth: float | None
    """The true hidden quantity at step 0; None where the task has none."""

    @property
    def truth_changes(self) -> TruthChanges:
        """When that changes and to what, as far as it is known by now."""

    @property
    def t(self) -> int:
        """The step that is predicted next."""

    def advance(self, limit: int) -> Piece | None:
        """Compute on to step `limit`, at most one stretch; None where `limit` is reached."""


MOST_STATES = 32
"""States of the past that are kept of the point mass; of larger models as fit `BUDGET`."""

BUDGET = 100_000_000
"""Bytes that they may take."""


class PastStates:
    """The base of a session, what a learner works out of it, and states of its past, so that a
    branch begins near its step. One for each session that is looked at, used by one thread."""

    def __init__(self) -> None:
        self.prepared: Any = None
        """What the task's engine works out of the base once, for the next branch as well."""
        self._states: dict[int, Mapping[str, Any]] = {}
        self._past: Hashable = None

    def of(self, past: Hashable) -> dict[int, Mapping[str, Any]]:
        """The states by step, emptied where they are of another past."""
        if past != self._past:
            self._past, self._states = past, {}
        return self._states

    def keep(self, t: int, state: Mapping[str, Any], size: int) -> None:
        """Keep the state at step t, of so many bytes; every other one is forgotten where they
        become too many."""
        most = min(MOST_STATES, BUDGET // max(size, 1))
        if most == 0:
            return
        self._states[t] = state
        while len(self._states) > most:
            for step in sorted(self._states.keys() - {t})[::2]:
                del self._states[step]


ROWS_BUDGET = 400_000_000
"""Bytes that the rows and transactions of one what-if may take."""

A_STEP = 40
"""Bytes for a step: five columns, with room to grow."""

AN_EVENT = 4000
"""Bytes for a transaction with its figures, as it was measured."""


def refuse_too_long(steps: int, steps_an_event: int) -> None:
    """Raise RefusedInput where so many steps, a transaction each few of them, need too much."""
    needed = steps * (A_STEP + AN_EVENT / max(1, steps_an_event))
    if needed > ROWS_BUDGET:
        raise RefusedInput(
            f"what-if of {count(steps)} steps needs {size_text(needed)}; "
            f"the budget is {size_text(ROWS_BUDGET)}: choose a later step"
        )
