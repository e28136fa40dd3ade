"""Feeds of the open session's recordings beside its steps, and of results computed from them."""

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tttui.artifacts.layout import SCORES
from tttui.model.session import Place
from tttui.model.steps import SeriesTable, Trajectory, Yardstick
from tttui.store.feed import Core, Feed
from tttui.store.snapshot import DOCUMENT, LEDGER, SERIES, TRAJECTORY, YARDSTICKS

if TYPE_CHECKING:  # costly to import, and of few sessions
    from tttui.artifacts.documentfile import DocumentFiles
    from tttui.model.document import Reading
    from tttui.model.ledger import Ledger


class TrajectoryFeed(Feed[Trajectory | None]):
    """Reads the trajectory as it grows."""

    part = TRAJECTORY

    def refresh(self) -> None:
        reader, data = self.core.reader, self.core.snapshot.data
        if reader is None:
            return
        trajectory = reader.trajectory()
        fresh = reader.refresh()  # what is wrong with the trajectory stands in its problems
        if trajectory is not self.value or fresh is not data:
            self.core.put(self.part, trajectory, fresh)


class SeriesFeed(Feed[SeriesTable | None]):
    """Reads the series as they grow."""

    part = SERIES

    def refresh(self) -> None:
        reader, data = self.core.reader, self.core.snapshot.data
        if reader is None:
            return
        series = reader.series()
        fresh = reader.refresh()  # what is wrong with them stands in its problems
        if series is not self.value or fresh is not data:
            self.core.put(self.part, series, fresh)


class YardsticksFeed(Feed[tuple[Yardstick, ...]]):
    """Computes the task's yardsticks on the trajectory."""

    part = YARDSTICKS
    needs = frozenset({TRAJECTORY.name})
    _of: tuple[object, ...] = ()
    """The inputs of the current value."""

    def refresh(self) -> None:
        data, trajectory = self.core.snapshot.data, self.core.snapshot.trajectory
        if data is None or trajectory is None:
            return
        source = (trajectory, data.meta, data.truth_now)
        if self._of and self._of[0] is trajectory and self._of[1:] == source[1:]:
            return
        from tttui.tasks.find import shipped

        task = shipped(data.meta.schema.task.name)
        self.put(() if task is None else tuple(task.yardsticks_on(trajectory, data)))
        self._of = source

    def forget(self) -> tuple[Yardstick, ...]:
        self._of = ()
        return ()


class DocumentFeed(Feed["Reading | None"]):
    """Reads the sizes of the document and of its losses."""

    part = DOCUMENT

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._files: tuple[Place, DocumentFiles] | None = None

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is None:
            return
        if self._files is None or self._files[0] != data.place:
            from tttui.artifacts.documentfile import DocumentFiles

            self._files = data.place, DocumentFiles(data.place.path)
        reading: Reading | None = self._files[1].refresh(data.meta)
        if reading is not self.value:
            self.put(reading)

    def forget(self) -> None:
        self._files = None


AGAIN_S = 5.0
"""Least time between two judgements of a session that grows, in seconds."""

LARGEST = 4 << 20
"""Bytes of the files that it rests on, up to which they are judged here; `tttui ledger` judges
larger ones, which takes longer than a screen may wait."""


class LedgerFeed(Feed["Ledger | None"]):
    """Judged anew when the session has grown; None where no score names its weights."""

    part = LEDGER
    _of: object = None
    """The steps that the value is about."""
    _judged_at = 0.0

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is None or data.loading or data.steps is self._of:
            return
        path = data.place.path
        if not os.path.lexists(path / SCORES):
            return
        now = time.monotonic()
        if self._of is not None and now < self._judged_at + AGAIN_S:
            return
        self._of, self._judged_at = data.steps, now
        size = 0
        for name in (SCORES, "update_events.jsonl"):
            with suppress(OSError):
                size += os.stat(path / name).st_size
        if size > LARGEST:
            self.put(None)
            return
        from tttui.artifacts.ledger import read_records
        from tttui.model.ledger import judge

        records, _ = read_records(data.place, data.run)
        self.put(judge(records))

    @property
    def pace(self) -> float | None:
        data = self.core.snapshot.data
        waits = data is not None and self._of is not None and data.steps is not self._of
        return AGAIN_S if waits else None

    def forget(self) -> "Ledger | None":
        self._of = None
        return None
