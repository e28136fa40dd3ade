"""What is asked of a run, taken from its directory, and what became of it, said in status.json.

A session has one owner after another, and a request may come in between. One rule says whose it
is: what waits while status.json says `queued` is for the next owner, who carries it out; what
waits in any other state was left for a process that has ended, and the next owner refuses it.
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


def take_over(directory: Path) -> list[dict[str, Any]]:
    """The answers that a new owner begins with, whose lock is held: those given before, and the
    refusals of what was left for a process that has ended. Nothing else writes status.json yet."""
    answers, state = _answers_and_state(directory)
    if state == "queued":  # handed over: what waits is for the new owner
        return answers
    left = Inbox(directory).take()
    if left:
        log = RunLog(directory)
        for one in left:
            log.refused(f"control/{one.id}: {LEFT}")
        log.close()
    return answers + [{"id": one.id, "error": LEFT} for one in left]


def _answers_and_state(directory: Path) -> tuple[list[dict[str, Any]], str]:
    try:
        status = as_written(read_object(directory / "status.json"))
    except (TttuiError, OSError):
        return [], "unknown"
    return [{"id": id, "error": why or None} for id, why in status.answers.items()], status.state


class Answering:
    """Takes requests and answers them. `settle` puts what they changed on the disk first."""

    def __init__(
        self, directory: Path, heart: Heartbeat, log: RunLog, settle: Callable[[], None]
    ) -> None:
        self._heart, self._log, self._settle = heart, log, settle
        now = time.monotonic()
        self._answers = deque[tuple[float, dict[str, Any]]](
            ((now, answer) for answer in take_over(directory)), maxlen=2 * MOST
        )
        """Each with the time at which it was given (monotonic seconds)."""
        if self._answers:
            heart.fields["answers"] = [answer for _, answer in self._answers]
        self._inbox = Inbox(directory)
        self._unsaid: dict[str, Any] = {}
        """What status.json is to say of them, by key."""
        self._due = 0.0
        """When status.json may be written again although more is to be answered (monotonic)."""

    def take(self, t: int) -> list[Request]:
        """What was asked since the last time. What is no request is named, and left out."""
        found: list[Request] = []
        for one in self._inbox.take():
            if isinstance(one, NoRequest):
                told = f"control/{one.id}: {one.reason}; nothing was changed"
                self._log.refused(told)
                self._note(one.id, "", told)
            else:
                found.append(one)
        return found

    def answer(self, t: int, request: Request, error: str) -> None:
        """Note that a request was carried out at step t, or why it was not."""
        self._log.answered(t, str(request), error)
        self._note(request.id, f"{request} at step {t}", error)

    def refuse_rest(self, t: int, taken: Sequence[Request], state: str) -> None:
        """Answer what was taken, and all that waits, that the run has ended (is `state`) before
        it came to it; the last heartbeat says so. What waits stays for the next owner where the
        session is `queued`, handed over."""
        why = f"the run {ENDS[state]} at step {t} before it came to this, which was not done"
        rest = [*taken, *(self.take(t) if state != "queued" else ())]
        for request in rest:
            self.answer(t, request, why)
        self._put()

    def say(self, t: int) -> None:
        """Write the answers that nobody can read yet."""
        if self._unsaid:
            began = time.monotonic()
            self._forget()
            self._settle()
            self._put()
            self._heart.beat(t)
            ended = time.monotonic()
            self._due = ended + max(SAY_S, REST * (ended - began))

    def say_when_due(self, t: int) -> None:
        """Write them, unless that was done a moment ago and there may be more soon."""
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
        """Drop the answers that everybody who waited for them has seen; whether there were any."""
        now, answers, before = time.monotonic(), self._answers, len(self._answers)
        while len(answers) > ANSWERS and now - answers[0][0] > KEPT_S:
            answers.popleft()
        return len(answers) < before
