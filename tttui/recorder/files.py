"""The files of a recorder, and the thread that flushes them. Errors here never end a training."""

import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tttui.artifacts.lock import SessionLock
from tttui.artifacts.log_writer import log_to
from tttui.artifacts.recording import SessionWriter
from tttui.artifacts.sampling import Sampling
from tttui.artifacts.session_events import SessionEvents
from tttui.artifacts.tensorwriter import Tensors
from tttui.model.errors import SessionHeld, SessionTaken, TttuiError
from tttui.model.shell import command_line

BEAT_S = 1.0
"""Seconds between two heartbeats; as long may a record wait in memory."""

SAVE_S = 30.0
"""Seconds after which the weights are saved again, if they changed and saving is cheap."""

SAVE_SHARE = 0.02
"""Of the time, what saving the weights may take."""

Write = Callable[[SessionWriter], object]

_open: "weakref.WeakSet[SessionFiles]" = weakref.WeakSet()


class SessionFiles:
    """The session directory that a recorder writes, its lock and its heartbeat.

    A thread flushes and writes a heartbeat once a second. Where the disk is full or a file cannot
    be written, one warning says so, the session is marked as failed, and `write` does nothing from
    then on; the training goes on.
    """

    def __init__(self, writer: SessionWriter, device: str) -> None:
        self.writer = writer
        self.t = -1
        """The last step that was recorded, for the heartbeat."""
        self.broken: str | None = None
        """Why nothing is written any more."""
        self._device = device
        self._started_at = time.time()
        self._mutex = threading.RLock()
        self._stop = threading.Event()
        self._unsaid: str | None = None
        self._saved_at, self._saving_took = time.monotonic(), 0.0
        self._pace = (time.monotonic(), -1, 0.0)
        self._lock = _locked(writer.directory)
        self._events = SessionEvents(writer.directory, only_there=True)
        self._samples: Sampling | None = None
        self.log = log_to(writer.directory / "run.log")
        self._thread = threading.Thread(
            target=_beat, args=(weakref.ref(self), self._stop), name="tttui heartbeat", daemon=True
        )
        _open.add(self)

    @property
    def closed(self) -> bool:
        return self._stop.is_set()

    def start(self, t: int) -> None:
        """Mark the session as running, and start the heartbeat."""
        self.t = t
        self._pace = (time.monotonic(), t, 0.0)
        self._report("running")
        self.log.info("recording from step %d on", t + 1)
        self._events.began(max(t, 0), self.writer.tally.attempted, self.writer.tally.committed)
        self._thread.start()
        began = self.writer.meta.get("created_at_unix")
        self._samples = Sampling(
            self.writer.directory,
            began if isinstance(began, (int, float)) else self._started_at,
            device=self._device,
            warn=self.log.warning,
        )

    def write(self, action: Write) -> None:
        """Call `action`, which writes; if it fails, all writing ends."""
        if self._unsaid is not None:
            self._say()
        if self.broken is not None:
            return
        with self._mutex:
            try:
                action(self.writer)
            except (TttuiError, OSError) as error:
                self._give_up(error)
        if self._unsaid is not None:
            self._say()

    def save_when_due(self, plastic: Callable[[], Tensors]) -> None:
        """Save weights and metrics if the last save was long enough ago."""
        now = time.monotonic()
        if now - self._saved_at >= max(SAVE_S, self._saving_took / SAVE_SHARE):
            self.write(lambda writer: writer.save(plastic()))
            self._saved_at = time.monotonic()
            self._saving_took = self._saved_at - now

    def close(self, state: str, error: str | None, plastic: Callable[[], Tensors]) -> None:
        """Write everything for the last time, and free the session. Closing twice is fine."""
        if self.closed:
            return
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.broken is None:
            self.write(lambda writer: writer.finish(plastic()))
        if self.broken is None:
            self.write(lambda _: self._report(state, error, last=True))
            self._tell()
            self._events.ended(max(self.t, 0), state, error)
            self.log.info("%s after step %d%s", state, self.t, f": {error}" if error else "")
        self._release()

    def abandon(self) -> None:
        """Free a session that could not be begun."""
        self._stop.set()
        self._release()

    def forget(self) -> None:
        """Release the session in a forked child; the parent writes it."""
        self.broken = "another process records it"
        self._unsaid = self._samples = None
        self._stop.set()
        self._mutex = threading.RLock()
        self._lock.forget()

    def beat(self) -> None:
        """Flush and write a heartbeat; called by the heartbeat thread."""
        if self.broken is not None:
            return
        try:
            self._lock.check()
            with self._mutex:
                self.writer.flush()
            self._report("running")
            self._tell()
        except (TttuiError, OSError) as error:
            with self._mutex:
                self._give_up(error)

    def _report(self, state: str, error: str | None = None, *, last: bool = False) -> None:
        now, t = time.monotonic(), self.t
        then, before, speed = self._pace
        if now - then >= BEAT_S / 2:
            speed = (t - before) / (now - then)
            self._pace = (now, t, speed)
        self.writer.status(
            last=last,
            state=state,
            t=max(t, 0),
            steps_total=None,
            steps_per_second=round(speed, 1),
            started_at=self._started_at,
            device=self._device,
            command=command_line(*sys.orig_argv),
            error=error,
        )

    def _tell(self) -> None:
        tally = self.writer.tally
        self._events.transactions(max(self.t, 0), tally.attempted, tally.committed)

    def _give_up(self, error: Exception) -> None:
        if self.broken is not None:
            return
        self.broken = str(error)
        self._unsaid = f"{error}; the training goes on, but nothing more of it is recorded"
        self.log.error("%s", self._unsaid)
        if not isinstance(error, SessionTaken):
            with suppress(TttuiError, OSError):
                self._report("failed", self.broken, last=True)
            self._events.ended(max(self.t, 0), "failed", self.broken)
        self._release()

    def _say(self) -> None:
        message, self._unsaid = self._unsaid, None
        if message is not None:
            warnings.warn(f"tttui.Recorder: {message}", RuntimeWarning, stacklevel=4)

    def _release(self) -> None:
        if self._samples is not None:
            self._samples.close()
        self.writer.close()
        self.log.handlers[0].close()
        self._lock.release()


def _locked(directory: Path) -> SessionLock:
    try:
        return SessionLock(directory)
    except SessionHeld as error:
        for other in _open:
            if not other.closed and _same(other.writer.directory, directory):
                raise SessionHeld(
                    f"{directory} is being recorded by this very process ({os.getpid()}); close "
                    "that recorder first, or choose another directory"
                ) from None
        raise SessionHeld(f"{error}; choose another directory for this recorder") from None


def _same(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b)
    except OSError:
        return False


def _beat(files: "weakref.ref[SessionFiles]", stop: threading.Event) -> None:
    while not stop.wait(BEAT_S):
        open_files = files()
        if open_files is None:
            return
        open_files.beat()
        del open_files


def _forget_in_child() -> None:
    for files in list(_open):
        files.forget()


os.register_at_fork(after_in_child=_forget_in_child)
