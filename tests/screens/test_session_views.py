"""How far the axis of a live run reaches."""

from pathlib import Path

import numpy as np
import pytest

from tttui.model.session import Place, SessionData
from tttui.model.status import State, Status
from tttui.model.steps import Steps
from tttui.screens.session_views import horizon_of


def live(
    steps: int,
    total: int | None = 20_000,
    speed: float | None = 40.0,
    state: State = "running",
) -> SessionData:
    """A run of so many steps of `total`, at `speed` steps a second."""
    errors = np.ones(steps)
    status = Status("now", state, steps_total=total, steps_per_second=speed)
    none = np.zeros(steps, dtype=np.bool_)
    rows = Steps(np.arange(steps), errors, errors, none, none)
    return SessionData(Place(Path("none"), "native"), status=status, steps=rows)


def test_a_young_run_is_not_a_sliver_of_its_plan() -> None:
    assert horizon_of(live(40), -1) == 2499  # an eighth of the plan, which holds a minute more


def test_the_axis_moves_seldom_and_ends_at_the_plan() -> None:
    reached, moves = -1, list[int]()
    for steps in range(40, 20_000, 20):  # twice a second
        before, reached = reached, horizon_of(live(steps), reached)
        assert steps <= reached < 20_000
        if reached != before:
            moves.append(reached)
    assert moves == [2499, 4999, 9999, 19_999]


@pytest.mark.parametrize(("speed", "reach"), [(0.1, 24), (None, 24), (2.0, 199), (1000.0, 199)])
def test_the_slower_a_run_the_nearer_the_end_of_its_axis(speed: float | None, reach: int) -> None:
    assert horizon_of(live(10, 200, speed), -1) == reach


def test_without_a_plan_there_is_room_for_a_quarter_or_a_minute() -> None:
    assert horizon_of(live(1000, None, 0.1), -1) == 999 + 250
    assert horizon_of(live(1000, None, 50.0), -1) == 999 + 3000


def test_a_run_that_has_ended_leaves_no_room() -> None:
    assert horizon_of(live(1000, state="completed"), 2499) == -1
