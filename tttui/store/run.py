"""The open run's log, and requests to runs."""

import time
from typing import TYPE_CHECKING, Any

from tttui.artifacts.logfile import LogTail
from tttui.artifacts.status import last_heard, status_of
from tttui.model.errors import TttuiError
from tttui.model.session import Place
from tttui.model.status import Status
from tttui.store.feed import Core, Feed
from tttui.store.snapshot import LOG, REQUESTS

if TYPE_CHECKING:  # imported when a run is asked for something
    from tttui.runs.control import Pending, Verb

LISTEN_S = 0.015
"""Least time between two looks at files while a run has not answered, in seconds."""

HURRY_S = 0.02
"""The same after the answer."""

HURRIED_S = 0.5
"""How long after the answer, in seconds: its effect has to become visible."""

PATIENCE_S = 5.0
"""Time within which a run answers unless something is wrong with it, in seconds."""


class LogFeed(Feed[LogTail | None]):
    """The end of run.log."""

    part = LOG

    def refresh(self) -> None:
        if self.core.reader is None:
            return
        log, known = self.core.reader.log(), self.value
        if known is None or (log.lines, log.skipped) != (known.lines, known.skipped):
            self.put(log)


class RequestsFeed(Feed[None]):
    """Sends requests to runs and shows their answers as notes."""

    part = REQUESTS
    urgent = True

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._waiting: list[Pending] = []
        self._hurried_until = 0.0

    def ask(self, place: Place, verb: "Verb", value: Any) -> None:
        """Send a request to the owner of a run."""
        from tttui.runs.control import Pending

        try:
            self._waiting.append(Pending.leave(place.path, [(verb, value)], PATIENCE_S))
        except TttuiError as error:
            self.core.note(str(error))

    def refresh(self) -> None:
        waiting = list["Pending"]()
        for pending in self._waiting:
            status = status_of(pending.directory)
            if status is not None and pending.answered(status.answers):
                self._hurried_until = time.monotonic() + HURRIED_S
                self.core.hasten()
                refusal = pending.refusal(status.answers)
                at = "" if status.t is None else f" at step {status.t}"
                self.core.note(f"Refused: {refusal}" if refusal else f"Done: {pending}{at}")
            elif status is None or not status.live or pending.overdue:
                taken = "" if pending.withdraw() else ", but it was taken and may still be done"
                self.core.note(f"{pending}: {_silence(status)}{taken}")
            else:
                waiting.append(pending)
        self._waiting = waiting

    @property
    def pace(self) -> float | None:
        if self._waiting:
            return LISTEN_S
        return HURRY_S if time.monotonic() < self._hurried_until else None


def _silence(status: Status | None) -> str:
    """Why a run did not answer, for a person."""
    if status is None or not status.live:
        state = "gone" if status is None else status.detail or status.state
        return f"nobody answers, the run is {state}"
    where = "" if status.host is None else f" on {status.host}"
    return f"process {status.pid}{where} did not answer within {PATIENCE_S:g} s{last_heard(status)}"
