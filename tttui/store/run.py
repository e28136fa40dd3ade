"""The open run's log, and requests to runs."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tttui.artifacts.logfile import LogTail
from tttui.artifacts.status import last_heard, status_of
from tttui.model.errors import TttuiError
from tttui.model.session import Place, Status
from tttui.store.feed import Core, Feed
from tttui.store.snapshot import LOG, REQUESTS

if TYPE_CHECKING:  # imported when a run is asked for something
    from tttui.runs.control import Verb

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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for its answer until `deadline` (monotonic seconds)."""

    place: Place
    id: str
    what: str
    deadline: float


class RequestsFeed(Feed[None]):
    """Leaves requests to runs and looks for the answers, which become notes."""

    part = REQUESTS
    urgent = True

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._waiting: list[Waiting] = []
        self._hurried_until = 0.0

    def ask(self, place: Place, verb: "Verb", value: Any) -> None:
        """Ask the owner of a run for something."""
        from tttui.runs.control import Request, ask

        try:
            id = ask(place.path, verb, value)
        except TttuiError as error:
            self.core.note(str(error))
            return
        deadline = time.monotonic() + PATIENCE_S
        self._waiting.append(Waiting(place, id, str(Request(verb, value)), deadline))

    def refresh(self) -> None:
        now, waiting = time.monotonic(), list[Waiting]()
        for request in self._waiting:
            status = status_of(request.place.path)
            answer = status.answers.get(request.id) if status is not None else None
            if answer is not None:
                self._hurried_until = now + HURRIED_S
                self.core.hasten()
                at = "" if status is None or status.t is None else f" at step {status.t}"
                self.core.note(f"Refused: {answer}" if answer else f"Done: {request.what}{at}")
            elif status is None or not status.live or now > request.deadline:
                from tttui.runs.control import withdraw

                withdraw(request.place.path, request.id)
                self.core.note(f"{request.what}: {_silence(status)}")
            else:
                waiting.append(request)
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
