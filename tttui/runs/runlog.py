"""run.log: the actions of the engine with their times, for a person."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.interventions import Intervention
from tttui.artifacts.log_writer import log_event, log_to


class RunLog:
    """Appends to the run.log of one session."""

    def __init__(self, directory: Path) -> None:
        self._logger = log_to(directory / "run.log")

    def started(self, t: int, interventions: Sequence[Intervention]) -> None:
        planned = sum(1 for i in interventions if i.t >= t)
        self._logger.info("started at step %d, %d planned interventions", t, planned)

    def pretraining(self, what: str, step: int, steps: int) -> None:
        """The base of the session: `began`, `goes on`, `paused`, `stopped`, `is trained` ..."""
        self._logger.info("pretraining %s at step %d of %d", what, step, steps)

    def event(self, event: Mapping[str, Any]) -> None:
        """A transaction: commits at INFO, rollbacks at WARNING."""
        log_event(self._logger, event)

    def intervention(self, i: Intervention) -> None:
        self._logger.info("intervention at step %d: %s %s", i.t, i.kind, i.value)

    def answered(self, t: int, request: str, error: str) -> None:
        """Log a request, or why it was refused."""
        if error:
            self._logger.warning("asked at step %d to %s: %s", t, request, error)
        else:
            self._logger.info("asked at step %d: %s", t, request)

    def refused(self, reason: str) -> None:
        self._logger.warning("%s", reason)

    def checkpoint(self, t: int) -> None:
        self._logger.info("checkpoint at step %d", t)

    def ended(self, t: int, state: str) -> None:
        self._logger.info("%s at step %d", state, t)

    def failed(self, t: int, error: str) -> None:
        self._logger.error("failed at step %d: %s", t, error)

    def close(self) -> None:
        self._logger.handlers[0].close()
