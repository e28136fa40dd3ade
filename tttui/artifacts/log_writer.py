"""Writing run.log, one line per message; a failing file is ignored."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.regular import open_regular
from tttui.model.text import visible

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


class _OneLine(logging.Formatter):
    """One printable line per message: requests may hold any text."""

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

    Its only handler is to be closed. A file that cannot be written is ignored silently.
    """
    handler = _QuietHandler(path, delay=True, encoding="utf-8")
    handler.setFormatter(_OneLine(FORMAT))
    logger = logging.Logger("tttui.run", logging.INFO)  # not from getLogger
    logger.addHandler(handler)
    return logger


def log_event(logger: logging.Logger, event: Mapping[str, Any]) -> None:
    """A transaction: commits at INFO, rollbacks at WARNING."""
    level = logging.INFO if event["status"] == "commit" else logging.WARNING
    back = ""
    if (to_t := event.get("to_t")) is not None:
        back = f", back to the weights of {'the base' if to_t < 0 else f'step {to_t}'}"
    logger.log(
        level,
        "t %d %s: loss %s -> %s, gradient norm %s%s",
        event["t"],
        event["status"],
        _short(event.get("pre_loss")),
        _short(event.get("post_loss")),
        _short(event.get("grad_norm")),
        back,
    )


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
