"""Driving a session: as fast as it goes, or at a given rate, until it is done or told to stop."""

import time
from collections.abc import Callable

from tttui.engine.session import Frame, SessionRun

FRAMES_EVERY = 0.1
"""Seconds between two reports of progress."""

NAP = 0.05
"""Longest sleep in seconds while a rate limit holds the session back: a stop is noticed in time."""


def drive(
    run: SessionRun,
    until: int,
    *,
    max_rate: float | None = None,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[Frame], None] | None = None,
) -> bool:
    """Advance `run` to step `until`; whether it got there (False: it was asked to stop).

    It is asked by `should_stop`, or through the control file, which can also pause it.
    `max_rate` limits the speed in steps a second. `on_progress` gets a Frame some ten times a
    second and once at the end.
    """
    began, first = time.monotonic(), run.t
    report_at = began
    while run.t < until:
        if should_stop is not None and should_stop():
            return False
        if run.asked is not None:
            if not _obey(run, should_stop):
                return False
            began, first = time.monotonic(), run.t
        now = time.monotonic()
        if max_rate is None:
            run.advance_stretch(until)
        else:
            allowed = min(until, first + int((now - began) * max_rate))
            if allowed > run.t:
                run.advance_stretch(allowed)
            else:
                run.keep_alive()
                time.sleep(min(NAP, (run.t + 1 - first) / max_rate - (now - began)))
        if on_progress is not None and now >= report_at:
            report_at = now + FRAMES_EVERY
            on_progress(run.frame())
    if on_progress is not None:
        on_progress(run.frame())
    return True


def _obey(run: SessionRun, should_stop: Callable[[], bool] | None) -> bool:
    """Do what the run was asked for, pausing as long as wanted; whether it is to go on."""
    asked, run.asked = run.asked, None
    if asked == "pause":
        run.set_state("paused")
        while run.asked in (None, "pause"):
            if should_stop is not None and should_stop():
                return False
            time.sleep(NAP)
            run.keep_alive()
        asked, run.asked = run.asked, None
        if asked == "continue":
            run.set_state("running")
    return asked != "stop"
