"""The hidden friction of a session that was changed: by plan, or while it ran."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tttui.artifacts.meta import parse_meta
from tttui.model.session import Place, SessionData, SessionSummary
from tttui.model.steps import Steps, Trajectory
from tttui.model.truth import TruthChanges, since_text
from tttui.tasks.pointmass.hidden import mu_at, mu_column


def session(steps: int, schedule: list[Any], live: TruthChanges = ()) -> SessionData:
    zeros, none = np.zeros(steps), np.zeros(steps, dtype=np.bool_)
    return SessionData(
        Place(Path("s"), "native"),
        meta=parse_meta({"mu": 0.05, "mu_schedule": schedule})[0],
        steps=Steps(np.arange(steps), zeros, zeros, none, none),
        truth_set=live,
    )


@pytest.mark.parametrize(
    ("schedule", "live"),
    [([[200, 0.3]], ()), ([], ((200, 0.3),)), ([[200, 0.1]], ((200, 0.3),))],
    ids=["planned", "set while it ran", "set instead of what was planned"],
)
def test_the_present_friction_is_the_one_in_force_at_the_last_step(
    schedule: list[Any], live: TruthChanges
) -> None:
    data = session(300, schedule, live)
    assert data.truth_now == 0.3
    assert data.truth_text == "0.3 (was 0.05)"
    assert [data.truth_at(t) for t in (0, 199, 200, 299)] == [0.05, 0.05, 0.3, 0.3]


def test_a_change_that_is_yet_to_come_is_not_the_present_friction() -> None:
    data = session(200, [[200, 0.3]])
    assert data.truth_text == "0.05"


def test_a_row_of_the_table_of_sessions_says_the_same() -> None:
    meta, _ = parse_meta({"mu": 0.05, "mu_schedule": [[200, 0.3]]})
    summary = SessionSummary(Place(Path("s"), "native"), meta=meta, steps=300)
    assert summary.truth_text == "0.3 (was 0.05)"
    assert replace(summary, truth_set=((250, 0.1),)).truth_text == "0.1 (was 0.05)"
    assert replace(summary, steps=200).truth_text == "0.05"


def test_a_trajectory_without_frictions_gets_those_that_were_set() -> None:
    data, z = session(4, [], ((2, 0.3),)), np.zeros((4, 4))
    trajectory = Trajectory(np.arange(4), z, z[:, :2])
    assert mu_at(data, trajectory, 3) == 0.3
    column = mu_column(data, trajectory)
    assert column is not None
    assert column.tolist() == [0.05, 0.05, 0.3, 0.3]


@pytest.mark.parametrize(
    "schedule", [None, "0.3@200", [[200]], [["200", 0.3]], [[200, "x"]], [[200, float("nan")]]]
)
def test_a_damaged_plan_changes_nothing(schedule: object) -> None:
    assert parse_meta({"mu_schedule": schedule})[0].configuration.truth_changes == ()


def test_a_friction_that_went_back_is_told_once() -> None:
    assert since_text(0.05, 0.05) == "0.05"
    assert since_text(None, 0.05) == "-"
