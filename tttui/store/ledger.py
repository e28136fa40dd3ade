"""Whether every score of the open session came before the weights learned from it."""

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tttui.artifacts.layout import SCORES
from tttui.store.feed import Feed
from tttui.store.snapshot import LEDGER

if TYPE_CHECKING:  # costly to import, and of few sessions
    from tttui.model.ledger import Ledger

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
