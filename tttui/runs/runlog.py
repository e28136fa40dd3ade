"""run.log: what the engine did and when, for a person who asks afterwards."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.regular import open_regular
from tttui.engine.interventions import Intervention
from tttui.model.text import visible

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


class _OneLine(logging.Formatter):
    """One line a message, for any terminal: requests hold what anybody wrote."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class _QuietHandler(logging.FileHandler):
    def _open(self) -> Any:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.fdopen(open_regular(Path(self.baseFilename), flags), "a", encoding=self.encoding)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # opening the file is not covered by the handler's own care
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A log that cannot be written must not stop the run, nor print to the terminal."""


def log_to(path: Path) -> logging.Logger:
    """A logger that appends lines to this one file, whatever the process configured.

    Its only handler is to be closed. A file that cannot be written is passed over in silence.
    """
    handler = _QuietHandler(path, delay=True, encoding="utf-8")
    handler.setFormatter(_OneLine(FORMAT))
    logger = logging.Logger("tttui.run", logging.INFO)  # not from getLogger
    logger.addHandler(handler)
    return logger


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
        level = logging.INFO if event["status"] == "commit" else logging.WARNING
        back = ""
        if (to_t := event.get("to_t")) is not None:
            back = f", back to the weights of {'the base' if to_t < 0 else f'step {to_t}'}"
        self._logger.log(
            level,
            "t %d %s: loss %s -> %s, gradient norm %s%s",
            event["t"],
            event["status"],
            _short(event.get("pre_loss")),
            _short(event.get("post_loss")),
            _short(event.get("grad_norm")),
            back,
        )

    def intervention(self, i: Intervention) -> None:
        self._logger.info("intervention at step %d: %s %s", i.t, i.kind, i.value)

    def answered(self, t: int, request: str, error: str) -> None:
        """What somebody asked of the run, or why it was not done."""
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


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
