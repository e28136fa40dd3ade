"""Writing a native run directory: growing files in whole records, the others replaced whole."""

import json
import time
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.again import EVENT_LIST, EVENTS, INTERVENTIONS, META
from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import remove_temporaries, write_error, write_whole
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint, Contents, write_checkpoint
from tttui.artifacts.checksum import Carried, json_bytes, json_checksum, plain
from tttui.artifacts.history_writer import HistoryWriter, Snapshots
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.listed import listed
from tttui.artifacts.regular import blocks_of, open_to_read, read_bytes
from tttui.artifacts.status_file import StatusFile
from tttui.artifacts.steps_csv import HEADER, LOSSES
from tttui.model.arrays import Bools, Floats, Weights
from tttui.model.errors import RefusedInput, TttuiError

__all__ = ["RunWriter", "write_whole"]

FLUSH_S = 0.5
"""Seconds that a record may wait in memory; checked at every write."""

FLUSH_BYTES = 1 << 18
"""Bytes of one file that may wait in memory."""

STEPS, TRAJECTORY, HISTORY = "per_step.csv", "trajectory.csv", "weights_history.npy"
LAST_SNAPSHOT = "history_t"
"""Key of `sizes` with the step of the newest snapshot: the history is cut by step."""

OTHERS = (INTERVENTIONS, LOSSES)
"""Files that others append to, whose checksums a checkpoint holds as well."""

LARGEST_COPY = 1 << 20
"""Bytes of a text that is copied into every checkpoint."""

STEPS_HEADER = b"t,baseline_mse,adaptive_mse,did_update,update_ok\n"
TRAJECTORY_HEADER = (",".join(HEADER) + "\n").encode()

LIST_GROWTH = 1.1
"""The list of events is written again at a checkpoint once it grew by this factor."""


class RunWriter:
    """Writes the files of one session (FORMATS: a run directory).

    A new session is begun with `begin`, an existing one opened with `truncate`. Records are
    flushed every FLUSH_S seconds as long as something is written; call `flush` before a pause.
    Everything raises TttuiError naming the file and the remedy; what was on disk stays whole,
    and records that could not be written are tried again at the next flush.
    """

    def __init__(
        self,
        directory: Path,
        *,
        history_bytes: int = 64_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._flushed_at = clock()
        self._steps = AppendedFile(directory / STEPS, BlockChecksums())
        self._trajectory = AppendedFile(directory / TRAJECTORY, BlockChecksums())
        self._events = AppendedFile(directory / EVENTS, BlockChecksums())
        self._history = HistoryWriter(directory / HISTORY, history_bytes)
        self._others: dict[str, BlockChecksums] = {}
        self._copies: dict[str, str] = {}
        """Texts for the checkpoint, by the names of their files."""
        self._saved: dict[str, int] | None = None
        """`sizes` of the checkpoint that is there, where it is one to keep."""
        self._meta: dict[str, Any] = {}
        self._status = StatusFile(directory)
        self._listed = 0
        """Bytes of the event lines that the list of events holds."""

    def begin(self, meta: Mapping[str, Any], base_bytes: bytes) -> None:
        """Make the files of a new session; a directory that holds one is refused."""
        for path in (self.directory / "session" / "meta.json", self._steps.path):
            if path.exists():
                raise RefusedInput(f"{self.directory}: holds a session already; choose a new name")
        try:
            (self.directory / "session").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.directory / "session", error) from error
        self.update_meta(meta)
        write_whole(self.directory / "base_checkpoint.pt", base_bytes)
        self._steps.create(STEPS_HEADER)
        self._trajectory.create(TRAJECTORY_HEADER)
        self._events.create()

    def truncate(self, checkpoint: Checkpoint, *, newest: bool = True) -> list[Cut]:
        """Open an existing session and cut its growing files back to what a checkpoint says.

        `newest`: it is the one in engine_state.pt, which the next one makes the previous one.
        Returns what was cut off.
        """
        for directory in (self.directory, self.directory / "session"):
            remove_temporaries(directory)
        sizes, known = checkpoint.sizes, checkpoint.checksums
        cuts = [
            file.reopen(sizes.get(file.path.name, 0), _restored(known.get(file.path.name)))
            for file in (self._steps, self._trajectory, self._events)
        ]
        for name in OTHERS:
            if (sums := _restored(known.get(name))) is not None:
                self._others[name] = sums
        self._copies = dict(checkpoint.copies)
        self._take_meta()
        snapshots = known.get(HISTORY)
        cuts.append(
            self._history.reopen(
                sizes.get(LAST_SNAPSHOT, -1),
                stride=self._meta.get("history_stride", 1),
                snapshots=None if snapshots is None else Snapshots.restored(snapshots),
                newest=checkpoint.plastic,
            )
        )
        self._saved = dict(sizes) if newest else None
        self._write_event_list()
        return [cut for cut in cuts if cut is not None]

    def steps(
        self, t0: int, baseline: Floats, adaptive: Floats, did_update: Bools, update_ok: Bools
    ) -> None:
        """Append rows t0, t0+1, ... to per_step.csv; arrays [n]."""
        n = len(baseline)
        number = _exact(baseline, adaptive)
        values = zip(
            range(t0, t0 + n),
            baseline.tolist(),
            adaptive.tolist(),
            did_update.tolist(),
            update_ok.tolist(),
            strict=True,
        )
        row = f"%d,{number},{number},%d,%d\n"
        self._steps.add((row * n % tuple(chain.from_iterable(values))).encode())
        self._flush_when_due()

    def trajectory(
        self,
        t0: int,
        z: Floats,
        a: Floats,
        baseline_pred: Floats,
        adaptive_pred: Floats,
        mu: Floats | float,
    ) -> None:
        """Append rows t0, t0+1, ... to trajectory.csv: z_t [n, 4], a_t [n, 2], the predictions of
        z_{t+1} [n, 4], and the friction in force (one number or [n])."""
        n = len(z)
        number = _exact(z, a, baseline_pred, adaptive_pred)
        columns = np.hstack((z, a, baseline_pred, adaptive_pred)).tolist()
        frictions = np.broadcast_to(np.asarray(mu, dtype=np.float64), n).tolist()
        values = chain.from_iterable(
            (t, *row, friction)
            for t, row, friction in zip(range(t0, t0 + n), columns, frictions, strict=True)
        )
        row = "%d," + f"{number}," * (len(HEADER) - 2) + "%r\n"
        self._trajectory.add((row * n % tuple(values)).encode())
        self._flush_when_due()

    def event(self, record: Mapping[str, Any]) -> None:
        """Append one transaction to update_events.jsonl."""
        self._events.add(json.dumps(dict(record), default=plain).encode() + b"\n")
        self._flush_when_due()

    def snapshot(self, t: int, weights: Weights) -> None:
        """Append the weights in force from step t on to weights_history.npy.

        When the budget of bytes is reached, older snapshots are thinned evenly, and meta.json
        says in `history_stride` of how many steps one was kept.
        """
        self._history.add(t, weights)
        if self._history.stride > self._meta.get("history_stride", 1):
            self.update_meta({"history_stride": self._history.stride})
        self._flush_when_due()

    def recorded(self, t: int, weights: Weights) -> bool:
        """Whether these are the weights that the snapshot of step t was made of."""
        return self._history.recorded(t, weights)

    def flush(self) -> None:
        """Hand all whole records to the operating system."""
        self._flushed_at = self._clock()
        self._history.flush()
        for file in (self._trajectory, self._steps, self._events):
            file.flush()

    def sizes(self) -> dict[str, int]:
        """Bytes of the growing files after a flush, and the step of the newest snapshot."""
        files = (self._steps, self._trajectory, self._events)
        sizes = {file.path.name: file.size for file in files}
        return {**sizes, HISTORY: self._history.size, LAST_SNAPSHOT: self._history.last_t}

    def checkpoint(
        self,
        engine_state: Mapping[str, Any],
        plastic: Weights,
        optim: Mapping[str, Any],
        metrics: Mapping[str, Any],
    ) -> None:
        """Save a point from which the session goes on exactly, with all records before it.

        The checkpoint before it is kept; of the same moment one is enough.
        """
        self._flushed_at = self._clock()
        self._history.sync()
        for file in (self._trajectory, self._steps, self._events):
            file.sync()
        sizes = self.sizes()
        keep = self._saved is not None and self._saved != sizes
        contents = Contents(sizes, self._checksums(), self._copies)
        write_checkpoint(self.directory, engine_state, plastic, optim, metrics, contents, keep=keep)
        self._saved = sizes
        if self._events.size >= self._listed * LIST_GROWTH and self._events.size != self._listed:
            self._write_event_list()

    def finish(self) -> None:
        """Write the complete list of events and close the files; the last checkpoint is taken."""
        self.flush()
        self._write_event_list()
        self.close()

    def close(self) -> None:
        """Close the files; what was not flushed is dropped."""
        self._history.close()
        for file in (self._trajectory, self._steps, self._events):
            file.close()

    def status(self, *, last: bool = False, **fields: Any) -> None:
        """Replace status.json: what was said before, these fields, this process, a heartbeat.

        The `last` words of a run are written over the older ones where there is no room beside
        them: on a full disk they say that it was full.
        """
        self._status.write(last=last, **fields)

    def update_meta(self, changes: Mapping[str, Any]) -> None:
        """Change some keys of meta.json."""
        self._meta.update(changes)
        content = json_bytes(self._meta)
        write_whole(self.directory / META, content)
        self._copies[META] = content.decode()

    def _take_meta(self) -> None:
        """Go on with the meta.json that is there; one of an older version gets a checksum."""
        path = self.directory / META
        try:
            content = read_bytes(path)
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read ({error.strerror})") from None
        self._meta = dict(read_object(path))
        if json_checksum(content) is Carried.NONE:
            self.update_meta({})
        else:
            self._copies[META] = content.decode()

    def _checksums(self) -> dict[str, Any]:
        """Of every growing file, as it is on the disk."""
        sums = {
            file.path.name: file.checksums.state()
            for file in (self._steps, self._trajectory, self._events)
            if file.checksums is not None
        }
        for name in OTHERS:
            self._look_at(name)
        others = {name: known.state() for name, known in self._others.items()}
        return {**sums, **others, HISTORY: self._history.snapshots().state()}

    def _look_at(self, name: str) -> None:
        """Go on with the checksums of a file that others append to."""
        path = self.directory / name
        try:
            size = path.stat().st_size
            known = self._others.setdefault(name, BlockChecksums())
            if size > known.size:
                with open_to_read(path) as file:
                    known.add_file(file, size)
                if name == INTERVENTIONS and size <= LARGEST_COPY:
                    self._copies[name] = read_bytes(path, LARGEST_COPY).decode(errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise write_error(path, error) from error

    def _flush_when_due(self) -> None:
        waiting = max(f.pending for f in (self._steps, self._trajectory, self._events))
        if waiting > FLUSH_BYTES or self._clock() - self._flushed_at >= FLUSH_S:
            self.flush()

    def _write_event_list(self) -> None:
        """update_events.json: the lines of update_events.jsonl as one list."""
        lines = blocks_of(self._events.path, 0, self._events.size)
        write_whole(self.directory / EVENT_LIST, listed(lines))
        self._listed = self._events.size


def _exact(*arrays: Floats) -> str:
    """The shortest format of fixed cost that gives the same numbers back."""
    return "%.9g" if all(array.dtype == np.float32 for array in arrays) else "%r"


def _restored(checksums: Mapping[str, Any] | None) -> BlockChecksums | None:
    return None if checksums is None else BlockChecksums.restored(checksums)
