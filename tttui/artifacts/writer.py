"""Writing a native run directory: growing files in whole records, the others replaced whole."""

import json
import time
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.appending import AppendedFile
from tttui.artifacts.atomic import remove_temporaries, write_error, write_over, write_whole
from tttui.artifacts.checkpoint import write_checkpoint
from tttui.artifacts.history_writer import HistoryWriter
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.processes import boottime, own_process
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes
from tttui.artifacts.trajectory import HEADER
from tttui.model.arrays import Bools, Floats, Weights
from tttui.model.errors import RefusedInput, TttuiError

__all__ = ["RunWriter", "write_whole"]

FLUSH_S = 0.5
"""Seconds that a record may wait in memory; checked at every write."""

FLUSH_BYTES = 1 << 18
"""Bytes of one file that may wait in memory."""

STEPS, TRAJECTORY, EVENTS, HISTORY = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "weights_history.npy",
)
EVENT_LIST = "update_events.json"
LAST_SNAPSHOT = "history_t"
"""Key of `sizes` with the step of the newest snapshot: the history is cut by step."""

STEPS_HEADER = b"t,baseline_mse,adaptive_mse,did_update,update_ok\n"

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
        self._steps = AppendedFile(directory / STEPS)
        self._trajectory = AppendedFile(directory / TRAJECTORY)
        self._events = AppendedFile(directory / EVENTS)
        self._history = HistoryWriter(directory / HISTORY, history_bytes)
        self._meta: dict[str, Any] = {}
        self._status: dict[str, Any] = {}
        self._beats = 0
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
        self._meta = dict(meta)
        write_whole(self.directory / "session" / "meta.json", _json(self._meta))
        write_whole(self.directory / "base_checkpoint.pt", base_bytes)
        self._steps.create(STEPS_HEADER)
        self._trajectory.create((",".join(HEADER) + "\n").encode())
        self._events.create()

    def truncate(self, sizes: Mapping[str, int]) -> None:
        """Open an existing session and cut its growing files back to a checkpoint's `sizes`."""
        for directory in (self.directory, self.directory / "session"):
            remove_temporaries(directory)
        for file in (self._steps, self._trajectory, self._events):
            file.reopen(sizes.get(file.path.name, 0))
        path = self.directory / "session" / "meta.json"
        try:
            self._meta = dict(read_object(path))
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read ({error.strerror})") from None
        stride = self._meta.get("history_stride", 1)
        self._history.reopen(sizes.get(LAST_SNAPSHOT, -1), stride)
        self._write_event_list()

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
        self._events.add(json.dumps(dict(record), default=_plain).encode() + b"\n")
        self._flush_when_due()

    def snapshot(self, t: int, weights: Weights) -> None:
        """Append the weights in force from step t on to weights_history.npy.

        When the budget of bytes is reached, older snapshots are thinned evenly, and meta.json
        says in `history_stride` of how many steps one was kept.
        """
        self._history.add(t, weights)
        if self._history.stride != self._meta.get("history_stride", 1):
            self.update_meta({"history_stride": self._history.stride})
        self._flush_when_due()

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
        """Save a point from which the session goes on exactly, with all records before it."""
        self._flushed_at = self._clock()
        self._history.sync()
        for file in (self._trajectory, self._steps, self._events):
            file.sync()
        write_checkpoint(self.directory, engine_state, plastic, optim, self.sizes())
        write_whole(self.directory / "session" / "metrics.json", _json(metrics))
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
        self._status.update(fields)
        self._beats += 1
        beat = {
            "beat": self._beats,
            "heartbeat_at": time.time(),
            "heartbeat_boottime": boottime(),
        }
        content = _json({**own_process(), **self._status, **beat})
        path = self.directory / "status.json"
        try:
            write_whole(path, content)
        except TttuiError:
            if not last:
                raise
            write_over(path, content)

    def update_meta(self, changes: Mapping[str, Any]) -> None:
        """Change some keys of meta.json."""
        self._meta.update(changes)
        write_whole(self.directory / "session" / "meta.json", _json(self._meta))

    def _flush_when_due(self) -> None:
        waiting = max(f.pending for f in (self._steps, self._trajectory, self._events))
        if waiting > FLUSH_BYTES or self._clock() - self._flushed_at >= FLUSH_S:
            self.flush()

    def _write_event_list(self) -> None:
        """update_events.json: the lines of update_events.jsonl as one list."""
        try:
            lines = read_bytes(self._events.path, LARGEST_TABLE)
        except OSError as error:
            raise write_error(self._events.path, error) from error
        content = b"[" + lines.rstrip(b"\n").replace(b"\n", b",\n ") + b"]\n"
        write_whole(self.directory / EVENT_LIST, content)
        self._listed = len(lines)


def _exact(*arrays: Floats) -> str:
    """The shortest format of fixed cost that gives the same numbers back."""
    return "%.9g" if all(array.dtype == np.float32 for array in arrays) else "%r"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(value), indent=2, sort_keys=True, default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:
    """What json does not know: numpy scalars and small arrays."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
