"""The weights of the open session over time, and those that it is compared with."""

import math
import time
from collections.abc import Sequence

import numpy as np

from tttui.artifacts.reader import SessionReader
from tttui.model.arrays import PLASTIC
from tttui.model.session import Place, SessionData
from tttui.model.statistics import Statistics, Summariser
from tttui.model.weights import has_point_mass_weights
from tttui.store.feed import Core, Feed
from tttui.store.snapshot import IMPLIED, RELATIVES, STATISTICS, Relatives

SUMMARY_S = 0.05
"""Time for summarising snapshots of the weights before anything else is looked at, in seconds."""

PROGRESS_S = 0.5
"""Least time between two reports on how far the summary is, in seconds."""


class StatisticsFeed(Feed[Statistics | None]):
    """Summarises every snapshot of the weights."""

    part = STATISTICS

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._summariser = Summariser()
        self._chosen: str | None = None
        self._reported_at = 0.0
        """When the progress was published last (monotonic seconds)."""

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is not None:
            self._summariser.follow(data.history, self._names(data))
            self.work()

    def choose(self, name: str) -> None:
        """Summarise this parameter, of a session of any other model than the point mass."""
        if name != self._chosen:
            self._chosen, self._reported_at = name, 0.0
            self.refresh()

    def _names(self, data: SessionData) -> Sequence[str]:
        if has_point_mass_weights(data):
            return PLASTIC
        return () if self._chosen is None else (self._chosen,)

    @property
    def unfinished(self) -> bool:
        return not self._summariser.complete

    def work(self) -> None:
        shown, now = self.value, time.monotonic()
        self._summariser.advance(SUMMARY_S)
        fresh = self._summariser.statistics
        fuller = shown is None or fresh.columns is not shown.columns
        if fuller or (fresh is not shown and now - self._reported_at >= PROGRESS_S):
            self._reported_at = now
            self.put(fresh)

    def forget(self) -> None:
        self._summariser, self._chosen = Summariser(), None


class ImpliedFeed(Feed[float | None]):
    """The hidden quantity that the newest weights imply, where no transaction records it."""

    part = IMPLIED
    _of: object = None
    """The weights that the value is about."""

    def refresh(self) -> None:
        data = self.core.snapshot.data
        # A native run records it with every commit.
        if data is None or data.place.layout == "native":
            return
        if self.value is not None and data.weights is self._of:
            return
        implied = _implied(data)
        self._of = data.weights
        if implied != self.value:
            self.put(implied)

    def forget(self) -> None:
        self._of = None


def _implied(data: SessionData) -> float:
    if np.isfinite(data.transactions.implied()[1]).any():
        return math.nan
    from tttui.tasks.find import shipped

    task = shipped(data.meta.schema.task.name)
    return math.nan if task is None else task.implied(data)


class RelativesFeed(Feed[Relatives]):
    """The parent's weights where the open session has no record of its own, and those of a
    session that somebody chose."""

    part = RELATIVES

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._parent: SessionReader | None = None
        self._other: SessionReader | None = None

    def compare(self, place: Place, run: str | None) -> None:
        """Load the weights of this session for a comparison."""
        self._other = SessionReader(place, run)
        self.refresh()

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is not None and self._parent is None and data.history is None:
            from tttui.artifacts.parent import find_parent

            place = find_parent(data, self.core.snapshot.places)
            self._parent = SessionReader(place) if place is not None else None
        # Only their weights are asked for: long tables of steps can stay unread.
        parent, other = (
            reader.refresh(budget_rows=1) if reader is not None else None
            for reader in (self._parent, self._other)
        )
        if parent is not self.value.parent or other is not self.value.other:
            self.put(Relatives(parent, other))

    def forget(self) -> Relatives:
        self._parent = None
        return Relatives(other=self.value.other)
