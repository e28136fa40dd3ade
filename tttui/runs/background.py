"""Background runs, which outlive the terminal: a separate process resumes from the checkpoint.

A run that the app starts is always such a process, too: it holds the run's lock and nothing of
the app's, so that leaving the app, a lost connection or a crash of the interface cannot hurt
it, and the engine never waits for a screen. The app sees it through its files and steers it
with requests (`control`), as any other terminal does.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.atomic import write_error
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.regular import open_regular
from tttui.artifacts.status import STALE_S
from tttui.model.errors import TttuiError
from tttui.model.here import absolute
from tttui.runs.child import start_tttui

OUTPUT = "run.out"
"""What a background process prints: its verdict, or why it broke."""


PATIENCE_S = 30.0 + STALE_S
"""Seconds within which a process on a busy machine should have begun, though it first has to see
whether somebody elsewhere still writes the session."""

LOOK_S = 0.02


def continue_in_background(
    directory: Path,
    *,
    max_rate: float | None = None,
    paused: bool = False,
    more: Sequence[str] = (),
) -> int:
    """Start a process without a terminal that resumes the session; returns its pid.

    `more` are further words of its command line.

    The caller has closed the session, so its lock is free. Returns when the new process holds it.
    Raises TttuiError if the process ends before that or takes too long.
    """
    words = ["resume", str(absolute(directory)), "--quiet", *more]
    if max_rate is not None:
        words += ["--speed-limit", f"{max_rate:g}"]
    if paused:
        words.append("--paused")
    try:
        handle = open_regular(directory / OUTPUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as error:
        raise write_error(directory / OUTPUT, error) from error
    with os.fdopen(handle, "ab") as output:
        process = start_tttui(words, output=output, messages=output, cwd=absolute(directory).parent)
    deadline = time.monotonic() + PATIENCE_S
    while _owner(directory) != process.pid:
        if process.poll() is not None:
            raise TttuiError(
                f"{directory}: the process in the background ended at once; "
                f"{directory / OUTPUT} says why"
            )
        if time.monotonic() > deadline:
            raise TttuiError(
                f"{directory}: the process in the background ({process.pid}) has not begun within "
                f"{PATIENCE_S:.0f} s; see {directory / OUTPUT}"
            )
        time.sleep(LOOK_S)
    return process.pid


def _owner(directory: Path) -> object:
    """The process that wrote status.json last."""
    try:
        return read_object(directory / "status.json").get("pid")
    except (TttuiError, OSError):
        return None
