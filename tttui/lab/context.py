"""The context of a running job: progress, metrics, checkpoints, log."""

import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.appending import AppendedFile
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import json_bytes, plain
from tttui.artifacts.eventlog import EventLog, tell
from tttui.artifacts.regular import remove
from tttui.artifacts.series_writer import SeriesWriter
from tttui.lab import checkpoints
from tttui.lab.job import METRICS, PARTS, RESULTS, root_of
from tttui.lab.parts import read_parts
from tttui.model.errors import RefusedInput, TttuiError

LAST = 1 << 62
"""After every step."""

PACE_S = 60.0
"""Seconds over which the speed is measured, from which the time left follows."""

_PART = re.compile(r"[^\x00-\x1f]{1,200}")


class Ended(Exception):
    """Raised at a safe point of a job that was asked to end."""


class Context:
    """One execution of a job. Everything may be called from several threads.

    Everything that writes raises TttuiError naming the file and the remedy.
    """

    def __init__(
        self, directory: Path, request: Mapping[str, Any], collection: str, log: logging.Logger
    ) -> None:
        self.directory, self.handle = directory, directory.name
        self.root = root_of(directory)
        self.settings: Mapping[str, Any] = request["settings"]
        """What was asked for, as the command handed it over."""
        words = request.get("command")
        self.command: Sequence[str] = list(map(str, words)) if isinstance(words, list) else []
        """The words that the person typed."""
        self.log = log
        """run.log."""
        self.state: Mapping[str, Any] | None = None
        """What `save` was given, of the checkpoint from which the job goes on; else None."""
        self.parts: dict[str, Any] = {}
        """The results of the parts that are finished, by name."""
        self.last_metrics: Mapping[str, float] = {}
        """The newest row of metrics of this execution."""
        self.reported: dict[str, Any] = {}
        """Keys of status.json."""
        self._collection = collection
        self._guard = threading.RLock()
        self._metrics = SeriesWriter(directory / METRICS)
        self._parts = AppendedFile(directory / PARTS)
        self._events = EventLog(directory)
        self._pace = deque[tuple[float, float]]()
        self._end = threading.Event()
        self._requested: list[tuple[str | None, str]] = []
        self._trouble: BaseException | None = None

    # -- what a kind tells ----------------------------------------------------------------------

    def progress(self, done: float, total: float, doing: str = "") -> None:
        """Report progress from 0 to 1 and the current work; cheap enough for an inner loop."""
        share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
        with self._guard:
            self.reported["progress"] = share
            if doing:
                self.reported["doing"] = doing
            now = time.monotonic()
            if not self._pace or now - self._pace[-1][0] >= 0.2:
                self._pace.append((now, share))
                while now - self._pace[0][0] > PACE_S:
                    self._pace.popleft()

    def doing(self, what: str) -> None:
        """The current work of the job, in a few words."""
        with self._guard:
            self.reported["doing"] = what

    def metrics(self, step: int, **values: float) -> None:
        """Write one row of metrics.csv at `step`, which never decreases; new names may appear
        later."""
        with self._guard:
            self._metrics.add(step, values)
            self.last_metrics = values

    def results(self, values: Mapping[str, Any]) -> None:
        """Replace results.json: the results of the job so far. Numbers, texts, lists, tables."""
        write_whole(self.directory / RESULTS, json_bytes(values))

    def event(self, action: str, **fields: Any) -> None:
        """Publish `data:<collection of the kind>:<action>`, in the root and in the job."""
        name = f"data:{self._collection}:{action}"
        with suppress(TttuiError, OSError):  # what did not get told must not end the job
            self._events.append(name, **fields)
        tell(self.root, [(name, {"id": self.handle, **fields})])

    # -- ending and going on --------------------------------------------------------------------

    @property
    def asked_to_end(self) -> bool:
        """Whether the job was cancelled: save what matters, then reach a safe point."""
        return self._end.is_set()

    def safe_point(self) -> None:
        """End the job here if it was asked to end.

        Also raises a file error of another thread.
        """
        self.check()
        if self._end.is_set():
            raise Ended

    def save(
        self, state: Mapping[str, Any], *, step: int, name: str | None = None, **fields: Any
    ) -> None:
        """Write a checkpoint: all that an exact continuation needs, plain data and numpy arrays.

        A resumed job gets it as `state`, and its metrics are those up to `step`. Two are kept, and
        those with a `name` beside them, whose events carry `fields`.
        """
        self.flush()
        checkpoints.save(self.directory, state, step=step, name=name)
        if name is not None:
            self.event("checkpoint", name=name, step=step, **fields)

    def requested_checkpoints(self) -> list[tuple[str | None, str]]:
        """Checkpoints requested since the last call: name, and id of the request."""
        with self._guard:
            requested, self._requested = self._requested, []
        return requested

    def rewind(self, step: int) -> None:
        """Remove the rows of metrics after `step`, to which the kind returned."""
        with self._guard:
            self._metrics.flush()
            self._metrics.close()
            self._metrics = SeriesWriter(self.directory / METRICS)
            self._metrics.reopen(step + 1)

    def remaining(self, names: Sequence[str]) -> Iterator[str]:
        """The parts that are not finished, one after another, each begun at a safe point.

        Progress follows from how many are finished.
        """
        for name in names:
            self.progress(len([n for n in names if n in self.parts]), len(names))
            if name not in self.parts:
                self.safe_point()
                self.doing(name)
                yield name
        self.progress(1, 1)

    def finish_part(self, name: str, result: Any) -> None:
        """Store the result of a part (JSON), so that it is never executed again."""
        if not _PART.fullmatch(name):
            raise RefusedInput(f"{name[:40]!r} is no name of a part")
        line = json.dumps({"part": name, "result": result}, default=plain).encode() + b"\n"
        with self._guard:
            if not self._parts.is_open:
                self._parts.create()
            self._parts.add(line)
            self._parts.sync()
            self.parts[name] = result
        self.event("part_finished", part=name)

    # -- for the process that executes it -------------------------------------------------------

    def restore(self, checkpoint: str | None) -> None:
        """Restore the checkpoint, parts and metrics of an earlier execution."""
        self._restore_parts()
        restored = checkpoints.load(self.directory, checkpoint, self.log.warning)
        before = LAST if self.parts else 0
        if restored is not None:
            self.state, before = restored.state, restored.step + 1
            self.log.info("goes on from checkpoint %s at step %d", restored.name, restored.step)
        if not before:
            remove(self.directory / METRICS)
            return
        try:
            cut = self._metrics.reopen(before)
        except TttuiError as error:
            self.log.warning("%s; the curves begin anew", error)
            self._metrics.close()
            remove(self.directory / METRICS)
            self._metrics = SeriesWriter(self.directory / METRICS)
            return
        if cut is not None:
            self.log.info("%s", cut)

    def end(self) -> None:
        """Ask the kind to end at its next safe point."""
        self._end.set()

    def ask_for_checkpoint(self, name: str | None, request: str) -> None:
        """Let the kind save a checkpoint as soon as it can."""
        with self._guard:
            self._requested.append((name, request))

    def check(self) -> None:
        """Raise the error of another thread, if there is one."""
        if self._trouble is not None:
            raise self._trouble

    def broken(self, error: BaseException) -> None:
        """Have the next safe point raise the error of another thread."""
        self._trouble = error

    def flush(self) -> None:
        """Write the buffered rows of metrics."""
        with self._guard:
            self._metrics.flush()

    def seconds_left(self) -> float | None:
        """Estimated seconds left at the speed of the last minute; None if unknown."""
        with self._guard:
            if len(self._pace) < 2:
                return None
            (then, first), (now, last) = self._pace[0], self._pace[-1]
        if last <= first or now <= then:
            return None
        return (1.0 - last) * (now - then) / (last - first)

    def close(self) -> None:
        """Flush and close the files."""
        with suppress(TttuiError):
            self.flush()
        self._metrics.close()
        self._parts.close()

    def _restore_parts(self) -> None:
        path = self.directory / PARTS
        try:
            parts, end = read_parts(path)
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read: {error.strerror}; move it away") from error
        self.parts.update(parts)
        if not path.exists():
            return
        cut = self._parts.reopen(end)
        if cut is not None:
            self.log.warning("%s", replace(cut, why="which a killed process left"))
