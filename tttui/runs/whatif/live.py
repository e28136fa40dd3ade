"""A session computed in memory, stretch by stretch: what both engines look like to a what-if."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tttui.model.arrays import Bools, Floats
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The steps that were computed at one go, t .. t+n-1."""

    t: int
    baseline: Floats
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
    """A session that goes on in memory. Nothing of it is written."""

    @property
    def t(self) -> int:
        """The step that is predicted next."""

    def advance(self, limit: int) -> Piece | None:
        """Compute on to step `limit`, at most one stretch; None where `limit` is reached."""
