"""What is asked of a run, taken from its directory, and what became of it, said in status.json."""

from collections.abc import Callable
from pathlib import Path

from tttui.engine.control import Inbox, NoRequest, Request
from tttui.engine.heartbeat import Heartbeat
from tttui.engine.runlog import RunLog

ANSWERS = 16
"""Answers that status.json keeps, for askers who look late."""


class Answering:
    """Takes requests and answers them. `flush` puts what they changed on the disk first.

    Requests count that were made since `since` (Unix seconds; None: now).
    """

    def __init__(
        self,
        directory: Path,
        heart: Heartbeat,
        log: RunLog,
        flush: Callable[[], None],
        since: float | None = None,
    ) -> None:
        self._inbox = Inbox(directory, since)
        self._heart, self._log, self._flush = heart, log, flush

    def take(self, t: int) -> list[Request]:
        """What was asked since the last time. What is no request is named, and left out."""
        found: list[Request] = []
        for one in self._inbox.take():
            if isinstance(one, NoRequest):
                told = f"control/{one.id}: {one.reason}; nothing was changed"
                self._log.refused(told)
                self._say(t, one.id, "", told)
            else:
                found.append(one)
        return found

    def answer(self, t: int, request: Request, error: str) -> None:
        """Say that a request was carried out at step t, or why it was not."""
        self._log.answered(t, str(request), error)
        self._say(t, request.id, f"{request} at step {t}", error)

    def _say(self, t: int, id: str, did: str, error: str) -> None:
        said = self._heart.said
        said["answers"] = [*said.get("answers", []), {"id": id, "error": error or None}][-ANSWERS:]
        said["last_error"] = error or None
        if not error:
            said["last_command"] = did
        self._flush()
        self._heart.beat(t)
