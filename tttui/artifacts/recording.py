"""Writing the session of any task (schema_version 2), step by step."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.again import EVENTS, META
from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import refuse_links, remove_temporaries, write_error, write_whole
from tttui.artifacts.checkpoint import METRICS
from tttui.artifacts.checksum import json_bytes, plain
from tttui.artifacts.growing_lines import csv_time, reopen_lines
from tttui.artifacts.jsonfile import decode, read_object, whole
from tttui.artifacts.layout import BASE as BASE_CHECKPOINT
from tttui.artifacts.regular import folder_to_write
from tttui.artifacts.series_writer import SeriesWriter
from tttui.artifacts.tensorwriter import Tensors, write_tensors
from tttui.artifacts.writer import FLUSH_BYTES, FLUSH_S, STEPS, STEPS_HEADER, SessionFilesWriter
from tttui.model.arrays import Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.improvement import WINDOW, improvement

SCHEMA_VERSION = 2
SCORES, SERIES = "scores.csv", "series.csv"
SCORES_HEADER = b"t,version\n"
BASE, PLASTIC_STATE = "base_plastic", "session/plastic_state"
"""Stems of the files of weights; their ending depends on the size (`tensorwriter`)."""

SESSION_FILES = (STEPS, META, EVENTS, BASE_CHECKPOINT, "session", "meta.json")
"""One of these makes a directory one that no new session may be begun in."""


LAST = 1 << 62
"""After every step."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """The state of a session that is resumed."""

    t: int
    """The last recorded step; -1 if there is none."""
    tried: bool
    """Whether an update was tried after it, which belongs to the row of the next step."""
    committed: bool
    event_t: int
    """The step of the newest event, 0 where there is none."""
    cuts: tuple[Cut, ...]
    """Half records, and records that were to be cut off."""


class SessionWriter(SessionFilesWriter):
    """Writes the files of one session that is of any task.

    A new session is begun with `begin`, an existing one continued with `reopen`. Records are
    kept in memory for at most FLUSH_S as long as something is written; call `flush` before a
    pause. A row of per_step.csv is handed over after everything that belongs to its step, so
    after a kill no step counts of which something is missing.
    """

    def __init__(
        self,
        directory: Path,
        *,
        history_bytes: int = 64_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(directory, history_bytes=history_bytes, clock=clock)
        self.tally = RecordedSums()
        self._steps = AppendedFile(directory / STEPS)
        self._events = AppendedFile(directory / EVENTS)
        self._scores = AppendedFile(directory / SCORES)
        self._series = SeriesWriter(directory / SERIES)
        self._waiting: tuple[int, Callable[[], Weights]] | None = None
        """The newest snapshot and its step, until another step has one or all is flushed."""

    def begin(self, meta: Mapping[str, Any], base: Tensors | None = None) -> None:
        """Make the files of a new session; a directory that holds one is refused.

        `base`: the plastic weights as they are at the start, where there are any.
        """
        refuse_occupied(self.directory)
        refuse_links(self.directory)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            folder_to_write(self.directory / "session")
        except OSError as error:
            raise write_error(self.directory / "session", error) from error
        if base:
            write_tensors(self.directory / BASE, base)
        self._steps.create(STEPS_HEADER)
        self._events.create()
        self.update_meta({"schema_version": SCHEMA_VERSION, **meta})

    def reopen(self, before: int | None = None) -> Reopened:
        """Continue the session that is there, after the last step that is whole.

        With `before` the rows of that step and later ones are cut off, and updates after those
        before it. Raises RefusedInput where the directory holds no session of this kind.
        """
        refuse_links(self.directory)
        for directory in (self.directory, self.directory / "session"):
            remove_temporaries(directory)
        self.meta = dict(recorded_meta(self.directory))
        before = LAST if before is None else before
        rows, steps_cut = reopen_lines(self._steps, _row_time, before, STEPS_HEADER)
        t = -1
        for row in rows:
            t, frozen, adaptive = _row(row)
            self.tally.add_step(frozen, adaptive)
        # What came after the last whole step is recorded again, but the updates have happened.
        cuts = [steps_cut, self._series.reopen(t + 1)]
        if self._scores.path.exists():
            cuts.append(reopen_lines(self._scores, csv_time, t + 1, SCORES_HEADER)[1])
        lines, events_cut = reopen_lines(self._events, _event_time, before + 1)
        cuts.append(events_cut)
        events = [decode(line) for line in lines]
        for event in events:
            self.tally.add_event(event["status"])
        stride = whole(self.meta.get("history_stride")) or 1
        cuts.append(self._history.reopen(before, stride=stride))
        after = [event["status"] for event in events if event["t"] > t]
        newest = events[-1]["t"] if events else 0
        made = tuple(cut for cut in cuts if cut is not None)
        return Reopened(t, bool(after), "commit" in after, newest, made)

    def step(
        self,
        t: int,
        adaptive: float,
        frozen: float | None = None,
        *,
        tried: bool = False,
        committed: bool = False,
    ) -> None:
        """Append the row of step t to per_step.csv; `frozen` is None where it was not evaluated.

        Give what else belongs to the step (`series`, `score`) first.
        """
        frozen_text = "" if frozen is None else repr(frozen)
        self._steps.add(f"{t},{frozen_text},{adaptive!r},{tried:d},{committed:d}\n".encode())
        self.tally.add_step(frozen, adaptive)
        self._flush_when_due()

    def series(self, t: int, values: Mapping[str, float]) -> None:
        """Append a row to series.csv. Raises RefusedInput for a name that cannot be a column."""
        self._series.add(t, values)

    def score(self, t: int, version: str) -> None:
        """Append the version of the weights that made the score of step t to scores.csv."""
        if not self._scores.is_open:
            self._scores.create(SCORES_HEADER)
        self._scores.add(f"{t},{version}\n".encode())

    def event(self, record: Mapping[str, Any]) -> None:
        """Append one transaction to update_events.jsonl; it has at least `t` and `status`."""
        self._events.add(json.dumps(dict(record), default=plain).encode() + b"\n")
        self.tally.add_event(record["status"])
        self._flush_when_due()

    def snapshot(self, t: int, weights: Callable[[], Weights]) -> None:
        """Append the kept weights in force from step t on to weights_history.npy.

        `weights` is called when they are written, maybe in another thread, and never where another
        snapshot of the same step takes their place; it always gives the same names and shapes.
        When the budget of bytes is reached, older snapshots are thinned evenly, and meta.json says
        in `history_stride` how far.
        """
        if self._waiting is not None and self._waiting[0] != t:
            self._add_waiting()
        # Several updates before one step leave one snapshot: the last one counts.
        self._waiting = (t, weights)

    def _add_waiting(self) -> None:
        if self._waiting is None:
            return
        t, weights = self._waiting
        self._history.add(t, weights())
        self._waiting = None
        self._note_stride()

    def flush(self) -> None:
        """Hand all whole records to the operating system, the rows of the steps last."""
        self._flushed_at = self._clock()
        self._series.flush()
        for file in (self._scores, self._events):
            file.flush()
        self._add_waiting()
        self._history.flush()
        self._steps.flush()

    def save(self, plastic: Tensors | None = None) -> None:
        """Flush, and write what is replaced as a whole: metrics, list of events, weights."""
        self.flush()
        loss = self.meta.get("loss") or {}
        lower = bool(loss.get("lower_is_better", True))
        metrics = json_bytes(self.tally.metrics(lower_is_better=lower))
        write_whole(self.directory / "session" / METRICS, metrics)
        if plastic:
            write_tensors(self.directory / PLASTIC_STATE, plastic)
        self._write_event_list_when_due(self._events.size)

    def finish(self, plastic: Tensors | None = None) -> None:
        """Save for the last time, and close the files."""
        self.save(plastic)
        if self._events.size != self._listed:
            self._write_event_list(self._events.size)
        self.close()

    def close(self) -> None:
        """Close the files; what was not flushed is dropped."""
        self._history.close()
        self._series.close()
        for file in (self._steps, self._events, self._scores):
            file.close()

    def _flush_when_due(self) -> None:
        waiting = self._steps.pending + self._events.pending + self._series.pending
        if waiting > FLUSH_BYTES or self._clock() - self._flushed_at >= FLUSH_S:
            self.flush()


def refuse_occupied(directory: Path) -> None:
    """Raise RefusedInput where a directory holds a session, or is no directory."""
    if directory.exists() and not directory.is_dir():
        raise RefusedInput(f"{directory}: is no directory; choose another name")
    for name in SESSION_FILES:
        if (directory / name).exists():
            raise RefusedInput(f"{directory}: holds a session already; choose a new name")


def recorded_meta(directory: Path) -> Mapping[str, Any]:
    """meta.json of a session that can be continued. Raises RefusedInput where it is none."""
    path = directory / META
    try:
        meta = read_object(path)
    except FileNotFoundError:
        raise RefusedInput(
            f"{directory}: holds no session that could be continued ({META} is not there)"
        ) from None
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from None
    if whole(meta.get("schema_version")) != SCHEMA_VERSION:
        raise RefusedInput(
            f"{directory}: holds a session of another kind; `tttui resume` continues those"
        )
    return meta


def _row(line: bytes) -> tuple[int, float | None, float]:
    """Step, frozen and adaptive loss of a row. Raises ValueError where it is none."""
    t, frozen, adaptive, did, ok = line.split(b",")
    if {did, ok} - {b"0", b"1"}:
        raise ValueError("flags are 0 or 1")
    return int(t), float(frozen) if frozen else None, float(adaptive)


def _row_time(line: bytes) -> int | None:
    try:
        return _row(line)[0]
    except ValueError:
        return None


def _event_time(line: bytes) -> int | None:
    try:
        event = decode(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("status"), str):
        return None
    t = whole(event.get("t"))
    return t if t is not None and t >= 0 else None


class RecordedSums:
    """Running sums of both losses and counts of the updates, from which metrics.json is made.

    Means of the frozen loss, and whatever compares both, are over the steps that have both.
    """

    def __init__(self) -> None:
        self.rows = self.pairs = 0
        self.adaptive_sum = self.frozen_sum = self.paired_sum = 0.0
        self.last: deque[float] = deque(maxlen=WINDOW)
        """The last adaptive losses."""
        self.last_pairs: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        """The last (frozen, adaptive) losses of steps that have both."""
        self.attempted = self.committed = 0

    def add_step(self, frozen: float | None, adaptive: float) -> None:
        """Count one step; `frozen` is None where it was not evaluated."""
        self.rows += 1
        self.adaptive_sum += adaptive
        self.last.append(adaptive)
        if frozen is not None:
            self.pairs += 1
            self.frozen_sum += frozen
            self.paired_sum += adaptive
            self.last_pairs.append((frozen, adaptive))

    def add_event(self, status: str) -> None:
        self.attempted += 1
        self.committed += status == "commit"

    def metrics(self, *, lower_is_better: bool = True) -> dict[str, Any]:
        """The content of metrics.json; unknown values are null."""
        if not self.rows:
            return {"notes": "no step was recorded yet"}
        pairs = np.array(self.last_pairs, dtype=np.float64).reshape(-1, 2)
        judged = improvement(pairs[:, 0], pairs[:, 1])
        mean_of_last = float(np.mean(self.last))
        known = len(pairs) > 0 and lower_is_better
        return {
            "baseline_mse_mean": self.frozen_sum / self.pairs if self.pairs else None,
            "adaptive_mse_mean": self.adaptive_sum / self.rows,
            "adaptive_mse_mean_where_frozen": self.paired_sum / self.pairs if self.pairs else None,
            "baseline_mse_last100_mean": judged.frozen if len(pairs) else None,
            "adaptive_mse_last100_mean": judged.adaptive if len(pairs) else mean_of_last,
            "steps_with_frozen": self.pairs,
            "updates_attempted": self.attempted,
            "updates_committed": self.committed,
            "updates_rolled_back": self.attempted - self.committed,
            "improvement_percent": judged.percent if known else None,
            "improvement_ci95": [judged.low, judged.high] if known else None,
        }
