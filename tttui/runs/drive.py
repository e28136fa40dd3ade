"""Driving a session: as fast as it goes, at a given rate or step by step, until it is done.

Requests to the run are carried out and answered here, between two stretches of steps. A change of
the session (its world, options, faults, updates, rollbacks) is recorded with its step before it
takes effect, so that a replay makes it too.
"""

import time
from collections import deque
from collections.abc import Callable, Container
from typing import Any

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.runs.control import Request, Verb
from tttui.runs.owned import OwnedRun, RunProgress

FRAMES_EVERY = 0.1
"""Seconds between two reports of progress."""

NAP = 0.01
"""Longest sleep in seconds while a run is paused or a rate limit holds it back: whatever is
asked of it is noticed in time."""

LONG_NAP = 0.03
"""The same once nothing was asked for ATTENTIVE_S seconds: a run that idles costs nothing."""

ATTENTIVE_S = 5.0

URGENT: Container[Verb] = ("pause", "stop", "continue")
"""Requests that do not wait for steps that were asked for, which may take hours."""

BEHIND_S = 1.0
"""Seconds by which a run may be behind its speed limit and still catch up; what it lost while
the machine slept or was busy it does not run after, faster than it was asked to.
"""


def drive(
    run: OwnedRun,
    until: int,
    *,
    max_rate: float | None = None,
    paused: bool = False,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[RunProgress], None] | None = None,
) -> bool:
    """Advance `run` to step `until`; returns False if it was asked to stop.

    It is asked by `should_stop`, or by requests (`control`), which can also pause, step and
    change it. `max_rate` limits the speed in steps a second; `paused` begins with a pause.
    `on_progress` gets a RunProgress some ten times a second and once at the end.
    """
    course = Course(run, max_rate, paused)
    try:
        return _drive(run, course, until, should_stop, on_progress)
    finally:
        run.hand_back(course.left)


def _drive(
    run: OwnedRun,
    course: "Course",
    until: int,
    should_stop: Callable[[], bool] | None,
    on_progress: Callable[[RunProgress], None] | None,
) -> bool:
    report_at = time.monotonic()
    while run.t < until and not run.ended:
        if should_stop is not None and should_stop():
            return False
        if not course.obey():
            return False
        wait = course.advance(until)
        if wait:
            run.keep_alive()
            if not run.has_requests:
                time.sleep(wait)
        now = time.monotonic()
        if on_progress is not None and now >= report_at:
            report_at = now + FRAMES_EVERY
            on_progress(run.progress())
    if on_progress is not None:
        on_progress(run.progress())
    return True


@dataclass(frozen=True, slots=True)
class Goal:
    """Where single stepping pauses again: at a step, or after the next transaction."""

    t: int | None = None
    attempts: int | None = None


class Course:
    """How a run advances (speed, pause, goal), as changed by requests."""

    def __init__(self, run: OwnedRun, max_rate: float | None, paused: bool) -> None:
        self._run = run
        self._goal: Goal | None = None
        self._waiting: deque[Request] = deque()
        """Asked while the run steps: carried out when it is there, in their order."""
        self._urgent = 0
        """How many of them are URGENT."""
        self._paused = False
        self._heard_at = time.monotonic()
        self._limit(max_rate)
        if paused:
            self._pause()
            run.tell()

    @property
    def left(self) -> list[Request]:
        """What was asked and is neither carried out nor refused yet."""
        return list(self._waiting)

    def obey(self) -> bool:
        """Carry out requests; returns whether the run goes on."""
        if self._run.has_requests:
            self._heard_at = time.monotonic()
        requests = self._run.requests()
        self._waiting.extend(requests)
        self._urgent += sum(request.verb in URGENT for request in requests)
        if self._urgent:
            self._goal = None
        while self._waiting and self._goal is None:
            request = self._waiting.popleft()
            self._urgent -= request.verb in URGENT
            try:
                self._do(request)
            except RefusedInput as error:
                self._run.answer(request, error=str(error))
            else:
                self._run.answer(request)
            if request.verb == "stop":
                self._run.say()
                return False
            self._run.say(more=True)
        self._run.say(more=bool(self._waiting))
        return True

    def advance(self, until: int) -> float:
        """Advance for a moment; returns the seconds to wait, 0 if it advanced."""
        run, goal = self._run, self._goal
        now = time.monotonic()
        nap = NAP if now - self._heard_at < ATTENTIVE_S else LONG_NAP
        if self._paused and goal is None:
            return nap
        limit = until
        if goal is not None:
            limit = min(until, self._next_chance() if goal.t is None else goal.t)
        if run.speed_limit is not None:
            due = self._first + int((now - self._began) * run.speed_limit)
            if due > run.t + max(1, BEHIND_S * run.speed_limit):
                self._measure()
                due = run.t + 1
            limit = min(limit, due)
            if limit <= run.t:
                wait = (run.t + 1 - self._first) / run.speed_limit - (now - self._began)
                return min(nap, max(wait, 1e-4))
        run.advance_stretch(limit)
        if run.waiting:
            return nap
        if goal is not None and self._reached(goal):
            self._goal = None
            run.state = "paused"
            if not self._waiting:  # else it goes on at once
                run.tell()
        return 0.0

    def _reached(self, goal: Goal) -> bool:
        if goal.t is not None:
            return self._run.t >= goal.t
        return goal.attempts is not None and self._run.tally.attempted > goal.attempts

    def _next_chance(self) -> int:
        """The first step after the next point where an update may be tried."""
        run, chunk = self._run, self._run.chunk
        return run.t - run.t % chunk + (chunk if run.t % chunk else 0) + 1

    def _do(self, request: Request) -> None:
        run, value = self._run, request.value
        match request.verb:
            case "stop":
                pass
            case "pause":
                self._pause()
            case "continue":
                self._paused = False
                self._measure()
                run.state = "running"
            case "step":
                self._step(Goal(t=run.t + value))
            case "chunk":
                chunk = run.chunk
                self._step(Goal(t=run.t - run.t % chunk + chunk))
            case "transaction":
                self._step(Goal(attempts=run.tally.attempted))
            case "speed":
                self._limit(value)
            case "fault" if value == "disk":
                run.break_disk()
            case "set":
                run.intervene("settings", _options(value))
            case "checkpoint":
                raise RefusedInput("a session saves a checkpoint every few seconds by itself")
            case "update" | "mu" | "fault" | "rollback":
                run.intervene(request.verb, value)

    def _pause(self) -> None:
        self._paused, self._goal = True, None
        self._run.state = "paused"

    def _step(self, goal: Goal) -> None:
        self._paused, self._goal = True, goal
        self._measure()
        self._run.state = "running"

    def _limit(self, rate: float | None) -> None:
        self._run.speed_limit = rate
        self._measure()

    def _measure(self) -> None:
        """Restart the measurement of the speed limit."""
        self._began, self._first = time.monotonic(), self._run.t


def _options(value: dict[str, Any]) -> dict[str, Any]:
    """Options with the types of the settings: whole numbers become floats where needed."""
    from tttui.model.pointmass.configuration import CHANGEABLE

    return {
        name: CHANGEABLE[name].adapted(v) if name in CHANGEABLE else v for name, v in value.items()
    }
