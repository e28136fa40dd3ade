"""All sessions: their rows, the machine that they share, one in brief, several side by side."""

import operator
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tttui.artifacts.discover import scan
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place, SessionSummary
from tttui.store.feed import Core, Feed
from tttui.store.session import what_is_wrong
from tttui.store.snapshot import (
    COMPARISON,
    FILES,
    LOAD,
    PREVIEW,
    SUMMARIES,
    Preview,
    SessionFileList,
)

if TYPE_CHECKING:  # costly to import, and needed only for what is asked for later
    from tttui.artifacts.catalogue import Catalogue
    from tttui.engine.machine import Load, LoadMeter
    from tttui.model.compare import Comparison
    from tttui.store.sidebyside import Chosen, SideBySide

TABLE_S = 0.2
"""Time for reading rows before what is known is published, in seconds."""

LOAD_S = 2.0
"""Time between two measurements of the machine's load, in seconds."""

BATCH_ROWS = 60_000
"""Steps of each compared session that are read at a time."""

PROGRESS_S = 0.3
"""Least time between two publications of a session in brief that is still being read, in
seconds."""

PREVIEW_ROWS = 20_000
"""Steps of the session in brief that are read before anything else is looked at."""


class SummariesFeed(Feed[tuple[SessionSummary, ...]]):
    """Finds all sessions, and reads the rows of those that changed."""

    part = SUMMARIES

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._noticed = False
        """Files changed since the rows were looked at."""
        self._due = 0.0
        """When they are looked at again (monotonic seconds)."""
        self._soon = 0.0
        """The same where files changed."""

    @cached_property
    def _catalogue(self) -> "Catalogue":
        from tttui.artifacts.catalogue import Catalogue

        return Catalogue()

    def refresh(self) -> None:
        begun = time.monotonic()
        if begun < self._due and not (self._noticed and begun >= self._soon):
            return
        self._noticed = False
        searched = scan(self.core.paths, self.core.beside)
        self.complaint = what_is_wrong(searched)
        places = tuple(searched.places)
        # Thousands of sessions take a while to look through: at most a hundredth of the time
        # while nothing happens, and a fifth while something does.
        cost = time.monotonic() - begun
        self._due, self._soon = begun + 200 * cost, begun + 10 * cost
        self.core.set_places(places)
        self._catalogue.begin(places)
        self.work()

    @property
    def unfinished(self) -> bool:
        return not self._catalogue.complete

    def work(self) -> None:
        known = self.value
        self._catalogue.work(TABLE_S)
        rows = self._catalogue.summaries(self.core.snapshot.places)
        if len(rows) != len(known) or any(map(operator.is_not, rows, known)):
            self.put(rows)

    def forget(self) -> tuple[SessionSummary, ...]:
        return self.value

    def noticed(self) -> None:
        self._noticed = True

    def hasten(self) -> None:
        self._due = 0.0


class LoadFeed(Feed["Load | None"]):
    """The load of the machine, only while live sessions are shown: nothing moves otherwise."""

    part = LOAD
    needs = frozenset({SUMMARIES.name})
    _machine: "LoadMeter | None" = None
    _measured_at = 0.0

    def refresh(self) -> None:
        rows = self.core.snapshot.summaries
        live = any(s.status is not None and s.status.steerable for s in rows)
        now = time.monotonic()
        if not live:
            load = None
        elif self._machine is None:
            from tttui.engine.machine import LoadMeter

            self._machine, self._measured_at = LoadMeter(), now
            return
        elif now - self._measured_at < LOAD_S:
            return
        else:
            load, self._measured_at = self._machine.load(), now
        if load != self.value:
            self.put(load)

    def forget(self) -> "Load | None":
        return self.value


class ComparisonFeed(Feed["Comparison | None"]):
    """Reads the sessions that were put side by side, and compares them."""

    part = COMPARISON
    _side: "SideBySide | None" = None

    def choose(self, chosen: "Sequence[Chosen]", *, transfer: bool) -> None:
        """Compare these, with the transfer matrix if wanted."""
        from tttui.store.sidebyside import SideBySide

        self._side = self._side or SideBySide()
        self._side.choose(chosen, transfer=transfer)
        self.refresh()

    def refresh(self) -> None:
        if self._side is not None:
            self._side.refresh(BATCH_ROWS)
            if self._side.comparison is not self.value:
                self.put(self._side.comparison)

    @property
    def unfinished(self) -> bool:
        return self._side is not None and not self._side.complete

    def work(self) -> None:
        self.refresh()

    def forget(self) -> "Comparison | None":
        return self.value


class FilesFeed(Feed[SessionFileList]):
    """The files of a session, as they were when they were requested."""

    part = FILES

    def find(self, place: Place) -> None:
        """Find the sizes and times of a session's files."""
        from tttui.artifacts.catalogue import list_files

        files = SessionFileList(place, list_files(place))
        if files != self.value:
            self.put(files)

    def forget(self) -> SessionFileList:
        return self.value


class PreviewFeed(Feed[Preview]):
    """One session in brief. What was chosen before is dropped, however much of it was read."""

    part = PREVIEW

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._chosen: Place | None = None
        self._reader: SessionReader | None = None
        self._loading = True
        """There is more of it than was read."""
        self._told_at = 0.0
        """When what is read was published last (monotonic seconds)."""

    def choose(self, place: Place) -> None:
        """Preview this session, when nothing else is due."""
        if place != self._chosen:
            self._chosen, self._reader, self._loading = place, None, True

    def refresh(self) -> None:
        if self._reader is not None:
            self.work()

    @property
    def unfinished(self) -> bool:
        return self._chosen is not None and self._loading

    def work(self) -> None:
        place, now = self._chosen, time.monotonic()
        if place is None:
            return
        if self._reader is None:
            self._reader = SessionReader(place)
        data = self._reader.refresh(PREVIEW_ROWS)
        self._loading = data.loading
        if data is not self.value.data and not (data.loading and now - self._told_at < PROGRESS_S):
            self._told_at = now
            self.put(Preview(place, data))

    def forget(self) -> Preview:
        return self.value
