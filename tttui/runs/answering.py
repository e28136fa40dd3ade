"""Requests to a run, taken from its directory, and their answers in status.json.

A session has one owner after another, and a request may arrive in between. While status.json says
`queued`, waiting requests are for the next owner, which carries them out; in any other state they
were left for a process that has ended, and the next owner refuses them.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.status import as_written
from tttui.model.errors import TttuiError
from tttui.runs.control import MOST, Inbox, NoRequest, Request
from tttui.runs.heartbeat import Heartbeat
from tttui.runs.runlog import RunLog

ANSWERS = 16
"""Answers that status.json keeps in any case, for askers who look late."""

KEPT_S = 30.0
"""Seconds for which it keeps all others, up to twice as many as are taken at once: everybody who
waits for an answer has seen it by then."""

SAY_S = 0.1
"""Least time in seconds between two writes of status.json while there is more to answer."""

REST = 5.0
"""The same as a multiple of what the last write took: a slow disk does not hold up the answers."""


ENDS = {
    "completed": "was completed",
    "interrupted": "was interrupted",
    "failed": "failed",
    "queued": "was handed over",
}
"""How a run ended, by its last state."""

LEFT = "it was left for a process that has ended, and was not done; ask again"


def answers_given(directory: Path) -> list[dict[str, Any]]:
    """The answers in status.json, oldest first; none where it cannot be read."""
    return _answers_and_state(directory)[0]


def take_over(directory: Path, inbox: Inbox) -> list[dict[str, Any]]:
    """The first answers of a new owner, which holds the lock: earlier ones, and refusals of
    requests left for a process that has ended. Nothing else writes status.json yet."""
    answers, state = _answers_and_state(directory)
    if state == "queued":  # handed over: what waits is for the new owner
        return answers
    left = {one.id: one.reason if isinstance(one, NoRequest) else LEFT for one in inbox.take()}
    log = RunLog(directory)
    for id, why in left.items():
        log.refused(f"control/{id}: {why}")
    log.close()
    return answers + [{"id": id, "error": why} for id, why in left.items()]


def _answers_and_state(directory: Path) -> tuple[list[dict[str, Any]], str]:
    try:
        status = as_written(read_object(directory / "status.json"))
    except (TttuiError, OSError):
        return [], "unknown"
    return [{"id": id, "error": why or None} for id, why in status.answers.items()], status.state


class Answering:
    """Takes requests and answers them. `settle` first writes their changes to disk."""

    def __init__(
        self, directory: Path, heart: Heartbeat, log: RunLog, settle: Callable[[], None]
    ) -> None:
        self._heart, self._log, self._settle = heart, log, settle
        self._inbox, now = Inbox(directory), time.monotonic()
        self._answers = deque[tuple[float, dict[str, Any]]](
            ((now, answer) for answer in take_over(directory, self._inbox)), maxlen=2 * MOST
        )
        """Each with the time at which it was given (monotonic seconds)."""
        if self._answers:
            heart.fields["answers"] = [answer for _, answer in self._answers]
        self._unsaid: dict[str, Any] = {}
        """What status.json is to say of them, by key."""
        self._due = 0.0
        """When status.json may be written again although more is to be answered (monotonic)."""

    def take(self, t: int) -> list[Request]:
        """The requests since the last call. Invalid ones are refused with a reason and left out."""
        valid: list[Request] = []
        for one in self._inbox.take():
            if isinstance(one, NoRequest):
                refusal = f"control/{one.id}: {one.reason}; nothing was changed"
                self._log.refused(refusal)
                self._note(one.id, "", refusal)
            else:
                valid.append(one)
        return valid

    def answer(self, t: int, request: Request, error: str) -> None:
        """Note that a request was carried out at step t, or why it was not."""
        self._log.answered(t, str(request), error)
        self._note(request.id, f"{request} at step {t}", error)

    def refuse_rest(self, t: int, taken: Sequence[Request], state: str) -> None:
        """Refuse the taken and waiting requests, since the run has ended in `state` before it
        carried them out; the last heartbeat holds the answers. If `queued`, waiting requests stay
        for the next owner."""
        why = f"the run {ENDS[state]} at step {t} before it came to this, which was not done"
        rest = [*taken, *(self.take(t) if state != "queued" else ())]
        for request in rest:
            self.answer(t, request, why)
        self._put()

    def say(self, t: int) -> None:
        """Write pending answers to status.json."""
        if self._unsaid:
            began = time.monotonic()
            self._forget()
            self._settle()
            self._put()
            self._heart.beat(t)
            ended = time.monotonic()
            self._due = ended + max(SAY_S, REST * (ended - began))

    def say_when_due(self, t: int) -> None:
        """Write pending answers, unless the last write was a moment ago and more may follow."""
        if self._unsaid:
            if time.monotonic() >= self._due:
                self.say(t)
        elif self._forget():
            self._heart.fields["answers"] = [answer for _, answer in self._answers]

    def _put(self) -> None:
        """The next heartbeat says what was not said yet."""
        if self._unsaid:
            self._heart.fields |= self._unsaid | {
                "answers": [answer for _, answer in self._answers]
            }
            self._unsaid = {}

    def _note(self, id: str, did: str, error: str) -> None:
        self._answers.append((time.monotonic(), {"id": id, "error": error or None}))
        self._unsaid["last_error"] = error or None
        if not error:
            self._unsaid["last_command"] = did

    def _forget(self) -> bool:
        """Drop the answers that all waiting processes have seen; returns whether there were any."""
        now, answers, before = time.monotonic(), self._answers, len(self._answers)
        while len(answers) > ANSWERS and now - answers[0][0] > KEPT_S:
            answers.popleft()
        return len(answers) < before
