"""Several sessions read together and compared, again at the cost of what changed."""

from collections.abc import Sequence
from dataclasses import replace

from tttui.artifacts.reader import SessionReader
from tttui.model.compare import Comparison, compare
from tttui.model.session import Place, SessionData
from tttui.model.steps import Trajectory
from tttui.model.transfer import Transfer
from tttui.tasks.pointmass.transfer import learned, transfer

Chosen = tuple[Place, str | None]
"""A session and (stores only) one of its runs; None is the newest."""


class SideBySide:
    """Readers of the chosen sessions, with their newest comparison."""

    def __init__(self) -> None:
        self._readers: dict[Chosen, SessionReader] = {}
        self._seen: tuple[SessionData, ...] = ()
        self._trajectories: dict[Chosen, Trajectory | None] = {}
        self._transfer = False
        self._tested: Transfer | None = None
        self.comparison: Comparison | None = None
        self.complete = True
        """Nothing is left to be read."""

    def choose(self, chosen: Sequence[Chosen], *, transfer: bool) -> None:
        """Compare these from now on, with the transfer matrix if asked for."""
        self._readers = {key: self._readers.get(key) or SessionReader(*key) for key in chosen}
        self._trajectories = {k: v for k, v in self._trajectories.items() if k in self._readers}
        self._transfer = transfer
        self._seen, self._tested, self.comparison = (), None, None
        self.complete = not chosen

    def refresh(self, budget_rows: int) -> None:
        """Read changes, and compare again if there are any."""
        seen = tuple(reader.refresh(budget_rows) for reader in self._readers.values())
        self.complete = not any(data.loading for data in seen)
        if _same(seen, self._seen):
            return
        if self.complete:
            for key, reader in self._readers.items():
                self._trajectories[key] = reader.trajectory()
        tested_changed = len(seen) != len(self._seen) or any(
            _tested(new) != _tested(old) for new, old in zip(seen, self._seen, strict=True)
        )
        self._seen = seen
        if not seen:
            self.comparison = None
            return
        comparison = compare(seen, [self._trajectories.get(key) for key in self._readers])
        if self._transfer and self.complete:
            if self._tested is None or tested_changed:
                self._tested = transfer(seen, comparison.names)
            comparison = replace(comparison, transfer=self._tested)
        self.comparison = comparison


def _tested(data: SessionData) -> tuple[object, ...]:
    """The inputs of the transfer matrix from a session."""
    state = None if data.status is None else data.status.state
    return id(data.weights), id(data.base), learned(data), data.truth_now, state


def _same(a: tuple[SessionData, ...], b: tuple[SessionData, ...]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
