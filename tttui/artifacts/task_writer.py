"""Writing the session of any task, as `RunWriter` does for the point mass.

Growing files are cut back to the sizes of the checkpoint that a session goes on from, so that
the files of a session that was killed and resumed are those of one that never was, byte by byte.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.again import EVENTS, META
from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import remove_temporaries
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import (
    ENGINE,
    PREVIOUS,
    Checkpoint,
    Contents,
    read_generation,
    write_checkpoint,
)
from tttui.artifacts.checksum import plain
from tttui.artifacts.contents import differing, grown
from tttui.artifacts.history_writer import SnapshotChecksums
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.regular import open_to_read
from tttui.artifacts.series_csv import SERIES
from tttui.artifacts.series_writer import check_series_name
from tttui.artifacts.writer import (
    FLUSH_BYTES,
    HISTORY,
    LAST_SNAPSHOT,
    STEPS,
    STEPS_HEADER,
    SessionFilesWriter,
)
from tttui.model.arrays import Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

SCHEMA_VERSION = 2

SCORES, SCORES_HEADER = "scores.csv", b"t,version\n"

PAIR = 4
"""Bytes that the losses of an item take, by both models."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step; `frozen` is None where that model was not scored."""

    t: int
    frozen: float | None
    adaptive: float
    did_update: bool
    update_ok: bool
    version: str
    """Of the weights that made the score."""


class TaskWriter(SessionFilesWriter):
    """Writes the files of one session; records reach the disk with `flush` and `checkpoint`."""

    def __init__(
        self,
        directory: Path,
        *,
        history_bytes: int,
        items: str = "",
        fixed: Sequence[str] = (),
        yardsticks: Sequence[str] = (),
    ) -> None:
        """`items` is the file of item losses; `fixed` are files that never change, though they
        may grow; `yardsticks` name the columns of series.csv."""
        super().__init__(directory, history_bytes=history_bytes)
        self._fixed = {name: BlockChecksums() for name in fixed}
        self._yardsticks = tuple(yardsticks)
        names = (*((SERIES,) if yardsticks else ()), STEPS, EVENTS, SCORES)
        names += (items,) if items else ()
        self._files = {name: AppendedFile(directory / name, BlockChecksums()) for name in names}
        self._items = items
        self._saved: dict[str, int] | None = None

    def begin(self, meta: Mapping[str, Any]) -> None:
        """Make the files of a new session in its directory."""
        (self.directory / "session").mkdir(parents=True, exist_ok=True)
        names = ",".join(["t", *map(check_series_name, self._yardsticks)])
        heads = {STEPS: STEPS_HEADER, SCORES: SCORES_HEADER, SERIES: f"{names}\n".encode()}
        for name, file in self._files.items():
            file.create(heads.get(name, b""))
        for name, sums in self._fixed.items():
            self._add_grown(name, sums)
        self.update_meta({"schema_version": SCHEMA_VERSION, **meta})

    def reopen(self, checkpoint: Checkpoint, weights: Weights) -> list[Cut]:
        """Go on from a checkpoint, with the weights that it has of what the history keeps.

        Returns what was cut off.
        """
        for directory in (self.directory, self.directory / "session"):
            remove_temporaries(directory)
        self.meta = dict(read_object(self.directory / META))
        sizes, sums = checkpoint.sizes, checkpoint.checksums
        cuts = [
            file.reopen(sizes.get(name, 0), BlockChecksums.restored(sums[name]))
            for name, file in self._files.items()
        ]
        self._fixed = {name: BlockChecksums.restored(sums[name]) for name in self._fixed}
        snapshots = SnapshotChecksums.restored(sums[HISTORY])
        last = sizes.get(LAST_SNAPSHOT, -1)
        cuts.append(self._history.reopen(last, snapshots=snapshots, newest=weights))
        self._saved = dict(sizes) if checkpoint.path.name == ENGINE else None
        return [self._in_words(cut) for cut in cuts if cut is not None]

    def _in_words(self, cut: Cut) -> Cut:
        """Describe the bytes cut off a file of item losses, which has no lines."""
        if cut.path.name != self._items:
            return cut
        return replace(cut, content=f"the losses of {cut.size // PAIR} items")

    @property
    def snapshot_stride(self) -> int:
        """Steps of which only one snapshot is kept of the older ones."""
        return self._history.stride

    @property
    def last_snapshot(self) -> int:
        """The step of the newest snapshot, -1 where there is none."""
        return self._history.last_t

    def row(self, row: StepRow) -> None:
        """Append a step to per_step.csv and scores.csv."""
        frozen = "" if row.frozen is None else f"{row.frozen:.9g}"
        flags = f"{row.did_update:d},{row.update_ok:d}"
        self._add(STEPS, f"{row.t},{frozen},{row.adaptive:.9g},{flags}\n".encode())
        self._add(SCORES, f"{row.t},{row.version}\n".encode())

    def measured(self, t: int, values: Mapping[str, float]) -> None:
        """Append the yardsticks of a step to series.csv; what has no value is an empty field."""
        row = (f"{values[name]:.9g}" if name in values else "" for name in self._yardsticks)
        self._add(SERIES, f"{t},{','.join(row)}\n".encode())

    def items(self, frozen: Iterable[float], adaptive: Iterable[float]) -> None:
        """Append the losses of the items of a step, as pairs of float16."""
        pairs = np.array([*chain.from_iterable(zip(frozen, adaptive, strict=True))], dtype="<f2")
        self._add(self._items, pairs.tobytes())

    def event(self, record: Mapping[str, Any]) -> None:
        """Append one transaction."""
        self._add(EVENTS, json.dumps(dict(record), default=plain).encode() + b"\n")

    def snapshot(self, t: int, weights: Weights) -> None:
        """Append the weights in force from step t on; older snapshots are thinned to the budget."""
        self._history.add(t, weights)
        self._note_stride()

    def flush(self) -> None:
        """Hand all whole records to the operating system, the rows of the steps last."""
        self._history.flush()
        for file in reversed(self._files.values()):
            file.flush()

    def checkpoint(
        self,
        engine: Mapping[str, Any],
        plastic: Weights,
        dtypes: Mapping[str, str],
        metrics: Mapping[str, Any],
    ) -> None:
        """Save a point from which the session goes on exactly; the one before it is kept.

        `plastic` is widened to float32, `dtypes` are those of what was narrower.
        """
        self._history.sync()
        for file in self._files.values():
            file.sync()
        for name, known in self._fixed.items():
            self._add_grown(name, known)
        sizes = {name: file.size for name, file in self._files.items()}
        sizes |= {HISTORY: self._history.size, LAST_SNAPSHOT: self._history.last_t}
        sums = {name: f.checksums.state() for name, f in self._files.items() if f.checksums}
        sums |= {name: known.state() for name, known in self._fixed.items()}
        contents = Contents(sizes, sums | {HISTORY: self._history.snapshots().state()}, {})
        keep = self._saved is not None and self._saved != sizes
        write_checkpoint(
            self.directory, engine, plastic, {}, metrics, contents, keep=keep, dtypes=dtypes
        )
        self._saved = sizes

    def finish(self) -> None:
        """Write the list of events, and close the files."""
        self.flush()
        self._write_event_list(self._files[EVENTS].size)
        self.close()

    def close(self) -> None:
        """Close the files; what was not flushed is dropped."""
        self._history.close()
        for file in self._files.values():
            file.close()

    def _add(self, name: str, records: bytes) -> None:
        file = self._files[name]
        file.add(records)
        if file.pending > FLUSH_BYTES:
            self.flush()

    def _add_grown(self, name: str, sums: BlockChecksums) -> None:
        """Add what a file has grown by to its checksums, once the disk has it."""
        path = self.directory / name
        size = path.stat().st_size
        if size > sums.size:
            with open_to_read(path) as file:
                os.fdatasync(file.fileno())
                sums.add_file(file, size)


def sound_checkpoint(directory: Path) -> tuple[Checkpoint, int, list[str]]:
    """The newest checkpoint whose growing files are whole, the newest step that was reached, and
    notices on damaged files.

    Raises TttuiError where there is none.
    """
    notices: list[str] = []
    first: TttuiError | None = None
    reached = 0
    for name in (ENGINE, PREVIOUS):
        try:
            checkpoint = read_generation(directory, name)
        except TttuiError as error:
            first = first or error
            notices.append(str(error))
            continue
        wrong = [
            finding
            for file in grown(checkpoint)
            if file != HISTORY
            for finding in differing(directory, checkpoint, file, stride=1)
        ]
        _refuse_changed(directory, checkpoint)
        reached = max(reached, checkpoint.step or 0)
        if not wrong:
            notices = [f"{line}; {checkpoint} counts" for line in notices]
            return checkpoint, reached, notices
        notices += map(str, wrong)
        first = first or TttuiError(f"{wrong[0]}; restore the file, or fork the session")
    assert first is not None
    raise first


def _refuse_changed(directory: Path, checkpoint: Checkpoint) -> None:
    """Raise TttuiError for a changed file that is written once and has no copy."""
    for name in checkpoint.checksums:
        if name in checkpoint.sizes:
            continue
        for finding in differing(directory, checkpoint, name, stride=1):
            raise RefusedInput(f"{finding}; restore it, or the session cannot go on exactly")
