"""What the Overview derives from a session that runs."""

from pathlib import Path

import numpy as np

from tttui.model.session import Place, SessionData
from tttui.model.status import State, Status
from tttui.model.steps import Steps
from tttui.panes.losses import digest


def session(steps: int, state: State = "running") -> SessionData:
    """A session at 50 steps a second whose adaptive error at step t is 1 / (t + 1)."""
    t, none = np.arange(steps), np.zeros(steps, dtype=np.bool_)
    status = Status("now", state, steps_total=1000, steps_per_second=50.0)
    rows = Steps(t, np.ones(steps), 1 / (t + 1.0), none, none)
    return SessionData(Place(Path("none"), "native"), status=status, steps=rows)


def test_sparklines_of_a_running_session_wait_but_its_figures_do_not() -> None:
    first = digest(session(200))
    soon = digest(session(250), first)
    assert soon.sparks is first.sparks
    assert soon.adaptive_tail.y[-1] == 1 / 250
    assert soon.verdict.sentence != first.verdict.sentence
    later = digest(session(300), soon)  # two seconds after the first
    assert later.sparks[1].y[-1] == 1 / 300


def test_sparklines_of_a_session_that_stops_are_those_of_all_its_steps() -> None:
    first = digest(session(200))
    assert digest(session(210, "paused"), first).sparks[1].y[-1] == 1 / 210
    assert digest(session(210, "completed"), first).sparks[1].y[-1] == 1 / 210
