"""The process that executes one job: lock, heartbeat, requests, and how it ended."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import remove_temporaries
from tttui.artifacts.jsonfile import number, read_object
from tttui.artifacts.lock import SessionLock
from tttui.artifacts.log_writer import log_to
from tttui.artifacts.mutex import locked
from tttui.artifacts.sampling import Sampling
from tttui.artifacts.status_file import StatusFile
from tttui.lab.context import Context, Ended
from tttui.lab.job import LOG, STATUS, JobState, read_job, read_request, root_of
from tttui.lab.kinds import kind_of
from tttui.lab.ownership import refuse_others
from tttui.lab.queue import LOCK, carried_on, dispatch, fail
from tttui.model.dataclass import dataclass
from tttui.model.errors import (
    FinalFailure,
    RefusedInput,
    SessionHeld,
    SessionTaken,
    TttuiError,
)
from tttui.runs.control import Inbox, NoRequest, clear_requests

BEAT_S = 1.0
"""Seconds between two writes of status.json."""

LOOK_S = 0.1
"""Seconds between two looks at what was asked of the job."""

LEAVING_S = 5.0
"""Seconds that a process which has written how it ended may take to leave."""

FLUSH_S = 0.5
"""Seconds after which rows of metrics are on the disk."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A request to end: the reason for a person, and the state that its job then gets."""

    why: str = ""
    state: JobState = "cancelled"


def execute(directory: Path, should_stop: Callable[[], Stop | None]) -> int:
    """Execute the job in a directory to its end; returns the exit code.

    `should_stop` returns the request to end the process, such as a signal. Raises RefusedInput
    where the job is not this user's, or another process executes it.
    """
    refuse_others(directory)
    with suppress(TttuiError, OSError), locked(root_of(directory) / LOCK):
        pass  # whoever started this process has now written down that it did
    root = root_of(directory)
    try:
        with _lock_of(directory) as lock:
            job = read_job(directory)
            if job.has_ended and job.state != "crashed":
                raise RefusedInput(f"{directory}: the job is {job.state}; `tttui job resume`")
            return _Execution(directory, lock, should_stop).run()
    except (SessionHeld, RefusedInput):
        raise
    except TttuiError as error:  # before anything was executed: a full disk, a damaged job.json
        fail(read_job(directory), str(error))
        raise
    finally:
        with suppress(TttuiError, OSError):
            dispatch(root)


def _lock_of(directory: Path) -> SessionLock:
    """Take the lock of the job, waiting briefly for the previous process to free it."""
    deadline = time.monotonic() + LEAVING_S
    while True:
        try:
            return SessionLock(directory)
        except SessionHeld:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_S)


class _Execution:
    """One execution of a job whose lock is held."""

    def __init__(
        self, directory: Path, lock: SessionLock, should_stop: Callable[[], Stop | None]
    ) -> None:
        self._directory, self._lock, self._should_stop = directory, lock, should_stop
        remove_temporaries(directory)
        self._request = read_request(directory)
        known: Mapping[str, Any] = {}
        with suppress(TttuiError, OSError):
            known = read_object(directory / STATUS)
        self._known = known
        self._started_at = number(known.get("started_at")) or time.time()
        self._log = log_to(directory / LOG)
        self._status = StatusFile(directory, carried_on(known, self._request))
        self._over = threading.Event()
        self._stop = Stop()
        self._guard = threading.Lock()

    def run(self) -> int:
        kind = kind_of(self._request["kind"])
        context = Context(self._directory, self._request, kind.collection, self._log)
        beat = threading.Thread(target=self._keep_alive, args=(context,), daemon=True)
        state, error, final = "failed", "", False
        samples: Sampling | None = None
        context.doing("begins")
        try:
            self._say("running", context, started_at=self._started_at, error=None, ended_at=None)
            checkpoint = self._known.get("resume_from")
            context.restore(checkpoint if isinstance(checkpoint, str) else None)
            self._log.info("%s begins", kind.name)
            context.event("started", kind=kind.name)
            beat.start()
            samples = Sampling(
                self._directory,
                self._started_at,
                gpus=self._known.get("gpus") or (),
                root=root_of(self._directory),
                warn=self._log.warning,
            )
            kind.run(context)
            context.flush()
            context.check()
            context.progress(1, 1)
            state = "completed"
        except Ended:
            state, error = self._stop.state, self._stop.why
        except SessionTaken as taken:
            self._log.error("%s", taken)
            return 1
        except TttuiError as failure:
            error, final = str(failure), isinstance(failure, FinalFailure)
        except BaseException as failure:  # whatever a kind raises is told, never a traceback
            error = f"{type(failure).__name__}: {failure}"
            for line in traceback.format_exc().splitlines():
                self._log.error("%s", line)
        finally:
            self._over.set()
            if samples is not None:
                samples.close()
            if beat.ident is not None:
                beat.join()
            context.close()
        return self._ended(context, state, error, final=final)

    def _ended(self, context: Context, state: str, error: str, *, final: bool) -> int:
        clear_requests(self._directory)
        ending = {"state": state, "error": error or None, "ended_at": time.time()}
        if final:
            ending["final"] = True
        try:
            self._status.write(last=True, **context.reported, **ending, seconds_left=None)
        except TttuiError as failure:
            self._log.error("%s", failure)
        context.event(state, **({"error": error} if error else {}))
        level = self._log.error if state == "failed" else self._log.info
        level("%s%s", state, f": {error}" if error else "")
        self._log.handlers[0].close()
        return 1 if state == "failed" else 130 if state == "cancelled" else 0

    def _keep_alive(self, context: Context) -> None:
        """Beat, flush and listen until the job is over; runs in a thread."""
        inbox = Inbox(self._directory)
        beat_at = flush_at = 0.0
        try:
            while not self._over.wait(LOOK_S):
                now = time.monotonic()
                self._listen(inbox, context)
                if now >= flush_at:
                    flush_at = now + FLUSH_S
                    context.flush()
                if now >= beat_at:
                    beat_at = now + BEAT_S
                    self._say("running", context)
        except BaseException as error:  # the job ends with it at its next safe point
            context.broken(error)

    def _listen(self, inbox: Inbox, context: Context) -> None:
        if (stop := self._should_stop()) is not None:
            self._end(context, stop)
        for request in inbox.take():
            if isinstance(request, NoRequest):
                self._log.warning("%s: %s", request.id, request.reason)
            elif request.verb == "stop":
                self._end(context, Stop())
            elif request.verb == "checkpoint":
                context.ask_for_checkpoint(request.value, request.id)
            else:
                self._log.warning("was asked to %s, which jobs do not do", request)

    def _end(self, context: Context, stop: Stop) -> None:
        if not context.asked_to_end:
            self._stop = stop
            self._log.info("was asked to end%s", f": {stop.why}" if stop.why else "")
            context.end()

    def _say(self, state: str, context: Context, **more: Any) -> None:
        self._lock.check()
        left = context.seconds_left()
        with self._guard:
            self._status.write(
                state=state,
                **dict(context.reported),
                seconds_left=None if left is None else round(left, 1),
                **more,
            )
