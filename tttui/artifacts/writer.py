"""What the writers of all sessions share: meta.json, status.json, the list of transactions."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.again import EVENT_LIST, EVENTS, META
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.history_writer import HistoryWriter
from tttui.artifacts.listed import listed
from tttui.artifacts.regular import blocks_of
from tttui.artifacts.status_file import StatusFile

FLUSH_S = 0.5
"""Seconds that a record may wait in memory; checked at every write."""

FLUSH_BYTES = 1 << 18
"""Bytes of one file that may wait in memory."""

STEPS, TRAJECTORY, HISTORY = "per_step.csv", "trajectory.csv", "weights_history.npy"
LAST_SNAPSHOT = "history_t"
"""Key of `sizes` with the step of the newest snapshot: the history is cut by step."""

STEPS_HEADER = b"t,baseline_mse,adaptive_mse,did_update,update_ok\n"

LIST_GROWTH = 1.1
"""The list of transactions is written again at a checkpoint once it grew by this factor."""


class SessionFilesWriter:
    """Writes one session; the files that grow are the subclasses'.

    Everything raises TttuiError naming the file and the remedy; files on disk stay whole, and
    records that could not be written are retried at the next flush. Not for several threads at
    once.
    """

    def __init__(
        self,
        directory: Path,
        *,
        history_bytes: int = 64_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self.meta: dict[str, Any] = {}
        """meta.json as it is in the file."""
        self._clock, self._flushed_at = clock, clock()
        self._history = HistoryWriter(directory / HISTORY, history_bytes)
        self._status = StatusFile(directory)
        self._listed = -1
        """Bytes of the event lines that the list of events holds."""

    def update_meta(self, changes: Mapping[str, Any]) -> None:
        """Change some keys of meta.json."""
        self.meta.update(changes)
        write_meta(self.directory, self.meta)

    def status(self, *, last: bool = False, **fields: Any) -> None:
        """Replace status.json, as `StatusFile.write`."""
        self._status.write(last=last, **fields)

    def _note_stride(self) -> None:
        """Say in meta.json of how many steps the history keeps one snapshot."""
        if self._history.stride > self.meta.get("history_stride", 1):
            self.update_meta({"history_stride": self._history.stride})

    def _write_event_list(self, size: int) -> None:
        """update_events.json: so many bytes of the lines of update_events.jsonl as one list."""
        lines = blocks_of(self.directory / EVENTS, 0, size)
        write_whole(self.directory / EVENT_LIST, listed(lines))
        self._listed = size

    def _write_event_list_when_due(self, size: int) -> None:
        if size >= self._listed * LIST_GROWTH and size != self._listed:
            self._write_event_list(size)


def write_meta(directory: Path, meta: Mapping[str, Any], *, parents: bool = False) -> bytes:
    """Replace the meta.json of a session; returns its content.

    `parents` are made where they are missing.
    """
    content = json_bytes(dict(meta))
    write_whole(directory / META, content, parents=parents)
    return content
