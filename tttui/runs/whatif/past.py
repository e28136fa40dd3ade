"""What is kept from one what-if of a session to the next."""

from collections.abc import Hashable, Mapping
from typing import Any

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
